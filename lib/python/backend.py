# SPDX-License-Identifier: MIT
"""setuptools as PEP 517 backend, from the network only if it must be.

pip builds in a folder of its own where what is installed is out of sight, and
would fetch setuptools each time: no build without the network. So what this
interpreter, or the one that its virtual environment was made from, has
installed is put back into sight; pip fetches what is still missing.
"""
import importlib.util
import site
import sys
import sysconfig


def _folders():
    yield from site.getsitepackages()
    for scheme in sysconfig.get_scheme_names():
        if scheme in ("posix_prefix", "posix_local", "deb_system"):
            base = {"base": sys.base_prefix, "platbase": sys.base_prefix}
            yield sysconfig.get_path("purelib", scheme, base)


def _missing():
    return [name for name in ("setuptools", "wheel")
            if importlib.util.find_spec(name) is None]


for _folder in _folders():
    if not _missing():
        break
    if _folder not in sys.path:
        sys.path.append(_folder)

if importlib.util.find_spec("setuptools") is None:
    def get_requires_for_build_wheel(config_settings=None):
        return ["setuptools>=61"]

    get_requires_for_build_sdist = get_requires_for_build_wheel
else:
    import setuptools.build_meta as _setuptools
    from setuptools.build_meta import *  # noqa: F401,F403

    def get_requires_for_build_wheel(config_settings=None):
        wanted = _setuptools.get_requires_for_build_wheel(config_settings)
        return [name for name in wanted if name in _missing()]

    def get_requires_for_build_sdist(config_settings=None):
        return []
