"""The metadata of an edited sound: what the chain leaves true, with positions moved as the sound was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path

from ...audio.channel_layouts import PLACES_FIELD
from ...audio.clip import Clip, warn_of_left_out, write_blocks
from ...audio.file_formats import aiff_metadata, id3_metadata, wav_metadata
from ...audio.file_formats.metadata import AUTOMATIC, LEVELS, ForeignPart, Marker, SoundMetadata, plain
from ...audio.metadata_losses import LOOPS, PLACES, losses, name_of
from ...audio.sound_file import read_all_metadata, read_header, read_origin
from ...audio.wav_chunks import LoopPoints, Sampler
from ...audio.wave_blocks import ClippingMeter
from ...base.json_text import parse
from ...outputs.converted_folder import subtype_like
from ...outputs.provenance.tags import FIELD, MANIFEST_MAGIC
from .. import Effect, FadeIn, FadeOut, MakeLoop, Pad, PitchShift, RemoveSilence, Speed, Trim, TrimSilence
from . import timed_text
from .chain import SoundFormat
from .effects_with_files import Append, Insert

TIMED_FRAMES = ("SYLT", "ETCO", "SYTC", "RVA2", "RVAD", "EQU2", "EQUA", "RGAD", "POSS")
"""ID3 frames about times and levels of the sound."""

LEVEL_PARTS = ("levl", "plst", "umid")
"""Chunks about the level of the sound, the numbers of its cue points, and the recording itself."""

TIME_ELEMENTS = (
    *("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO", "SYNC_POINT_LIST"),
    *("BWF_TIME_REFERENCE_HIGH", "BWF_TIME_REFERENCE_LOW", "LOOP"),
)
RATE_ELEMENTS = ("FILE_SAMPLE_RATE", "DIGITIZER_SAMPLE_RATE", "TIMESTAMP_SAMPLE_RATE")
CHANNEL_ELEMENTS = ("TRACK_LIST",)
TOLERANCE_SECONDS = 1e-9
MAX_COMMENT_LENGTH = 1_500  # characters; WAV files store up to 2 kB


@dataclass(frozen=True)
class Carried:
    """The metadata of an edited sound, and what of the source's is left out."""

    metadata: SoundMetadata
    left_out: tuple[str, ...]

    def with_comment(self, origin: Mapping[str, object]) -> Carried:
        """Return the same with a comment that says what made the file; the source's is left out unless it holds it."""
        is_lost = self.metadata.tags.get("comment") and "source_comment" not in origin
        metadata = self.metadata.with_tags({"comment": json.dumps(origin)})
        return Carried(metadata, (*self.left_out, *(["the tag 'comment'"] if is_lost else [])))


def carried(source: SoundMetadata, effects: Sequence[Effect], formats: Sequence[SoundFormat]) -> Carried:
    """Return the metadata of a sound after effects.

    Parameters
    ----------
    source
        That of the sound before.
    effects
        The effects.
    formats
        Formats before the first effect and after each.
    """
    timeline = _Timeline(effects, formats)
    fields = [each for each in source.fields if _plain_name(each) not in AUTOMATIC]
    levels = [_plain_name(each) for each in fields if _plain_name(each).startswith(LEVELS)]
    fields = [each for each in fields if not _plain_name(each).startswith(LEVELS)]
    untrue = {FIELD.lower(): "its signature"}
    if formats[0].n_channels != formats[-1].n_channels:
        untrue[PLACES_FIELD.lower()] = PLACES
    false_now = [untrue[_plain_name(each)] for each in fields if _plain_name(each) in untrue]
    fields = [each for each in fields if _plain_name(each) not in untrue]
    moved_fields = [(each, timed_text.moved(each, timeline.marker, formats[0].seconds)) for each in fields]
    markers = [(marker, timeline.marker(marker)) for marker in source.markers]
    loops = tuple(there for loop in source.loops if (there := timeline.loop(loop)) is not None)
    sampler = None if source.sampler is None else timeline.sampler(source.sampler)
    parts = [(part, timeline.part(part)) for part in source.parts]
    metadata = SoundMetadata(
        tuple(moved for _, moved in moved_fields if moved is not None),
        source.pictures,
        tuple(sorted((*(moved for _, moved in markers if moved), *timeline.added()), key=lambda marker: marker.start)),
        loops,
        sampler,
        tuple(moved for _, moved in parts if moved is not None),
    )
    n_markers = sum(moved is None for _, moved in markers)
    left_out = [
        *([f"{n_markers} of its {len(source.markers)} markers"] if n_markers else []),
        *([LOOPS] if len(loops) < len(source.loops) else []),
        *(["the note of its sampler"] if sampler is None and source.sampler is not None else []),
        *([f"its level ({', '.join(dict.fromkeys(levels))})"] if levels else []),
        *false_now,
        *(f"the tag {_plain_name(each)!r}" for each, moved in moved_fields if moved is None),
        *(name_of(part) for part, moved in parts if moved is None),
        *(lost for part, moved in parts if moved is not None and (lost := _lost_within(part, moved))),
        *(name for effect in effects if isinstance(effect, Append | Insert) for name in _not_brought(effect, metadata)),
    ]
    return Carried(metadata, tuple(left_out))


