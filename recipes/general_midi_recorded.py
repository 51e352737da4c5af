"""Recorded instruments of the bundled General MIDI bank: notes of SFZ instruments, played, cut, looped and levelled.

FOLDER has these repositories of github.com under their names: sfzinstruments/SplendidGrandPiano,
freepats/spanish-classical-guitar, sfzinstruments/dsmolken.double-bass, sfzinstruments/karoryfer.weresax,
sfzinstruments/body_percussion, sfzinstruments/Discord-SFZ-GM-Bank (the instruments below, each with its licence in its
file) and freepats/muldjordkit.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import correlate

from wavewright.dsp.loudness import LoudnessMeter
from wavewright.synth.banks import bank_engine, read_bank
from wavewright.synth.soundfont.player import PlayerSettings, SoundFontEngine

RATE = 44_100
MAX_VELOCITY = 127
START_DB, HELD_START_DB, END_DB = -46.0, -16.0, -60.0  # of notes, and of those that are held, below the peak
LEAD_SAMPLES = 44
FADE_S, LOOP_S, CROSSFADE_S = 0.4, (0.35, 0.75), 0.25
LOOPED_DB = -44.0  # a note that is louder at its end, below its peak, is looped there
LOOPED_S = 1.3  # shorter notes fade
DECAY_S = 1.2  # before the loop, in which the decay is measured
SEAM_SAMPLES = 2_048
MONO_CORRELATION = 0.995
FRAME = 441
TUNING_SIZE, TUNING_RANGE, WEAK_DB = 1 << 20, 0.018, -40.0
MAX_CENTS = 12  # the stretched octaves of pianos stay


@dataclass(frozen=True)
class Recorded:
    """An instrument: where it is, and which of its notes are taken."""

    path: str  # of its SFZ file below FOLDER
    keys: range
    layers: tuple[int, ...] = (MAX_VELOCITY,)  # highest velocity of each layer
    seconds: tuple[float, float] = (6.0, 1.5)  # of the lowest and the highest note
    is_held: bool = False  # as long as its key; others fade
    is_pitched: bool = True
    width: float = 1.0  # of what differs between both channels


@dataclass(frozen=True, eq=False)
class Note:
    """A note of an instrument: one or two channels ``(channels, time)`` at RATE, full scale at 1."""

    key: int
    velocities: tuple[int, int]
    wave: np.ndarray
    loop: tuple[int, int] | None  # within the wave, which goes on after it
    decay_db: float  # a second, from the loop on
    lufs: float
    cents: int  # that tune it

    @property
    def hold_s(self) -> float:
        """Seconds before the loop."""
        return 0.0 if self.loop is None else self.loop[0] / RATE


GM = "Discord-SFZ-GM-Bank/Discord GM/Melodic"
RECORDED = {
    "grand piano": Recorded(
        "SplendidGrandPiano/Splendid Grand Piano.sfz", range(22, 108, 5), (58, 98, 127), (6.5, 1.2), width=0.4
    ),
    "nylon guitar": Recorded(
        "spanish-classical-guitar/SpanishClassicalGuitar-20190618.sfz", range(40, 84, 4), (127,), (4.0, 1.5)
    ),
    "electric grand": Recorded(f"{GM}/003-Electric Grand Piano.sfz", range(27, 100, 7), (127,), (4.0, 1.2)),
    "steel guitar": Recorded(f"{GM}/026-Acoustic Guitar (steel).sfz", range(40, 84, 4), (127,), (4.0, 1.5)),
    "finger bass": Recorded(f"{GM}/034-Electric Bass (finger).sfz", range(28, 60, 4), (90, 127), (3.5, 2.0)),
    "tine piano": Recorded(f"{GM}/005-Electric Piano 1.sfz", range(36, 92, 6), (127,), (4.0, 1.5)),
    "sitar strings": Recorded(f"{GM}/105-Sitar.sfz", range(48, 84, 5), (127,), (4.0, 2.0)),
    "section pizzicato": Recorded(f"{GM}/046-Pizzicato Strings.sfz", range(36, 88, 5), (127,), (1.5, 0.8), width=0.5),
    "plucked double bass": Recorded(
        "dsmolken.double-bass/d_smolken_rubner_bass_pizz.sfz", range(28, 62, 4), (90, 127), (3.0, 1.5)
    ),
    "bowed double bass": Recorded(
        "dsmolken.double-bass/d_smolken_rubner_bass_arco.sfz", range(26, 64, 5), (127,), (2.6, 2.2), is_held=True
    ),
    "alto saxophone": Recorded(
        "karoryfer.weresax/Programs/Sax.sfz", range(49, 81, 4), (90, 127), (2.4, 2.2), is_held=True
    ),
}
"""Instruments by their names."""

POWER_KIT = "muldjordkit/MuldjordKit 20201018.sfz"
POWER_KEYS = {
    36: (48, 0.7), 35: (49, 0.7), 38: (50, 0.8), 40: (51, 0.8), 42: (52, 0.5), 44: (52, 0.3), 46: (53, 2.0),
    51: (54, 2.2), 53: (55, 2.2), 59: (56, 2.2), 49: (58, 2.5), 57: (59, 2.5), 52: (60, 2.0), 50: (61, 1.2),
    48: (62, 1.2), 47: (62, 1.2), 45: (63, 1.4), 43: (64, 1.6), 41: (64, 1.6),
}  # fmt: skip
"""Key of General MIDI 2: key of the recorded kit, and seconds."""

POWER_LAYERS = (70, 110, MAX_VELOCITY)
CLAP = Recorded("body_percussion/Programs/body.sfz", range(61, 62), (MAX_VELOCITY,), (0.5, 0.5), is_pitched=False)

CREDITS = (
    "Piano: AKAI, public domain. Nylon guitar: FreePats, CC0. Double bass: D. Smolken, CC0. Saxophone, hand clap: "
    "Karoryfer, CC0. Electric grand, electric piano, steel guitar, finger bass, sitar, pizzicato: Discord SFZ GM Bank "
    "(Greg Sullivan, Jeff Learman, Narayan Bhagawan Raikar and others), CC0. Power Kit: Lars Muldjord, CC-BY 4.0, drum "
    "samples provided by DrumGizmo.org. All others: made from formulas by recipes/general_midi.py, Apache-2.0."
)


def notes_of(recorded: Recorded, folder: Path) -> list[Note]:
    """Return the notes that are taken of an instrument, as many for each layer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # opcodes that are not played
        engine = bank_engine(read_bank(folder / recorded.path), RATE, PlayerSettings(reverb=0.0, chorus=0.0))
    notes, lowest = [], 0
    for highest in recorded.layers:
        velocity = (lowest + highest + 1) // 2 if len(recorded.layers) > 1 else 100
        for key in recorded.keys:
            share = (key - recorded.keys[0]) / max(1, recorded.keys[-1] - recorded.keys[0])
            seconds = recorded.seconds[0] ** (1 - share) * recorded.seconds[1] ** share
            start_db = HELD_START_DB if recorded.is_held else START_DB
            wave = narrowed(played(engine, key, velocity, seconds, start_db), recorded.width)
            notes.append(
                finished(key, (lowest, highest), wave, is_held=recorded.is_held, is_pitched=recorded.is_pitched)
            )
        lowest = highest + 1
    return notes


