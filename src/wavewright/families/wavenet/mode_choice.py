"""Choose the fastest mode of the engine on this machine whose drift from float32 is within its bound.

The drift of a mode is the Kullback-Leibler divergence between the distributions of the next sample in that mode and in
``float32``, in bits a sample. It is estimated on signals drawn in ``float32``, as the mean difference of their negative
log-likelihoods.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from ...base.processor import description
from ...base.version import __version__
from ...base.whole_file import sweep_once, write_whole
from .config import MAX_STEP, MIN_LOG_SCALE, Mode, WaveNetConfig
from .engine import Engine, State
from .signal import signal_to_classes
from .weights import checked_tensors, fingerprint


def bits_per_sample(config: WaveNetConfig, outputs: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Compute the negative binary log-likelihood of each sample.

    - ``config``: of the model.
    - ``outputs``: ``(..., config.outputs)``, the distribution of each sample.
    - returns: ``(...)`` float64: of its class for head ``mu-law``, of its step of the 16-bit grid for ``logistics``.

    References
    ----------
    T. Salimans et al., "PixelCNN++", 2017, section 2.1; the outermost steps reach to infinity.
    """
    outputs, signal = outputs.astype(np.float64), signal.astype(np.float64)
    if config.head == "mu-law":
        nats = np.logaddexp.reduce(outputs, axis=-1)
        nats -= np.take_along_axis(outputs, signal_to_classes(signal)[..., None], axis=-1)[..., 0]
    else:
        nats = _mixture_nats(outputs, signal)
    return np.asarray(nats / math.log(2))


