"""A trained prior, open for inference: codes through two ONNX graphs, audio through the decoder of its codec."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...base.names import required_index
from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.runtime import checked_wave
from ...contracts.scoring import RecordingScorer
from ...contracts.step_session import FrameVector, StepSession
from ...dsp.position import position_features
from ...models.folder import ModelFolder
from .codec import checked_codes, codes_to_symbols, open_codec
from .config import DEPTH_FILE, STATISTICS_FILE, TIME_FILE, PriorConfig
from .sampling import MIN_SECONDS, CodeSampler, draw_duration

if TYPE_CHECKING:
    from ..codec.runtime import CodecRuntime

DEFAULT_SECONDS = 5.0  # of an endless clip
MAX_SECONDS = {"endless": 3_600.0, "drawn": 60.0}
CHUNK_FRAMES = 25  # that are drawn before they are decoded


@dataclass(frozen=True)
class CodesRequest(ClipRequest):
    """A clip whose length is known before its codes are drawn."""

    n_samples: int


class PriorRuntime(SequenceGenerator[CodesRequest], RecordingScorer):
    """A prior that is open for inference, with the codec whose codes are drawn."""

    loss_name = "loss of a code, nats"

    def __init__(self, folder: ModelFolder) -> None:
        config = folder.config(PriorConfig)
        super().__init__(folder, config)
        self.config = config
        self.n_codebooks = config.n_codebooks
        self.hop_length = config.hop_length
        self.codebook_size = config.codebook_size
        self.codec = self._open_codec()
        previous, context = FrameVector("previous", config.n_codebooks), FrameVector("context", config.embedding_size)
        self._time = StepSession(folder, TIME_FILE, config, previous, context, config.state_shape)
        inputs = {"context": (1, config.embedding_size), "symbols": (1, config.n_codebooks), "codebook": (1,)}
        self._depth = folder.session(DEPTH_FILE, inputs, {"logits": (1, config.codebook_size + 1)})

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Shortest and longest clip, in seconds."""
        return MIN_SECONDS, MAX_SECONDS[self.config.duration]

    def tokens(
        self,
        label: str | None = None,
        seed: int = 0,
        index: int = 0,
        seconds: float | None = None,
        temperature: float | None = None,
        speaker: str | None = None,
        prompt: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the codes of a clip.

        - ``prompt``: the first codes ``(n_codebooks or more, frames)``, which are not drawn.
        - returns: ``(n_codebooks, frames)`` int16; ``codec.decode`` makes audio of them.

        Raises BadSetting as :meth:`stream`, and for a prompt that is out of range or no shorter than the clip.
        """
        codes = None if prompt is None else checked_codes(prompt, self.config)
        request = self._request(label, seed, index, seconds, temperature, speaker)
        n_prompt = 0 if codes is None else codes.shape[1]
        n_frames = self._n_frames(request)
        if n_prompt >= n_frames:
            prompt_seconds = n_prompt * self.hop_length / self.sample_rate
            raise BadSetting(
                f"The prompt has {n_prompt} frames of codes, {prompt_seconds:.3g} s; ask for more than that, not for "
                f"{n_frames} frames in all."
            )
        return np.stack(list(self._frames(request, codes)), axis=1)

    def nll(self, codes: np.ndarray, label: str | None = None, speaker: str | None = None) -> np.ndarray:
        """Return the negative log-likelihood of codes, each given all codes before it.

        - ``codes``: ``(n_codebooks or more, frames)``, from the start of a clip (for a model of whole clips, to its
          end).
        - ``label``, ``speaker``: required if the model has labels or speakers.
        - returns: ``(n_codebooks, frames)`` float64, in nats; 0 for all but the coarsest code of a silent frame.

        Raises BadSetting for codes out of range, or without a label or speaker that the model needs.
        """
        config = self.config
        symbols = codes_to_symbols(checked_codes(codes, config), config)
        label_number = required_index(label, self.labels, "label", self.name)
        speaker_number = required_index(speaker, self.speakers, "speaker", self.name)
        positions = position_features(len(symbols))
        state = np.zeros(config.state_shape, np.float32)
        previous = np.full(config.n_codebooks, config.start_symbol, np.int64)
        nats = np.zeros((config.n_codebooks, len(symbols)))
        for frame, frame_symbols in enumerate(symbols):
            context, state = self.time_step(previous, positions[frame], label_number, speaker_number, state)
            is_silent = frame_symbols[0] == config.silence_symbol
            for codebook in range(1 if is_silent else config.n_codebooks):
                n_symbols = config.codebook_size + (codebook == 0)
                logits = self.depth_step(context, frame_symbols, codebook)[:n_symbols].astype(np.float64)
                log_total = logits.max() + np.log(np.exp(logits - logits.max()).sum())
                nats[codebook, frame] = log_total - logits[frame_symbols[codebook]]
            previous = frame_symbols
        return nats

    def loss_of(self, wave: np.ndarray, label: str | None = None, speaker: str | None = None) -> float:
        """Return the mean negative log-likelihood of the codes of a recording; see :meth:`.RecordingScorer.loss_of`."""
        return float(self.nll(self.codec.encode(checked_wave(wave))[: self.n_codebooks], label, speaker).mean())

    def time_step(
        self, previous: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the context of a frame, and the next state; see :class:`.sampling.CodeSteps`."""
        return self._time(previous, position, label, speaker, state)

    def depth_step(self, context: np.ndarray, symbols: np.ndarray, codebook: int) -> np.ndarray:
        """Return the logits of the symbol of a codebook; see :class:`.sampling.CodeSteps`."""
        inputs = {"context": context[None], "symbols": symbols[None], "codebook": np.array([codebook], np.int64)}
        return self.finite(self._depth.run(None, inputs)[0][0])

    def _n_frames(self, request: CodesRequest) -> int:
        return -(-request.n_samples // self.hop_length)

    def _frames(self, request: CodesRequest, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield the codes ``(n_codebooks,)`` of each frame."""
        return CodeSampler(self, self.config, request).frames(self._n_frames(request), prompt)

    def _chunks(self, request: CodesRequest, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield the clip in chunks ``(1, time)`` of about CHUNK_FRAMES frames."""
        codes = None
        if prompt is not None:
            n_whole = max(1, prompt.shape[1] // self.hop_length)  # the codec pads the last frame with silence
            codes = self.codec.encode(prompt[0])[:, :n_whole]
        n_left = request.n_samples
        for wave in self._decode(self._frames(request, codes)):
            if len(wave) and n_left:
                yield np.clip(wave[None, :n_left], -1.0, 1.0)
                n_left -= min(len(wave), n_left)

    def _decode(self, frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield waves ``(time,)`` of frames of codes, as these are drawn."""
        chunks = iter(lambda: list(itertools.islice(frames, CHUNK_FRAMES)), [])
        return self.codec.decoder(self.n_codebooks).outputs(np.stack(chunk, axis=1) for chunk in chunks)

    def _draw_request(
        self, label: int, speaker: int | None, n_samples: int | None, temperature: float, rng: np.random.Generator
    ) -> CodesRequest:
        drawn_speaker = self._draw_speaker(rng)
        speaker = drawn_speaker if speaker is None else speaker
        drawn_samples = round(DEFAULT_SECONDS * self.sample_rate)
        if self.config.duration == "drawn":
            drawn_samples = draw_duration(self._durations, self.config, label, speaker, rng) * self.hop_length
        return CodesRequest(drawn_samples if n_samples is None else n_samples, label, speaker, temperature, rng)

    @cached_property
    def _durations(self) -> np.ndarray:
        """Quantiles of the durations in frames, ``(labels, speakers, quantiles)``."""
        shape = (max(len(self.labels), 1), max(len(self.speakers), 1))
        durations = self.folder.tensors(STATISTICS_FILE).get("durations")
        if durations is None or durations.shape[:2] != shape or not durations.size or not np.isfinite(durations).all():
            raise BadModel(
                f"{self.folder.path / STATISTICS_FILE} has no durations for {shape[0]} labels and {shape[1]} speakers, "
                "which its card asks for; copy the model again."
            )
        return durations.astype(np.float64)

    def _open_codec(self) -> CodecRuntime:
        """Return the codec; raise BadModel if it is missing or differs from what the card says of it."""
        config = self.config
        codec = open_codec(config, self.name)
        codec_format = (codec.sample_rate, codec.hop_length, codec.codebook_size)
        expected_format = (config.sample_rate, config.hop_length, config.codebook_size)
        if codec_format != expected_format or codec.n_codebooks < config.n_codebooks:
            raise BadModel(
                f"The card of {self.folder.path} does not fit its codec {config.codec}; copy the model again."
            )
        return codec
