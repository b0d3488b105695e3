# SPDX-License-Identifier: MIT
"""Secrets from a vault-env server, in os.environ.

    from vaultdotenv import load_vault
    load_vault()

Without a VAULT_KEY everything is as python-dotenv has it. The README beside
this package, and help() of each function, have the rest.
"""
# A program waits for this module at each of its starts: nothing is imported
# here that a bare interpreter has not imported already, and the extension,
# which brings thirty shared libraries of libcurl's along, when it is needed.
from __future__ import annotations

import os
import sys

from . import _dotenv, _names
from ._errors import (VaultAuthError, VaultConflictError, VaultError,
                      VaultNetworkError, VaultVerifyError)
from ._file import File as _File
from ._file import may_have_key as _may_have_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, Callable, Iterable, Mapping, Optional, Union

    Path = Union[str, os.PathLike[str]]

__all__ = [
    "Changes", "Secrets", "VaultAuthError", "VaultConflictError", "VaultError",
    "VaultNetworkError", "VaultVerifyError", "check_version", "load_vault",
    "load_vault_sync", "pull", "push", "unwatch", "vault_values", "version", "watch",
]

_SOURCES = ("file", "server", "cache", "mirror")
_EXIT_WAIT_MS = 500
# As the command line says it, too.
_NUL = ("{} cannot be an environment variable: its value holds a NUL. "
        "Store it as base64")
_LEFT_OUT = ("Left out, because programs run other code by them (allow each by "
             "its name to have it): {}")


def _shown(names: Iterable[str]) -> str:
    """For repr(): without quotes, but what does not show is escaped."""
    return ", ".join(repr(name)[1:-1] for name in names)


class Secrets(dict[str, str]):
    """Names and values, and where they come from. repr() shows no value.

    version: 0 if not known, or a plain file. source: "file", "server" or
    "cache" or "mirror". left_out: names that would run other code.
    """

    def __init__(self, values: Mapping[str, str], version: int = 0,
                 source: str = "file", left_out: tuple[str, ...] = (),
                 raw: Optional[dict[str, str]] = None) -> None:
        super().__init__(values)
        self.version = version
        self.source = source
        self.left_out = left_out
        self._raw = raw  # as libvaultenv gave them

    def __repr__(self) -> str:
        return "<Secrets, version %d, from %s: %s>" % (
            self.version, self.source, _shown(self))


class Changes(dict[str, "Optional[str]"]):
    """What a watch has seen change: new values by name, None for a removed one.

    added, removed: names. version: what it is now. repr() shows no value.
    """

    def __init__(self, version: int, secrets: dict[str, str],
                 added: list[str], changed: list[str],
                 removed: list[str]) -> None:
        super().__init__({name: secrets.get(name)
                          for name in added + changed + removed})
        self.version = version
        self.added = added
        self.removed = removed

    def __repr__(self) -> str:
        return "<Changes, version %d: %s; added %s, removed %s>" % (
            self.version, _shown(self), self.added, self.removed)


