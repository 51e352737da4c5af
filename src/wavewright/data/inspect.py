"""Inspect a collection of recordings: contents, defects and remedies."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..base.errors import BadAudio, BadFolder, MissingExtra
from ..base.progress_bar import report_progress
from ..base.result import Failed, first_of
from ..base.units import gain_to_db
from ..dsp.levels import ClippingDetector, LevelMeter
from .duplicates import equal_sets, fingerprint, near_duplicates
from .entry import MIN_SECONDS, SILENT_PEAK, Entry, Scan
from .own_output import marked_entries
from .preparation import decode
from .report import InspectionReport, warnings_of

HEAD_SECONDS = 5.0
"""Length of the excerpt, from the first sample that is not silent, of which the fingerprint is computed."""


@dataclass(frozen=True)
class ClipMeasurements:
    """Measurements of one clip over all channels; silence is what does not exceed -60 dBFS."""

    entry: Entry
    seconds: float  # decoded length
    peak: float
    rms: float
    dc_offset: float  # mean of the channel whose mean is farthest from 0
    n_clipped: int  # runs at an extreme, see ClippingDetector
    leading_silence_seconds: float
    trailing_silence_seconds: float
    mono_db: float  # level of the mean of the channels over that of the channels; 0 for one channel
    audio_hash: str  # equal for equal samples in any file format
    fingerprint: np.ndarray | None  # see duplicates.fingerprint; None for a silent clip

    @property
    def is_silent(self) -> bool:
        """True if no sample exceeds -60 dBFS."""
        return self.peak <= SILENT_PEAK


def measure(entry: Entry) -> ClipMeasurements:
    """Decode a clip once, block by block, and measure it.

    Raises BadAudio or MissingExtra if the clip cannot be decoded.
    """
    meter = _ClipMeter(entry)
    for block in decode(entry):
        meter.add(block)
    return meter.result()


class _ClipMeter:
    """Running sums over the blocks of one clip."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.levels = LevelMeter(entry.channels)
        self.clipping = ClippingDetector(entry.channels)
        self.first_loud: int | None = None
        self.last_loud = 0
        self.head: list[np.ndarray] = []
        self.power = self.mono_power = 0.0
        self.hash = hashlib.blake2b(f"{entry.sample_rate} {entry.channels}".encode(), digest_size=16)

    def add(self, block: np.ndarray) -> None:
        """Add the next samples, ``(channels, time)``."""
        self.hash.update(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
        loud = np.flatnonzero((np.abs(block) > SILENT_PEAK).any(axis=0))
        if loud.size:
            if self.first_loud is None:
                self.first_loud = self.levels.n_samples + int(loud[0])
            self.last_loud = self.levels.n_samples + int(loud[-1])
        self._append_head(block)
        self.levels.add(block)
        self.clipping.add(block)
        self.power += float(np.square(block, dtype=np.float64).mean(axis=0).sum())
        self.mono_power += float(np.square(block.mean(axis=0, dtype=np.float64)).sum())

    def _append_head(self, block: np.ndarray) -> None:
        """Append the mean of the channels to the excerpt for the fingerprint."""
        if self.first_loud is None:
            return
        n_missing = int(HEAD_SECONDS * self.entry.sample_rate) - sum(segment.size for segment in self.head)
        start = max(self.first_loud - self.levels.n_samples, 0)
        self.head.append(block[:, start : start + max(n_missing, 0)].mean(axis=0))

    def result(self) -> ClipMeasurements:
        """Return the measurements of all blocks."""
        sample_rate = self.entry.sample_rate
        levels = self.levels
        is_silent = self.first_loud is None
        return ClipMeasurements(
            entry=self.entry,
            seconds=levels.n_samples / sample_rate,
            peak=float(levels.peaks.max()),
            rms=levels.rms,
            dc_offset=levels.dc_offset,
            n_clipped=self.clipping.result().n_runs,
            leading_silence_seconds=(levels.n_samples if self.first_loud is None else self.first_loud) / sample_rate,
            trailing_silence_seconds=0.0 if is_silent else (levels.n_samples - 1 - self.last_loud) / sample_rate,
            mono_db=float(gain_to_db(math.sqrt(self.mono_power / self.power))) if self.power else 0.0,
            audio_hash=self.hash.hexdigest(),
            fingerprint=None if is_silent else fingerprint(np.concatenate(self.head), sample_rate),
        )


MIN_DC_OFFSET = 0.01
"""A clip has a DC offset if its mean is farther from 0 than this and than a tenth of its RMS level."""

LONG_LEADING_SECONDS = 0.1
LONG_TRAILING_SECONDS = 1.0

MAX_COMPARED = 20_000
"""Largest number of clips that are compared for near-duplicates: the time grows with its square."""

MIN_MONO_DB = -20.0
"""Level of the mean of the channels over that of the channels below which they cancel each other."""

MAX_PEAK = 8.0
"""Peak, relative to full scale, above which floating-point samples have another scale, such as that of integers."""

MAX_THREADS = 8

Progress = Callable[[int, int], None]
"""Called with the number of clips that are done and the number of all."""


def inspect_clips(scan: Scan, folder: Path | str, progress: Progress | None = None) -> InspectionReport:
    """Decode every clip once, in bounded memory, and report the contents and defects of a folder.

    - ``scan``: clips and unusable files of the folder.
    - ``folder``: folder or manifest, for the names in the report.
    - ``progress``: called after every clip.

    Raises BadFolder if no clip can be decoded.
    """
    clips, failed = _measure_all(scan, progress)
    if not clips:
        raise BadFolder(f"{folder} holds no sound that can be used: {first_of(failed)}.")
    root = Path(folder) if Path(folder).is_dir() else Path(folder).parent
    names = [_name(clip.entry.path, clip.entry.offset_seconds, root) for clip in clips]

    def names_where(conditions: Iterable[bool]) -> list[str]:
        return [name for name, holds in zip(names, conditions, strict=True) if holds]

    report = InspectionReport(
        folder=str(folder),
        n_clips=len(clips),
        hours=sum(clip.seconds for clip in clips) / 3600,
        labels=dict(sorted(Counter(clip.entry.label or "none" for clip in clips).items())),
        n_groups=len({clip.entry.group for clip in clips} - {None}),
        sample_rates=dict(sorted(Counter(clip.entry.sample_rate for clip in clips).items())),
        channels=dict(sorted(Counter(clip.entry.channels for clip in clips).items())),
        seconds=_quantiles([clip.seconds for clip in clips]),
        peak_db=_quantiles([float(gain_to_db(clip.peak)) for clip in clips]),
        clipped=names_where(clip.n_clipped > 0 for clip in clips),
        silent=names_where(clip.is_silent for clip in clips),
        too_short=names_where(clip.seconds < MIN_SECONDS for clip in clips),
        leading_silence=names_where(
            not clip.is_silent and clip.leading_silence_seconds > LONG_LEADING_SECONDS for clip in clips
        ),
        trailing_silence=names_where(clip.trailing_silence_seconds > LONG_TRAILING_SECONDS for clip in clips),
        dc_offset=names_where(abs(clip.dc_offset) > max(MIN_DC_OFFSET, 0.1 * clip.rms) for clip in clips),
        antiphase=names_where(not clip.is_silent and clip.mono_db < MIN_MONO_DB for clip in clips),
        off_scale=names_where(clip.peak > MAX_PEAK for clip in clips),
        duplicates=[[names[i] for i in members] for members in equal_sets([clip.audio_hash for clip in clips])],
        near_duplicates=_near_duplicate_names(clips, names),
        marked=[
            _name(entry.path, entry.offset_seconds, root) for entry in marked_entries([clip.entry for clip in clips])
        ],
        notes=tuple(scan.notes),
        failed=tuple(Failed(_name(Path(each.what), 0, root), each.reason) for each in failed),
    )
    return replace(report, warnings=tuple(warnings_of(report)))


def _measure_all(scan: Scan, progress: Progress | None) -> tuple[list[ClipMeasurements], list[Failed]]:
    """Measure every clip; return the measurements, and the files of the scan and the clips that failed."""
    clips: list[ClipMeasurements] = []
    failed = list(scan.failed)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS)) as pool:
        for n_done, measured in enumerate(pool.map(_measured, scan.entries), start=1):
            if isinstance(measured, Failed):
                failed.append(measured)
            else:
                clips.append(measured)
            report_progress("inspecting", n_done / len(scan.entries))
            if progress is not None:
                progress(n_done, len(scan.entries))
    return clips, failed


