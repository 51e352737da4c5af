"""Compare the bundled bank with other SoundFonts: how wide, moving and bright its programs are, how they start and end.

    python -m benchmarks music.bank --fonts FluidR3_GM.sf2 TimGM6mb.sf2 --json bank.json

Chords of three notes are played by the SoundFont player with its usual reverb and chorus, for 2 s, by each program of
General MIDI but the eight of sound effects:

- ``correlation`` of the left and the right channel; 1 is mono.
- ``movement_db``: standard deviation of the level of mel bands from 0.5 s to 1.8 s, without the slope of each band.
- ``brightness``: octaves of the spectral centroid above 440 Hz.
- ``attack_s``: until the level is 6 dB below its maximum for the first time.
- ``release_s``: from the end of the keys until the level has fallen by 20 dB.

A program is within the range of the others if its value is between theirs, or at most a tolerance beyond them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.dsp.mel import mel_spectrogram
from wavewright.synth.soundfont import SoundFont, SoundFontEngine, read_soundfont
from wavewright.synth.soundfont.player import BUNDLED_BANK

RATE, FRAME = 44_100, 441
CHORD, VELOCITY, HELD_S, RELEASED_S = (52, 59, 64), 96, 2.0, 1.5
N_PROGRAMS = 120
N_FFT, N_MELS = 2_048, 40
MOVING = slice(50, 180)
"""Frames in which the movement is measured."""

TOLERANCES = {"correlation": 0.1, "movement_db": 1.0, "brightness": 0.5, "attack_s": 0.03, "release_s": 0.15}
LEAST_PROGRAMS = 100

WITHIN = Table("within", columns(quantity="s", programs="d", within="d", median=".2f") | columns(others="s"))


def qualities(font: SoundFont, program: int) -> dict[str, float]:
    """Return the values of a program."""
    engine = SoundFontEngine(font, RATE)
    engine.program(0, 0, program)
    for key in CHORD:
        engine.note_on(0, key, VELOCITY)
    held = engine.process(round(HELD_S * RATE))
    for key in CHORD:
        engine.note_off(0, key)
    wave = np.concatenate([held, engine.process(round(RELEASED_S * RATE))], axis=1).astype(np.float64)
    frames = wave[:, : wave.shape[1] // FRAME * FRAME].reshape(2, -1, FRAME)
    level = 10 * np.log10(np.square(frames).mean((0, 2)) + 1e-12)
    n_held = held.shape[1] // FRAME
    bands = 10 * np.log10(mel_spectrogram(wave.mean(0), RATE, N_FFT, FRAME, N_MELS) + 1e-9)
    moving = bands[:, MOVING]
    times = np.arange(moving.shape[1])
    slopes = np.polyfit(times, moving.T, 1)
    steady = moving - (np.outer(slopes[0], times) + slopes[1][:, None])
    is_audible = moving.max(1) > moving.max() - 40
    power = np.square(np.abs(np.fft.rfft(held.mean(0))))
    hertz = np.fft.rfftfreq(held.shape[1], 1 / RATE)
    ended = np.flatnonzero(level[n_held:] < level[n_held - 1] - 20)
    return {
        "correlation": float(np.corrcoef(held)[0, 1]),
        "movement_db": float(steady[is_audible].std(1).mean()),
        "brightness": float(np.log2((hertz * power).sum() / power.sum() / 440)),
        "attack_s": float(np.argmax(level > level[:n_held].max() - 6) * FRAME / RATE),
        "release_s": float(ended[0] * FRAME / RATE) if len(ended) else RELEASED_S,
    }


def measure(options: Options, report: Report) -> None:
    own = read_soundfont(options.bank)
    fonts = [read_soundfont(path) for path in options.fonts]
    programs = range(0, N_PROGRAMS, options.step)
    rows = [[qualities(font, program) for font in (own, *fonts)] for program in programs]
    for name, tolerance in TOLERANCES.items():
        values = np.array([[each[name] for each in row] for row in rows])
        mine, others = values[:, 0], values[:, 1:]
        is_within = (mine >= others.min(1) - tolerance) & (mine <= others.max(1) + tolerance)
        medians = ", ".join(f"{font.name} {value:.2f}" for font, value in zip(fonts, np.median(others, 0), strict=True))
        n_within = int(is_within.sum())
        report.add(
            WITHIN, quantity=name, programs=len(rows), within=n_within, median=float(np.median(mine)), others=medians
        )
        report.details[name] = {int(program): row.tolist() for program, row in zip(programs, values, strict=True)}
        report.target("the bundled bank", f"programs within the range: {name}", n_within, at_least=LEAST_PROGRAMS)


def smoke_fonts(_folder: Path) -> list[Path]:
    """Return the bundled bank as its own peer."""
    return [BUNDLED_BANK]


BENCHMARK = Benchmark(
    measure,
    Option("fonts", [Path("FluidR3_GM.sf2")], "SoundFonts of General MIDI", smoke=smoke_fonts),
    Option("bank", BUNDLED_BANK, "the bank that is judged"),
    Option("step", 1, "every so many programs", smoke=40),
)
