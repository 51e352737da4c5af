"""Frames: what the network hears and draws, made from a wave, whitened, and turned back into a wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...dsp.excitation import disperse, mix_by_periodicity, pulse_train, shape_to_mel
from ...dsp.mel import mel_filterbank
from ...dsp.phase import griffin_lim, mel_to_power
from ...dsp.pitch import f0_to_octaves, track_pitch
from ...dsp.spectrum import spectrogram, stft
from ...errors import BadAudio
from .config import HIGHEST_PITCH_HZ, LOWEST_PITCH_HZ, LstmConfig

MIDDLE_PITCH_HZ = 100.0  # stands for 0
SMALLEST_NOISE_SHARE = 0.01  # of a voice band's power: 20 dB below the harmonics
SMALLEST_VARIANCE = 1e-4  # of a direction of frames, over the mean variance; what varies less is not drawn out to 1
DISPERSION_SECONDS = 0.003  # of the highest frequency of a pulse
LARGEST_LOG_POWER = 30.0  # of a band; what a network draws beyond would overflow


def filters_of(config: LstmConfig) -> np.ndarray:
    """The mel filterbank of a model's frames, ``(n_mels, n_fft // 2 + 1)``."""
    return mel_filterbank(config.sample_rate, config.n_fft, config.n_mels, config.f_min_hz, config.top_hz)


def wave_to_frames(wave: np.ndarray, config: LstmConfig) -> np.ndarray:
    """The frames ``(frames, n_features)`` float32 of ``wave (time,)``, frame ``t`` centred on sample ``t * hop_length``.

    First ``log(floor + power)`` of each mel band; with a voice then ``log2(pitch / 100 Hz)``, carried on where there is none, and the
    logarithm of the noise's share of each voice band. Raises BadAudio for an empty wave.
    """
    if wave.ndim != 1 or not wave.size:
        raise BadAudio(f"The wave has shape {wave.shape}; frames need (time,), and at least one sample.")
    mel = filters_of(config) @ spectrogram(wave, config.n_fft, config.hop_length)
    frames = np.log(mel + config.log_floor).T
    if config.source == "voice":
        track = track_pitch(
            wave, config.sample_rate, config.hop_length, LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ, config.voice_edges_hz
        )
        n_frames = len(frames)
        octaves = f0_to_octaves(track.f0_hz[:n_frames], MIDDLE_PITCH_HZ)
        noise_share = np.log(1 - track.periodicity[:, :n_frames].T + SMALLEST_NOISE_SHARE)
        frames = np.concatenate([frames, octaves[:, None], noise_share], axis=1)
    return frames.astype(np.float32)


