# SPDX-License-Identifier: MIT
"""libvaultenv in this process, without a network: what a test says is the server.
For what has to be done ten thousand times; else the victim is vault-env itself.

    client = Client(key, secret, env, url, server)  server(path, headers, body) gives
    client.pull(), client.load()                    (status, text, mac)
"""
import ctypes, os
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int, c_int64,
                    c_size_t, c_void_p)

BUILD = os.environ.get("TOP_BUILDDIR") or os.path.join(os.path.dirname(__file__), "..", "..")
AUTH_MAX = 80


class Error(Structure):
    _fields_ = [("code", c_int), ("current_version", c_int64), ("text", c_char * 512),
                ("hint", c_char * 256), ("reason", c_char * 32)]


TRANSPORT = CFUNCTYPE(c_int, c_void_p, c_char_p, POINTER(c_char_p), c_void_p, c_size_t,
                      POINTER(c_int), POINTER(c_void_p), POINTER(c_size_t), POINTER(c_char))


class Options(Structure):
    _fields_ = [(name, c_void_p) for name in ("path", "file", "key_file")] + [
        (name, c_char_p) for name in ("vault_key", "device_secret", "environment", "url")] + [
        (name, c_int) for name in ("insecure_http", "no_key", "timeout_ms")] + [
        (name, c_void_p) for name in ("ca_file", "ca_variable", "extra_ca_variable", "notice",
                                      "notice_arg")] + [
        ("transport", TRANSPORT), ("transport_arg", c_void_p)]


class Pair(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p), ("value_len", c_size_t)]


class Loaded(Structure):
    _fields_ = [("source", c_int), ("version", c_int64), ("cache_age_s", c_int64),
                ("variables", c_void_p), ("left_out", c_void_p), ("file", c_void_p)]


lib = ctypes.CDLL(BUILD + "/lib/.libs/libvaultenv.so")
lib.vaultenv_list_find.restype = POINTER(Pair)
libc = ctypes.CDLL(None)
libc.malloc.restype = c_void_p
libc.malloc.argtypes = [c_size_t]


class Failed(Exception):
    """str() is the code, or the general status."""

    def __init__(self, error):
        super().__init__(error.reason.decode() or "status %d" % error.code)
        self.text = error.text.decode()


def value_in(variables, name=b"A"):
    found = lib.vaultenv_list_find(c_void_p(variables), name)
    return found.contents.value.decode() if found else None


class Client:
    def __init__(self, key, secret, env, url, server):
        self.server, self.problem = server, None
        self.options = Options(vault_key=key.encode(), device_secret=secret.encode(),
                               environment=env.encode(), url=url.encode(),
                               transport=TRANSPORT(self.answer))

    def answer(self, _, url, headers, body, body_len, status, reply, reply_len, auth):
        try:
            lines, i = {}, 0
            while headers[i] is not None:
                name, value = headers[i].decode().split(": ", 1)
                lines[name], i = value, i + 1
            said, text, mac = self.server(url.decode(), lines, ctypes.string_at(
                body, body_len).decode())
        except Exception as e:  # it may not leave this function
            self.problem = e
            return -5
        text, mac = text.encode("utf-8", "surrogatepass"), (mac or "").encode()[:AUTH_MAX - 1]
        status[0], reply_len[0] = said, len(text)
        reply[0] = libc.malloc(len(text) + 1)
        ctypes.memmove(reply[0], text + b"\0", len(text) + 1)
        ctypes.memmove(auth, mac + b"\0", len(mac) + 1)
        return 0

    def _with_client(self, function):
        handle, error = c_void_p(), Error()
        self.problem = None
        try:
            if lib.vaultenv_client_open(byref(self.options), byref(handle), byref(error)):
                raise Failed(error)
            return function(handle, error)
        finally:
            lib.vaultenv_client_free(byref(handle))
            if self.problem:
                raise self.problem

    def pull(self, number=0):
        """Version and value."""
        def do(handle, error):
            variables, version = c_void_p(), c_int64()
            if lib.vaultenv_secrets_pull(handle, c_int64(number), byref(variables), byref(version),
                                         byref(error)):
                raise Failed(error)
            value = value_in(variables.value)
            lib.vaultenv_list_free(byref(variables))
            return version.value, value
        return self._with_client(do)

    def poll(self):
        """The version that the server says is the newest."""
        def do(handle, error):
            version = c_int64()
            if lib.vaultenv_secrets_current_version(handle, byref(version), None, byref(error)):
                raise Failed(error)
            return version.value, None
        return self._with_client(do)

    def versions(self):
        def do(handle, error):
            versions = c_void_p()
            if lib.vaultenv_secrets_versions(handle, byref(versions), byref(error)):
                raise Failed(error)
            lib.vaultenv_versions_free(byref(versions))
            return 0, None
        return self._with_client(do)

    def load(self):
        """As a program at its start, which may get it from the cache."""
        loaded, error = POINTER(Loaded)(), Error()
        self.problem = None
        r = lib.vaultenv_load(byref(self.options), None, byref(loaded), byref(error))
        if self.problem:
            raise self.problem
        if r:
            raise Failed(error)
        found = loaded.contents.version, value_in(loaded.contents.variables)
        lib.vaultenv_loaded_free(byref(loaded))
        return found
