"""Filters of second order (high and low pass, shelves, peak, notch, hum, DC, graphic), and a linear-phase equaliser."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from .effect import Effect, EffectStream, check_below_nyquist, check_same_shape
from .space import ConvolutionStream

SCRATCH_SAMPLES = 1_024
BUTTERWORTH_QUALITY = math.sqrt(0.5)

OCTAVES_HZ = (31.25, 62.5, 125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0)
"""Centres of the bands of the graphic equaliser."""

BAND_QUALITY = math.sqrt(2.0)  # of a band that is an octave wide
FITTING_STEPS = 12


class SectionStream(EffectStream):
    """The stream of a cascade of second-order sections, with states in double precision."""

    adopted = ("_sections",)

    def __init__(self, sections: np.ndarray, n_channels: int) -> None:
        super().__init__(n_channels)
        self._sections = np.ascontiguousarray(sections, np.float64)
        self._states = np.zeros((n_channels, len(sections), 2))
        self._scratch = np.empty((2, SCRATCH_SAMPLES))

    def adopt(self, other: Self) -> None:
        """Take over other coefficients, see :meth:`.effect.EffectStream.adopt`."""
        check_same_shape(self._states, other._states)
        super().adopt(other)

    def _process(self, block: np.ndarray) -> np.ndarray:
        from .filter_kernels import filter_sections  # numba is slow to import

        output = np.empty_like(block)
        filter_sections(self._sections, block, self._states, self._scratch, output)
        return output


class SectionFilter(Effect):
    """Base of the filters that are cascades of second-order sections."""

    @abstractmethod
    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order sections for a sample rate in Hz, ``(sections, 6)``, as scipy.signal orders them.

        Raises BadSetting if a frequency is not below half the sample rate.
        """

    def stream(self, sound: SoundFormat) -> SectionStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return SectionStream(self.sections(sound.sample_rate), sound.n_channels)


@dataclass(frozen=True)
class HighPass(SectionFilter):
    """Butterworth high pass: -3 dB at the frequency, ``6 * order`` dB per octave below."""

    frequency_hz: float = ranged(80.0, 1.0, 192_000.0)
    order: int = ranged(2, 1, 16)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order sections, see :meth:`SectionFilter.sections`."""
        return _butterworth(self.order, self.frequency_hz, "highpass", sample_rate)


@dataclass(frozen=True)
class LowPass(SectionFilter):
    """Butterworth low pass: -3 dB at the frequency, ``6 * order`` dB per octave above."""

    frequency_hz: float = ranged(8_000.0, 1.0, 192_000.0)
    order: int = ranged(2, 1, 16)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order sections, see :meth:`SectionFilter.sections`."""
        return _butterworth(self.order, self.frequency_hz, "lowpass", sample_rate)


@dataclass(frozen=True)
class LowShelf(SectionFilter):
    """Low shelf: the gain far below the frequency, half of it in dB at the frequency, none above."""

    frequency_hz: float = ranged(200.0, 1.0, 192_000.0)
    gain_db: float = ranged(0.0, -60.0, 60.0)
    quality: float = ranged(BUTTERWORTH_QUALITY, 0.1, 10.0)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order section, see :meth:`SectionFilter.sections`."""
        return _shelf(self.frequency_hz, self.gain_db, self.quality, sample_rate, sign=1.0)


@dataclass(frozen=True)
class HighShelf(SectionFilter):
    """High shelf: the gain far above the frequency, half of it in dB at the frequency, none below."""

    frequency_hz: float = ranged(4_000.0, 1.0, 192_000.0)
    gain_db: float = ranged(0.0, -60.0, 60.0)
    quality: float = ranged(BUTTERWORTH_QUALITY, 0.1, 10.0)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order section, see :meth:`SectionFilter.sections`."""
        return _shelf(self.frequency_hz, self.gain_db, self.quality, sample_rate, sign=-1.0)


@dataclass(frozen=True)
class Peak(SectionFilter):
    """Peaking filter: the gain at the frequency, none far from it; ``quality`` is frequency over bandwidth."""

    frequency_hz: float = ranged(1_000.0, 1.0, 192_000.0)
    gain_db: float = ranged(0.0, -60.0, 60.0)
    quality: float = ranged(1.0, 0.05, 100.0)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order section, see :meth:`SectionFilter.sections`."""
        check_below_nyquist(sample_rate, frequency_hz=self.frequency_hz)
        return _peak(self.frequency_hz, self.gain_db, self.quality, sample_rate)[None]


@dataclass(frozen=True)
class Notch(SectionFilter):
    """Notch: removes the frequency; ``quality`` is frequency over the bandwidth between the -3 dB points."""

    frequency_hz: float = ranged(1_000.0, 1.0, 192_000.0)
    quality: float = ranged(10.0, 0.1, 1_000.0)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order section, see :meth:`SectionFilter.sections`."""
        check_below_nyquist(sample_rate, frequency_hz=self.frequency_hz)
        return _notch(self.frequency_hz, self.quality, sample_rate)[None]


