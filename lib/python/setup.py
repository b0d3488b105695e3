# SPDX-License-Identifier: MIT
"""Builds vaultdotenv._native: the binding and the whole of libvaultenv.

The library's sources stand in the folder above, in an sdist in libvaultenv/.
Compiled in, they are of the binding's version for ever, and nothing has to be
installed first but the -dev packages of libgcrypt, libsodium and libcurl.
"""
import os
import re
import shlex
import shutil
import subprocess
from glob import glob

from setuptools import Extension, setup
from setuptools.command.sdist import sdist

PACKAGES = {"libgcrypt": "libgcrypt20-dev",
            "libsodium": "libsodium-dev",
            "libcurl": "libcurl4-openssl-dev"}
os.chdir(os.path.dirname(os.path.abspath(__file__)))
LIB = "libvaultenv" if os.path.isdir("libvaultenv") else ".."


def version():
    if LIB != "..":
        with open("libvaultenv/VERSION") as file:
            return file.read().strip()
    with open("../../configure.ac") as file:
        return re.search(r"AC_INIT\(\[[^]]*\], *\[([^]]*)\]", file.read())[1]


def pkg_config(option):
    try:
        return shlex.split(subprocess.run(
            [os.environ.get("PKG_CONFIG", "pkg-config"), option, *PACKAGES],
            check=True, stdout=subprocess.PIPE, universal_newlines=True
        ).stdout)
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit(
            "vault-env is built with a C compiler, pkg-config and %s.\n"
            "Debian: apt-get install gcc pkg-config python3-dev %s"
            % (", ".join(PACKAGES), " ".join(PACKAGES.values())))


def library(suffix):
    """Files of libvaultenv, by room; the bindings beside them are none."""
    return sorted(name for name in glob(LIB + "/*." + suffix)
                  + glob(LIB + "/*/*." + suffix)
                  if os.path.basename(os.path.dirname(name))
                  not in ("node", "python"))


class WithLibrary(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        target = os.path.join(base_dir, "libvaultenv")
        for name in library("[ch]"):
            copy = os.path.join(target, os.path.relpath(name, LIB))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(name, copy)
        with open(os.path.join(target, "VERSION"), "w") as file:
            print(VERSION, file=file)


VERSION = version()
setup(
    version=VERSION,
    cmdclass={"sdist": WithLibrary},
    ext_modules=[Extension(
        "vaultdotenv._native",
        sources=sorted(glob("native/*.c")) + library("c"),
        depends=glob("native/*.h") + library("h"),
        include_dirs=["native", LIB],
        define_macros=[("PACKAGE_VERSION", '"%s"' % VERSION)],
        extra_compile_args=pkg_config("--cflags") + [
            "-std=c11", "-fvisibility=hidden", "-fstack-protector-strong",
            "-Wall", "-Wextra", "-Wno-unused-parameter",
            "-Wno-missing-field-initializers", "-Wno-cast-function-type"],
        extra_link_args=pkg_config("--libs") + [
            "-pthread", "-Wl,--version-script=native/native.map",
            "-Wl,-z,relro,-z,now", "-Wl,--as-needed"],
    )],
)
