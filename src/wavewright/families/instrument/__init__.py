"""Instrument: a variational autoencoder of pitched notes with an additive decoder, which plays scores.

A note is the levels of its partials and of bands of noise over time. The encoder gives a latent of its timbre; the
decoder turns latent, pitch, velocity and time after the onset back into levels, which drive sines and filtered noise::

    note -> levels -> encoder -> latent
    latent, pitch, velocity, time -> decoder -> levels -> sines at multiples of the fundamental + noise -> wave

So tuning is exact, notes are as long as they are held, and latents between two instruments are instruments.

Papers:
    Serra and Smith, "Spectral Modeling Synthesis", 1990 (sines plus noise).
    Kingma and Welling, "Auto-Encoding Variational Bayes", 2013.
    Engel, Hantrakul, Gu and Roberts, "DDSP: Differentiable Digital Signal Processing", 2020.

Changed from them: levels are measured once, before training, and the network learns them, not the wave; a step costs
milliseconds. The latent of a note has to explain another note of the same instrument, so it holds no pitch. Each label
has a latent of its own, close to those of its notes.

Read ``analysis.py`` (levels of a note), ``training.py`` (network and loss), ``voice.py`` (levels to sound) and
``runtime.py`` (notes of a score), in this order.
"""

from __future__ import annotations

from ...contracts.family import Capability, Family, HealthRules
from .config import SIZES, InstrumentConfig


class InstrumentFamily(Family[InstrumentConfig]):
    """The family ``instrument``."""

    name = "instrument"
    config = InstrumentConfig
    sizes = SIZES
    health = HealthRules(loss="valid/level_db")
    capabilities = frozenset({Capability.GENERATE, Capability.PERFORM})


INSTRUMENT = InstrumentFamily()
