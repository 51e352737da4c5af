"""Read Standard MIDI Files: formats 0, 1 and 2, with as much of damaged ones as is there.

The format is that of the MIDI Manufacturers Association (Standard MIDI Files 1.0, RP-001).
"""

from __future__ import annotations

import re
import struct
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...base.errors import BadScore
from ..engine import DRUM_BANKS, DRUM_CHANNEL
from ..score import (
    CONTROL,
    CONTROL_CHANGE,
    KEY,
    METRE,
    NOTE,
    PITCH_BEND,
    RELEASE_VELOCITY,
    TEXT,
    Chord,
    MetaEvent,
    Score,
    Track,
    empty,
)
from ..theory import MODES
from ..timing import MAX_TICK, TEMPO

TRACK_NAME, PORT, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x21, 0x2F, 0x51, 0x58, 0x59
CHORD_PREFIX = "chord:"
"""Prefix of the text events that hold chord symbols."""

MODE_PREFIX = "mode:"
"""Prefix of the text events after the key signatures that have no bit for their mode."""

NOTE_OFF, NOTE_ON = 0x8, 0x9
SYSEX, SYSEX_CONTINUED, META = 0xF0, 0xF7, 0xFF
MAX_DENOMINATOR_LOG2 = 7
US_PER_SECOND = 1_000_000

_GS_RHYTHM_PART = re.compile(rb"\x41.\x42\x12\x40([\x10-\x1f])\x15([\x00-\x02])", re.DOTALL)
"""Message of Roland's GS by which a part plays drums (1 or 2) or none (0)."""

MIN_RUN_BYTES = 256
"""Bytes of consecutive messages from which on they are decoded together."""

_RUN = re.compile(rb"(?>[\x80-\xff]{0,3}+[\x00-\x7f][\x80-\xbf\xe0-\xef]?+[\x00-\x7f]{2})*+", re.DOTALL)
"""Messages of two data bytes with their times, each with a status or without."""


N_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of messages of the system, which files may not have; the others have none."""


class TooLongError(BadScore):
    """A MIDI file of more than MAX_TICK ticks."""

    def __init__(self, tick: int) -> None:
        super().__init__(f"The MIDI file lasts {tick} ticks; at most {MAX_TICK} are allowed.")


@dataclass
class TrackEvents:
    """The events of a track of a file, in their order.

    ``messages`` are those of channels, each in one integer: tick, status, and two data bytes, from the highest bit.
    """

    messages: array[int] = field(default_factory=lambda: array("q"))
    metas: list[MetaEvent] = field(default_factory=list)
    end: int = 0
    problem: str = ""
    is_open: bool = False


def read_midi(contents: bytes) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Read a MIDI file.

    - returns ``scores``: one, or one for each track of format 2.
    - returns ``warnings``: what was damaged and left out or repaired.

    Raises BadScore if it is no MIDI file, or nothing of it can be read.
    """
    warnings: list[str] = []
    contents = _without_riff(contents, warnings)
    if contents[:4] != b"MThd":
        raise BadScore("It is no MIDI file: it does not begin with MThd.")
    if len(contents) < 14:
        raise BadScore(f"It is a MIDI file that ends in its header, after {len(contents)} bytes.")
    midi_format, n_tracks, division = (int.from_bytes(contents[at : at + 2], "big") for at in (8, 10, 12))
    if midi_format > 2:
        warnings.append(f"The format is {midi_format}, which does not exist; the tracks are played together.")
    clock = _division(division)
    tracks = [_read_track(contents, *span) for span in _track_spans(contents, warnings)]
    if len(tracks) != n_tracks:
        warnings.append(f"The header says {n_tracks} tracks; the file has {len(tracks)}.")
    if not tracks:
        raise BadScore("The MIDI file has no track.")
    warnings += [f"Track {number}: {track.problem}" for number, track in enumerate(tracks, 1) if track.problem]
    if midi_format == 0:  # its name is that of the music
        tracks = [*(replace(tracks[0], messages=array("q")), replace(tracks[0], metas=[])), *tracks[1:]]
    groups = [[track] for track in tracks] if midi_format == 2 else [tracks]
    return tuple(_score_of(group, clock, warnings) for group in groups), tuple(warnings)


