"""Inference of a vocoder: the network by ONNX Runtime, sources and filters by NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...contracts.runtime import Vocoder, checked_wave
from ...dsp.mel import MEL_FLOOR, mel_to_features, speech_mel
from ...dsp.stream import WaveStream
from ...models.folder import ModelFolder
from .config import FRAMES_FILE, VocoderConfig
from .synthesis import N_PITCH_BINS, NOISE_REDUCTION, PulseTrain, StreamingSynthesis, logits_to_hz

FIRST_CHUNK_INTERVALS = 8  # short, so that it is soon there
MAX_CHUNK_INTERVALS = 64  # long chunks take less time for each interval


class VocoderRuntime(Vocoder):
    """A vocoder that is open for inference; chunking mel frames changes no sample.

    ``vocode``, which returns the whole wave, is inherited from :class:`wavewright.contracts.runtime.Vocoder` and joins
    the chunks of :meth:`vocode_stream`, which pushes the mel frames into a :class:`VocoderStream`. Programs whose mel
    frames arrive over time call :meth:`stream` themselves.

    - ``noise_reduction``: see :func:`.synthesis.decode_filters`, 0 to 1; 0 for the noise that the network learned.
    """

    noise_reduction = NOISE_REDUCTION

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(VocoderConfig)
        self.hop_length = config.hop_length
        self.n_mels = config.n_mels
        channels = config.blocks * config.channels + config.subframe_blocks * config.subframe_channels
        memory = (1, channels * (config.kernel_size - 1))  # past inputs of all convolutions
        self.memory = np.zeros(memory, np.float32)
        self.session = folder.session(
            FRAMES_FILE,
            {"features": (1, None, config.n_mels), "memory": memory},
            {
                "filter_parameters": (1, None, 3 * config.n_bins),
                "pitch_logits": (1, None, N_PITCH_BINS),
                "next_memory": memory,
            },
        )

    def mel_of(self, wave: np.ndarray) -> np.ndarray:
        """Return the log-mel frames of a wave, see :func:`wavewright.dsp.mel.speech_mel`."""
        return speech_mel(checked_wave(wave), self.sample_rate)

    def vocode_stream(self, mel: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
        """Yield the wave of ``vocode`` in chunks, a short one first."""
        return self._chunks(self.checked_mel(mel), seed)

    def stream(self, seed: int = 0) -> VocoderStream:
        """Return a stream that makes the wave of ``vocode`` of mel frames that arrive in pieces of any length."""
        return VocoderStream(self, seed)

    def _chunks(self, mel: np.ndarray, seed: int) -> Iterator[np.ndarray]:
        stream = self.stream(seed)
        start, n_frames = 0, FIRST_CHUNK_INTERVALS + self.config.look_ahead
        while start < mel.shape[1]:
            chunk = stream.push(mel[:, start : start + n_frames])
            start += n_frames
            n_frames = min(2 * n_frames, MAX_CHUNK_INTERVALS)
            if chunk.shape[1]:
                yield chunk
        yield stream.finish()


class VocoderStream(WaveStream):
    """Mel frames in pieces of any length to audio, late by the look-ahead and by ``config.delay``.

    At 24 kHz, a sample waits up to 40 ms for mel frames after it: 32 ms of look-ahead and 8 ms of the synthesis. Mel
    frames that are computed from audio add half of their window, 32 ms.
    """

    def __init__(self, runtime: VocoderRuntime, seed: int) -> None:
        config = runtime.config
        self._runtime, self._config = runtime, config
        self._memory = runtime.memory
        self._pulses = PulseTrain(config.sample_rate, config.hop_length)
        self._synthesis = StreamingSynthesis(config, runtime.noise_reduction)
        self._noise = np.random.Generator(np.random.PCG64(seed))
        self._mel = _silence(config, 1)  # those that the next interval depends on, from the one before its start
        self._n_to_skip = config.delay  # samples of the delay that are not dropped yet
        self._n_due = 0  # samples of the mel frames so far that are not returned yet

    def push(self, mel: np.ndarray) -> np.ndarray:
        """Return the samples ``(1, time)``, float32 in [-1, 1], that further mel frames ``(n_mels, frames)`` complete.

        A piece may have no frames. Raises BadSetting for other frames, and then stays as it was.
        """
        mel = self._runtime.checked_mel(mel, may_be_empty=True)
        self._n_due += mel.shape[1] * self._config.hop_length
        return self._advance(mel)

    def finish(self) -> np.ndarray:
        """Return the last samples ``(1, time)``, as if silence followed: ``hop_length`` for each mel frame in all.

        A second call returns none.
        """
        config, n_due = self._config, self._n_due
        n_delay_hops = -(-config.delay // config.hop_length)
        return self._advance(_silence(config, config.look_ahead + n_delay_hops))[:, :n_due]

    def _advance(self, mel: np.ndarray) -> np.ndarray:
        """Return the samples ``(1, time)`` of all intervals whose look-ahead has arrived."""
        look_ahead = self._config.look_ahead
        mel = np.concatenate([self._mel, mel], axis=1)
        n_intervals = max(mel.shape[1] - 1 - look_ahead, 0)
        self._mel = mel[:, n_intervals:]
        chunks = [np.zeros(0, np.float32)]
        for start in range(0, n_intervals, MAX_CHUNK_INTERVALS):
            end = min(start + MAX_CHUNK_INTERVALS, n_intervals)
            chunks.append(self._next_intervals(mel[:, start : end + 1 + look_ahead]))
        wave = np.concatenate(chunks)
        n_skipped = min(self._n_to_skip, len(wave))
        self._n_to_skip -= n_skipped
        wave = wave[n_skipped:]
        self._n_due = max(self._n_due - len(wave), 0)  # finish() computes more samples than are due
        return np.clip(wave, -1.0, 1.0)[None]

    def _next_intervals(self, mel: np.ndarray) -> np.ndarray:
        """Return the samples ``(intervals * hop_length,)`` of ``mel (n_mels, 1 + intervals + look_ahead)``."""
        config, session = self._config, self._runtime.session
        n_intervals = mel.shape[1] - 1 - config.look_ahead
        inputs = {"features": mel_to_features(mel)[None], "memory": self._memory}
        parameters, pitch_logits, self._memory = session.run(
            ["filter_parameters", "pitch_logits", "next_memory"], inputs
        )
        session.check_length(parameters, n_intervals * config.n_subframes)
        session.check_length(pitch_logits, n_intervals)
        self._runtime.finite(pitch_logits)
        pulses = self._pulses.push(logits_to_hz(pitch_logits[0]))
        noise = self._noise.standard_normal(n_intervals * config.hop_length, np.float32)
        wave = self._synthesis.push(parameters[0], mel[:, 1 : n_intervals + 2], pulses, noise)
        return self._runtime.finite(wave)


def _silence(config: VocoderConfig, n_frames: int) -> np.ndarray:
    return np.full((config.n_mels, n_frames), np.log(MEL_FLOOR), np.float32)
