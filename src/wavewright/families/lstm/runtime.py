"""A trained model of the family ``lstm``, open for inference: one ONNX graph a frame, then frames to a wave."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...base.names import required_index
from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.runtime import checked_wave
from ...contracts.scoring import RecordingScorer
from ...contracts.step_session import FrameVector, StepSession
from ...dsp.position import position_features
from ...models.folder import ModelFolder
from .config import LOG_DEVIATIONS, STEP_FILE, LstmConfig
from .frames import wave_to_frames
from .sampling import FrameSampler, FrameStep, draw_clip
from .statistics import MIN_FRAMES, ClipStatistics

LARGEST_EXPONENT = 700.0  # of a loss, so that it is finite for frames that a model gives almost no probability


def clip_loss(step: FrameStep, config: LstmConfig, whitened: np.ndarray, label: int, speaker: int) -> float:
    """Return the mean loss of a clip's whitened frames ``(frames, n_features)``, each given those before.

    That of a mean is the squared error; that of a mixture is the squared error at which a Gaussian has as many nats of
    a feature as ``losses.frame_losses`` computes.
    """
    positions = position_features(len(whitened))
    state = np.zeros((config.n_states, config.hidden_size), np.float32)
    previous = np.zeros(config.n_features, np.float32)  # a frame of zeros precedes every clip
    losses = []
    for frame, position in zip(whitened, positions, strict=True):
        outputs, state = step(previous, position, label, speaker, state)
        losses.append(frame_loss(outputs, frame, config))
        previous = frame
    loss = float(np.mean(losses))
    return loss if config.output == "mse" else math.exp(min(2 * loss - 1, LARGEST_EXPONENT)) / (2 * math.pi)


def frame_loss(outputs: np.ndarray, frame: np.ndarray, config: LstmConfig) -> float:
    """Return the loss of a whitened frame ``(n_features,)`` under the outputs ``(n_outputs,)`` before it."""
    n_mixtures, n_features = config.n_mixtures, config.n_features
    if config.output == "mse":
        return float(np.square(outputs[:n_features] - frame).mean())
    logits = outputs[:n_mixtures].astype(np.float64)
    means, log_deviations = outputs[n_mixtures : n_mixtures * (1 + 2 * n_features)].reshape(2, n_mixtures, n_features)
    log_deviations = np.clip(log_deviations, *LOG_DEVIATIONS).astype(np.float64)
    squares = np.square((frame - means) * np.exp(-log_deviations))
    log_densities = -0.5 * squares.sum(1) - log_deviations.sum(1) - 0.5 * n_features * math.log(2 * math.pi)
    return float(np.logaddexp.reduce(logits) - np.logaddexp.reduce(logits + log_densities)) / n_features


DEFAULT_SECONDS = 5.0  # of an endless clip
MAX_SECONDS = 3_600.0


class LstmRuntime(SequenceGenerator[ClipRequest], RecordingScorer):
    """A recurrent model that is open for inference."""

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
