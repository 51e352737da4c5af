"""Seeded performances with known notes: excerpts of scores, random polyphony and melodies, by instruments of banks.

``recipes/polyphonic.py`` renders its corpus by them. A performance is rows of start, end, pitch and velocity in
seconds for each part; its sound is that of SoundFonts, SFZ instruments, patches of the synthesiser and additive tones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr

from wavewright.base.errors import ScoreWarning
from wavewright.base.units import db_to_gain
from wavewright.data import mixing
from wavewright.dsp.rooms import Room
from wavewright.music.engine import InstrumentEngine
from wavewright.music.formats import read_score
from wavewright.music.performance import perform
from wavewright.music.score import CONTROL_CHANGE, PROGRAM, Score, Track, controls_of, notes_of
from wavewright.music.timing import TEMPO
from wavewright.synth import SynthEngine, load_patch
from wavewright.synth.sfz import SfzBank, SfzEngine
from wavewright.synth.soundfont import SoundFont, SoundFontEngine, read_soundfont

RATE, SAMPLE_RATE = 44_100, 16_000  # of instruments, and of the corpus
TICKS_PER_SECOND = 1_000
SHORTEST_SECONDS = 0.05
LOWEST, HIGHEST = 21, 108
FIRST_SECONDS = (0.0, 0.6)
REVERB, CHORUS = 91, 93  # controllers
SCORE_CHANCE, LINE_CHANCE = 0.5, 0.18  # of an excerpt of a score, of a melody; else chords
TOGETHER_CHANCE, OVER_CHANCE = 0.6, 0.3  # of all parts by one instrument, and of a melody over chords
ADDITIVE_CHANCE = 0.12
MAX_PLAYERS = 6

Row = tuple[float, float, int, int]
"""Start and end in seconds, pitch and velocity of a note."""
Part = list[Row]

PROGRAM_RANGES: dict[int, tuple[int, int]] = {
    **dict.fromkeys((0, 1, 2, 3, 4, 5, 6, 7), (24, 105)),  # pianos, harpsichord, clavinet
    **{8: (60, 105), 9: (72, 105), 10: (60, 96), 11: (53, 90), 12: (45, 96), 13: (60, 105), 14: (55, 80)},
    **dict.fromkeys(range(16, 21), (36, 96)),  # organs
    **{21: (41, 89), 22: (50, 88), 23: (41, 89)},
    **dict.fromkeys(range(24, 32), (40, 86)),  # guitars
    **dict.fromkeys(range(32, 40), (26, 60)),  # basses
    **{40: (55, 98), 41: (48, 86), 42: (36, 76), 43: (28, 58), 44: (36, 88), 45: (36, 88), 46: (28, 98), 47: (36, 57)},
    **dict.fromkeys((48, 49, 50, 51), (30, 92)),  # strings
    **dict.fromkeys((52, 53, 54), (40, 84)),  # voices
    **{56: (54, 86), 57: (36, 72), 58: (28, 60), 59: (54, 80), 60: (36, 77), 61: (36, 84), 62: (36, 84), 63: (36, 84)},
    **{64: (55, 86), 65: (48, 80), 66: (42, 76), 67: (36, 68), 68: (58, 90), 69: (52, 80), 70: (34, 72), 71: (50, 90)},
    **{72: (74, 105), 73: (60, 96), 74: (65, 96), 75: (60, 92), 76: (55, 90), 77: (55, 86), 78: (64, 98), 79: (60, 96)},
    **dict.fromkeys((80, 81, 82, 85, 87, 88, 89, 90), (36, 96)),  # leads and pads
    **{104: (48, 80), 105: (48, 84), 106: (50, 84), 107: (45, 88), 108: (48, 90), 110: (55, 96), 114: (55, 90)},
}
"""Programs of General MIDI with pitch, and their lowest and highest pitch."""

PIANOS, GUITARS, CHOIRS, STRINGS = (0, 1, 2, 4, 5), (24, 25, 26, 27), (52, 53, 54), (48, 49, 44)
ORGANS, OTHER_CHORDAL = (16, 18, 19, 20, 21), (6, 7, 11, 12, 46, 61, 88, 89, 107)
SOLO = (40, 41, 42, 43, 56, 57, 58, 60, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 78, 79)
DYING = {9: 0.5, 10: 0.6, 12: 0.45, 13: 0.35, 45: 0.45, 47: 0.6, 105: 0.6, 106: 0.5, 108: 0.5, 114: 0.6, 115: 0.3}
"""Seconds after which a note of these programs is no longer heard, however long it is held."""

PATCHES: dict[str, tuple[int, int]] = {
    **{"piano": (28, 100), "nylon-guitar": (40, 84), "violin": (55, 95), "flute": (60, 93), "solo-voice": (45, 80)},
    **{"saw-lead": (40, 90), "trumpet": (54, 84), "reed-organ": (36, 90), "marimba": (45, 90), "harpsichord": (30, 88)},
    **{"finger-bass": (28, 55), "string-ensemble": (36, 90), "choir-ooh": (42, 80), "pipe-organ": (36, 90)},
    **{"drawbar-organ": (36, 90), "clean-guitar": (40, 84), "bowed-string": (40, 88), "french-horn": (36, 75)},
    **{"bassoon": (34, 70), "kalimba": (55, 90), "brass-section": (40, 82), "celesta": (60, 100)},
    **{"pan-flute": (58, 88), "string-pad": (36, 88), "synth-keys": (36, 90), "muted-trumpet": (54, 80)},
}
"""Patches, none of which the benchmark judges, and their ranges."""

PATCH_CHORDAL = ("piano", "nylon-guitar", "reed-organ", "harpsichord", "string-ensemble", "choir-ooh", "pipe-organ")
CHORD_SHAPES = (
    *((0, 4, 7), (0, 3, 7), (0, 4, 7, 12), (0, 3, 7, 10), (0, 4, 7, 11), (0, 4, 7, 10), (0, 5, 7), (0, 7, 12)),
    *((0, 7), (0, 12), (0, 4), (0, 3), (0, 3, 6, 9), (0, 7, 16), (0, 7, 15), (0, 12, 16, 19), (0, 2, 7), (0, 9, 16)),
)
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), tuple(range(12)))


@dataclass(frozen=True)
class Instrument:
    """Something that plays a part: a function that opens its engine, its program, its range.

    - ``name``: of the bank or patch.
    - ``dies``: seconds after which its notes are no longer heard.
    """

    name: str
    open: Callable[[], InstrumentEngine]
    program: int
    limits: tuple[int, int]
    is_chordal: bool
    dies: float | None = None


@dataclass(frozen=True)
class Banks:
    """Where instruments come from: SoundFonts, SFZ instruments with their program, and the patches.

    - ``soundfonts``: files.
    - ``sfz``: files, each with the program of General MIDI that it is like.
    """

    soundfonts: tuple[Path, ...]
    sfz: tuple[tuple[Path, int], ...]

    def draw(self, rng: np.random.Generator, *, chordal: bool) -> Instrument:
        """Return a random instrument, for chords or for one voice."""
        kind = rng.random()
        if chordal and self.sfz and kind < 0.25:
            path, program = self.sfz[rng.integers(len(self.sfz))]
            bank = _sfz(path)
            return Instrument(path.stem, lambda: SfzEngine(bank, RATE), program, PROGRAM_RANGES[program], True)
        if kind < 0.37:
            name = str(rng.choice(PATCH_CHORDAL if chordal else [*PATCHES]))
            dies = {"marimba": 0.5, "kalimba": 0.6}.get(name)
            return Instrument(name, lambda: SynthEngine(load_patch(name), RATE), 0, PATCHES[name], chordal, dies)
        path = self.soundfonts[rng.integers(len(self.soundfonts))]
        font = _font(path)
        if chordal:
            group = (PIANOS, GUITARS, CHOIRS, STRINGS, ORGANS, OTHER_CHORDAL)
            program = int(rng.choice(group[rng.choice(6, p=(0.34, 0.18, 0.13, 0.13, 0.11, 0.11))]))
        else:
            program = int(rng.choice(SOLO)) if rng.random() < 0.7 else int(rng.choice([*PROGRAM_RANGES]))
        limits = PROGRAM_RANGES[program]
        return Instrument(path.stem, lambda: SoundFontEngine(font, RATE), program, limits, chordal, DYING.get(program))


@cache
def _font(path: Path) -> SoundFont:
    return read_soundfont(path)


@cache
def _sfz(path: Path) -> SfzBank:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        return SfzBank(path)


def tidied(part: Part, dies: float | None) -> Part:
    """Return the notes that can be played: no note of a pitch overlaps with the next of it."""
    last: dict[int, int] = {}
    rows: Part = []
    for start, end, pitch, velocity in sorted(part):
        if pitch in last:
            before = rows[last[pitch]]
            if start - before[0] < SHORTEST_SECONDS:
                continue
            if before[1] > start - 0.005:
                rows[last[pitch]] = (before[0], start - 0.005, *before[2:])
        last[pitch] = len(rows)
        rows.append((start, max(end, start + SHORTEST_SECONDS), pitch, velocity))
    return [(a, b if dies is None else min(b, a + dies), p, v) for a, b, p, v in rows]


def velocities(starts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return velocities of notes that begin at ``starts``: a slow curve, accents and chance."""
    if not len(starts):
        return np.zeros(0, int)
    base = rng.uniform(45, 105)
    points = np.linspace(0, starts.max() + 0.1, 5)
    curve = np.interp(starts, points, rng.normal(0, 12, 5))
    values = base + curve + rng.normal(0, rng.uniform(1, 12), len(starts))
    return np.clip(np.rint(values), 15, 126).astype(int)


