# SPDX-License-Identifier: MIT
import json
import os

from vaultdotenv import load_vault as load_dotenv

load_dotenv()

print(json.dumps(dict(os.environ), sort_keys=True))
