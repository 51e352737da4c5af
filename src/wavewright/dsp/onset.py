"""Onset of a one-shot, and waves trimmed, aligned to it and faded; detection of clicks."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from ..base.units import db_to_gain, seconds_to_samples
from .spectrum import float_wave

WINDOW_SECONDS = 0.001

ATTACK_DB = -20.0
"""Level relative to the maximum at which the attack has certainly started; quieter clicks before it are ignored."""

SILENCE_DB = -40.0
"""The onset is the last time before that at which the level rises above this, relative to the maximum ..."""

NOISE_FACTOR = 3.0
"""... and above this many times the noise before it: the tenth percentile, since some of it may be slow attack."""

FADE_SECONDS = 0.005
SURROUND_SECONDS = 0.005  # on either side of a sample
NEXT_SAMPLES = 2  # on either side, which belong to the sample itself
CLICK_FACTOR = 8.0  # local crest factor above which a sample is a click

END_SECONDS, TAIL_SECONDS, RISING_DB = 0.02, 0.06, 3.0
"""Length of a one-shot's end and of the tail before it, and the level in dB by which the end may exceed the tail."""

STOP_SECONDS, STOP_DB = 0.00025, -34.0
"""Last samples of a one-shot, and their largest level in dB relative to its peak."""

RISE_SECONDS, RISE_DB, QUIETEST_DB = 0.01, 10.0, -60.0
"""Window of the level in which onsets are counted, the rise that counts as one, and the level of silence."""


def onset_sample(wave: np.ndarray, sample_rate: int) -> int:
    """Return the first sample of the attack of a one-shot.

    The level is the root mean square over 1 ms and all channels, after subtracting each channel's median (a constant
    offset). The search starts where the level is first within 20 dB of its maximum, and goes back to where it rises
    above the silence or noise before.

    - returns: index of the sample; 0 for silence.
    """
    wave = float_wave(wave)
    if wave.shape[-1] == 0:
        return 0
    centred = wave - np.median(wave, axis=-1, keepdims=True)
    power = np.square(centred, dtype=np.float64).mean(axis=tuple(range(wave.ndim - 1)))  # (time,)
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
    # The level at the rise covers the preceding window; the attack starts at its first sample above the threshold.
    window_start = max(0, rise - n_window + 1)
    return window_start + int(np.argmax(power[window_start : rise + 1] >= threshold**2))