def _without_riff(contents: bytes, warnings: list[str]) -> bytes:
    """Return the MIDI file in a RIFF file of the kind RMID, or the contents."""
    start = contents.find(b"MThd", 12, 64)
    if contents[:4] != b"RIFF" or contents[8:12] != b"RMID" or start < 0:
        return contents
    n_bytes = int.from_bytes(contents[start - 4 : start], "little")
    end = start + n_bytes if n_bytes else len(contents)
    others, position = [], end + end % 2
    while position + 12 <= len(contents):
        kind, n_bytes, form = struct.unpack_from("<4sI4s", contents, position)
        others.append(form if kind in (b"LIST", b"RIFF") else kind)
        position += 8 + n_bytes + n_bytes % 2
    _name_chunks(others, warnings)
    return contents[start:end]


def _name_chunks(kinds: Sequence[bytes], warnings: list[str]) -> None:
    """Name chunks of a file that are not read."""
    if names := ", ".join(dict.fromkeys(kind.decode("latin-1").strip() for kind in kinds)):
        warnings.append(f"It has chunks that are not read: {names}.")


@dataclass(frozen=True)
class _Division:
    """Ticks of a quarter, and the fixed tempo of files that count frames of film."""

    ticks_per_quarter: int
    us_per_quarter: int | None = None


def _division(division: int) -> _Division:
    if not division & 0x8000:
        if division == 0:
            raise BadScore("The MIDI file has 0 ticks in a quarter; it must have at least 1.")
        return _Division(division)
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in (24, 25, 29, 30) or ticks == 0:
        raise BadScore(f"The MIDI file counts {ticks} ticks in each of {frames} frames a second, which does not exist.")
    if frames == 29:  # 30 frames in 1.001 s; a quarter stands for 30 frames
        return _Division(30 * ticks, 1_001_000)
    return _Division(frames * ticks, US_PER_SECOND)


def _track_spans(contents: bytes, warnings: list[str]) -> list[tuple[int, int]]:
    """Return start and end of each track; chunks of other kinds are skipped."""
    position = 8 + max(6, int.from_bytes(contents[4:8], "big"))
    spans, others = [], []
    while position + 8 <= len(contents):
        kind, length = contents[position : position + 4], int.from_bytes(contents[position + 4 : position + 8], "big")
        start, end = position + 8, position + 8 + length
        if kind == b"MTrk":
            spans.append((start, min(end, len(contents))))
            if end > len(contents):
                warnings.append(f"Track {len(spans)} ends {end - len(contents)} bytes after the end of the file.")
        elif not kind.isalnum():
            warnings.append(f"{len(contents) - position} bytes from byte {position} on are no chunk of a MIDI file.")
            break
        else:
            others.append(kind)
        position = end
    _name_chunks(others, warnings)
    return spans


def _read_track(contents: bytes, start: int, end: int) -> TrackEvents:  # noqa: C901 (one loop over all kinds)
    """Read the events of a track, up to the first damage."""
    events = TrackEvents(is_open=True)
    data = contents[start:end]
    append, n_bytes = events.messages.append, end - start
    tick = position = at = status = bits = run_end = 0
    try:
        while position < n_bytes:
            if position >= run_end:
                run = _RUN.match(data, position)
                run_end = position if run is None else run.end()
                if run_end - position >= MIN_RUN_BYTES and _has_status(data, position, status):
                    tick, status = _read_run(events, np.frombuffer(data[position:run_end], np.uint8), tick, status)
                    position, bits = run_end, status << 16
                    continue
            at = position
            delta = data[at]
            position += 1
            if delta >= 0x80:
                if data[position] < 0x80:  # most are no longer
                    delta = (delta & 0x7F) << 7 | data[position]
                    position += 1
                else:
                    delta, position = _variable_length(data, at)
            tick += delta
            if tick > MAX_TICK:
                raise TooLongError(tick)
            first = data[position]
            position += 1
            if first >= SYSEX:
                position = _read_other(events, contents, start, data, position, tick)
                if position == n_bytes:
                    break
                continue
            if first >= 0x80:
                status, bits = first, first << 16
                first = data[position]
                position += 1
            if 0xC0 <= status < 0xE0:
                second = 0
            else:
                second = data[position]
                position += 1
            if (first | second) >= 0x80 or not status:
                raise BadScore(f"the message at byte {start + at} is damaged; what follows is left out.")
            append(tick << 24 | bits | first << 8 | second)
    except TooLongError:
        raise
    except BadScore as error:
        events.problem = str(error)
    except IndexError:
        events.problem = "it ends in the middle of an event."
    if events.is_open and not events.problem:
        events.problem = "it has no end."
    events.end = tick
    return events


