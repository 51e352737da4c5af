"""Where a one-shot starts, and waves trimmed, aligned to that start and faded."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting
from ..units import db_to_gain, seconds_to_samples
from .spectrum import float_wave

WINDOW_SECONDS = 0.001
ATTACK_DB = -20.0
"""Once the level comes this close to its maximum the attack has surely begun; quieter clicks before it do not count."""

SILENCE_DB = -40.0
"""Going back from there, the attack starts where the level rises above this, relative to the maximum ..."""

NOISE_FACTOR = 3.0
"""... and above this many times the noise before it, whose level is the tenth percentile: part of it may be a slow attack."""

FADE_SECONDS = 0.005
SURROUND_SECONDS = 0.005  # on either side of a sample
NEXT_SAMPLES = 2  # on either side, which belong to the sample itself
CLICK_FACTOR = 8.0  # times the level around it: a sample that large is a click

END_SECONDS, TAIL_SECONDS, RISING_DB = 0.02, 0.06, 3.0
"""Length of a one-shot's end and of the tail before it, and the level in dB by which the end may exceed the tail."""

STOP_SECONDS, STOP_DB = 0.00025, -34.0
"""Last samples of a one-shot, and their largest level in dB relative to its peak."""

RISE_SECONDS, RISE_DB, QUIETEST_DB = 0.01, 10.0, -60.0
"""Over which a level is taken that rises, by how much, and what is as good as silence, where beginnings are counted."""


def onset_sample(wave: np.ndarray, sample_rate: int) -> int:
    """The first sample of the attack of a one-shot ``(..., time)``; 0 for silence.

    The level is the root mean square over 1 ms and all channels, after removing each channel's median (a constant offset). From
    the first moment within 20 dB of the loudest, the search goes back to where the level leaves the silence or noise before it.
    """
    wave = float_wave(wave)
    if wave.shape[-1] == 0:
        return 0
    moving = wave - np.median(wave, axis=-1, keepdims=True)
    power = np.square(moving, dtype=np.float64).mean(axis=tuple(range(wave.ndim - 1)))  # (time,)
    n_window = max(1, seconds_to_samples(WINDOW_SECONDS, sample_rate))
    level = _moving_rms(power, n_window)
    peak = float(level.max())
    if peak == 0.0:
        return 0
    in_attack = int(np.argmax(level >= peak * db_to_gain(ATTACK_DB)))
    noise = float(np.percentile(level[: in_attack + 1], 10))
    threshold = min(max(peak * db_to_gain(SILENCE_DB), NOISE_FACTOR * noise), level[in_attack])
    quiet = np.flatnonzero(level[:in_attack] < threshold)
    rise = int(quiet[-1]) + 1 if len(quiet) else 0
    # The level at the rise looks back over one window, in which the attack starts with the first sample of that size.
    window_start = max(0, rise - n_window + 1)
    return window_start + int(np.argmax(power[window_start : rise + 1] >= threshold**2))


