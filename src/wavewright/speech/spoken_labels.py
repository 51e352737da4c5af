"""Labels spoken by a voice, each time as another speaker might say them: clips to train classifiers of words on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import soxr

from ..base.units import semitones_to_ratio
from ..contracts.runtime import Generator
from ..dsp.onset import trim
from .prosody import Prosody
from .voice import Voice

SILENCE_DB = -40.0  # below the peak: what is cut off before and after a word
SIZE_SEMITONES = 4.0  # largest shift of the formants, up or down
PITCH_OF_SIZE = 2.0  # semitones of pitch for each of the formants: adults differ by an octave and a fifth of the length
PITCH_SEMITONES = 3.0  # largest shift of the pitch apart from that
RATE_RANGE = 0.9, 2.2  # single words are said faster than the ends of sentences, which a voice reads
RANGE_RANGE = 0.5, 1.6  # of the intonation
EFFORT_RANGE = 0.6, 1.6


@dataclass(frozen=True)
class DrawnSpeaker:
    """How a word is said.

    - ``prosody``: of the voice before the formants are shifted.
    - ``formants``: factor of all frequencies and inverse factor of the duration, of a shorter (above 1) or longer vocal
      tract.
    """

    prosody: Prosody
    formants: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Draw a size of the vocal tract, and a pitch, rate, intonation and effort that go with it."""
        size = rng.uniform(-SIZE_SEMITONES, SIZE_SEMITONES)
        pitch = PITCH_OF_SIZE * size + rng.uniform(-PITCH_SEMITONES, PITCH_SEMITONES)
        formants = float(semitones_to_ratio(size))
        rate, pitch_range, energy = (
            float(np.exp(rng.uniform(*np.log(limits)))) for limits in (RATE_RANGE, RANGE_RANGE, EFFORT_RANGE)
        )
        prosody = Prosody(rate=rate / formants, pitch_semitones=pitch - size, pitch_range=pitch_range, energy=energy)
        return cls(prosody, formants)


class SpokenLabels(Generator):
    """A voice that speaks labels; every clip is by another drawn speaker.

    - ``texts``: of each label: the texts, of which a clip has one.

    References
    ----------
    N. Jaitly and G. E. Hinton, "Vocal Tract Length Perturbation (VTLP) Improves Speech Recognition", 2013.
    """

    def __init__(self, voice: Voice, texts: Mapping[str, Sequence[str]]) -> None:
        super().__init__(voice.acoustic.folder)
        self.voice = voice
        self.texts = texts
        self.labels = tuple(texts)
        self.sample_rate = voice.sample_rate

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips ``start`` to ``start + count - 1`` of a seed, as :meth:`Generator.generate` does.

        Raises BadSetting for a label that is none of `labels`, or BadText if the voice cannot read the text.
        """
        waves = []
        for index in range(start, start + count):
            number = self.label_index(label, index)
            waves.append(self._speak(self.texts[self.labels[number]], self.clip_rng(seed, index, number)))
        return waves

    def _speak(self, texts: Sequence[str], rng: np.random.Generator) -> np.ndarray:
        """Return one of some texts as a drawn speaker says it, ``(1, time)``."""
        speaker = DrawnSpeaker.draw(rng)
        text = texts[int(rng.integers(len(texts)))]
        clip = self.voice.speak(text, speaker.prosody, seed=int(rng.integers(2**31)), is_ssml=False).clip
        spoken = trim(clip.wave[0], SILENCE_DB)
        shifted: np.ndarray = soxr.resample(spoken, speaker.formants * self.sample_rate, self.sample_rate)
        return shifted.clip(-1.0, 1.0)[None].astype(np.float32)
