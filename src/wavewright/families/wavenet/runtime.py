"""How a WaveNet plays: the condition through its ONNX graph, the samples one after another by the engine, without torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.runtime import Vocoder
from ...dsp.speech_mel import MEL_FLOOR, mel_to_features
from ...errors import BadModel, BadSetting
from ...models.folder import ModelFolder, Shapes, as_float32
from .config import CONDITION_FILE, CONTOURS_FILE, DURATIONS_FILE, WaveNetConfig
from .contours import Contours, covering, stretched
from .engine import Engine, ModeOrAuto, State
from .frames import frames_of, mel_frames, position_features, to_heard, to_wave
from .prediction import Prediction, prediction_of

LONGEST_SECONDS = 600.0  # of a sound whose length is asked for
CHUNK_FRAMES = 64  # whose condition is computed at once


@dataclass(frozen=True)
class SampleRequest(ClipRequest):
    """A clip with the seed of its samples, and the training clip whose contour it has."""

    n_samples: int
    sample_seed: int
    contour_clip: int = 0


class WaveNetRuntime(SequenceGenerator[SampleRequest], Vocoder):
    """A WaveNet that plays."""

    def __init__(self, folder: ModelFolder, mode: ModeOrAuto | None = None) -> None:
        config = folder.config(WaveNetConfig)
        super().__init__(folder, config)
        self.config = config
        self.hop_length, self.n_mels = config.hop_length, config.n_mels
        self._mode = mode
        self._session = None
        if config.features or config.labels or config.speakers:
            inputs: Shapes = {"frames": (None, None, config.features)}
            inputs |= {name: (None,) for name, some in (("label", config.labels), ("speaker", config.speakers)) if some}
            outputs: Shapes = {"condition": (None, None, config.n_layers * 2 * config.channels)}
            self._session = folder.session(CONDITION_FILE, inputs, outputs)

    @cached_property
    def engine(self) -> Engine:
        """The engine with the model's weights; raises BadModel where they do not fit its card.

        Its mode is the given one, else ``int8`` where all layers are stored with 8 bits, which it plays exactly, or
        ``int16``. Both draw the same samples on every machine; ``auto`` is the fastest mode of this machine.
        """
        stored = self.folder.tensors()
        of_layers = [
            array for name, array in stored.items() if name.startswith(("dilated", "residual")) and array.ndim > 1
        ]
        matrices = [array for array in of_layers if array.shape[1] > 1]  # the others are scales
        mode: ModeOrAuto = self._mode or ("int8" if all(array.dtype == np.int8 for array in matrices) else "int16")
        try:
            return Engine(self.config, as_float32(stored), mode)
        except (KeyError, ValueError) as error:
            raise BadModel(
                f"The weights of {self.card.name} do not fit its card ({error}); copy the model again."
            ) from error

    @cached_property
    def _durations(self) -> np.ndarray:
        """Quantiles of the durations of each label, ``(max(labels, 1), quantiles)``, seconds."""
        durations = self.folder.tensors(DURATIONS_FILE).get("durations")
        n_labels = max(len(self.labels), 1)
        if durations is None or not durations.size or durations.size % n_labels or not np.isfinite(durations).all():
            raise BadModel(
                f"{self.folder.path / DURATIONS_FILE} does not say how long sounds last; copy the model again."
            )
        return durations.astype(np.float64).reshape(n_labels, -1)

    @cached_property
    def _contours(self) -> Contours:
        """The contours of the training clips, of which each sound has one."""
        try:
            return Contours.read(self.folder.tensors(CONTOURS_FILE), self.config.hop_length)
        except ValueError as error:
            raise BadModel(
                f"{self.folder.path / CONTOURS_FILE} holds no contours ({error}); copy the model again."
            ) from error

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Shortest and longest clip, in seconds."""
        return 1 / self.sample_rate, LONGEST_SECONDS

    def mel_of(self, wave: np.ndarray) -> np.ndarray:
        """The log-mel frames ``(n_mels, frames)`` of ``wave (time,)`` at the model's rate, which :meth:`vocode` makes a wave of again."""
        return mel_frames(wave, self.config)

    def vocode(self, mel: np.ndarray, seed: int = 0, temperature: float | None = None) -> np.ndarray:
        """Log-mel frames ``(n_mels, frames)`` as :meth:`mel_of` gives them to a wave ``(1, frames * hop_length)`` float32 in [-1, 1].

        Raises BadSetting where the model is no vocoder, or the frames are others than it learned from.
        """
        return np.concatenate(list(self.vocode_stream(mel, seed, temperature)), axis=-1)

    def vocode_stream(self, mel: np.ndarray, seed: int = 0, temperature: float | None = None) -> Iterator[np.ndarray]:
        """The wave of :meth:`vocode` in chunks ``(1, time)`` as they are drawn."""
        temperature = self._checked_temperature(temperature)
        config = self.config
        if config.condition != "mel":
            raise BadSetting(
                f"{self.card.name} is no vocoder: it does not speak from mel frames; train one with model.condition=mel."
            )
        if mel.ndim != 2 or mel.shape[0] != config.n_mels or not mel.shape[1] or not np.isfinite(mel).all():
            raise BadSetting(
                f"The mel frames have shape {mel.shape}; {self.card.name} takes finite numbers ({config.n_mels}, frames), one frame for "
                f"each {config.hop_length} samples at {config.sample_rate} Hz."
            )
        after_the_end = np.full((config.n_mels, config.context_frames), np.log(MEL_FLOOR), np.float32)
        mel = np.concatenate([mel, after_the_end], axis=1)
        n_samples = (mel.shape[1] - config.context_frames) * config.hop_length
        request = SampleRequest(n_samples, 0, 0, temperature, np.random.default_rng(seed), sample_seed=seed)
        prediction = prediction_of(mel, config) if config.prediction_order else None
        return self._drawn(mel_to_features(mel), request, None, prediction)

    def _chunks(self, request: SampleRequest, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        config = self.config
        # As in training, frames go on after the end.
        n_frames = frames_of(request.n_samples, config) + config.context_frames
        frames = np.zeros((n_frames, 0), np.float32)
        if config.condition == "position":
            frames = position_features(n_frames, request.n_samples, config)
        if config.contour:
            contour = self._contours.one(request.contour_clip, config.hop_length)
            contour = stretched(contour, frames_of(request.n_samples, config))
            frames = np.concatenate([frames, covering(contour, n_frames)], axis=1)
        given = None if prompt is None else to_heard(np.clip(prompt, -1.0, 1.0), config)
        return self._drawn(frames, request, given)

    def _drawn(
        self,
        frames: np.ndarray,
        request: SampleRequest,
        given: np.ndarray | None,
        prediction: Prediction | None = None,
    ) -> Iterator[np.ndarray]:
        """The chunks of a sound ``(1, time)``; of ``given (1, time)`` the network hears each sample in the place of its own."""
        state, past = self.engine.start([request.sample_seed]), None
        step = CHUNK_FRAMES * self.config.hop_length
        for begin in range(0, request.n_samples, step):
            n_samples = min(step, request.n_samples - begin)
            condition = self._condition(frames, begin // self.config.hop_length, request)
            heard = self._heard(
                state,
                n_samples,
                condition,
                request.temperature,
                None if given is None else given[:, begin : begin + n_samples],
            )
            wave, past = to_wave(heard, self.config, past, prediction, begin // self.config.condition_hop)
            yield np.clip(wave, -1.0, 1.0)

    def _heard(
        self, state: State, n_samples: int, condition: np.ndarray | None, temperature: float, given: np.ndarray | None
    ) -> np.ndarray:
        """A chunk as the network hears it, ``(1, n_samples)``: what is given of it, and what is drawn after that."""
        if given is None or not given.shape[1]:
            return self.engine.draw(state, n_samples, condition, temperature)
        self.engine.hear(state, given, condition)
        n_left = n_samples - given.shape[1]
        if not n_left:
            return given
        rest = None if condition is None else condition[:, given.shape[1] // self.config.condition_hop :]
        return np.concatenate([given, self.engine.draw(state, n_left, rest, temperature)], axis=1)

    def _condition(self, frames: np.ndarray, first: int, request: SampleRequest) -> np.ndarray | None:
        """What each layer gets in the chunk from frame ``first`` on, ``(1, rows, layers, 2 channels)``; None where nothing is asked."""
        if self._session is None:
            return None
        context = self.config.context_frames
        lead = min(context, first)
        inputs: dict[str, np.ndarray] = {"frames": frames[None, first - lead : first + CHUNK_FRAMES + context]}
        inputs |= {"label": np.array([request.label])} if self.labels else {}
        inputs |= {"speaker": np.array([request.speaker])} if self.speakers else {}
        rows = self._session.run(["condition"], inputs)[0]  # (1, rows, layers * 2 * channels)
        a_frame = self.config.hop_length // self.config.condition_hop
        rows = rows[:, lead * a_frame : (lead + CHUNK_FRAMES) * a_frame]  # further ones than the sound needs do no harm
        return np.ascontiguousarray(rows.reshape(1, rows.shape[1], self.config.n_layers, 2 * self.config.channels))

    def _draw_request(
        self, label: int, speaker: int | None, n_samples: int | None, temperature: float, rng: np.random.Generator
    ) -> SampleRequest:
        if self.config.condition == "mel":
            raise BadSetting(f"{self.name} is a vocoder: it speaks from mel frames and makes nothing by itself.")
        quantile = rng.random()
        drawn_speaker = self._draw_speaker(rng)
        sample_seed = int(rng.integers(2**32))
        speaker = drawn_speaker if speaker is None else speaker
        contour_clip = self._contours.chosen(quantile, label, speaker) if self.config.contour else 0
        if n_samples is None and self.config.contour:
            n_samples = int(self._contours.samples[contour_clip])
        if n_samples is None:
            quantiles = self._durations[label]
            seconds = float(np.interp(quantile, np.linspace(0, 1, len(quantiles)), quantiles))
            n_samples = max(1, round(seconds * self.sample_rate))
        return SampleRequest(n_samples, label, speaker, temperature, rng, sample_seed, contour_clip)
