"""Compare the speed of every effect with that of a permissive alternative, and of pedalboard.

    python -m benchmarks effects.speed --json effects.json

The sound is stereo at 48 kHz. The alternative is FFmpeg's filter (by PyAV), SciPy's function, python-stretch, or
NumPy's formula on the whole wave. FFmpeg's times include the passage of the samples into a new filter graph and out of
it; the row ``anull`` is that passage alone, and the net ratio is that to the rest. Pedalboard (GPL) is compared where
it is installed; Wavewright never imports it. All run in one process; times are medians of the processor time of several
runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.signal import oaconvolve, resample_poly, sosfilt

from benchmarks.effects.peers import ffmpeg, python_stretch
from benchmarks.harness.peers import PEDALBOARD, PYTHON_STRETCH
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, Value, columns, optional
from benchmarks.harness.timing import median_seconds
from wavewright.effects import EFFECTS, Effect, GraphicEqualiser, HumNotch, LinearPhaseEqualiser

RATE = 48_000
RESPONSE_SECONDS = 1.0
MONO = ("pan", "stereo")
CLIPPING_LEVEL = 0.7
N_RUNS = 5
MAX_RATIO, MAX_PEDALBOARD_RATIO = 1.0, 2.0
PASSAGE = "anull"
LEAST_NET_FRACTION = 0.25  # of the passage, that a filter takes besides it, for a ratio to be more than chance

SPEED = Table(
    "speed",
    columns(effect="s")
    | optional(ms="8.1f", alternative="s", alternative_ms="8.1f", ratio=".2f", net_ratio=".2f")
    | optional(pedalboard_ms="8.1f", pedalboard_ratio=".2f"),
)

Process = Callable[[np.ndarray], object]


def sound(seconds: float) -> np.ndarray:
    """Return bursts of noise and tones with clipped peaks, silences and clicks, ``(2, time)``."""
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    envelope = np.clip(np.sin(2.0 * np.pi * 0.7 * time), 0.0, None) ** 2
    tones = sum(np.sin(2.0 * np.pi * hz * time) for hz in (220.0, 331.0, 1_250.0))
    wave = envelope * (0.3 * tones + 0.1 * rng.standard_normal((2, len(time))))
    wave[:, :: RATE // 2] += 0.5
    return np.clip(wave, -CLIPPING_LEVEL, CLIPPING_LEVEL).astype(np.float32)


def response() -> np.ndarray:
    """Return the impulse response of the convolutions, ``(time,)``."""
    n_samples = round(RESPONSE_SECONDS * RATE)
    noise = np.random.default_rng(1).standard_normal(n_samples)
    return (0.01 * noise * np.exp(-6.0 * np.arange(n_samples) / n_samples)).astype(np.float32)


SETTINGS: Mapping[str, Mapping[str, object]] = {
    "convolve": {"response": response(), "response_rate": RATE},
    "equaliser": {"bands_db": (3.0, -3.0) * 5},
    "lineareq": {"gains_db": (3.0, -3.0) * 5},
    "lowshelf": {"gain_db": 6.0},
    "highshelf": {"gain_db": 6.0},
    "peak": {"gain_db": 6.0},
    "gain": {"gain_db": -3.0},
    "trim": {"start_seconds": 0.1},
    "pad": {"start_seconds": 1.0},
    "resample": {"sample_rate_hz": 44_100},
    "speed": {"factor": 1.25},
    "stretch": {"factor": 1.25},
    "pitch": {"semitones": 4.0},
    "width": {"width": 0.5},
    "balance": {"balance": -0.3},
    "loudness": {"loudness_lufs": -16.0},
}
"""Settings that differ from the defaults, or have none."""

FILTERS: Mapping[str, str] = {
    "highpass": "highpass=f=80",
    "lowpass": "lowpass=f=8000",
    "lowshelf": "lowshelf=f=200:g=6",
    "highshelf": "highshelf=f=4000:g=6",
    "peak": "equalizer=f=1000:t=q:w=1:g=6",
    "notch": "bandreject=f=1000:t=q:w=10",
    "fadein": "afade=t=in:d=1:curve=hsin",
    "gain": "volume=-3dB",
    "compress": "acompressor=threshold=0.126:ratio=3:attack=5:release=100:knee=2",
    "expand": "compand=attacks=0.002:decays=0.1:points=-80/-120|-40/-40|0/0",
    "gate": "agate=threshold=0.003",
    "deess": "deesser",
    "limit": "alimiter=limit=0.89:attack=5:release=50",
    "tremolo": "tremolo=f=5:d=0.5",
    "phaser": "aphaser",
    "delay": "aecho=0.7:0.3:300:0.3",
    "vibrato": "vibrato=f=5:d=0.5",
    "chorus": "chorus=0.5:0.5:20|24|28:0.3|0.3|0.3:0.8|0.8|0.8:3|3|3",
    "flanger": "flanger",
    "saturate": "asoftclip=type=tanh:oversample=4",
    "crush": "acrusher=bits=8:mix=1",
    "dither": "aresample=osf=s16:dither_method=triangular_hp",
    "width": "stereotools=slev=0.5",
    "reverse": "areverse",
    "trim": "atrim=start=0.1",
    "pad": "adelay=1000|1000",
    "silence": "silenceremove=stop_periods=-1:stop_threshold=-50dB:stop_duration=0.5",
    "declick": "adeclick",
    "declip": "adeclip",
    "loudness": "ebur128=framelog=quiet",
}
"""FFmpeg's filters by effect."""

