"""Frames: mel bands, and pitch and periodicity of a voice, computed from a wave and converted back into one."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadAudio
from ...dsp.excitation import disperse, mix_by_periodicity, pulse_train, shape_to_mel
from ...dsp.mel import mel_filterbank
from ...dsp.phase import griffin_lim, mel_to_power
from ...dsp.pitch import f0_to_octaves, track_pitch
from ...dsp.spectrum import spectrogram, stft
from .config import MAX_PITCH_HZ, MIN_PITCH_HZ, LstmConfig

REFERENCE_PITCH_HZ = 100.0  # 0 octaves
NOISE_FLOOR = 0.01  # smallest fraction of noise in the power of a voice band: 20 dB below the harmonics
DISPERSION_SECONDS = 0.003  # of the highest frequency of a pulse
MAX_LOG_POWER = 30.0  # of a band; larger values that a network draws would overflow


def frame_filterbank(config: LstmConfig) -> np.ndarray:
    """Return the mel filterbank of the frames, ``(n_mels, n_fft // 2 + 1)``."""
    return mel_filterbank(config.sample_rate, config.n_fft, config.n_mels, config.f_min_hz, config.top_hz)


def n_complete_frames(n_samples: int, config: LstmConfig) -> int:
    """Return the number of frames whose windows end within ``n_samples``."""
    return (n_samples - config.n_fft // 2) // config.hop_length + 1


def wave_to_frames(wave: np.ndarray, config: LstmConfig) -> np.ndarray:
    """Compute the frames ``(frames, n_features)`` float32 of ``wave (time,)``.

    Frame ``t`` is centred on sample ``t * hop_length``: ``log(floor + power)`` of each mel band; with a voice also
    ``log2(pitch / 100 Hz)``, interpolated where unvoiced, and the logarithm of the fraction of noise in each voice
    band. Raises BadAudio if the wave is empty or not one-dimensional.
    """
    if wave.ndim != 1 or not wave.size:
        raise BadAudio(f"The wave has shape {wave.shape}; frames need (time,), and at least one sample.")
    mel = frame_filterbank(config) @ spectrogram(wave, config.n_fft, config.hop_length)
    frames = np.log(mel + config.log_floor).T
    if config.source == "voice":
        track = track_pitch(
            wave, config.sample_rate, config.hop_length, MIN_PITCH_HZ, MAX_PITCH_HZ, config.voice_edges_hz
        )
        n_frames = len(frames)
        octaves = f0_to_octaves(track.f0_hz[:n_frames], REFERENCE_PITCH_HZ)
        log_noise = np.log(1 - track.periodicity[:, :n_frames].T + NOISE_FLOOR)
        frames = np.concatenate([frames, octaves[:, None], log_noise], axis=1)
    return np.asarray(frames, np.float32)


def frames_to_wave(
    frames: np.ndarray, config: LstmConfig, rng: np.random.Generator, n_samples: int, prompt: np.ndarray | None = None
) -> np.ndarray:
    """Synthesise a wave with nearly these frames.

    - ``frames``: ``(frames, n_features)``. The last one is repeated up to the end of the wave.
    - ``config``: configuration of the model.
    - ``rng``: random numbers of the noise.
    - ``n_samples``: length of the wave.
    - ``prompt``: start of the wave ``(time,)``, if it is known: its phases are kept, and the rest continues them.
    - returns: ``(n_samples,)`` float32.
    """
    n_hops = -(-n_samples // config.hop_length)
    frames = np.pad(frames, ((0, max(0, n_hops + 1 - len(frames))), (0, 0)), mode="edge")
    return _synthesise_hops(frames, config, rng, n_hops * config.hop_length, prompt)[:n_samples]


def _synthesise_hops(
    frames: np.ndarray, config: LstmConfig, rng: np.random.Generator, n_samples: int, prompt: np.ndarray | None
) -> np.ndarray:
    """Return the wave of :func:`frames_to_wave` for a whole number of hops and one frame more."""
    mel = np.maximum(np.exp(np.minimum(frames[:, : config.n_mels].T, MAX_LOG_POWER)) - config.log_floor, 0.0)
    spectrum = _excitation(frames, config, rng, n_samples)[:, : len(frames)]
    if prompt is not None:
        n_complete = max(0, n_complete_frames(len(prompt), config))
        spectrum[:, :n_complete] = stft(prompt, config.n_fft, config.hop_length)[:, :n_complete]
    filters = frame_filterbank(config)
    if config.source == "griffin-lim":
        magnitude = np.sqrt(mel_to_power(mel, filters))
        return griffin_lim(
            magnitude, config.n_fft, config.hop_length, config.n_iterations, n_samples=n_samples, start=spectrum
        )
    return shape_to_mel(spectrum, mel, filters, config.n_fft, config.hop_length, n_samples, config.n_iterations)


def _excitation(frames: np.ndarray, config: LstmConfig, rng: np.random.Generator, n_samples: int) -> np.ndarray:
    """Return the spectrum ``(bins, frames)`` of white noise, or of pulses and noise mixed by the periodicity."""
    noise = stft(rng.standard_normal(n_samples, dtype=np.float32), config.n_fft, config.hop_length)
    if config.source != "voice":
        return noise
    lowest, highest = np.log2(np.array([MIN_PITCH_HZ, MAX_PITCH_HZ]) / REFERENCE_PITCH_HZ)
    octaves = np.clip(frames[:, config.n_mels], lowest, highest)
    train = pulse_train(REFERENCE_PITCH_HZ * 2.0**octaves, config.sample_rate, config.hop_length, n_samples)
    pulses = disperse(stft(train, config.n_fft, config.hop_length), DISPERSION_SECONDS, config.sample_rate)
    log_noise = np.minimum(frames[:, config.n_mels + 1 :], 0.0)
    band_periodicity = 1 - (np.exp(log_noise) - NOISE_FLOOR)  # (frames, bands)
    periodicity = np.clip(_band_weights(config) @ band_periodicity.T, 0.0, 1.0)
    return mix_by_periodicity(pulses[:, : len(frames)], noise[:, : len(frames)], periodicity)


def _band_weights(config: LstmConfig) -> np.ndarray:
    """Return the weight of each voice band at each bin, ``(bins, bands)``: linear between the centres of the bands."""
    edges_hz = np.array(config.voice_edges_hz)
    centres_hz = (edges_hz[:-1] + edges_hz[1:]) / 2
    bins_hz = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    return np.stack([np.interp(bins_hz, centres_hz, row) for row in np.eye(len(centres_hz))], axis=1)
