"""Healing of a gap in time and frequency: each subband is interpolated by an autoregressive model of its surroundings.

A subband is the product of the spectrum of the whole segment and a smooth window, at a low sample rate. Its missing
samples are drawn from their distribution under the model, given the samples on both sides: a tone goes on with its
phase, and noise stays noise of the same level, because the prediction errors are drawn, too.

References
----------
A. Janssen, R. Veldhuis, L. Vries, "Adaptive interpolation of discrete-time signals that can be modeled as
autoregressive processes", 1986. J. O Ruanaidh, W. Fitzgerald, "Interpolation of missing samples for audio restoration",
1994 (the drawn prediction errors).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .spectral_selection import EDGE_BINS, TimeFrequencyRegion

MAX_ORDER = 128
MAX_ONE_SIDED_ORDER = 32  # of models whose poles are computed
SAMPLES_PER_COEFFICIENT = 4
SMEAR = 1.5
"""Time over which a subband spreads a sound, times the width in Hz of its slopes."""

SLOPES_PER_BAND = 2.0
RIDGE = 1e-9
"""Power added in the fit of a model, relative to that of the samples."""

STABILITY = 1e-12  # added to the diagonal of the precision matrix, relative to it
FLOOR = 1e-14  # of the power of prediction errors, relative to that of the samples


@dataclass(frozen=True)
class Subband:
    """A window on the spectrum: frequencies from and to, each the middle of a slope; None where the spectrum ends."""

    low_hz: float | None
    high_hz: float | None


def heal(
    segment: np.ndarray, sample_rate: int, region: TimeFrequencyRegion, known: tuple[int, int], n_fft: int, seed: int
) -> np.ndarray:
    """Return what has to be added to a segment of a sound to heal a region of it.

    - ``segment``: ``(channels, time)``, with context on both sides; silence where there is none.
    - ``region``: the region, its times relative to the segment.
    - ``known``: first and last sample of the segment that are the sound.
    - ``n_fft``: window length whose reciprocal is the resolution in frequency, see :func:`subbands`.
    - ``seed``: of the drawn prediction errors.
    - returns: ``(channels, time)`` float64, about zero outside of the region.
    """
    from scipy.fft import fft, ifft, next_fast_len  # slow to import

    n_samples = segment.shape[1]
    n_whole = 2 * next_fast_len((n_samples + 1) // 2)
    spectrum = fft(segment.astype(np.float64), n_whole, axis=1)
    slope_hz = EDGE_BINS * sample_rate / n_fft
    n_smear = SMEAR / slope_hz * sample_rate
    added = np.zeros_like(spectrum)
    for index, band in enumerate(subbands(region.bands_hz, slope_hz, sample_rate / 2)):
        window, first, is_edge = _window(band, slope_hz, n_whole, sample_rate)
        bins = np.fft.ifftshift(np.arange(first, first + len(window))) % n_whole
        wave = ifft(spectrum[:, bins] * window, axis=1)
        wave = wave.real if is_edge else wave  # its centre is real
        step = n_whole / len(window)
        limits = [(known[0] + n_smear) / step, (known[1] - n_smear) / step]
        missing = _missing(region, band, sample_rate, len(window), step, n_smear)
        if missing is None:
            continue
        start, end = (int(np.ceil(max(limits[0], 0.0))), int(np.floor(min(limits[1], len(window)))))
        rng = np.random.default_rng([seed, index])
        healed = _healed_channels(wave, missing, (start, end), rng)
        added[:, bins] += (1.0 if is_edge else 2.0) * window * fft(healed - wave, axis=1)
    whole: np.ndarray = ifft(added, axis=1)
    return whole[:, :n_samples].real


def subbands(bands_hz: Sequence[tuple[float, float]], slope_hz: float, limit_hz: float) -> Iterator[Subband]:
    """Yield subbands that together pass bands, and fall to nothing over ``slope_hz`` outside of them."""
    for low, high in bands_hz:
        start = 0.0 if low <= slope_hz else low - slope_hz / 2
        end = limit_hz if high >= limit_hz - slope_hz else high + slope_hz / 2
        n_bands = max(1, int((end - start) / (SLOPES_PER_BAND * slope_hz)))
        edges = np.linspace(start, end, n_bands + 1)
        if n_bands == 1 and start == 0.0 and end == limit_hz:
            edges = np.linspace(start, end, 3)
        for lower, upper in pairwise(edges.tolist()):
            yield Subband(lower if lower > 0.0 else None, upper if upper < limit_hz else None)


def _window(band: Subband, slope_hz: float, n_whole: int, sample_rate: int) -> tuple[np.ndarray, int, bool]:
    """Return the window of a subband on the bins of a spectrum, its first bin, and whether it has both signs."""
    from scipy.fft import next_fast_len  # slow to import

    bin_hz = sample_rate / n_whole
    if band.low_hz is None:
        low_hz, high_hz = -(band.high_hz or 0.0), band.high_hz or 0.0
    elif band.high_hz is None:
        low_hz, high_hz = band.low_hz, sample_rate - band.low_hz
    else:
        low_hz, high_hz = band.low_hz, band.high_hz
    centre = round((low_hz + high_hz) / 2 / bin_hz)
    half = int(np.ceil(((high_hz - low_hz) / 2 + slope_hz / 2) / bin_hz)) + 1
    n_bins = min(next_fast_len(2 * half), n_whole)
    first = centre - n_bins // 2
    hz = np.fft.ifftshift(np.arange(first, first + n_bins)) * bin_hz
    rising = np.clip((hz - low_hz) / slope_hz + 0.5, 0.0, 1.0)
    falling = np.clip((high_hz - hz) / slope_hz + 0.5, 0.0, 1.0)
    window: np.ndarray = np.sin(np.pi / 2 * rising) * np.sin(np.pi / 2 * falling)
    return window, first, band.low_hz is None or band.high_hz is None


def _missing(
    region: TimeFrequencyRegion, band: Subband, sample_rate: int, n_steps: int, step: float, n_smear: float
) -> tuple[int, int] | None:
    """Return the first sample of a subband that is missing, and the first that is not any more; None if none is."""
    start, end = region.start_seconds * sample_rate, region.end_seconds * sample_rate
    if region.outline is not None:
        times = np.arange(n_steps) * step
        hz = np.linspace(band.low_hz or 0.0, band.high_hz or sample_rate / 2, 9)
        inside = np.flatnonzero(region.contains(times[:, None] / sample_rate, hz[None]).any(axis=1))
        if not len(inside):
            return None
        start, end = max(start, times[inside[0]]), min(end, times[inside[-1]] + step)
    first = max(0, int(np.floor((start - n_smear) / step)))
    last = min(n_steps, int(np.ceil((end + n_smear) / step)) + 1)
    return (first, last) if first < last else None


def _healed_channels(
    wave: np.ndarray, missing: tuple[int, int], known: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Return a subband ``(channels, time)``, healed; channels are healed as uncorrelated components."""
    first, last = missing
    context = np.concatenate([wave[:, known[0] : first], wave[:, last : known[1]]], axis=1)
    healed = wave.copy()
    healed[:, first:last] = 0.0
    covariance = np.einsum("it,jt->ij", context, context.conj())  # BLAS would start threads for it
    powers, vectors = np.linalg.eigh(covariance)
    components = np.einsum("ci,ct->it", vectors.conj(), healed)
    for component, power in zip(components, powers, strict=True):
        if power > FLOOR * powers[-1] > 0.0:
            _interpolate(component, missing, known, rng)
    healed[:, first:last] = np.einsum("ci,it->ct", vectors, components[:, first:last])
    return healed


