"""Compile functions by numba once for each machine; verify cached code by a hash and recompile damaged code."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, NullCache
from numba.core.serialize import dumps

from ..whole_file import sweep_once, write_whole

DIGEST_BYTES = hashlib.sha256().digest_size

_reported: set[str] = set()  # lines on standard error, each once for a process


def compiled(what: str, **flags: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile the decorated function at its first call and cache the machine code, if a cache folder is writable.

    Parameters
    ----------
    what
        Name of the loop in the line printed to standard error while it compiles.
    **flags
        Options of ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(nogil=True, **flags)(function)
        try:
            dispatcher._cache = CheckedCache(function, what)
        except RuntimeError:  # no folder can be written
            dispatcher._cache = NoCache(what)
        return dispatcher

    return decorate


def inlined(function: Callable[..., Any] | None = None, **flags: Any) -> Any:
    """Inline a function into its compiled callers; it gets no Python entry point, which takes longest to compile."""

    jit: Any = numba.njit  # its annotations lack the two options

    def decorate(function: Callable[..., Any]) -> Any:
        return jit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **flags)(function)

    return decorate if function is None else decorate(function)


class CheckedCache(FunctionCache):
    """Cache the compiled code of one function in files with a hash, one for each signature and processor.

    numba's own cache files have no hash: a damaged one raises arbitrary errors, or runs.
    """

    def __init__(self, function: Callable[..., Any], what: str):
        super().__init__(function)
        self._what = what

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code for a signature, None where numba has to compile it."""
        target_context.refresh()
        path, made_from = self._file(sig, target_context.codegen())
        sweep_once(path.parent)
        try:
            stored = path.read_bytes()
        except OSError:
            stored = b""
            is_damaged = path.exists()
        else:
            is_damaged = hashlib.sha256(stored[DIGEST_BYTES:]).digest() != stored[:DIGEST_BYTES]
        if stored[DIGEST_BYTES : 2 * DIGEST_BYTES] == made_from and not is_damaged:
            return self._impl.rebuild(target_context, pickle.loads(stored[2 * DIGEST_BYTES :]))
        if is_damaged:
            _report(f"compiled code in {path.parent} is damaged; compiling {self._what} again: some seconds ...")
        else:
            _report(f"compiling {self._what} for this machine, once: some seconds ...")
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store compiled code, whole or not at all; where that fails, it is compiled again next time."""
        if not self._impl.check_cachable(data):
            return
        path, made_from = self._file(sig, data.codegen)
        stored = made_from + dumps(self._impl.reduce(data))
        with suppress(OSError):
            self._impl.locator.ensure_cache_path()
            write_whole(path, hashlib.sha256(stored).digest() + stored)

    def _file(self, sig: Any, codegen: Any) -> tuple[Path, bytes]:
        """Return the file for a signature, and the hash of the sources that its code must have been compiled from."""
        signature, processor, code = self._index_key(sig, codegen)
        key = hashlib.sha256(repr((signature, processor)).encode()).hexdigest()[:16]
        sources = (numba.__version__, self._impl.locator.get_source_stamp(), code)
        made_from = hashlib.sha256(repr(sources).encode()).digest()
        return Path(self._cache_path) / f"{self._impl.filename_base}.{key}.nbc", made_from


class NoCache(NullCache):
    """Report that code is being compiled; without a writable folder every process compiles anew."""

    def __init__(self, what: str):
        self._what = what

    def load_overload(self, sig: Any, target_context: Any) -> None:
        """Return None: numba has to compile."""
        _report(
            f"compiling {self._what}: some seconds; to keep it, set NUMBA_CACHE_DIR to a folder that can be written ..."
        )


def _report(line: str) -> None:
    if line not in _reported and sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)
    _reported.add(line)