def count_onsets(wave: np.ndarray, sample_rate: int) -> int:
    """Count the onsets of a wave.

    An onset is a rise of the level to within 20 dB of its maximum by at least 10 dB, also after a dip of 10 dB. The
    level is the root mean square over 10 ms, every 5 ms.
    """
    if not np.any(wave):
        return 0
    width = max(2, seconds_to_samples(RISE_SECONDS, sample_rate))
    power = np.convolve(np.square(wave, dtype=np.float64), np.ones(width) / width, "same")[:: width // 2]
    level_db = 10 * np.log10(np.maximum(power / power.max(), db_to_gain(QUIETEST_DB) ** 2))
    count, lowest, highest, is_up = 0, QUIETEST_DB, QUIETEST_DB, False
    for level in level_db.tolist():
        if not is_up and level > ATTACK_DB and level > lowest + RISE_DB:
            count, is_up, highest = count + 1, True, level
        elif is_up:
            highest = max(highest, level)
            if level < highest - RISE_DB:
                is_up, lowest = False, level
        lowest = min(lowest, level)
    return count


def trim(wave: np.ndarray, threshold_db: float = -60.0) -> np.ndarray:
    """Cut off what is before the first and after the last sample of ``wave (..., time)`` above a threshold.

    The threshold is relative to the largest sample; of silence nothing is left.
    """
    wave = float_wave(wave)
    magnitude = np.abs(wave).max(axis=tuple(range(wave.ndim - 1)), initial=0.0)  # (time,)
    threshold = magnitude.max(initial=0.0) * db_to_gain(threshold_db)
    loud = np.flatnonzero((magnitude > 0.0) & (magnitude >= threshold))
    if len(loud) == 0:
        return wave[..., :0]
    return wave[..., loud[0] : loud[-1] + 1]


def align(wave: np.ndarray, sample_rate: int, n_samples: int, lead_samples: int = 32) -> np.ndarray:
    """Align a one-shot to its onset, and cut or pad it with zeros.

    A cut end fades out over 5 ms; a noisy start that is cut fades in up to the attack.

    - ``wave``: ``(..., time)``.
    - ``lead_samples``: index of the onset in the result.
    - returns: ``(..., n_samples)``.

    Raises BadSetting unless ``0 <= lead_samples < n_samples``.
    """
    if not 0 <= lead_samples < n_samples:
        raise BadSetting(f"lead_samples is {lead_samples}; it must lie between 0 and n_samples ({n_samples}).")
    wave = float_wave(wave)
    start = onset_sample(wave, sample_rate) - lead_samples
    clip = wave[..., max(0, start) : start + n_samples]
    n_fade_out = seconds_to_samples(FADE_SECONDS, sample_rate) if start + n_samples < wave.shape[-1] else 0
    clip = fade(clip, lead_samples if start > 0 else 0, n_fade_out)
    n_before = max(0, -start)
    return np.pad(clip, [(0, 0)] * (clip.ndim - 1) + [(n_before, n_samples - n_before - clip.shape[-1])])


def attenuate_end(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Attenuate the end of a one-shot that gets louder again, and fade out one that is cut off.

    - returns: the wave itself, or a copy. If the peak of the last END_SECONDS exceeds that of the TAIL_SECONDS before
      by RISING_DB, it is lowered to it by a gain that falls over 5 ms. If the last STOP_SECONDS are not at least
      STOP_DB below the wave's peak, the last 5 ms fade out.
    """
    n_end = seconds_to_samples(END_SECONDS, sample_rate)
    n_tail = seconds_to_samples(TAIL_SECONDS, sample_rate)
    n_fade = seconds_to_samples(FADE_SECONDS, sample_rate)
    if len(wave) < n_end + n_tail:
        return wave
    end = float(np.abs(wave[-n_end:]).max())
    tail = float(np.abs(wave[-n_end - n_tail : -n_end]).max())
    if end > tail * db_to_gain(RISING_DB):
        gains = np.ones(len(wave), np.float32)
        gains[-n_end - n_fade : -n_end] = np.linspace(1.0, tail / end, n_fade)
        gains[-n_end:] = tail / end
        wave = wave * gains
    n_stop = max(1, seconds_to_samples(STOP_SECONDS, sample_rate))
    stops = np.abs(wave[-n_stop:]).max() > np.abs(wave).max() * db_to_gain(STOP_DB)
    return fade(wave, 0, n_fade) if stops else wave


def local_crest_factor(wave: np.ndarray, index: int, sample_rate: int) -> float:
    """Return the magnitude of a sample over the root mean square of its surroundings.

    - returns: above CLICK_FACTOR for a click: noise and oscillations never reach it. The surroundings are
      SURROUND_SECONDS on either side, without the NEXT_SAMPLES over which resampling spreads a click.
    """
    n_around = max(NEXT_SAMPLES + 1, seconds_to_samples(SURROUND_SECONDS, sample_rate))
    before = wave[max(0, index - n_around) : max(0, index - NEXT_SAMPLES)]
    around = np.concatenate([before, wave[index + NEXT_SAMPLES + 1 : index + n_around + 1]])
    rms = float(np.sqrt(np.mean(np.square(around, dtype=np.float64)))) if len(around) else 0.0
    magnitude = abs(float(wave[index]))
    if rms == 0.0:
        return np.inf if magnitude else 0.0
    return magnitude / rms


def fade(wave: np.ndarray, fade_in_samples: int = 0, fade_out_samples: int = 0) -> np.ndarray:
    """Fade a wave ``(..., time)`` in and out by raised cosines over so many samples, at most its length; copy it."""
    wave = float_wave(wave).copy()
    n_in = min(fade_in_samples, wave.shape[-1])
    n_out = min(fade_out_samples, wave.shape[-1])
    wave[..., :n_in] *= _rise(n_in)
    wave[..., wave.shape[-1] - n_out :] *= _rise(n_out)[::-1]
    return wave


def _rise(n_samples: int) -> np.ndarray:
    """Return gains ``(n_samples,)`` from 0 to just below 1."""
    gains: np.ndarray = 0.5 - 0.5 * np.cos(np.pi * np.arange(n_samples) / max(1, n_samples))
    return gains.astype(np.float32)


def _moving_rms(power: np.ndarray, n_window: int) -> np.ndarray:
    """Return the root mean square of the last ``n_window`` samples at every sample, ``(time,)``."""
    total = np.concatenate((np.zeros(n_window), np.cumsum(power)))
    rms: np.ndarray = np.sqrt(np.maximum(total[n_window:] - total[:-n_window], 0.0) / n_window)
    return rms