def played(engine: SoundFontEngine, key: int, velocity: int, seconds: float, start_db: float) -> np.ndarray:
    """Return a note ``(2, time)`` from its start on."""
    engine.reset()
    engine.note_on(0, key, velocity)
    wave = engine.process(round((seconds + 0.6) * RATE))
    level = np.abs(wave).max(0)
    first = int(np.argmax(level > level.max() * 10 ** (start_db / 20)))
    wave = wave[:, max(0, first - LEAD_SAMPLES) :][:, : round(seconds * RATE)]
    return wave / np.abs(wave).max()


def narrowed(wave: np.ndarray, width: float) -> np.ndarray:
    """Return a wave whose channels differ less."""
    middle = wave.mean(0)
    return middle + width * (wave - middle)


def finished(key: int, velocities: tuple[int, int], wave: np.ndarray, *, is_held: bool, is_pitched: bool) -> Note:
    """Return a note that is looped at its end, or fades there."""
    if np.corrcoef(wave)[0, 1] > MONO_CORRELATION:
        wave = wave.mean(0, keepdims=True)
    frames = levels_db(wave)
    loud = np.flatnonzero(frames > frames.max() + END_DB)
    wave = wave[:, : (int(loud[-1]) + 1) * FRAME]
    meter = LoudnessMeter(RATE, len(wave))
    meter.add(np.pad(wave, ((0, 0), (0, max(0, RATE - wave.shape[1])))))
    lufs = float(np.max(meter.momentary_lufs()))
    cents = -detuning(wave, key) if is_pitched else 0
    is_loud = frames[int(loud[-1])] > frames.max() + LOOPED_DB
    if is_held or (is_loud and wave.shape[1] > LOOPED_S * RATE):
        return Note(key, velocities, *looped(wave, is_held), lufs, cents)
    n_fade = min(wave.shape[1] // 2, round(FADE_S * RATE))
    wave = wave.copy()
    wave[:, -n_fade:] *= 0.5 + 0.5 * np.cos(math.pi * np.arange(n_fade) / n_fade)
    return Note(key, velocities, wave, None, 0.0, lufs, cents)


def detuning(wave: np.ndarray, key: int) -> int:
    """Return the cents, up to MAX_CENTS, by which the fundamental is above its key; 0 where it is too weak to tell."""
    sound = wave.mean(0)[RATE // 20 :]
    wanted_hz = 440.0 * 2.0 ** ((key - 69) / 12)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), TUNING_SIZE))
    ratios = np.fft.rfftfreq(TUNING_SIZE, 1 / RATE) / wanted_hz
    near = np.flatnonzero(np.abs(ratios - 1) < TUNING_RANGE)
    peak = near[np.argmax(spectrum[near])]
    is_peak = near[0] < peak < near[-1] and spectrum[peak] > spectrum.max() * 10 ** (WEAK_DB / 20)
    cents = round(1_200 * math.log2(ratios[peak])) if is_peak else 0
    return max(-MAX_CENTS, min(MAX_CENTS, cents))