class _Place:
    """Where a load looked, for the watch that follows it."""

    def __init__(self, path: Optional[Path], environment: Optional[str],
                 vault_url: Optional[str], override: bool = False,
                 cache: bool = True, allow: Iterable[str] = (),
                 dotenv_path: Optional[Path] = None,
                 stream: Optional[IO[str]] = None, verbose: bool = False,
                 interpolate: bool = True,
                 encoding: Optional[str] = None,
                 mirror: Optional[str] = None) -> None:
        if path is not None and dotenv_path is not None:
            raise TypeError("path and dotenv_path are the same: give one")
        if environment is not None and not isinstance(environment, str):
            raise TypeError("environment must be a string; a stream is given "
                            "as stream=")
        path = dotenv_path if path is None else path
        self.text = None
        if path is None and stream is not None:
            self.text = stream.read()
            path = os.path.join(os.getcwd(), "(stream)")
        self.path, self.found = _find(path)
        # A file that is named and has no key: the key of ".env" counts.
        default = os.path.join(os.getcwd(), ".env")
        self.default_may_have_key = (os.path.abspath(self.path) != default and
                                     _may_have_key(default))
        self.verbose = verbose
        self.interpolate = interpolate
        self.encoding = encoding
        self.environment = environment or None
        self.vault_url = vault_url or None
        self.override = override
        self.cache = cache
        self.mirror = mirror or None
        if isinstance(allow, str):
            raise TypeError("allow must be a list of names, not a string")
        self.allow = tuple(allow)
        self.left_out: tuple[str, ...] = ()  # of the file
        self.file: Optional[_File] = None

    def read(self, native: bool = False) -> _File:
        """The file as it is now, unless it can be read only once."""
        if self.file is None or not self.file.once:
            self.file = _File(self.path, native or self.default_may_have_key,
                              self.encoding, self.text)
            if self.verbose and self.file.data is None:
                _notice("There is no " + self.path)
        return self.file

    def has_no_key(self) -> bool:
        """Certainly: the extension reads the file by other rules."""
        data = self.read().data
        return not (os.environ.get("VAULT_KEY") or self.default_may_have_key
                    or (data is not None and b"VAULT_KEY" in data))

    def changed(self, environment: Optional[str],
                vault_url: Optional[str]) -> _Place:
        place = _Place.__new__(_Place)
        place.__dict__.update(self.__dict__)
        place.environment = environment or self.environment
        place.vault_url = vault_url or self.vault_url
        return place

    def overlay(self, values: dict[str, str], source: str,
                environ: Mapping[str, str]) -> dict[str, str]:
        """The file's own variables as python-dotenv reads them."""
        data = self.file.data if self.file is not None else None
        file = _dotenv.values(
            data, {} if source == "file" else values, environ,
            self.override,
            self.interpolate) if self.found or source != "file" else {}
        self.left_out = tuple(name for name in file if name not in self.allow
                              and _names.runs_code_in_file(name))
        for name in (*self.left_out, *_names.KEYS):
            file.pop(name, None)
        return file if source == "file" else {**values, **file}

    def where(self) -> tuple[str, Optional[str], Optional[str],
                             Callable[[str], None], Any]:
        return (self.path, self.environment, self.vault_url, _notice,
                None if self.file is None else self.file.native)


class _Watch:
    def __init__(self, place: _Place,
                 on_change: Optional[Callable[[Changes, Secrets], object]],
                 on_error: Optional[Callable[[Exception], object]]) -> None:
        self.place = place
        self.on_change = on_change
        self.on_error = on_error
        self.last: Optional[dict[str, str]] = None
        self.follows = False  # the last load
        self.handle: Any = None

    # Both in the watch's thread, one at a time. What they raise goes to
    # sys.unraisablehook, and the watch goes on.
    def update(self, version: int, values: dict[str, str],
               changes: list[tuple[str, str]]) -> None:
        global _loaded, _version
        if self is not _watch:
            return
        try:
            now = self.overlay(values)
            changed = self.compare(version, now, changes)
            _apply(changed, self.place.override)
            _version = version
            if self.follows:
                # Where the next watch begins.
                _loaded = Secrets(now, version, "server", raw=values)
            if self.on_change is not None and changed:
                self.on_change(changed, Secrets(now, version, "server"))
        except Exception as error:
            if self.on_error is None:
                raise
            self.on_error(error)

    def overlay(self, values: dict[str, str]) -> dict[str, str]:
        # ${NAME} in the file means the new values, not those we put there.
        environ = {n: v for n, v in os.environ.items() if _ours.get(n) != v}
        self.place.read()
        return self.place.overlay(values, "server", environ)

    def compare(self, version: int, now: dict[str, str],
                changes: list[tuple[str, str]]) -> Changes:
        last, self.last = self.last, now
        if last is None:
            # What was before, only the extension knows.
            marks = {mark: [n for m, n in changes if m == mark]
                     for mark in "+~-"}
            return Changes(version, now, marks["+"], marks["~"], marks["-"])
        return Changes(version, now, [n for n in now if n not in last],
                       [n for n in now if last.get(n, now[n]) != now[n]],
                       [n for n in last if n not in now])

    def error(self, error: Exception) -> None:
        if self is not _watch:
            return
        if self.on_error is not None:
            self.on_error(error)
        else:
            _notice(str(error))


