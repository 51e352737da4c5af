"""Scores as data that a piano roll draws and changes, and back to MIDI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...base.errors import BadScore
from ...base.validation import fault_of
from ...music.bars import bars_of, first_whole
from ...music.formats import midi_reading, midi_writing
from ...music.score import METRE, NOTE, PROGRAM, RELEASE_VELOCITY, Score, Track, controls_of
from ...music.timing import TEMPO, quarters_per_minute_to_us

TICKS_PER_QUARTER = 480
CLOCKS_PER_CLICK = 24  # of a metronome: a click each quarter
MAX_NOTES = 100_000
MAX_QUARTERS = 100_000.0
SLOWEST, FASTEST = 4.0, 1000.0  # quarters a minute
USUAL_TEMPO = 120.0  # of a MIDI file without one


class RollNote(BaseModel):
    """A note; ``start`` and ``length`` in quarters."""

    model_config = ConfigDict(extra="forbid")

    start: float = Field(ge=0, le=MAX_QUARTERS)
    length: float = Field(gt=0, le=MAX_QUARTERS)
    pitch: int = Field(ge=0, le=127)
    velocity: int = Field(default=90, ge=1, le=127)


class RollTrack(BaseModel):
    """The notes of one instrument."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=200)
    is_drum: bool = False
    program: int = Field(default=0, ge=0, le=127)
    notes: Annotated[list[RollNote], Field(max_length=MAX_NOTES)] = []


class RollTempo(BaseModel):
    """A change of the tempo, in quarters a minute, at ``start`` in quarters."""

    model_config = ConfigDict(extra="forbid")

    start: float = Field(gt=0, le=MAX_QUARTERS)
    tempo: float = Field(ge=SLOWEST, le=FASTEST)


class Roll(BaseModel):
    """A score with one metre; its ``tempo`` at the start and in ``tempos`` is in quarters a minute."""

    model_config = ConfigDict(extra="forbid")

    tempo: float = Field(default=100.0, ge=SLOWEST, le=FASTEST)
    tempos: Annotated[list[RollTempo], Field(max_length=MAX_NOTES)] = []
    quarters: float = Field(default=16.0, ge=0, le=MAX_QUARTERS)
    beats_per_bar: float = Field(default=4.0, gt=0, le=64)
    tracks: Annotated[list[RollTrack], Field(max_length=64)] = []


def roll_of_midi(contents: bytes) -> Roll:
    """Return the score of a MIDI file as a roll; a pickup becomes a whole bar that begins with a rest.

    Raises BadScore if the file cannot be read or has too many notes.
    """
    (score, *_), _warnings = midi_reading.read_midi(contents)
    if score.n_notes > MAX_NOTES:
        raise BadScore(f"The score has {score.n_notes} notes; the piano roll shows at most {MAX_NOTES}.")
    quarter = score.ticks_per_quarter
    bars = bars_of(score)
    first = bars[first_whole(bars)]
    lead = bars[0].lead
    tempos = {
        (int(each["tick"]) + lead) / quarter if each["tick"] else 0.0: round(60e6 / int(each["us_per_quarter"]), 3)
        for each in score.tempos
    }
    limited = {start: min(max(tempo, SLOWEST), FASTEST) for start, tempo in tempos.items()}
    return Roll(
        tempo=limited.pop(0.0, USUAL_TEMPO),
        tempos=[RollTempo(start=start, tempo=tempo) for start, tempo in limited.items()],
        quarters=(score.length + lead) / quarter,
        beats_per_bar=4 * first.numerator / first.denominator,
        tracks=[_roll_track(track, quarter, lead) for track in score.tracks if len(track.notes)],
    )


def parse_roll(value: Mapping[str, object]) -> Roll:
    """Return a roll from JSON; raise BadScore for the first value that is not valid."""
    try:
        return Roll.model_validate(value)
    except ValidationError as error:
        fault = fault_of(error)
        where = fault.position or "the score"
        raise BadScore(f"The score has a wrong value at {where} ({fault.message}); change it.") from error


def midi_of_roll(roll: Roll) -> bytes:
    """Return a roll as a MIDI file."""
    tracks = tuple(_track(track) for track in roll.tracks if track.notes)
    if not tracks:
        raise BadScore("The score has no notes; draw some, or compose a score.")
    changes = sorted((round(each.start * TICKS_PER_QUARTER), each.tempo) for each in roll.tempos)
    tempos = [(tick, quarters_per_minute_to_us(tempo)) for tick, tempo in [(0, roll.tempo), *changes]]
    length = round(roll.quarters * TICKS_PER_QUARTER)
    metres = _metres(roll.beats_per_bar)
    return midi_writing.write_midi(Score(tracks, TICKS_PER_QUARTER, np.array(tempos, TEMPO), metres, length=length))


def _metres(quarters_per_bar: float) -> np.ndarray:
    """Return the metre with the largest note value of which a bar has a whole number."""
    denominator = next((each for each in (4, 8, 16, 32) if (quarters_per_bar * each / 4).is_integer()), 4)
    numerator = max(1, round(quarters_per_bar * denominator / 4))
    return np.array([(0, numerator, denominator, CLOCKS_PER_CLICK, 8)], METRE)


def _roll_track(track: Track, quarter: int, lead: int) -> RollTrack:
    notes = [
        RollNote(
            start=(int(note["start"]) + lead) / quarter,
            length=max(int(note["duration"]), 1) / quarter,
            pitch=int(note["pitch"]),
            velocity=int(note["velocity"]),
        )
        for note in track.notes
    ]
    return RollTrack(name=track.name[:200], is_drum=track.is_drum, program=track.program, notes=notes)


def _track(track: RollTrack) -> Track:
    rows = [
        (
            round(note.start * TICKS_PER_QUARTER),
            max(1, round(note.length * TICKS_PER_QUARTER)),
            note.pitch,
            note.velocity,
            RELEASE_VELOCITY,
        )
        for note in track.notes
    ]
    notes = np.array(sorted(rows), NOTE)
    controls = controls_of([] if track.is_drum else [(0, PROGRAM, 0, track.program)])
    return Track(notes, track.name, track.is_drum, controls=controls)
