# SPDX-License-Identifier: MIT
"""The exceptions, by the codes of enum vaultenv_status."""
from __future__ import annotations


class VaultError(Exception):
    """What failed, why, and what to do, as the command line says it.

    code says which kind it is, for programs: "NO_KEY", "NETWORK", "DECRYPT" …
    hint is what to do, the last sentence of the whole, or "". reason is the
    code of protocol v2, as PROTOCOL-v2 has it ("record_fork"), or "".
    """

    code: str
    hint: str
    reason: str

    def __init__(self, message: str, code: str = "INVALID",
                 hint: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str]]:
        return type(self), (str(self), self.code, self.hint, self.reason)


class VaultNetworkError(VaultError):
    """No answer from the server (NETWORK), or one that it is busy (SERVER)."""


class VaultAuthError(VaultError):
    """The server refused: UNAUTHORIZED, PENDING, DEVICE or FORBIDDEN."""


class VaultVerifyError(VaultError):
    """What the server gave is not what a device of this project signed
    (VERIFY): if others see it too, the server was tampered with."""


class VaultConflictError(VaultError):
    """A push and what is there do not go together (CONFLICT).

    current_version: the server's, if somebody else pushed at the same moment;
    else 0.
    """

    current_version: int = 0


# Index: the number of the code, without its sign.
CODES = (
    "OK", "NOMEM", "INVALID", "NO_KEY", "IO", "NETWORK", "SERVER", "PROTOCOL",
    "UNAUTHORIZED", "PENDING", "DEVICE", "FORBIDDEN", "NOT_FOUND",
    "NO_SECRETS", "CONFLICT", "DECRYPT", "EXISTS", "UNWRITABLE", "CLOCK",
    "CRYPTO", "VERIFY", "UNTRUSTED",
)
_KINDS: dict[str, type[VaultError]] = {
    "NETWORK": VaultNetworkError, "SERVER": VaultNetworkError,
    "UNAUTHORIZED": VaultAuthError, "PENDING": VaultAuthError,
    "DEVICE": VaultAuthError, "FORBIDDEN": VaultAuthError,
    "CONFLICT": VaultConflictError, "VERIFY": VaultVerifyError,
}


def make(status: int, text: str, hint: str, reason: str,
         current_version: int) -> VaultError:
    """Called by the extension."""
    code = CODES[-status] if 0 < -status < len(CODES) else "INVALID"
    message = text + ". " + hint if hint else text
    error = _KINDS.get(code, VaultError)(message, code, hint, reason)
    if isinstance(error, VaultConflictError):
        error.current_version = current_version
    return error
