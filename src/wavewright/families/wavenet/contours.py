"""Contours: how loud, how high and how voiced a sound is along the way, and the ones of the training clips, of which one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...dsp.pitch import f0_to_octaves, track_pitch
from ...dsp.spectrum import frame, hann_window
from .config import CONTOUR_FEATURES, WaveNetConfig

PITCH_LIMITS_HZ = (60.0, 400.0)
MIDDLE_PITCH_HZ = 100.0  # stands for 0
POWER_FLOOR = 1e-5  # added to the mean square before the logarithm
LOUDNESS_CENTRE, LOUDNESS_SPREAD = -6.0, 3.0  # of that logarithm, so that the network gets numbers around 0 and 1


def contour_of(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """The contour of ``wave (time,)``, a frame for each ``hop_length`` samples begun: ``(frames, CONTOUR_FEATURES)`` float32.

    The logarithm of the mean square, octaves above 100 Hz (between voiced frames on a line from one to the other), and the share of the
    power that repeats from period to period.
    """
    n_frames = -(-len(wave) // config.hop_length)
    size = 2 * config.hop_length
    padded = np.pad(wave.astype(np.float64), (config.hop_length, size))
    window = hann_window(size)
    power = np.square(frame(padded, size, config.hop_length)[:n_frames]) @ window / window.sum()
    track = track_pitch(wave, config.sample_rate, config.hop_length, *PITCH_LIMITS_HZ)
    loudness = (np.log(power + POWER_FLOOR) - LOUDNESS_CENTRE) / LOUDNESS_SPREAD
    octaves = f0_to_octaves(track.f0_hz[:n_frames], MIDDLE_PITCH_HZ)
    return np.stack([loudness, octaves, track.periodicity[0, :n_frames]], axis=1).astype(np.float32)


def covering(contour: np.ndarray, n_frames: int, first: int = 0) -> np.ndarray:
    """Frames ``first`` to ``first + n_frames - 1`` of a contour ``(frames, CONTOUR_FEATURES)``, silence after its end."""
    rows = contour[first : first + n_frames]
    silence = np.array([(np.log(POWER_FLOOR) - LOUDNESS_CENTRE) / LOUDNESS_SPREAD, contour[-1, 1], 0.0], np.float32)
    return np.concatenate([rows, np.tile(silence, (n_frames - len(rows), 1))]).astype(np.float32)


def stretched(contour: np.ndarray, n_frames: int) -> np.ndarray:
    """A contour ``(frames, CONTOUR_FEATURES)`` drawn out or pressed together to ``n_frames``."""
    places = np.linspace(0, len(contour) - 1, n_frames)
    columns = [np.interp(places, np.arange(len(contour)), column) for column in contour.T]
    return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Contours:
    """Those of many clips: ``frames (all frames, CONTOUR_FEATURES)`` one clip after the other, and of each clip ``(clips,)`` int64 the
    samples that it lasts, and the numbers of its label and speaker, 0 where there are none.
    """

    frames: np.ndarray
    samples: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray

    @classmethod
    def of(
        cls, contours: Sequence[np.ndarray], samples: Sequence[int], labels: Sequence[int], speakers: Sequence[int]
    ) -> Contours:
        """Those of clips, each ``(frames, CONTOUR_FEATURES)``."""
        of_clips = (np.array(some, np.int64) for some in (samples, labels, speakers))
        return cls(np.concatenate(contours), *of_clips)

    @classmethod
    def read(cls, tensors: Mapping[str, np.ndarray], hop_length: int) -> Contours:
        """What :meth:`tensors` gave; raises ValueError where the parts do not fit each other."""
        names = ("samples", "labels", "speakers")
        if not {"frames", *names} <= tensors.keys():
            raise ValueError("parts are missing")
        found = cls(tensors["frames"].astype(np.float32), *(tensors[name].astype(np.int64) for name in names))
        n_frames = int((-(-found.samples // hop_length)).sum())
        fits = found.samples.ndim == 1 and found.samples.shape == found.labels.shape == found.speakers.shape
        if (
            not fits
            or not len(found.samples)
            or found.samples.min() < 1
            or found.frames.shape != (n_frames, CONTOUR_FEATURES)
        ):
            raise ValueError("their numbers do not fit each other")
        if not np.isfinite(found.frames).all():
            raise ValueError("some are not finite")
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """What a model folder keeps; frames in float16."""
        return {
            "frames": self.frames.astype(np.float16),
            "samples": self.samples,
            "labels": self.labels,
            "speakers": self.speakers,
        }

    def chosen(self, share: float, label: int, speaker: int) -> int:
        """The number of the clip at ``share`` (0 to 1) of those of a label and speaker; of the label's, or of all, where there are none."""
        of_label = self.labels == label
        for which in (of_label & (self.speakers == speaker), of_label, np.ones(len(self.labels), bool)):
            if which.any():
                break
        clips = np.flatnonzero(which)
        return int(clips[min(int(share * len(clips)), len(clips) - 1)])

    def one(self, clip: int, hop_length: int) -> np.ndarray:
        """The contour of a clip, ``(frames, CONTOUR_FEATURES)``."""
        ends = np.cumsum(-(-self.samples // hop_length))
        begin = 0 if clip == 0 else int(ends[clip - 1])
        return self.frames[begin : int(ends[clip])]
