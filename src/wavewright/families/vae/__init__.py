"""VAE: an encoder that compresses a clip to latent vectors, and a decoder that generates a clip from them.

The encoder predicts a Gaussian for each latent vector; the decoder reconstructs the clip from a sample of it; a
Kullback-Leibler penalty keeps all these Gaussians close to a standard normal distribution. So points between the
latents of two clips decode to clips as well: latents can be interpolated, varied, and moved along directions that
change one attribute.

Papers:
    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014; Rezende, Mohamed and Wierstra, "Stochastic
    Backpropagation", 2014.
    Higgins et al., "beta-VAE", 2017 (``beta``); Kingma et al., "Improved Variational Inference with Inverse
    Autoregressive Flow", 2016 (``free_nats``); Bowman et al., "Generating Sentences from a Continuous Space", 2016
    (``warmup_steps``).
    Larsen, Sonderby, Larochelle and Winther, "Autoencoding beyond pixels using a learned similarity metric", 2016
    (``adversarial_from``).
    Gritsenko, Salimans, van den Berg, Snoek and Kalchbrenner, "A Spectral Energy Distance for Parallel Speech
    Synthesis", 2020.
    Caillon and Esling, "RAVE", 2021; Siuzdak, "Vocos", 2023: an inverse STFT as the last layer.
    Berthelot, Raffel, Roy and Goodfellow, "Understanding and Improving Interpolation in Autoencoders via an Adversarial
    Regularizer", 2019: critics of interpolations (``critic_interpolations``).
    Ghosh et al., "From Variational to Deterministic Autoencoders", 2020: a Gaussian fitted to the latents of the
    training clips.

Changed from them: encoder and decoder work on STFT frames. The decoder predicts noise separately, as a gain for each
band, trained with an energy distance between spectrograms, since a deterministic decoder can only blur it. The decoder
is conditioned on label weights, so labels can be mixed; they are often dropped in training, so the latents suffice
without them.

Files of the training: `modules` (encoder and decoder), `network` (losses and turns), `training`, `recipe`. Files of
inference: `coding` (the graphs, block by block or live), `synthesis` (decoder frames to a wave), `latents` (their
distribution), `attributes`, `morphing`, and `runtime`, which joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
from .config import LATENTS_FILE, VaeConfig

if TYPE_CHECKING:
    import numpy as np

    from ...models.folder import ModelFolder


class VaeFamily(Family[VaeConfig]):
    """The family ``vae``."""

    name = "vae"
    summary = "clips as latent vectors: interpolate, vary and adjust them"
    config = VaeConfig
    health = HealthRules(
        loss="valid/mel",
        level_db="level_db",
        diversity="diversity",
        copying="copying",
        active_latents="valid/active",
        latents_remedy="lower model.beta, raise model.free_nats or let beta rise more slowly (model.warmup_steps)",
    )
    capabilities = frozenset({Capability.GENERATE, Capability.INTERPOLATE, Capability.AUTOENCODE})
    command = "morph FILE FILE --model {model}"
    weight_prefixes = ("encoder.encoder.", "decoder.decoder.")
    extra_files: ClassVar[Mapping[str, str]] = {
        LATENTS_FILE: "latents of the training clips, directions of the attributes"
    }

    def initial_weights(self, base: ModelFolder, config: VaeConfig) -> dict[str, np.ndarray]:
        """Return the tensors of the exported network of a training that starts from ``base``."""
        from .recipe import initial_weights

        return initial_weights(base, config)

    def new_tables(self, base: ModelFolder, config: VaeConfig) -> Sequence[str]:
        """Return the name of the conditioning layer if ``config`` has labels that ``base`` does not have."""
        from .recipe import new_tables

        return new_tables(base, config)


VAE = VaeFamily()