def _interpolate(wave: np.ndarray, missing: tuple[int, int], known: tuple[int, int], rng: np.random.Generator) -> None:
    """Fill the missing samples of a component ``(time,)`` from both sides."""
    first, last = missing
    left, right = wave[known[0] : first], wave[last : known[1]]
    model = fit_model((left, right))
    order = len(model) - 1
    if len(left) < min(order, len(right)):  # too little before it to start from: backwards
        n_times, backwards = len(wave), wave[::-1].conj()
        _interpolate(backwards, (n_times - last, n_times - first), (n_times - known[1], n_times - known[0]), rng)
        wave[:] = backwards[::-1].conj()
        return
    if len(right) < order:
        model = _stable(fit_model((left, right), MAX_ONE_SIDED_ORDER))
        order = len(model) - 1
    variances = [_error_power(side, model) for side in (left, right)]
    before = variances[0] if variances[0] is not None else variances[1] or 0.0
    after = variances[1] if variances[1] is not None else before
    smallest = FLOOR * float(np.mean(np.abs(np.concatenate([left, right])) ** 2)) + 1e-300
    end = max(last, min(last + order, known[1]))  # equations of prediction errors that missing samples are in
    t = np.linspace(0.0, 1.0, end - first)
    variance = np.exp((1 - t) * np.log(before + smallest) + t * np.log(after + smallest))
    wave[first:last] = _drawn(wave, first, last, model, variance, rng)


