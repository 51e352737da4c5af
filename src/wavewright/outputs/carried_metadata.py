"""The metadata of an edited sound: what the chain leaves true; markers, lyrics and cue sheets move as the sound did."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Protocol

from ..audio import file_formats as formats
from ..audio.file_formats.metadata import AIFF, AUTOMATIC, ID3, LEVELS, ForeignPart, Marker, SoundMetadata, plain
from ..audio.metadata_file import LOOPS, losses
from ..audio.sound_file import OpenSound, SoundFormat, SoundSource, open_sound
from ..audio.wav_chunks import LoopPoints, Sampler
from ..base.channel_layouts import PLACES, PLACES_FIELD, is_usual
from ..base.json_text import parse
from .made_file import Carried
from .provenance.tags import FIELD, MANIFEST_MAGIC

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
MAX_COMMENT_LENGTH = 1_500  # characters; WAV files store up to 2 kB

LRC = r"\[(\d+):(\d\d(?:[.:]\d+)?)\]"
LRC_OFFSET = r"(?mi)^\[offset:\s*([+-]?\d+)\s*\][^\S\n]*\n?"  # ms by which all lines come earlier
LRC_LENGTH = r"(?i)\[length:"  # of the sound, which the file says itself
LRC_WORD = r"<(\d+):(\d\d(?:[.:]\d+)?)>"
INDEX = r"(?m)^([ \t]*INDEX[ \t]+\d+[ \t]+)(\d+):(\d\d):(\d\d)"
TRACK = r"(?m)^(?=[ \t]*TRACK[ \t])"
TRACK_NUMBER = r"(?m)(?<=TRACK )\d+"
CUE_FRAMES = 75  # of a second
SAME_SAMPLE = 0.01  # of a sample: where a loop is, but for the rounding of seconds
Field = tuple[str, str]
Move = Callable[[Marker], Marker | None]
"""Returns a marker where it is then, None if it is cut out."""


class Step(Protocol):
    """The part of :class:`~wavewright.effects.effect.Effect` that maps positions, loops and pitch to the output."""

    keeps_loops: ClassVar[bool]
    keeps_parts: ClassVar[bool]

    @property
    def semitones_up(self) -> float:
        """By how much the pitch rises."""

    @property
    def speed(self) -> float:
        """Seconds of the input for each of the output."""

    @property
    def brings(self) -> Path | None:
        """A file that comes before, into or after the sound."""

    def first_second(self, seconds: float | None) -> float | None:
        """Return the time of the input at which the output starts; None if it depends on the sound."""

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is."""

    def output_region(
        self, start_seconds: float, end_seconds: float, seconds: float | None
    ) -> tuple[float, float] | None:
        """Return start and end in the output of a region of the input."""

    def cuts_into(self, start_seconds: float, end_seconds: float, seconds: float | None) -> bool:
        """Return True if a part of a region alone is changed."""

    def added_markers(self, seconds: float | None) -> Iterable[Marker]:
        """Return the markers of a sound that is brought in, where they are in the output."""


def carried(source: SoundMetadata, effects: Sequence[Step], formats: Sequence[SoundFormat]) -> Carried:
    """Return the metadata of a sound after effects; formats are those before the first effect and after each."""
    timeline = _Timeline(effects, formats)
    has_other_channels = formats[0].n_channels != formats[-1].n_channels
    is_mixed = formats[0].positions is not None  # by their places
    fields: list[Field] = []
    levels: dict[str, None] = {}
    false_now, untimed = [], []
    for each in source.fields:
        name = _plain_name(each)
        if name.startswith(LEVELS):
            levels[name] = None
        elif name == FIELD.lower():
            false_now.append("its signature")
        elif has_other_channels and _is_place(each):
            false_now += [] if is_mixed or _is_usual_place(each) else [PLACES]
        elif name not in AUTOMATIC:
            moved_field = moved_text(each, timeline.marker, formats[0].seconds)
            fields += [] if moved_field is None else [moved_field]
            untimed += [f"the tag {name!r}"] if moved_field is None else []
    markers = [there for marker in source.markers if (there := timeline.marker(marker)) is not None]
    loops = tuple(moved_loop for loop in source.loops if (moved_loop := timeline.loop(loop)) is not None)
    sampler = None if source.sampler is None else timeline.sampler(source.sampler)
    parts, lost_parts, lost_within = [], [], []
    for part in source.parts:
        moved = timeline.part(part)
        parts += [] if moved is None else [moved]
        lost_parts += [part.described] if moved is None else []
        lost_within += [lost] if moved is not None and (lost := _lost_within(part, moved)) else []
    n_markers = len(source.markers) - len(markers)
    markers = sorted((*markers, *timeline.added()), key=lambda marker: marker.start)
    metadata = SoundMetadata(tuple(fields), source.pictures, tuple(markers), loops, sampler, tuple(parts))
    left_out = [
        *([f"{n_markers} of its {len(source.markers)} markers"] if n_markers else []),
        *([LOOPS] if len(loops) < len(source.loops) else []),
        *(["fractions of a sample of its loops"] if timeline.has_rounded else []),
        *(["the note of its sampler"] if sampler is None and source.sampler is not None else []),
        *([f"its level ({', '.join(levels)})"] if levels else []),
        *false_now,
        *untimed,
        *lost_parts,
        *lost_within,
        *(
            name
            for effect, there in zip(effects, formats, strict=False)
            if effect.brings
            for name in _not_brought(effect.brings, metadata, there)
        ),
    ]
    return Carried(metadata, tuple(left_out))


