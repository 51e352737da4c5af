"""Classifier: tells which label a sound has, and gives the embedding in which generated sounds are judged.

The idea: features that keep frequency apart (two-dimensional) are averaged over frequency, processed along time alone (cheap), and
broadcast back over all frequencies as a residual; so a small network sees where in the spectrum something happens, and when.

Papers:
    Kim, Chang, Lee and Sung, "Broadcasted Residual Learning for Efficient Keyword Spotting" (BC-ResNet), 2021.
    Chang, Park, Cho, Park and Yun, "SubSpectral Normalization for Neural Audio Data Processing", 2021.
    Tokozume, Ushiku and Harada, "Learning from Between-class Examples for Deep Sound Recognition", 2018 (mixed waves).
    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018.
    Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition", 2019.

Changed from them: the log-mel picture is relative to its own loudest cell, so that level tells nothing; it has twice the mel bands, for
low drums differ by a few tens of hertz; frames count by their loudness in the mean over time, so that the silence after a short sound
does not hide it; and recordings are also varied as drums, rooms and microphones vary them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import BadSetting
from ...ranges import check_names, check_ranges

POWER_FLOOR = 1e-8  # added to the power in every mel band before the logarithm
FADE_SECONDS = 0.01  # at the end of what the network hears, since a cut would be a click
FREQUENCY_STRIDE = 8  # mel bands of the picture for each row of the network's last feature map
TAIL_BANDS = 5  # rows of that map that its last convolution spans

RANGES = {
    "sample_rate": (4_000, 768_000),
    "n_fft": (16, 65_536),
    "range_db": (1.0, 200.0),
    "width": (1, 1_024),
    "sub_bands": (1, 64),
    "dropout": (0.0, 0.9),
}
"""The smallest and largest value of each number in a Config that stands for itself; the others depend on each other."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.02, 60.0


@dataclass(frozen=True)
class Config:
    """What the network is; everything that classifying needs to know.

    Raises BadSetting for a number that is out of its range, or does not fit the others.
    """

    sample_rate: int = 44_100
    n_samples: int = 31_232  # length of a clip: 0.71 s at 44.1 kHz; longer ones are cut, shorter ones padded
    labels: tuple[str, ...] = ()
    n_fft: int = 2048  # samples
    hop_length: int = 512  # samples
    n_mels: int = 80  # on HTK's scale; divisible by 8 times the number of sub-bands
    f_min_hz: float = 20.0
    range_db: float = 70.0  # what lies further below the loudest cell of a picture counts as silence
    width: int = 2  # channels, in multiples of those of BC-ResNet-1
    sub_bands: int = 5  # of the sub-spectral normalisation
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_ranges(self, RANGES)
        shortest, longest = (round(seconds * self.sample_rate) for seconds in (SHORTEST_SECONDS, LONGEST_SECONDS))
        check_ranges(self, {"n_samples": (shortest, longest), "hop_length": (-(-self.n_fft // 32), self.n_fft)})
        check_ranges(self, {"f_min_hz": (0.0, self.sample_rate / 4), "n_mels": (FREQUENCY_STRIDE * TAIL_BANDS, 1_024)})
        if self.n_mels % (FREQUENCY_STRIDE * self.sub_bands):
            step = FREQUENCY_STRIDE * self.sub_bands
            raise BadSetting(
                f"n_mels is {self.n_mels}; with {self.sub_bands} sub-bands it must be a multiple of {step}."
            )
        check_names(labels=self.labels)

    @property
    def n_frames(self) -> int:
        """Frames of the centred STFT."""
        return self.n_samples // self.hop_length + 1

    @property
    def embedding_size(self) -> int:
        """Numbers in the embedding of a clip."""
        return 32 * self.width


SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"width": 1},
    "small": {"width": 2},
    "base": {"width": 4},
}