_noticed: set[str] = set()
_ours: dict[str, str] = {}  # what is in os.environ because we put it there
_version = 0
_place: Optional[_Place] = None
_loaded: Optional[Secrets] = None
_watch: Optional[_Watch] = None
_hooked = False


def __getattr__(name: str) -> str:
    if name == "__version__":
        from . import _native

        return _native.VERSION
    raise AttributeError("module %r has no attribute %r" % (__name__, name))


def _notice(text: str) -> None:
    """Each sentence once, however often it is true."""
    if text in _noticed or sys.stderr is None:
        return
    _noticed.add(text)
    sys.stderr.write("[vault-env] " + text + "\n")
    sys.stderr.flush()


def _find(path: Optional[Path]) -> tuple[str, bool]:
    """The .env file: python-dotenv's search, from the caller's folder up.

    None there: the one of the current folder, where the cache will be; its
    variables do not count without a vault key.
    """
    if path is not None:
        return os.fspath(path), True
    folder = os.getcwd()
    main = sys.modules.get("__main__")
    if hasattr(main, "__file__") and not getattr(sys, "frozen", False):
        frame: Any = sys._getframe()
        while frame is not None and (
                frame.f_code.co_filename == __file__ or
                not os.path.exists(frame.f_code.co_filename)):
            frame = frame.f_back
        if frame is not None:
            folder = os.path.dirname(
                os.path.abspath(frame.f_code.co_filename))
    while True:
        path = os.path.join(folder, ".env")
        # A FIFO or /dev/null as well, but not a folder.
        if os.path.exists(path) and not os.path.isdir(path):
            return path, True
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.path.join(os.getcwd(), ".env"), False
        folder = parent


def _load_file(place: _Place) -> Secrets:
    values = place.overlay({}, "file", os.environ)
    if place.left_out:
        _notice(_LEFT_OUT.format(_shown(place.left_out)))
    return Secrets(values, left_out=place.left_out)


def _load(place: _Place, cached: bool = False) -> Secrets:
    if place.has_no_key():
        return _load_file(place)
    from . import _native

    source, version, _, values, left_out = _native.load(
        *place.where(), cached, not place.cache, place.override,
        place.allow, place.mirror)
    return Secrets(place.overlay(values, _SOURCES[source], os.environ), version,
                   _SOURCES[source], left_out, values)


def _put(name: str, value: str) -> None:
    os.environ[name] = value
    _ours[name] = value


def _set(place: _Place, secrets: Secrets) -> bool:
    global _place, _loaded, _version
    for name, value in secrets.items():
        if "\0" in value:
            raise VaultError(_NUL.format(name))
    for name, value in secrets.items():
        if place.override or name not in os.environ:
            _put(name, value)
    _place = place
    _loaded = secrets
    _version = secrets.version
    return bool(secrets)


def _apply(changed: Changes, override: bool) -> None:
    """The new values where the old ones were ours, or nothing was."""
    for name, value in changed.items():
        if value is not None and "\0" in value:
            raise VaultError(_NUL.format(name))
    for name, value in changed.items():
        if value is None:
            ours = _ours.pop(name, "\0")
            if os.environ.get(name) == ours:
                del os.environ[name]
        elif override or os.environ.get(name) == _ours.get(name):
            _put(name, value)


