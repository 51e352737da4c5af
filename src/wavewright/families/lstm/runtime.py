"""How a recurrent model plays: frame after frame through the ONNX graph of one step, then frames to a wave, without torch."""

from __future__ import annotations

import zlib

import numpy as np

from ...contracts.lookup import index_of
from ...contracts.runtime import Continuer
from ...dsp.position import POSITION_FEATURES
from ...errors import BadAudio, BadModel, BadSetting
from ...models.folder import ModelFolder, Shapes
from .config import STATISTICS_FILE, LstmConfig
from .sampling import SHORTEST_FRAMES, Statistics, draw_sound

GRAPH_FILE = "step.onnx"
DEFAULT_SECONDS = 5.0  # of an endless sound
LONGEST_SECONDS = 3_600.0


class LstmRuntime(Continuer):
    """A recurrent model that plays. Clip ``i`` depends on the model, the label, the seed and ``i`` alone: each is drawn by itself."""

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(LstmConfig)
        self.labels, self.speakers = config.labels, config.speakers
        self.sample_rate = config.sample_rate
        self.statistics = self._statistics()
        inputs: Shapes = {"frame": (1, config.n_features)}
        if config.has_position:
            inputs["position"] = (1, POSITION_FEATURES)
        if config.labels:
            inputs["label"] = (1,)
        if config.speakers:
            inputs["speaker"] = (1,)
        state = (1, config.n_states, config.hidden_size)
        inputs["state"] = state
        self._session = folder.session(GRAPH_FILE, inputs, {"outputs": (1, config.n_outputs), "next_state": state})

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
        """Clips ``start`` to ``start + count - 1`` of a seed, each ``(1, time)`` float32 in [-1, 1] and as long as it turns out.

        Without ``label`` clip ``i`` has the label number ``i`` modulo their number; without ``speaker`` one is drawn for each clip.
        ``seconds`` is the length of all; without it each is drawn, or ends by itself, and endless sounds last DEFAULT_SECONDS.
        ``temperature`` multiplies the deviation of what is drawn; without it, it is the model's. Raises BadSetting for what the
        model does not have or cannot do.
        """
        temperature = self._checked_temperature(temperature)
        n_samples = None if seconds is None else self._n_samples(seconds)
        return [
            self._clip(label, index, seed, n_samples, temperature, speaker) for index in range(start, start + count)
        ]

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
        """``wave (1, time)`` at the model's sample rate and what comes next, ``seconds`` in all: ``(1, time)`` float32 in [-1, 1].

        The clip goes through the cells first, so that what follows is its continuation. Raises BadAudio for a clip that is empty, has
        several channels or numbers that are not finite, BadSetting for one no shorter than ``seconds`` and as :meth:`generate`.
        """
        given = np.asarray(wave, np.float32)
        if given.ndim != 2 or given.shape[0] != 1 or not given.size or not np.isfinite(given).all():
            raise BadAudio(
                f"The clip to continue has shape {given.shape}; it must be (1, time) with at least one sample, all of them finite "
                "numbers: mix channels first."
            )
        n_samples = self._n_samples(seconds)
        given_seconds = given.shape[1] / self.sample_rate
        if given_seconds >= seconds:
            raise BadSetting(
                f"The clip to continue lasts {given_seconds:.3g} s; ask for more than that, not for {seconds:g} s in all."
            )
        return self._clip(label, index, seed, n_samples, self._checked_temperature(temperature), speaker, given[0])

    def step(
        self, frame: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The network's step from one frame to the next; see :class:`.sampling.Step`."""
        inputs = {"frame": frame[None], "state": state[None]}
        if self.config.has_position:
            inputs["position"] = position[None]
        if self.labels:
            inputs["label"] = np.array([label], np.int64)
        if self.speakers:
            inputs["speaker"] = np.array([speaker], np.int64)
        outputs, next_state = self._session.run(None, inputs)
        return outputs[0], next_state[0]

    def _clip(
        self,
        label: str | None,
        index: int,
        seed: int,
        n_samples: int | None,
        temperature: float,
        speaker: str | None,
        given: np.ndarray | None = None,
    ) -> np.ndarray:
        """One clip ``(1, time)``."""
        config = self.config
        if n_samples is None and config.duration == "endless":
            n_samples = self._n_samples(DEFAULT_SECONDS)
        number = index % max(len(self.labels), 1)
        if label is not None:
            number = index_of(label, self.labels, "label", self.card.name)
        name = self.labels[number] if self.labels else ""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, zlib.crc32(name.encode())])))
        chosen = int(rng.integers(max(len(self.speakers), 1)))  # drawn in any case, so that what follows is the same
        if speaker is not None:
            chosen = index_of(speaker, self.speakers, "speaker", self.card.name)
        wave = draw_sound(self.step, config, self.statistics, rng, number, chosen, n_samples, temperature, given)
        if not np.isfinite(wave).all():
            raise BadModel(
                f"{self.card.name} gives sound that is not a number; its weights are damaged or its training exploded."
            )
        return wave[None]

    def _n_samples(self, seconds: float) -> int:
        shortest = SHORTEST_FRAMES * self.config.hop_length / self.sample_rate
        if not shortest <= seconds <= LONGEST_SECONDS:
            raise BadSetting(
                f"A sound of {seconds} s is not possible; {self.card.name} makes sounds of {shortest:.3g} to {LONGEST_SECONDS:.0f} s."
            )
        return round(seconds * self.sample_rate)

    def _checked_temperature(self, temperature: float | None) -> float:
        low, high = LstmConfig.RANGES["temperature"]
        temperature = self.config.temperature if temperature is None else temperature
        if not low <= temperature <= high:
            raise BadSetting(f"The temperature is {temperature}; it must lie between {low} and {high}.")
        return temperature

    def _statistics(self) -> Statistics:
        """What the model knows of its training sounds; raises BadModel where it does not fit its config."""
        config, tensors = self.config, self.folder.tensors(STATISTICS_FILE)
        n = config.n_features
        of_kinds = (max(len(config.labels), 1), max(len(config.speakers), 1))
        shapes = {"mean": (n,), "directions": (n, n), "scales": (n,), "durations": of_kinds}
        for name, shape in shapes.items():
            if name not in tensors or tensors[name].shape[: len(shape)] != shape:
                raise BadModel(
                    f"{self.folder.path / STATISTICS_FILE} has no {name} of shape {shape}, which its card asks for; copy the model "
                    "again."
                )
            if not tensors[name].size or not np.isfinite(tensors[name]).all():
                raise BadModel(
                    f"{self.folder.path / STATISTICS_FILE} has numbers of {name} that are missing or not finite; copy the "
                    "model again."
                )
        return Statistics.of(tensors)
