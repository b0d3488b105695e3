#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# What python-dotenv's manual shows on its first pages, in programs of our own:
# each is written for python-dotenv, and runs here with the import changed.
# protocol 1 2
import sys

sys.dont_write_bytecode = True
from vaulttest import *  # noqa: E402

use_installed()
me = Person("http://127.0.0.1:1")
IMPORTS = {
    "from dotenv import load_dotenv":
    "from vaultdotenv import load_vault as load_dotenv",
    "from dotenv import dotenv_values":
    "from vaultdotenv import vault_values as dotenv_values",
}


def shows(name, program, wanted, said="", **environ):
    """The program is run as a file, which is where .env is looked for."""
    for old, new in IMPORTS.items():
        program = program.replace(old, new)
    write(me.dir + "/example.py", program)
    code, out, err = me.python(me.dir + "/example.py", **environ)
    same([code, out, err], [0, wanted, said], name)


write(me.dir + "/.env", "# where we are\nDOMAIN=example.org\n"
      "ADMIN=admin@${DOMAIN}\nROOT=${DOMAIN}/app\n")

shows("load_dotenv() sets os.environ", """
import os
from dotenv import load_dotenv

load_dotenv()
print(os.getenv("DOMAIN"), os.environ["ADMIN"], os.environ["ROOT"])
""", "example.org admin@example.org example.org/app\n")

shows("what is set already wins, unless override", """
import os
from dotenv import load_dotenv

load_dotenv()
print(os.environ["DOMAIN"])
load_dotenv(override=True)
print(os.environ["DOMAIN"])
""", "mine\nexample.org\n", DOMAIN="mine")

shows("dotenv_values() leaves os.environ alone", """
import os
from dotenv import dotenv_values

config = dotenv_values(".env")
print(dict(config), "DOMAIN" in os.environ)
""", "{'DOMAIN': 'example.org', 'ADMIN': 'admin@example.org', "
     "'ROOT': 'example.org/app'} False\n")

write(me.dir + "/.env.shared", "LEVEL=shared\nUSED=1\n")
write(me.dir + "/.env.secret", "LEVEL=secret\nTOKEN=t\n")
shows("several files and the environment, laid over each other", """
import os
from dotenv import dotenv_values

config = {
    **dotenv_values(".env.shared"),  # what all may see
    **dotenv_values(".env.secret"),  # what they may not
    **os.environ,  # over both
}
print(config["LEVEL"], config["USED"], config["TOKEN"])
""", "mine 1 t\n", LEVEL="mine")

shows("a stream instead of a file", """
import os
from io import StringIO
from dotenv import load_dotenv

config = StringIO("NAME=ada\\nMAIL=${NAME}@example.org")
load_dotenv(stream=config)
print(os.environ["NAME"], os.environ["MAIL"], "DOMAIN" in os.environ)
""", "ada ada@example.org False\n")

shows("dotenv_values() of a stream", """
from io import StringIO
from dotenv import dotenv_values

print(dict(dotenv_values(stream=StringIO("NAME=ada"))))
""", "{'NAME': 'ada'}\n")

shows("dotenv_path, and interpolate=False", """
from dotenv import dotenv_values

print(dotenv_values(dotenv_path=".env", interpolate=False)["ADMIN"])
""", "admin@${DOMAIN}\n")

shows("verbose tells of a file that is not there", """
from dotenv import load_dotenv

print(load_dotenv("nowhere.env"), load_dotenv("nowhere.env", verbose=True))
""", "False False\n", "[vault-env] There is no nowhere.env\n")

with open(me.dir + "/latin1.env", "wb") as file:
    file.write("NAME=café\n".encode("latin-1"))
shows("encoding", """
from dotenv import dotenv_values

print(ascii(dotenv_values("latin1.env", encoding="latin-1")["NAME"]))
""", "'caf\\xe9'\n")

shows("what cannot be meant is a TypeError", """
from io import StringIO
from dotenv import load_dotenv

for wrong in dict(path="a", dotenv_path="b"), dict(environment=StringIO("A=1")):
    try:
        load_dotenv(**wrong)
    except TypeError as error:
        print(error)
""", "path and dotenv_path are the same: give one\n"
     "environment must be a string; a stream is given as stream=\n")

done()