@dataclass(frozen=True)
class HumNotch(SectionFilter):
    """Remove mains hum: notches of one width at ``mains_hz`` (50 or 60) and its harmonics below half the rate."""

    mains_hz: float = ranged(50.0, 10.0, 1_000.0)
    n_harmonics: int = ranged(8, 1, 64)
    width_hz: float = ranged(2.0, 0.05, 50.0)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return one section per harmonic, see :meth:`SectionFilter.sections`."""
        check_below_nyquist(sample_rate, mains_hz=self.mains_hz)
        harmonics_hz = self.mains_hz * np.arange(1, self.n_harmonics + 1)
        inside = [float(hz) for hz in harmonics_hz if hz < sample_rate / 2]
        return np.stack([_notch(hz, hz / self.width_hz, sample_rate) for hz in inside])


@dataclass(frozen=True)
class RemoveDC(SectionFilter):
    """Remove a constant offset by a high pass of first order at a frequency below all that is audible."""

    frequency_hz: float = ranged(5.0, 0.1, 50.0)

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return the second-order section, see :meth:`SectionFilter.sections`."""
        return _butterworth(1, self.frequency_hz, "highpass", sample_rate)


@dataclass(frozen=True)
class GraphicEqualiser(SectionFilter):
    """Graphic equaliser with ten bands, an octave wide each, from 31.25 Hz to 16 kHz.

    The gains of the filters are fitted such that the gain at each centre is the setting, although neighbouring bands
    overlap. Bands whose centre is not below half the sample rate are left out.

    References
    ----------
    V. Valimaki, J. Liski, "Accurate cascade graphic equalizer", 2017.
    """

    bands_db: tuple[float, ...] = ranged((0.0,) * len(OCTAVES_HZ), -24.0, 24.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.bands_db) != len(OCTAVES_HZ):
            raise BadSetting(f"bands_db has {len(self.bands_db)} gains; the equaliser has {len(OCTAVES_HZ)} bands.")

    def sections(self, sample_rate: int) -> np.ndarray:
        """Return one section per band, see :meth:`SectionFilter.sections`."""
        centres_hz = np.array([hz for hz in OCTAVES_HZ if hz < sample_rate / 2])
        target_db = np.array(self.bands_db[: len(centres_hz)])
        if len(centres_hz) == 0:
            raise BadSetting(
                f"A graphic equaliser needs a sample rate above {2 * OCTAVES_HZ[0]} Hz, not {sample_rate}."
            )

        def bands(gains_db: np.ndarray) -> np.ndarray:
            pairs = zip(centres_hz, gains_db, strict=True)
            return np.stack([_peak(float(hz), float(gain), BAND_QUALITY, sample_rate) for hz, gain in pairs])

        unit_db = np.stack(
            [_gain_db(section[None], centres_hz, sample_rate) for section in bands(np.ones_like(target_db))]
        )
        gains_db = np.linalg.solve(unit_db.T, target_db)
        for _ in range(FITTING_STEPS):  # the width of a band depends on its gain, so the first solution is not exact
            error_db = target_db - _gain_db(bands(gains_db), centres_hz, sample_rate)
            gains_db += np.linalg.solve(unit_db.T, error_db)
        return bands(gains_db)


