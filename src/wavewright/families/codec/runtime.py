"""Encode and decode audio by two ONNX graphs and NumPy, as a whole or as a stream."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...contracts.runtime import Codec, EntropyCoder, checked_wave
from ...dsp.stream import ChunkStream, WaveStream
from ...models.folder import WEIGHTS_FILE, ModelFolder
from ...models.graph_file import GraphSession
from .config import CONTEXTS_FILE, DECODER_FILE, ENCODER_FILE, FREQUENCIES_FILE, CodecConfig
from .gains import GAINS, amplify, linear_gains
from .spectra import analysis_features, overlap_add, synthesis_frames
from .wwc import LOST, SILENT, TOTAL
from .wwc.context_coder import ContextCoder
from .wwc.contexts import ContextTables
from .wwc.range_coder import RangeCoder, check_code_range, entropy_bits

MAX_BLOCK_FRAMES = 50  # frames that a graph computes at once
CONCEALED_SECONDS = 0.2  # of a gap; what a decoder makes up after it is no speech any more
SILENT_PEAK = 2.0**-16  # half a step of 16 bits


class CodecRuntime(Codec):
    """A codec that is open for inference.

    Streams and whole clips give the same codes and samples, bit for bit, whatever the sizes of their chunks.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = folder.config(CodecConfig)
        self.hop_length = self.config.hop_length
        self.n_codebooks = self.config.n_codebooks
        self.codebook_size = self.config.codebook_size
        self.latency_samples = self.config.latency_samples
        self.n_concealed = round(CONCEALED_SECONDS * self.config.frame_rate) if self.config.lost_fraction else 0

    @property
    def codes_hash(self) -> str:
        """Hash of graphs and weights, which define the meaning of the codes; twelve hexadecimal digits."""
        return self.folder.hash_of((ENCODER_FILE, DECODER_FILE, WEIGHTS_FILE))

    def encoder(self) -> StreamEncoder:
        """Return an encoder of a new stream."""
        return StreamEncoder(self)

    def decoder(self, n_codebooks: int | None = None) -> StreamDecoder:
        """Return a decoder of a new stream, see :meth:`.Codec.decoder`."""
        n_codebooks = self.n_codebooks if n_codebooks is None else n_codebooks
        if not 1 <= n_codebooks <= self.n_codebooks:
            raise BadSetting(
                f"{self.name} has {self.n_codebooks} codebooks, and {n_codebooks} were asked for; take 1 to "
                f"{self.n_codebooks}."
            )
        return StreamDecoder(self, n_codebooks)

    @cached_property
    def frequencies(self) -> np.ndarray:
        """Frequency of each code, ``(n_codebooks, codebook_size)`` uint32 with rows that sum to `TOTAL`.

        Raises BadModel if the table is damaged.
        """
        table = self.folder.tensors(FREQUENCIES_FILE).get("frequencies")
        if (
            table is None
            or table.shape != (self.n_codebooks, self.codebook_size)
            or table.dtype.kind not in "iu"
            or (table < 1).any()
            or (table.sum(1) != TOTAL).any()
        ):
            raise BadModel(f"{self.folder.path / FREQUENCIES_FILE} has no valid frequencies; copy the model again.")
        return table.astype(np.uint32)

    @cached_property
    def gains(self) -> np.ndarray:
        """Gains of the output of the first 1 to all codebooks, ``(n_codebooks,)`` float32 factors.

        Raises BadModel if they are damaged.
        """
        try:
            return linear_gains(self.folder.tensors(FREQUENCIES_FILE).get(GAINS), self.n_codebooks)
        except BadSetting as error:
            raise self._unusable(FREQUENCIES_FILE, error) from error

    @cached_property
    def contexts(self) -> ContextTables | None:
        """Tables of the context model, None for a model without one; raises BadModel if they are damaged."""
        if CONTEXTS_FILE not in self.card.files:
            return None
        try:
            tables = ContextTables.from_tensors(self.folder.tensors(CONTEXTS_FILE))
        except BadSetting as error:
            raise self._unusable(CONTEXTS_FILE, error) from error
        if (tables.n_codebooks, tables.codebook_size) != (self.n_codebooks, self.codebook_size):
            raise BadModel(f"{self.folder.path / CONTEXTS_FILE} belongs to another codec; copy the model again.")
        return tables

    def _unusable(self, file: str, error: BadSetting) -> BadModel:
        return BadModel(f"{self.folder.path / file} cannot be used ({str(error).rstrip('.')}); copy the model again.")

    @property
    def has_context_model(self) -> bool:
        """True if the model has tables of a context model."""
        return self.contexts is not None

    def entropy_coder(self, n_codebooks: int, with_context: bool) -> EntropyCoder:
        """Return the entropy coder of a packet, see :meth:`.Codec.entropy_coder`."""
        if not with_context:
            return RangeCoder(self.frequencies[:n_codebooks])
        if self.contexts is None:
            raise BadModel(f"{self.name} has no {CONTEXTS_FILE}; copy the model again.")
        return ContextCoder(self.contexts, n_codebooks)

    def mean_code_bits(self, with_past: bool) -> np.ndarray:
        """Return the mean size of a code in bits, ``(n_codebooks,)``, by the context model if there is one."""
        return entropy_bits(self.frequencies) if self.contexts is None else self.contexts.mean_bits(with_past)

    @cached_property
    def encoder_session(self) -> GraphSession:
        """Graph from features and memory to codes and the next memory."""
        config = self.config
        channels = config.subframe_channels[0]
        memory_size = self._stack_memory(config.subframe_blocks[0], channels)
        memory_size += config.encoder_look_ahead * config.n_subframes * channels  # frames that wait for later ones
        memory_size += self._stack_memory(config.encoder_blocks, config.encoder_channels)
        return self.folder.session(
            ENCODER_FILE,
            {"features": (1, None, 3 * config.n_bins), "memory": (1, memory_size)},
            {"codes": (1, None, config.n_codebooks), "next_memory": (1, memory_size)},
        )

    @cached_property
    def decoder_session(self) -> GraphSession:
        """Graph from codes and memory to spectra and the next memory."""
        config = self.config
        memory_size = self._stack_memory(config.decoder_blocks, config.decoder_channels)
        memory_size += self._stack_memory(config.subframe_blocks[1], config.subframe_channels[1])
        return self.folder.session(
            DECODER_FILE,
            {"codes": (1, None, config.n_codebooks), "memory": (1, memory_size)},
            {"spectra": (1, None, 2 * config.n_bins), "next_memory": (1, memory_size)},
        )

    def _stack_memory(self, n_blocks: int, channels: int) -> int:
        """Return the memory size of ConvNeXt blocks: of each, ``kernel_size - 1`` frames of its input."""
        return n_blocks * channels * (self.config.kernel_size - 1)