def left_out_of(file: SoundSource, written: SoundMetadata | None = None, seconds: float | None = None) -> list[str]:
    """Return what a file holds beside its sound that is not in the metadata of a file that was made of it.

    What programs write about a file, and our comments on what made it, are not counted; ``seconds`` is its length.
    """
    return _losses_of(open_sound(file).metadata, written or SoundMetadata(), seconds)


def left_out_of_each(files: Iterable[Path]) -> list[str]:
    """Return what several files hold beside their sound, with their names."""
    return [f"{name} of {file.name}" for file in files for name in left_out_of(file)]


def mixed(source: SoundMetadata) -> SoundMetadata:
    """Return the tags and pictures of a recording that are true of a mix of it, of another level and other channels."""
    untrue = (*LEVELS, FIELD.lower(), PLACES_FIELD.lower())
    fields = tuple(each for each in _own_fields(source) if not _plain_name(each).startswith(untrue))
    return SoundMetadata(fields, source.pictures)


def _losses_of(source: SoundMetadata, written: SoundMetadata, seconds: float | None = None) -> list[str]:
    return losses(replace(source, fields=_own_fields(source)), written, seconds)


def _own_fields(source: SoundMetadata) -> tuple[Field, ...]:
    """Return the tags but for what programs write about the file, comments on what made it, and usual places."""
    return tuple(
        each
        for each in source.fields
        if _plain_name(each) not in AUTOMATIC and not _is_origin(each) and not _is_usual_place(each)
    )


def _is_usual_place(field: Field) -> bool:
    """Return True for places of channels that files of so many channels have without a mask."""
    return _is_place(field) and is_usual(field[1])


def _is_place(field: Field) -> bool:
    return _plain_name(field) == PLACES_FIELD.lower()


def _is_origin(field: tuple[str, str]) -> bool:
    """Return True for a comment in which a program such as this one says what made the file."""
    try:
        return _plain_name(field) == "comment" and isinstance(parse(field[1]), dict)
    except ValueError:
        return False


def _not_brought(file: Path, kept: SoundMetadata, there: SoundFormat) -> list[str]:
    """Return what a file that an effect brings into a sound has beside its markers, unless that is kept."""
    sound = open_sound(file)
    header = sound.header
    names = _losses_of(replace(sound.metadata, markers=()), kept)
    if (n_mixed := header.n_channels - there.n_channels) > 0:
        names.append(f"{n_mixed} of its {header.n_channels} channels")
    if header.sample_rate > there.sample_rate:
        names.append(f"the sample rate of {header.sample_rate} Hz")
    return [f"{name} of {file.name}" for name in names]


def _plain_name(field: tuple[str, str]) -> str:
    return plain(*field)[0].lower()


def _lost_within(part: ForeignPart, moved: ForeignPart) -> str:
    """Return what of a part was taken out, empty if it is whole."""
    if part.name == formats.wav_metadata.BROADCAST:
        lost = {
            "the loudness": formats.wav_metadata.has_loudness(part.content),
            "the time": formats.wav_metadata.has_time(part.content)
            and not formats.wav_metadata.has_time(moved.content),
        }
        named = " and ".join(name for name, is_lost in lost.items() if is_lost)
        return f"{named} in the chunk 'bext'" if named else ""
    if part.name == formats.wav_metadata.IXML and part.content != moved.content:
        return "times, rates or tracks in the chunk 'iXML'"
    return ""


