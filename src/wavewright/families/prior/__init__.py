"""Prior: a small network that draws the codes of a codec, frame after frame, and so makes the codec a generator.

The idea: a codec has turned sound into a few small numbers every 20 ms, coarse ones and finer ones. What number comes next is a question
of a few choices, which a network learns well and fast: over time it hears the frames so far; within a frame it draws the coarsest number
first, and each finer one given the coarser. The codec's decoder makes sound of the numbers, as good as the codec itself.

Papers:
    van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning", 2017: a prior over the codes of a VQ-VAE.
    Lee et al., "Autoregressive Image Generation using Residual Quantization", 2022: coarse to fine within a place, by a network of its own.
    Copet et al., "Simple and Controllable Music Generation", 2023: codes of a codec as the tokens of sound, and how levels may be ordered.
    Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020: what is drawn comes from the likeliest share (top-p).
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (cell ``lstm``); Cho et al., 2014 (``gru``); Liu et al., "A ConvNet for the
    2020s", 2022 (``convnext``).

Changed from them: the network over time is recurrent, or hears the last second by convolutions, and plays on one core many times faster than
the sound lasts; within a frame a few layers are shared by all levels, whose codes are summed up; a frame of silence is one more code of the
coarsest level; whole sounds know their place in a duration that is drawn beforehand, as in the family ``lstm``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ...ranges import check_names, check_ranges
from ..lstm import POSITION_FEATURES

TIME_FILE, LEVEL_FILE = "time.onnx", "level.onnx"
STATISTICS_FILE = "statistics.safetensors"
"""In a model folder: ``durations (labels, speakers, quantiles)`` float32, frames, where durations are drawn."""

RANGES = {
    "sample_rate": (4_000, 192_000),
    "hop_length": (2, 100_000),
    "codebook_size": (2, 4_096),
    "n_levels": (1, 32),
    "n_layers": (1, 64),
    "hidden_size": (4, 4_096),
    "kernel": (2, 31),
    "width": (4, 4_096),
    "level_layers": (1, 16),
    "label_size": (1, 1_024),
    "dropout": (0.0, 0.9),
    "temperature": (0.0, 2.0),
    "top_p": (0.01, 1.0),
}


@dataclass(frozen=True)
class Config:
    """What the network is and whose codes it draws; raises BadSetting for a number out of its range.

    Hash, rate, hop and codebook size are the codec's own: training fills them in.
    """

    codec: str = "speech-codec"  # a model's name or folder
    codec_hash: str = ""  # of its networks
    sample_rate: int = 16_000
    hop_length: int = 320  # samples to a frame of codes
    codebook_size: int = 1_024
    n_levels: int = 4  # of the codec's, the coarse ones
    labels: tuple[str, ...] = ()  # empty: unconditional
    speakers: tuple[str, ...] = ()  # empty: not asked
    duration: Literal["drawn", "endless"] = "endless"  # of a sound; ``drawn`` for sounds with a beginning and an end
    cell: Literal["lstm", "gru", "convnext"] = "lstm"  # what the network over time is made of
    n_layers: int = 2
    hidden_size: int = 320  # of each layer
    kernel: int = 11  # frames that a layer of ``convnext`` hears
    width: int = 192  # numbers that stand for codes, and of the layers within a frame
    level_layers: int = 2  # within a frame
    label_size: int = 32  # numbers that stand for a label, and for a speaker
    dropout: float = 0.2
    temperature: float = 1.0  # below 1 what is likely is drawn more often than learned, 0 always the likeliest
    top_p: float = 0.95  # codes are drawn from the likeliest ones that have this share together

    def __post_init__(self) -> None:
        check_ranges(self, RANGES)
        check_names(labels=self.labels, speakers=self.speakers)

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def silent(self) -> int:
        """The symbol of a frame of digital silence, whose codes are -1."""
        return self.codebook_size

    @property
    def begin(self) -> int:
        """The symbol of what was before a sound."""
        return self.codebook_size + 1

    @property
    def has_position(self) -> bool:
        """Whether the network is told where in the sound it is."""
        return self.duration == "drawn"

    @property
    def n_inputs(self) -> int:
        """Numbers that the network over time gets in a frame: its codes' sum, position, label and speaker."""
        names = bool(self.labels) + bool(self.speakers)
        return self.width + POSITION_FEATURES * self.has_position + self.label_size * names

    @property
    def state_shape(self) -> tuple[int, ...]:
        """What the network over time remembers: vectors of the cells, or all that the convolutions look back to."""
        if self.cell == "convnext":
            return (self.n_layers * (self.kernel - 1) * self.hidden_size,)
        return (self.n_layers * (2 if self.cell == "lstm" else 1), self.hidden_size)


SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"hidden_size": 128, "width": 64},
    "small": {},
    "base": {"hidden_size": 512, "width": 320, "label_size": 64},
}
