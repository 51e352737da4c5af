"""How a WaveNet plays: the condition through its ONNX graph, the samples one after another by the engine, without torch."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...contracts.lookup import index_of
from ...contracts.runtime import Continuer, Vocoder
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
class Sound:
    """What a sound is made from: its length, label and speaker by number, the seed of its samples, and the clip whose contour it has."""

    n_samples: int
    label: int
    speaker: int
    seed: int
    clip: int = 0


class WaveNetRuntime(Continuer, Vocoder):
    """A WaveNet that plays. Clip ``i`` depends on the model, the label, the seed and ``i`` alone."""

    def __init__(self, folder: ModelFolder, mode: ModeOrAuto | None = None):
        super().__init__(folder)
        self.config = config = folder.config(WaveNetConfig)
        self.labels, self.speakers, self.sample_rate = config.labels, config.speakers, config.sample_rate
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
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        return ("seconds", "temperature", "speaker")

    def generate(
        self,
        label: str | None = None,
        count: int = 1,
        seed: int = 0,
        start: int = 0,
        seconds: float | None = None,
        temperature: float | None = None,
        speaker: str | None = None,
    ) -> list[np.ndarray]:
        """Clips ``start`` to ``start + count - 1`` of a seed, each ``(1, time)`` float32 in [-1, 1], as long as its kind lasts.

        Without ``label`` clip ``i`` has the label number ``i`` modulo their number; without ``speaker`` one is drawn for each clip.
        ``seconds`` sets the length, and without ``temperature`` it is the model's own. Raises BadSetting for a label or speaker that the model does not have, an impossible length, and for
        a vocoder, which needs mel frames.
        """
        temperature = self._checked_temperature(temperature)
        sounds = [self._sound(label, seed, index, seconds, speaker) for index in range(start, start + count)]
        return [np.concatenate(list(self._chunks(sound, temperature)), axis=-1) for sound in sounds]

    def stream(
        self,
        label: str | None = None,
        seed: int = 0,
        index: int = 0,
        seconds: float | None = None,
        temperature: float | None = None,
        speaker: str | None = None,
    ) -> Iterator[np.ndarray]:
        """The same clip as :meth:`generate` gives, in chunks ``(1, time)`` as they are drawn; raises as it does, before the first."""
        temperature = self._checked_temperature(temperature)
        return self._chunks(self._sound(label, seed, index, seconds, speaker), temperature)

    def continue_from(
        self,
        wave: np.ndarray,
        seconds: float,
        label: str | None = None,
        seed: int = 0,
        index: int = 0,
        temperature: float | None = None,
        speaker: str | None = None,
    ) -> np.ndarray:
        """``wave (1, time)`` at the model's rate as the network hears it, and what comes next, to ``seconds`` in all: ``(1, time)``.

        Raises BadSetting for a clip that is empty or no shorter than ``seconds``.
        """
        temperature = self._checked_temperature(temperature)
        sound = self._sound(label, seed, index, seconds, speaker)
        if wave.ndim != 2 or wave.shape[0] != 1 or not 0 < wave.shape[1] < sound.n_samples:
            raise BadSetting(
                f"The clip to continue has shape {wave.shape}; it must be mono (1, time), not empty, and shorter than the "
                f"{sound.n_samples} samples ({seconds:g} s) that are asked for."
            )
        given = to_heard(np.clip(wave, -1.0, 1.0), self.config)
        return np.concatenate(list(self._chunks(sound, temperature, given)), axis=-1)

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
        sound = Sound((mel.shape[1] - config.context_frames) * config.hop_length, 0, 0, seed)
        prediction = prediction_of(mel, config) if config.prediction_order else None
        return self._drawn(mel_to_features(mel), sound, temperature, None, prediction)

    def _checked_temperature(self, temperature: float | None) -> float:
        """The temperature itself, or the model's own; raises BadSetting where there is no such temperature."""
        low, high = WaveNetConfig.RANGES["temperature"]
        temperature = self.config.temperature if temperature is None else temperature
        if not low <= temperature <= high:
            raise BadSetting(
                f"The temperature is {temperature}; it must lie between {low:g} and {high:g}, and is 1 for what the network learned."
            )
        return temperature

    def _chunks(self, sound: Sound, temperature: float, given: np.ndarray | None = None) -> Iterator[np.ndarray]:
        config = self.config
        n_frames = (
            frames_of(sound.n_samples, config) + config.context_frames
        )  # as in training, frames go on after the end
        if config.condition == "mel":
            raise BadSetting(f"{self.card.name} is a vocoder: it speaks from mel frames and makes nothing by itself.")
        frames = np.zeros((n_frames, 0), np.float32)
        if config.condition == "position":
            frames = position_features(n_frames, sound.n_samples, config)
        if config.contour:
            contour = stretched(self._contours.one(sound.clip, config.hop_length), frames_of(sound.n_samples, config))
            frames = np.concatenate([frames, covering(contour, n_frames)], axis=1)
        return self._drawn(frames, sound, temperature, given)

    def _drawn(
        self,
        frames: np.ndarray,
        sound: Sound,
        temperature: float,
        given: np.ndarray | None,
        prediction: Prediction | None = None,
    ) -> Iterator[np.ndarray]:
        """The chunks of a sound ``(1, time)``; of ``given (1, time)`` the network hears each sample in the place of its own."""
        state, past = self.engine.start([sound.seed]), None
        step = CHUNK_FRAMES * self.config.hop_length
        for begin in range(0, sound.n_samples, step):
            n_samples = min(step, sound.n_samples - begin)
            condition = self._condition(frames, begin // self.config.hop_length, sound)
            heard = self._heard(
                state, n_samples, condition, temperature, None if given is None else given[:, begin : begin + n_samples]
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

    def _condition(self, frames: np.ndarray, first: int, sound: Sound) -> np.ndarray | None:
        """What each layer gets in the chunk from frame ``first`` on, ``(1, rows, layers, 2 channels)``; None where nothing is asked."""
        if self._session is None:
            return None
        context = self.config.context_frames
        lead = min(context, first)
        inputs: dict[str, np.ndarray] = {"frames": frames[None, first - lead : first + CHUNK_FRAMES + context]}
        inputs |= {"label": np.array([sound.label])} if self.labels else {}
        inputs |= {"speaker": np.array([sound.speaker])} if self.speakers else {}
        rows = self._session.run(["condition"], inputs)[0]  # (1, rows, layers * 2 * channels)
        a_frame = self.config.hop_length // self.config.condition_hop
        rows = rows[:, lead * a_frame : (lead + CHUNK_FRAMES) * a_frame]  # further ones than the sound needs do no harm
        return np.ascontiguousarray(rows.reshape(1, rows.shape[1], self.config.n_layers, 2 * self.config.channels))

    def _sound(
        self, label: str | None, seed: int, index: int, seconds: float | None, speaker: str | None = None
    ) -> Sound:
        """The length, label, speaker and seed of clip ``index``; the order in which they are drawn is part of what a seed means."""
        model = self.card.name
        number = index % max(len(self.labels), 1) if label is None else index_of(label, self.labels, "label", model)
        name = self.labels[number] if self.labels else ""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, zlib.crc32(name.encode())])))
        share, drawn_speaker, sample_seed = (
            rng.random(),
            int(rng.integers(max(len(self.speakers), 1))),
            int(rng.integers(2**32)),
        )
        voice = drawn_speaker if speaker is None else index_of(speaker, self.speakers, "speaker", model)
        clip = self._contours.chosen(share, number, voice) if self.config.contour else 0
        if seconds is None and self.config.contour:
            return Sound(int(self._contours.samples[clip]), number, voice, sample_seed, clip)
        if seconds is None:
            quantiles = self._durations[number]
            seconds = float(np.interp(share, np.linspace(0, 1, len(quantiles)), quantiles))
        elif not 1 / self.sample_rate <= seconds <= LONGEST_SECONDS:
            raise BadSetting(f"A sound of {seconds} s is not possible; seconds may be up to {LONGEST_SECONDS:g}.")
        return Sound(max(1, round(seconds * self.sample_rate)), number, voice, sample_seed, clip)
