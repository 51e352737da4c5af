"""Frames: mel bands, and pitch and periodicity of a voice, computed from a wave and converted back into one."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadAudio, BadSetting
from ...dsp.mel import mel_filterbank
from ...dsp.phase import griffin_lim, mel_to_power
from ...dsp.pitch import f0_to_octaves, track_pitch
from ...dsp.spectrum import istft, power_spectrum, spectrogram, stft
from .config import MAX_PITCH_HZ, MIN_PITCH_HZ, LstmConfig

MIN_POWER = 1e-12
MAX_GAIN = 1e3  # of a band in one pass; a band that is nearly empty in one frame may be full in the next


def pulse_train(f0_hz: np.ndarray, sample_rate: int, hop_length: int, n_samples: int) -> np.ndarray:
    """Return band-limited pulses with the spectral density of noise of variance 1.

    The sum of all harmonics below half the sample rate in closed form,
    ``sum cos k x = sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2`` (Dirichlet kernel).

    - ``f0_hz``: pitch of each frame, ``(frames,)``, above 0; interpolated between frames.

    Raises BadSetting if a frame has no pitch.
    """
    if not (np.asarray(f0_hz) > 0).all():
        raise BadSetting("A pulse train needs a pitch above 0 in every frame; interpolate it through unvoiced frames.")
    frame_samples = np.arange(len(f0_hz)) * hop_length
    pitch_hz = np.interp(np.arange(n_samples), frame_samples, f0_hz)
    angle = 2 * np.pi * np.cumsum(pitch_hz / sample_rate) % (2 * np.pi)
    n_harmonics = np.maximum(np.floor(sample_rate / 2 / pitch_hz - 1e-6), 1)
    half = np.sin(angle / 2)
    near = np.abs(half) < 1e-6
    pulses = np.where(near, n_harmonics, np.sin((n_harmonics + 0.5) * angle) / np.where(near, 1.0, 2 * half) - 0.5)
    scaled: np.ndarray = 2 * np.sqrt(pitch_hz / sample_rate) * pulses
    return scaled.astype(np.float32)


def mix_by_periodicity(pulses: np.ndarray, noise: np.ndarray, periodicity: np.ndarray) -> np.ndarray:
    """Mix spectra ``(bins, frames)`` as ``sqrt(p) pulses + sqrt(1 - p) noise``, which preserves their power."""
    mixed: np.ndarray = np.sqrt(periodicity) * pulses + np.sqrt(1 - periodicity) * noise
    return mixed


def disperse(spectrum: np.ndarray, seconds: float, sample_rate: int) -> np.ndarray:
    """Delay a spectrum by a time that grows linearly with frequency.

    Pulses become short chirps. Their peaks are lower (by a third at 3 ms) and they are less harsh than pulses whose
    harmonics all peak at once.

    - ``spectrum``: STFT, ``(bins, frames)``.
    - ``seconds``: delay at half the sample rate; it must be short against a frame.
    - returns: ``(bins, frames)``; the phase is ``-pi seconds f^2 / (sample_rate / 2)``.
    """
    frequency_hz = np.linspace(0, sample_rate / 2, len(spectrum))
    angle = -2 * np.pi * seconds * frequency_hz**2 / sample_rate
    delayed: np.ndarray = spectrum * np.exp(1j * angle).astype(np.complex64)[:, None]
    return delayed


def shape_to_mel(
    spectrum: np.ndarray,
    mel: np.ndarray,
    filters: np.ndarray,
    n_fft: int,
    hop_length: int,
    n_samples: int,
    n_iterations: int = 4,
) -> np.ndarray:
    """Return a wave with nearly a given mel spectrogram and the fine structure of a given spectrum.

    Each iteration scales the bins by the missing gain of their bands and then takes the STFT of the inverse STFT, so
    that overlapping frames agree: the alternating projections of Griffin and Lim with the power of each mel band
    instead of each magnitude.

    - ``spectrum``: STFT of the excitation, ``(bins, frames)``.
    - ``mel``: power in mel bands, ``(n_mels, frames)``.
    - ``filters``: Mel filterbank, ``(n_mels, bins)``.

    References
    ----------
    D. Griffin, J. Lim, "Signal estimation from modified short-time Fourier transform", 1984.
    """
    peaks = np.maximum(filters.max(axis=1, keepdims=True), MIN_POWER)
    weights = filters / peaks  # (n_mels, bins)
    coverage = weights.sum(axis=0)
    band_to_bin = (weights / np.maximum(coverage, 1e-3)).T  # (bins, n_mels)
    wave = np.zeros(n_samples, np.float32)
    for _ in range(n_iterations):
        power = filters @ power_spectrum(spectrum)
        log_ratio = np.log(np.maximum(mel, MIN_POWER) / np.maximum(power, MIN_POWER))
        gain = np.exp(np.clip(band_to_bin @ log_ratio / 2, -np.log(MAX_GAIN), np.log(MAX_GAIN)))
        gain[coverage < 1e-3] = 0.0  # bins outside all bands
        wave = istft((spectrum * gain).astype(np.complex64), n_fft, hop_length, n_samples=n_samples)
        spectrum = stft(wave, n_fft, hop_length)
    return wave


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
    - ``prompt``: start of the wave ``(time,)``, if it is known: its phases are kept, and the rest continues them.
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
