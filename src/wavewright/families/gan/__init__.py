"""GAN: a generator that learns to make short clips by deceiving critics.

A generator turns a random latent vector and a label into a clip; critics learn to distinguish its clips from
recordings, and the generator learns to be mistaken for a recording. The two take turns::

    latent, label, code -> generator -> spectrum, noise gain -> inverse STFT -> clip -> critics -> logits
                                                                     recordings -> critics -> logits

Papers:
    Goodfellow et al., "Generative Adversarial Nets", 2014 (loss ``bce``).
    Donahue, McAuley and Puckette, "Adversarial Audio Synthesis" (WaveGAN), 2019: waveform generator and critic, phase
    shuffle.
    Chen et al., "InfoGAN", 2016: an interpretable code, recovered by a Q head.
    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017 (``wgan-gp``); Lim and Ye, "Geometric GAN", 2017
    (``hinge``).
    Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern GAN Baseline" (R3GAN), 2024
    (``r3gan``).
    Kingma and Dhariwal, "Glow", 2018, and Brock et al., "BigGAN", 2019: sampling from a narrower latent distribution
    (``temperature``).
    Siuzdak, "Vocos", 2023: magnitude and phase of an STFT as the last layer.

Changes:
    - The default generator predicts complex STFT frames and the gains of noise, followed by an inverse STFT.
    - The critics score spectrograms at three resolutions: two log-mel, one linear.
    - Upsampling is interpolation followed by convolution.
    - The R1 and R2 penalties are finite differences, without a second backward pass.
    - An energy distance between real and generated spectrograms of a class works against mode collapse.

Read ``training.py`` (generators, losses and turns) and ``runtime.py``, in this
order; the critics are in ``nn/critics.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...contracts.family import EMBEDDINGS_FILE, TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import LABEL_TABLE, SIZES, WEIGHT_PREFIX, GanConfig


class GanFamily(Family[GanConfig]):
    """The family ``gan``."""

    name = "gan"
    config = GanConfig
    sizes = SIZES
    health = HealthRules(
        level_db="level_db",
        diversity="diversity",
        copying="copying",
        diversity_remedy="give it more recordings, or raise model.energy_weight or model.penalty_weight",
        copying_remedy="use more recordings, a smaller --size, stop earlier, or raise model.copy_weight",
    )
    dials = (
        *TRAINING_DIALS,
        Dial("model.channels", 0.5, 1.5, is_relative=True),
        Dial("model.critic_channels", 0.5, 1.5, is_relative=True),
        Dial("model.penalty_weight", 0.2, 5.0, "log", is_relative=True),
        Dial("model.energy_weight", 0.25, 4.0, "log", is_relative=True),
    )
    capabilities = frozenset({Capability.GENERATE, Capability.INTERPOLATE})
    weight_prefixes = (WEIGHT_PREFIX,)
    few_shot_frozen = ("blocks.", "spectrum_head.", "noise_head.")
    extra_files: ClassVar[Mapping[str, str]] = {
        EMBEDDINGS_FILE: "embeddings of the training clips, for the search for copies"
    }

    def named_tables(self, config: GanConfig) -> Mapping[str, tuple[str, Sequence[str]]]:
        """Return the embedding of the labels."""
        return {LABEL_TABLE: ("label", config.labels)}


GAN = GanFamily()
