"""A trained model of the family ``lstm``, open for inference: one ONNX graph a frame, then frames to a wave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.step_session import FrameVector, StepSession
from ...models.folder import ModelFolder
from .config import STEP_FILE, LstmConfig
from .sampling import FrameSampler, draw_clip
from .statistics import MIN_FRAMES, ClipStatistics

DEFAULT_SECONDS = 5.0  # of an endless clip
MAX_SECONDS = 3_600.0


class LstmRuntime(SequenceGenerator[ClipRequest]):
    """A recurrent model that is open for inference.

    Attributes
    ----------
    step
        From one whitened frame to the outputs for the next, see :class:`.sampling.FrameStep`.
    """

    def __init__(self, folder: ModelFolder) -> None:
        config = folder.config(LstmConfig)
        super().__init__(folder, config)
        self.config = config
        self.statistics = ClipStatistics.read(folder, config)
        self.step = StepSession(
            folder,
            STEP_FILE,
            config,
            FrameVector("frame", config.n_features),
            FrameVector("outputs", config.n_outputs),
            (config.n_states, config.hidden_size),
        )

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Shortest and longest clip, in seconds."""
        return MIN_FRAMES * self.config.hop_length / self.sample_rate, MAX_SECONDS

    def _draw_request(
        self, label: int, speaker: int | None, n_samples: int | None, temperature: float, rng: np.random.Generator
    ) -> ClipRequest:
        drawn_speaker = self._draw_speaker(rng)
        if n_samples is None and self.config.duration == "endless":
            n_samples = self._n_samples(DEFAULT_SECONDS)
        return ClipRequest(n_samples, label, drawn_speaker if speaker is None else speaker, temperature, rng)

    def _chunks(self, request: ClipRequest, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield the clip as one chunk: its level and its edges depend on all of it."""
        sampler = FrameSampler(self.step, self.config, self.statistics, request)
        yield draw_clip(sampler, None if prompt is None else prompt[0])[None]
