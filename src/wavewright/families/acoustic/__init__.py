"""Acoustic: symbols of speech to mel frames, all at once, with duration, pitch and energy of every symbol in your hands.

The idea: an encoder hears the symbols of a sentence, small predictors say how long, how high and how loud each one is, each symbol is
repeated for as many frames as it lasts, and a decoder makes mel frames of them; a vocoder makes sound of those. Since durations are
known, nothing is skipped or said twice, and the time of every word is exact.

Papers:
    Lancucki, "FastPitch: Parallel Text-to-speech with Pitch Prediction", 2021: pitch of each symbol, predicted, changed and given back.
    Ren et al., "FastSpeech 2: Fast and High-Quality End-to-End Text to Speech", 2021: energy, and what is predicted from what.
    Badlani et al., "One TTS Alignment To Rule Them All", 2022: alignments learned by a sum over all of them, without any other tool.
    Shih et al., "RAD-TTS: Parallel Flow-Based TTS with Robust Alignment Learning", 2021: its prior.
    Wang et al., "Style Tokens: Unsupervised Style Modeling, Control and Transfer in End-to-End Speech Synthesis", 2018.
    Kumar et al., "MelGAN", 2019: features of critics, compared.
    Bourlard and Morgan, "Connectionist Speech Recognition", 1994: a network that learns from an alignment and aligns anew.

Changed from them: blocks are depthwise convolution, attention and two products, written as matrix products, which CPUs multiply fastest;
a word boundary may last no time at all, so that words are bound together or parted as they were spoken; the aligner has a Gaussian for each
symbol, which has to explain its frames, learns first, by itself, and stays as it is while the voice learns; a listener learns the phones
that it finds, hears what stands around them, and soon aligns with it, their log-likelihoods added: more exactly than either, and the
aligner keeps the listener from drifting off with what it taught itself; critics of a few mel bands each, all of them matrix products,
sharpen the frames at last, and the listener has to understand them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import Capability, Family
from .config import METRICS, SIZES, SPEAKERS_FILE, AcousticConfig

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import AcousticPrepared, AcousticRecipe
    from .runtime import AcousticRuntime
    from .training import AcousticTraining


class AcousticFamily(Family[AcousticConfig, "AcousticRecipe", "AcousticPrepared"]):
    """The family ``acoustic``."""

    name = "acoustic"
    summary = "speech: symbols to mel frames, with control over duration, pitch and energy of each"
    config = AcousticConfig
    sizes = SIZES
    metrics = METRICS
    capabilities = frozenset({Capability.SPEAK})
    command = "speak 'Hello.' --voice {model}"
    weight_prefixes = ("voice.",)
    extra_files: ClassVar[Mapping[str, str]] = {SPEAKERS_FILE: "usual style and pace of each speaker"}

    def open(self, folder: ModelFolder) -> AcousticRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import AcousticRuntime

        return AcousticRuntime(folder)

    def recipe(self, size: str) -> AcousticRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(
        self, recipe: AcousticRecipe, entries: Sequence[Entry], cache_folder: Path | None = None
    ) -> AcousticPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> AcousticTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import AcousticTraining

        return AcousticTraining()

    def fine_tuning(self, base: ModelFolder) -> AcousticRecipe:
        """Return the recipe of a training that starts from ``base``."""
        from .recipe import fine_tuning

        return fine_tuning(base)

    def initial_weights(self, base: ModelFolder, config: AcousticConfig) -> dict[str, np.ndarray]:
        """Return the tensors of the exported network of a training that starts from ``base``."""
        from .recipe import warm_start

        return warm_start(base, config)

    def new_tables(self, base: ModelFolder, config: AcousticConfig) -> Sequence[str]:
        """Return the tables with rows of speakers or symbols that ``base`` does not have."""
        from .recipe import new_tables

        return new_tables(base, config)


ACOUSTIC = AcousticFamily()
