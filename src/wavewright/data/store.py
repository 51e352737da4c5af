"""ClipStore: clips decoded once, prepared and cached in one memory-mapped file."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..base.errors import BadAudio, BadFolder, BadSetting, MissingExtra
from ..base.progress_bar import report_progress
from ..base.result import Failed, first_of
from ..base.units import seconds_to_samples
from ..base.whole_file import hidden_path, sweep_once, write_whole
from .entry import MIN_SECONDS, SILENT_PEAK, Entry
from .preparation import Preparation, decode_at, fix_length

FORMAT_VERSION = 1  # raise it when the same clips and settings give other samples, so that older stores are rebuilt
UNUSED_DAYS = 60  # after which a store is removed when another one is written
CLIPS_FILE = "clips.f32"
INDEX_FILE = "index.json"

ONSET_SEARCH_SECONDS = 60.0
"""Seconds decoded beyond a clip's fixed length, to search for its onset."""

_KEY = re.compile("[0-9a-f]{32}")

Progress = Callable[[int, int], None]
"""Called with the number of clips that are done and the number of all."""


@dataclass(frozen=True)
class _Span:
    """Position of a clip in the clips file: ``length`` frames from ``start``, to be multiplied by ``gain``."""

    entry: int
    start: int
    length: int
    gain: float = 1.0


