"""Transcriber: a network that finds the notes of several voices, with onsets, ends and velocities.

Every pitch is seen in the same way: the levels at its harmonics, in long windows that part pitches and in short ones
that part times, are stacked as channels. Convolutions over time, the same for all pitches, follow how a note begins and
decays. Convolutions over pitch let the pitches know of each other, so that a harmonic is no note::

    wave -> log-frequency spectra -> harmonics of each pitch -> convolutions -> onset, note and velocity of each pitch

Papers:
    Bittner, Bosch, Rubinstein, Meseguer-Brocal and Ewert, "A Lightweight Instrument-Agnostic Model for Polyphonic Note
    Transcription and Multipitch Estimation", 2022: stacked harmonics, and onsets beside notes.
    Hawthorne et al., "Onsets and Frames: Dual-Objective Piano Transcription", 2018: notes begin where onsets are found.
    He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015.

Changed from them: spectra of two resolutions instead of a constant-Q transform; one trunk of residual convolutions,
dilated over time, for all outputs; velocities.

Models are trained on recordings with a score of the same name beside each (``take.flac``, ``take.mid``).

Read ``config.py``, ``features.py`` (spectra), ``modules.py``, ``batches.py`` (targets), ``recipe.py``, ``training.py``,
``decoding.py`` (outputs to notes) and ``runtime.py``, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import SIZES, THRESHOLDS_FILE, WEIGHT_PREFIX, TranscriberConfig


class TranscriberFamily(Family[TranscriberConfig]):
    """The family ``transcriber``."""

    name = "transcriber"
    config = TranscriberConfig
    sizes = SIZES
    health = HealthRules(loss="valid/loss")
    dials = (*TRAINING_DIALS, Dial("model.channels", choices=(16, 24, 32, 48)), Dial("model.n_blocks", 2, 6))
    ranking = "valid/loss"
    capabilities = frozenset({Capability.TRANSCRIBE})
    weight_prefixes = (WEIGHT_PREFIX,)
    extra_files: ClassVar[Mapping[str, str]] = {THRESHOLDS_FILE: "probabilities from which on onsets and notes count"}


TRANSCRIBER = TranscriberFamily()