PEDALBOARD_EFFECTS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "highpass": ("HighpassFilter", {"cutoff_frequency_hz": 80}),
    "lowpass": ("LowpassFilter", {"cutoff_frequency_hz": 8_000}),
    "lowshelf": ("LowShelfFilter", {"cutoff_frequency_hz": 200, "gain_db": 6}),
    "highshelf": ("HighShelfFilter", {"cutoff_frequency_hz": 4_000, "gain_db": 6}),
    "peak": ("PeakFilter", {"cutoff_frequency_hz": 1_000, "gain_db": 6}),
    "gain": ("Gain", {"gain_db": -3}),
    "compress": ("Compressor", {"threshold_db": -18, "ratio": 3}),
    "gate": ("NoiseGate", {"threshold_db": -50}),
    "limit": ("Limiter", {"threshold_db": -1}),
    "phaser": ("Phaser", {}),
    "delay": ("Delay", {"delay_seconds": 0.3, "feedback": 0.3, "mix": 0.3}),
    "chorus": ("Chorus", {}),
    "saturate": ("Distortion", {}),
    "crush": ("Bitcrush", {"bit_depth": 8}),
    "reverb": ("Reverb", {}),
    "pitch": ("PitchShift", {"semitones": 4}),
}
"""Classes of pedalboard, and their settings, by effect."""


def formulas(effects: Mapping[str, Effect]) -> dict[str, tuple[str, Process]]:
    """Return SciPy's and NumPy's alternatives by effect, each with its name."""
    half = np.float32(0.5)
    by_numpy: dict[str, Process] = {
        "invert": np.negative,
        "normalise": lambda wave: wave * (np.float32(0.89) / np.abs(wave).max()),
        "rms": lambda wave: wave * (np.float32(0.1) / np.sqrt(np.square(wave).mean())),
        "ring": lambda wave: wave * np.sin(880.0 * np.pi * np.arange(wave.shape[1]) / RATE).astype(np.float32),
        "midside": lambda wave: np.stack([wave[0] + wave[1], wave[0] - wave[1]]) * half,
        "leftright": lambda wave: np.stack([wave[0] + wave[1], wave[0] - wave[1]]),
        "balance": lambda wave: wave * np.array([[1.0], [0.7]], np.float32),
        "pan": lambda wave: wave * np.array([[0.7], [0.7]], np.float32),
        "stereo": lambda wave: np.repeat(wave, 2, axis=0),
        "mono": lambda wave: wave.mean(axis=0, keepdims=True),
        "swap": lambda wave: wave[::-1].copy(),
        "fadeout": _faded_out,
    }
    found: dict[str, tuple[str, Process]] = {name: ("NumPy", process) for name, process in by_numpy.items()}
    found |= {
        "resample": ("SciPy resample_poly", lambda wave: resample_poly(wave, 147, 160, axis=1)),
        "speed": ("SciPy resample_poly", lambda wave: resample_poly(wave, 4, 5, axis=1)),
        "convolve": ("SciPy", lambda wave: oaconvolve(wave, response()[None], axes=1)[:, : wave.shape[1]]),
    }
    for name, effect in effects.items():
        if isinstance(effect, HumNotch | GraphicEqualiser) or name == "dc":
            sections = effect.sections(RATE)
            found[name] = "SciPy", lambda wave, s=sections: sosfilt(s, wave.astype(np.float64)).astype(np.float32)
        if isinstance(effect, LinearPhaseEqualiser):
            found[name] = "SciPy", partial(oaconvolve, in2=effect.taps(RATE)[None], mode="same", axes=1)
    return found


