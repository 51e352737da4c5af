"""How a codec plays: sound to code numbers and back, whole or as it comes, by NumPy and two ONNX graphs, without torch."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...contracts.runtime import Codec
from ...errors import BadAudio, BadModel, BadSetting
from ...models.folder import WEIGHTS_FILE, ModelFolder
from .config import CONTEXTS_FILE, DECODER_FILE, ENCODER_FILE, FREQUENCIES_FILE, SILENT, TOTAL, CodecConfig
from .contexts import Contexts
from .levels import GAINS, gains_of, played
from .spectra import overlapped, to_features, to_frames

FRAMES_AT_ONCE = 50
SILENT_PEAK = 2.0**-16  # half a step of 16 bits


class CodecRuntime(Codec):
    """A codec that plays. However sound and codes are cut up, the same codes and the same samples come out."""

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(CodecConfig)
        self.sample_rate, self.hop_length = config.sample_rate, config.hop_length
        self.n_codebooks, self.codebook_size = config.n_codebooks, config.codebook_size
        self.latency_samples = config.latency_samples
        self.labels: tuple[str, ...] = ()

    @cached_property
    def frequencies(self) -> np.ndarray:
        """How often each code of each level occurs, ``(n_codebooks, codebook_size)``; rows sum to 2**16. Raises BadModel where they do not."""
        found = self.folder.tensors(FREQUENCIES_FILE).get("frequencies")
        shape = (self.n_codebooks, self.codebook_size)
        if (
            found is None
            or found.shape != shape
            or found.dtype.kind not in "iu"
            or (found < 1).any()
            or (found.sum(1) != TOTAL).any()
        ):
            raise BadModel(
                f"{self.folder.path / FREQUENCIES_FILE} does not say how often codes occur; copy the model again."
            )
        return found.astype(np.uint32)

    @cached_property
    def gains(self) -> np.ndarray:
        """What copies of 1 level and more are multiplied by, ``(n_codebooks,)`` float32. Raises BadModel for gains that cannot be meant."""
        try:
            return gains_of(self.folder.tensors(FREQUENCIES_FILE).get(GAINS), self.n_codebooks)
        except BadSetting as error:
            raise BadModel(
                f"{self.folder.path / FREQUENCIES_FILE} cannot be used ({str(error).rstrip('.')}); copy the model again."
            ) from error

    @property
    def codes_hash(self) -> str:
        """Twelve hexadecimal digits that name what the codes mean: the networks and their weights, however frequent codes are said to be."""
        return self.folder.hash_of((ENCODER_FILE, DECODER_FILE, WEIGHTS_FILE))

    @cached_property
    def contexts(self) -> Contexts | None:
        """How frequent codes are behind others; None for a model that does not know. Raises BadModel where the tables do not fit."""
        if CONTEXTS_FILE not in self.card.files:
            return None
        try:
            found = Contexts.of(self.folder.tensors(CONTEXTS_FILE))
        except BadSetting as error:
            raise BadModel(
                f"{self.folder.path / CONTEXTS_FILE} cannot be used ({str(error).rstrip('.')}); copy the model again."
            ) from error
        if (found.n_codebooks, found.codebook_size) != (self.n_codebooks, self.codebook_size):
            raise BadModel(f"{self.folder.path / CONTEXTS_FILE} is of another codec; copy the model again.")
        return found

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """``wave (time,)`` to code numbers ``(n_codebooks, frames)`` int16; the last frame is filled with silence.

        A frame of digital silence has -1 in every level. Raises BadAudio for several channels, integers or numbers that are not finite.
        """
        encoder = self.encoder()
        return np.concatenate([encoder.push(wave), encoder.finish()], axis=1)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Code numbers ``(levels, frames)`` of the first levels to ``(1, frames * hop_length)`` float32.

        Raises BadSetting for numbers that no code has, or more levels than the model's.
        """
        codes = np.atleast_2d(np.asarray(codes))
        decoder = self.decoder(len(codes))
        return np.concatenate([decoder.push(codes), decoder.finish()])[None]

    def encoder(self) -> Encoder:
        """An encoder of a new stream."""
        return Encoder(self)

    def decoder(self, n_codebooks: int | None = None) -> Decoder:
        """A decoder of a new stream of codes of the first ``n_codebooks`` levels; raises BadSetting for a number of levels that is not there."""
        n_codebooks = self.n_codebooks if n_codebooks is None else n_codebooks
        if not 1 <= n_codebooks <= self.n_codebooks:
            raise BadSetting(
                f"{self.card.name} has {self.n_codebooks} levels of codes, and {n_codebooks} were asked for; take 1 to {self.n_codebooks}."
            )
        return Decoder(self, n_codebooks)

    @cached_property
    def encoder_session(self):
        """Features and memory to code numbers and the memory after."""
        config = self.config
        memory = (1, self._memory_size(ENCODER_FILE))
        inputs = {"features": (1, None, 3 * config.n_bins), "memory": memory}
        return self.folder.session(
            ENCODER_FILE, inputs, {"numbers": (1, None, config.n_codebooks), "memory_after": memory}
        )

    @cached_property
    def decoder_session(self):
        """Code numbers and memory to what is said of spectra and the memory after."""
        config = self.config
        memory = (1, self._memory_size(DECODER_FILE))
        inputs = {"numbers": (1, None, config.n_codebooks), "memory": memory}
        return self.folder.session(
            DECODER_FILE, inputs, {"described": (1, None, 2 * config.n_bins), "memory_after": memory}
        )

    def _memory_size(self, file: str) -> int:
        """Numbers that a graph remembers of the frames before: of each block, ``kernel - 1`` frames, and those that the encoder waits with."""
        config, waiting = self.config, 0
        if file == ENCODER_FILE:
            parts = (config.fine_blocks[0], config.fine_channels[0]), (config.encoder_blocks, config.encoder_channels)
            waiting = config.encoder_look_ahead * config.steps_per_frame * config.fine_channels[0]
        else:
            parts = (config.decoder_blocks, config.decoder_channels), (config.fine_blocks[1], config.fine_channels[1])
        return sum(blocks * channels for blocks, channels in parts) * (config.kernel - 1) + waiting