class _Timeline:
    """Map positions, loops and parts of a sound through a chain of effects."""

    def __init__(self, effects: Sequence[Step], formats: Sequence[SoundFormat]) -> None:
        self._steps = list(zip(effects, formats, strict=False))
        self._first, self._last = formats[0], formats[-1]
        self.has_rounded = False  # whether a loop of another length begins or ends between samples

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
            moved = (self.marker(marker, number + 1) for marker in effect.added_markers(before.seconds))
            yield from filter(None, moved)

    def loop(self, loop: LoopPoints) -> LoopPoints | None:
        """Return a loop where it is then; None if the chain cut into it or changed its seam."""
        fraction = loop.fraction / 2**32
        start, end = (position / self._first.sample_rate for position in (loop.start, loop.end + fraction))
        for effect, before in self._steps:
            ends = [effect.output_position(position, before.seconds) for position in (start, end)]
            if ends[0] is None or ends[1] is None:
                return None
            if not effect.keeps_loops or effect.cuts_into(start, end, before.seconds):
                return None
            start, end = sorted((ends[0], ends[1]))
        exact = [position * self._last.sample_rate for position in (start, end - fraction / self._last.sample_rate)]
        first, last = map(round, exact)
        is_scaled = abs(exact[1] - exact[0] - (loop.end - loop.start)) > SAME_SAMPLE
        self.has_rounded |= is_scaled and any(abs(round(each) - each) > SAME_SAMPLE for each in exact)
        return replace(loop, start=first, end=last) if first < last else None

    def sampler(self, sampler: Sampler) -> Sampler | None:
        """Return how a sampler plays the sound, which is higher if it was played faster; None beyond the MIDI notes."""
        note = sampler.note + sum(effect.semitones_up for effect, _ in self._steps)
        return replace(sampler, note=note) if 0 <= note < 128 else None

    def part(self, part: ForeignPart) -> ForeignPart | None:
        """Return a part of another program as it is true then, None if it may not be."""
        first, last = self._first, self._last
        if part.kind == ID3:
            return None if part.name in TIMED_FRAMES or MANIFEST_MAGIC in part.content else part
        if part.name in formats.wav_metadata.OWN:
            return None
        if not part.content:
            return part  # which is named when it is not written
        if (part.kind, part.name) == (AIFF, formats.aiff_metadata.REMARKS):
            return part
        if part.name == formats.wav_metadata.BROADCAST:
            offset = self._offset_seconds()
            return replace(
                part,
                content=formats.wav_metadata.moved_broadcast(part.content, offset, first.sample_rate, last.sample_rate),
            )
        if part.name in LEVEL_PARTS:
            return None
        is_timed = not self.is_unchanged
        if part.name == formats.wav_metadata.IXML:
            elements = (
                *(TIME_ELEMENTS if is_timed else ()),
                *((*RATE_ELEMENTS, *TIME_ELEMENTS) if first.sample_rate != last.sample_rate else ()),
                *(CHANNEL_ELEMENTS if first.n_channels != last.n_channels else ()),
            )
            return replace(part, content=_without_elements(part.content, dict.fromkeys(elements)))
        is_alike = (first.sample_rate, first.n_channels) == (last.sample_rate, last.n_channels)
        return part if is_alike and not is_timed and all(effect.keeps_parts for effect, _ in self._steps) else None

    def _offset_seconds(self) -> float | None:
        """Return the time of the source at which the output starts; None if it depends on the sound."""
        offset, scale = 0.0, 1.0
        for effect, before in self._steps:
            first = effect.first_second(before.seconds)
            if first is None:
                return None
            offset += first * scale
            scale *= effect.speed
        return offset


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


def carried_with(
    origin: Mapping[str, object], sound: OpenSound, effects: Sequence[Step] = (), formats: Sequence[SoundFormat] = ()
) -> Carried:
    """Return the metadata of a file that is made of a sound; its comment is its origin, with that of the sound.

    The origin says what the file is made of, and how; the comment of the source joins it if there is place for both.
    Effects and formats are those of :func:`carried`; by default the sound stays as long as it is.
    """
    kept = carried(sound.metadata, effects, formats or [sound.format])
    if comment := sound.tags.get("comment"):
        longer = {**origin, "source_comment": sound.origin or comment}
        origin = longer if len(json.dumps(longer)) <= MAX_COMMENT_LENGTH else origin
    return kept.with_comment(origin)