def frames_to_wave(
    frames: np.ndarray, config: LstmConfig, rng: np.random.Generator, n_samples: int, given: np.ndarray | None = None
) -> np.ndarray:
    """A wave ``(n_samples,)`` float32 with nearly these ``frames (frames, n_features)``; a neural vocoder may stand in its place.

    ``given (time,)`` is the beginning of the wave where it is known: its detail then stays, and what follows joins it.
    The last frame is repeated up to the end of the wave, so that every sample lies between two frames.
    """
    n_hops = -(-n_samples // config.hop_length)
    frames = np.pad(frames, ((0, max(0, n_hops + 1 - len(frames))), (0, 0)), mode="edge")
    return _shaped(frames, config, rng, n_hops * config.hop_length, given)[:n_samples]


def _shaped(
    frames: np.ndarray, config: LstmConfig, rng: np.random.Generator, n_samples: int, given: np.ndarray | None
) -> np.ndarray:
    """Return the wave of :func:`frames_to_wave` for a whole number of hops and one frame more."""
    mel = np.maximum(np.exp(np.minimum(frames[:, : config.n_mels].T, LARGEST_LOG_POWER)) - config.log_floor, 0.0)
    spectrum = _excitation(frames, config, rng, n_samples)[:, : len(frames)]
    if given is not None:
        n_whole = max(0, (len(given) - config.n_fft // 2) // config.hop_length + 1)  # frames that hear nothing else
        spectrum[:, :n_whole] = stft(given, config.n_fft, config.hop_length)[:, :n_whole]
    filters = filters_of(config)
    if config.source == "griffin-lim":
        magnitude = np.sqrt(mel_to_power(mel, filters))
        return griffin_lim(
            magnitude, config.n_fft, config.hop_length, config.passes, n_samples=n_samples, start=spectrum
        )
    return shape_to_mel(spectrum, mel, filters, config.n_fft, config.hop_length, n_samples, config.passes)


def _excitation(frames: np.ndarray, config: LstmConfig, rng: np.random.Generator, n_samples: int) -> np.ndarray:
    """What is shaped to the bands, a spectrum ``(bins, frames)``: white noise, or as much of pulses as the frames say."""
    noise = stft(rng.standard_normal(n_samples, dtype=np.float32), config.n_fft, config.hop_length)
    if config.source != "voice":
        return noise
    octaves = np.clip(
        frames[:, config.n_mels], *np.log2(np.array([LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ]) / MIDDLE_PITCH_HZ)
    )
    train = pulse_train(MIDDLE_PITCH_HZ * 2.0**octaves, config.sample_rate, config.hop_length, n_samples)
    pulses = disperse(stft(train, config.n_fft, config.hop_length), DISPERSION_SECONDS, config.sample_rate)
    in_bands = 1 - (np.exp(np.minimum(frames[:, config.n_mels + 1 :], 0.0)) - SMALLEST_NOISE_SHARE)  # (frames, bands)
    edges_hz = np.array(config.voice_edges_hz)
    middles_hz = (edges_hz[:-1] + edges_hz[1:]) / 2
    bins_hz = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    # Between the middles of two bands both count, as linear interpolation weighs them.
    weights = np.stack(
        [np.interp(bins_hz, middles_hz, row) for row in np.eye(len(middles_hz))], axis=1
    )  # (bins, bands)
    return mix_by_periodicity(
        pulses[:, : len(frames)], noise[:, : len(frames)], np.clip(weights @ in_bands.T, 0.0, 1.0)
    )


@dataclass(frozen=True)
class Whitening:
    """The turn and stretch after which frames have mean 0 and variance 1 in directions that do not go together.

    ``mean (n_features,)``, orthonormal ``directions (n_features, n_features)`` and the deviation along each, ``scales (n_features,)``.
    Mel bands are turned by principal component analysis; pitch and periodicity stay by themselves, as their noise would be heard.
    """

    mean: np.ndarray
    directions: np.ndarray
    scales: np.ndarray

    @classmethod
    def of(cls, clips: Sequence[np.ndarray], n_mels: int) -> Whitening:
        """The whitening of ``clips`` of frames, ``(frames, n_features)`` each."""
        frames = np.concatenate(clips).astype(np.float64)
        mean = frames.mean(axis=0)
        directions = np.eye(frames.shape[1])
        variances = frames.var(axis=0)
        found = np.linalg.eigh(np.cov(frames[:, :n_mels].T).reshape(n_mels, n_mels))
        variances[:n_mels], directions[:n_mels, :n_mels] = found.eigenvalues[::-1], found.eigenvectors[:, ::-1]
        scales = np.sqrt(np.maximum(variances, SMALLEST_VARIANCE * max(variances.mean(), SMALLEST_VARIANCE)))
        return cls(mean.astype(np.float32), directions.astype(np.float32), scales.astype(np.float32))

    def white(self, frames: np.ndarray) -> np.ndarray:
        """``frames (..., n_features)`` as the network sees them, float32."""
        return (((frames - self.mean) @ self.directions) / self.scales).astype(np.float32)

    def frames(self, white: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`white`."""
        return ((white * self.scales) @ self.directions.T + self.mean).astype(np.float32)