def count_onsets(wave: np.ndarray, sample_rate: int) -> int:
    """How often the level of ``wave (time,)`` rises to within 20 dB of its loudest, from 10 dB below that or from a dip of 10 dB; 0 for silence.

    The level is the root mean square over 10 ms, every 5 ms.
    """
    if not np.any(wave):
        return 0
    width = max(2, seconds_to_samples(RISE_SECONDS, sample_rate))
    power = np.convolve(np.square(wave, dtype=np.float64), np.ones(width) / width, "same")[:: width // 2]
    level_db = 10 * np.log10(np.maximum(power / power.max(), db_to_gain(QUIETEST_DB) ** 2))
    count, lowest, highest, is_up = 0, QUIETEST_DB, QUIETEST_DB, False
    for now in level_db.tolist():
        if not is_up and now > ATTACK_DB and now > lowest + RISE_DB:
            count, is_up, highest = count + 1, True, now
        elif is_up:
            highest = max(highest, now)
            if now < highest - RISE_DB:
                is_up, lowest = False, now
        lowest = min(lowest, now)
    return count


def trim(wave: np.ndarray, threshold_db: float = -60.0) -> np.ndarray:
    """The wave ``(..., time)`` without what lies before its first and after its last sample above a threshold.

    ``threshold_db`` is relative to the loudest sample. Silence gives an empty wave ``(..., 0)``.
    """
    wave = float_wave(wave)
    size = np.abs(wave).max(axis=tuple(range(wave.ndim - 1)), initial=0.0)  # (time,)
    loud = np.flatnonzero((size > 0.0) & (size >= size.max(initial=0.0) * db_to_gain(threshold_db)))
    if len(loud) == 0:
        return wave[..., :0]
    return wave[..., loud[0] : loud[-1] + 1]


def align(wave: np.ndarray, sample_rate: int, n_samples: int, lead_samples: int = 32) -> np.ndarray:
    """A one-shot ``(..., time)`` whose attack starts at sample ``lead_samples``, cut or padded with zeros to ``n_samples``.

    Where sound is cut off at the end it fades out over 5 ms, and where noise is cut off at the start it fades in up to the attack.
    Raises BadSetting unless ``0 <= lead_samples < n_samples``.
    """
    if not 0 <= lead_samples < n_samples:
        raise BadSetting(f"lead_samples is {lead_samples}; it must lie between 0 and n_samples ({n_samples}).")
    wave = float_wave(wave)
    start = onset_sample(wave, sample_rate) - lead_samples
    part = wave[..., max(0, start) : start + n_samples]
    n_fade_out = seconds_to_samples(FADE_SECONDS, sample_rate) if start + n_samples < wave.shape[-1] else 0
    part = fade(part, lead_samples if start > 0 else 0, n_fade_out)
    n_before = max(0, -start)
    return np.pad(part, [(0, 0)] * (part.ndim - 1) + [(n_before, n_samples - n_before - part.shape[-1])])


def attenuate_end(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Attenuate the end of a one-shot that gets louder again, and fade out one that is cut off.

    Parameters
    ----------
    wave : np.ndarray
        Samples, ``(time,)``.
    sample_rate : int
        Samples a second.

    Returns
    -------
    np.ndarray
        The wave itself, or a copy. If the peak of the last END_SECONDS exceeds that of the TAIL_SECONDS before by
        RISING_DB, it is lowered to it by a gain that falls over 5 ms. If the last STOP_SECONDS are not at least STOP_DB
        below the wave's peak, the last 5 ms fade out.
    """
    n_end, n_tail, n_fall = (
        seconds_to_samples(each, sample_rate) for each in (END_SECONDS, TAIL_SECONDS, FADE_SECONDS)
    )
    if len(wave) < n_end + n_tail:
        return wave
    end, tail = (float(np.abs(part).max()) for part in (wave[-n_end:], wave[-n_end - n_tail : -n_end]))
    if end > tail * db_to_gain(RISING_DB):
        gains = np.ones(len(wave), np.float32)
        gains[-n_end - n_fall : -n_end] = np.linspace(1.0, tail / end, n_fall)
        gains[-n_end:] = tail / end
        wave = wave * gains
    n_stop = max(1, seconds_to_samples(STOP_SECONDS, sample_rate))
    stops = np.abs(wave[-n_stop:]).max() > np.abs(wave).max() * db_to_gain(STOP_DB)
    return fade(wave, 0, n_fall) if stops else wave


def local_crest_factor(wave: np.ndarray, index: int, sample_rate: int) -> float:
    """Return the size of a sample over the root mean square of what surrounds it.

    Parameters
    ----------
    wave : np.ndarray
        Samples, ``(time,)``.
    index : int
        Which sample.
    sample_rate : int
        Samples a second.

    Returns
    -------
    float
        Above CLICK_FACTOR for a click: noise and oscillations never reach it. The surroundings are SURROUND_SECONDS
        on either side, without the NEXT_SAMPLES over which a click is spread by resampling.
    """
    n_around = max(NEXT_SAMPLES + 1, seconds_to_samples(SURROUND_SECONDS, sample_rate))
    before = wave[max(0, index - n_around) : max(0, index - NEXT_SAMPLES)]
    around = np.concatenate([before, wave[index + NEXT_SAMPLES + 1 : index + n_around + 1]])
    rms = float(np.sqrt(np.mean(np.square(around, dtype=np.float64)))) if len(around) else 0.0
    size = abs(float(wave[index]))
    return size / rms if rms else (np.inf if size else 0.0)


def fade(wave: np.ndarray, fade_in_samples: int = 0, fade_out_samples: int = 0) -> np.ndarray:
    """A copy of the wave ``(..., time)`` that rises from zero and falls to zero along half a period of a raised cosine."""
    wave = float_wave(wave).copy()
    n_in, n_out = (min(n, wave.shape[-1]) for n in (fade_in_samples, fade_out_samples))
    wave[..., :n_in] *= _rise(n_in)
    wave[..., wave.shape[-1] - n_out :] *= _rise(n_out)[::-1]
    return wave


def _rise(n_samples: int) -> np.ndarray:
    """Gains ``(n_samples,)`` from 0 to just below 1."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(n_samples) / max(1, n_samples))).astype(np.float32)


def _moving_rms(power: np.ndarray, n_window: int) -> np.ndarray:
    """The root mean square of the last ``n_window`` samples at every sample ``(time,)``; before the start lies silence."""
    total = np.concatenate((np.zeros(n_window), np.cumsum(power)))
    return np.sqrt(np.maximum(total[n_window:] - total[:-n_window], 0.0) / n_window)
