"""Acoustic: phones to mel frames in parallel, with control over the duration, pitch and energy of every phone.

An encoder embeds the symbols of a sentence. Predictors estimate the duration, pitch, voicing and energy of each symbol.
Each symbol is repeated for its duration, and a decoder turns the frames into mel frames; a vocoder makes audio of
these. Since durations are explicit, no word is skipped or repeated, and the time of every word is exact::

    symbols -> encoder ---+--> duration predictor ------------------.
                 ^        |                                         v
    speaker, style        +--> prosody predictor -> embedding -> repeat -> decoder -> mel frames
    (style tokens)                                                  ^
                                              position in the symbol

In training, durations come from an alignment that is learned from the same recordings, and the prosody is measured.

Papers:
    Lancucki, "FastPitch: Parallel Text-to-speech with Pitch Prediction", 2021: pitch of each symbol, predicted and
    embedded.
    Ren et al., "FastSpeech 2: Fast and High-Quality End-to-End Text to Speech", 2021: energy, and the predictors.
    Badlani et al., "One TTS Alignment To Rule Them All", 2022: alignments learned by the forward-sum loss.
    Shih et al., "RAD-TTS: Parallel Flow-Based TTS with Robust Alignment Learning", 2021: the beta-binomial prior.
    Wang et al., "Style Tokens: Unsupervised Style Modeling, Control and Transfer in End-to-End Speech Synthesis", 2018.
    Kumar et al., "MelGAN", 2019: feature matching.
    Bourlard and Morgan, "Connectionist Speech Recognition", 1994: a network that learns from an alignment and aligns
    anew.

Changes:
    - Blocks are depthwise convolution, attention and two products, written as matrix products, which are fastest on
      CPUs.
    - A word boundary may have no frames, so words are linked or separated as they were spoken.
    - The aligner has a Gaussian for each symbol. It is trained first and alone, and then frozen.
    - A phone classifier is trained on the alignment. Later, its log-likelihoods are added to those of the aligner: it
      is more exact, because it sees neighbouring frames, and the aligner keeps it from drifting.
    - Critics of a few mel bands each sharpen the frames in the last stage, and the phone classifier has to recognise
      the phones in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import SIZES, SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig


class AcousticFamily(Family[AcousticConfig]):
    """The family ``acoustic``."""

    name = "acoustic"
    config = AcousticConfig
    sizes = SIZES
    health = HealthRules(loss="valid/mel")
    dials = (
        *TRAINING_DIALS,
        Dial("model.dropout", 0.0, 0.3),
        Dial("model.predictor_dropout", 0.1, 0.6),
        Dial("model.decoder_blocks", 4, 8),
    )
    ranking = "valid/mel"
    capabilities = frozenset({Capability.SPEAK})
    weight_prefixes = (WEIGHT_PREFIX,)
    few_shot_frozen = ("encoder.", "symbol_embedding.")
    extra_files: ClassVar[Mapping[str, str]] = {SPEAKERS_FILE: "usual style and pace of each speaker"}


ACOUSTIC = AcousticFamily()
