"""What is said of symbols and frames in numbers: pitch, voicing and energy of recordings, by frame and by symbol, and places in a symbol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...dsp.alignment import averages_by_symbol
from ...dsp.mel import mel_filterbank
from ...dsp.phase import griffin_lim, mel_to_power
from ...dsp.pitch import track_pitch
from ...dsp.speech_mel import F_MAX_HZ, MEL_FLOOR, power_scale, speech_mel
from .config import N_TOLD, AcousticConfig

LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 65.0, 500.0
MIDDLE_PITCH_HZ = 200.0  # stands for 0
LARGEST_LOG_POWER = 20.0  # of a band; what a network says beyond would overflow
ENERGY_CENTRE, ENERGY_SPREAD = -3.0, 3.0  # of the logarithm of the mean power in the bands


def hear(wave: np.ndarray, config: AcousticConfig) -> dict[str, np.ndarray]:
    """What a voice learns of a recording ``wave (time,)``: ``mel (frames, n_mels)`` in nats and ``f0_hz (frames,)``, 0 where unvoiced."""
    mel = speech_mel(wave, config.sample_rate)
    track = track_pitch(wave, config.sample_rate, config.hop_length, LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ)
    return {"mel": mel.T, "f0_hz": track.f0_hz[: mel.shape[1]]}


def told_of_symbols(
    octaves: np.ndarray, voiced: np.ndarray, energy: np.ndarray, durations: np.ndarray, n_frames: Sequence[int]
) -> np.ndarray:
    """What a decoder is told of symbols ``(batch, symbols, N_TOLD)``: octaves where voiced, voicing and energy, means of their frames.

    ``octaves``, ``voiced`` and ``energy (batch, frames)``, of which each clip has its ``n_frames``; ``durations (batch, symbols)``.
    """
    told = np.zeros((*durations.shape, N_TOLD), np.float32)
    for row, (count, end) in enumerate(zip(durations, n_frames, strict=True)):
        pitch, share = averages_by_symbol(octaves[row, :end], voiced[row, :end], count)
        loudness, _ = averages_by_symbol(energy[row, :end], np.ones(end), count)
        told[row] = np.stack([pitch * share, share, loudness], axis=1)
    return told


def energies_of(mel: np.ndarray) -> np.ndarray:
    """The energy of each frame of ``mel (frames, n_mels)`` in nats: the logarithm of the mean power of the bands, made about 0 and 1."""
    power = np.exp(mel.astype(np.float64)).mean(axis=1)
    return ((np.log(power) - ENERGY_CENTRE) / ENERGY_SPREAD).astype(np.float32)


def hz_to_octaves(f0_hz: np.ndarray) -> np.ndarray:
    """Octaves above MIDDLE_PITCH_HZ; 0 for 0 Hz, which is unvoiced."""
    return np.where(f0_hz > 0, np.log2(np.maximum(f0_hz, 1.0) / MIDDLE_PITCH_HZ), 0.0).astype(np.float32)


def octaves_to_hz(octaves: np.ndarray) -> np.ndarray:
    """The inverse for voiced symbols."""
    return (MIDDLE_PITCH_HZ * 2.0**octaves).astype(np.float32)


def frames_to_wave(mel: np.ndarray, config: AcousticConfig) -> np.ndarray:
    """A wave ``(time,)`` float32 with about the frames ``mel (n_mels, frames)`` in nats, by Griffin-Lim: to hear a voice without a vocoder."""
    power = np.maximum(np.exp(np.minimum(mel, LARGEST_LOG_POWER)) - MEL_FLOOR, 0.0) / power_scale(config.n_fft)
    filters = mel_filterbank(config.sample_rate, config.n_fft, config.n_mels, f_max_hz=F_MAX_HZ)
    magnitude = np.sqrt(mel_to_power(power, filters))
    wave = griffin_lim(magnitude, config.n_fft, config.hop_length, n_samples=mel.shape[1] * config.hop_length)
    return np.clip(wave, -1.0, 1.0).astype(np.float32)
