"""The base of models that generate clips step by step: requests of clips, and generate, stream and continue_from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np

from ..base.errors import BadSetting
from ..base.names import index_of
from .runtime import Continuer, checked_temperature, checked_wave

if TYPE_CHECKING:
    from ..models.folder import ModelFolder


@dataclass(frozen=True)
class ClipRequest:
    """Everything that determines a clip, besides the model.

    ``n_samples`` is None for a clip that ends by itself; label and speaker are indices, 0 where the model has none.
    ``temperature`` scales the randomness; ``rng`` holds the random numbers that have not been drawn yet.
    """

    n_samples: int | None
    label: int
    speaker: int
    temperature: float
    rng: np.random.Generator


class SequenceGeneratorConfig(Protocol):
    """The fields of a configuration that a `SequenceGenerator` reads."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers."""

    @property
    def temperature(self) -> float:
        """Temperature of a clip for which none is asked."""


RequestT = TypeVar("RequestT", bound=ClipRequest)


class SequenceGenerator(Continuer, Generic[RequestT]):
    """A generator that draws a clip from its start to its end, a sample or a frame at a time.

    A family says how long clips may be (`seconds_range`), draws what a caller leaves open (`_draw_request`) and
    computes the audio (`_chunks`).

    Attributes
    ----------
    speakers
        What the model can be asked for by name besides a label; empty for a model without speakers.
    """

    def __init__(self, folder: ModelFolder, config: SequenceGeneratorConfig) -> None:
        super().__init__(folder)
        self.speakers = config.speakers
        self._usual_temperature = config.temperature

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        return ("seconds", "temperature", "speaker")

    @property
    @abstractmethod
    def seconds_range(self) -> tuple[float, float]:
        """Shortest and longest clip, in seconds."""

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
        """Return clips of a seed, see :meth:`.Generator.generate`.

        Parameters
        ----------
        label, count, seed, start
            As for every generator.
        seconds
            Length of every clip; by default each is as long as clips of its label are, or as the model chooses.
        temperature
            Scale of the randomness, 0 to 2; 1 draws as learned, and the default is the model's own.
        speaker
            One of `speakers`; by default one is drawn for each clip.
        """
        requests = [
            self._request(label, seed, index, seconds, temperature, speaker) for index in range(start, start + count)
        ]
        return [self._clip(request) for request in requests]

    def stream(
        self,
        label: str | None = None,
        seed: int = 0,
        index: int = 0,
        seconds: float | None = None,
        temperature: float | None = None,
        speaker: str | None = None,
    ) -> Iterator[np.ndarray]:
        """Return clip ``index`` of :meth:`generate` in chunks ``(1, time)``, each as soon as it is drawn.

        Parameters and errors are those of :meth:`generate`; settings are checked before the first chunk.
        """
        return map(self.finite, self._chunks(self._request(label, seed, index, seconds, temperature, speaker)))

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
        """Return a wave, as the model represents it, and its continuation; see :meth:`.Continuer.continue_from`."""
        prompt = checked_wave(wave, "(1, time)", 2)
        request = self._request(label, seed, index, seconds, temperature, speaker)
        if request.n_samples is not None and prompt.shape[1] >= request.n_samples:
            raise BadSetting(
                f"The clip to continue lasts {prompt.shape[1] / self.sample_rate:.3g} s; ask for more than that, not "
                f"for {seconds:g} s in all."
            )
        return self._clip(request, prompt)

    @abstractmethod
    def _draw_request(
        self, label: int, speaker: int | None, n_samples: int | None, temperature: float, rng: np.random.Generator
    ) -> RequestT:
        """Return the request of a clip, with what is None drawn.

        What is drawn, and in which order, is part of the meaning of a seed. The same numbers are drawn whether they are
        asked for or not, so that a clip keeps its character when only its speaker changes.
        """

    @abstractmethod
    def _chunks(self, request: RequestT, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield a clip, which continues ``prompt (1, time)`` if there is one, in chunks ``(1, time)`` float32."""

    def _draw_speaker(self, rng: np.random.Generator) -> int:
        """Draw the index of a speaker, all equally probable."""
        return int(rng.integers(max(len(self.speakers), 1)))

    def _n_samples(self, seconds: float) -> int:
        """Return the length of a clip in samples; raise BadSetting if it is out of `seconds_range`."""
        shortest, longest = self.seconds_range
        if not shortest <= seconds <= longest:
            raise BadSetting(
                f"A clip of {seconds:g} s is not possible; {self.name} makes clips of {shortest:.3g} to {longest:g} s."
            )
        return round(seconds * self.sample_rate)

    def _request(
        self,
        label: str | None,
        seed: int,
        index: int,
        seconds: float | None,
        temperature: float | None,
        speaker: str | None,
    ) -> RequestT:
        """Return the request of clip ``index``; raise BadSetting for what the model does not have or cannot do."""
        temperature = checked_temperature(self._usual_temperature if temperature is None else temperature)
        n_samples = None if seconds is None else self._n_samples(seconds)
        label_number = self.label_index(label, index)
        speaker_number = None if speaker is None else index_of(speaker, self.speakers, "speaker", self.name)
        rng = self.clip_rng(seed, index, label_number)
        return self._draw_request(label_number, speaker_number, n_samples, temperature, rng)

    def _clip(self, request: RequestT, prompt: np.ndarray | None = None) -> np.ndarray:
        """Return a whole clip ``(1, time)``."""
        return self.finite(np.concatenate(list(self._chunks(request, prompt)), axis=-1))