def _has_status(data: bytes, position: int, status: int) -> bool:
    """Return True if the message at a position has a status, or that before it is one of two data bytes."""
    if 0x80 <= status < 0xC0 or 0xE0 <= status < SYSEX:
        return True
    while data[position] >= 0x80:
        position += 1
    return data[position + 1] >= 0x80


def _read_run(events: TrackEvents, run: np.ndarray, tick: int, status: int) -> tuple[int, int]:
    """Read messages of two data bytes; return their last tick and status.

    Of the bytes below 0x80, each message has three: the last of its time, and its data.
    """
    low = np.flatnonzero(run < 0x80).reshape(-1, 3)
    time_end, first, second = low.T
    n_higher = time_end - np.append(-1, second[:-1]) - 1
    delta = run[time_end].astype(np.int64)
    for number in range(1, 4):
        is_used = n_higher >= number
        delta[is_used] |= (run[time_end[is_used] - number].astype(np.int64) & 0x7F) << 7 * number
    ticks = tick + np.cumsum(delta)
    if ticks[-1] > MAX_TICK:
        raise TooLongError(int(ticks[-1]))
    latest = np.maximum.accumulate(np.where(first - time_end == 2, np.arange(len(first)), -1))
    statuses = np.where(latest < 0, status, run[time_end[latest] + 1]).astype(np.int64)
    messages = ticks << 24 | statuses << 16 | run[first].astype(np.int64) << 8 | run[second]
    events.messages.frombytes(messages.tobytes())
    return int(ticks[-1]), int(statuses[-1])


def _read_other(events: TrackEvents, contents: bytes, start: int, data: bytes, position: int, tick: int) -> int:
    """Read an event that is no message of a channel, at the byte after its first; return the position after it."""
    first = kind = data[position - 1]
    if first not in (META, SYSEX, SYSEX_CONTINUED):
        events.problem = f"a message {first:#x} of the system was skipped, which files may not have."
        return position + N_SYSTEM_BYTES.get(first, 0)
    if first == META:
        kind = data[position]
        position += 1
        if kind >= 0x80:
            raise BadScore(f"an event of the unknown kind {kind:#x} is damaged; what follows is left out.")
    length, position = _variable_length(data, position)
    if position + length > len(data):
        raise IndexError
    if (first, kind) == (META, END_OF_TRACK):
        events.is_open = False
        return len(data)
    events.metas.append(MetaEvent(tick, kind, contents[start + position : start + position + length]))
    return position + length