def moved_text(field: Field, move: Move, seconds: float | None) -> Field | None:
    """Return a tag with the times in its text where they are then; None if none of them is left.

    What lasts until the next time begins at the start of what is left of it. ``seconds`` is the length of the sound.
    """
    name, text = field
    own = plain(name, "")[0].lower()
    if own.endswith("lyrics") and re.search(LRC, text):
        text = _moved_lyrics(text, move, seconds)
    elif own == "cuesheet" and re.search(INDEX, text):
        text = _moved_sheet(text, move, seconds)
    return (name, text) if text else None


def _moved_lyrics(text: str, move: Move, seconds: float | None) -> str:
    """Return lyrics in the order of their times, which hold their offset then; as they are if they do not move."""
    offset = sum(int(found[1]) for found in re.finditer(LRC_OFFSET, text)) / 1_000
    n_digits = 3 if re.search(r"[.:]\d{3}[]>]", text) else 2
    heads, lines = [], []
    for line in re.sub(LRC_OFFSET, "", text).splitlines():
        times = []
        rest = line
        while found := re.match(LRC, rest):
            times.append(max(0.0, _seconds(found) - offset))
            rest = rest[found.end() :]
        if not times and not re.match(LRC_LENGTH, line):
            heads.append(line)
        lines += [(time, rest) for time in times]
    lines.sort(key=lambda each: each[0])

    def word(found: re.Match[str]) -> str:
        there = move(Marker(max(0.0, _seconds(found) - offset)))
        return "" if there is None else f"<{_clock(there.start, n_digits)}>"

    shifted = []
    ends = [*(time for time, _ in lines[1:]), seconds]
    for (start, line), end in zip(lines, ends, strict=True):
        there = _start(start, end, move)
        if there is not None:
            shifted.append((there, re.sub(LRC_WORD, word, line)))
    shifted.sort(key=lambda each: each[0])
    if [time for time, _ in shifted] == [time for time, _ in lines]:
        return text
    return "\n".join([*heads, *(f"[{_clock(time, n_digits)}]{line}" for time, line in shifted)]) if shifted else ""


def _moved_sheet(text: str, move: Move, seconds: float | None) -> str:
    head, *tracks = re.split(TRACK, text)
    starts = [
        next((_frames(at) for at in re.finditer(INDEX, track) if " 01 " in f"{at[1]} "), None) for track in tracks
    ]
    if not tracks or None in starts:
        return ""
    kept = []
    for number, track in enumerate(tracks):
        start = starts[number]
        end = starts[number + 1] if number + 1 < len(tracks) else seconds
        there = _start(start or 0.0, end, move)
        if there is None:
            continue

        def index(found: re.Match[str], first: float = there) -> str:
            number, point = int(found[1].split()[1]), move(Marker(_frames(found)))
            time = first if number == 1 else None if point is None else point.start
            if time is None or (number == 0 and time > first) or (number > 1 and time < first):
                return ""
            frames = round(CUE_FRAMES * time)
            return (
                f"{found[1]}{frames // (60 * CUE_FRAMES):02d}:{frames // CUE_FRAMES % 60:02d}:{frames % CUE_FRAMES:02d}"
            )

        kept.append((there, re.sub(INDEX, index, track)))
    kept.sort(key=lambda each: each[0])
    numbers = sorted(re.findall(TRACK_NUMBER, "".join(track for _, track in kept)))
    ordered = (re.sub(TRACK_NUMBER, number, track, count=1) for number, (_, track) in zip(numbers, kept, strict=True))
    lines = [line for part in (head, *ordered) for line in part.splitlines() if line.strip()]
    return "\n".join(lines) + "\n" * text.endswith("\n") if kept else ""


def _start(start: float, end: float | None, move: Move) -> float | None:
    """Return where something that lasts from one time to another begins then, None if nothing of it is left."""
    there = move(Marker(start, end if end is not None and end > start else None))
    return None if there is None else there.start


def _seconds(found: re.Match[str]) -> float:
    return 60.0 * int(found[1]) + float(found[2].replace(":", "."))


def _frames(found: re.Match[str]) -> float:
    return 60.0 * int(found[2]) + int(found[3]) + int(found[4]) / CUE_FRAMES


def _clock(seconds: float, n_digits: int) -> str:
    scale = 10**n_digits
    parts = round(scale * seconds)
    return f"{parts // (60 * scale):02d}:{parts // scale % 60:02d}.{parts % scale:0{n_digits}d}"
