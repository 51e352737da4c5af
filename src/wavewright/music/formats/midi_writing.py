"""Write scores as Standard MIDI Files of format 1: a track of tempos, metres and keys, then one for each track."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...base.errors import BadScore
from ..bars import metres_with_bars
from ..engine import DRUM_CHANNEL, N_CHANNELS
from ..score import CHANNEL_PRESSURE, PITCH_BEND, PROGRAM, TEXT, MetaEvent, Score, Track
from ..theory import MusicalKey
from ..timing import MAX_TICK
from .midi_reading import (
    CHORD_PREFIX,
    END_OF_TRACK,
    KEY_SIGNATURE,
    META,
    MODE_PREFIX,
    NOTE_OFF,
    NOTE_ON,
    PORT,
    SET_TEMPO,
    SYSEX,
    SYSEX_CONTINUED,
    TIME_SIGNATURE,
    TRACK_NAME,
)

MAX_TRACKS = 0xFF_FF
MAX_DELTA = 2**28 - 1
MAX_PORTS = 128

BEFORE_ENDS, ENDS, BETWEEN, STARTS, AFTER_STARTS, ENDS_OF_EMPTY = range(6)
"""Order of the events of one tick; notes of no length end last."""


def write_midi(score: Score) -> bytes:
    """Return a score as a MIDI file.

    Reading it again gives the same notes, controls, tempos, metres, keys, chords and other events. Bars that do not
    follow from the metres, such as a pickup, become metres of one bar. Of notes of one key in a track, the first to
    begin is the first to end, so those of which one encloses another exchange their ends.

    Raises BadScore if there are more than 65,534 tracks, or a pause of more than 268,435,455 ticks.
    """
    if len(score.tracks) >= MAX_TRACKS:
        raise BadScore(f"The score has {len(score.tracks)} tracks; a MIDI file holds at most {MAX_TRACKS - 1}.")
    chunks = [_chunk(_no_messages(), _common_metas(score), score.length)]
    for track, (port, channel) in zip(score.tracks, channels_of(score.tracks), strict=True):
        metas = [*_name(track.name, track.metas), *([MetaEvent(0, PORT, bytes([port]))] if port else []), *track.metas]
        chunks.append(_chunk(_messages(track, channel), metas, track.end))
    header = b"".join(
        value.to_bytes(size, "big") for value, size in ((6, 4), (1, 2), (len(chunks), 2), (score.ticks_per_quarter, 2))
    )
    return b"MThd" + header + b"".join(chunks)


def exchanges_ends(track: Track) -> bool:
    """Return whether a note encloses another of its key: reading the file again, each has the end of the other."""
    ends = track.notes["start"] + track.notes["duration"]
    order = np.lexsort((ends, track.notes["start"], track.notes["pitch"]))
    is_earlier, is_same_key = np.diff(ends[order]) < 0, np.diff(track.notes["pitch"][order]) == 0
    return bool((is_earlier & is_same_key).any())


def channels_of(tracks: Sequence[Track]) -> list[tuple[int, int]]:
    """Return the port and the channel of each track.

    Drums are on channel 9 (counted from 0), other tracks without a channel on one that no other track has; when the 15
    channels of a port are in use, those of the next one follow.

    Raises BadScore if there are more tracks than channels on 128 ports.
    """
    used = {(track.port, track.channel) for track in tracks if track.channel is not None}
    free = (
        (port, channel)
        for port in range(MAX_PORTS)
        for channel in range(N_CHANNELS)
        if channel != DRUM_CHANNEL and (port, channel) not in used
    )
    chosen: list[tuple[int, int]] = []
    for track in tracks:
        if track.channel is not None:
            chosen.append((track.port, track.channel))
        elif track.is_drum:
            chosen.append((track.port, DRUM_CHANNEL))
        elif not len(track.notes) and not len(track.controls):
            chosen.append((track.port, 0))
        else:
            pair = next(free, None)
            if pair is None:
                raise BadScore(f"The score has {len(tracks)} tracks; MIDI has channels for {15 * MAX_PORTS}.")
            chosen.append(pair)
    return chosen


def _name(name: str, metas: Iterable[MetaEvent]) -> list[MetaEvent]:
    """Return the event of a name, unless it is among the others as it was read."""
    is_there = any(meta.kind == TRACK_NAME and meta.text == name for meta in metas)
    return [MetaEvent(0, TRACK_NAME, name.encode("utf-8", "replace"))] if name and not is_there else []


def _common_metas(score: Score) -> list[MetaEvent]:
    metas = _name(score.title, score.metas)
    metas += [
        MetaEvent(int(row["tick"]), SET_TEMPO, int(row["us_per_quarter"]).to_bytes(3, "big")) for row in score.tempos
    ]
    for row in metres_with_bars(score):
        log2 = int(row["denominator"]).bit_length() - 1
        if row["denominator"] != 2**log2 or not 1 <= row["numerator"] <= 255:
            raise BadScore(f"MIDI cannot hold the metre {row['numerator']}/{row['denominator']}; use one such as 3/4.")
        data = bytes([row["numerator"], log2, row["click_clocks"], row["thirty_seconds"]])
        metas.append(MetaEvent(int(row["tick"]), TIME_SIGNATURE, data))
    for tick, sharps, mode in score.keys.tolist():
        metas.append(MetaEvent(tick, KEY_SIGNATURE, bytes([sharps % 256, MusicalKey(scale=mode).is_minor])))
        metas += [MetaEvent(tick, TEXT, f"{MODE_PREFIX}{mode}".encode())] * (mode not in ("major", "minor"))
    metas += [MetaEvent(chord.tick, TEXT, f"{CHORD_PREFIX}{chord.symbol}".encode()) for chord in score.chords]
    return metas + list(score.metas)


Messages = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _no_messages() -> Messages:
    none = np.zeros(0, np.int64)
    return none, none, none, none, none


def _messages(track: Track, channel: int) -> Messages:
    """Return tick, order in the tick, status and two data bytes of the messages of a track; -1 for no second byte."""
    notes, controls = track.notes, track.controls
    _check(track)
    end = notes["start"] + notes["duration"]
    tick = np.concatenate([controls["tick"], end, notes["start"]]).astype(np.int64)
    order = np.concatenate(
        [
            np.array([BEFORE_ENDS, BETWEEN, AFTER_STARTS])[controls["phase"]],
            np.where(notes["duration"] == 0, ENDS_OF_EMPTY, ENDS),
            np.full(len(notes), STARTS),
        ]
    )
    kind = np.concatenate([controls["kind"], np.full(len(notes), NOTE_OFF), np.full(len(notes), NOTE_ON)])
    is_bend = controls["kind"] == PITCH_BEND
    has_value = (controls["kind"] == PROGRAM) | (controls["kind"] == CHANNEL_PRESSURE)
    value = controls["value"].astype(np.int64)
    first = np.where(is_bend, (value + 8192) & 0x7F, np.where(has_value, value, controls["number"]))
    second = np.where(is_bend, (value + 8192) >> 7, np.where(has_value, -1, value))
    return (
        tick,
        order,
        kind.astype(np.int64) << 4 | channel,
        np.concatenate([first, notes["pitch"], notes["pitch"]]).astype(np.int64),
        np.concatenate([second, notes["release_velocity"], notes["velocity"]]).astype(np.int64),
    )


def _check(track: Track) -> None:
    """Raise BadScore if a number is outside of the range of MIDI."""
    notes, controls = track.notes, track.controls
    is_bend = controls["kind"] == PITCH_BEND
    for name, values, lowest, highest in (
        ("start of a note", notes["start"], 0, MAX_TICK),
        ("duration of a note", notes["duration"], 0, MAX_TICK),
        ("pitch", notes["pitch"], 0, 127),
        ("velocity", notes["velocity"], 1, 127),
        ("release velocity", notes["release_velocity"], 0, 127),
        ("tick of a control", controls["tick"], 0, MAX_TICK),
        ("number of a control", controls["number"], 0, 127),
        ("value of a control", controls["value"][~is_bend], 0, 127),
        ("pitch bend", controls["value"][is_bend], -8192, 8191),
    ):
        is_wrong = (values < lowest) | (values > highest)
        if is_wrong.any():
            raise BadScore(f"The {name} is {values[is_wrong][0]}; it must lie between {lowest} and {highest}.")


def _chunk(messages: Messages, metas: Sequence[MetaEvent], end: int) -> bytes:
    """Return a track with its events in order."""
    in_order = sorted(metas, key=lambda meta: meta.tick)
    encoded = [*map(_meta_bytes, in_order), bytes([META, END_OF_TRACK, 0])]
    none = np.full(len(encoded), -1, np.int64)
    ticks_of_metas = np.array([*(meta.tick for meta in in_order), end], np.int64)
    order_of_metas = np.append(none[1:], ENDS_OF_EMPTY + 1)
    tick, order, status, first, second = (
        np.concatenate(columns)
        for columns in zip((ticks_of_metas, order_of_metas, none, none, none), messages, strict=True)
    )
    by_time = np.lexsort((order, tick))
    delta = np.diff(tick[by_time], prepend=0)
    if delta.max() > MAX_DELTA or delta.min() < 0:
        raise BadScore(f"The score has a pause of {delta.max()} ticks; a MIDI file holds at most {MAX_DELTA}.")
    bytes_ = np.full((len(by_time), 7), -1, np.int64)
    for column in range(4):
        shift = 7 * (3 - column)
        is_written = (delta >> shift > 0) | (column == 3)
        bytes_[:, column] = np.where(is_written, delta >> shift & 0x7F | (0x80 if column < 3 else 0), -1)
    for column, values in enumerate((status, first, second), 4):
        bytes_[:, column] = values[by_time]
    body = bytes_[bytes_ >= 0].astype(np.uint8).tobytes()
    row_ends = np.cumsum((bytes_ >= 0).sum(axis=1))
    pieces, position = [], 0
    for row in np.flatnonzero(by_time < len(encoded)).tolist():
        pieces += [body[position : row_ends[row]], encoded[by_time[row]]]
        position = int(row_ends[row])
    joined = b"".join([*pieces, body[position:]])
    return b"MTrk" + len(joined).to_bytes(4, "big") + joined


def _meta_bytes(meta: MetaEvent) -> bytes:
    head = bytes([meta.kind]) if meta.kind in (SYSEX, SYSEX_CONTINUED) else bytes([META, meta.kind])
    return head + _variable_length(len(meta.data)) + meta.data


def _variable_length(value: int) -> bytes:
    septets = [value & 0x7F]
    while value := value >> 7:
        septets.append(value & 0x7F | 0x80)
    return bytes(reversed(septets))
