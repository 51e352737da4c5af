"""A trained WaveNet, open for inference: the condition by an ONNX graph, the samples by the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...base.errors import BadModel
from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.runtime import Vocoder, checked_temperature, checked_wave
from ...dsp.mel import MEL_FLOOR, mel_to_features
from ...models.folder import ModelFolder, as_float32
from ...models.graph_file import GraphSession, Shapes
from .config import CONDITION_FILE, CONTOURS_FILE, DURATIONS_FILE, WaveNetConfig
from .contours import ContourSet, crop_contour, stretch_contour
from .engine import Engine, State
from .mode_choice import ModeOrAuto, open_engine
from .prediction import LinearPrediction, mel_to_prediction
from .signal import mel_frames, position_features, samples_to_frames, signal_to_wave, wave_to_signal

MAX_SECONDS = 600.0
CHUNK_FRAMES = 64  # whose condition is computed at once


@dataclass(frozen=True)
class SampleRequest(ClipRequest):
    """A clip with the seed of its samples, and the training clip whose contour it has."""

    n_samples: int
    sample_seed: int
    contour_clip: int = 0


class SampleDrawer:
    """Draws the samples of clips, given the features of their frames: the condition by a graph, then the engine."""

    def __init__(self, folder: ModelFolder, mode: ModeOrAuto | None) -> None:
        self.folder = folder
        self.config = config = folder.config(WaveNetConfig)
        self._mode = mode
        self._session: GraphSession | None = None
        if config.features or config.labels or config.speakers:
            inputs: Shapes = {"frames": (None, None, config.features)}
            if config.labels:
                inputs["label"] = (None,)
            if config.speakers:
                inputs["speaker"] = (None,)
            outputs: Shapes = {"condition": (None, None, config.n_layers * 2 * config.channels)}
            self._session = folder.session(CONDITION_FILE, inputs, outputs)

    @cached_property
    def engine(self) -> Engine:
        """The engine with the weights of the model; raises BadModel if they do not fit the card.

        By default its mode is ``int8`` if all layers are stored with 8 bits, which it computes exactly, else ``int16``.
        Both draw the same samples on every machine; ``auto`` is the fastest mode of this machine.
        """
        stored = self.folder.tensors()
        layer_tensors = [array for name, array in stored.items() if name.startswith(("dilated", "residual"))]
        matrices = [array for array in layer_tensors if array.ndim > 1 and array.shape[1] > 1]  # not scales
        mode: ModeOrAuto = self._mode or ("int8" if all(array.dtype == np.int8 for array in matrices) else "int16")
        try:
            return open_engine(self.config, as_float32(stored), mode)
        except (KeyError, ValueError) as error:
            raise BadModel(
                f"The weights of {self.folder.card.name} do not fit its card ({error}); copy the model again."
            ) from error

    def chunks(
        self,
        frames: np.ndarray,
        request: SampleRequest,
        prompt: np.ndarray | None = None,
        prediction: LinearPrediction | None = None,
    ) -> Iterator[np.ndarray]:
        """Yield the chunks ``(1, time)`` of a clip whose frames are ``(frames, features)``.

        ``prompt (1, time)`` is its first part as a signal.
        """
        config = self.config
        state, past = self.engine.start([request.sample_seed]), None
        chunk_samples = CHUNK_FRAMES * config.hop_length
        for start in range(0, request.n_samples, chunk_samples):
            n_samples = min(chunk_samples, request.n_samples - start)
            condition = self._condition(frames, start // config.hop_length, request)
            chunk_prompt = None if prompt is None else prompt[:, start : start + n_samples]
            signal = self._signal(state, n_samples, condition, request.temperature, chunk_prompt)
            wave, past = signal_to_wave(signal, config, past, prediction, start // config.condition_hop)
            yield np.clip(wave, -1.0, 1.0)

    def _signal(
        self,
        state: State,
        n_samples: int,
        condition: np.ndarray | None,
        temperature: float,
        prompt: np.ndarray | None,
    ) -> np.ndarray:
        """Return the signal of a chunk, ``(1, n_samples)``: its prompt, and samples that are drawn after it."""
        if prompt is None or not prompt.shape[1]:
            return self.engine.draw(state, n_samples, condition, temperature)
        self.engine.prime(state, prompt, condition)
        n_left = n_samples - prompt.shape[1]
        if not n_left:
            return prompt
        rest = None if condition is None else condition[:, prompt.shape[1] // self.config.condition_hop :]
        return np.concatenate([prompt, self.engine.draw(state, n_left, rest, temperature)], axis=1)

    def _condition(self, frames: np.ndarray, first: int, request: SampleRequest) -> np.ndarray | None:
        """Return the condition of the chunk from frame ``first`` on, ``(1, rows, layers, 2 * channels)``, if any."""
        if self._session is None:
            return None
        config = self.config
        lead = min(config.context_frames, first)
        inputs = {"frames": frames[None, first - lead : first + CHUNK_FRAMES + config.context_frames]}
        if config.labels:
            inputs["label"] = np.array([request.label])
        if config.speakers:
            inputs["speaker"] = np.array([request.speaker])
        rows = self._session.run(["condition"], inputs)[0]  # (1, rows, layers * 2 * channels)
        rows_per_frame = config.hop_length // config.condition_hop
        rows = rows[:, lead * rows_per_frame : (lead + CHUNK_FRAMES) * rows_per_frame]  # a few more do no harm
        return np.ascontiguousarray(rows.reshape(1, rows.shape[1], config.n_layers, 2 * config.channels))


class WaveNetRuntime(SequenceGenerator[SampleRequest]):
    """A WaveNet of clips that is open for inference; of conditions other than ``mel``.

    - ``folder``: of the model.
    - ``mode``: arithmetic of the engine; see :attr:`.SampleDrawer.engine` for the default.
    """

    def __init__(self, folder: ModelFolder, mode: ModeOrAuto | None = None) -> None:
        self._drawer = SampleDrawer(folder, mode)
        self.config = self._drawer.config
        super().__init__(folder, self.config)

    @property
    def engine(self) -> Engine:
        """The engine with the weights of the model; raises BadModel if they do not fit the card."""
        return self._drawer.engine

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Shortest and longest clip, in seconds."""
        return 1 / self.sample_rate, MAX_SECONDS

    def _draw_request(
        self, label: int, speaker: int | None, n_samples: int | None, temperature: float, rng: np.random.Generator
    ) -> SampleRequest:
        quantile = rng.random()
        drawn_speaker = self._draw_speaker(rng)
        sample_seed = int(rng.integers(2**32))
        speaker = drawn_speaker if speaker is None else speaker
        contour_clip = self._contours.choose(quantile, label, speaker) if self.config.contour else 0
        if n_samples is None and self.config.contour:
            n_samples = int(self._contours.samples[contour_clip])
        if n_samples is None:
            quantiles = self._durations[label]
            seconds = float(np.interp(quantile, np.linspace(0, 1, len(quantiles)), quantiles))
            n_samples = max(1, round(seconds * self.sample_rate))
        return SampleRequest(n_samples, label, speaker, temperature, rng, sample_seed, contour_clip)

    def _chunks(self, request: SampleRequest, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield the clip in chunks ``(1, time)``; the signal of a prompt replaces the first samples."""
        config = self.config
        n_clip_frames = samples_to_frames(request.n_samples, config)
        n_frames = n_clip_frames + config.context_frames  # as in training, frames go on after the end
        frames = np.zeros((n_frames, 0), np.float32)
        if config.condition == "position":
            frames = position_features(n_frames, request.n_samples, config)
        if config.contour:
            contour = self._contours.contour(request.contour_clip, config.hop_length)
            contour = crop_contour(stretch_contour(contour, n_clip_frames), n_frames)
            frames = np.concatenate([frames, contour], axis=1)
        signal = None if prompt is None else wave_to_signal(np.clip(prompt, -1.0, 1.0), config)
        return self._drawer.chunks(frames, request, signal)

    @cached_property
    def _durations(self) -> np.ndarray:
        """Quantiles of the durations of each label in seconds, ``(max(labels, 1), quantiles)``."""
        durations = self.folder.tensors(DURATIONS_FILE).get("durations")
        n_labels = max(len(self.labels), 1)
        if durations is None or not durations.size or durations.size % n_labels or not np.isfinite(durations).all():
            raise BadModel(
                f"{self.folder.path / DURATIONS_FILE} has no durations for {n_labels} labels, which its card asks for; "
                "copy the model again."
            )
        return durations.astype(np.float64).reshape(n_labels, -1)

    @cached_property
    def _contours(self) -> ContourSet:
        """The contours of the training clips; each generated clip has one of them."""
        try:
            return ContourSet.from_tensors(self.folder.tensors(CONTOURS_FILE), self.config.hop_length)
        except ValueError as error:
            raise BadModel(
                f"{self.folder.path / CONTOURS_FILE} holds no contours ({error}); copy the model again."
            ) from error


class WaveNetVocoder(Vocoder):
    """A WaveNet of condition ``mel`` that is open for inference.

    - ``folder``: of the model.
    - ``mode``: arithmetic of the engine; see :attr:`.SampleDrawer.engine` for the default.
    """

    def __init__(self, folder: ModelFolder, mode: ModeOrAuto | None = None) -> None:
        super().__init__(folder)
        self._drawer = SampleDrawer(folder, mode)
        self.config = self._drawer.config
        self.hop_length = self.config.hop_length
        self.n_mels = self.config.n_mels

    @property
    def engine(self) -> Engine:
        """The engine with the weights of the model; raises BadModel if they do not fit the card."""
        return self._drawer.engine

    def mel_of(self, wave: np.ndarray) -> np.ndarray:
        """Return the log-mel frames of a wave, see :meth:`.Vocoder.mel_of`."""
        return mel_frames(checked_wave(wave), self.config)

    def vocode(self, mel: np.ndarray, seed: int = 0, temperature: float | None = None) -> np.ndarray:
        """Return the wave of log-mel frames, see :meth:`.Vocoder.vocode`.

        ``temperature`` scales the randomness, 0 to 2; the default is the model's own.
        """
        return np.concatenate(list(self.vocode_stream(mel, seed, temperature)), axis=-1)

    def vocode_stream(self, mel: np.ndarray, seed: int = 0, temperature: float | None = None) -> Iterator[np.ndarray]:
        """Return the wave of :meth:`vocode` in chunks ``(1, time)``, each as soon as it is drawn."""
        config = self.config
        temperature = checked_temperature(config.temperature if temperature is None else temperature)
        mel = self.checked_mel(mel)
        silence = np.full((config.n_mels, config.context_frames), np.log(MEL_FLOOR), np.float32)
        n_samples = mel.shape[1] * config.hop_length
        mel = np.concatenate([mel, silence], axis=1)
        request = SampleRequest(n_samples, 0, 0, temperature, np.random.default_rng(seed), sample_seed=seed)
        prediction = mel_to_prediction(mel, config) if config.prediction_order else None
        return map(self.finite, self._drawer.chunks(mel_to_features(mel), request, prediction=prediction))