def load_vault(path: Optional[Path] = None, environment: Optional[str] = None,
               vault_url: Optional[str] = None, override: bool = False,
               cache: bool = True, *, mirror: Optional[str] = None,
               allow: Iterable[str] = (), dotenv_path: Optional[Path] = None,
               stream: Optional[IO[str]] = None, verbose: bool = False,
               interpolate: bool = True,
               encoding: Optional[str] = "utf-8") -> bool:
    """Puts the secrets, and the .env file's own variables, into os.environ.

    path: the .env file; looked for as load_dotenv() does, from the caller's
    folder upwards. environment: default $NODE_ENV, $ENVIRONMENT,
    "development". vault_url: default $VAULT_URL. override: over variables that
    exist already. cache: write .vault-cache, and use it when the server is
    away. mirror: of a project of protocol 2, the https URL of files that
    vault-env bundle made, asked before the cache; default $VAULT_MIRROR. allow:
    names that are taken although programs run other code by them (LD_PRELOAD,
    PYTHONPATH and the others that vault-env(1) lists).

    As load_dotenv() has them: dotenv_path, another name of path. stream: text
    that is read where no path is given. verbose: a file that is not there is
    told on stderr. interpolate: ${NAME} is replaced. encoding: of the file.

    A file that is named and has no VAULT_KEY is used with the key of the .env
    in the current folder. Without a VAULT_KEY it is load_dotenv(). True if there is any variable.
    Raises VaultError.
    """
    place = _Place(path, environment, vault_url, override, cache, allow,
                   dotenv_path, stream, verbose, interpolate, encoding, mirror)
    return _set(place, _load(place))


def load_vault_sync(path: Optional[Path] = None, override: bool = False, *,
                    dotenv_path: Optional[Path] = None,
                    stream: Optional[IO[str]] = None, verbose: bool = False,
                    interpolate: bool = True,
                    encoding: Optional[str] = "utf-8") -> bool:
    """The same without the network: the cache, else the .env file alone."""
    place = _Place(path, None, None, override, True, (), dotenv_path, stream,
                   verbose, interpolate, encoding)
    try:
        secrets = _load(place, cached=True)
    except VaultError as error:
        # No cache that can be used, which is nobody's attack: of v2 it is
        # NETWORK where it is too old or another device's.
        if (error.code not in ("NOT_FOUND", "NO_SECRETS", "DECRYPT",
                               "NETWORK", "IO")
                and error.reason != "device_missing"):
            raise
        _notice(str(error))
        place.found = True  # wherever the file is, there is a key
        secrets = _load_file(place)
    return _set(place, secrets)


def vault_values(path: Optional[Path] = None,
                 environment: Optional[str] = None,
                 vault_url: Optional[str] = None, cache: bool = True, *,
                 mirror: Optional[str] = None, allow: Iterable[str] = (),
                 dotenv_path: Optional[Path] = None,
                 stream: Optional[IO[str]] = None, verbose: bool = False,
                 interpolate: bool = True,
                 encoding: Optional[str] = "utf-8") -> Secrets:
    """What load_vault() would load, as a dict; os.environ stays."""
    return _load(_Place(path, environment, vault_url, False, cache, allow,
                        dotenv_path, stream, verbose, interpolate, encoding,
                        mirror))


def version() -> int:
    """Of the secrets that were loaded last, by load_vault() or a watch.

    0: none yet, a plain file, or a cache that another client wrote.
    """
    return _version


def check_version(environment: Optional[str] = None, *,
                  path: Optional[Path] = None,
                  vault_url: Optional[str] = None) -> int:
    """The server's version now. 0: nothing was pushed yet."""
    from . import _native

    return _native.check_version(
        *_Place(path, environment, vault_url).where())


def pull(environment: Optional[str] = None, *, path: Optional[Path] = None,
         vault_url: Optional[str] = None, version: int = 0) -> Secrets:
    """The secrets alone, from the server alone. version 0: the newest."""
    from . import _native

    values, version = _native.pull(
        *_Place(path, environment, vault_url).where(), version)
    return Secrets(values, version, "server")


