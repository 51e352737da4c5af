"""ClipStore: every clip decoded once, prepared, and kept in one file that is mapped into memory."""

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

from ..errors import BadAudio, BadFolder, BadSetting, MissingExtra
from ..units import seconds_to_samples
from ..whole_file import hidden_path, sweep_once, write_whole
from .decode import decode_at
from .entry import SHORTEST_SECONDS, SILENT_PEAK, Entry, Problem, first_problem
from .preparation import Preparation, fit

FORMAT_VERSION = (
    1  # raise it where the same clips and settings come out otherwise, so that older stores are built again
)
UNUSED_DAYS = 60  # after which a store is removed when another is written
CLIPS_FILE = "clips.f32"
INDEX_FILE = "index.json"
LONGEST_ONE_SHOT_SECONDS = 60.0
"""Of a file that is prepared to a fixed length, this much beyond that length is decoded to look for the onset."""

_KEY = re.compile("[0-9a-f]{32}")

Progress = Callable[[int, int], None]
"""Told how many clips are done, and of how many."""


@dataclass(frozen=True)
class _Place:
    """Where a clip lies in the clips file: ``length`` frames from frame ``start`` on, to be multiplied by ``gain``."""

    entry: int
    start: int
    length: int
    gain: float = 1.0


class ClipStore:
    """Prepared clips of one sample rate, read from disk as they are asked for; make one with :meth:`build`.

    Attributes: ``entries`` (those that could be used), ``problems`` (those that could not), ``sample_rate`` in hertz, ``n_samples``
    (the length of every clip, None for whole files), ``channels``, ``n_bytes`` on disk.
    """

    def __init__(self, folder: Path, entries: Sequence[Entry]) -> None:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        self._folder = folder
        self.sample_rate: int = index["sample_rate"]
        self.n_samples: int | None = index["n_samples"]
        self.channels: int = index["channels"]
        self._places = [_Place(**place) for place in index["places"]]
        self.entries = [entries[place.entry] for place in self._places]
        self.problems = tuple(Problem(entries[position].path, reason) for position, reason in index["problems"])
        # Frames, not channels, follow each other in the file, so that a long clip can be written as it is decoded.
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
        """Decode, resample and prepare ``entries`` into the cache, or open what an earlier call with the same files left there.

        The key of a store is made of every file's path, size and time of change and of the settings, so a changed file is decoded
        again. Clips that are damaged, silent or too short are left out and listed in ``problems``. ``n_samples`` may be None for
        whole files (mode ``crop``). The cache is the user's cache folder unless one is given.
        Raises BadFolder where no clip can be used or the disk is full, BadSetting where a setting is impossible.
        """
        _check(entries, sample_rate, n_samples, prepare, channels)
        if cache_folder is None:
            import platformdirs

            cache_folder = platformdirs.user_cache_path("wavewright") / "clips"
        plan = _Plan(tuple(entries), sample_rate, n_samples, prepare, channels)
        folder = Path(cache_folder) / plan.key()
        sweep_once(folder.parent)
        sweep_once(folder)
        if not _is_whole(folder):
            _write_store(plan, folder, progress)
            _remove_unused(folder)
        with contextlib.suppress(OSError):  # a cache that may only be read
            os.utime(folder / INDEX_FILE)
        return cls(folder, entries)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, i: int) -> np.ndarray:
        """Clip ``i`` as ``(channels, n_samples)`` float32; a whole file as ``(channels, its length)``."""
        return self.crop(i, 0, self._places[i].length if self.n_samples is None else self.n_samples)

    def crop(self, i: int, start: int, n_samples: int) -> np.ndarray:
        """Samples ``start`` to ``start + n_samples`` of clip ``i`` as ``(channels, n_samples)`` float32, zeros after its end."""
        place = self._places[i]
        if not 0 <= start < place.length or n_samples < 1:
            raise BadSetting(
                f"Samples {start} to {start + n_samples} of clip {i} were asked for; it has {place.length}, and at least one is needed."
            )
        first = place.start + start
        last = place.start + min(start + n_samples, place.length)
        return fit(self._frames[first:last].T * np.float32(place.gain), n_samples)

    def kept(self, name: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """What an earlier call with this name computed from the clips, or what ``compute`` gives, which is kept beside them.

        The name must say all that the arrays depend on besides the clips.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file, save

        path = self._folder / f"{name}.safetensors"
        with contextlib.suppress(OSError, SafetensorError):
            return load_file(path)
        computed = {
            name: np.ascontiguousarray(array) for name, array in compute().items()
        }  # as safetensors takes them to be
        with contextlib.suppress(OSError):  # a cache that may only be read
            write_whole(path, save(computed))
        return computed

    @property
    def lengths(self) -> list[int]:
        """The number of samples of every clip."""
        return [place.length for place in self._places]

    @property
    def labels(self) -> list[str | None]:
        """The label of every clip."""
        return [entry.label for entry in self.entries]

    @property
    def groups(self) -> list[str | None]:
        """The group of every clip."""
        return [entry.group for entry in self.entries]


@dataclass(frozen=True)
class _Plan:
    """What a store is asked to hold."""

    entries: tuple[Entry, ...]
    sample_rate: int
    n_samples: int | None
    prepare: Preparation
    channels: int

    def key(self) -> str:
        """A name that changes with every file and setting that the samples depend on."""
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
        """About how large the clips file will be."""
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
    """Whether ``folder`` holds a store whose files are all there; a damaged one is removed."""
    try:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        if (folder / CLIPS_FILE).stat().st_size == index["n_bytes"]:
            return True
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _remove_unused(used: Path) -> None:
    """Remove the stores beside ``used`` that nobody has opened for UNUSED_DAYS."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for index in used.parent.glob(f"*/{INDEX_FILE}"):
        folder = index.parent
        with contextlib.suppress(OSError):  # another training may be removing it as well
            if folder != used and _KEY.fullmatch(folder.name) and index.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _write_store(plan: _Plan, folder: Path, progress: Progress | None) -> None:
    """Write the store to ``folder``, which appears whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with hidden_path(folder.parent) as unfinished:
            unfinished.mkdir()
            _fill(plan, unfinished, progress)
            _move_into_place(unfinished, folder)
    except OSError as error:
        raise BadFolder(_why_not_written(plan, folder.parent, error)) from error


def _fill(plan: _Plan, folder: Path, progress: Progress | None) -> None:
    """Write the clips and the index of a store into an empty folder."""
    if plan.estimated_bytes() > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, "no space left")
    with (folder / CLIPS_FILE).open("wb") as file:
        places, problems = _write_clips(plan, file, progress)
        n_bytes = file.tell()
    if not places:
        listed = [Problem(plan.entries[position].path, reason) for position, reason in problems]
        raise BadFolder(f"None of the {len(plan.entries)} clips can be used: {first_problem(listed)}.")
    index = {
        "sample_rate": plan.sample_rate,
        "n_samples": plan.n_samples,
        "channels": plan.channels,
        "n_bytes": n_bytes,
        "places": [asdict(place) for place in places],
        "problems": problems,
    }
    (folder / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")


def _move_into_place(unfinished: Path, folder: Path) -> None:
    try:
        unfinished.replace(folder)
    except OSError:
        if not _is_whole(folder):  # else another process has built the same store meanwhile
            raise


def _why_not_written(plan: _Plan, cache_folder: Path, error: OSError) -> str:
    if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return f"The prepared clips cannot be kept in {cache_folder} ({error.strerror or error}); give another cache folder."
    needed = plan.estimated_bytes() / 1e6
    return f"The disk of {cache_folder} is full: the prepared clips need {needed:.0f} MB; free space or give another cache folder."


def _write_clips(plan: _Plan, file: BinaryIO, progress: Progress | None) -> tuple[list[_Place], list[tuple[int, str]]]:
    """Write every clip that can be used; returns their places and the others' positions and problems."""
    places: list[_Place] = []
    problems: list[tuple[int, str]] = []
    bytes_per_frame = plan.channels * np.dtype(np.float32).itemsize
    for position, entry in enumerate(plan.entries):
        start = file.tell()
        write = _write_whole if plan.prepare.mode == "crop" else _write_fixed
        try:
            first, length, gain = write(plan, entry, file)
            places.append(_Place(position, start // bytes_per_frame + first, length, gain))
        except (BadAudio, MissingExtra) as error:
            problems.append((position, str(error)))
            file.seek(start)
            file.truncate()
        if progress is not None:
            progress(position + 1, len(plan.entries))
    return places, problems


def _write_fixed(plan: _Plan, entry: Entry, file: BinaryIO) -> tuple[int, int, float]:
    """Write one clip of ``n_samples``; returns its first frame (0), length and gain (1: it is levelled already)."""
    n_samples = plan.n_samples or 0
    longest = n_samples + seconds_to_samples(LONGEST_ONE_SHOT_SECONDS, plan.sample_rate)
    blocks: list[np.ndarray] = []
    for block in decode_at(entry, plan.sample_rate, plan.channels):
        blocks.append(block)
        if sum(part.shape[1] for part in blocks) >= longest:
            break
    wave = np.concatenate(blocks, axis=1) if blocks else np.zeros((plan.channels, 0), dtype=np.float32)
    _refuse_useless(entry, float(np.abs(wave).max(initial=0.0)))
    clip = plan.prepare.apply(wave, plan.sample_rate, n_samples)
    file.write(np.ascontiguousarray(clip.T, dtype="<f4").tobytes())
    return 0, n_samples, 1.0


def _write_whole(plan: _Plan, entry: Entry, file: BinaryIO) -> tuple[int, int, float]:
    """Write a whole file block by block; returns the first frame, length and gain of what is kept of it."""
    peak, length, first_loud, last_loud = 0.0, 0, None, 0
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
    if entry.seconds < SHORTEST_SECONDS:
        raise BadAudio(
            f"{entry.path} lasts {1000 * entry.seconds:.3g} ms, which is too short to be a sound; remove it."
        )
    if peak <= SILENT_PEAK:
        raise BadAudio(f"{entry.path} is silent (no sample exceeds {SILENT_PEAK:g} of full scale); remove it.")
