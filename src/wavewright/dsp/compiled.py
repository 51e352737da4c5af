"""Compile functions by numba once for each machine; verify cached code by a hash and recompile damaged code."""

from __future__ import annotations

import gc
import glob
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
import platformdirs
from numba.core.caching import FunctionCache, NullCache
from numba.core.serialize import dumps

from ..base.whole_file import sweep_once, write_whole

_RELATIVE_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import", re.MULTILINE)

DIGEST_BYTES = hashlib.sha256().digest_size
KEPT_SECONDS = 90 * 86_400  # of compiled code whose sources have changed

P = ParamSpec("P")
R = TypeVar("R")

_Numba: TypeAlias = Any  # an object of numba, most of which has no annotations

_jit: _Numba = numba.njit  # whose annotations lack some of the options
_config: _Numba = numba.config  # whose names are made when it is imported

FOLDER = Path(_config.CACHE_DIR or platformdirs.user_cache_path("wavewright", appauthor=False) / "compiled")
"""Folder of all compiled code: NUMBA_CACHE_DIR, or one in the user's cache."""

_reported: set[str] = set()  # lines on standard error, each once for a process


def compiled(what: str, **flags: object) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function at its first call and cache the machine code, if a cache folder is writable.

    ``what`` names the loop in a line on standard error; ``flags`` are options of ``numba.njit``.
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

    ``flags`` are options of ``numba.njit``.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        jit = _jit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **flags)
        return cast("Callable[P, R]", jit(function))

    return decorate if function is None else decorate(function)


class CheckedCache(FunctionCache):
    """Cache compiled code in files with a hash, named after all that it was compiled from and for.

    Every installation of the same sources finds them. numba's own cache files have no hash: a damaged one raises
    arbitrary errors, or runs. Raises RuntimeError where no folder can be written.
    """

    def __init__(self, function: Callable[P, R], what: str) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._what = what
        try:
            FOLDER.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RuntimeError(FOLDER) from error

    def load_overload(self, sig: _Numba, target_context: _Numba) -> _Numba:
        """Return the compiled code for a signature, None where numba has to compile it."""
        target_context.refresh()
        path = self._file(sig, target_context.codegen())
        sweep_once(path.parent)
        try:
            stored = path.read_bytes()
        except OSError:
            stored = b""
            is_damaged = path.exists()
        else:
            is_damaged = hashlib.sha256(stored[DIGEST_BYTES:]).digest() != stored[:DIGEST_BYTES]
        if stored and not is_damaged:
            return self._impl.rebuild(target_context, pickle.loads(stored[DIGEST_BYTES:]))
        if is_damaged:
            _report(f"compiled code in {path.parent} is damaged; compiling {self._what} again: some seconds ...")
        else:
            _report(f"compiling {self._what} for this machine, once: some seconds ...")
        return None

    def save_overload(self, sig: _Numba, data: _Numba) -> None:
        """Store compiled code, whole or not at all; where that fails, it is compiled again next time."""
        if not self._impl.check_cachable(data):
            return
        path = self._file(sig, data.codegen)
        stored = dumps(self._impl.reduce(data))  # type: ignore[no-untyped-call]
        gc.collect()  # what the compiler leaves in cycles is tens of megabytes
        with suppress(OSError):
            write_whole(path, hashlib.sha256(stored).digest() + stored)
            self._remove_old(path)

    def _file(self, sig: _Numba, codegen: _Numba) -> Path:
        """Return the file for a signature, this processor and the sources of the function."""
        sources = digest_of_sources(Path(self._py_func.__code__.co_filename))
        made_from = (numba.__version__, sources, self._index_key(sig, codegen))  # type: ignore[no-untyped-call]
        return FOLDER / f"{self._name_of_file}.{hashlib.sha256(repr(made_from).encode()).hexdigest()[:32]}.nbc"

    @property
    def _name_of_file(self) -> str:
        return f"{self._py_func.__module__}.{self._py_func.__qualname__}"

    def _remove_old(self, path: Path) -> None:
        """Remove what other sources of the function were compiled to long ago."""
        for other in path.parent.glob(f"{glob.escape(self._name_of_file)}.*.nbc"):
            if path.stat().st_mtime - other.stat().st_mtime > KEPT_SECONDS:
                other.unlink()


@cache
def digest_of_sources(path: Path) -> str:
    """Return a digest of a file and of the files whose functions and constants it imports by relative imports.

    Compiled code contains those functions and constants. Imports of other kernels are followed.
    """
    texts = {path: _text_of(path)}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        for dots, name in _RELATIVE_IMPORT.findall(texts[file]):
            module = file.parents[len(dots) - 1].joinpath(*name.split("."))
            for imported in (module.with_suffix(".py"), module / "__init__.py"):
                if imported in texts or imported == Path(__file__) or not imported.is_file():
                    continue
                texts[imported] = _text_of(imported)
                if imported.stem.endswith("_kernels"):
                    waiting.append(imported)
    return hashlib.sha256("\0".join(texts[each] for each in sorted(texts)).encode()).hexdigest()


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
