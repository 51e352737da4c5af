"""Scores rendered by instruments: every event at its exact sample, in blocks of any length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..audio.wave_blocks import BlockReader
from ..base.errors import BadScore
from ..base.ranges import RangedSettings, ranged
from ..base.units import seconds_to_samples
from .bars import bars_of, metres_with_bars
from .engine import DRUM_BANKS, DRUM_CHANNEL, N_CHANNELS, InstrumentEngine
from .formats.midi_writing import channels_of
from .midi_channel import PEDAL_DOWN
from .score import CHANNEL_PRESSURE, CONTROL_CHANGE, MARKERS, METRE, PITCH_BEND, PROGRAM, Score, Track
from .timing import MAX_US_PER_QUARTER, TEMPO, TempoMap, quarters_per_minute_to_us

EVENT = np.dtype(
    [
        *(("sample", "<i8"), ("tick", "<i8"), ("order", "<i2"), ("port", "<i2")),
        *(("channel", "<i2"), ("kind", "<i2"), ("first", "<i2"), ("second", "<i2")),
    ]
)
"""An event of an instrument: its sample, its order at that, its channel, and two numbers as those of MIDI."""

NOTE_OFF, NOTE_ON = 0x8, 0x9
BANK_MSB, BANK_LSB, SUSTAIN, SOSTENUTO, ALL_SOUND_OFF, ALL_NOTES_OFF = 0, 32, 64, 66, 120, 123

MAX_SECONDS = 86_400
BLOCK_SAMPLES = 8_192
TAIL_STEP_SAMPLES = 1_024
"""Samples of the tail after which the instruments are checked for silence."""

FADE_SECONDS = 0.05
"""Fade of a tail that is cut."""

SWING_RESOLUTION = 64
"""Parts of a tick in which swing is rounded."""


@dataclass(frozen=True)
class PerformanceSettings(RangedSettings):
    """Deviations from the score.

    - ``swing``: where the second of two eighths begins, as a fraction of their quarter; 0.5 is straight, 2/3 triplets.
      Only metres that count halves or quarters swing.
    - ``timing_ms``, ``velocity``: standard deviations of starts and velocities of notes; at most 2.5 times as much.
    - ``seed``: same seed, same deviations.
    - ``tempo``: quarters a minute at the start, the first tempo of the score by default; all others change in
      proportion.
    """

    swing: float = ranged(0.5, 0.5, 0.8)
    timing_ms: float = ranged(0.0, 0.0, 200.0)
    velocity: float = ranged(0.0, 0.0, 64.0)
    seed: int = 0
    tempo: float | None = None


@dataclass(frozen=True, eq=False)
class Performance:
    """The events of a score at samples."""

    events: tuple[np.ndarray, ...]  # EVENT of each track, sorted by sample and order
    n_samples: int  # samples up to the end of the score, without the tail
    sample_rate: int  # in Hz
    markers: tuple[tuple[int, str], ...] = ()  # samples and texts of the markers

    def blocks(
        self,
        open_engine: Callable[[], InstrumentEngine],
        *,
        tracks: Sequence[int] | None = None,
        block_samples: int = BLOCK_SAMPLES,
        max_tail_seconds: float = 10.0,
        n_samples: int | None = None,
    ) -> Iterator[np.ndarray]:
        """Render the score.

        - ``open_engine``: returns a new instrument; one is opened for each MIDI port.
        - ``tracks``: indices of the tracks whose notes are rendered, all by default. Other tracks of the same channels
          still change controls.
        - ``block_samples``: length of the blocks; it changes no sample.
        - ``max_tail_seconds``: time after the end in which the instruments may fade out; what is longer is cut with a
          short fade.
        - ``n_samples``: length of the output with the tail; until silence by default.
        - returns: float32 ``(2, block_samples)``, the last one shorter.
        """
        events = self._events_of(tracks)
        engines = {int(port): _Port(open_engine()) for port in np.unique(events["port"])}
        n_fade = seconds_to_samples(min(FADE_SECONDS, max_tail_seconds), self.sample_rate)
        limit = self.n_samples + seconds_to_samples(max_tail_seconds, self.sample_rate)
        pieces = _rendered(events, engines, self.n_samples, limit if n_samples is None else n_samples)
        faded = _faded(pieces, limit, n_fade)
        played = _until_silence(faded, engines, self.n_samples) if n_samples is None else faded
        yield from BlockReader(played, 2).blocks(block_samples)

    def _events_of(self, tracks: Sequence[int] | None) -> np.ndarray:
        """Return the events of some tracks in order, and the controls of other tracks on their channels."""
        if tracks is None:
            return _sorted(self.events)
        used = {pair for index in tracks for pair in _channels(self.events[index])}
        chosen = [
            events if index in set(tracks) else events[(events["kind"] > NOTE_ON) & _is_on(events, used)]
            for index, events in enumerate(self.events)
        ]
        return _sorted(chosen)


def perform(score: Score, sample_rate: int, settings: PerformanceSettings | None = None) -> Performance:
    """Return the events of a score at samples; by default, they are straight and exact.

    Raises BadScore if the score lasts longer than a day, or has more tracks than MIDI has channels, or BadSetting if
    the tempo cannot be stored in MIDI.
    """
    settings = settings or PerformanceSettings()
    clock = _EventClock(score, sample_rate, settings)
    n_samples = int(clock.samples(np.array([score.length]))[0])
    if n_samples > MAX_SECONDS * sample_rate:
        hours = n_samples / sample_rate / 3_600
        raise BadScore(f"The score lasts {hours:.0f} hours; scores of at most 24 hours can be rendered.")
    channels = channels_of(score.tracks)
    events = tuple(
        _events(track, *pair, clock, np.random.default_rng([settings.seed, index]))
        for index, (track, pair) in enumerate(zip(score.tracks, channels, strict=True))
    )
    last = max((int(each["sample"].max(initial=0)) for each in events), default=0)
    texts = score.texts(*MARKERS)
    samples = clock.samples(np.array([text.tick for text in texts], np.int64)).tolist()
    markers = tuple((sample, text.text) for sample, text in zip(samples, texts, strict=True))
    return Performance(events, max(n_samples, last), sample_rate, markers)


class _EventClock:
    """Ticks to samples, with swing and another tempo."""

    def __init__(self, score: Score, sample_rate: int, settings: PerformanceSettings) -> None:
        self.sample_rate = sample_rate
        self.settings = settings
        metres, first = metres_with_bars(score), bars_of(score)[0] if settings.swing != 0.5 else None
        lead = 0 if first is None else first.lead
        self._metres = np.concatenate([np.array([(-lead, 4, 4, 24, 8)], METRE), metres])
        self._metres["tick"][(self._metres["tick"] == 0) & (lead > 0)] = -lead
        self._quarter = score.ticks_per_quarter
        self._scale = 1 if settings.swing == 0.5 else SWING_RESOLUTION
        tempos = score.tempos.copy()
        tempos["tick"] *= self._scale
        self._tempo_map = TempoMap(score.ticks_per_quarter * self._scale, _scaled(tempos, settings.tempo))

    def samples(self, ticks: np.ndarray) -> np.ndarray:
        """Convert ticks to samples."""
        return self._tempo_map.samples(self._swung(ticks), self.sample_rate)

    def _swung(self, ticks: np.ndarray) -> np.ndarray:
        """Return ticks in units of the tempo map, those within quarters moved."""
        scaled: np.ndarray = ticks.astype(np.int64) * self._scale
        if self._scale == 1:
            return scaled
        metre = self._metres[np.searchsorted(self._metres["tick"], ticks, side="right") - 1]
        quarter = self._quarter * self._scale
        position = (scaled - metre["tick"] * self._scale) % quarter
        swing, half = self.settings.swing, quarter / 2
        moved = np.where(position < half, position * 2 * swing, quarter - (quarter - position) * 2 * (1 - swing))
        is_simple = metre["denominator"] <= 4
        swung: np.ndarray = scaled + np.where(is_simple, np.rint(moved).astype(np.int64) - position, 0)
        return swung


def _scaled(tempos: np.ndarray, tempo: float | None) -> np.ndarray:
    """Return tempos in proportion to another first one."""
    if tempo is None:
        return tempos
    if not len(tempos) or tempos["tick"][0] > 0:
        tempos = np.concatenate([np.array([(0, 500_000)], TEMPO), tempos])
    first = tempos["us_per_quarter"][tempos["tick"] == 0][-1]
    ratio = quarters_per_minute_to_us(tempo) / first
    tempos["us_per_quarter"] = np.clip(np.rint(tempos["us_per_quarter"] * ratio), 1, MAX_US_PER_QUARTER)
    return tempos


def _events(track: Track, port: int, channel: int, clock: _EventClock, rng: np.random.Generator) -> np.ndarray:
    """Return the events of a track."""
    notes, controls = track.notes, track.controls
    starts, ends = clock.samples(notes["start"]), clock.samples(notes["start"] + notes["duration"])
    deviations = np.clip(rng.standard_normal((2, len(notes))), -2.5, 2.5)
    moves = np.rint(deviations[0] * clock.settings.timing_ms * clock.sample_rate / 1_000).astype(np.int64)
    changes_of_program = controls["tick"][controls["kind"] == PROGRAM]
    earliest = np.append(0, clock.samples(changes_of_program))
    moves = np.maximum(moves, earliest[np.searchsorted(changes_of_program, notes["start"], side="right")] - starts)
    velocity = np.clip(np.rint(notes["velocity"] + deviations[1] * clock.settings.velocity), 1, 127)

    n_notes, n_controls = len(notes), len(controls)
    events = np.zeros(2 * n_notes + n_controls, EVENT)
    on, off, changes = events[:n_notes], events[n_notes : 2 * n_notes], events[2 * n_notes :]
    events["port"], events["channel"] = port, channel
    on["sample"], on["tick"], on["order"], on["kind"] = starts + moves, notes["start"], 3, NOTE_ON
    on["first"], on["second"] = notes["pitch"], velocity
    off["sample"], off["tick"], off["kind"] = ends + moves, notes["start"] + notes["duration"], NOTE_OFF
    off["order"], off["first"] = np.where(notes["duration"] == 0, 5, 1), notes["pitch"]
    changes["sample"], changes["tick"] = clock.samples(controls["tick"]), controls["tick"]
    changes["order"], changes["kind"] = 2 * controls["phase"], controls["kind"]
    changes["first"], changes["second"] = controls["number"], controls["value"]
    if track.is_drum and channel != DRUM_CHANNEL:
        events = np.concatenate([_drum_bank(port, channel), events[~_is_bank(events)]])
    return _sorted([events])


def _drum_bank(port: int, channel: int) -> np.ndarray:
    """Return events that select drums on a channel that is none of drums."""
    events = np.zeros(2, EVENT)
    events["port"], events["channel"], events["order"] = port, channel, -1
    events["kind"], events["first"] = (CONTROL_CHANGE, PROGRAM), (BANK_MSB, 0)
    events["second"] = (DRUM_BANKS[0], 0)
    return events


def _is_bank(events: np.ndarray) -> np.ndarray:
    is_bank: np.ndarray = (events["kind"] == CONTROL_CHANGE) & np.isin(events["first"], (BANK_MSB, BANK_LSB))
    return is_bank


def _sorted(events: Sequence[np.ndarray]) -> np.ndarray:
    """Return events in the order in which they take effect."""
    joined = np.concatenate([np.zeros(0, EVENT), *events])
    return joined[np.lexsort((joined["order"], joined["tick"], joined["sample"]))]


def _channels(events: np.ndarray) -> set[tuple[int, int]]:
    """Return the ports and channels of events."""
    return set(zip(events["port"].tolist(), events["channel"].tolist(), strict=True))


def _is_on(events: np.ndarray, channels: set[tuple[int, int]]) -> np.ndarray:
    """Return which events are on one of the channels."""
    numbers = np.array([port * N_CHANNELS + channel for port, channel in channels], np.int64)
    return np.isin(events["port"].astype(np.int64) * N_CHANNELS + events["channel"], numbers)


class _Port:
    """An instrument, the banks that are selected on its channels, and the notes that their sostenuto pedals hold."""

    def __init__(self, engine: InstrumentEngine) -> None:
        self.engine = engine
        self._banks = [[0, 0] for _ in range(N_CHANNELS)]
        self._is_down = [False] * N_CHANNELS
        self._held, self._caught = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
        self._waiting: list[tuple[int, int]] = []

    def send(self, channel: int, kind: int, first: int, second: int) -> None:
        """Send an event to the instrument."""
        if kind == NOTE_ON:
            self._held[channel, first] += 1
            self.engine.note_on(channel, first, second)
        elif kind == NOTE_OFF:
            self._held[channel, first] -= 1
            if self._caught[channel, first]:
                self._caught[channel, first] -= 1
                self._waiting.append((channel, first))
            else:
                self.engine.note_off(channel, first)
        elif kind == CONTROL_CHANGE and first in (BANK_MSB, BANK_LSB):
            self._banks[channel][first == BANK_LSB] = second
        elif kind == CONTROL_CHANGE:
            if first == SOSTENUTO or first >= ALL_SOUND_OFF:
                self._hold(channel, is_down=first == SOSTENUTO and second >= PEDAL_DOWN)
            self.engine.control(channel, first, second)
        elif kind == PITCH_BEND:
            self.engine.pitch_bend(channel, second)
        elif kind == CHANNEL_PRESSURE:
            self.engine.pressure(channel, second)
        elif kind == PROGRAM:
            msb, lsb = self._banks[channel]
            self.engine.program(channel, msb << 7 | lsb, second)

    def _hold(self, channel: int, *, is_down: bool) -> None:
        """Hold the notes that sound when the sostenuto pedal goes down, until it goes up."""
        if is_down and not self._is_down[channel]:
            self._caught.update({note: n for note, n in self._held.items() if note[0] == channel})
        elif not is_down:
            for note in [note for note in self._waiting if note[0] == channel]:
                self.engine.note_off(*note)
            self._waiting = [note for note in self._waiting if note[0] != channel]
            self._caught = Counter({note: n for note, n in self._caught.items() if note[0] != channel})
        self._is_down[channel] = is_down

    def release_all(self) -> None:
        """Release all notes, those of pedals too."""
        for channel in range(N_CHANNELS):
            for controller in (SUSTAIN, ALL_NOTES_OFF):
                self.send(channel, CONTROL_CHANGE, controller, 0)


def _rendered(events: np.ndarray, ports: dict[int, _Port], end: int, limit: int) -> Iterator[np.ndarray]:
    """Yield the sound up to ``limit``; pieces end at the events, at ``end`` and in the steps of the tail."""
    position = 0
    columns = (events[name].tolist() for name in ("sample", "port", "channel", "kind", "first", "second"))
    for sample, port, channel, kind, first, second in zip(*columns, strict=True):
        yield from _pieces(ports, position, min(sample, limit), BLOCK_SAMPLES)
        position = max(position, min(sample, limit))
        ports[port].send(channel, kind, first, second)
    yield from _pieces(ports, position, min(end, limit), BLOCK_SAMPLES)
    for port_ in ports.values():
        port_.release_all()
    yield from _pieces(ports, min(end, limit), limit, TAIL_STEP_SAMPLES)


def _pieces(ports: dict[int, _Port], position: int, end: int, n_samples: int) -> Iterator[np.ndarray]:
    """Yield the sum of the instruments from one sample to another."""
    for start in range(position, end, n_samples):
        n_piece = min(n_samples, end - start)
        piece = np.zeros((2, n_piece), np.float32)
        for port in ports.values():
            piece += port.engine.process(n_piece)
        yield piece


def _faded(pieces: Iterator[np.ndarray], limit: int, n_fade: int) -> Iterator[np.ndarray]:
    """Yield pieces; fade out the last samples before the limit."""
    position = 0
    for piece in pieces:
        start, position = position, position + piece.shape[1]
        if position > limit - n_fade:
            remaining = limit - np.arange(start + 1, position + 1)
            np.multiply(piece, np.minimum(remaining / max(n_fade, 1), 1).astype(np.float32), out=piece)
        yield piece


def _until_silence(pieces: Iterator[np.ndarray], ports: dict[int, _Port], end: int) -> Iterator[np.ndarray]:
    """Yield pieces up to the end, and further until the instruments are silent."""
    position = 0
    for piece in pieces:
        position += piece.shape[1]
        yield piece
        if position >= end and all(port.engine.is_silent() for port in ports.values()):
            return


def stem_names(score: Score) -> tuple[str, ...]:
    """Return a name for each track with notes: number and name, or the programme where it has none."""
    names = []
    for number, track in enumerate(score.tracks, 1):
        instrument = "drums" if track.is_drum else f"program-{track.program + 1}"
        names.append(f"{number:02d}-{track.name or instrument}")
    return tuple(names)