def _gain_db(sections: np.ndarray, frequencies_hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the gain of a cascade at some frequencies, in dB."""
    z = np.exp(-2j * np.pi * frequencies_hz / sample_rate)
    powers = np.stack([np.ones_like(z), z, z * z])
    response = (sections[:, :3] @ powers) / (sections[:, 3:] @ powers)
    gain_db: np.ndarray = 20.0 * np.log10(np.abs(response)).sum(axis=0)
    return gain_db


def _butterworth(order: int, frequency_hz: float, kind: str, sample_rate: int) -> np.ndarray:
    """Return a high or low pass: sections with the poles of a Butterworth filter, the least resonant first."""
    check_below_nyquist(sample_rate, frequency_hz=frequency_hz)
    sign = 1.0 if kind == "lowpass" else -1.0
    sections = []
    if order % 2:
        tangent = math.tan(math.pi * frequency_hz / sample_rate)
        gain = tangent if kind == "lowpass" else 1.0
        sections.append(_normalised(gain, sign * gain, 0.0, 1.0 + tangent, tangent - 1.0, 0.0))
    for pair in reversed(range(order // 2)):
        quality = 0.5 / math.sin(math.pi * (2 * pair + 1) / (2 * order))
        cosine, alpha = _angle(frequency_hz, quality, sample_rate)
        gain = 0.5 * (1.0 - sign * cosine)
        sections.append(_normalised(gain, 2.0 * sign * gain, gain, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha))
    return np.stack(sections)


# The formulas below are those of R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients".


def _angle(frequency_hz: float, quality: float, sample_rate: int) -> tuple[float, float]:
    """Return the cosine of the angular frequency, and ``alpha``, half the bandwidth."""
    omega = 2.0 * math.pi * frequency_hz / sample_rate
    return math.cos(omega), math.sin(omega) / (2.0 * quality)


def _normalised(*coefficients: float) -> np.ndarray:
    section: np.ndarray = np.array(coefficients) / coefficients[3]
    return section


def _peak(frequency_hz: float, gain_db: float, quality: float, sample_rate: int) -> np.ndarray:
    cosine, alpha = _angle(frequency_hz, quality, sample_rate)
    root = 10.0 ** (gain_db / 40.0)
    return _normalised(
        *(1.0 + alpha * root, -2.0 * cosine, 1.0 - alpha * root),
        *(1.0 + alpha / root, -2.0 * cosine, 1.0 - alpha / root),
    )


def _notch(frequency_hz: float, quality: float, sample_rate: int) -> np.ndarray:
    cosine, alpha = _angle(frequency_hz, quality, sample_rate)
    return _normalised(1.0, -2.0 * cosine, 1.0, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha)


def _shelf(frequency_hz: float, gain_db: float, quality: float, sample_rate: int, sign: float) -> np.ndarray:
    """Return a low shelf for ``sign`` 1, a high shelf for -1."""
    check_below_nyquist(sample_rate, frequency_hz=frequency_hz)
    cosine, alpha = _angle(frequency_hz, quality, sample_rate)
    cosine *= sign
    root = 10.0 ** (gain_db / 40.0)
    slope = 2.0 * math.sqrt(root) * alpha
    return _normalised(
        root * (root + 1.0 - (root - 1.0) * cosine + slope),
        sign * 2.0 * root * (root - 1.0 - (root + 1.0) * cosine),
        root * (root + 1.0 - (root - 1.0) * cosine - slope),
        root + 1.0 + (root - 1.0) * cosine + slope,
        sign * -2.0 * (root - 1.0 + (root + 1.0) * cosine),
        root + 1.0 + (root - 1.0) * cosine - slope,
    )[None]


GRID_RATIO = 4  # points of the frequency grid for each tap


@dataclass(frozen=True)
class LinearPhaseEqualiser(Effect):
    """Equalise without changing phases: all frequencies are delayed alike, and the delay is removed.

    The gain in dB is interpolated between ``frequencies_hz`` on a logarithmic axis, and constant outside. A filter of
    ``length_ms`` resolves details of ``4000 / length_ms`` Hz. The stream lags behind by half of that and by one
    partition of the convolution, a quarter to half of it.
    """

    frequencies_hz: tuple[float, ...] = ranged(OCTAVES_HZ, 1.0, 192_000.0)
    gains_db: tuple[float, ...] = ranged((0.0,) * len(OCTAVES_HZ), -60.0, 24.0)
    length_ms: float = ranged(100.0, 2.0, 2_000.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.frequencies_hz) != len(self.gains_db) or not self.gains_db:
            raise BadSetting(
                f"There are {len(self.frequencies_hz)} frequencies_hz and {len(self.gains_db)} gains_db; "
                "give one gain for each frequency."
            )
        if any(lower >= higher for lower, higher in pairwise(self.frequencies_hz)):
            raise BadSetting("frequencies_hz do not rise; give them in ascending order.")

    def target_db(self, frequencies_hz: np.ndarray) -> np.ndarray:
        """Return the gain in dB that the settings demand at some frequencies."""
        gains: np.ndarray = np.interp(
            np.log(np.maximum(frequencies_hz, 1e-3)), np.log(self.frequencies_hz), self.gains_db
        )
        return gains

    def taps(self, sample_rate: int) -> np.ndarray:
        """Return the symmetric FIR filter for a sample rate in Hz, ``(taps,)`` float32, an odd number."""
        from scipy.fft import irfft, next_fast_len  # slow to import
        from scipy.signal import get_window

        half = max(1, round(self.length_ms * sample_rate / 2_000.0))
        n_grid = next_fast_len(GRID_RATIO * (2 * half + 1), real=True)
        magnitudes = 10.0 ** (self.target_db(np.arange(n_grid // 2 + 1) * sample_rate / n_grid) / 20.0)
        response = irfft(magnitudes, n_grid)
        window = get_window("hann", 2 * half + 3, False)[1:-1]
        taps: np.ndarray = np.concatenate([response[-half:], response[: half + 1]]) * window
        return taps.astype(np.float32)

    def stream(self, sound: SoundFormat) -> ConvolutionStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        taps = self.taps(sound.sample_rate)
        return ConvolutionStream(sound.n_channels, taps[None], mix=1.0, n_tail=0, n_delay=len(taps) // 2)
