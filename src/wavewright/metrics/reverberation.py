"""Speech-to-reverberation modulation energy ratio (SRMR), which needs no reference.

Speech fluctuates at 2 to 20 Hz; the tail of a room fills its gaps and adds faster fluctuations, at the rate of the
fundamental frequency. The ratio of slow to fast modulation energy falls with reverberation.

T. H. Falk, C. Zheng and W.-Y. Chan, "A non-intrusive quality and intelligibility measure of reverberant and
dereverberated speech", 2010; M. Slaney, "An efficient implementation of the Patterson-Holdsworth auditory filter bank",
1993; J. F. Santos, M. Senoussaoui and T. H. Falk, "An updated objective intelligibility estimation metric for normal
hearing listeners under noise and reverberation", 2014 (the normalised ratio).
"""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from ..base.units import seconds_to_samples
from ..dsp.spectrum import frame

N_CHANNELS = 23
LOWEST_HZ = 125.0
EAR_Q, MIN_BANDWIDTH_HZ = 9.26449, 24.7  # equivalent rectangular bandwidth (ERB), Glasberg and Moore
N_MODULATION_BANDS, N_SLOW = 8, 4  # all bands; those of speech
LOWEST_RATE_HZ, HIGHEST_RATE_HZ, HIGHEST_NORMALISED_HZ = 4.0, 128.0, 30.0
MODULATION_Q = 2.0
WINDOW_SECONDS, HOP_SECONDS = 0.256, 0.064
ENERGY_FRACTION = 0.9  # of all channels from the lowest; the bandwidth of the next one limits the fast bands
RANGE_DB = 30.0  # of the normalised energies
MIN_SAMPLE_RATE = 8_000
BLOCK_SECONDS = 60.0  # analysed at once, so that memory does not grow with the recording


def srmr(wave: np.ndarray, sample_rate: int, normalised: bool = False) -> float:
    """Compute the speech-to-reverberation modulation energy ratio of a recording.

    The envelopes of 23 gammatone filters from 125 Hz pass 8 modulation filters from 4 to 128 Hz. The ratio is the
    energy of the first four over that of the fifth and higher ones, up to the bandwidth of the channel below which
    90 % of the energy is.

    Raises BadSetting if the sample rate is too low.

    Parameters
    ----------
    wave : np.ndarray
        ``(time,)``; the level does not count.
    sample_rate : int
        In Hz, at least 8,000.
    normalised : bool
        Limit the energies to a range of 30 dB and the modulation filters to 30 Hz, so that the ratio depends less on
        speaker and text.

    Returns
    -------
    float
        Higher for less reverberation: about 8 to 20 for dry speech. NaN for silence and for less than 0.256 s.

    Examples
    --------
    >>> rate = 16_000
    >>> noise = np.random.default_rng(0).standard_normal(rate)
    >>> syllables = noise * (1 + np.sin(2 * np.pi * 4 * np.arange(rate) / rate))
    >>> srmr(syllables, rate) > 2 * srmr(noise, rate)
    True
    """
    if sample_rate < MIN_SAMPLE_RATE:
        raise BadSetting(f"The sample rate is {sample_rate} Hz; SRMR needs at least {MIN_SAMPLE_RATE:,} Hz.")
    rates = np.geomspace(LOWEST_RATE_HZ, HIGHEST_NORMALISED_HZ if normalised else HIGHEST_RATE_HZ, N_MODULATION_BANDS)
    n_block = seconds_to_samples(BLOCK_SECONDS, sample_rate)
    blocks = [wave[start : start + n_block].astype(np.float64) for start in range(0, max(len(wave), 1), n_block)]
    energy = np.concatenate([_modulation_energy(block, sample_rate, rates) for block in blocks], axis=-1)
    if not energy.any():
        return float("nan")
    if normalised:
        highest = energy.mean(axis=0).max()
        energy = np.clip(energy, highest * 10 ** (-RANGE_DB / 10), highest)
    mean = energy.mean(axis=-1)  # (channels, modulation bands)
    n_bands = _n_bands(mean.sum(axis=-1), sample_rate, rates)
    return float(mean[:, :N_SLOW].sum() / mean[:, N_SLOW:n_bands].sum())


