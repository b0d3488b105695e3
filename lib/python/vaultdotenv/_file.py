# SPDX-License-Identifier: MIT
"""The .env file, read once for both who read it: we and libvaultenv."""
from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


class File:
    """data: its bytes, None if there is no such file. native: the extension's
    view of it, None if it cannot have one of its own: no key is to be had.
    once: it is a FIFO or the like, and stays what it was.
    """

    def __init__(self, path: str, native: bool = False) -> None:
        self.data: Optional[bytes] = None
        self.native: Any = None
        self.once = False
        try:
            if stat.S_ISREG(os.stat(path).st_mode):
                self._read(path, native)
                return
        except FileNotFoundError:
            return
        except OSError:
            pass  # the extension has the sentence for it
        from . import _native

        self.native, self.data = _native.file_read(path)
        self.once = True

    def _read(self, path: str, native: bool) -> None:
        with open(path, "rb") as file:
            self.data = data = file.read()
            # The extension has a say in keys, and in what is not UTF-8.
            if not (native or os.environ.get("VAULT_KEY") or
                    b"VAULT_KEY" in data or b"\0" in data or
                    data.startswith((b"\xff\xfe", b"\xfe\xff"))):
                return
            from . import _native

            self.native = _native.file_from(path, file.fileno(), data)
