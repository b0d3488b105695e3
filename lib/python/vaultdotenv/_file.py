# SPDX-License-Identifier: MIT
"""The .env file, read once for both who read it: we and libvaultenv."""
from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

_UTF8 = ("utf-8", "utf8", "utf_8")


class File:
    """data: its bytes in UTF-8, None if there is no such file. native: the
    extension's view of it, None if it cannot have one of its own: no key is to
    be had. once: it is a FIFO or the like, and stays what it was.
    """

    def __init__(self, path: str, native: bool = False,
                 encoding: Optional[str] = None,
                 text: Optional[str] = None) -> None:
        self.data: Optional[bytes] = None
        self.native: Any = None
        self.once = text is not None
        if text is not None:
            self._take(path, -1, text.encode("utf-8", "surrogateescape"),
                       native)
            return
        try:
            if stat.S_ISREG(os.stat(path).st_mode):
                self._read(path, native, encoding or "utf-8")
                return
        except FileNotFoundError:
            return
        except OSError:
            pass  # the extension has the sentence for it
        from . import _native

        self.native, self.data = _native.file_read(path)
        self.once = True

    def _read(self, path: str, native: bool, encoding: str) -> None:
        with open(path, "rb") as file:
            data = file.read()
            if encoding.lower() not in _UTF8:
                data = data.decode(encoding).encode("utf-8")
            self._take(path, file.fileno(), data, native)

    def _take(self, path: str, fd: int, data: bytes, native: bool) -> None:
        self.data = data
        # The extension has a say in keys, and in what is not UTF-8.
        if not (native or os.environ.get("VAULT_KEY") or
                b"VAULT_KEY" in data or b"\0" in data or
                data.startswith((b"\xff\xfe", b"\xfe\xff"))):
            return
        from . import _native

        self.native = _native.file_from(path, fd, data)


def may_have_key(path: str) -> bool:
    """False: certainly not. What can be read only once is left alone."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return True
        with open(path, "rb") as file:
            return b"VAULT_KEY" in file.read()
    except FileNotFoundError:
        return False
    except OSError:
        return True
