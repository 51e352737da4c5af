"""Measure the synthesiser: aliases, tuning and speed, beside Faust in DawDreamer.

    python -m benchmarks music.synth --json synth.json

Aliases are the largest component below half the sample rate that is no harmonic, relative to the largest harmonic.
Speeds are for 16 held notes at 48 kHz on one thread. DawDreamer (GPL) is compared where it is installed, with a Faust
program of the same oscillators, envelopes and filter; Wavewright never imports it.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.harness.peers import DAWDREAMER
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.synth import SynthEngine, load_patch, parse_patch

ALIASES = Table("aliases", columns(wave="s", frequency_hz=".1f", sample_rate="d", aliases_db=".1f", error_cents=".4f"))
SPEEDS = Table("speed", columns(patch="s", engine="s", times_real_time=".0f"))

RATE = 48_000
N_VOICES = 16
N_FFT = 1 << 17
KEYS = tuple(range(40, 40 + 3 * N_VOICES, 3))
PLAIN = 'title = "Plain"\ncategory = "lead"\noscillators = [{{ wave = "{wave}" }}]\n'
SWEPT = """
[filter]
kind = "low-pass"
cutoff_hz = 300
resonance = 0.3
[[modulations]]
source = "amplitude"
destination = "cutoff"
amount = 3
[envelopes]
amplitude = { attack_s = 0.005, decay_s = 0.5, sustain = 0.7, release_s = 0.3 }
"""
SUBTRACTIVE = PLAIN.format(wave="saw") + SWEPT
FAUST = """
declare options "[nvoices:16]";
import("stdfaust.lib");
freq = hslider("freq", 220, 20, 8000, 0.01);
gain = hslider("gain", 0.5, 0, 1, 0.01);
gate = button("gate");
env = en.adsr(0.005, 0.5, 0.7, 0.3, gate);
process = os.sawtooth(freq) : fi.resonlp(300 * pow(2, 3 * env), 1.0, 1) * env * gain <: _, _;
effect = _, _;
"""
PLAIN_PATCH = "one saw, filter, envelope"
BUNDLED = ("saw-lead", "super-saw", "warm-pad", "fm-pad", "bowed-string", "choir-aah")


def held(name: str) -> SynthEngine:
    """Return an engine that holds 16 notes."""
    engine = SynthEngine(parse_patch(SUBTRACTIVE) if name == PLAIN_PATCH else load_patch(name), RATE)
    for key in KEYS:
        engine.note_on(0, key, 100)
    engine.process(RATE // 10)
    return engine


def analysed(wave: str, key: int, sample_rate: int) -> tuple[float, float, float]:
    """Return frequency, aliases in dB and error in cents of a note."""
    frequency_hz = 440.0 * 2.0 ** ((key - 69) / 12.0)
    engine = SynthEngine(parse_patch(PLAIN.format(wave=wave)), sample_rate)
    engine.note_on(0, key, 127)
    sound = engine.process(N_FFT + sample_rate // 10)[0, -N_FFT:].astype(np.float64)
    spectrum = np.fft.rfft(sound * np.kaiser(N_FFT, 24.0))
    levels = np.abs(spectrum)
    frequencies = np.fft.rfftfreq(N_FFT, 1.0 / sample_rate)
    distances = np.abs(frequencies - frequency_hz * np.round(frequencies / frequency_hz))
    is_harmonic = distances < 16.0 * sample_rate / N_FFT
    aliases_db = 20.0 * math.log10(levels[~is_harmonic].max() / levels.max())
    half = N_FFT // 2
    phasor = np.exp(-2j * np.pi * frequency_hz * np.arange(half) / sample_rate) * np.hanning(half)
    turn = np.sum(sound[half:] * phasor) / np.sum(sound[:half] * phasor)
    turn *= np.exp(-2j * np.pi * frequency_hz * half / sample_rate)
    error_hz = float(np.angle(turn)) * sample_rate / (2.0 * np.pi * half)
    return frequency_hz, aliases_db, 1_200.0 * math.log2(1.0 + error_hz / frequency_hz)


def faust(seconds: float) -> Callable[[], object]:
    """Return the function that renders 16 held notes of the Faust program."""
    dawdreamer = importlib.import_module(DAWDREAMER.module)
    engine = dawdreamer.RenderEngine(RATE, 512)
    program = engine.make_faust_processor("synth")
    program.set_dsp_string(FAUST)
    program.num_voices = N_VOICES
    program.compile()
    for key in KEYS:
        program.add_midi_note(key, 100, 0.0, 2.0 * seconds)
    engine.load_graph([(program, [])])
    return lambda: engine.render(seconds)


def measure(options: Options, report: Report) -> None:
    for wave, key, rate in itertools.product(("saw", "square", "pulse", "triangle"), options.keys, (44_100, RATE)):
        hz, aliases_db, error_cents = analysed(wave, key, rate)
        row = {"wave": wave, "frequency_hz": hz, "sample_rate": rate}
        report.add(ALIASES, row, aliases_db=aliases_db, error_cents=error_cents)
        report.target(f"{wave} {hz:.0f} Hz", "aliases, dB", aliases_db, at_most=-110.0)
        report.target(f"{wave} {hz:.0f} Hz", "error, cents", abs(error_cents), at_most=0.5)

    def add_speed(name: str, engine: str, render: Callable[[], object]) -> float:
        speed = options.seconds / median_seconds(render, options.runs)
        report.add(SPEEDS, patch=name, engine=engine, times_real_time=speed)
        return speed

    for name in (PLAIN_PATCH, *options.patches):
        speed = add_speed(name, "Wavewright", partial(held(name).process, round(options.seconds * RATE)))
        if name == PLAIN_PATCH:
            report.target(name, "times real time", speed, at_least=100.0)
            if report.has(DAWDREAMER, "Faust"):
                add_speed(name, "Faust", faust(options.seconds))


BENCHMARK = Benchmark(
    measure,
    Option("keys", [33, 45, 57, 69, 81, 93, 105, 111], smoke=[69]),
    Option("patches", list(BUNDLED), smoke=["saw-lead"]),
    Option("seconds", 4.0, smoke=0.1),
    Option("runs", 7, smoke=1),
)