def fit_model(sides: Sequence[np.ndarray], max_order: int = MAX_ORDER) -> np.ndarray:
    """Return the coefficients of the prediction error filter ``(order + 1,)``, the first is 1, of pieces of a sound.

    Errors of the prediction forwards and, conjugated, backwards are smallest (modified covariance method).
    """
    from .spectral_healing_kernels import add_products  # numba is slow to import

    order = min(max_order, max(map(len, sides)) // SAMPLES_PER_COEFFICIENT)
    rows, targets = [], []
    for side in sides:
        if len(side) <= order or order == 0:
            continue
        for piece in (side, side[::-1].conj()):
            frames = np.lib.stride_tricks.sliding_window_view(piece, order + 1)
            rows.append(frames[:, order - 1 :: -1] if order else frames[:, :0])
            targets.append(frames[:, order])
    if not rows:
        return np.ones(1)
    matrix, target = np.concatenate(rows), np.concatenate(targets)
    normal: np.ndarray = np.zeros((order, order), np.complex128)
    add_products(matrix.astype(np.complex128), normal)
    normal = normal if np.iscomplexobj(matrix) else normal.real
    ridge = RIDGE * max(float(normal.trace().real) / order, 1e-300)
    solution = np.linalg.solve(normal + ridge * np.eye(order), np.einsum("ti,t->i", matrix.conj(), target))
    return np.concatenate([[1.0], -solution])


def _stable(model: np.ndarray) -> np.ndarray:
    """Return a model of the same power spectrum with which a sound goes on without growing."""
    roots = np.roots(model)
    reflected = [root if abs(root) <= 1.0 else 1.0 / root.conj() for root in roots]
    stable: np.ndarray = np.poly(reflected)
    return stable if np.iscomplexobj(model) else stable.real


def _error_power(side: np.ndarray, model: np.ndarray) -> float | None:
    """Return the mean power of the prediction errors of one side, corrected for the fit; None if it is too short."""
    n_errors = len(side) - len(model) + 1
    if n_errors < 2:
        return None
    power = float(np.mean(np.abs(np.convolve(side, model, "valid")) ** 2))
    return power * len(side) / max(len(side) - len(model) + 1, 1)


def _drawn(
    wave: np.ndarray, first: int, last: int, model: np.ndarray, variance: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return missing samples drawn given all others; ``variance`` is that of prediction errors from ``first`` on."""
    from .spectral_healing_kernels import draw_banded  # numba is slow to import

    order, n_missing, n_errors = len(model) - 1, last - first, len(variance)
    n_after = order + n_missing - n_errors
    weights = np.concatenate([1.0 / variance, np.zeros(n_after)])
    padded = np.concatenate([np.zeros(order, wave.dtype), wave])
    errors = np.convolve(padded[first : first + n_errors + order], model, "valid")
    errors = np.concatenate([errors, np.zeros(n_after)])
    drawn = -np.convolve(weights * errors, model[::-1].conj(), "valid").astype(np.complex128)
    band = np.zeros((n_missing, order + 1), np.complex128)
    for lag in range(order + 1):
        products = model[lag:].conj() * model[: order + 1 - lag]
        band[lag:, lag] = np.convolve(weights, products[::-1], "valid")[lag:n_missing].conj()
    band[:, 0] *= 1.0 + STABILITY
    noise = rng.standard_normal(n_missing).astype(np.complex128)
    if np.iscomplexobj(wave):
        noise = (noise + 1j * rng.standard_normal(n_missing)) / np.sqrt(2.0)
    draw_banded(band, drawn, noise)
    return drawn if np.iscomplexobj(wave) else drawn.real
