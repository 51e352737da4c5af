"""Loops of the linear echo canceller over partitions, delays and frequency bins, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled

LOOPS = "the echo canceller"
FLAGS = {"_nrt": False, "fastmath": {"contract", "reassoc", "nsz", "arcp"}, "error_model": "numpy"}

HALF, ONE, TWO = np.float32(0.5), np.float32(1.0), np.float32(2.0)
SIXTH, TWELFTH, TWENTIETH = np.array([1 / 6, 1 / 12, 1 / 20], np.float32)
EARLIER = np.float32(0.05)
"""Of the noise that a partition gets, the previous one does too: an echo that gets earlier moves there."""
TINY = np.float32(1e-30)
FORGOTTEN = np.float32(1e-24)  # power below which a mean is 0, so that none becomes a subnormal number
MIN_PRODUCT = np.float32(1e-20)  # of the powers of error and echo


@compiled(LOOPS, **FLAGS)
def filtered(spectra: np.ndarray, path: np.ndarray, echo: np.ndarray) -> None:
    """Fill ``echo (bins,)`` with the sum of products of ``spectra`` and ``path (partitions, bins)``, complex64."""
    n_partitions, n_bins = path.shape
    echo[:] = 0
    for partition in range(n_partitions):
        for index in range(n_bins):
            echo[index] += spectra[partition, index] * path[partition, index]


@compiled(LOOPS, **FLAGS)
def energies(microphone: np.ndarray, error: np.ndarray, echo: np.ndarray) -> tuple[float, float, float, float]:
    """Return the energies of microphone, error and echo, ``(time,)`` float32, and the product of first and last."""
    microphone_energy = error_energy = echo_energy = product = np.float32(0)
    for index in range(len(microphone)):
        microphone_energy += microphone[index] * microphone[index]
        error_energy += error[index] * error[index]
        echo_energy += echo[index] * echo[index]
        product += microphone[index] * echo[index]
    return float(microphone_energy), float(error_energy), float(echo_energy), float(product)


@compiled(LOOPS, **FLAGS)
def compare(
    error: np.ndarray,
    echo: np.ndarray,
    smoothing: np.float32,
    residual_smoothing: np.float32,
    floor: np.float32,
    error_power: np.ndarray,
    cross: np.ndarray,
    powers: np.ndarray,
) -> tuple[float, float, float]:
    """Compare a block of the error with the echo that was subtracted, and update their means.

    - ``error``, ``echo``: spectra ``(bins,)`` complex64.
    - ``smoothing``, ``residual_smoothing``: of ``error_power``, and of ``cross`` and ``powers``.
    - ``floor``: added to the power of the error.
    - ``error_power``: mean power ``(bins,)`` float32 of the error, written.
    - ``cross``, ``powers``: mean product ``(bins,)`` complex64 of error and echo, and their powers ``(2, bins)``
      float32, written.
    - returns ``coherence``: mean squared coherence of error and echo.
    - returns ``late, information``: their quotient is the delay in samples by which the true echo is later, as the
      error shows it: the estimate of least squares, each bin weighted by the inverse power of the error, of which
      ``information`` is the inverse variance.
    """
    n_bins = len(error)
    coherence = late = information = np.float32(0)
    for index in range(n_bins):
        e, y = error[index], echo[index]
        own, other = e.real * e.real + e.imag * e.imag, y.real * y.real + y.imag * y.imag
        real, imaginary = e.real * y.real + e.imag * y.imag, e.imag * y.real - e.real * y.imag
        mean, update = error_power[index], ONE - residual_smoothing
        mean += (ONE - smoothing) * (own - mean)
        error_power[index] = mean
        real = cross[index].real + update * (real - cross[index].real)
        smooth_imaginary = cross[index].imag + update * (imaginary - cross[index].imag)
        cross[index] = complex(real, smooth_imaginary)
        powers[0, index] += update * (own - powers[0, index])
        powers[1, index] += update * (other - powers[1, index])
        squared = real * real + smooth_imaginary * smooth_imaginary
        coherence += squared / max(powers[0, index] * powers[1, index], MIN_PRODUCT)
        frequency = np.float32(index) * np.float32(math.pi / (n_bins - 1))  # radians per sample
        weight = frequency / (mean + floor)
        late -= weight * imaginary
        information += weight * frequency * other
    return float(coherence) / n_bins, float(late), float(information)


@compiled(LOOPS, **FLAGS)
def adapt(
    spectra: np.ndarray,
    error: np.ndarray,
    noise_power: np.ndarray,
    floor: np.float32,
    transition: np.float32,
    relative_noise: np.float32,
    partition_noise: np.float32,
    drift: np.float32,
    path: np.ndarray,
    uncertainty: np.ndarray,
    scale: np.ndarray,
    rotation: np.ndarray,
    powers: np.ndarray,
) -> None:
    """Move ``path`` by the Kalman gain times the error, and update its uncertainty.

    Half of each block of the error is zeros: hence the factors of 2 and 1/2 of the powers.

    - ``spectra``: of the far end, ``(partitions, bins)`` complex64.
    - ``error``: spectrum ``(bins,)`` complex64 of a block of the error after as many zeros.
    - ``noise_power``, ``floor``: power ``(bins,)`` float32 of what is not echo, and what is added to it.
    - ``transition``: factor of the path from block to block.
    - ``relative_noise``, ``partition_noise``: variance that each bin of the path gains, relative to its power, and to
      the mean power of its partition.
    - ``drift``: samples by which the echo gets later from block to block, small against 1.
    - ``path``, ``uncertainty``: ``(partitions, bins)`` complex64 and float32, written.
    - ``scale``, ``rotation``, ``powers``: workspace: ``(bins,)`` float32 and complex64, and ``(partitions + 1,)``
      float32.
    """
    n_partitions, n_bins = path.shape
    scale[:] = 0
    for partition in range(n_partitions):
        for index in range(n_bins):
            far = spectra[partition, index]
            scale[index] += uncertainty[partition, index] * (far.real * far.real + far.imag * far.imag)
    for index in range(n_bins):
        scale[index] = ONE / (scale[index] + TWO * noise_power[index] + floor)
        angle = drift * np.float32(index) * np.float32(math.pi / (n_bins - 1))
        square = angle * angle  # the sine and cosine of a small angle, as sums of powers
        sine = angle * (ONE - square * SIXTH * (ONE - square * TWENTIETH))
        rotation[index] = complex(ONE - square * HALF * (ONE - square * TWELFTH), -sine)
    shrinkage = transition * transition
    for partition in range(n_partitions):
        total = np.float32(0)
        for index in range(n_bins):
            weight = path[partition, index]
            total += weight.real * weight.real + weight.imag * weight.imag
        powers[partition] = partition_noise / np.float32(n_bins) * total
    powers[n_partitions] = 0
    for partition in range(n_partitions):
        partition_power = powers[partition] + EARLIER * powers[partition + 1]
        for index in range(n_bins):
            far, weight, e = spectra[partition, index], path[partition, index], error[index]
            variance = uncertainty[partition, index]
            step = variance * scale[index]
            far_power = far.real * far.real + far.imag * far.imag
            own_power = weight.real * weight.real + weight.imag * weight.imag
            uncertainty[partition, index] = (
                shrinkage * (ONE - HALF * step * far_power) * variance + relative_noise * own_power + partition_power
            )
            real = transition * (weight.real + step * (far.real * e.real + far.imag * e.imag))
            imaginary = transition * (weight.imag + step * (far.real * e.imag - far.imag * e.real))
            turn = rotation[index]
            path[partition, index] = complex(
                real * turn.real - imaginary * turn.imag, real * turn.imag + imaginary * turn.real
            )


@compiled(LOOPS, **FLAGS)
def correlate(
    microphone: np.ndarray,
    far: np.ndarray,
    decay: np.float32,
    cross: np.ndarray,
    far_power: np.ndarray,
    microphone_power: np.ndarray,
) -> None:
    """Update the sums of products of a spectrum with earlier ones, and of the powers of both.

    - ``microphone``, ``far``: spectrum ``(bins,)``, and spectra ``(delays, bins)``, complex64.
    - ``decay``: factor of all sums from block to block.
    - ``cross``, ``far_power``, ``microphone_power``: ``(delays, bins)`` complex64, ``(delays, bins)`` and ``(bins,)``
      float32, written.
    """
    n_delays, n_bins = cross.shape
    for index in range(n_bins):
        m = microphone[index]
        power = decay * microphone_power[index] + (m.real * m.real + m.imag * m.imag)
        microphone_power[index] = power if power > FORGOTTEN else np.float32(0)
    for delay in range(n_delays):
        for index in range(n_bins):
            m, x, old = microphone[index], far[delay, index], cross[delay, index]
            power = decay * far_power[delay, index] + (x.real * x.real + x.imag * x.imag)
            retained = ONE if power > FORGOTTEN else np.float32(0)
            far_power[delay, index] = retained * power
            cross[delay, index] = complex(
                retained * (decay * old.real + (m.real * x.real + m.imag * x.imag)),
                retained * (decay * old.imag + (m.imag * x.real - m.real * x.imag)),
            )


@compiled(LOOPS, **FLAGS)
def average_coherence(
    cross: np.ndarray, far_power: np.ndarray, microphone_power: np.ndarray, floor: np.float32, means: np.ndarray
) -> None:
    """Fill ``means (delays,)`` with the mean squared coherence over bins with both powers above a floor."""
    n_delays, n_bins = cross.shape
    for delay in range(n_delays):
        total, n_audible = np.float32(0), np.float32(0)
        for index in range(n_bins):
            c, power, own = cross[delay, index], far_power[delay, index], microphone_power[index]
            is_audible = ONE if power > floor and own > floor else np.float32(0)
            total += is_audible * (c.real * c.real + c.imag * c.imag) / (power * own + TINY)
            n_audible += is_audible
        means[delay] = total / max(n_audible, ONE)


@compiled(LOOPS, **FLAGS)
def match(
    cross: np.ndarray,
    far_power: np.ndarray,
    microphone_power: np.ndarray,
    path: np.ndarray,
    first: int,
    matched: np.ndarray,
    scale: np.ndarray,
) -> None:
    """Correlate the microphone with the echo of a path that begins at each of some delays.

    - ``cross``, ``far_power``, ``microphone_power``: as :func:`correlate` leaves them.
    - ``path``: ``(partitions, bins)`` complex64; partitions outside of the delays of ``cross`` do not count.
    - ``first``: the first delay.
    - ``matched``: cross-spectra ``(delays from the first on, bins)`` complex64, each bin divided by the root of both
      mean powers, written.
    - ``scale``: workspace: ``(bins,)`` float32.
    """
    n_delays, n_bins = cross.shape
    n_partitions = len(path)
    scale[:] = 0
    for delay in range(n_delays):
        for index in range(n_bins):
            scale[index] += far_power[delay, index]
    for index in range(n_bins):
        gain = np.float32(0)
        for partition in range(n_partitions):
            weight = path[partition, index]
            gain += weight.real * weight.real + weight.imag * weight.imag
        power = scale[index] / np.float32(n_delays) * gain
        scale[index] = ONE / np.sqrt(power * microphone_power[index] + TINY)
    for row in range(len(matched)):
        delay = first + row
        matched[row] = 0
        for partition in range(max(-delay, 0), min(n_partitions, n_delays - delay)):
            for index in range(n_bins):
                c, weight = cross[delay + partition, index], path[partition, index]
                matched[row, index] += complex(
                    c.real * weight.real + c.imag * weight.imag, c.imag * weight.real - c.real * weight.imag
                )
        for index in range(n_bins):
            value = matched[row, index]
            matched[row, index] = complex(scale[index] * value.real, scale[index] * value.imag)
