"""How a vocoder plays: filters and pitch through its ONNX graph, sources and Fourier transforms by NumPy, without torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...contracts.runtime import Vocoder
from ...dsp.speech_mel import MEL_FLOOR, mel_to_features, speech_mel
from ...errors import BadAudio, BadSetting
from ...models.folder import ModelFolder
from .config import FRAMES_FILE, N_PITCHES, VocoderConfig
from .excitation import Pulses, pitch_of
from .synthesis import CALM, Synthesis

FIRST_FRAMES, MOST_FRAMES = 8, 64  # of a chunk: the first is soon there, later ones are quicker for each frame


class VocoderRuntime(Vocoder):
    """A vocoder that plays. However mel frames are cut up, the same samples come out.

    ``calm``, 0 to 1, is how much of the noise goes over to pulses where they are alone; 0 plays all of what was learned.
    """

    calm = CALM

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(VocoderConfig)
        self.sample_rate, self.hop_length, self.n_mels = config.sample_rate, config.hop_length, config.n_mels
        self.labels: tuple[str, ...] = ()
        memory = (
            1,
            (config.blocks * config.channels + config.fine_blocks * config.fine_channels) * (config.kernel - 1),
        )
        outputs = {"described": (1, None, 3 * config.n_bins), "pitch": (1, None, N_PITCHES), "memory_after": memory}
        # Maps mel features and memory to filters, pitch and the next memory.
        self.session = folder.session(FRAMES_FILE, {"features": (1, None, config.n_mels), "memory": memory}, outputs)

    def mel_of(self, wave: np.ndarray) -> np.ndarray:
        """The log-mel frames ``(n_mels, frames)`` of ``wave (time,)`` at the model's rate, which :meth:`vocode` makes a wave of again.

        Raises BadAudio for an empty wave or several channels.
        """
        if wave.ndim != 1 or not wave.size:
            raise BadAudio(f"The wave has shape {wave.shape}; give one channel (time,), and at least one sample.")
        return speech_mel(wave, self.sample_rate)

    def vocode(self, mel: np.ndarray, seed: int = 0) -> np.ndarray:
        """Log-mel frames ``(n_mels, frames)`` as :meth:`mel_of` gives them to a wave ``(1, frames * hop_length)`` float32 in [-1, 1].

        ``seed`` draws the noise. Raises BadSetting where the frames are others than these.
        """
        return np.concatenate(list(self.vocode_stream(mel, seed)), axis=-1)

    def vocode_stream(self, mel: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
        """The wave of :meth:`vocode` in chunks ``(1, time)``, the first of which is short; raises as it does, before the first."""
        stream = self.stream(seed)
        stream.check(mel)
        return self._chunks(stream, mel)

    def stream(self, seed: int = 0) -> Stream:
        """What makes the same wave of mel frames that come in pieces of any length."""
        return Stream(self, seed)

    def _chunks(self, stream: Stream, mel: np.ndarray) -> Iterator[np.ndarray]:
        first, n_frames = 0, FIRST_FRAMES + self.config.look_ahead
        while first < mel.shape[1]:
            chunk = stream.push(mel[:, first : first + n_frames])
            first, n_frames = first + n_frames, min(2 * n_frames, MOST_FRAMES)
            if chunk.shape[1]:
                yield chunk
        yield stream.finish()


class Stream:
    """Mel frames in pieces of any length to sound, which lags by the frames ahead and two steps."""

    def __init__(self, runtime: VocoderRuntime, seed: int):
        config = runtime.config
        self._config, self._name, self._session = config, runtime.card.name, runtime.session
        self._memory = np.zeros((1, self._session.get_inputs()[1].shape[1]), np.float32)
        self._pulses = Pulses(config.sample_rate, config.hop_length)
        self._synthesis = Synthesis(config, runtime.calm)
        self._noise = np.random.Generator(np.random.PCG64(seed))
        self._waiting = _silence(config, 1)  # the frame before, and those that wait for later ones
        self._to_skip = config.lag  # samples before the first
        self._n_left = 0  # samples that are due

    def check(self, mel: np.ndarray) -> None:
        """Raise BadSetting unless ``mel`` is finite and ``(n_mels, frames)``, with at least one frame."""
        if mel.ndim != 2 or mel.shape[0] != self._config.n_mels or not mel.shape[1] or not np.isfinite(mel).all():
            raise BadSetting(
                f"The mel frames have shape {mel.shape}; {self._name} takes finite numbers ({self._config.n_mels}, frames), at least one "
                f"frame, one for each {self._config.hop_length} samples at {self._config.sample_rate} Hz."
            )

    def push(self, mel: np.ndarray) -> np.ndarray:
        """The samples ``(1, time)`` float32 that ``mel (n_mels, frames)`` finishes; raises as :meth:`check` does."""
        self.check(mel)
        self._n_left += mel.shape[1] * self._config.hop_length
        return self._advance(mel.astype(np.float32, copy=False))

    def finish(self) -> np.ndarray:
        """The samples ``(1, time)`` that were waiting for more; silence comes after them."""
        n_left = self._n_left
        return self._advance(_silence(self._config, self._config.look_ahead + 1))[:, :n_left]

    def _advance(self, mel: np.ndarray) -> np.ndarray:
        config = self._config
        heard = np.concatenate([self._waiting, mel], axis=1)
        n_frames = max(heard.shape[1] - 1 - config.look_ahead, 0)
        self._waiting = heard[:, n_frames:]
        chunks = [np.zeros(0, np.float32)]
        for first in range(0, n_frames, MOST_FRAMES):
            last = min(first + MOST_FRAMES, n_frames)
            chunks.append(self._wave(heard[:, first : last + 1 + config.look_ahead]))
        wave = np.concatenate(chunks)
        n_skipped = min(self._to_skip, len(wave))
        self._to_skip -= n_skipped
        wave = wave[n_skipped:]
        self._n_left -= len(wave)
        return np.clip(wave, -1.0, 1.0)[None]

    def _wave(self, mel: np.ndarray) -> np.ndarray:
        """The samples that frames finish; ``mel (n_mels, 1 + frames + look_ahead)`` has one before and those ahead."""
        config = self._config
        n_frames = mel.shape[1] - 1 - config.look_ahead
        given = {"features": mel_to_features(mel)[None], "memory": self._memory}
        described, pitch, self._memory = self._session.run(["described", "pitch", "memory_after"], given)
        self._session.check_length(described, n_frames * config.steps_per_frame)
        self._session.check_length(pitch, n_frames)
        pulses = self._pulses.push(pitch_of(pitch[0]))
        noise = self._noise.standard_normal(n_frames * config.hop_length, np.float32)
        return self._synthesis.push(described[0], mel[:, 1 : n_frames + 2], pulses, noise)


def _silence(config: VocoderConfig, n_frames: int) -> np.ndarray:
    return np.full((config.n_mels, n_frames), np.log(MEL_FLOOR), np.float32)
