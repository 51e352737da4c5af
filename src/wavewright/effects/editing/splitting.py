"""Split a sound file into files: at its silences, at times, or into parts of at most a length."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ...audio.clip import Clip, suffix_like, warn_of_left_out, write_blocks
from ...audio.sound_file import OpenSound
from ...audio.wave_blocks import ClippingMeter
from ...base.errors import BadAudio, BadFolder, BadSetting
from ...base.names import file_stem
from ...base.units import gain_to_db, samples_to_seconds, seconds_to_samples
from ...base.whole_file import check_not_read, whole_folder
from ...dsp.levels import FrameLevels
from ...dsp.silence import QuietFrames, SilenceDetector, cuts_at_silence, split_at_silence
from ...outputs.carried_metadata import carried_with
from ...outputs.made import Made, MadeFile
from ...outputs.made_file import subtype_like
from ...outputs.manifest_file import MANIFEST_FILE, known_records, manifest_lines, manifest_with
from ..trimming import Trim

BLOCK_SECONDS = 10.0
MAX_SEGMENTS = 10_000
SHORT_PAUSES_SECONDS = (0.3, 0.2, 0.1)
"""Shorter silences that are looked for where there is none of the length that was asked for."""

SMALLEST = 1e-6
OFFSET_DB = 6.0
"""By how much the quietest moment is lower without its mean if a constant offset hides the silence."""

LOUDEST_PAUSE_DB = -15

Span = tuple[int, int]
"""First sample of a segment, and the one after its last."""


@dataclass(frozen=True)
class SilenceSplit:
    """Settings of a split at silences, see :func:`.silence.split_at_silence`."""

    silence_db: float = -50.0
    min_silence_seconds: float = 0.5
    min_seconds: float = 0.1
    padding_seconds: float = 0.05

    def spans(self, sound: OpenSound) -> tuple[list[Span], str]:
        """Return the segments of a file, and advice; raise BadAudio if it has no sound above the threshold."""
        path, header = sound.path, sound.header
        quiet = QuietFrames(header.sample_rate, header.n_channels)

        def blocks() -> Iterator[np.ndarray]:
            for block in sound.blocks(BLOCK_SECONDS):
                quiet.add(block)
                yield block

        spans = split_at_silence(
            blocks(),
            header.sample_rate,
            threshold_db=self.silence_db,
            min_silence_seconds=self.min_silence_seconds,
            min_seconds=self.min_seconds,
            padding_seconds=self.padding_seconds,
        )
        if not spans:
            raise BadAudio(
                f"{path} has no sound of {self.min_seconds:g} s above {self.silence_db:g} dB; lower the threshold."
            )
        return spans, self._advice(path, quiet, spans[0], header.sample_rate) if len(spans) == 1 else ""

    def _advice(self, path: Path, quiet: QuietFrames, span: Span, sample_rate: int) -> str:
        """Return why a file with a single segment has no silence in it, and what to do; empty if it is too short."""

        def quietest_db(seconds: float) -> tuple[float, float]:
            found = quiet.quietest(*span, seconds_to_samples(seconds, sample_rate)) or (1.0, 1.0)
            return float(gain_to_db(max(found[0], SMALLEST))), float(gain_to_db(max(found[1], SMALLEST)))

        if quiet.quietest(*span, seconds_to_samples(self.min_silence_seconds, sample_rate)) is None:
            return ""
        for seconds in SHORT_PAUSES_SECONDS:
            if seconds < self.min_silence_seconds and quietest_db(seconds)[0] <= self.silence_db:
                return (
                    f"Its pauses below {self.silence_db:g} dB are shorter than {self.min_silence_seconds:g} s; try "
                    f"--min-silence {seconds:g}."
                )
        peak_db, without_offset_db = quietest_db(self.min_silence_seconds)
        where = f"Its quietest {self.min_silence_seconds:g} s"
        threshold_db = math.ceil(without_offset_db) + 1
        if without_offset_db < peak_db - OFFSET_DB:
            then = f", then split that with --silence-db {threshold_db}" if without_offset_db > self.silence_db else ""
            name = shlex.quote(str(path))
            return (
                f"{where} have a constant offset of {peak_db:.1f} dB; remove it first: wavewright edit {name} --do "
                f"dc{then}."
            )
        if threshold_db > LOUDEST_PAUSE_DB:
            return f"{where} reach {peak_db:.1f} dB: there is no pause; split it with --at-most, --every or --at."
        return f"{where} reach {peak_db:.1f} dB, above {self.silence_db:g} dB; try --silence-db {threshold_db}."


@dataclass(frozen=True)
class TimeSplit:
    """Settings of a split at times in seconds, and every ``every_seconds``."""

    at_seconds: tuple[float, ...] = ()
    every_seconds: float | None = None

    def spans(self, sound: OpenSound) -> tuple[list[Span], str]:
        """Return the segments of a file, and no advice; raise BadSetting for a time outside it."""
        header = sound.header
        n_samples = sum(block.shape[1] for block in sound.blocks(BLOCK_SECONDS))
        seconds = samples_to_seconds(n_samples, header.sample_rate)
        times = [*self.at_seconds]
        if self.every_seconds is not None:
            n_segments = math.ceil(seconds / self.every_seconds)
            _check_number(n_segments)
            times += [index * self.every_seconds for index in range(1, n_segments)]
        for time in times:
            if not 0 < time < seconds:
                raise BadSetting(f"{sound.path} cannot be split at {time:g} s, since it is {seconds:.3f} s long.")
        cuts = sorted({seconds_to_samples(time, header.sample_rate) for time in times} - {0, n_samples})
        return list(pairwise([0, *cuts, n_samples])), ""


@dataclass(frozen=True)
class LengthSplit:
    """Settings of a split into parts of at most ``at_most_seconds``, see :func:`.silence.cuts_at_silence`."""

    at_most_seconds: float
    silence_db: float = SilenceSplit.silence_db
    min_silence_seconds: float = SilenceSplit.min_silence_seconds

    def spans(self, sound: OpenSound) -> tuple[list[Span], str]:
        """Return the segments of a file, which are all of it, and how many of the cuts are in no silence."""
        header = sound.header
        detector = SilenceDetector(self.silence_db, self.min_silence_seconds * header.sample_rate)
        levels = FrameLevels(header.sample_rate, header.n_channels)
        silences = []
        for block in sound.blocks(BLOCK_SECONDS):
            silences += detector.add(block)
            levels.add(block)
        silences += detector.last()
        n_longest = max(1, math.floor(self.at_most_seconds * header.sample_rate))
        _check_number(detector.n_samples // n_longest)
        cuts, n_loud = cuts_at_silence(silences, levels.powers(), levels.n_frame, detector.n_samples, n_longest)
        advice = ""
        if n_loud:
            advice = (
                f"{n_loud} of {len(cuts)} cuts are at the quietest moment, since no silence of "
                f"{self.min_silence_seconds:g} s below {self.silence_db:g} dB is near; --min-silence and --silence-db "
                "change that."
            )
        return list(pairwise([0, *cuts, detector.n_samples])), advice


Split = SilenceSplit | TimeSplit | LengthSplit


@dataclass(frozen=True)
class Segment:
    """One file of a split: its name, and its start and end in the source, seconds."""

    file: str
    start_seconds: float
    end_seconds: float


def split_file(sound: OpenSound, out: Path, split: Split) -> Made:
    """Split a sound file of any length into files of a folder, all or none, in bounded memory.

    The bits of a sample, and the tags, stay those of the source where the format has them. A manifest lists the files.

    Raises BadAudio or BadSetting if the source cannot be read or split; BadFolder if the folder cannot be written to,
    or a file would be replaced that is no part of the source.
    """
    source, header = sound.path, sound.header
    spans, advice = split.spans(sound)
    _check_number(len(spans))
    suffix = suffix_like(source).lower()
    n_digits = max(2, len(str(len(spans))))
    names = [f"{file_stem(source.stem)}_{number:0{n_digits}d}{suffix}" for number in range(1, len(spans) + 1)]
    segments = [
        Segment(name, samples_to_seconds(start, header.sample_rate), samples_to_seconds(end, header.sample_rate))
        for name, (start, end) in zip(names, spans, strict=True)
    ]
    for name in names:
        check_not_read(out / name, source)
    earlier = _earlier_parts(out, source, names)
    source_hash = sound.hash

    def write_manifest(hidden: Path) -> None:
        records = {
            segment.file: {
                "audio_filepath": segment.file,
                "duration": round(segment.end_seconds - segment.start_seconds, 6),
                "source": source.name,
                "source_hash": source_hash,
                "start_seconds": round(segment.start_seconds, 6),
            }
            for segment in segments
        }
        (hidden / MANIFEST_FILE).write_text(manifest_with(out, records), encoding="utf-8")

    subtype = subtype_like(header, Path(names[0]))
    clipping = ClippingMeter()
    whole = sound.format
    left_out: list[str] = []
    with whole_folder(out, MANIFEST_FILE, write_manifest) as hidden:
        for segment, clips in zip(segments, _segments(sound, spans), strict=False):
            origin = {"source": source.name, "source_hash": source_hash, "start_seconds": segment.start_seconds}
            trim = Trim(segment.start_seconds, segment.end_seconds)
            seconds = segment.end_seconds - segment.start_seconds
            kept = carried_with(origin, sound, (trim,), (whole, replace(whole, seconds=seconds)))
            left_out += (each for each in kept.left_out if "markers" not in each)  # they are in other files
            path = hidden / segment.file
            write_blocks(path, clips, subtype, kept.metadata, clipping=clipping, left_out=left_out)
    warn_of_left_out(out, left_out)
    clipped = clipping.result()
    notes = [advice] if advice else []
    if earlier:
        what = f"{earlier[0]} is" if len(earlier) == 1 else f"{len(earlier)} files, such as {earlier[0]}, are"
        notes.append(f"{what} of an earlier split of {source.name}, and left in {out}.")
    if clipped:
        name = shlex.quote(str(source))
        notes.append(clipped.warning(f"lower it first: wavewright edit {name} --do 'normalise -1dB'"))
    files = tuple(
        MadeFile(
            path=out / each.file,
            source=source,
            seconds=each.end_seconds - each.start_seconds,
            sample_rate=header.sample_rate,
            n_channels=header.n_channels,
            details={"start_seconds": each.start_seconds, "end_seconds": each.end_seconds},
        )
        for each in segments
    )
    return Made(out=out, files=files, notes=tuple(notes), details={"clipped": clipped} if clipped else {})


def _earlier_parts(out: Path, source: Path, names: Sequence[str]) -> list[str]:
    """Return the files of a folder that an earlier split of a source made, and this one does not replace.

    Raises BadFolder if a file that is no part of the source would be replaced.
    """
    part = known_records(out)
    known = [name for name, _ in manifest_lines(out / MANIFEST_FILE) if part(out / name, {"source": source.name})]
    for name in names:
        if (out / name).exists() and name not in known:
            raise BadFolder(
                f"{out / name} exists, and is no part of {source.name}; give another folder with --out, or move it."
            )
    return [name for name in known if name not in names]


def _segments(sound: OpenSound, spans: Sequence[Span]) -> Iterator[Iterator[Clip]]:
    """Yield the blocks of each segment; those of one must be read before the next."""
    blocks = sound.blocks(BLOCK_SECONDS)
    block = next(blocks)
    first = 0  # sample of the block

    def segment(start: int, end: int) -> Iterator[Clip]:
        nonlocal block, first
        while True:
            inside = slice(max(0, start - first), max(0, min(block.shape[1], end - first)))
            if inside.stop > inside.start:
                yield Clip(block[:, inside], sound.header.sample_rate)
            following = next(blocks, None) if end > first + block.shape[1] else None
            if following is None:
                return
            first, block = first + block.shape[1], following

    for start, end in spans:
        yield segment(start, end)


def _check_number(n_segments: int) -> None:
    if n_segments > MAX_SEGMENTS:
        raise BadSetting(f"The sound would be split into {n_segments} files; at most {MAX_SEGMENTS} are written.")
