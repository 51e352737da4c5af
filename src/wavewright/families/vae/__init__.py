"""VAE: an encoder that turns a sound into a few numbers, and a decoder that turns such numbers into sound.

The idea: the encoder says for each sound where its latent numbers lie and how sure it is; the decoder rebuilds the sound from numbers
drawn there; a penalty keeps all sounds together close to a normal distribution. So the space between two sounds is filled with sounds:
one can walk from one to the other, go round one, or turn a sound brighter.

Papers:
    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014; Rezende, Mohamed and Wierstra, "Stochastic Backpropagation", 2014.
    Higgins et al., "beta-VAE", 2017 (``beta``); Kingma et al., "Improved Variational Inference with Inverse Autoregressive Flow", 2016
    (``free_nats``); Bowman et al., "Generating Sentences from a Continuous Space", 2016 (``warmup_steps``).
    Larsen, Sonderby, Larochelle and Winther, "Autoencoding beyond pixels using a learned similarity metric", 2016 (``adversarial_from``).
    Gritsenko, Salimans, van den Berg, Snoek and Kalchbrenner, "A Spectral Energy Distance for Parallel Speech Synthesis", 2020.
    Caillon and Esling, "RAVE", 2021; Siuzdak, "Vocos", 2023: an inverse STFT as the last layer.
    Berthelot, Raffel, Roy and Goodfellow, "Understanding and Improving Interpolation in Autoencoders via an Adversarial Regularizer",
    2019: critics that hear what lies between sounds (``judged_between``).
    Ghosh et al., "From Variational to Deterministic Autoencoders", 2020: a Gaussian fitted to the latents of the training sounds.

Changed from them: encoder and decoder work on STFT frames; noise is a part of the decoder of its own, with a gain for each band, learned
by an energy distance of spectrograms, which a decoder without chance can only blur; labels are weights, so that they can be mixed, and
are often withheld, so that the latents alone suffice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
from .config import LATENTS_FILE, METRICS, SIZES, VaeConfig

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import VaePrepared, VaeRecipe
    from .runtime import VaeRuntime
    from .training import VaeTraining


class VaeFamily(Family[VaeConfig, "VaeRecipe", "VaePrepared"]):
    """The family ``vae``."""

    name = "vae"
    summary = "clips as latent vectors: interpolate, vary and adjust them"
    config = VaeConfig
    sizes = SIZES
    metrics = METRICS
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

    def open(self, folder: ModelFolder) -> VaeRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import VaeRuntime

        return VaeRuntime(folder)

    def recipe(self, size: str) -> VaeRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(self, recipe: VaeRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> VaePrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> VaeTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import VaeTraining

        return VaeTraining()

    def fine_tuning(self, base: ModelFolder) -> VaeRecipe:
        """Return the recipe of a training that starts from ``base``."""
        from .recipe import fine_tuning

        return fine_tuning(base)

    def initial_weights(self, base: ModelFolder, config: VaeConfig) -> dict[str, np.ndarray]:
        """Return the tensors of the exported network of a training that starts from ``base``."""
        from .recipe import warm_start

        return warm_start(base, config)


VAE = VaeFamily()
