"""VAE: an encoder that compresses a clip to latent vectors, and a decoder that generates a clip from them.

The encoder predicts a Gaussian for each latent vector; the decoder reconstructs the clip from a sample of it; a
Kullback-Leibler penalty keeps all these Gaussians close to a standard normal distribution. So points between the
latents of two clips decode to clips as well: latents can be interpolated, varied, and moved along directions that
change one attribute.

One clip of the default configuration, 0.71 s at 44.1 kHz, passes through these shapes::

    wave                   (31232,)
    STFT                   (125, 513)             frames, bins: windows of 1024 samples every 256
    features               (125, 1539)            log power, real and imaginary part of each bin
      encoder
    mean, log variance     (1, 64)                latents, dimensions
      sample of the Gaussian, with the conditioning: label weights, pitch
      decoder
    head                   (125, 1539)            tone: log gain, real and imaginary part of each bin
    log gains              (125, 64)              noise: log gain of each band
      tone + filtered white noise
    STFT                   (125, 513)
      inverse STFT
    wave                   (31232,)

With ``latent=clip`` one latent vector stands for all 125 frames of a one-shot; with ``latent=frames`` one for every 4
frames of a clip of any length. 125 frames are 31232 / 256 and the 3 windows that start before the clip.

Real and imaginary parts have the square root of the magnitude. They are divided by the phase that a tone at the bin's
centre has advanced since the first frame, so a steady tone is constant over the frames. The head is compressed
likewise: with ``c`` = real + i imaginary part and the log gain ``g``, the tone is ``(c e^g) |c e^g|`` times the scale
of the STFT, so the log gain counts twice.

Inference encodes a recording as the mean of its Gaussian. It also measures the residual: each bin's gain from the
reconstruction's mean power to the recording, with the recording's phases. ``morph``, ``vary`` and ``adjust`` add it by
default. At ``residual=1`` these replace the decoder's phases and noise, so the seed of the noise hardly matters, and a
morph starts and ends nearly with the recordings themselves. The three methods align one-shots first (``encode`` does
not), and condition the decoder on the labels of the 5 nearest training clips, unless labels are named; ``decode``
conditions it on none.

``generate`` draws latents from the Gaussian fitted to the training clips of a label; without a label, clip after clip
takes the next label. The vectors of a sequence are first-order autoregressive, AR(1), in whitened coordinates.

Papers:
    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014; Rezende, Mohamed and Wierstra, "Stochastic
    Backpropagation", 2014.
    Higgins et al., "beta-VAE", 2017 (``beta``); Kingma et al., "Improved Variational Inference with Inverse
    Autoregressive Flow", 2016 (``free_nats``); Bowman et al., "Generating Sentences from a Continuous Space", 2016
    (``warmup_steps``).
    Larsen, Sonderby, Larochelle and Winther, "Autoencoding beyond pixels using a learned similarity metric", 2016
    (``adversarial_from``); Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern GAN
    Baseline" (R3GAN), 2024: the critics' losses.
    Gritsenko, Salimans, van den Berg, Snoek and Kalchbrenner, "A Spectral Energy Distance for Parallel Speech
    Synthesis", 2020.
    Caillon and Esling, "RAVE", 2021; Siuzdak, "Vocos", 2023: an inverse STFT as the last layer.
    Berthelot, Raffel, Roy and Goodfellow, "Understanding and Improving Interpolation in Autoencoders via an Adversarial
    Regularizer", 2019: critics of interpolations (``critic_interpolations``).
    Ghosh et al., "From Variational to Deterministic Autoencoders", 2020: a Gaussian fitted to the latents of the
    training clips.
    Griffin and Lim, "Signal Estimation from Modified Short-Time Fourier Transform", 1984.

Changes:
    - Encoder and decoder work on STFT frames. The decoder predicts compressed real and imaginary parts. The unit phasor
      of Vocos cannot shrink where a phase is unpredictable.
    - The decoder predicts noise separately, as a gain for each band, trained with an energy distance between
      spectrograms, since a deterministic decoder can only blur it.
    - The decoder is conditioned on label weights, so labels can be mixed. They are often dropped in training, so the
      latents suffice without them.
    - Feature matching is one L1 distance between the pooled features of the critics' last layers, not one for each
      layer.
    - In models with ``latent=clip``, inference and validation rebuild the bins below 600 Hz by Griffin-Lim (not where
      the whole residual is added). The losses compare waves without it.
    - The residual of a recording, which no latent vector can represent, is measured and added back.
    - One Gaussian is fitted for each label. Slerp is around the mean of its ends' distribution: the label's mean for
      ``interpolate``; the mean of the labels' means for ``morph``; 0, the mean of the prior, for the critics of
      interpolations, since the others are fitted after training.
    - Attributes are adjusted along directions fitted by regression: Broyden's method with damped updates decodes and
      measures at most 16 candidates, the one nearest to the target is taken (another if its attack is not intact), and
      only brightness and loudness are completed, by a spectral tilt and by a gain.

Train a model, or start from the weights of another one, and use it::

    wavewright train my-one-shots --family vae --max-minutes 30 --out runs/mine
    wavewright train my-one-shots --family vae --from morph-drums --out runs/mine
    wavewright train my-recordings --family vae --set model.latent=frames --max-minutes 30 --out runs/frames
    wavewright morph a.wav b.wav --model runs/mine

    wavewright.train("my-one-shots", "vae", "base", "runs/mine", max_minutes=30)
    wavewright.load("runs/mine").morph(wave_a, wave_b)

Read four objects for a first idea: `training.Vae`, `modules.VaeDecoder.forward`, `runtime.VaeRuntime.morph` and
`coding.LatentStream`. To change something, read `config`, `conditioning`, `modules` (encoder and decoder), `recipe`
(settings of data and training) and `training` (losses and turns), in this order. Inference
starts with `runtime`, which calls `coding` (the graphs, block by block or live) with `synthesis` (the decoder's outputs
to a wave, the residual), `latent_distribution`, `morphing`, `attributes`, `adjustment` and `embedding_2d`. The file
that ``wavewright encode`` writes is in :mod:`wavewright.inference.latent_clips.latent_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import LATENTS_FILE, SIZES, VaeConfig


class VaeFamily(Family[VaeConfig]):
    """The family ``vae``."""

    name = "vae"
    config = VaeConfig
    sizes = SIZES
    health = HealthRules(
        loss="valid/mel",
        level_db="level_db",
        diversity="diversity",
        copying="copying",
        active_latents="valid/active",
        latents_remedy="lower model.beta, raise model.free_nats or let beta rise more slowly (model.warmup_steps)",
    )
    dials = (
        *TRAINING_DIALS,
        Dial("model.channels", 0.5, 1.5, is_relative=True),
        Dial("model.hidden", 0.5, 1.5, is_relative=True),
        Dial("model.decoder_blocks", 3, 9),
        Dial("model.complex_weight", 0.3, 3.0, "log"),
    )
    capabilities = frozenset({Capability.GENERATE, Capability.INTERPOLATE, Capability.AUTOENCODE, Capability.MORPH})
    # The graph's file, then the attribute of the module that is exported to it, such as VaeEncoderGraph.encoder.
    weight_prefixes = ("encoder.encoder.", "decoder.decoder.")
    few_shot_frozen = ("encoder.", "decoder.head.", "decoder.noise_head.")
    extra_files: ClassVar[Mapping[str, str]] = {
        LATENTS_FILE: "latents of the training clips, directions of the attributes"
    }


VAE = VaeFamily()