def levels_db(wave: np.ndarray) -> np.ndarray:
    """Return the level of each frame in dB."""
    n = max(1, wave.shape[1] // FRAME)
    power = np.square(wave[:, : n * FRAME]).reshape(len(wave), n, -1).mean((0, 2))
    return 10 * np.log10(power + 1e-12)


def looped(wave: np.ndarray, is_held: bool) -> tuple[np.ndarray, tuple[int, int], float]:
    """Return a wave whose end is a loop of a steady level, the loop, and the decay that it has lost, dB a second."""
    end, fade = wave.shape[1], round(CROSSFADE_S * RATE)
    frames = levels_db(wave)[-round(DECAY_S * RATE / FRAME) :]
    decay_db = -float(np.polyfit(np.arange(len(frames)) * FRAME / RATE, frames, 1)[0])
    length = loop_length(wave, end, fade)
    start = end - length
    times = np.arange(start - fade, end) - start
    level = wave[:, start - fade :] * 10 ** (decay_db * times / RATE / 20)
    blend = np.sin(0.5 * math.pi * np.arange(fade) / fade) ** 2
    level[:, -fade:] = (1 - blend) * level[:, -fade:] + blend * level[:, -fade - length : -length]
    following = level[:, fade:][:, : min(length, SEAM_SAMPLES)]
    wave = np.concatenate([wave[:, :start], level[:, fade:], following], axis=1)
    peak = np.abs(wave).max()
    return wave / max(1.0, peak), (start, end), 0.0 if is_held else max(decay_db, 1.0)


def loop_length(wave: np.ndarray, end: int, fade: int) -> int:
    """Return the length of the loop before ``end`` whose seam is most alike on both sides."""
    sound = wave.mean(0)
    low, high = (round(seconds * RATE) for seconds in LOOP_S)
    tail = sound[end - fade : end]
    before = sound[end - fade - high : end - low]
    power = np.convolve(before**2, np.ones(fade), "valid")
    scores = correlate(before, tail, "valid", "fft") / np.sqrt(power + 1e-9)
    return high - int(np.argmax(scores))