def _mixture_nats(outputs: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Return the nats of each sample under a mixture of logistics.

    With ``s`` for the sigmoid, ``s(a) - s(b) = s(a) s(-b) (1 - exp(b - a))``, whose logarithm is exact however small.
    """
    logits, means, log_scales = np.split(outputs, 3, axis=-1)
    scales = np.exp(np.maximum(log_scales, MIN_LOG_SCALE))
    half_step = 0.5 / MAX_STEP
    above = (signal[..., None] + half_step - means) / scales
    below = (signal[..., None] - half_step - means) / scales
    log_up_to_above = -np.logaddexp(0.0, -above)  # log s(above)
    log_from_below = -np.logaddexp(0.0, below)  # log s(-below)
    log_inside = log_up_to_above + log_from_below + np.log1p(-np.exp(below - above))
    is_lowest, is_highest = (signal <= half_step - 1)[..., None], (signal >= 1 - half_step)[..., None]
    log_probability = np.where(is_lowest, log_up_to_above, np.where(is_highest, log_from_below, log_inside))
    return np.asarray(np.logaddexp.reduce(logits, axis=-1) - np.logaddexp.reduce(logits + log_probability, axis=-1))


ModeOrAuto = Mode | Literal["auto"]

DRIFT_BOUNDS_BITS: dict[Mode, float] = {"float32": 0.0, "int16": 0.0005, "int8": 0.01}
"""Largest drift of each mode from ``float32``, in bits a sample."""

DRIFT_STREAMS, DRIFT_SAMPLES = 8, 1_024  # shape of the signals on which the drift is measured
ROUNDS = 5  # of timing; the median counts
ROUND_SECONDS = 0.04
CHOICES_FILE = "wavenet_modes.json"


@dataclass(frozen=True)
class ModeMeasurement:
    """Drift and speed of one mode on this machine."""

    mode: Mode
    drift_bits: float  # bits a sample more than float32
    samples_per_second: float  # of one stream, by processor time

    @property
    def is_within_bound(self) -> bool:
        """True if the drift is at most that of DRIFT_BOUNDS_BITS."""
        return self.drift_bits <= DRIFT_BOUNDS_BITS[self.mode]


def open_engine(config: WaveNetConfig, tensors: Mapping[str, np.ndarray], mode: ModeOrAuto) -> Engine:
    """Return an engine in a mode, or in the fastest one within its bound for ``auto``.

    Parameters and errors are those of :class:`~wavewright.families.wavenet.engine.Engine`.
    """
    if mode != "auto":
        return Engine(config, tensors, mode)
    checked = checked_tensors(config, tensors)
    return Engine(config, checked, fastest_mode(config, checked))


def measure_modes(config: WaveNetConfig, tensors: Mapping[str, np.ndarray]) -> list[ModeMeasurement]:
    """Measure drift and speed of every mode, for the network of ``tensors`` without a condition.

    - ``config``, ``tensors``: as :class:`~wavewright.families.wavenet.engine.Engine` takes them.
    - returns: one for each mode. The rounds of the modes are timed in turn, so that other work slows all of them.
    """
    engines = {mode: Engine(config, tensors, mode) for mode in DRIFT_BOUNDS_BITS}
    drifts = _drifts(config, engines)
    states = {mode: engine.start([0]) for mode, engine in engines.items()}
    counts = {mode: _samples_in(engine, states[mode]) for mode, engine in engines.items()}
    rates: dict[Mode, list[float]] = {mode: [] for mode in engines}
    for _ in range(ROUNDS):
        for mode, engine in engines.items():
            start = time.process_time()
            engine.draw(states[mode], counts[mode])
            rates[mode].append(counts[mode] / max(time.process_time() - start, 1e-9))
    return [ModeMeasurement(mode, drifts[mode], statistics.median(rates[mode])) for mode in engines]


def fastest(measurements: list[ModeMeasurement]) -> Mode:
    """Return the fastest mode within its drift bound; ``float32`` always is within."""
    return max((each for each in measurements if each.is_within_bound), key=lambda each: each.samples_per_second).mode


def fastest_mode(config: WaveNetConfig, tensors: Mapping[str, np.ndarray]) -> Mode:
    """Return the mode that ``auto`` selects on this machine.

    The choice is measured once for each network, processor and version and cached in the user's cache folder, so that a
    seed always draws the same samples.
    """
    key = f"{fingerprint(config, tensors)} {__version__} {description()}"
    path = _cache_folder() / CHOICES_FILE
    sweep_once(path.parent)
    choices = _read(path)
    choice = choices.get(key)
    cached_mode = choice.get("mode") if isinstance(choice, dict) else None
    for known_mode in DRIFT_BOUNDS_BITS:
        if cached_mode == known_mode:
            return known_mode
    measurements = measure_modes(config, tensors)
    mode = fastest(measurements)
    choices[key] = {"mode": mode, "measured": [asdict(each) for each in measurements]}
    with suppress(OSError):  # without a writable folder the modes are measured again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(choices, indent=1).encode())
    return mode


def _drifts(config: WaveNetConfig, engines: Mapping[Mode, Engine]) -> dict[Mode, float]:
    """Return the drift of each mode in bits a sample, measured on the same signals."""
    exact = engines["float32"]
    signal = exact.draw(exact.start(range(DRIFT_STREAMS)), DRIFT_SAMPLES)
    bits = {}
    for mode, engine in engines.items():
        outputs = engine.outputs(engine.start(range(DRIFT_STREAMS)), signal)
        bits[mode] = float(bits_per_sample(config, outputs, signal).mean())
    return {mode: abs(each - bits["float32"]) for mode, each in bits.items()}


def _samples_in(engine: Engine, state: State) -> int:
    """Return the number of samples that take about ``ROUND_SECONDS``."""
    n_samples, seconds = 16, 0.0
    while seconds < ROUND_SECONDS / 4:
        n_samples *= 2
        start = time.process_time()
        engine.draw(state, n_samples)
        seconds = time.process_time() - start
    return max(16, round(n_samples * ROUND_SECONDS / seconds))


@cache
def _cache_folder() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("wavewright")


def _read(path: Path) -> dict[str, object]:
    """Return the cached choices; an empty dictionary where the file is missing or damaged."""
    with suppress(OSError, ValueError, RecursionError):
        choices = json.loads(path.read_bytes())
        return choices if isinstance(choices, dict) else {}
    return {}