class StreamEncoder(ChunkStream[np.ndarray]):
    """Encoder of chunks of any size; a frame is encoded once it and the frames of the look-ahead are complete."""

    def __init__(self, runtime: CodecRuntime) -> None:
        config = runtime.config
        self._config = config
        self._session = runtime.encoder_session
        self._memory = self._session.zero_input("memory")
        self._pending = np.zeros(config.lead, np.float32)  # the lead of the next window, then an incomplete frame
        self._n_to_skip = config.encoder_look_ahead  # first codes, which belong to no frame
        self._is_silent = np.zeros(0, bool)  # of each frame whose codes are not out yet

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return the codes ``(n_codebooks, frames)`` int16 of the frames that ``wave (time,)`` completes.

        ``(1, time)`` is accepted as well. Raises BadAudio for several channels, integers, NaN or infinite values; the
        stream then stays as it was.
        """
        config = self._config
        wave = np.asarray(wave)
        mono = wave[0] if wave.ndim == 2 and len(wave) == 1 else wave
        samples = np.concatenate([self._pending, checked_wave(mono, may_be_empty=True)])
        n_frames = (len(samples) - config.lead) // config.hop_length
        codes = [np.zeros((config.n_codebooks, 0), np.int16)]
        for first in range(0, n_frames, MAX_BLOCK_FRAMES):
            last = min(first + MAX_BLOCK_FRAMES, n_frames)
            codes.append(self._encode(samples[first * config.hop_length : last * config.hop_length + config.lead]))
        self._pending = samples[n_frames * config.hop_length :]
        return np.concatenate(codes, axis=1)

    def finish(self) -> np.ndarray:
        """Return the codes of the remaining frames, padded with silence; none if nothing remains."""
        config = self._config
        n_left = len(self._pending) - config.lead
        n_missing = config.hop_length - n_left if n_left else 0
        return self.push(np.zeros(n_missing + config.encoder_look_ahead * config.hop_length, np.float32))

    def _encode(self, wave: np.ndarray) -> np.ndarray:
        """Return the codes that are complete after whole frames, ``wave (lead + frames * hop_length,)``."""
        config = self._config
        features = analysis_features(wave, config)[None]
        output, self._memory = self._session.run(None, {"features": features, "memory": self._memory})
        self._session.check_length(output, (len(wave) - config.lead) // config.hop_length)
        codes = output[0, self._n_to_skip :].T.astype(np.int16)
        self._n_to_skip -= min(self._n_to_skip, output.shape[1])
        peaks = np.abs(wave[config.lead :]).reshape(-1, config.hop_length).max(axis=1)
        is_silent = np.concatenate([self._is_silent, peaks < SILENT_PEAK])
        codes[:, is_silent[: codes.shape[1]]] = SILENT
        self._is_silent = is_silent[codes.shape[1] :]
        return codes


class StreamDecoder(WaveStream):
    """Decoder of chunks of any size; look-ahead and the overlap of windows delay its output."""

    def __init__(self, runtime: CodecRuntime, n_codebooks: int) -> None:
        config = runtime.config
        self._config = config
        self._runtime = runtime
        self._session = runtime.decoder_session
        self._gain = runtime.gains[n_codebooks - 1]
        self._n_used = n_codebooks
        self._memory = self._session.zero_input("memory")
        self._codes = np.full((config.n_codebooks, 1), SILENT, np.int64)  # previous frame, then those that wait
        self._frames = np.zeros((config.overlap - 1, config.n_fft), np.float32)  # that overlap with the next
        self._is_silent = np.zeros(0, bool)  # of each frame that is not out yet
        self._n_to_skip = config.lead  # samples before the first
        self._n_out = 0  # samples of the first frame that is not out completely

    def push(self, codes: np.ndarray) -> np.ndarray:
        """Return the samples ``(time,)`` float32 that ``codes (n_codebooks, frames)`` complete.

        Frames whose codes are all -1 are silent. Those of -2 are lost: the decoder makes them up from what came before,
        if it has learned to. Raises BadSetting for another number of codebooks and for values that no code has.
        """
        codes = np.asarray(codes)
        if codes.ndim != 2 or len(codes) != self._n_used or codes.dtype.kind not in "iu":
            raise BadSetting(
                f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers ({self._n_used} "
                "codebooks, frames)."
            )
        check_code_range(codes, self._config.codebook_size, LOST)
        is_silent = (codes == SILENT).all(axis=0)
        if not self._runtime.n_concealed:
            is_silent |= (codes == LOST).all(axis=0)
        self._is_silent = np.concatenate([self._is_silent, is_silent])
        return self._advance(codes)

    def finish(self) -> np.ndarray:
        """Return the remaining samples."""
        config = self._config
        n_left = len(self._is_silent) * config.hop_length - self._n_out
        rest = self._advance(np.full((self._n_used, config.look_ahead + 1), SILENT))
        return rest[:n_left]

    def _advance(self, codes: np.ndarray) -> np.ndarray:
        """Return the samples that further codes complete."""
        config = self._config
        new = np.full((config.n_codebooks, codes.shape[1]), SILENT, np.int64)
        new[: self._n_used] = codes
        pending = np.concatenate([self._codes, new], axis=1)
        n_frames = max(pending.shape[1] - 1 - config.look_ahead, 0)
        waves = [np.zeros(0, np.float32)]
        for first in range(0, n_frames, MAX_BLOCK_FRAMES):
            last = min(first + MAX_BLOCK_FRAMES, n_frames)
            waves.append(self._decode(pending[:, first : last + 1 + config.look_ahead]))
        self._codes = pending[:, n_frames:]
        return np.concatenate(waves)

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        """Return samples of ``codes (n_codebooks, 1 + frames + look_ahead)``, whose first frame is the previous one."""
        config = self._config
        output, self._memory = self._session.run(None, {"codes": codes.T[None], "memory": self._memory})
        self._session.check_length(output, (codes.shape[1] - 1 - config.look_ahead) * config.n_subframes)
        spectra = self._runtime.finite(output[0])
        frames = np.concatenate([self._frames, synthesis_frames(spectra, config)])
        self._frames = frames[len(frames) - config.overlap + 1 :]
        wave = overlap_add(frames, config)[self._n_to_skip :]
        self._n_to_skip -= min(self._n_to_skip, len(spectra) * config.subframe_length)
        return self._with_silence(amplify(wave, self._gain))

    def _with_silence(self, wave: np.ndarray) -> np.ndarray:
        """Return the next samples, zero in silent frames."""
        hop_length = self._config.hop_length
        frame = (self._n_out + np.arange(len(wave))) // hop_length
        is_silent = np.append(self._is_silent, False)  # samples after the end are dropped
        wave = np.where(is_silent[np.minimum(frame, len(is_silent) - 1)], np.float32(0), wave)
        self._n_out += len(wave)
        n_done = min(self._n_out // hop_length, len(self._is_silent))
        self._is_silent = self._is_silent[n_done:]
        self._n_out -= n_done * hop_length
        return wave