def excerpt(path: Path, seconds: float, rng: np.random.Generator) -> list[Part]:
    """Return some seconds of a score in another key and tempo, a part for each track."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        score = read_score(path)
    speed = float(np.exp(rng.uniform(np.log(0.65), np.log(1.5))))
    begin = rng.uniform(0, max(score.seconds / speed - seconds, 0.0))
    shift, deviation = int(rng.integers(-5, 7)), rng.choice([0.0, 0.004, 0.012, 0.02])
    length = rng.choice([0.6, 0.85, 0.95, 1.0, 1.0, 1.02])
    parts: list[Part] = []
    for track in score.tracks:
        if track.is_drum or not len(track.notes):
            continue
        notes = track.notes
        start = score.tempo_map.seconds(notes["start"]) / speed - begin
        end = score.tempo_map.seconds(notes["start"] + notes["duration"]) / speed - begin
        used = (start >= 0) & (start < seconds)
        start, end, pitch = start[used], end[used], notes["pitch"][used].astype(int) + shift
        end = start + (end - start) * length
        start = np.maximum(start + deviation * rng.normal(size=len(start)), 0.0)
        values = velocities(start, rng)
        parts.append(
            [(float(a), float(b), int(p), int(v)) for a, b, p, v in zip(start, end, pitch, values, strict=True)]
        )
    return [part for part in parts if part]


def random_chords(seconds: float, limits: tuple[int, int], rng: np.random.Generator) -> Part:
    """Return chords, arpeggios, runs and repeated notes of two hands, all over the range."""
    root, scale = int(rng.integers(12)), SCALES[rng.integers(len(SCALES))]
    part: Part = []
    spread = rng.choice([0.0, 0.006, 0.015, 0.04])
    for _ in range(int(rng.integers(1, 3))):
        time_s, step_s = float(rng.uniform(*FIRST_SECONDS)), float(np.exp(rng.uniform(np.log(0.09), np.log(0.7))))
        low = int(rng.integers(limits[0], max(limits[1] - 16, limits[0] + 1)))
        high = min(low + int(rng.integers(14, 40)), limits[1])
        texture = int(rng.integers(4))
        index = int(rng.integers(low, high))
        while time_s < seconds - 0.2:
            length = step_s * float(rng.choice([1, 1, 1, 2, 3])) if texture == 0 else step_s
            hold = length * float(rng.choice([0.4, 0.9, 1.0, 1.0, 2.0, 4.0]))
            shape = CHORD_SHAPES[rng.integers(len(CHORD_SHAPES))]
            bottom = int(rng.integers(low, max(high - max(shape), low + 1)))
            if texture == 0:  # chords
                for interval in shape:
                    start = time_s + spread * rng.random()
                    part.append((start, start + hold, bottom + interval, 0))
            elif texture == 1:  # arpeggios, held or not
                order = [*shape, *shape[-2:0:-1]] if rng.random() < 0.5 else [*shape]
                held = rng.random() < 0.4
                for number, interval in enumerate(order):
                    start = time_s + number * step_s / 2
                    end = time_s + step_s * len(order) / 2 if held else start + hold / 2
                    part.append((start, end, bottom + interval, 0))
                length = step_s * len(order) / 2
            elif texture == 2:  # a line, sometimes in thirds, sixths or octaves
                index = int(np.clip(index + rng.integers(-4, 5), low, high))
                index += min((-((index - root) % 12 - each) for each in scale), key=abs, default=0)
                part.append((time_s, time_s + hold, index, 0))
                if rng.random() < 0.5:
                    part.append((time_s, time_s + hold, index + int(rng.choice([3, 4, 8, 9, 12])), 0))
            else:  # a repeated chord
                for interval in shape:
                    part += [(time_s + k * step_s, time_s + (k + 0.9) * step_s, index + interval, 0) for k in range(3)]
                index, length = bottom, 3 * step_s
            time_s += length + (step_s if rng.random() < 0.08 else 0.0)
    part = [row for row in part if limits[0] <= row[2] <= limits[1]]
    return with_velocities(part, rng)


def with_velocities(part: Part, rng: np.random.Generator) -> Part:
    """Return notes with velocities."""
    values = velocities(np.array([row[0] for row in part]), rng)
    return [(*row[:3], int(value)) for row, value in zip(part, values, strict=True)]


def random_line(seconds: float, limits: tuple[int, int], rng: np.random.Generator) -> Part:
    """Return a melody of one voice: fast or slow, legato or separated."""
    root, scale = int(rng.integers(12)), SCALES[rng.integers(len(SCALES))]
    low = int(rng.integers(limits[0], max(limits[1] - 12, limits[0] + 1)))
    pool = [p for p in range(low, min(low + int(rng.integers(12, 28)), limits[1]) + 1) if (p - root) % 12 in scale]
    step_s, width = float(np.exp(rng.uniform(np.log(0.08), np.log(0.6)))), float(rng.choice([1.2, 2.0, 4.0]))
    articulation, repeat = float(rng.choice([0.5, 0.8, 0.95, 1.0, 1.0, 1.05])), float(rng.choice([0.0, 0.05, 0.2]))
    index, time_s = int(rng.integers(len(pool))), float(rng.uniform(*FIRST_SECONDS))
    part: Part = []
    while time_s < seconds - 0.2:
        length = step_s * float(rng.choice([1, 1, 1, 2, 3]))
        if rng.random() >= repeat:
            step = int(np.copysign(np.ceil(abs(rng.normal()) * width), rng.normal()))
            index = int(np.clip(index + step, 0, len(pool) - 1))
        if rng.random() > 0.06:
            part.append((time_s, time_s + max(length * articulation, 0.07), pool[index], 0))
        time_s += length
    return with_velocities(part, rng)


def fitted(part: Part, limits: tuple[int, int]) -> Part:
    """Return a part in the octave where most of it is in the range of an instrument; the rest is left out."""
    if not part:
        return part
    pitches = np.array([row[2] for row in part])
    octaves = [12 * n for n in range(-4, 5)]
    inside = [int(((pitches + o >= limits[0]) & (pitches + o <= limits[1])).sum()) - abs(o) / 1_000 for o in octaves]
    shift = octaves[int(np.argmax(inside))]
    return [(a, b, p + shift, v) for a, b, p, v in part if limits[0] <= p + shift <= limits[1]]


def sound_of(part: Part, instrument: Instrument, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return a part by an instrument, ``(time,)`` at RATE, without the instrument's own effects or with them."""
    ticks = [(round(TICKS_PER_SECOND * a), max(round(TICKS_PER_SECOND * (b - a)), 1), p, v) for a, b, p, v in part]
    controls = [(0, PROGRAM, 0, instrument.program)]
    controls += [(0, CONTROL_CHANGE, CHORUS, 0)]
    if rng.random() < 0.8:
        controls += [(0, CONTROL_CHANGE, REVERB, 0)]
    score = Score((Track(notes_of(ticks), controls=controls_of(controls)),), TICKS_PER_SECOND, TEMPOS)
    blocks = perform(score, RATE).blocks(instrument.open, n_samples=round(seconds * RATE))
    wave: np.ndarray = np.concatenate(list(blocks), axis=1).mean(axis=0)
    return wave


