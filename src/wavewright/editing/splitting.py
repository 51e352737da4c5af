"""Split a sound file into files: at its silences, at given times, or every so many seconds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..clip import FORMATS, Clip, read_blocks, read_header, read_metadata, write_blocks
from ..converted_folder import hash_of, subtype_like
from ..dsp.silence import split_at_silence
from ..errors import BadAudio, BadFolder, BadSetting
from ..json_text import line_of
from ..manifest_file import MANIFEST_FILE, manifest_lines
from ..names import file_stem
from ..notebook import files_html
from ..units import samples_to_seconds, seconds_to_samples
from ..whole_file import whole_folder

BLOCK_SECONDS = 10.0
MAX_SEGMENTS = 10_000

Span = tuple[int, int]
"""First sample of a segment, and the one after its last."""


@dataclass(frozen=True)
class SilenceSplit:
    """Settings of a split at silences, see :func:`.silence.split_at_silence`."""

    silence_db: float = -50.0
    min_silence_seconds: float = 0.5
    min_seconds: float = 0.1
    padding_seconds: float = 0.05

    def spans(self, path: Path, sample_rate: int) -> list[Span]:
        """Return the segments of a file; raise BadAudio if it has no sound above the threshold."""
        spans = split_at_silence(
            (block.wave for block in read_blocks(path, BLOCK_SECONDS)),
            sample_rate,
            threshold_db=self.silence_db,
            min_silence_seconds=self.min_silence_seconds,
            min_seconds=self.min_seconds,
            padding_seconds=self.padding_seconds,
        )
        if not spans:
            raise BadAudio(
                f"{path} has no sound of {self.min_seconds:g} s above {self.silence_db:g} dB; lower the threshold."
            )
        return spans


@dataclass(frozen=True)
class TimeSplit:
    """Settings of a split at times in seconds, and every ``every_seconds``."""

    at_seconds: tuple[float, ...] = ()
    every_seconds: float | None = None

    def spans(self, path: Path, sample_rate: int) -> list[Span]:
        """Return the segments of a file; raise BadSetting for a time outside it."""
        n_samples = sum(block.n_samples for block in read_blocks(path, BLOCK_SECONDS))
        seconds = samples_to_seconds(n_samples, sample_rate)
        times = [*self.at_seconds]
        if self.every_seconds is not None:
            n_segments = math.ceil(seconds / self.every_seconds)
            _check_number(n_segments)
            times += [index * self.every_seconds for index in range(1, n_segments)]
        for time in times:
            if not 0 < time < seconds:
                raise BadSetting(f"{path} cannot be split at {time:g} s, since it is {seconds:.3f} s long.")
        cuts = sorted({seconds_to_samples(time, sample_rate) for time in times} - {0, n_samples})
        return list(zip([0, *cuts], [*cuts, n_samples], strict=True))


@dataclass(frozen=True)
class Segment:
    """One file of a split: its name, and its start and end in the source, seconds."""

    file: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, kw_only=True)
class SplitFile:
    """The files that a sound file was split into."""

    file: Path
    out: Path
    sample_rate: int
    segments: tuple[Segment, ...]

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return tuple(self.out / segment.file for segment in self.segments)

    def _repr_html_(self) -> str:
        """Return players and the text for notebooks."""
        return files_html(self.sound_files, self)

    def __str__(self) -> str:
        """Return the files with their times."""
        lines = [f"{self.file} -> {len(self.segments)} files in {self.out}"]
        lines += [
            f"  {segment.file}: {segment.start_seconds:.3f} to {segment.end_seconds:.3f} s" for segment in self.segments
        ]
        return "\n".join(lines)


def split_file(source: Path, out: Path, split: SilenceSplit | TimeSplit) -> SplitFile:
    """Split a sound file of any length into files of a folder, all or none, in bounded memory.

    The bits of a sample, and the tags, stay those of the source where the format has them. A manifest lists the files.

    Raises
    ------
    BadAudio, BadSetting
        If the source cannot be read or split.
    BadFolder
        If the folder cannot be written to, or the source itself would be replaced.
    """
    header = read_header(source)
    spans = split.spans(source, header.sample_rate)
    _check_number(len(spans))
    suffix = source.suffix.lower() if source.suffix.lower() in FORMATS else ".wav"
    n_digits = max(2, len(str(len(spans))))
    names = [f"{file_stem(source.stem)}_{number:0{n_digits}d}{suffix}" for number in range(1, len(spans) + 1)]
    segments = [
        Segment(name, samples_to_seconds(start, header.sample_rate), samples_to_seconds(end, header.sample_rate))
        for name, (start, end) in zip(names, spans, strict=True)
    ]
    _check_free(source, out, names)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file of that name that is not a manifest before any work
    tags, source_hash = read_metadata(source), hash_of(source)

    def write_manifest(hidden: Path) -> None:
        retained = [line for file, line in manifest_lines(out / MANIFEST_FILE) if file not in names]
        added = [
            line_of(
                {
                    "audio_filepath": segment.file,
                    "duration": round(segment.end_seconds - segment.start_seconds, 6),
                    "source": source.name,
                    "source_hash": source_hash,
                    "start_seconds": round(segment.start_seconds, 6),
                }
            )
            for segment in segments
        ]
        (hidden / MANIFEST_FILE).write_text("".join([*retained, *added]), encoding="utf-8")

    subtype = subtype_like(header, Path(names[0]))
    with whole_folder(out, MANIFEST_FILE, write_manifest) as hidden:
        for segment, clips in zip(segments, _segments(source, spans), strict=False):
            origin = {"source": source.name, "source_hash": source_hash, "start_seconds": segment.start_seconds}
            write_blocks(hidden / segment.file, clips, subtype, {**tags, "comment": json.dumps(origin)})
    return SplitFile(file=source, out=out, sample_rate=header.sample_rate, segments=tuple(segments))


def _segments(source: Path, spans: Sequence[Span]) -> Iterator[Iterator[Clip]]:
    """Yield the blocks of each segment; those of one must be read before the next."""
    blocks = read_blocks(source, BLOCK_SECONDS)
    block = next(blocks)
    first = 0  # sample of the block

    def segment(start: int, end: int) -> Iterator[Clip]:
        nonlocal block, first
        while True:
            inside = slice(max(0, start - first), max(0, min(block.n_samples, end - first)))
            if inside.stop > inside.start:
                yield Clip(block.wave[:, inside], block.sample_rate)
            following = next(blocks, None) if end > first + block.n_samples else None
            if following is None:
                return
            first, block = first + block.n_samples, following

    for start, end in spans:
        yield segment(start, end)


def _check_number(n_segments: int) -> None:
    if n_segments > MAX_SEGMENTS:
        raise BadSetting(f"The sound would be split into {n_segments} files; at most {MAX_SEGMENTS} are written.")


def _check_free(source: Path, out: Path, names: Sequence[str]) -> None:
    """Raise BadFolder if the source itself would be replaced."""
    for name in names:
        path = out / name
        if path.exists() and path.samefile(source):
            raise BadFolder(f"{path} is the recording itself, which is never replaced; give another folder with --out.")