def _variable_length(data: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length, and the position after it; IndexError if it has more than four bytes."""
    value = 0
    for at in range(position, position + 4):
        value = value << 7 | data[at] & 0x7F
        if data[at] < 0x80:
            return value, at + 1
    raise IndexError


def _score_of(tracks: Sequence[TrackEvents], clock: _Division, warnings: list[str]) -> Score:
    """Return the tracks of a file as one score."""
    end = max(track.end for track in tracks)
    common = _CommonEvents(clock, warnings)
    metas = [common.collect(track.metas) for track in tracks]
    by_track = _by_channel(tracks, warnings)
    drum_parts = _drum_parts(tracks)
    has_conductor = not tracks[0].messages
    title, score_metas = _named(metas[0]) if has_conductor else ("", [])
    texts = (meta.text for of_track in metas for meta in of_track if meta.kind == TEXT)
    if title in ("", "Soft Karaoke") and (named := next((text[2:] for text in texts if text.startswith("@T")), "")):
        title, score_metas = named, metas[0] if has_conductor else []  # of karaoke; the name stays an event
    chords = [Chord(meta.tick, meta.text[len(CHORD_PREFIX) :]) for meta in score_metas if _is_chord(meta)]
    made = []
    for index in range(has_conductor, len(tracks)):
        of_track = by_track.get(index, [])
        if not of_track and not metas[index]:
            continue
        name, others = _named(metas[index])
        port = next((meta.data[0] for meta in others if _is_port(meta)), 0)
        others = [meta for meta in others if not _is_port(meta)]
        for number, (channel, notes, controls) in enumerate(of_track or [(None, empty(NOTE), empty(CONTROL))]):
            own_metas = tuple(others) if number == 0 else ()
            made.append(Track(notes, name, False, channel, port, controls, own_metas))
    return Score(
        tuple(_on_channels(made, drum_parts)),
        clock.ticks_per_quarter,
        np.array(common.tempos, TEMPO),
        np.array(common.metres, METRE),
        np.array(common.keys, KEY),
        tuple(chords),
        tuple(meta for meta in score_metas if not _is_chord(meta)),
        title,
        end,
    )


def _drum_parts(tracks: Sequence[TrackEvents]) -> list[tuple[int, int, bool]]:
    """Return tick, channel and whether it plays drums of the messages of GS that say it, by tick."""
    parts = []
    for meta in (meta for track in tracks for meta in track.metas if meta.kind == SYSEX):
        match = _GS_RHYTHM_PART.match(meta.data)
        if match is not None:
            block = match[1][0] & 0xF
            channel = DRUM_CHANNEL if block == 0 else block - (block <= DRUM_CHANNEL)
            parts.append((meta.tick, channel, match[2] != b"\0"))
    return sorted(parts)


def _on_channels(tracks: Sequence[Track], drum_parts: list[tuple[int, int, bool]]) -> Iterator[Track]:
    """Yield the tracks with what other tracks of their channels set before their first notes, and whether they drum."""
    by_channel: dict[tuple[int, int | None], list[Track]] = {}
    for track in (each for each in tracks if len(each.controls)):
        by_channel.setdefault((track.port, track.channel), []).append(track)
    for track in tracks:
        first = int(track.notes["start"][0] if len(track.notes) else track.controls["tick"].max(initial=0))
        values: dict[tuple[int, int], tuple[int, int, bool]] = {}
        for other in by_channel.get((track.port, track.channel), ()):
            n_before = np.searchsorted(other.controls["tick"], first, side="right")
            for tick, kind, number, value, _ in other.controls[:n_before].tolist():
                if tick >= values.get((kind, number), (0,))[0]:
                    values[kind, number] = tick, value, other is track
        inherited = {key: value for key, (_, value, is_own) in values.items() if not is_own and len(track.notes)}
        said = [is_drum for tick, channel, is_drum in drum_parts if channel == track.channel and tick <= first]
        is_drum_bank = values.get((CONTROL_CHANGE, 0), (0, 0))[1] in DRUM_BANKS
        yield replace(
            track,
            is_drum=said[-1] if said else track.channel == DRUM_CHANNEL or is_drum_bank,
            inherited=inherited,
        )


def _is_chord(meta: MetaEvent) -> bool:
    return meta.kind == TEXT and meta.text.startswith(CHORD_PREFIX) and meta.text.encode() == meta.data


def _is_port(meta: MetaEvent) -> bool:
    return meta.kind == PORT and len(meta.data) == 1 and meta.data[0] > 0 and meta.tick == 0


def _named(metas: list[MetaEvent]) -> tuple[str, list[MetaEvent]]:
    """Return the name of a track, and the other events; names that are no UTF-8 stay among them."""
    index = next((index for index, meta in enumerate(metas) if meta.kind == TRACK_NAME), None)
    if index is None:
        return "", metas
    name = metas[index]
    is_plain = name.tick == 0 and name.data and name.text.encode() == name.data
    return name.text, metas[:index] + metas[index + 1 :] if is_plain else metas


class _CommonEvents:
    """Tempos, metres and keys of all tracks, sorted by tick."""

    def __init__(self, clock: _Division, warnings: list[str]) -> None:
        self._clock = clock
        self._warnings = warnings
        self._has_fixed_tempo = clock.us_per_quarter is not None
        self._tempos: list[tuple[int, int]] = [(0, clock.us_per_quarter)] if clock.us_per_quarter is not None else []
        self._metres: list[tuple[int, int, int, int, int]] = []
        self._keys: list[tuple[int, int, str]] = []

    def collect(self, metas: list[MetaEvent]) -> list[MetaEvent]:
        """Store the common events of a track; return the others."""
        return [meta for meta in metas if not self._stores(meta)]

    def _stores(self, meta: MetaEvent) -> bool:
        tick, data = meta.tick, meta.data
        if meta.kind == SET_TEMPO and len(data) == 3:
            us = int.from_bytes(data, "big")
            if us == 0 or self._has_fixed_tempo:
                reason = "is 0" if us == 0 else "does not apply to times in frames"
                self._warnings.append(f"The tempo at tick {tick} {reason}; it is left out.")
            else:
                self._tempos.append((tick, us))
            return True
        if meta.kind == TIME_SIGNATURE and len(data) == 4 and data[0] and data[1] <= MAX_DENOMINATOR_LOG2:
            self._metres.append((tick, data[0], 2 ** data[1], data[2], data[3]))
            return True
        if meta.kind == KEY_SIGNATURE and len(data) == 2 and data[1] <= 1:
            sharps = data[0] - 256 * (data[0] >= 0x80)
            if -7 <= sharps <= 7:
                self._keys.append((tick, sharps, "minor" if data[1] else "major"))
                return True
        if meta.kind == TEXT and data.startswith(MODE_PREFIX.encode()) and self._keys and self._keys[-1][0] == tick:
            mode = meta.text.removeprefix(MODE_PREFIX)
            if mode in MODES:
                self._keys[-1] = (*self._keys[-1][:2], mode)
                return True
        return False

    @property
    def tempos(self) -> list[tuple[int, int]]:
        """Rows of TEMPO."""
        return sorted(self._tempos, key=lambda row: row[0])

    @property
    def metres(self) -> list[tuple[int, int, int, int, int]]:
        """Rows of METRE."""
        return sorted(self._metres, key=lambda row: row[0])

    @property
    def keys(self) -> list[tuple[int, int, str]]:
        """Rows of KEY."""
        return sorted(self._keys, key=lambda row: row[0])


ChannelEvents = tuple[int, np.ndarray, np.ndarray]


def _by_channel(tracks: Sequence[TrackEvents], warnings: list[str]) -> dict[int, list[ChannelEvents]]:
    """Return channel, notes and controls of the channels of each track."""
    messages = np.concatenate([np.frombuffer(track.messages, np.int64) for track in tracks])
    track = np.repeat(np.arange(len(tracks)), [len(each.messages) for each in tracks])
    if not len(messages):
        return {}
    stream = track << 4 | messages >> 16 & 0xF
    order = np.argsort(stream, kind="stable")
    messages, stream = messages[order], stream[order]
    tick, kind, first, second = messages >> 24, messages >> 20 & 0xF, messages >> 8 & 0xFF, messages & 0xFF
    is_note = kind <= NOTE_ON
    is_start = (kind == NOTE_ON) & (second > 0)
    ends = np.array([each.end for each in tracks])[stream[is_note] >> 4]
    notes, note_stream, is_stray = _notes(
        tick[is_note],
        stream[is_note],
        first[is_note],
        second[is_note],
        is_start[is_note],
        kind[is_note],
        ends,
        warnings,
    )
    is_retained = np.ones(len(messages), bool)
    is_retained[np.flatnonzero(is_note)[is_stray]] = False
    controls, control_stream = _controls(
        *(column[is_retained] for column in (tick, stream, kind, first, second, is_start))
    )
    by_track: dict[int, list[ChannelEvents]] = {}
    edges = np.flatnonzero(np.diff(stream, prepend=-1))
    for each in stream[edges].tolist():
        of_notes, of_controls = (
            slice(*np.searchsorted(rows, [each, each + 1])) for rows in (note_stream, control_stream)
        )
        by_track.setdefault(each >> 4, []).append((each & 0xF, notes[of_notes], controls[of_controls]))
    return by_track


def _notes(
    tick: np.ndarray,
    stream: np.ndarray,
    key: np.ndarray,
    velocity: np.ndarray,
    is_start: np.ndarray,
    kind: np.ndarray,
    track_end: np.ndarray,
    warnings: list[str],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair starts and ends of notes, first in, first out; an end just before its start is that of an empty note.

    Returns the notes, their streams, and which events end no note.
    """
    voice = stream << 7 | key
    order = np.argsort(voice, kind="stable")
    voice, is_start = voice[order], is_start[order]
    is_first = np.diff(voice, prepend=-1) != 0
    group = np.cumsum(is_first) - 1
    is_stray = _ends_without_start(group, is_first, is_start)
    paired = order[~is_stray]
    group, is_start = group[~is_stray], is_start[~is_stray]
    starts, ends = paired[is_start], paired[~is_start]
    n_groups = int(is_first.sum())
    first_start = np.cumsum(np.bincount(group[is_start], minlength=n_groups)) - np.bincount(
        group[is_start], minlength=n_groups
    )
    n_ends = np.bincount(group[~is_start], minlength=n_groups)
    rank = np.arange(len(ends)) - np.repeat(np.cumsum(n_ends) - n_ends, n_ends)
    note = first_start[group[~is_start]] + rank

    notes = np.zeros(len(starts), NOTE)
    notes["start"], notes["pitch"], notes["velocity"] = tick[starts], key[starts], velocity[starts]
    end, release = track_end[starts], np.full(len(starts), RELEASE_VELOCITY)
    end[note] = tick[ends]
    release[note] = np.where(kind[ends] == NOTE_OFF, velocity[ends], RELEASE_VELOCITY)
    n_hanging, n_stray = len(starts) - len(ends), int(is_stray.sum())
    early = Counter(zip(voice[is_stray].tolist(), tick[order[is_stray]].tolist(), strict=True)) if n_hanging else {}
    for index in np.delete(np.arange(len(starts)), note).tolist() if early else ():
        moment = int(stream[starts[index]] << 7 | key[starts[index]]), int(tick[starts[index]])
        if early.get(moment):
            end[index], early[moment] = moment[1], early[moment] - 1
            n_hanging, n_stray = n_hanging - 1, n_stray - 1
    notes["duration"], notes["release_velocity"] = end - notes["start"], release
    if n_stray:
        warnings.append(f"{n_stray} ends of notes have no start; they are left out.")
    if n_hanging:
        warnings.append(f"{n_hanging} notes have no end; they end with their track.")
    by_file = np.argsort(starts, kind="stable")
    is_left_out = np.zeros(len(tick), bool)
    is_left_out[order[is_stray]] = True
    return notes[by_file], stream[starts][by_file], is_left_out


def _ends_without_start(group: np.ndarray, is_first: np.ndarray, is_start: np.ndarray) -> np.ndarray:
    """Return which events end a note of a key that is not held; the events of a key (its group) are contiguous."""
    depth = np.cumsum(np.where(is_start, 1, -1))
    before = np.append(0, depth[:-1])[is_first]
    depth = depth - before[group]
    span = 2 * len(depth) + 2
    lowest = np.minimum.accumulate(np.minimum(depth, 0) - group * span) + group * span
    previous = np.append(0, lowest[:-1])
    previous[is_first] = 0
    is_stray: np.ndarray = lowest < previous
    return is_stray


def _controls(
    tick: np.ndarray,
    stream: np.ndarray,
    kind: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    is_start: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the messages that are no notes as CONTROL, and their streams."""
    is_note = kind <= NOTE_ON
    moment = tick + (np.cumsum(np.diff(stream, prepend=-1) != 0) << 39)
    follows = [np.maximum.accumulate(np.where(which, moment, -1)) == moment for which in (is_start, is_note)]
    phase = np.where(follows[0], 2, np.where(follows[1], 1, 0))[~is_note]
    kind, first, second = kind[~is_note], first[~is_note], second[~is_note]
    has_number = np.isin(kind, (0xA, 0xB))
    value = np.where(has_number, second, np.where(kind == PITCH_BEND, (second << 7 | first) - 8192, first))
    controls = np.zeros(len(kind), CONTROL)
    controls["tick"], controls["kind"], controls["phase"] = tick[~is_note], kind, phase
    controls["number"], controls["value"] = np.where(has_number, first, 0), value
    return controls, stream[~is_note]