def _faded_out(wave: np.ndarray) -> np.ndarray:
    faded = wave.copy()
    faded[:, -RATE:] *= np.linspace(1.0, 0.0, RATE, dtype=np.float32)[: wave.shape[1]]
    return faded


def pedalboard_process(name: str) -> Process | None:
    """Return the effect of pedalboard, None where it has none."""
    if name == "stretch":
        time_stretch = importlib.import_module("pedalboard").time_stretch
        return lambda wave: time_stretch(wave, RATE, stretch_factor=0.8)
    if name not in PEDALBOARD_EFFECTS:
        return None
    class_name, settings = PEDALBOARD_EFFECTS[name]
    plugin = getattr(importlib.import_module("pedalboard"), class_name)(**settings)
    return lambda wave: plugin(wave, RATE)


def alternatives(effects: Mapping[str, Effect], report: Report) -> dict[str, tuple[str, Process]]:
    """Return the permissive alternatives by effect, each with its name."""
    found = formulas(effects)
    for name, filters in FILTERS.items():
        found[name] = f"FFmpeg {filters.partition('=')[0]}", partial(ffmpeg, sample_rate=RATE, filters=filters)
    if report.has(PYTHON_STRETCH, "stretch and pitch"):
        found["stretch"] = "python-stretch", python_stretch(RATE, factor=1.25)
        found["pitch"] = "python-stretch", python_stretch(RATE, semitones=4)
    return found


def measure(options: Options, report: Report) -> None:
    effects = {name: EFFECTS[name](**SETTINGS.get(name, {})) for name in EFFECTS}
    peers = alternatives(effects, report)
    has_pedalboard = report.has(PEDALBOARD, "pedalboard's times")
    stereo = sound(options.seconds)
    passage_ms = {
        len(wave): milliseconds(partial(ffmpeg, sample_rate=RATE, filters=PASSAGE), wave)
        for wave in (stereo, stereo[:1])
    }
    report.add(SPEED, effect=PASSAGE, alternative=f"FFmpeg {PASSAGE}", alternative_ms=passage_ms[2])
    for name, effect in effects.items():
        wave = stereo[:1] if name in MONO else stereo
        own_ms = milliseconds(partial(effect, sample_rate=RATE), wave)
        row: dict[str, Value] = {"effect": name, "ms": own_ms}
        if name in peers:
            label, process = peers[name]
            other_ms = milliseconds(process, wave)
            row |= {"alternative": label, "alternative_ms": other_ms, "ratio": own_ms / other_ms}
            net_ms = other_ms - passage_ms[len(wave)]
            if name in FILTERS and net_ms >= LEAST_NET_FRACTION * passage_ms[len(wave)]:
                row["net_ratio"] = own_ms / net_ms
        plugin = pedalboard_process(name) if has_pedalboard else None
        if plugin is not None:
            plugin_ms = milliseconds(plugin, wave)
            row |= {"pedalboard_ms": plugin_ms, "pedalboard_ratio": own_ms / plugin_ms}
        report.add(SPEED, row)
        ratio = row.get("net_ratio" if name in FILTERS else "ratio")
        report.target(name, f"time over that of {row.get('alternative')}", ratio, at_most=MAX_RATIO)
        report.target(name, "time over pedalboard's", row.get("pedalboard_ratio"), at_most=MAX_PEDALBOARD_RATIO)


def milliseconds(process: Process, wave: np.ndarray) -> float:
    """Return the median processor time of some calls."""
    return 1_000.0 * median_seconds(lambda: process(wave), N_RUNS)


BENCHMARK = Benchmark(measure, Option("seconds", 20.0, "length of the sound", smoke=1.5))
