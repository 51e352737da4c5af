"""Prior: a small network that draws the codes of a codec, frame after frame, and so makes the codec a generator.

A codec turns audio into a few small numbers every 20 ms, coarse ones and finer ones. The next number is one of a few
hundred choices, whose probabilities a network learns well and fast. Over time the network gets the frames so far;
within a frame it draws the coarsest code first, and each finer one given the coarser ones. The decoder of the codec
makes audio of the codes, with the quality of the codec.

Papers:
    van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning", 2017: a prior over the codes of a
    VQ-VAE.
    Lee et al., "Autoregressive Image Generation using Residual Quantization", 2022: one network over positions, one
    over depth, that is over the codebooks of a position.
    Copet et al., "Simple and Controllable Music Generation", 2023: codes of a codec as the tokens of audio, and
    orders of codebooks.
    Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020: sampling from the likeliest codes (top-p).
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (cell ``lstm``); Cho et al., 2014 (``gru``); Liu et al.,
    "A ConvNet for the 2020s", 2022 (``convnext``).

Changed from them: the network over time is recurrent or convolutional with a context of a second, and draws on one core
many times faster than real time. Within a frame, a few layers serve all codebooks; their input sums the embeddings of
the coarser codes. A silent frame is one more symbol of the coarsest codebook. Whole clips are conditioned on the
position in a duration that is drawn beforehand, as in the family ``lstm``.

Read ``codec.py`` (codes to the vocabulary), ``modules.py`` (the networks), ``training.py`` (the loss) and
``sampling.py`` (drawing codes), in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...contracts.family import EMBEDDINGS_FILE, TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import SIZES, STATISTICS_FILE, PriorConfig


class PriorFamily(Family[PriorConfig]):
    """The family ``prior``."""

    name = "prior"
    config = PriorConfig
    sizes = SIZES
    health = HealthRules(loss="valid/bits")
    dials = (
        *TRAINING_DIALS,
        Dial("model.hidden_size", choices=(128, 192, 256, 384)),
        Dial("model.depth_layers", 1, 3),
    )
    capabilities = frozenset({Capability.GENERATE})
    weight_prefixes = ("time.predictor.", "depth.predictor.")
    extra_files: ClassVar[Mapping[str, str]] = {
        STATISTICS_FILE: "durations of the training clips, where durations are drawn",
        EMBEDDINGS_FILE: "embeddings of whole training clips, for the search for copies",
    }

    def named_tables(self, config: PriorConfig) -> Mapping[str, tuple[str, Sequence[str]]]:
        """Return the embeddings of labels and speakers."""
        return {
            "label_embedding.weight": ("label", config.labels),
            "speaker_embedding.weight": ("speaker", config.speakers),
        }


PRIOR = PriorFamily()
