"""General MIDI: the patch of each program; the bundled SoundFont is made by recipes/general_midi.py."""

from __future__ import annotations

DRUMS = -1
"""Key of the drums in a mapping of programs."""

_PIANOS = ("piano", "piano", "piano", "piano", "electric-piano", "wurly", "harpsichord", "clavinet")
_CHROMATIC = (
    *("celesta", "glockenspiel", "music-box", "vibraphone"),
    *("marimba", "xylophone", "tubular-bells", "koto"),
)
_ORGANS = (
    *("drawbar-organ", "jazz-organ", "gospel-organ", "pipe-organ"),
    *("reed-organ", "accordion", "reed-organ", "accordion"),
)
_GUITARS = (
    *("nylon-guitar", "steel-guitar", "clean-guitar", "clean-guitar"),
    *("muted-guitar", "overdriven-guitar", "distorted-lead", "kalimba"),
)
_BASSES = (
    *("upright-bass", "finger-bass", "slap-bass", "finger-bass"),
    *("slap-bass", "slap-bass", "saw-bass", "square-bass"),
)
_STRINGS = ("violin", "viola", "cello", "bowed-string", "tremolo-strings", "pizzicato", "harp", "marimba")
_ENSEMBLES = (
    *("string-ensemble", "slow-strings", "string-pad", "dark-pad"),
    *("choir-aah", "choir-ooh", "space-voice", "orchestra-hit"),
)
_BRASS = (
    *("trumpet", "trombone", "tuba", "muted-trumpet"),
    *("french-horn", "brass-section", "synth-brass", "synth-brass"),
)
_REEDS = ("saxophone", "saxophone", "saxophone", "saxophone", "oboe", "oboe", "bassoon", "clarinet")
_PIPES = ("flute", "flute", "recorder", "pan-flute", "flute-organ", "pan-flute", "whistle", "solo-triangle")
_LEADS = (
    *("square-lead", "saw-lead", "solo-triangle", "chip-lead"),
    *("distorted-lead", "solo-voice", "super-saw", "ladder-lead"),
)
_PADS = ("glass-pad", "warm-pad", "pulse-pad", "choir-aah", "bowed-string", "fm-pad", "cloud-pad", "sweep-pad")
_EFFECTS = ("rain-grains", "dark-pad", "crystal", "noise-pad", "shimmer", "morph-pad", "space-voice", "fm-pad")
_ETHNIC = ("sitar", "banjo", "koto", "koto", "kalimba", "oboe", "violin", "oboe")
_PERCUSSIVE = ("fm-bell", "steel-drum", "steel-drum", "marimba", "marimba", "steel-drum", "steel-drum", "riser")
_NOISES = ("muted-guitar", "wind-noise", "sea", "whistle", "telephone", "wind-noise", "sea", "laser")

GENERAL_MIDI = (
    *(_PIANOS + _CHROMATIC + _ORGANS + _GUITARS + _BASSES + _STRINGS + _ENSEMBLES + _BRASS),
    *(_REEDS + _PIPES + _LEADS + _PADS + _EFFECTS + _ETHNIC + _PERCUSSIVE + _NOISES),
)
"""Names of the patches of the programs 0 to 127."""

DRUM_KIT = "acoustic-kit"


def general_midi() -> dict[int, str]:
    """Return the patches of General MIDI by program, for :class:`.engine.SynthEngine`; -1 are the drums."""
    return {DRUMS: DRUM_KIT, **dict(enumerate(GENERAL_MIDI))}