def push(values: Optional[Mapping[str, str]] = None,
         environment: Optional[str] = None, *, path: Optional[Path] = None,
         vault_url: Optional[str] = None,
         base_version: Optional[int] = None, ours: bool = False,
         theirs: bool = False, replace: bool = False,
         merge: bool = False) -> int:
    """Stores values as all there is in the environment; its new version.

    values: default the variables of the .env file, which notes the version that
    it was made from, and gets what others have changed since. VAULT_KEY,
    VAULT_KEY_NEXT, VAULT_KEY_V1, VAULT_DEVICE_SECRET and VAULT_URL are never
    pushed. Nothing changed: no new version.

    base_version: the version that values were made from, as pull() gives it.
    If the server has another by now, what only others have changed since stays
    theirs; a name that both have changed differently is VaultConflictError,
    unless ours or theirs says who has it. Without base_version, to change or
    remove what is there is VaultConflictError, unless values are the whole
    (replace), or only add and change (merge).
    """
    from . import _native

    place = _Place(path, environment, vault_url)
    if base_version is not None and base_version < 0:
        raise ValueError("base_version cannot be negative")
    if values is None:
        file = place.read(native=True)
        if file.data is None:
            raise VaultError("Nothing to push: there is no " + place.path,
                             "NOT_FOUND")
        if base_version is not None:
            values = _native.file_values(file.native)
    return _native.push(*place.where(), None if values is None else dict(values),
                        -1 if base_version is None else base_version,
                        ours, theirs, replace, merge)


def watch(interval: float = 30.0, environment: Optional[str] = None,
          on_change: Optional[Callable[[Changes, Secrets], object]] = None,
          on_error: Optional[Callable[[Exception], object]] = None, *,
          path: Optional[Path] = None,
          vault_url: Optional[str] = None) -> bool:
    """Asks the server every interval seconds, and keeps os.environ up to date.

    Begins with what load_vault() loaded, and takes its path, environment,
    vault_url, override and cache over; without one, with the first answer.
    Changes reach the variables that are there by load_vault() or by the watch;
    those that the program or its caller has set stay, unless override.

    on_change(changed, all_secrets) comes after os.environ has changed. changed
    is a Changes: the new values by name, None for a removed one. all_secrets is
    a Secrets. on_error(error) gets what a poll, or on_change, failed by
    (default: a line on stderr). Both are called in the watch's own thread, which
    does not keep the process alive.

    False: there is no VAULT_KEY, so nothing to watch. A second call replaces
    the first. In a child of os.fork() no watch runs; call watch() there.
    """
    global _watch
    if not 0 < interval <= 1e6:
        raise ValueError("interval must be more than 0 and at most 1,000,000 seconds")
    place, known = _place, _loaded
    if place is None or path is not None:
        place, known = _Place(path, environment, vault_url), None
    elif environment is not None or vault_url is not None:
        if environment not in (None, place.environment):
            known = None
        place = place.changed(environment, vault_url)
    if known is not None and known.source == "file":
        known = None
    unwatch()
    if place.has_no_key():
        return False
    from . import _native

    _hook()
    new = _watch = _Watch(place, on_change, on_error)
    if known is not None:
        new.last = dict(known)
        new.follows = True
    try:
        new.handle = _native.watch_start(
            *place.where(), not place.cache, place.override,
            place.allow, max(1, int(interval * 1000)),
            None if known is None else known._raw,
            0 if known is None else known.version, new.update, new.error)
    except BaseException as failure:
        _watch = None
        if isinstance(failure, VaultError) and failure.code == "NO_KEY":
            return False
        raise
    return True


def unwatch() -> None:
    """Ends the watch, and waits for its thread (a callback may call it, too).

    A request in hand takes a second to end. None running: does nothing.
    """
    _stop(-1)


def _stop(timeout_ms: int) -> None:
    global _watch
    old, _watch = _watch, None
    if old is not None and old.handle is not None:
        from . import _native

        _native.watch_stop(old.handle, timeout_ms)


def _hook() -> None:
    """For the end of the process, which waits for no server, and for fork."""
    global _hooked
    if not _hooked:
        import atexit

        atexit.register(_stop, _EXIT_WAIT_MS)
        os.register_at_fork(after_in_child=_forked)
        _hooked = True


def _forked() -> None:
    global _watch
    old, _watch = _watch, None
    if old is not None and old.handle is not None:
        from . import _native

        _native.watch_forget(old.handle)
