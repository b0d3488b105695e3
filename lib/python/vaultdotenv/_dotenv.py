# SPDX-License-Identifier: MIT
"""A .env file as python-dotenv reads it.

Its rules for quotes, escapes, comments and ${NAME} are not those of npm's
dotenv, which libvaultenv follows. Whoever comes from python-dotenv gets the
values he had. No regular expressions: importing re takes longer than this.
"""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Optional

_DOUBLE = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f",
           "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SINGLE = {"\\": "\\", "'": "'"}


class _Invalid(Exception):
    pass


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at:self.at + 1]

    def blanks(self, newlines: bool = False) -> None:
        while self.peek().isspace() and (newlines or self.peek() != "\n"):
            self.at += 1

    def line(self) -> str:
        """The rest of the line, without its end."""
        end = self.text.find("\n", self.at)
        start, self.at = self.at, len(self.text) if end < 0 else end
        return self.text[start:self.at]

    def quoted(self, quote: str, escapes: Mapping[str, str]) -> str:
        """A quote goes on to its like, over lines; escaped ones stay inside."""
        text, i = self.text, self.at + 1
        last = -1
        while i < len(text):
            if text.startswith("\\" + quote, i):
                last = i + 1
                i += 2
            elif text[i] == quote:
                break
            else:
                i += 1
        else:
            # None ends it: then the last escaped one does.
            if last < 0:
                raise _Invalid
            i = last
        inner, self.at = text[self.at + 1:i], i + 1
        return _unescape(inner, escapes)

    def key(self) -> Optional[str]:
        if self.peek() == "#":
            return None
        start = self.at
        if self.peek() == "'":
            end = self.text.find("'", start + 1)
            if end <= start + 1:
                raise _Invalid
            self.at = end + 1
            return self.text[start + 1:end]
        while self.peek() not in ("", "=", "#") and not self.peek().isspace():
            self.at += 1
        if self.at == start:
            raise _Invalid
        return self.text[start:self.at]

    def value(self) -> str:
        if self.peek() == "'":
            return self.quoted("'", _SINGLE)
        if self.peek() == '"':
            return self.quoted('"', _DOUBLE)
        line = self.line()
        mark = line.find("#")
        while mark >= 0:
            if mark > 0 and line[mark - 1].isspace():
                line = line[:mark]
                break
            mark = line.find("#", mark + 1)
        return line.rstrip()

    def binding(self) -> Optional[tuple[str, Optional[str]]]:
        value = None
        if self.text.startswith("export", self.at):
            after = self.text[self.at + 6:self.at + 7]
            if after.isspace() and after != "\n":
                self.at += 6
                self.blanks()
        key = self.key()
        self.blanks()
        if self.peek() == "=":
            self.at += 1
            self.blanks()
            value = self.value()
        self.blanks()
        if self.peek() == "#":
            self.line()
        if self.peek() not in ("", "\n"):
            raise _Invalid
        self.at += 1
        return None if key is None else (key, value)


def _unescape(text: str, escapes: Mapping[str, str]) -> str:
    if "\\" not in text:
        return text
    parts = []
    i = 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1:i + 2] in escapes:
            parts.append(escapes[text[i + 1]])
            i += 2
        else:
            parts.append(text[i])
            i += 1
    return "".join(parts)


def parse(text: str) -> list[tuple[str, Optional[str]]]:
    """In order; None for a name without "="; invalid lines are passed over."""
    reader = _Reader(text.replace("\r\n", "\n").replace("\r", "\n"))
    found: list[tuple[str, Optional[str]]] = []
    while True:
        reader.blanks(newlines=True)
        if not reader.peek():
            return found
        try:
            one = reader.binding()
        except _Invalid:
            reader.line()
        else:
            if one is not None:
                found.append(one)


def expand(value: str, *scopes: Mapping[str, Optional[str]]) -> str:
    """${NAME} and ${NAME:-default}, by the first scope that has the name."""
    parts: list[str] = []
    done = start = 0
    while True:
        start = value.find("${", start)
        end = value.find("}", start)
        if start < 0 or end < 0:
            return "".join(parts) + value[done:]
        name, colon, default = value[start + 2:end].partition(":")
        if colon and not default.startswith("-"):
            start += 1
            continue
        parts.append(value[done:start])
        result: Optional[str] = default[1:]
        for scope in scopes:
            if name in scope:
                result = scope[name]
                break
        parts.append(result or "")
        done = start = end + 1


def values(data: Optional[bytes], before: Mapping[str, str],
           environ: Mapping[str, str], override: bool,
           interpolate: bool = True) -> dict[str, str]:
    """The file's variables; before: what ${NAME} may mean as well."""
    text = (data or b"").decode("utf-8", "surrogateescape")
    known: dict[str, Optional[str]] = dict(before)
    scopes = (known, environ) if override else (environ, known)
    own = {}
    for name, value in parse(text):
        if interpolate and value is not None and "${" in value:
            value = expand(value, *scopes)
        known[name] = own[name] = value
    return {n: v for n, v in own.items() if v is not None}
