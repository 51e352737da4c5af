"""Lines that a voice speaks one after another, with their times: the scenes of the demo and the studio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..audio.clip import Clip
from ..base.units import seconds_to_samples
from ..base.whole_file import scratch_folder
from ..dubbing.subtitle_files import written_cues
from ..speech.voice import DEFAULT_VOICE
from .speak import speak


@dataclass(frozen=True)
class SpokenScene:
    """Lines as one mono clip; start and end of each in seconds."""

    clip: Clip
    times: tuple[tuple[float, float], ...]

    def subtitles(self, texts: Sequence[str]) -> str:
        """Return texts at the times of the lines, as SRT."""
        return written_cues([(*span, text) for span, text in zip(self.times, texts, strict=True)])


def spoken_scene(lines: Sequence[str], gap_seconds: float, voice: str = DEFAULT_VOICE) -> SpokenScene:
    """Speak lines by a voice, with a gap before each and behind the last."""
    waves: list[np.ndarray] = []
    times = []
    n_samples = sample_rate = 0
    with scratch_folder() as folder:
        for line in lines:
            speak(line, voice=voice, out=folder / "line.wav")
            clip = Clip.read(folder / "line.wav")
            sample_rate = clip.sample_rate
            gap = np.zeros((1, seconds_to_samples(gap_seconds, sample_rate)), np.float32)
            waves += [gap, clip.wave]
            start = n_samples + gap.shape[1]
            n_samples = start + clip.n_samples
            times.append((start / sample_rate, n_samples / sample_rate))
    return SpokenScene(Clip(np.concatenate([*waves, gap], axis=1), sample_rate), tuple(times))
