"""Classifier: recognises the label of a clip, and provides the embedding in which generated clips are judged.

Two-dimensional features that keep frequencies apart are averaged over frequency, processed along time alone (cheap),
and broadcast back over all frequencies as a residual. So a small network knows where in the spectrum something happens,
and when::

    wave -> log-mel spectrogram -> relative to its peak -> BC-ResNet -> embedding -> linear layer -> logits

Papers:
    Kim, Chang, Lee and Sung, "Broadcasted Residual Learning for Efficient Keyword Spotting" (BC-ResNet), 2021.
    Chang, Park, Cho, Park and Yun, "SubSpectral Normalization for Neural Audio Data Processing", 2021.
    Tokozume, Ushiku and Harada, "Learning from Between-class Examples for Deep Sound Recognition", 2018 (mixed waves).
    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018.
    Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition", 2019.

Changes:
    - The log-mel spectrogram is relative to its own peak, so that the level has no influence.
    - It has twice the mel bands, because low drums differ by a few tens of hertz.
    - Frames are weighted by their loudness in the mean over time, so that the silence after a clip does not count.
    - Recordings are augmented as drums, rooms and microphones vary them.

Read ``features.py``, ``modules.py``, ``training.py`` (the loss), ``batches.py`` and ``runtime.py``, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules, exported_weights
from .config import (
    CALIBRATION_FILE,
    ENCODER_FAMILY,
    ENCODER_PREFIX,
    LAST_LAYER,
    SCALE,
    SIZES,
    WEIGHT_PREFIX,
    ClassifierConfig,
)

if TYPE_CHECKING:
    import numpy as np

    from ...models.folder import ModelFolder

RUNNING_MEAN = "running_mean"  # of batch normalisation


class ClassifierFamily(Family[ClassifierConfig]):
    """The family ``classifier``."""

    name = "classifier"
    config = ClassifierConfig
    sizes = SIZES
    health = HealthRules(loss="valid/loss")
    dials = (
        *TRAINING_DIALS,
        Dial("model.width", choices=(1, 2, 3, 4)),
        Dial("model.dropout", 0.0, 0.4),
        Dial("data.mixup_alpha", 0.0, 0.6),
        Dial("data.mask_probability", 0.0, 1.0),
    )
    capabilities = frozenset({Capability.CLASSIFY})
    weight_prefixes = (WEIGHT_PREFIX,)
    starts_from = (ENCODER_FAMILY,)
    extra_files: ClassVar[Mapping[str, str]] = {
        CALIBRATION_FILE: "temperature, and the limit of clips that fit no label"
    }

    def initial_weights(self, base: ModelFolder, config: ClassifierConfig) -> dict[str, np.ndarray]:
        """Return the weights of ``base``; a new label has the mean row of the last layer, an encoder no last layer."""
        if base.card.family in self.starts_from:
            weights = exported_weights(base, (ENCODER_PREFIX,))
        else:
            weights = super().initial_weights(base, config)
        return with_batch_counters(weights)

    def fresh_weights(self, base: ModelFolder, config: ClassifierConfig) -> tuple[str, ...]:
        """Return the last layer for a base that has none."""
        return (*LAST_LAYER, SCALE) if base.card.family in self.starts_from else ()

    def new_tables(self, base: ModelFolder, config: ClassifierConfig) -> Sequence[str]:
        """Return the last layer if it has rows that ``base`` does not have."""
        return LAST_LAYER if base.card.family in self.starts_from else super().new_tables(base, config)

    def named_tables(self, config: ClassifierConfig) -> Mapping[str, tuple[str, Sequence[str]]]:
        """Return the weights of the last layer."""
        return dict.fromkeys(LAST_LAYER, ("label", config.labels))


def with_batch_counters(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return weights with the counters of batch normalisation, for which graphs have no use."""
    import numpy as np

    means = [name for name in weights if name.endswith(RUNNING_MEAN)]
    counters = {name.removesuffix(RUNNING_MEAN) + "num_batches_tracked": np.zeros((), np.int64) for name in means}
    return {**weights, **counters}


CLASSIFIER = ClassifierFamily()