TEMPOS = np.array([(0, 1_000_000)], TEMPO)


def additive(part: Part, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return a part by additive tones of a random timbre and envelope, ``(time,)`` at SAMPLE_RATE."""
    n_samples = round(seconds * SAMPLE_RATE)
    attack_s, release_s = (float(np.exp(rng.uniform(*np.log(span)))) for span in ((0.003, 0.12), (0.03, 0.4)))
    decay, tilt = float(rng.choice([0, 0, 0.7, 2, 5])), rng.uniform(0.3, 2.2)
    levels, even = np.exp(rng.normal(0, 0.7, 24)), rng.choice([1, 1, 1, 0.1])
    stretch = rng.choice([0.0, 0.0, 2e-4, 6e-4])  # of partials, as of strings
    vibrato, rate_hz = rng.choice([0, 0, 15, 35]) / 1_200, rng.uniform(4.5, 7)
    wave = np.zeros(n_samples)
    for start_s, end_s, pitch, velocity in part:
        start = round(start_s * SAMPLE_RATE)
        n_tone = min(round((end_s - start_s + 3 * release_s) * SAMPLE_RATE), n_samples - start)
        if n_tone <= 0:
            continue
        time_s = np.arange(n_tone) / SAMPLE_RATE
        f0_hz = 440 * 2 ** ((pitch - 69) / 12)
        orders = np.arange(1, 25)
        hz = orders * f0_hz * np.sqrt(1 + stretch * orders**2)
        orders = orders[hz < 0.45 * SAMPLE_RATE]
        gains = levels[: len(orders)] * orders ** -(tilt + 0.6 * (1 - velocity / 127)) * np.where(orders % 2, 1, even)
        phase = 2 * np.pi * f0_hz * (time_s - vibrato / (2 * np.pi * rate_hz) * np.cos(2 * np.pi * rate_hz * time_s))
        turn, tone, partial = np.exp(1j * phase), np.zeros(n_tone), np.ones(n_tone, complex)
        for order, gain in zip(orders, gains, strict=True):
            partial = partial * turn
            bend = hz[order - 1] / (order * f0_hz) - 1
            tone += gain * (partial * np.exp(1j * (rng.uniform(0, 6.28) + order * bend * phase))).imag
        released_s = np.maximum(time_s - (end_s - start_s), 0.0)
        envelope = np.minimum(time_s / attack_s, 1) * np.exp(-decay * time_s - 3 * released_s / release_s)
        wave[start : start + n_tone] += tone / np.sqrt(np.square(gains).sum()) * envelope * (velocity / 127) ** 1.5
    return wave


def recorded(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a wave at SAMPLE_RATE in a room, equalised, in noise, coded, each with a chance, ``(time,)`` float32."""
    wave = wave.astype(np.float32)
    wave /= np.abs(wave).max() + 1e-9
    if rng.random() < 0.4:
        response = Room.random(rng).response(rng, SAMPLE_RATE)
        wet = mixing.reverberate(wave, response)[: len(wave)]
        wave = wave + np.float32(rng.uniform(0.2, 1.0)) * (wet - wave)
    if rng.random() < 0.5:
        wave = mixing.equalise(wave, rng, 8.0)
    if rng.random() < 0.75:
        noise = mixing.coloured_noise(rng, len(wave))
        snr_db = rng.uniform(12, 65)
        wave = wave + noise * np.float32(mixing.rms(wave) / (mixing.rms(noise) + 1e-9) * db_to_gain(-snr_db))
    wave = wave / (np.abs(wave).max() + 1e-9) * np.float32(db_to_gain(rng.uniform(-24, -0.5)))
    if rng.random() < 0.1:
        wave = mixing.coded(wave, SAMPLE_RATE, rng)[: len(wave)]
    return wave.astype(np.float32)


def parts_of(
    scores: Sequence[Path], banks: Banks, seconds: float, rng: np.random.Generator
) -> list[tuple[Part, Instrument]]:
    """Return the parts of a performance and their instruments: of a score, of two hands, or of one voice."""
    kind = rng.random()
    if kind < SCORE_CHANCE:
        parts = excerpt(scores[rng.integers(len(scores))], seconds, rng)
        if rng.random() < TOGETHER_CHANCE or len(parts) == 1:
            one = banks.draw(rng, chordal=True)
            return [(fitted(sorted(row for part in parts for row in part), one.limits), one)]
        players = [banks.draw(rng, chordal=rng.random() < 0.25) for _ in parts[:MAX_PLAYERS]]
        return [(fitted(part, each.limits), each) for part, each in zip(parts, players, strict=False)]
    if kind > 1 - LINE_CHANCE:
        one = banks.draw(rng, chordal=False)
        return [(random_line(seconds, one.limits, rng), one)]
    one = banks.draw(rng, chordal=True)
    groups = [(random_chords(seconds, one.limits, rng), one)]
    if rng.random() < OVER_CHANCE:
        other = banks.draw(rng, chordal=False)
        groups.append((random_line(seconds, other.limits, rng), other))
    return groups


def performance(
    scores: Sequence[Path], banks: Banks, seconds: float, rng: np.random.Generator
) -> tuple[np.ndarray, Part]:
    """Return a wave at SAMPLE_RATE and its notes, at ``seconds`` or less."""
    speed = 2 ** (rng.choice([0, 0, 1]) * rng.uniform(-0.4, 0.4) / 12)  # by which all is tuned
    groups = parts_of(scores, banks, seconds, rng)
    is_additive = rng.random() < ADDITIVE_CHANCE
    everything: Part = []
    total = np.zeros(round(seconds * SAMPLE_RATE))
    for part, instrument in groups:
        notes = tidied([row for row in part if LOWEST <= row[2] <= HIGHEST and row[0] < seconds - 0.1], instrument.dies)
        if not notes:
            continue
        if is_additive:
            wave = additive(notes, seconds, rng)
        else:
            stretched = [(a * speed, b * speed, p, v) for a, b, p, v in notes]
            wave = soxr.resample(sound_of(stretched, instrument, seconds * speed, rng), RATE * speed, SAMPLE_RATE)
        gain = db_to_gain(rng.normal(0, 3)) / (mixing.rms(wave) + 1e-9) * np.sqrt(len(notes))
        n_samples = min(len(wave), len(total))
        total[:n_samples] += gain * wave[:n_samples]
        everything += notes
    return recorded(total, rng), tidied(everything, None)
