# SPDX-License-Identifier: MIT
import json
import os

from dotenv import load_dotenv

load_dotenv()

print(json.dumps(dict(os.environ), sort_keys=True))
