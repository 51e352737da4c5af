"""Contours of loudness, pitch and voicing; those of the training clips, one of which conditions a generated clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...dsp.pitch import f0_to_octaves, track_pitch
from ...dsp.spectrum import frame, hann_window
from .config import CONTOUR_FEATURES, WaveNetConfig
from .signal import samples_to_frames

MIN_PITCH_HZ, MAX_PITCH_HZ = 60.0, 400.0
REFERENCE_PITCH_HZ = 100.0  # 0 octaves
POWER_FLOOR = 1e-5  # added to the mean square before the logarithm
LOUDNESS_CENTRE, LOUDNESS_SPREAD = -6.0, 3.0  # of that logarithm, to standardise it


def measure_contour(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """Compute the contour ``(frames, CONTOUR_FEATURES)`` float32 of ``wave (time,)``, a frame for each hop begun.

    Its features are the standardised logarithm of the mean square, octaves above 100 Hz (interpolated where unvoiced),
    and periodicity from 0 to 1.
    """
    n_frames = samples_to_frames(len(wave), config)
    size = 2 * config.hop_length
    padded = np.pad(wave.astype(np.float64), (config.hop_length, size))
    window = hann_window(size)
    power = np.square(frame(padded, size, config.hop_length)[:n_frames]) @ window / window.sum()
    track = track_pitch(wave, config.sample_rate, config.hop_length, MIN_PITCH_HZ, MAX_PITCH_HZ)
    loudness = (np.log(power + POWER_FLOOR) - LOUDNESS_CENTRE) / LOUDNESS_SPREAD
    octaves = f0_to_octaves(track.f0_hz[:n_frames], REFERENCE_PITCH_HZ)
    return np.stack([loudness, octaves, track.periodicity[0, :n_frames]], axis=1).astype(np.float32)


def crop_contour(contour: np.ndarray, n_frames: int, first: int = 0) -> np.ndarray:
    """Return frames ``first`` to ``first + n_frames - 1`` of a contour, with silence after its end."""
    rows = contour[first : first + n_frames]
    silence = np.array([(np.log(POWER_FLOOR) - LOUDNESS_CENTRE) / LOUDNESS_SPREAD, contour[-1, 1], 0.0], np.float32)
    return np.concatenate([rows, np.tile(silence, (n_frames - len(rows), 1))]).astype(np.float32)


def stretch_contour(contour: np.ndarray, n_frames: int) -> np.ndarray:
    """Return a contour ``(frames, CONTOUR_FEATURES)``, linearly interpolated to ``n_frames``."""
    positions = np.linspace(0, len(contour) - 1, n_frames)
    columns = [np.interp(positions, np.arange(len(contour)), column) for column in contour.T]
    return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True)
class ContourSet:
    """Contours of many clips.

    - ``frames``: ``(all frames, CONTOUR_FEATURES)``, one clip after the other.
    - ``samples``: length of each clip in samples, ``(clips,)`` int64.
    - ``labels``, ``speakers``: indices, ``(clips,)`` int64; 0 without labels or speakers.
    """

    frames: np.ndarray
    samples: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray

    @classmethod
    def of_clips(
        cls,
        contours: Sequence[np.ndarray],
        samples: Sequence[int] | np.ndarray,
        labels: Sequence[int] | np.ndarray,
        speakers: Sequence[int] | np.ndarray,
    ) -> ContourSet:
        """Return the set of these contours, ``(frames, CONTOUR_FEATURES)`` each."""
        return cls(
            np.concatenate(contours),
            np.array(samples, np.int64),
            np.array(labels, np.int64),
            np.array(speakers, np.int64),
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], hop_length: int) -> ContourSet:
        """Return the set that :meth:`tensors` described; raise ValueError if the tensors do not fit each other."""
        if not {"frames", "samples", "labels", "speakers"} <= tensors.keys():
            raise ValueError("tensors are missing")
        frames = tensors["frames"].astype(np.float32)
        samples, labels, speakers = (tensors[name].astype(np.int64) for name in ("samples", "labels", "speakers"))
        is_aligned = samples.ndim == 1 and samples.shape == labels.shape == speakers.shape
        if not is_aligned or not len(samples) or samples.min() < 1:
            raise ValueError("their numbers do not fit each other")
        n_frames = int((-(-samples // hop_length)).sum())
        if frames.shape != (n_frames, CONTOUR_FEATURES):
            raise ValueError("their numbers do not fit each other")
        if not np.isfinite(frames).all():
            raise ValueError("some are not finite")
        return cls(frames, samples, labels, speakers)

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the contents of CONTOURS_FILE; frames are float16."""
        return {
            "frames": self.frames.astype(np.float16),
            "samples": self.samples,
            "labels": self.labels,
            "speakers": self.speakers,
        }

    def choose(self, quantile: float, label: int, speaker: int) -> int:
        """Return the clip at ``quantile`` (0 to 1) of those of a label and speaker.

        Without such clips, those of the label count, and without these, all.
        """
        of_label = self.labels == label
        for is_candidate in (of_label & (self.speakers == speaker), of_label, np.ones(len(self.labels), bool)):
            if is_candidate.any():
                break
        clips = np.flatnonzero(is_candidate)
        return int(clips[min(int(quantile * len(clips)), len(clips) - 1)])

    def contour(self, clip: int, hop_length: int) -> np.ndarray:
        """Return the contour of a clip, ``(frames, CONTOUR_FEATURES)``."""
        ends = np.cumsum(-(-self.samples // hop_length))
        start = 0 if clip == 0 else int(ends[clip - 1])
        return self.frames[start : int(ends[clip])]
