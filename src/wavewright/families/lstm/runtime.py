"""A trained model of the family ``lstm``, open for inference: one ONNX graph a frame, then frames to a wave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.lookup import required_index
from ...contracts.runtime import checked_wave
from ...contracts.scoring import RecordingScorer
from ...contracts.step_session import FrameVector, StepSession
from ...models.folder import ModelFolder
from .config import STEP_FILE, LstmConfig
from .frames import wave_to_frames
from .sampling import FrameSampler, draw_clip
from .scoring import clip_loss
from .statistics import MIN_FRAMES, ClipStatistics

DEFAULT_SECONDS = 5.0  # of an endless clip
MAX_SECONDS = 3_600.0


class LstmRuntime(SequenceGenerator[ClipRequest], RecordingScorer):
    """A recurrent model that is open for inference.

    Attributes
    ----------
    step
        From one whitened frame to the outputs for the next, see :class:`.sampling.FrameStep`.
    """

    loss_name = "squared error of a frame, or of a Gaussian as likely"

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

    def loss_of(self, wave: np.ndarray, label: str | None = None, speaker: str | None = None) -> float:
        """Return the mean loss of the frames of a recording; see :meth:`.RecordingScorer.loss_of`."""
        label_number = required_index(label, self.labels, "label", self.name)
        speaker_number = required_index(speaker, self.speakers, "speaker", self.name)
        whitened = self.statistics.whitening.whiten(wave_to_frames(checked_wave(wave), self.config))
        return clip_loss(self.step, self.config, whitened, label_number, speaker_number)

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