def write_as(
    source: Path,
    out: Path,
    blocks: Iterable[Clip],
    origin: Mapping[str, object] | None,
    clipping: ClippingMeter,
    called: Path | None = None,
) -> None:
    """Write a sound as long as its source to a file, with what the source holds beside its sound; name the rest.

    ``origin`` is what the comment of the file says, see :func:`with_source_comment`; by default the comment stays.
    ``called`` is the file's name in messages.
    """
    header = read_header(source)
    unchanged = SoundFormat(header.sample_rate, header.n_channels, header.seconds)
    kept = carried(read_all_metadata(source), (), (unchanged,))
    kept = kept if origin is None else kept.with_comment(origin)
    left_out = [*kept.left_out]
    write_blocks(
        out, blocks, subtype_like(header, out), kept.metadata, header.seconds, clipping=clipping, left_out=left_out
    )
    warn_of_left_out(called or out, left_out)


def left_out_of(file: Path, written: SoundMetadata | None = None, seconds: float | None = None) -> list[str]:
    """Return what a file holds beside its sound that is not in the metadata of a file that was made of it.

    What programs write about a file, and our comments on what made it, are not counted; ``seconds`` is its length.
    """
    return _losses_of(read_all_metadata(file), written or SoundMetadata(), seconds)


def _losses_of(source: SoundMetadata, written: SoundMetadata, seconds: float | None = None) -> list[str]:
    fields = tuple(each for each in source.fields if _plain_name(each) not in AUTOMATIC and not _is_origin(each))
    return losses(replace(source, fields=fields), written, seconds)


def _is_origin(field: tuple[str, str]) -> bool:
    """Return True for a comment in which a program such as this one says what made the file."""
    try:
        return _plain_name(field) == "comment" and isinstance(parse(field[1]), dict)
    except ValueError:
        return False


def _not_brought(effect: Append | Insert, kept: SoundMetadata) -> list[str]:
    """Return what a file that an effect brings in holds beside its sound and its markers, unless that is kept."""
    brought = replace(read_all_metadata(effect.file), markers=())
    return [f"{name} of {effect.file.name}" for name in _losses_of(brought, kept)]


def _plain_name(field: tuple[str, str]) -> str:
    return plain(*field)[0].lower()


def _lost_within(part: ForeignPart, moved: ForeignPart) -> str:
    """Return what of a part was taken out, empty if it is whole."""
    if part.name == wav_metadata.BROADCAST:
        lost = {
            "the loudness": wav_metadata.has_loudness(part.content),
            "the time": wav_metadata.has_time(part.content) and not wav_metadata.has_time(moved.content),
        }
        named = " and ".join(name for name, is_lost in lost.items() if is_lost)
        return f"{named} in the chunk 'bext'" if named else ""
    if part.name == wav_metadata.IXML and part.content != moved.content:
        return "times, rates or tracks in the chunk 'iXML'"
    return ""


