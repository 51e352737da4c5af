"""Encoder: learns from recordings without labels, and provides the embedding from which classifiers start.

Two views of one sound, cropped, stretched, filtered, and mixed with other clips and noise, are to be closer to each
other than to the views of all other clips of a batch. The network is that of a classifier without its last layer, so
``train --family classifier --from ENCODER`` is a plain warm start::

    wave -> log-mel spectrogram -> view -> BC-ResNet -> embedding -> projection -> contrastive loss

Papers:
    Chen, Kornblith, Norouzi and Hinton, "A Simple Framework for Contrastive Learning of Visual Representations"
    (SimCLR), 2020.
    Niizumi et al., "BYOL for Audio: Self-Supervised Learning for General-Purpose Audio Representation", 2021.
    Saeed, Grangier and Zeghidour, "Contrastive Learning of General-Purpose Audio Representations" (COLA), 2021.
    Kim et al., "Broadcasted Residual Learning for Efficient Keyword Spotting" (BC-ResNet), 2021.

Changes:
    - Views are made of log-mel spectrograms, which takes little time: a random equaliser is an added curve, a
      background is a logarithm of two exponentials.
    - A warp of the mel scale stands for other voices and other instruments.
    - The views of a pair overlap, so that the words stay the same; other segments of the same recording may be
      among the other clips of a batch.

Read ``recipe.py`` (views and batches), ``training.py`` (network and loss) and ``runtime.py``, in this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from ..classifier import with_batch_counters
from ..classifier.config import ENCODER_PREFIX
from .config import SIZES, EncoderConfig

if TYPE_CHECKING:
    import numpy as np

    from ...models.folder import ModelFolder


class EncoderFamily(Family[EncoderConfig]):
    """The family ``encoder``."""

    name = "encoder"
    config = EncoderConfig
    sizes = SIZES
    health = HealthRules(loss="valid/loss")
    ranking = "-valid/agreement"  # the loss depends on the temperature, which is searched
    dials = (
        *TRAINING_DIALS,
        Dial("model.width", choices=(1, 2, 3, 4)),
        Dial("model.temperature", 0.05, 0.5),
        Dial("data.mix_probability", 0.0, 1.0),
    )
    capabilities = frozenset({Capability.EMBED})
    weight_prefixes = (ENCODER_PREFIX,)

    def initial_weights(self, base: ModelFolder, config: EncoderConfig) -> dict[str, np.ndarray]:
        """Return the weights of ``base``."""
        return with_batch_counters(super().initial_weights(base, config))


ENCODER = EncoderFamily()
