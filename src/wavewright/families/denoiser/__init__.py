"""Denoiser: a causal network that estimates, frame by frame, a mask which removes noise from a noisy spectrum.

The spectrum of a frame is divided into bands of about the resolution of hearing. Each band becomes a vector. Recurrent
layers over time, with the same weights in every band, follow the noise and the voice in each band; mixers over bands
see the whole spectrum. The mask of each bin is complex, so it corrects magnitude and phase. Features are divided by
their mean level so far, so the level of a recording changes nothing. Bands above 8 kHz have an estimator of their own,
which knows what the one below knows: a model at 48 kHz is one at 16 kHz with more above it. A learned vector for each
band is added where reverberation is to be removed. With ``removes=background`` it is trained to leave dialogue alone
of films, and with the reverberation that it has. With ``removes=echo`` the network processes what a linear echo
canceller leaves. With ``shape=strided`` convolutions over frequency lie before and after the bands, the first with a
stride of four bins, and attention takes the place of the mixers.

Papers:
    Ahn et al., "FastEnhancer: Speed-Optimized Streaming Neural Speech Enhancement", 2025: the strided shape. Its
    weight normalisation is left out, since batch normalisation and the optimizer Muon make the scale of weights
    indifferent.
    Luo and Yu, "Music Source Separation with Band-split RNN", 2023: bands, each with layers of its own at both ends.
    Rong et al., "GTCRN: A Speech Enhancement Model Requiring Ultralow Computational Resources", 2024: the loss, and
    recurrent layers over time and over frequency in turn.
    Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", 2021: the mixers, in place of recurrent layers
    over frequency, which are slow to train.
    Valin, "A Hybrid DSP/Deep Learning Approach to Real-Time Full-Band Speech Enhancement", 2018: gains of bands
    (``mask=gain``).

Read ``config.py`` (the bands), ``modules.py``, ``mixing.py``, ``recipe.py`` (settings, and batches of noisy recordings
and of calls), ``training.py`` (losses and evaluation) and ``runtime.py``, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import BATCH_NORM_EPSILON, SIZES, UPPER_PREFIX, WEIGHT_PREFIX, DenoiserConfig

if TYPE_CHECKING:
    from ...models.folder import ModelFolder
    from .runtime import DenoiserRuntime, PostFilterRuntime


RUNNING_VARIANCE = ".norm.running_var"


class DenoiserFamily(Family[DenoiserConfig]):
    """The family ``denoiser``."""

    name = "denoiser"
    config = DenoiserConfig
    sizes = SIZES
    health = HealthRules(loss="valid/stft")
    dials = (
        *TRAINING_DIALS,
        Dial("model.channels", choices=(16, 24, 32, 40, 48)),
        Dial("model.n_blocks", 1, 4),
        Dial("data.crop_seconds", 1.5, 5.0),
    )
    ranking = "valid/stft"
    capabilities = frozenset({Capability.ENHANCE, Capability.SEPARATE, Capability.CANCEL_ECHO})
    weight_prefixes = (WEIGHT_PREFIX,)

    def fresh_weights(self, base: ModelFolder, config: DenoiserConfig) -> tuple[str, ...]:
        """Return what ``base`` does not have: the estimator above 8 kHz, and layers that run backwards."""
        other = base.config(DenoiserConfig)
        upper = (UPPER_PREFIX,) if config.upper_edges and not other.upper_edges else ()
        return upper + tuple(prefix for prefix in config.backward_weights if prefix not in other.backward_weights)

    def initial_weights(self, base: ModelFolder, config: DenoiserConfig) -> dict[str, np.ndarray]:
        """Return the tensors of a training that starts from ``base``, whose convolutions are normalised again."""
        weights = super().initial_weights(base, config)
        for name in [name for name in weights if name.endswith(RUNNING_VARIANCE)]:
            prefix = name.removesuffix(RUNNING_VARIANCE)
            scale = weights[f"{prefix}.norm.weight"] / np.sqrt(weights[name] + BATCH_NORM_EPSILON)
            weight = weights[f"{prefix}.weight"]
            weights[f"{prefix}.weight"] = weight.reshape(len(weight), -1) / scale[:, None]
            weights[f"{prefix}.norm.num_batches_tracked"] = np.array(0)
            del weights[f"{prefix}.bias"]
        return weights

    def open(self, folder: ModelFolder) -> DenoiserRuntime | PostFilterRuntime:
        """Open a denoiser or a post-filter of echo, by what the model removes."""
        from .runtime import DenoiserRuntime, PostFilterRuntime

        return PostFilterRuntime(folder) if folder.card.config.get("removes") == "echo" else DenoiserRuntime(folder)

    def capabilities_of(self, config: Mapping[str, object]) -> frozenset[Capability]:
        """Return the capability by what the model removes."""
        by_what = {"echo": Capability.CANCEL_ECHO, "background": Capability.SEPARATE}
        return frozenset({by_what.get(str(config.get("removes")), Capability.ENHANCE)})


DENOISER = DenoiserFamily()
