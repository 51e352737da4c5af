"""Composer: a network that writes scores on a grid of sixteenths, voice by voice.

A piece is a grid: in each sixteenth, one cell for each voice (or for the melody and its chord, or for each drum). A
network over time gets the steps so far; within a step, a small network draws one voice after the other, each given
those before it: first whether its note goes on, then, if not, what starts.

Papers:
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (cell ``lstm``).
    Vaswani et al., "Attention Is All You Need", 2017, and Su et al., "RoFormer: Enhanced Transformer with Rotary
    Position Embedding", 2021 (cell ``transformer``).
    Boulanger-Lewandowski, Bengio and Vincent, "Modeling Temporal Dependencies in High-Dimensional Sequences", 2012: a
    joint distribution of the notes of a step.
    Huang et al., "Music Transformer", 2019: scores by attention; intervals rather than pitches.
    Waite, "Generating Long-Term Structure in Songs and Stories", 2016: what may be repeated is an input (lookback).
    Hadjeres, Pachet and Nielsen, "DeepBach: a Steerable Model for Bach Chorales Generation", 2017: fixed voices.

Changed from them: the network over time takes one step for a sixteenth, not for a note. Of the past it also gets
the step that followed the longest match. Logits of notes are sums over intervals to the other voices. Known
cells ahead are inputs, so one network continues, fills gaps, varies, and adds voices to given ones.

Read ``vocabulary.py`` (symbols), ``grid.py`` (cells and features), ``modules.py`` (the networks), ``training.py`` (the
loss), ``drawing.py`` (drawing cells), ``form.py`` (which bars return, and cadences) and ``traits.py`` (how dense, high,
full and hard), in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import FORM_FILE, SIZES, WEIGHT_PREFIXES, ComposerConfig


class ComposerFamily(Family[ComposerConfig]):
    """The family ``composer``."""

    name = "composer"
    config = ComposerConfig
    sizes = SIZES
    health = HealthRules(loss="valid/nats")
    dials = (
        *TRAINING_DIALS,
        Dial("model.hidden_size", choices=(96, 128, 160, 192, 256)),
        Dial("model.n_layers", 1, 4),
        Dial("model.dropout", 0.0, 0.4),
        Dial("model.feature_dropout", 0.0, 0.3),
    )
    capabilities = frozenset({Capability.COMPOSE})
    extra_files: ClassVar[Mapping[str, str]] = {FORM_FILE: "forms of the training scores, their traits"}
    weight_prefixes = WEIGHT_PREFIXES
    learns_from_scores = True


COMPOSER = ComposerFamily()
