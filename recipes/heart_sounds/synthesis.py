"""Heart sounds at a rate: synthetic ones with known beats, and the beats of a recording assembled anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recipes.heart_sounds.segmentation import SOUND_SECONDS, HeartBeats
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.base.ranges import RangedSettings, ranged
from wavewright.base.units import db_to_gain

Murmur = Literal["none", "systolic", "diastolic"]

FIRST_SOUND_HZ, SECOND_SOUND_HZ = (45.0, 70.0), (60.0, 100.0)  # of the two components of each
MURMUR_BAND_HZ = (80.0, 300.0)
CROSSFADE_SECONDS = 0.01
LEAST_DIASTOLE_SECONDS = 0.06
PEAK = 0.8


@dataclass(frozen=True)
class HeartSoundSettings(RangedSettings):
    """Settings of synthetic heart sounds.

    Attributes
    ----------
    rate_bpm
        Beats a minute.
    jitter
        Standard deviation of the length of diastole, as a fraction of the cycle.
    murmur, murmur_db
        Noise in systole or diastole, and its level relative to S1.
    noise_db
        Level of noise everywhere, relative to S1.
    """

    rate_bpm: float = ranged(70.0, 30.0, 180.0)
    jitter: float = ranged(0.03, 0.0, 0.2)
    murmur: Murmur = "none"
    murmur_db: float = ranged(-15.0, -60.0, 0.0)
    noise_db: float = ranged(-40.0, -100.0, 10.0)

    @property
    def systole_seconds(self) -> float:
        """Time from the onset of S1 to that of S2; shorter at a higher rate."""
        return min(0.21 + 0.1 * 60 / self.rate_bpm, 0.55 * 60 / self.rate_bpm)


def synthetic_heart_sounds(
    seconds: float, sample_rate: int, settings: HeartSoundSettings | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return synthetic heart sounds and their beats.

    Parameters
    ----------
    seconds
        Length.
    sample_rate
        In hertz, at least 1,000.
    settings
        See :class:`HeartSoundSettings`.
    seed
        Same seed, same samples.

    Returns
    -------
    wave : np.ndarray of shape ``(time,)``, float32
    onsets : np.ndarray
        Of S1, systole, S2, diastole and the end of each whole beat in seconds, ``(beats, 5)``.

    Raises
    ------
    BadSetting
        For a length or sample rate out of range.
    """
    settings = settings or HeartSoundSettings()
    if not 0 < seconds <= 3_600 or sample_rate < 1_000:
        raise BadSetting(
            f"{seconds:g} s at {sample_rate} Hz are not possible; ask for up to 3,600 s at 1,000 Hz or more."
        )
    rng = np.random.default_rng(seed)
    wave = np.zeros(round(seconds * sample_rate))
    systole, start, onsets = settings.systole_seconds, float(rng.uniform(0.0, 0.3)), []
    while start < seconds:
        cycle = 60 / settings.rate_bpm * (1 + settings.jitter * np.clip(rng.standard_normal(), -2, 2))
        cycle = max(cycle, systole + SOUND_SECONDS[1] + LEAST_DIASTOLE_SECONDS)
        beat = [start, start + SOUND_SECONDS[0], start + systole, start + systole + SOUND_SECONDS[1], start + cycle]
        _add(wave, beat[0], _sound(FIRST_SOUND_HZ, SOUND_SECONDS[0], sample_rate, rng), sample_rate)
        _add(wave, beat[2], 0.8 * _sound(SECOND_SOUND_HZ, SOUND_SECONDS[1], sample_rate, rng), sample_rate)
        if settings.murmur != "none":
            first, last = (beat[1], beat[2]) if settings.murmur == "systolic" else (beat[3], beat[4])
            _add(wave, first, db_to_gain(settings.murmur_db) * _murmur(last - first, sample_rate, rng), sample_rate)
        if beat[4] <= seconds:
            onsets.append(beat)
        start = beat[4]
    wave += db_to_gain(settings.noise_db) * 0.3 * rng.standard_normal(len(wave))
    return (PEAK * wave / np.abs(wave).max()).astype(np.float32), np.array(onsets).reshape(-1, 5)


