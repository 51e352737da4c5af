"""Configuration of the vocoder's network, its sizes, and the words for stretches of time that all files here use.

mel frame
    Mel frame ``i`` is centred on sample ``i * hop_length``.
interval
    Interval ``i`` is the ``hop_length`` samples between mel frames ``i`` and ``i + 1``. The network predicts one row
    for each interval: the pitch at its end, and filters. ``n`` intervals need the ``n + 1`` mel frames at their ends
    for the envelopes; the network needs one more before them and ``look_ahead - 1`` more after them.
subframe
    One of ``n_subframes`` equal divisions of an interval, with filters of its own.
segment
    A filtered window of the sources. Windows are two subframes long and overlap by one; each is centred on the start of
    the subframe whose filters it gets. The wave is the sum of all segments.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...contracts.config import MAX_STEPS, SpeechMelConfig

FRAMES_FILE = "frames.onnx"
"""Graph of the network, from mel frames to pitch and filters."""
WEIGHT_PREFIX = "frames."
"""Prefix of the network's weights in a model folder."""

METRICS = ("valid/mel", "valid/pitch")
"""Validation metrics: the log-mel distance of held-out recordings to their resyntheses, and the fraction of voiced
intervals with a wrong pitch. Any of them may choose the best checkpoint; by default none does (``training.metric`` is
empty), and the averaged weights of the last step are exported. Once critics have joined, earlier checkpoints do not
count as best.
"""


@dataclass(frozen=True)
class VocoderConfig(SpeechMelConfig):
    """Configuration of the network.

    The mel frames are those of :mod:`wavewright.dsp.mel` at every sample rate: 80 bands up to 8 kHz, a hop of
    16 ms, a window of 64 ms; `n_mels`, `hop_length` and `mel_n_fft` are inherited. At 24 kHz the hop is 384 samples, a
    subframe 96 samples (4 ms), `n_fft` 576 and `n_bins` 289.
    """

    TITLE = "a vocoder"
    VALIDATION_METRICS = METRICS

    n_subframes: int = ranged(4, 1, 16)  # of an interval; each has filters of its own
    fft_subframes: int = ranged(6, 3, 16)  # length of a segment, see n_fft
    channels: int = ranged(320, 8, 2_048)  # of the blocks with a row for each interval
    blocks: int = ranged(4, 1, 64)
    subframe_channels: int = ranged(128, 8, 1_024)  # of the blocks with a row for each subframe
    subframe_blocks: int = ranged(1, 1, 32)
    expansion: float = ranged(3.0, 1.0, 8.0)  # hidden channels of a block over its channels
    kernel_size: int = ranged(5, 2, 31)  # intervals or subframes of a convolution
    look_ahead: int = ranged(2, 1, 8)  # mel frames after that at an interval's start; at least 1, that at its end
    critic_channels: int = ranged(24, 4, 256)  # of each frequency band of each critic
    adversarial_from: int = ranged(0, 0, MAX_STEPS)  # step from which critics train the network, too; 0: no critics

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hop_length % self.n_subframes:
            raise BadSetting(
                f"n_subframes is {self.n_subframes}; it must divide the {self.hop_length} samples of a hop at "
                f"{self.sample_rate} Hz."
            )

    @property
    def subframe_length(self) -> int:
        """Samples of a subframe."""
        return self.hop_length // self.n_subframes

    @property
    def n_fft(self) -> int:
        """Length of a segment and of its Fourier transform, in samples.

        It holds a subframe of zeros, a window of two subframes, and ``fft_subframes - 3`` subframes of zeros, which
        make room for the responses of the filters. There is more room after the window than before it, since most of a
        response comes after its pulse.
        """
        return self.fft_subframes * self.subframe_length

    @property
    def n_bins(self) -> int:
        """Frequency bins of a filter."""
        return self.n_fft // 2 + 1

    @property
    def delay(self) -> int:
        """Delay of the synthesis, two subframes, in samples.

        One because a window starts in the previous subframe, and one of zeros before it for filters that act before
        their pulse. A segment thus starts two subframes before its own, and the last two subframes of a crop lack the
        segments of subframes after the crop.
        """
        return 2 * self.subframe_length

    @property
    def transient(self) -> int:
        """Samples at the start of a crop that lack segments of subframes before the crop.

        A segment reaches ``fft_subframes - 3`` subframes beyond its own, so as many subframes lack some.
        """
        return (self.fft_subframes - 3) * self.subframe_length


SIZES: dict[str, VocoderConfig] = {
    "tiny": VocoderConfig(
        channels=32, blocks=1, subframe_channels=24, subframe_blocks=1, expansion=2.0, critic_channels=8
    ),
    "small": VocoderConfig(),
    "base": VocoderConfig(channels=448, blocks=6, subframe_channels=192, subframe_blocks=2),
}
"""The configuration of each size.

Training from scratch has no critics, whose steps take longer; fine-tuning has them from step 300 of 3,000. Set
``model.adversarial_from`` to add them to a run of any size, with 1 for the whole run.
"""