class _Timeline:
    """How moments of a sound move through effects."""

    def __init__(self, effects: Sequence[Effect], formats: Sequence[SoundFormat]) -> None:
        self._steps = list(zip(effects, formats, strict=False))
        self._first, self._last = formats[0], formats[-1]

    @property
    def is_unchanged(self) -> bool:
        """True if every moment stays, and the length, as far as they are known."""
        lengths = {self._first.seconds, self._last.seconds}
        seconds = self._first.seconds or 0.0
        return len(lengths) == 1 and all(self._position(time) == time for time in (0.0, 0.25 * seconds, 0.75 * seconds))

    def _position(self, seconds: float) -> float | None:
        position: float | None = seconds
        for effect, before in self._steps:
            if position is None:
                return None
            position = effect.output_position(position, before.seconds)
        return position

    def marker(self, marker: Marker, first_step: int = 0) -> Marker | None:
        """Return a marker where it is then, None if it is cut out; of a region, what is kept of it.

        - ``first_step``: the effects before are left out.
        """
        start, end = marker.start, marker.end
        for effect, before in self._steps[first_step:]:
            if end is None:
                position = effect.output_position(start, before.seconds)
                if position is None:
                    return None
                start = position
            else:
                region = effect.output_region(start, end, before.seconds)
                if region is None:
                    return None
                start, end = region
        return replace(marker, start=start, end=end)

    def added(self) -> Iterator[Marker]:
        """Yield the markers of files that effects bring in, where they are then."""
        for number, (effect, before) in enumerate(self._steps):
            start: float | None = None
            if isinstance(effect, Insert):
                start = effect.at_seconds
            elif isinstance(effect, Append) and before.seconds is not None:
                length = read_header(effect.file).seconds or 0.0
                start = before.seconds - min(effect.crossfade_seconds, before.seconds, length)
            if start is None or not isinstance(effect, Insert | Append):
                continue
            for marker in read_all_metadata(effect.file).markers:
                end = None if marker.end is None else start + marker.end
                moved = self.marker(replace(marker, start=start + marker.start, end=end), number + 1)
                if moved is not None:
                    yield moved

    def loop(self, loop: LoopPoints) -> LoopPoints | None:
        """Return a loop where it is then; None if the chain cut into it or changed its seam."""
        start, end = (position / self._first.sample_rate for position in (loop.start, loop.end))
        for effect, before in self._steps:
            ends = [effect.output_position(position, before.seconds) for position in (start, end)]
            if ends[0] is None or ends[1] is None:
                return None
            if not effect.keeps_loops or _cuts_into(effect, start, end, before.seconds):
                return None
            start, end = sorted((ends[0], ends[1]))
        first, last = (round(position * self._last.sample_rate) for position in (start, end))
        return replace(loop, start=first, end=last) if first < last else None

    def sampler(self, sampler: Sampler) -> Sampler | None:
        """Return how a sampler plays the sound, which is higher if it was played faster; None beyond the MIDI notes."""
        note = sampler.note
        for effect, _ in self._steps:
            if isinstance(effect, Speed):
                note += 12 * log2(effect.factor)
            elif isinstance(effect, PitchShift):
                note += effect.semitones
        return replace(sampler, note=note) if 0 <= note < 128 else None

    def part(self, part: ForeignPart) -> ForeignPart | None:
        """Return a part of another program as it is true then, None if it may not be."""
        first, last = self._first, self._last
        if part.kind == id3_metadata.KIND:
            return None if part.name in TIMED_FRAMES or MANIFEST_MAGIC in part.content else part
        if part.name in wav_metadata.OWN:
            return None
        if not part.content:
            return part  # which is named when it is not written
        if (part.kind, part.name) == (aiff_metadata.KIND, aiff_metadata.REMARKS):
            return part
        if part.name == wav_metadata.BROADCAST:
            offset = self._offset_seconds()
            return replace(
                part,
                content=wav_metadata.moved_broadcast(part.content, offset, first.sample_rate, last.sample_rate),
            )
        if part.name in LEVEL_PARTS:
            return None
        is_timed = not self.is_unchanged
        if part.name == wav_metadata.IXML:
            elements = (
                *(TIME_ELEMENTS if is_timed else ()),
                *((*RATE_ELEMENTS, *TIME_ELEMENTS) if first.sample_rate != last.sample_rate else ()),
                *(CHANNEL_ELEMENTS if first.n_channels != last.n_channels else ()),
            )
            return replace(part, content=_without_elements(part.content, dict.fromkeys(elements)))
        is_alike = (first.sample_rate, first.n_channels) == (last.sample_rate, last.n_channels)
        has_pitch = any(isinstance(effect, PitchShift | MakeLoop) for effect, _ in self._steps)
        return part if is_alike and not is_timed and not has_pitch else None

    def _offset_seconds(self) -> float | None:
        """Return the time of the source at which the output starts; None if it depends on the sound."""
        offset, scale = 0.0, 1.0
        for effect, before in self._steps:
            if isinstance(effect, RemoveSilence | TrimSilence):
                return None
            if isinstance(effect, Speed):
                scale *= effect.factor
            elif isinstance(effect, Pad):
                offset -= effect.start_seconds * scale
            elif isinstance(effect, Trim):
                start = effect.start_seconds
                offset += (start if start >= 0 else max(0.0, (before.seconds or 0.0) + start)) * scale
        return offset


def _cuts_into(effect: Effect, start: float, end: float, seconds: float | None) -> bool:
    """Return True if an effect changes a part of a loop alone."""
    if isinstance(effect, Insert):
        return start < effect.at_seconds < end
    if isinstance(effect, FadeIn):
        return start < effect.seconds
    return isinstance(effect, FadeOut) and (seconds is None or end > seconds - effect.seconds + TOLERANCE_SECONDS)


def _without_elements(xml: bytes, names: Sequence[str] | dict[str, None]) -> bytes:
    """Return XML without elements of some names and what is in them."""
    for name in names:
        spans = list(_element_spans(xml, name.encode()))
        for start, end in reversed(spans):
            xml = xml[:start] + xml[end:]
    return xml


def _element_spans(xml: bytes, name: bytes) -> Iterator[tuple[int, int]]:
    position = 0
    while opening := re.compile(rb"<" + name + rb"[\s/>]").search(xml, position):
        closing = re.compile(rb"</" + name + rb"\s*>|/>").search(xml, opening.start())
        if closing is None:
            return
        if closing[0] == b"/>" and b">" in xml[opening.start() : closing.start()]:
            closing = re.compile(rb"</" + name + rb"\s*>").search(xml, opening.start())
            if closing is None:
                return
        yield opening.start(), closing.end()
        position = closing.end()


def with_source_comment(origin: Mapping[str, object], source: Path, comment: str) -> dict[str, object]:
    """Return the contents of a file's comment, with the comment of its source if both fit."""
    if not comment:
        return dict(origin)
    longer = {**origin, "source_comment": read_origin(source) or comment}
    return longer if len(json.dumps(longer)) <= MAX_COMMENT_LENGTH else dict(origin)