class Encoder:
    """Sound in pieces of any length to code numbers, as soon as a frame and those ahead are full."""

    def __init__(self, runtime: CodecRuntime):
        self._config = runtime.config
        self._session = runtime.encoder_session
        self._memory = np.zeros((1, self._session.get_inputs()[1].shape[1]), np.float32)
        self._waiting = np.zeros(
            runtime.config.lead, np.float32
        )  # what windows reach back to, and what fills no frame yet
        self._to_skip = runtime.config.encoder_look_ahead  # numbers that belong to no frame
        self._is_silent = np.zeros(0, bool)  # of each frame whose numbers are not out yet

    def push(self, wave: np.ndarray) -> np.ndarray:
        """``wave (time,)`` to the code numbers ``(n_codebooks, frames)`` int16 of the frames that are complete with it.

        Raises BadAudio for several channels, integers or numbers that are not finite; nothing of them is taken.
        """
        config = self._config
        wave = np.concatenate([self._waiting, _checked(wave)])
        n_frames = (len(wave) - config.lead) // config.hop_length
        found = [np.zeros((config.n_codebooks, 0), np.int16)]
        for first in range(0, n_frames, FRAMES_AT_ONCE):
            last = min(first + FRAMES_AT_ONCE, n_frames)
            found.append(self._codes(wave[first * config.hop_length : last * config.hop_length + config.lead]))
        self._waiting = wave[n_frames * config.hop_length :]
        return np.concatenate(found, axis=1)

    def finish(self) -> np.ndarray:
        """The code numbers of the last frames, filled with silence; none where nothing is left."""
        config = self._config
        n_left = len(self._waiting) - config.lead
        n_missing = config.hop_length - n_left if n_left else 0
        return self.push(np.zeros(n_missing + config.encoder_look_ahead * config.hop_length, np.float32))

    def _codes(self, wave: np.ndarray) -> np.ndarray:
        config = self._config
        numbers, self._memory = self._session.run(
            None, {"features": to_features(wave, config)[None], "memory": self._memory}
        )
        self._session.check_length(numbers, (len(wave) - config.lead) // config.hop_length)
        codes = numbers[0, self._to_skip :].T.astype(np.int16)
        self._to_skip -= min(self._to_skip, numbers.shape[1])
        peaks = np.abs(wave[config.lead :]).reshape(-1, config.hop_length).max(axis=1)
        is_silent = np.concatenate([self._is_silent, peaks < SILENT_PEAK])
        codes[:, is_silent[: codes.shape[1]]] = SILENT
        self._is_silent = is_silent[codes.shape[1] :]
        return codes


class Decoder:
    """Code numbers in pieces of any length to sound; what comes out lags by the frames ahead and the overlap of windows."""

    def __init__(self, runtime: CodecRuntime, n_codebooks: int):
        config = runtime.config
        self._config, self._runtime, self._n_used = config, runtime, n_codebooks
        self._session, self._gain = runtime.decoder_session, runtime.gains[n_codebooks - 1]
        self._memory = np.zeros((1, self._session.get_inputs()[1].shape[1]), np.float32)
        self._codes = np.full(
            (config.n_codebooks, 1), SILENT, np.int64
        )  # of the frame before, and of those that wait for later ones
        self._frames = np.zeros((config.overlap - 1, config.n_fft), np.float32)  # that reach into what comes
        self._is_silent = np.zeros(0, bool)  # of each frame that is not out yet
        self._to_skip = config.lead  # samples before the first
        self._n_out = 0  # of the first frame that is not out whole

    def push(self, codes: np.ndarray) -> np.ndarray:
        """``codes (levels, frames)`` to the samples ``(time,)`` float32 that are finished by them.

        Raises BadSetting for another number of levels, or a number that no code has.
        """
        codes = np.asarray(codes)
        config = self._config
        if codes.ndim != 2 or len(codes) != self._n_used or codes.dtype.kind not in "iu":
            raise BadSetting(
                f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers ({self._n_used} levels, frames)."
            )
        if codes.size and not (codes.min() >= SILENT and codes.max() < config.codebook_size):
            raise BadSetting(
                f"The codes lie between {codes.min()} and {codes.max()}; they must lie between -1 and {config.codebook_size - 1}."
            )
        self._is_silent = np.concatenate([self._is_silent, (codes == SILENT).all(axis=0)])
        return self._advance(codes)

    def finish(self) -> np.ndarray:
        """The samples that were waiting for more."""
        config = self._config
        n_left = len(self._is_silent) * config.hop_length - self._n_out
        rest = self._advance(np.full((self._n_used, config.look_ahead + 1), SILENT))
        return rest[:n_left]

    def _advance(self, codes: np.ndarray) -> np.ndarray:
        config = self._config
        given = np.full((config.n_codebooks, codes.shape[1]), SILENT, np.int64)
        given[: self._n_used] = codes
        numbers = np.concatenate([self._codes, given], axis=1)
        n_frames = max(numbers.shape[1] - 1 - config.look_ahead, 0)
        waves = [np.zeros(0, np.float32)]
        for first in range(0, n_frames, FRAMES_AT_ONCE):
            last = min(first + FRAMES_AT_ONCE, n_frames)
            waves.append(self._wave(numbers[:, first : last + 1 + config.look_ahead]))
        self._codes = numbers[:, n_frames:]
        return np.concatenate(waves)

    def _wave(self, numbers: np.ndarray) -> np.ndarray:
        """The samples of frames of codes, with one before and those ahead in ``numbers (n_codebooks, frames)``."""
        config = self._config
        described, self._memory = self._session.run(None, {"numbers": numbers.T[None], "memory": self._memory})
        self._session.check_length(described, (numbers.shape[1] - 1 - config.look_ahead) * config.steps_per_frame)
        frames = np.concatenate([self._frames, to_frames(described[0], config)])
        self._frames = frames[len(frames) - config.overlap + 1 :]
        wave = overlapped(frames, config)[self._to_skip :]
        self._to_skip -= min(self._to_skip, len(described[0]) * config.step_length)
        return self._silenced(played(wave, self._gain))

    def _silenced(self, wave: np.ndarray) -> np.ndarray:
        """The next samples, silence where the frame that they belong to is silent."""
        hop_length = self._config.hop_length
        place = (self._n_out + np.arange(len(wave))) // hop_length
        known = np.append(self._is_silent, False)  # after the end nothing is asked for
        wave = np.where(known[np.minimum(place, len(known) - 1)], np.float32(0), wave)
        self._n_out += len(wave)
        n_done = min(self._n_out // hop_length, len(self._is_silent))
        self._is_silent, self._n_out = self._is_silent[n_done:], self._n_out - n_done * hop_length
        return wave


def _checked(wave: np.ndarray) -> np.ndarray:
    """``wave (time,)``, or that of one channel ``(1, time)``, as ``(time,)`` float32; raises BadAudio for what is none."""
    heard = np.asarray(wave)
    is_mono = heard.ndim == 1 or (heard.ndim == 2 and len(heard) == 1)
    if not is_mono or not np.issubdtype(heard.dtype, np.floating) or not np.isfinite(heard).all():
        raise BadAudio(
            f"The wave has shape {heard.shape} and holds {heard.dtype} numbers; it must be (time,) of finite floats in [-1, 1]: encode "
            "each channel by itself, and divide integers by their full scale."
        )
    return heard.reshape(-1).astype(np.float32, copy=False)
