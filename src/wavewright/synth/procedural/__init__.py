"""Sound effects made by rules, without a model: textures of any length, and one-shots."""

from collections.abc import Mapping

from .click import Click
from .engine import CombustionEngine
from .explosion import Explosion
from .fire import Fire
from .footsteps import Footsteps
from .impact import Impact
from .laser import Laser
from .procedure import OneShot, Procedure, Texture
from .rain import Rain
from .stream import Stream
from .thunder import Thunder
from .wind import Wind

PROCEDURES: Mapping[str, type[Procedure]] = {
    "wind": Wind,
    "rain": Rain,
    "fire": Fire,
    "stream": Stream,
    "footsteps": Footsteps,
    "engine": CombustionEngine,
    "thunder": Thunder,
    "explosion": Explosion,
    "impact": Impact,
    "laser": Laser,
    "click": Click,
}
"""Procedures by their names, of which the mixtures for denoisers (data/mixing.py) draw, too."""

__all__ = [
    "PROCEDURES",
    "Click",
    "CombustionEngine",
    "Explosion",
    "Fire",
    "Footsteps",
    "Impact",
    "Laser",
    "OneShot",
    "Procedure",
    "Rain",
    "Stream",
    "Texture",
    "Thunder",
    "Wind",
]
