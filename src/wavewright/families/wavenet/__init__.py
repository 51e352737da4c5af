"""WaveNet: a network that draws one sample after another, given all samples before it.

Stacked causal convolutions whose dilation doubles from layer to layer have a context of thousands of past samples;
gated units and skip connections turn it into the distribution of the next sample, which is drawn from it.

Papers:
    van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016: dilated causal convolutions, gated units,
    skip connections, mu-law.
    Salimans, Karpathy, Chen and Kingma, "PixelCNN++", 2017: the discretised mixture of logistics (head ``logistics``).
    Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018: WaveNet as a
    vocoder.
    Le Paine et al., "Fast Wavenet Generation Algorithm", 2016: each layer caches its past inputs, so that a sample
    costs one pass.

Changed from them: the input of the first layer is a short stretch of past samples, so that a linear prediction is one
matrix. The condition (label, speaker, position or mel frames) is projected for each layer at a few hundred rows per
second and held between them, so that it costs little for each sample. All matrix products are over (batch, time,
channels). Short clips are conditioned on the position in a duration that is drawn beforehand.

Read ``modules.py`` (the networks), ``training.py`` (the loss), ``signal.py`` (what a sample is), ``engine.py`` (drawing
samples) and ``runtime.py``, in this order. ``kernels.py`` and ``wide_dots.py`` are the compiled loop of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import CONTOURS_FILE, DURATIONS_FILE, SIZES, WaveNetConfig

if TYPE_CHECKING:
    import numpy as np

    from ...models.folder import ModelFolder
    from .runtime import WaveNetRuntime, WaveNetVocoder


class WaveNetFamily(Family[WaveNetConfig]):
    """The family ``wavenet``."""

    name = "wavenet"
    config = WaveNetConfig
    sizes = SIZES
    health = HealthRules(loss="valid/bits")
    dials = (
        *TRAINING_DIALS,
        Dial("model.channels", choices=(32, 48, 64, 96)),
        Dial("model.n_layers", choices=(10, 16, 20, 24)),
        Dial("data.crop_samples", 0.5, 2.0, "log", is_relative=True),
    )
    capabilities = frozenset({Capability.GENERATE, Capability.VOCODE})
    weight_prefixes = ("condition.",)  # and the weights of the layers, see initial_weights
    extra_files: ClassVar[Mapping[str, str]] = {
        DURATIONS_FILE: "durations of the training clips",
        CONTOURS_FILE: "their contours of loudness, pitch and voicing, for a model with contours",
    }

    def open(self, folder: ModelFolder) -> WaveNetRuntime | WaveNetVocoder:
        """Open a generator or a vocoder, by the condition of the model."""
        from .runtime import WaveNetRuntime, WaveNetVocoder

        is_vocoder = folder.config(WaveNetConfig).condition == "mel"
        return WaveNetVocoder(folder) if is_vocoder else WaveNetRuntime(folder)

    def capabilities_of(self, config: Mapping[str, object]) -> frozenset[Capability]:
        """Return the capability of a model: a vocoder with condition ``mel``, otherwise a generator."""
        return frozenset({Capability.VOCODE if config.get("condition") == "mel" else Capability.GENERATE})

    def initial_weights(self, base: ModelFolder, config: WaveNetConfig) -> dict[str, np.ndarray]:
        """Return the weights of ``base``; a new label or speaker has the mean embedding of the known ones."""
        from .weights import checked_tensors, to_module_names

        known = base.config(WaveNetConfig)
        conditioner = super().initial_weights(base, config)
        return conditioner | to_module_names(checked_tensors(known, base.weights()), known)

    def named_tables(self, config: WaveNetConfig) -> Mapping[str, tuple[str, Sequence[str]]]:
        """Return the embeddings of labels and speakers."""
        return {
            "conditioner.label_embedding.weight": ("label", config.labels),
            "conditioner.speaker_embedding.weight": ("speaker", config.speakers),
        }


WAVENET = WaveNetFamily()