def _measured(entry: Entry) -> ClipMeasurements | Failed:
    """Return the measurements of a clip, or why it cannot be used."""
    try:
        return measure(entry)
    except (BadAudio, MissingExtra) as error:
        return Failed(entry.path, str(error))


def _name(path: Path, offset_seconds: float, folder: Path) -> str:
    """Return the path of a clip below the folder, and its offset in the file."""
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
    return f"{name} at {offset_seconds:g} s" if offset_seconds else name


def _quantiles(values: list[float]) -> dict[str, float]:
    fractions = {"min": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95, "max": 1.0}
    return {name: float(np.quantile(values, fraction)) for name, fraction in fractions.items()}


def _near_duplicate_names(clips: list[ClipMeasurements], names: list[str]) -> list[list[str]] | None:
    """Return sets of near-duplicates by name, without sets of exact copies; None where there are too many clips."""
    audible = [(clip, name) for clip, name in zip(clips, names, strict=True) if clip.fingerprint is not None]
    if len(audible) > MAX_COMPARED:
        return None
    if not audible:
        return []
    sets = near_duplicates(np.stack([clip.fingerprint for clip, _ in audible if clip.fingerprint is not None]))
    return [
        [audible[i][1] for i in members] for members in sets if len({audible[i][0].audio_hash for i in members}) > 1
    ]
