"""Compile functions by numba once for each machine; verify cached code by a hash and recompile damaged code."""

from __future__ import annotations

import gc
import hashlib
import pickle
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast, overload

import numba
from numba.core.caching import FunctionCache, NullCache
from numba.core.serialize import dumps

from ..base.whole_file import sweep_once, write_whole

_RELATIVE_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import", re.MULTILINE)

DIGEST_BYTES = hashlib.sha256().digest_size

P = ParamSpec("P")
R = TypeVar("R")

_Numba: TypeAlias = Any  # an object of numba, most of which has no annotations

_jit: _Numba = numba.njit  # whose annotations lack some of the options
_reported: set[str] = set()  # lines on standard error, each once for a process


def compiled(what: str, **flags: object) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function at its first call and cache the machine code, if a cache folder is writable.

    - ``what``: name of the loop in the line printed to standard error while it compiles.
    - ``**flags``: options of ``numba.njit``.
    - returns: the decorator.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher = _jit(nogil=True, **flags)(function)
        try:
            dispatcher._cache = CheckedCache(function, what)
        except RuntimeError:  # no folder is writable
            dispatcher._cache = NoCache(what)
        return cast("Callable[P, R]", dispatcher)

    return decorate


@overload
def inlined(function: None = None, **flags: object) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def inlined(function: Callable[P, R]) -> Callable[P, R]: ...
def inlined(
    function: Callable[P, R] | None = None, **flags: object
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Inline a function into its compiled callers; it gets no Python entry point, which is slowest to compile.

    - ``function``: the function, where the decorator has no options.
    - ``**flags``: options of ``numba.njit``.
    - returns: the function, or the decorator.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        jit = _jit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **flags)
        return cast("Callable[P, R]", jit(function))

    return decorate if function is None else decorate(function)


class CheckedCache(FunctionCache):
    """Cache the compiled code of one function in files with a hash, one for each signature and processor.

    numba's own cache files have no hash: a damaged one raises arbitrary errors, or runs.
    """

    def __init__(self, function: Callable[P, R], what: str) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._what = what

    def load_overload(self, sig: _Numba, target_context: _Numba) -> _Numba:
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

    def save_overload(self, sig: _Numba, data: _Numba) -> None:
        """Store compiled code, whole or not at all; where that fails, it is compiled again next time."""
        if not self._impl.check_cachable(data):
            return
        path, made_from = self._file(sig, data.codegen)
        stored = made_from + dumps(self._impl.reduce(data))  # type: ignore[no-untyped-call]
        gc.collect()  # what the compiler leaves in cycles is tens of megabytes
        with suppress(OSError):
            self._impl.locator.ensure_cache_path()
            write_whole(path, hashlib.sha256(stored).digest() + stored)

    def _file(self, sig: _Numba, codegen: _Numba) -> tuple[Path, bytes]:
        """Return the file for a signature, and the hash of the sources that its code must have been compiled from."""
        signature, processor, code = self._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        key = hashlib.sha256(repr((signature, processor)).encode()).hexdigest()[:16]
        stamps = stamps_of_imports(Path(self._py_func.__code__.co_filename))
        sources = (numba.__version__, self._impl.locator.get_source_stamp(), stamps, code)
        made_from = hashlib.sha256(repr(sources).encode()).digest()
        return Path(self._cache_path) / f"{self._impl.filename_base}.{key}.nbc", made_from


@cache
def stamps_of_imports(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, time and size of the files whose functions and constants a file imports by relative imports.

    Compiled code contains those functions and constants. Imports of other kernels are followed.
    """
    stamps: dict[Path, tuple[str, int, int]] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        for dots, name in _RELATIVE_IMPORT.findall(_text_of(file)):
            module = file.parents[len(dots) - 1].joinpath(*name.split("."))
            for imported in (module.with_suffix(".py"), module / "__init__.py"):
                if imported in stamps or imported == Path(__file__) or not imported.is_file():
                    continue
                state = imported.stat()
                stamps[imported] = (imported.name, state.st_mtime_ns, state.st_size)
                if imported.stem.endswith("_kernels"):
                    waiting.append(imported)
    return tuple(stamps[each] for each in sorted(stamps))


def _text_of(path: Path) -> str:
    """Return the source of a file, nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


class NoCache(NullCache):
    """Report that code is being compiled; without a writable folder every process compiles anew."""

    def __init__(self, what: str) -> None:
        self._what = what

    def load_overload(self, *_: object) -> None:
        """Return None: numba has to compile."""
        _report(
            f"compiling {self._what}: some seconds; to keep it, set NUMBA_CACHE_DIR to a folder that can be written ..."
        )


def _report(line: str) -> None:
    if line not in _reported and sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)
    _reported.add(line)
