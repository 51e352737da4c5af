"""Styles: presets of prosody by name, and the prosody of SSML's emphasis levels.

A preset changes rate, pitch, range, energy, volume and pauses by the same rule for every voice; no recordings were used
for it. The styles that an acoustic model learned from its recordings (``style-1`` and so on) are selected in the same
way. There is no whisper: the vocoders voice every frame whose mel bands are voiced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..base.errors import BadSetting
from .prosody import Prosody

STYLES = {
    "calm": Prosody(rate=0.91, pitch_semitones=-0.5, pitch_range=0.8, energy=0.9, pauses=1.3),
    "cheerful": Prosody(rate=1.06, pitch_semitones=1.5, pitch_range=1.4, energy=1.15, pauses=0.85),
    "sad": Prosody(rate=0.85, pitch_semitones=-1.5, pitch_range=0.6, energy=0.8, volume_db=-2.0, pauses=1.5),
    "angry": Prosody(rate=1.08, pitch_semitones=0.8, pitch_range=1.3, energy=1.4, volume_db=2.0, pauses=0.7),
    "excited": Prosody(rate=1.14, pitch_semitones=2.5, pitch_range=1.6, energy=1.25, pauses=0.7),
    "soft": Prosody(rate=0.95, pitch_semitones=-0.5, pitch_range=0.85, energy=0.75, volume_db=-4.0, pauses=1.2),
    "newsreader": Prosody(rate=1.03, pitch_range=1.1, energy=1.1, pauses=0.9),
    "storyteller": Prosody(rate=0.93, pitch_range=1.3, pauses=1.4),
}

EMPHASES = {
    "strong": Prosody(rate=0.85, pitch_semitones=1.5, pitch_range=1.2, energy=1.25, volume_db=2.0),
    "moderate": Prosody(rate=0.92, pitch_semitones=0.8, pitch_range=1.1, energy=1.12, volume_db=1.0),
    "none": Prosody(),
    "reduced": Prosody(rate=1.1, pitch_semitones=-0.7, pitch_range=0.85, energy=0.85, volume_db=-1.0),
}

USUAL_STRENGTH = 1.0
MAX_STRENGTH = 2.0  # of a preset; a learned style goes up to 1


@dataclass(frozen=True)
class Style:
    """A style at a strength: the prosody of a preset, and weights of the acoustic model's own styles."""

    prosody: Prosody = field(default_factory=Prosody)
    learned: dict[str, float] = field(default_factory=dict)


def parse_style(style: str | None, learned: Sequence[str] = ()) -> Style:
    """Parse ``NAME`` or ``NAME:STRENGTH``.

    - ``style``: such as ``sad`` or ``sad:0.6``; None or an empty string is the neutral style.
    - ``learned``: names of the acoustic model's own styles.

    Raises BadSetting if the name or the strength does not exist.
    """
    if not style:
        return Style()
    name, _, amount = style.partition(":")
    is_preset = name in STYLES
    if not is_preset and name not in learned:
        raise BadSetting(
            f"The style is {style!r}; it can be {', '.join((*STYLES, *learned))}, with a strength such as sad:0.6."
        )
    strongest = MAX_STRENGTH if is_preset else 1.0
    try:
        strength = float(amount) if amount else USUAL_STRENGTH
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= strongest:
        raise BadSetting(
            f"The strength of the style {name} is {amount!r}; it must be a number from 0 to {strongest:g}."
        )
    return Style(STYLES[name].scaled(strength)) if is_preset else Style(learned={name: strength})