def _n_bands(channel_energy: np.ndarray, sample_rate: int, rates: np.ndarray) -> int:
    """Return the number of modulation bands, 5 to 8, whose lower cutoff is within the bandwidth of the speech."""
    cumulative = np.cumsum(channel_energy) / channel_energy.sum()
    bandwidth = _bandwidths(_centres(sample_rate))[np.argmax(cumulative > ENERGY_FRACTION)]
    half_widths = np.tan(np.pi * rates / sample_rate) / MODULATION_Q * sample_rate / (2 * np.pi)
    return int(np.clip(np.count_nonzero(rates - half_widths < bandwidth), N_SLOW + 1, N_MODULATION_BANDS))


def _modulation_energy(wave: np.ndarray, sample_rate: int, rates: np.ndarray) -> np.ndarray:
    """Return the energies of a wave ``(time,)``: ``(channels, modulation bands, frames)``, low frequencies first."""
    from scipy.fft import next_fast_len
    from scipy.signal import hilbert, lfilter, sosfilt  # slow to import

    n_window, n_hop = (seconds_to_samples(seconds, sample_rate) for seconds in (WINDOW_SECONDS, HOP_SECONDS))
    if len(wave) < n_window:
        return np.empty((N_CHANNELS, len(rates), 0))
    weights = np.square(np.hamming(n_window + 1)[:-1])
    energies = []
    for centre in _centres(sample_rate):
        band = sosfilt(gammatone(centre, sample_rate), wave)
        envelope = np.abs(hilbert(band, next_fast_len(len(band)))[: len(band)])
        modulations = np.stack([lfilter(*_resonator(rate, sample_rate), envelope) for rate in rates])
        energies.append(frame(np.square(modulations), n_window, n_hop) @ weights)
    return np.stack(energies)


def gammatone(centre: float, sample_rate: int) -> np.ndarray:
    """Return a gammatone filter of fourth order with a gain of 1 at its centre, for ``scipy.signal.sosfilt``.

    Parameters
    ----------
    centre : float
        Centre frequency in Hz.
    sample_rate : int
        In Hz.

    Returns
    -------
    np.ndarray
        Four second-order sections, ``(4, 6)``.
    """
    angle = 2 * np.pi * centre / sample_rate
    radius = np.exp(-2 * np.pi * 1.019 * float(_bandwidths(np.array(centre))) / sample_rate)
    slopes = np.array([1, -1, 1, -1]) * np.sqrt(3 + np.array([1, 1, -1, -1]) * 2**1.5)
    sections = np.zeros((4, 6))
    sections[:, 0] = 1.0
    sections[:, 1] = -radius * (np.cos(angle) + slopes * np.sin(angle))
    sections[:, 3:] = 1.0, -2 * radius * np.cos(angle), radius**2
    delays = np.exp(-1j * angle * np.arange(3))
    sections[:, :3] /= np.abs(sections[:, :3] @ delays / (sections[:, 3:] @ delays))[:, None]
    return sections


def _resonator(rate: float, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of a band-pass filter of second order with a gain of 1 at ``rate`` in Hz."""
    angle = 2 * np.pi * rate / sample_rate
    width = np.sin(angle) / (2 * MODULATION_Q)
    return np.array([width, 0, -width]), np.array([1 + width, -2 * np.cos(angle), 1 - width])


def _centres(sample_rate: int) -> np.ndarray:
    """Return the centre frequencies of the channels in Hz, equally spaced in ERB from the lowest to below Nyquist."""
    corner = EAR_Q * MIN_BANDWIDTH_HZ
    return np.geomspace(LOWEST_HZ + corner, sample_rate / 2 + corner, N_CHANNELS + 1)[:-1] - corner


def _bandwidths(centres: np.ndarray) -> np.ndarray:
    """Return equivalent rectangular bandwidths of frequencies, both in Hz."""
    return centres / EAR_Q + MIN_BANDWIDTH_HZ