def _sound(
    components_hz: tuple[float, float], seconds: float, sample_rate: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a heart sound: two short tones under a bell, the higher one later."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate / seconds  # 0 to 1
    waves = [
        np.exp(-0.5 * ((time - centre) / 0.16) ** 2)
        * np.sin(2 * np.pi * (hz * rng.uniform(0.95, 1.05) * seconds * time + rng.random()))
        for hz, centre in zip(components_hz, (0.4, 0.55), strict=True)
    ]
    summed: np.ndarray = np.sum(waves, axis=0) * np.sin(np.pi * time) ** 0.5
    return summed


def _murmur(seconds: float, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise in MURMUR_BAND_HZ that swells and fades."""
    n_samples = max(1, round(seconds * sample_rate))
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    hz = np.fft.rfftfreq(n_samples, 1 / sample_rate)
    spectrum[(hz < MURMUR_BAND_HZ[0]) | (hz > MURMUR_BAND_HZ[1])] = 0
    noise = np.fft.irfft(spectrum, n_samples) * np.sin(np.pi * np.arange(n_samples) / n_samples)
    peak = np.abs(noise).max()
    return noise / peak if peak else noise


def _add(wave: np.ndarray, seconds: float, sound: np.ndarray, sample_rate: int) -> None:
    """Add a sound at a time; what is beyond the end is cut."""
    start = round(seconds * sample_rate)
    n_samples = min(len(sound), len(wave) - start)
    if n_samples > 0:
        wave[start : start + n_samples] += sound[:n_samples]


def assemble_beats(
    wave: np.ndarray, sample_rate: int, beats: HeartBeats, rate_bpm: float, seconds: float, seed: int = 0
) -> np.ndarray:
    """Return beats of a recording in another order and at another rate.

    S1, systole and S2 stay as they are; diastole is cut, or continued by itself, backwards and forwards. Beats
    are drawn at random and crossfaded.

    Parameters
    ----------
    wave
        The recording ``(time,)``.
    sample_rate
        In hertz.
    beats
        Its beats, by :func:`.segmentation.segment_beats`.
    rate_bpm
        Beats a minute, 30 to 180. A beat whose systole leaves too little time is as short as it can be.
    seconds
        Length of the result.
    seed
        Same seed, same samples.

    Returns
    -------
    np.ndarray
        ``(time,)`` float32.

    Raises
    ------
    BadAudio
        If the recording has no whole beat.
    BadSetting
        If the rate is out of range.
    """
    if not 30 <= rate_bpm <= 180:
        raise BadSetting(f"The rate is {rate_bpm:g} beats a minute; it must be 30 to 180.")
    if not len(beats.onsets):
        raise BadAudio("The recording has no whole beat; give a longer one, or one with less noise.")
    rng = np.random.default_rng(seed)
    n_fade = round(CROSSFADE_SECONDS * sample_rate)
    fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_fade) + 0.5) / n_fade)
    out = np.zeros(round(seconds * sample_rate) + 4 * sample_rate, dtype=np.float64)
    position = 0
    while position < round(seconds * sample_rate) + n_fade:
        beat = _beat_at(wave, sample_rate, beats.onsets[rng.integers(len(beats.onsets))], 60 / rate_bpm, n_fade)
        beat[:n_fade] *= fade
        beat[-n_fade:] *= fade[::-1]
        out[position : position + len(beat)] += beat
        position += len(beat) - n_fade
    return out[n_fade : n_fade + round(seconds * sample_rate)].astype(np.float32)


def _beat_at(wave: np.ndarray, sample_rate: int, onsets: np.ndarray, cycle: float, n_fade: int) -> np.ndarray:
    """Return a beat that lasts ``cycle`` seconds and ``n_fade`` samples, which overlap with the next."""
    start, diastole, end = (round(onsets[k] * sample_rate) for k in (0, 3, 4))
    silence = wave[diastole:end]
    n_diastole = round(cycle * sample_rate) - (diastole - start)
    n_diastole = max(n_diastole, round(LEAST_DIASTOLE_SECONDS * sample_rate)) + n_fade
    there_and_back = np.concatenate([silence, silence[::-1]])
    filled = np.resize(there_and_back, n_diastole) if len(silence) else np.zeros(n_diastole)
    joined: np.ndarray = np.concatenate([wave[start:diastole], filled]).astype(np.float64)
    return joined