class ClipStore:
    """Prepared clips of one sample rate, read from a memory-mapped file; make one with :meth:`build`.

    - ``entries``: the clips in the store.
    - ``lengths``: the number of samples of each.
    - ``failed``: the clips that could not be used.
    - ``sample_rate``: in Hz.
    - ``n_samples``: length of every clip, None for whole files.
    - ``n_bytes``: size on disk.
    """

    def __init__(self, folder: Path, entries: Sequence[Entry]) -> None:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        self._folder = folder
        self.sample_rate: int = index["sample_rate"]
        self.n_samples: int | None = index["n_samples"]
        self.channels: int = index["channels"]
        self._spans = [_Span(**span) for span in index["places"]]
        self.lengths = [span.length for span in self._spans]
        self.entries = [entries[span.entry] for span in self._spans]
        self.failed = tuple(Failed(entries[row].path, reason) for row, reason in index["problems"])
        # Frames, not channels, are contiguous in the file, so that a long clip can be written while it is decoded.
        self._frames = np.memmap(folder / CLIPS_FILE, dtype="<f4", mode="r").reshape(-1, self.channels)
        self.n_bytes = self._frames.nbytes

    @classmethod
    def build(
        cls,
        entries: Sequence[Entry],
        sample_rate: int,
        n_samples: int | None,
        prepare: Preparation,
        cache_folder: Path | str | None = None,
        channels: int = 1,
        progress: Progress | None = None,
    ) -> ClipStore:
        """Decode, resample and prepare clips into the cache, or open the store of an earlier call.

        The key of a store is a hash of the settings and of every file's path, size and modification time, so a changed
        file is decoded again. Clips that are damaged, silent or too short are left out and listed in ``failed``.

        - ``entries``: clips.
        - ``sample_rate``: of the store, Hz.
        - ``n_samples``: length of every clip; None for whole files (mode ``crop``).
        - ``prepare``: how clips are aligned, trimmed and normalised.
        - ``cache_folder``: folder of stores; the user's cache folder by default.
        - ``channels``: channels of the store; 1 mixes down.
        - ``progress``: called after every clip.

        Raises BadFolder if no clip can be used, or the disk is full, or BadSetting if a setting is invalid.
        """
        _check(entries, sample_rate, n_samples, prepare, channels)
        if cache_folder is None:
            import platformdirs

            cache_folder = platformdirs.user_cache_path("wavewright") / "clips"
        plan = _StorePlan(tuple(entries), sample_rate, n_samples, prepare, channels)
        folder = Path(cache_folder) / plan.key()
        sweep_once(folder.parent)
        sweep_once(folder)
        if not _is_whole(folder):
            _write_store(plan, folder, progress)
            _remove_unused(folder)
        with contextlib.suppress(OSError):  # a read-only cache
            os.utime(folder / INDEX_FILE)
        return cls(folder, entries)

    def __len__(self) -> int:
        return len(self._spans)

    def __getitem__(self, i: int) -> np.ndarray:
        """Return clip ``i``, ``(channels, n_samples)`` float32; a whole file is as long as it is."""
        return self.crop(i, 0, self._spans[i].length if self.n_samples is None else self.n_samples)

    def crop(self, i: int, start: int, n_samples: int) -> np.ndarray:
        """Return a crop of a clip.

        - ``i``: row of the clip.
        - ``start``: first sample, within the clip.
        - ``n_samples``: length of the crop.
        - returns: ``(channels, n_samples)`` float32, zeros after the end of the clip.

        Raises BadSetting if ``start`` lies outside the clip, or ``n_samples`` is below 1.
        """
        span = self._spans[i]
        if not 0 <= start < span.length or n_samples < 1:
            raise BadSetting(
                f"Samples {start} to {start + n_samples} of clip {i} were asked for; it has {span.length}, and at "
                "least one is needed."
            )
        first = span.start + start
        last = span.start + min(start + n_samples, span.length)
        return fix_length(self._frames[first:last].T * np.float32(span.gain), n_samples)

    def cached(self, name: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return the cached arrays for ``name``, computing them once.

        - ``name``: file name without ending. It must identify everything that the arrays depend on besides the clips.
        - ``compute``: returns the arrays by name.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file, save

        path = self._folder / f"{name}.safetensors"
        with contextlib.suppress(OSError, SafetensorError):
            return load_file(path)
        # safetensors stores the memory of an array as if it were contiguous.
        arrays = {key: np.ascontiguousarray(array) for key, array in compute().items()}
        with contextlib.suppress(OSError):  # a read-only cache
            write_whole(path, save(arrays))
        return arrays

    @property
    def labels(self) -> list[str | None]:
        """The label of every clip."""
        return [entry.label for entry in self.entries]

    @property
    def groups(self) -> list[str | None]:
        """The group of every clip."""
        return [entry.group for entry in self.entries]


@dataclass(frozen=True)
class _StorePlan:
    """The clips and settings of a store."""

    entries: tuple[Entry, ...]
    sample_rate: int
    n_samples: int | None
    prepare: Preparation
    channels: int

    def key(self) -> str:
        """Return a name that changes with every file and setting that the samples depend on."""
        files = []
        for entry in self.entries:
            path = entry.path.absolute()
            try:
                status = path.stat()
                size, changed_ns = status.st_size, status.st_mtime_ns
            except OSError:
                size, changed_ns = -1, -1
            files.append((str(path), size, changed_ns, entry.offset_seconds, entry.n_frames))
        settings = (FORMAT_VERSION, self.sample_rate, self.n_samples, repr(self.prepare), self.channels)
        return hashlib.blake2b(json.dumps([settings, files]).encode(), digest_size=16).hexdigest()

    def estimated_bytes(self) -> int:
        """Return the approximate size of the clips file."""
        if self.prepare.mode == "crop" or self.n_samples is None:
            n_frames = int(sum(entry.seconds for entry in self.entries) * self.sample_rate)
        else:
            n_frames = len(self.entries) * self.n_samples
        return n_frames * self.channels * np.dtype(np.float32).itemsize


def _check(
    entries: Sequence[Entry], sample_rate: int, n_samples: int | None, prepare: Preparation, channels: int
) -> None:
    if not entries:
        raise BadFolder("There are no clips to prepare; give a folder with sound files in it.")
    if not 1 <= sample_rate <= 768_000:
        raise BadSetting(f"The sample rate is {sample_rate} Hz; it must lie between 1 and 768000.")
    if channels < 1:
        raise BadSetting(f"The number of channels is {channels}; it must be at least 1.")
    if n_samples is None and prepare.mode != "crop":
        raise BadSetting(f"n_samples is missing; the preparation mode {prepare.mode!r} needs the length of a clip.")
    if n_samples is not None and n_samples < 1:
        raise BadSetting(f"n_samples is {n_samples}; it must be at least 1.")


def _is_whole(folder: Path) -> bool:
    """Return True if ``folder`` holds a complete store; remove a damaged one."""
    try:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        if (folder / CLIPS_FILE).stat().st_size == index["n_bytes"]:
            return True
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _remove_unused(used: Path) -> None:
    """Remove the stores beside ``used`` that were not opened for UNUSED_DAYS."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for index in used.parent.glob(f"*/{INDEX_FILE}"):
        folder = index.parent
        with contextlib.suppress(OSError):  # another training may be removing it as well
            if folder != used and _KEY.fullmatch(folder.name) and index.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _write_store(plan: _StorePlan, folder: Path, progress: Progress | None) -> None:
    """Write the store to ``folder``, whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with hidden_path(folder.parent) as unfinished:
            unfinished.mkdir()
            _fill(plan, unfinished, progress)
            _publish(unfinished, folder)
    except OSError as error:
        raise BadFolder(_why_not_written(plan, folder.parent, error)) from error


def _fill(plan: _StorePlan, folder: Path, progress: Progress | None) -> None:
    """Write the clips and the index of a store into an empty folder."""
    if plan.estimated_bytes() > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, "no space left")
    with (folder / CLIPS_FILE).open("wb") as file:
        spans, failed = _write_clips(plan, file, progress)
        n_bytes = file.tell()
    if not spans:
        listed = [Failed(plan.entries[row].path, reason) for row, reason in failed]
        raise BadFolder(f"None of the {len(plan.entries)} clips can be used: {first_of(listed)}.")
    index = {
        "sample_rate": plan.sample_rate,
        "n_samples": plan.n_samples,
        "channels": plan.channels,
        "n_bytes": n_bytes,
        "places": [asdict(span) for span in spans],
        "problems": failed,
    }
    (folder / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")


def _publish(unfinished: Path, folder: Path) -> None:
    """Rename the finished store, unless another process has built the same one meanwhile."""
    try:
        unfinished.replace(folder)
    except OSError:
        if not _is_whole(folder):
            raise


def _why_not_written(plan: _StorePlan, cache_folder: Path, error: OSError) -> str:
    if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        reason = error.strerror or error
        return f"The prepared clips cannot be kept in {cache_folder} ({reason}); give another cache folder."
    needed = plan.estimated_bytes() / 1e6
    return (
        f"The disk of {cache_folder} is full: the prepared clips need {needed:.0f} MB; free space or give another "
        "cache folder."
    )


def _write_clips(
    plan: _StorePlan, file: BinaryIO, progress: Progress | None
) -> tuple[list[_Span], list[tuple[int, str]]]:
    """Write every usable clip; return the spans of these, and row and reason of the others."""
    spans: list[_Span] = []
    failed: list[tuple[int, str]] = []
    bytes_per_frame = plan.channels * np.dtype(np.float32).itemsize
    for row, entry in enumerate(plan.entries):
        start = file.tell()
        write = _write_whole if plan.prepare.mode == "crop" else _write_fixed
        try:
            first, length, gain = write(plan, entry, file)
            spans.append(_Span(row, start // bytes_per_frame + first, length, gain))
        except (BadAudio, MissingExtra) as error:
            failed.append((row, str(error)))
            file.seek(start)
            file.truncate()
        report_progress("preparing the recordings", (row + 1) / len(plan.entries))
        if progress is not None:
            progress(row + 1, len(plan.entries))
    return spans, failed


def _write_fixed(plan: _StorePlan, entry: Entry, file: BinaryIO) -> tuple[int, int, float]:
    """Write one clip of ``n_samples``; return its first frame (0), length and gain (1: it is normalised already)."""
    n_samples = plan.n_samples or 0
    longest = n_samples + seconds_to_samples(ONSET_SEARCH_SECONDS, plan.sample_rate)
    blocks: list[np.ndarray] = []
    for block in decode_at(entry, plan.sample_rate, plan.channels):
        blocks.append(block)
        if sum(decoded.shape[1] for decoded in blocks) >= longest:
            break
    wave = np.concatenate(blocks, axis=1) if blocks else np.zeros((plan.channels, 0), dtype=np.float32)
    _refuse_useless(entry, float(np.abs(wave).max(initial=0.0)))
    clip = plan.prepare.apply(wave, plan.sample_rate, n_samples)
    file.write(np.ascontiguousarray(clip.T, dtype="<f4").tobytes())
    return 0, n_samples, 1.0


def _write_whole(plan: _StorePlan, entry: Entry, file: BinaryIO) -> tuple[int, int, float]:
    """Write a whole file block by block; return the first frame, length and gain of the trimmed clip."""
    peak = 0.0
    length = 0
    first_loud: int | None = None
    last_loud = 0
    for block in decode_at(entry, plan.sample_rate, plan.channels):
        level = np.abs(block).max(axis=0, initial=0.0)  # (time,)
        loud = np.flatnonzero(level > SILENT_PEAK)
        if loud.size:
            first_loud = length + int(loud[0]) if first_loud is None else first_loud
            last_loud = length + int(loud[-1])
        peak = max(peak, float(level.max(initial=0.0)))
        length += block.shape[1]
        file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
    _refuse_useless(entry, peak)
    gain = float(plan.prepare.gain(peak))
    if plan.prepare.trim and first_loud is not None:
        return first_loud, last_loud + 1 - first_loud, gain
    return 0, length, gain


def _refuse_useless(entry: Entry, peak: float) -> None:
    """Raise BadAudio for a clip that is too short or silent."""
    if entry.seconds < MIN_SECONDS:
        raise BadAudio(
            f"{entry.path} lasts {1000 * entry.seconds:.3g} ms, which is too short to be a sound; remove it."
        )
    if peak <= SILENT_PEAK:
        raise BadAudio(f"{entry.path} is silent (no sample exceeds {SILENT_PEAK:g} of full scale); remove it.")
