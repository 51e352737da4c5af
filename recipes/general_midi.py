"""Make the bundled bank of General MIDI's 128 programs and two drum kits, of recordings and from formulas.

python recipes/general_midi.py FOLDER             # into the package; FOLDER as in general_midi_recorded.py
python recipes/general_midi.py FOLDER --out X.sf2 # 16 bits, without compression

Every program is a recorded instrument or one of some fifty tones from formulas, with its own envelope, filter and
vibrato. The levels of all programs are set so that a note of each is equally loud.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from general_midi_drums import DRUMS
from general_midi_recorded import (
    CLAP,
    CREDITS,
    POWER_KEYS,
    POWER_KIT,
    POWER_LAYERS,
    RATE as RECORDED_RATE,
    RECORDED,
    Note,
    Recorded,
    notes_of,
)
from general_midi_tones import LONG_S, RATE, Sampled, Tone, sampled

from wavewright.dsp.loudness import LoudnessMeter
from wavewright.synth.soundfont import (
    NewEntry,
    NewSample,
    SoundFont,
    SoundFontEngine,
    generators as gen,
    read_soundfont,
    write_soundfont,
)
from wavewright.synth.soundfont.player import BUNDLED_BANK, PlayerSettings
from wavewright.synth.soundfont.zones import Zone

AAH: tuple[tuple[float, float, float], ...] = ((750, 22, 0.35), (1_150, 18, 0.3), (2_800, 14, 0.3), (3_600, 10, 0.3))
OOH = ((330, 20, 0.5), (800, 14, 0.35), (2_400, 4, 0.4))
VIOLIN = ((290, 6, 0.3), (460, 7, 0.3), (1_000, 4, 0.5), (2_600, 9, 0.5))
BRASS = ((1_200, 9, 0.7), (2_200, 5, 0.6))

TONES = {
    "fm piano": Tone(
        ratios=((1, 1, 7), (2, 0.3, 3), (3, 0.12, 2.5), (4, 0.1, 1.5), (14, 0.2, 0.5), (15, 0.1, 0.4)),
        voices=2,
        detune_cents=4,
        start_s=0.6,
        loop_s=0.4,
        roots=(48, 70),
    ),
    "harpsichord": Tone(
        3.5,
        pluck=0.11,
        decay_s=5,
        decay_slope=0.6,
        hammer=0.2,
        hammer_hz=3_000,
        hammer_s=0.006,
        start_s=0.6,
        loop_s=0.2,
        roots=(48, 70),
    ),
    "clavinet": Tone(4.0, pluck=0.17, bands=((900, 6, 0.8),), decay_s=4, decay_slope=0.7, start_s=0.4, roots=(48, 67)),
    "celesta": Tone(
        ratios=((1, 1, 2.2), (3.0, 0.15, 1), (4.1, 0.2, 0.8), (8.2, 0.06, 0.3)),
        hammer=0.08,
        hammer_hz=3_000,
        start_s=0.5,
        loop_s=0.1,
        roots=(66, 88),
    ),
    "glockenspiel": Tone(
        ratios=((1, 1, 2.4), (2.76, 1.2, 1.2), (5.4, 0.9, 0.6), (8.93, 0.4, 0.3)),
        start_s=0.6,
        loop_s=0.1,
        roots=(72, 92),
    ),
    "vibraphone": Tone(ratios=((1, 1, 6), (4, 0.16, 2), (9.9, 0.05, 0.5)), start_s=0.4, loop_s=0.1, roots=(58, 78)),
    "marimba": Tone(
        ratios=((1, 1, 1.1), (3.93, 0.25, 0.35), (9.6, 0.1, 0.12)),
        decay_slope=0.8,
        hammer=0.12,
        hammer_hz=900,
        hammer_s=0.008,
        start_s=0.5,
        loop_s=0.1,
        roots=(52, 72),
    ),
    "xylophone": Tone(
        ratios=((1, 1, 0.7), (3, 1.0, 0.35), (6.2, 0.6, 0.15), (10.1, 0.35, 0.08)),
        hammer=0.2,
        hammer_hz=2_500,
        hammer_s=0.005,
        drive=3.0,
        start_s=0.4,
        loop_s=0.1,
        roots=(72,),
    ),
    "tubular bell": Tone(
        ratios=(
            (0.5, 0.3, 6),
            (1, 0.7, 6),
            (1.5, 0.5, 5),
            (2, 0.9, 4.5),
            (2.66, 0.9, 3),
            (3.36, 0.7, 2),
            (4.1, 0.6, 1.4),
            (5.0, 0.5, 0.9),
        ),
        start_s=0.9,
        loop_s=0.5,
        roots=(60, 74),
    ),
    "drawbars": Tone(
        drawbars=(0.6, 0.5, 1, 0.7, 0.25, 0.2, 0, 0, 0.15),
        hammer=0.05,
        hammer_hz=2_500,
        hammer_s=0.004,
        start_s=0.05,
        loop_s=0.2,
        roots=(48, 70),
    ),
    "rock organ": Tone(drawbars=(0.8, 0.7, 1, 0.6, 0.5, 0.5, 0.3, 0.3, 0.4), start_s=0.05, loop_s=0.2, roots=(48, 70)),
    "pipes": Tone(
        5.5,
        drawbars=(0.5, 0.0, 1, 0.9, 0.3, 0.7, 0, 0.25, 0.45),
        voices=3,
        detune_cents=5,
        breath=0.02,
        start_s=0.05,
        loop_s=1.0,
        roots=(48, 70),
    ),
    "reed": Tone(
        6.0,
        even=0.8,
        bands=((1_400, 6, 0.7), (3_000, 4, 0.5)),
        voices=2,
        detune_cents=6,
        start_s=0.05,
        loop_s=0.5,
        roots=(50, 70),
    ),
    "harmonica": Tone(5.0, even=0.6, bands=((1_800, 10, 0.6),), breath=0.03, start_s=0.05, loop_s=0.3, roots=(67,)),
    "nylon": Tone(
        8.5,
        pluck=0.2,
        bands=((220, 4, 0.5),),
        decay_s=4,
        decay_slope=0.6,
        hammer=0.18,
        hammer_hz=900,
        hammer_s=0.008,
        start_s=0.7,
        loop_s=0.2,
        roots=(45, 62),
    ),
    "steel": Tone(
        6.0,
        pluck=0.14,
        decay_s=6,
        decay_slope=0.6,
        inharmonicity=6e-5,
        hammer=0.15,
        hammer_hz=3_200,
        hammer_s=0.006,
        start_s=0.8,
        loop_s=0.2,
        roots=(45, 62),
    ),
    "electric guitar": Tone(
        4.5, pluck=0.27, bands=((2_500, 6, 0.6),), decay_s=7, decay_slope=0.55, start_s=0.6, loop_s=0.2, roots=(45, 64)
    ),
    "distortion": Tone(
        4.5,
        bands=((1_600, 7, 1.0), (3_200, 5, 0.6)),
        breath=0.02,
        breath_hz=(300, 4_000),
        voices=2,
        detune_cents=4,
        start_s=0.1,
        loop_s=0.6,
        roots=(43, 62),
        highest_hz=7_000,
    ),
    "electric bass": Tone(
        8.5,
        pluck=0.22,
        decay_s=4,
        decay_slope=0.5,
        hammer=0.06,
        hammer_hz=1_500,
        hammer_s=0.005,
        start_s=0.6,
        roots=(33, 48),
        highest_hz=6_000,
    ),
    "slap bass": Tone(
        7.5,
        pluck=0.12,
        bands=((2_200, 4, 0.8),),
        decay_s=4,
        decay_slope=0.6,
        hammer=0.3,
        hammer_hz=3_000,
        hammer_s=0.006,
        start_s=0.5,
        roots=(33, 48),
    ),
    "fiddle": Tone(6.5, bands=VIOLIN, breath=0.02, breath_hz=(1_000, 8_000), start_s=0.1, loop_s=0.4, roots=(58, 76)),
    "cello": Tone(
        7.0, bands=((230, 6, 0.4), (450, 5, 0.4), (1_500, 5, 0.7)), breath=0.02, start_s=0.1, loop_s=0.4, roots=(38, 56)
    ),
    "strings": Tone(
        6.5,
        bands=VIOLIN,
        voices=5,
        detune_cents=11,
        width=0.7,
        breath=0.02,
        start_s=0.1,
        loop_s=1.1,
        roots=(48, 64, 80),
    ),
    "harp": Tone(
        9.5,
        pluck=0.35,
        decay_s=4,
        decay_slope=0.5,
        hammer=0.06,
        hammer_hz=1_500,
        start_s=0.6,
        loop_s=0.2,
        roots=(50, 72),
    ),
    "timpani": Tone(
        ratios=((1, 1, 2.2), (1.504, 0.7, 1.6), (1.742, 0.35, 1.1), (2.0, 0.4, 1.2), (2.245, 0.2, 0.7)),
        hammer=1.0,
        hammer_hz=400,
        hammer_s=0.02,
        start_s=0.9,
        loop_s=0.5,
        roots=(46,),
        highest_hz=5_000,
    ),
    "aah": Tone(9.0, bands=AAH, voices=4, detune_cents=7, breath=0.03, start_s=0.1, loop_s=1.0, roots=(53, 69)),
    "ooh": Tone(11.0, bands=OOH, voices=4, detune_cents=6, breath=0.04, start_s=0.1, loop_s=0.9, roots=(53, 69)),
    "trumpet": Tone(4.5, bands=BRASS, breath=0.012, start_s=0.1, loop_s=0.3, roots=(58, 74)),
    "muted trumpet": Tone(
        3.0, bands=((1_600, 12, 0.4), (3_300, 8, 0.5)), breath=0.02, start_s=0.1, loop_s=0.3, roots=(65,)
    ),
    "trombone": Tone(
        6.0,
        bands=((600, 7, 0.7), (1_400, 4, 0.6)),
        breath=0.012,
        start_s=0.1,
        loop_s=0.3,
        roots=(40, 58),
        highest_hz=9_000,
    ),
    "horn": Tone(
        7.5,
        bands=((400, 7, 0.6), (800, 4, 0.5)),
        breath=0.02,
        start_s=0.1,
        loop_s=0.3,
        roots=(46, 62),
        highest_hz=7_000,
    ),
    "brass section": Tone(
        5.5, bands=BRASS, voices=4, detune_cents=10, breath=0.015, start_s=0.1, loop_s=0.9, roots=(48, 68)
    ),
    "saxophone": Tone(
        4.5,
        bands=((650, 6, 0.5), (1_500, 6, 0.6), (2_800, 5, 0.5)),
        breath=0.05,
        start_s=0.1,
        loop_s=0.3,
        roots=(50, 68),
    ),
    "oboe": Tone(5.5, bands=((1_100, 12, 0.45), (3_000, 6, 0.4)), breath=0.02, start_s=0.1, loop_s=0.25, roots=(64,)),
    "bassoon": Tone(
        7.5,
        bands=((500, 11, 0.5), (1_200, 5, 0.4)),
        breath=0.02,
        start_s=0.1,
        loop_s=0.3,
        roots=(40, 57),
        highest_hz=7_000,
    ),
    "clarinet": Tone(7.0, even=0.12, bands=((1_500, 5, 0.7),), breath=0.02, start_s=0.1, loop_s=0.25, roots=(54, 72)),
    "flute": Tone(8.0, even=0.9, breath=0.09, breath_hz=(800, 6_000), start_s=0.1, loop_s=0.4, roots=(64, 82)),
    "pan pipe": Tone(
        15.0,
        even=0.25,
        breath=0.22,
        breath_hz=(700, 5_000),
        hammer=0.5,
        hammer_hz=1_800,
        hammer_s=0.04,
        start_s=0.2,
        loop_s=0.5,
        roots=(68,),
    ),
    "whistle": Tone(20.0, breath=0.06, breath_hz=(1_000, 5_000), start_s=0.05, loop_s=0.3, roots=(76,)),
    "square": Tone(6.02, even=0.0, start_s=0.02, loop_s=0.1, roots=(40, 60, 80)),
    "saw": Tone(6.02, voices=2, detune_cents=5, start_s=0.02, loop_s=0.6, roots=(40, 60, 80)),
    "pad": Tone(9.0, voices=5, detune_cents=9, start_s=0.05, loop_s=1.3, roots=(48, 70)),
    "glass": Tone(
        ratios=((1, 1, LONG_S), (2.0, 0.3, LONG_S), (3.01, 0.3, LONG_S), (5.03, 0.25, LONG_S), (7.98, 0.12, LONG_S)),
        voices=3,
        detune_cents=8,
        start_s=0.05,
        loop_s=1.2,
        roots=(54, 76),
    ),
    "banjo": Tone(
        5.5,
        pluck=0.09,
        bands=((700, 6, 0.5), (2_200, 5, 0.6)),
        decay_s=1.6,
        decay_slope=0.5,
        hammer=0.15,
        hammer_hz=2_500,
        hammer_s=0.005,
        start_s=0.6,
        loop_s=0.1,
        roots=(54, 68),
    ),
    "steel drum": Tone(
        ratios=((1, 1, 1.4), (2, 0.55, 1.1), (3, 0.25, 0.7), (4.02, 0.2, 0.5), (6.1, 0.1, 0.3)),
        start_s=0.6,
        loop_s=0.2,
        roots=(58, 78),
    ),
    "noise": Tone(
        ratios=((1, 1e-6, LONG_S),), breath=1.0, breath_hz=(300, 7_000), start_s=0.05, loop_s=1.4, roots=(60,)
    ),
}


@dataclass(frozen=True)
class Program:
    """A program of General MIDI.

    Attributes
    ----------
    name, tone : str
    attack_s, release_s : float
    decay_s : float
        Time of 96 dB; 0 for none.
    sustain_db : float
        Level to which it decays.
    cutoff : float
        Semitones of the filter above middle C for the loudest notes; 0 for none.
    vibrato : float
        Cents of a vibrato that comes after a while.
    detune : float
        Cents by which a second, equal zone is away.
    fifth : int
        Semitones of a second zone.
    tremolo : float
        dB of a tremolo.
    loudest : bool
        Of recordings, those of the highest velocities alone.
    """

    name: str
    tone: str
    attack_s: float = 0.0
    decay_s: float = 0.0
    sustain_db: float = 0.0
    release_s: float = 0.4
    cutoff: float = 0.0
    vibrato: float = 0.0
    detune: float = 0.0
    fifth: int = 0
    tremolo: float = 0.0
    loudest: bool = False
    extra: dict[int, int] = field(default_factory=dict)


def struck(name: str, tone: str, decay_s: float, release_s: float = 0.6, **more: float) -> Program:
    """Return a program whose notes fade by themselves, by 96 dB in that time."""
    return Program(name, tone, decay_s=decay_s, sustain_db=96.0, release_s=release_s, **more)


def wind(name: str, tone: str, attack_s: float = 0.06, vibrato: float = 8.0, **more: float) -> Program:
    """Return a program that lasts, with a little vibrato."""
    return Program(name, tone, attack_s=attack_s, vibrato=vibrato, **({"release_s": 0.35} | more))


PROGRAMS = (
    Program("Piano", "grand piano", release_s=0.5),
    Program("Bright Piano", "grand piano", release_s=0.5, loudest=True),
    Program("Electric Grand", "electric grand", release_s=0.5),
    Program("Honky-tonk", "grand piano", release_s=0.5, detune=16, loudest=True),
    Program("Electric Piano 1", "tine piano", release_s=0.5),
    struck("Electric Piano 2", "fm piano", 18, 0.4),
    struck("Harpsichord", "harpsichord", 14, 0.4),
    struck("Clavinet", "clavinet", 11, 0.25),
    struck("Celesta", "celesta", 5, 1.2),
    struck("Glockenspiel", "glockenspiel", 5, 2.0),
    struck("Music Box", "glockenspiel", 4, 1.5, detune=4),
    struck("Vibraphone", "vibraphone", 13, 0.8, tremolo=3),
    struck("Marimba", "marimba", 3, 1.0),
    struck("Xylophone", "xylophone", 2, 0.8),
    struck("Tubular Bells", "tubular bell", 14, 4.0),
    struck("Dulcimer", "steel", 8, 0.9, detune=9),
    Program("Drawbar Organ", "drawbars", release_s=0.12),
    Program("Percussive Organ", "drawbars", 0, 0.9, 7, 0.12),
    Program("Rock Organ", "rock organ", release_s=0.12, vibrato=10, tremolo=2),
    Program("Church Organ", "pipes", 0.07, release_s=0.9),
    Program("Reed Organ", "reed", 0.06, release_s=0.3),
    Program("Accordion", "reed", 0.04, release_s=0.25),
    wind("Harmonica", "harmonica", 0.03),
    Program("Tango Accordion", "reed", 0.04, release_s=0.2, detune=14),
    Program("Nylon Guitar", "nylon guitar", release_s=0.4),
    Program("Steel Guitar", "steel guitar", release_s=0.4),
    struck("Jazz Guitar", "electric guitar", 16, 0.4, cutoff=36),
    struck("Clean Guitar", "electric guitar", 16, 0.4),
    struck("Muted Guitar", "electric guitar", 1.6, 0.2, cutoff=50),
    Program("Overdriven Guitar", "distortion", 0.003, 40, 30, 0.3),
    Program("Distortion Guitar", "distortion", 0.003, 60, 20, 0.3, detune=4),
    struck("Guitar Harmonics", "vibraphone", 8, 0.5, fifth=24),
    Program("Acoustic Bass", "plucked double bass", release_s=0.3),
    Program("Fingered Bass", "finger bass", release_s=0.25),
    struck("Picked Bass", "slap bass", 14, 0.25),
    wind("Fretless Bass", "electric bass", 0.02, 6, cutoff=36),
    struck("Slap Bass 1", "slap bass", 11, 0.25),
    struck("Slap Bass 2", "slap bass", 9, 0.25, detune=6),
    Program("Synth Bass 1", "saw", 0, 4, 12, 0.2, 30),
    Program("Synth Bass 2", "square", 0, 4, 9, 0.2, 32),
    wind("Violin", "fiddle", 0.09, 14),
    wind("Viola", "fiddle", 0.09, 12, cutoff=44),
    wind("Cello", "cello", 0.09, 11),
    Program("Contrabass", "bowed double bass", release_s=0.4),
    Program("Tremolo Strings", "strings", 0.09, release_s=1.0, tremolo=7),
    Program("Pizzicato Strings", "section pizzicato", release_s=0.6),
    struck("Harp", "harp", 9, 1.5),
    struck("Timpani", "timpani", 6, 2.0),
    wind("String Ensemble 1", "strings", 0.12, 3, release_s=0.7),
    wind("String Ensemble 2", "strings", 0.2, 2, release_s=1.6, cutoff=46),
    Program("Synth Strings 1", "pad", 0.05, release_s=1.2, cutoff=60),
    Program("Synth Strings 2", "pad", 0.1, release_s=1.2, cutoff=44),
    wind("Choir Aahs", "aah", 0.18, 6, release_s=1.0),
    wind("Voice Oohs", "ooh", 0.06, 7, release_s=0.5),
    wind("Synth Voice", "ooh", 0.06, 4, detune=8),
    struck("Orchestra Hit", "brass section", 1.6, 0.6, fifth=12, cutoff=30),
    wind("Trumpet", "trumpet", 0.035, 7, cutoff=54),
    wind("Trombone", "trombone", 0.05, 4, cutoff=48),
    wind("Tuba", "trombone", 0.06, 2, cutoff=38),
    wind("Muted Trumpet", "muted trumpet", 0.03, 6),
    wind("French Horn", "horn", 0.07, 9, tremolo=7),
    wind("Brass Section", "brass section", 0.05, 3),
    Program("Synth Brass 1", "saw", 0.04, release_s=0.4, cutoff=46),
    Program("Synth Brass 2", "saw", 0.07, release_s=0.5, cutoff=40, detune=9),
    Program("Soprano Sax", "alto saxophone", release_s=0.2, vibrato=8, loudest=True),
    Program("Alto Sax", "alto saxophone", release_s=0.2),
    Program("Tenor Sax", "alto saxophone", release_s=0.2),
    wind("Baritone Sax", "saxophone", 0.05, 5, cutoff=48),
    wind("Oboe", "oboe", 0.06, 16, tremolo=1),
    wind("English Horn", "oboe", 0.07, 9, cutoff=44),
    wind("Bassoon", "bassoon", 0.06, 5),
    wind("Clarinet", "clarinet", 0.06, 4),
    wind("Piccolo", "flute", 0.12, 9),
    wind("Flute", "flute", 0.07, 14, tremolo=7),
    wind("Recorder", "whistle", 0.08, 5),
    wind("Pan Flute", "pan pipe", 0.09, 5),
    wind("Blown Bottle", "pan pipe", 0.09, 3, cutoff=34),
    wind("Shakuhachi", "pan pipe", 0.1, 16),
    wind("Whistle", "whistle", 0.14, 14, tremolo=7),
    wind("Ocarina", "whistle", 0.06, 7),
    Program("Square Lead", "square", 0.005, release_s=0.15, detune=4),
    Program("Saw Lead", "saw", 0.005, release_s=0.15, vibrato=6),
    wind("Calliope Lead", "pan pipe", 0.02, 4, detune=4),
    Program("Chiff Lead", "square", 0, 0.7, 9, 0.2, 50, detune=4),
    Program("Charang Lead", "distortion", 0.004, release_s=0.25, cutoff=50),
    wind("Voice Lead", "ooh", 0.02, 9),
    Program("Fifths Lead", "saw", 0.005, release_s=0.2, fifth=7, vibrato=8),
    Program("Bass and Lead", "saw", 0, 8, 8, 0.2, 44),
    Program("New Age Pad", "glass", 0.02, 16, 12, 1.8),
    Program("Warm Pad", "pad", 0.5, release_s=1.5, cutoff=36),
    Program("Polysynth Pad", "saw", 0.03, release_s=0.8, detune=9),
    wind("Choir Pad", "aah", 0.12, 3, release_s=1.5, cutoff=28),
    Program("Bowed Pad", "glass", 0.12, release_s=1.5, cutoff=50),
    Program("Metallic Pad", "glass", 0.3, release_s=1.5, fifth=7),
    wind("Halo Pad", "aah", 0.3, 3, release_s=2.0, fifth=12, cutoff=26),
    Program("Sweep Pad", "pad", 0.5, release_s=2.0, cutoff=48, tremolo=5),
    struck("Rain", "glass", 9, 2.0),
    Program("Soundtrack", "pad", 0.5, release_s=2.0, fifth=7, cutoff=52),
    struck("Crystal", "celesta", 7, 2.0, detune=6),
    struck("Atmosphere", "nylon", 14, 2.0, detune=9),
    Program("Brightness", "glass", 0.01, 20, 10, 1.5, fifth=12),
    Program("Goblins", "ooh", 0.7, release_s=2.0, vibrato=30),
    Program("Echoes", "pad", 0.08, 12, 12, 2.0, 50),
    Program("Science Fiction", "glass", 0.25, release_s=2.0, vibrato=18),
    Program("Sitar", "sitar strings", release_s=2.0),
    struck("Banjo", "banjo", 5, 0.5),
    struck("Shamisen", "banjo", 5, 0.4, cutoff=62),
    struck("Koto", "harpsichord", 9, 1.2, cutoff=46),
    struck("Kalimba", "marimba", 4, 1.0, cutoff=44),
    Program("Bagpipe", "reed", 0.03, release_s=0.15, fifth=-12),
    wind("Fiddle", "fiddle", 0.05, 10),
    wind("Shanai", "oboe", 0.03, 14, detune=5),
    struck("Tinkle Bell", "glockenspiel", 4, 1.5),
    struck("Agogo", "glockenspiel", 1.6, 0.8),
    struck("Steel Drums", "steel drum", 4, 1.0),
    struck("Woodblock", "xylophone", 0.9, 0.5, cutoff=50),
    struck("Taiko", "timpani", 3, 1.5, cutoff=16),
    struck("Melodic Tom", "timpani", 2.2, 1.2),
    struck("Synth Drum", "timpani", 2.5, 1.0, extra={gen.MOD_ENV_TO_PITCH: 1_200, gen.MOD_ENV_DECAY: -1_600}),
    Program("Reverse Cymbal", "noise", 1.6, 1.5, 96, 0.2),
    struck("Guitar Fret Noise", "noise", 2.0, 0.2, cutoff=62),
    Program("Breath Noise", "noise", 0.08, 2.5, 96, 0.3, 50),
    Program("Seashore", "noise", 1.2, release_s=2.0, cutoff=22, tremolo=8),
    wind("Bird Tweet", "whistle", 0.01, 90),
    struck("Telephone", "glockenspiel", 5, 0.3, tremolo=20),
    Program("Helicopter", "noise", 0.1, release_s=0.8, cutoff=8, tremolo=18),
    Program("Applause", "noise", 0.3, release_s=1.0),
    struck("Gunshot", "noise", 2.5, 1.2, cutoff=56),
)

KIT = {
    35: ("deep kick", 0), 36: ("kick", 0), 37: ("side stick", 0), 38: ("snare", 0), 39: ("clap", 0),
    40: ("electric snare", 0), 41: ("tom", -5), 42: ("closed hat", 0), 43: ("tom", -3), 44: ("pedal hat", 0),
    45: ("tom", 0), 46: ("open hat", 0), 47: ("tom", 3), 48: ("tom", 6), 49: ("crash", 0), 50: ("tom", 9),
    51: ("ride", 0), 52: ("china", 0), 53: ("ride bell", 0), 54: ("tambourine", 0), 55: ("crash", 5),
    56: ("cowbell", 0), 57: ("crash", -3), 58: ("vibraslap", 0), 59: ("ride", 2), 60: ("bongo", 3), 61: ("bongo", -2),
    62: ("conga", 6), 63: ("conga", 3), 64: ("conga", -2), 65: ("timbale", 3), 66: ("timbale", -3), 67: ("agogo", 4),
    68: ("agogo", -2), 69: ("shaker", -4), 70: ("shaker", 2), 71: ("whistle", 2), 72: ("whistle", -2),
    73: ("guiro", 5), 74: ("guiro", -2), 75: ("claves", 0), 76: ("wood block", 2), 77: ("wood block", -3),
    78: ("cuica", 4), 79: ("cuica", -2), 80: ("triangle", 2), 81: ("triangle", 0), 82: ("shaker", 0),
    83: ("jingle bell", 0), 84: ("bell tree", 0), 85: ("castanets", 0), 86: ("mute surdo", 0), 87: ("open surdo", 0),
    27: ("high Q", 0), 28: ("slap", 0), 29: ("scratch push", 0), 30: ("scratch pull", 0), 31: ("sticks", 0),
    32: ("square click", 0), 33: ("metronome click", 0), 34: ("metronome bell", 0),
}  # fmt: skip
"""Key of General MIDI 2: sound, and semitones of its transposition."""

KITS = {"Standard Kit": 0, "Power Kit": 16}
"""Programs of the drum kits; the second has recorded drums."""

EXCLUSIVE = ((42, 44, 46), (80, 81), (29, 30), (71, 72), (73, 74), (78, 79), (86, 87))
"""Keys of which each ends the others."""

SHORT_TRIANGLE = 80
DRUM_PANS = {
    "tom": 80, "closed hat": 90, "pedal hat": 90, "open hat": 90, "crash": -140, "ride": -170, "ride bell": -170,
    "china": 160, "bongo": 150, "conga": -110, "timbale": 120, "agogo": -160, "shaker": 170, "tambourine": 120,
    "cowbell": -60, "claves": 130, "wood block": -130, "triangle": 160, "jingle bell": 140, "bell tree": -150,
    "castanets": -120,
}  # fmt: skip
"""Tenths of a percent to the right."""

DRUM_LEVELS_DB = {
    "kick": 3, "deep kick": 3, "snare": 2, "electric snare": 2, "tom": 3, "crash": 3, "closed hat": -4,
    "pedal hat": -4, "open hat": -2, "ride": 0, "triangle": -3, "shaker": -3, "whistle": 3, "clap": 1,
    "jingle bell": -3, "mute surdo": 3, "open surdo": 3,
}  # fmt: skip
"""Levels beside a common loudness."""

DRUM_DRIVES = {
    "kick": 1.5,
    "snare": 2.5,
    "electric snare": 2.0,
    "side stick": 3.0,
    "wood block": 2.0,
    "closed hat": 1.5,
}
"""Saturation, which makes short sounds louder."""

KEYS = {
    **dict.fromkeys(("electric bass", "slap bass", "finger bass", "plucked double bass", "bowed double bass"), 40),
    **{"glockenspiel": 84, "timpani": 48},
}
"""Keys at which tones are levelled that are not levelled at TEST_KEY."""

SEAM_SAMPLES = 2_048
"""Continuation of each loop, within which the loop may be moved to where its seam is smoothest."""

SEAM_WIDTH = 6
FULL = gen.FULL_RANGE
TEST_KEY = 60
MAX_BOOST_DB = 2.0  # of quiet notes of a recording, relative to most of its notes
TARGET_LUFS = -34.5
DRUM_LUFS = -41.0
SILENT_LUFS = -120.0


@dataclass(frozen=True)
class Part:
    """What plays one key of a tone at some velocities: a sample, or one for each side."""

    rows: tuple[int, ...]
    key: int
    velocities: tuple[int, int] = FULL
    amounts: dict[int, int] = field(default_factory=dict)


def main() -> None:
    """Write the bank, measure each program, and write it again with equal levels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="Folder of the recordings.")
    parser.add_argument("--out", type=Path, default=BUNDLED_BANK, help="File to write, .sf3 or .sf2.")
    options = parser.parse_args()
    out: Path = options.out
    out.parent.mkdir(exist_ok=True)
    samples, parts = all_samples(options.folder)
    attenuations = np.zeros(len(PROGRAMS) + len(KIT) + len(POWER_KEYS))
    write_bank(out, samples, parts, attenuations)
    samples = smoothest(samples, read_soundfont(out))
    for _ in range(3):
        write_bank(out, samples, parts, attenuations)
        excess = excess_of(out)
        if np.abs(excess).max() < 0.2:
            break
        attenuations = np.maximum(attenuations + excess, 0.0)
    far = [f"{each.name} {level:.1f}" for each, level in zip(PROGRAMS, excess, strict=False) if abs(level) > 1.0]
    print(f"more than 1 dB away: {', '.join(far) or 'none'}")
    print(
        f"{out}: {out.stat().st_size / 1e6:.2f} MB, {len(samples)} samples, levels within {np.abs(excess).max():.2f} dB"
    )


def all_samples(folder: Path) -> tuple[list[NewSample], dict[str, list[Part]]]:
    """Return all samples, and the parts of each tone and drum."""
    samples: list[NewSample] = []
    parts: dict[str, list[Part]] = {}

    def added(new: Sequence[NewSample]) -> tuple[int, ...]:
        samples.extend(new)
        return tuple(range(len(samples) - len(new), len(samples)))

    used = {program.tone for program in PROGRAMS}
    for number, (name, tone) in enumerate(TONES.items()):
        made = [sampled(tone, key, number) for key in tone.roots]
        parts[name] = [Part(added(new_samples(name, each)), each.root, FULL, {gen.SAMPLE_MODES: 1}) for each in made]
    for name in sorted(used - set(TONES)):
        parts[name] = recorded_parts(name, notes_of(RECORDED[name], folder), added)
    for name, make in DRUMS.items():
        wave = make()
        n_fade = min(len(wave) // 4, RATE // 50)
        wave[-n_fade:] *= 0.5 + 0.5 * np.cos(math.pi * np.arange(n_fade) / n_fade)
        wave = np.tanh(DRUM_DRIVES.get(name, 0.1) * wave / np.abs(wave).max())
        parts[f"drum {name}"] = [
            Part(added([NewSample(name, 0.9 * wave / np.abs(wave).max(), RATE, TEST_KEY)]), TEST_KEY)
        ]
    parts["drum clap"] = recorded_parts("clap", notes_of(CLAP, folder), added)
    for key, (own_key, seconds) in POWER_KEYS.items():
        drum = Recorded(POWER_KIT, range(own_key, own_key + 1), POWER_LAYERS, (seconds, seconds), is_pitched=False)
        parts[f"power {key}"] = recorded_parts(f"power {key}", notes_of(drum, folder), added)
    return samples, parts


def recorded_parts(
    name: str, notes: Sequence[Note], added: Callable[[Sequence[NewSample]], tuple[int, ...]]
) -> list[Part]:
    """Return the parts of a recorded instrument, equally loud at a velocity but for quiet notes, which stay so."""
    levels = [note.lufs for note in notes]
    reference = max(min(levels), float(np.median(levels)) - MAX_BOOST_DB)
    parts = []
    for note in notes:
        rows = added(
            [
                NewSample(
                    f"{name[:11]} {note.key} {note.velocities[1]}{side}",
                    0.9 * wave,
                    RECORDED_RATE,
                    note.key,
                    note.cents,
                    note.loop,
                )
                for side, wave in zip(("L", "R") if len(note.wave) > 1 else ("",), note.wave, strict=True)
            ]
        )
        amounts = {gen.ATTENUATION: centibels(max(0.0, note.lufs - reference))}
        if note.loop is not None:
            amounts[gen.SAMPLE_MODES] = 1
        if note.decay_db:
            amounts |= {gen.VOL_ENV_HOLD: timecents(note.hold_s), gen.VOL_ENV_DECAY: timecents(100 / note.decay_db)}
            amounts[gen.VOL_ENV_SUSTAIN] = 1_000
        parts.append(Part(rows, note.key, note.velocities, amounts))
    return parts


def new_samples(name: str, made: Sampled) -> list[NewSample]:
    """Return the samples of a tone with a continuation of their loop, which compression needs at its end."""
    start, end = made.loop
    following = made.wave[:, start : start + (end - start) // 2][:, :SEAM_SAMPLES]
    wave = 0.9 * np.concatenate([made.wave, following], axis=1)
    sides = ("L", "R") if len(wave) > 1 else ("",)
    return [
        NewSample(f"{name} {made.root}{side}", each, RATE, made.root, made.correction, made.loop)
        for side, each in zip(sides, wave, strict=True)
    ]


def smoothest(samples: list[NewSample], font: SoundFont) -> list[NewSample]:
    """Return the samples with loops of the same lengths whose ends differ least after compression."""
    return [moved(sample, font.decoded(index)) for index, sample in enumerate(samples)]


def moved(sample: NewSample, decoded: np.ndarray) -> NewSample:
    """Return a sample with its loop where the sample, as it is decoded, has the smoothest seam."""
    if sample.loop is None:
        return sample
    start, end = sample.loop
    n_more = len(sample.wave) - end - SEAM_WIDTH
    differences = decoded[start : start + n_more] - decoded[end : end + n_more]
    errors = np.convolve(differences**2, np.hanning(2 * SEAM_WIDTH + 1), "valid")
    shift = SEAM_WIDTH + int(np.argmin(errors))
    return replace(sample, loop=(start + shift, end + shift))


def write_bank(out: Path, samples: list[NewSample], parts: dict[str, list[Part]], levels_db: np.ndarray) -> None:
    """Write the bank with attenuations in dB of all programs, then of all drums, then of those of the recorded kit."""
    instruments = [NewEntry(program.name, program_zones(program, parts[program.tone])) for program in PROGRAMS]
    drum_levels = levels_db[len(PROGRAMS) :].tolist()
    standard = {
        key: drum_zones(key, parts[f"drum {KIT[key][0]}"], level) for key, level in zip(KIT, drum_levels, strict=False)
    }
    recorded = {
        key: drum_zones(key, parts[f"power {key}"], level, is_recorded=True)
        for key, level in zip(POWER_KEYS, drum_levels[len(KIT) :], strict=True)
    }
    for name, number in KITS.items():
        zones = standard | recorded if number else standard
        instruments.append(NewEntry(name, tuple(zone for key in sorted(zones) for zone in zones[key])))
    presets = [
        NewEntry(program.name, (Zone(number, FULL, FULL, {gen.ATTENUATION: centibels(level)}, {}),), 0, number)
        for number, (program, level) in enumerate(zip(PROGRAMS, levels_db, strict=False))
    ]
    for number, (name, program_number) in enumerate(KITS.items(), len(PROGRAMS)):
        presets.append(NewEntry(name, (Zone(number, FULL, FULL, {}, {}),), 128, program_number))
    texts = {"ICOP": "Apache-2.0, CC0, CC-BY 4.0, as the comment says", "IENG": "Wavewright", "ICMT": CREDITS}
    write_soundfont(out, "Wavewright General MIDI", presets, instruments, samples, vorbis_quality=0.1, texts=texts)


def program_zones(program: Program, parts: Sequence[Part]) -> tuple[Zone, ...]:
    """Return the zones of a program: its parts side by side, twice where it is detuned or has a fifth."""
    amounts = settings_of(program)
    modulators = {(0x0502, gen.FILTER_CUTOFF, 0, 0): -2_400 if program.cutoff else 0}
    if program.loudest:
        parts = [replace(part, velocities=FULL) for part in parts if part.velocities[1] == FULL[1]]
    layers = [(0, 0)]
    if program.detune:
        layers = [(0, -round(program.detune / 2)), (0, round(program.detune / 2))]
    elif program.fifth:
        layers = [(0, 0), (program.fifth, 0)]
    zones = []
    for velocities in sorted({part.velocities for part in parts}):
        row = sorted((part for part in parts if part.velocities == velocities), key=lambda part: part.key)
        edges = [0, *((low.key + high.key + 1) // 2 for low, high in itertools.pairwise(row)), 128]
        for number, (semitones, cents) in enumerate(layers):
            pan = (number * 2 - 1) * 200 if len(layers) > 1 else 0
            tuning = {gen.COARSE_TUNE: semitones, gen.FINE_TUNE: cents}
            for part, low, high in zip(row, edges, edges[1:], strict=False):
                zones += part_zones(part, (low, high - 1), amounts | tuning, pan, modulators)
    return tuple(zones)


def part_zones(
    part: Part, keys: tuple[int, int], amounts: dict[int, int], pan: int, modulators: dict[tuple[int, ...], int]
) -> list[Zone]:
    """Return a zone for each side of a part."""
    pans = (pan,) if len(part.rows) == 1 else (-500, 500)
    zones = []
    for row, side in zip(part.rows, pans, strict=True):
        own = amounts | part.amounts | {gen.PAN: side}
        own = {number: amount for number, amount in own.items() if amount != gen.DEFAULTS[number]}
        zones.append(Zone(row, keys, part.velocities, own, modulators))
    return zones


def settings_of(program: Program) -> dict[int, int]:
    """Return the generators of a program."""
    amounts = {gen.VOL_ENV_RELEASE: timecents(2.2 * program.release_s)}
    if program.attack_s:
        amounts[gen.VOL_ENV_ATTACK] = timecents(program.attack_s)
    if program.decay_s:
        amounts[gen.VOL_ENV_DECAY] = timecents(program.decay_s)
        amounts[gen.VOL_ENV_SUSTAIN] = round(10 * program.sustain_db)
        if program.sustain_db > 90:
            amounts[gen.KEY_TO_VOL_ENV_DECAY] = 40  # high notes fade sooner
    if program.cutoff:
        amounts[gen.FILTER_CUTOFF] = min(13_500, round(100 * (60 + program.cutoff)))
    if program.vibrato:
        amounts[gen.VIB_LFO_TO_PITCH] = round(program.vibrato)
        amounts[gen.VIB_LFO_DELAY] = timecents(0.35)
        amounts[gen.VIB_LFO_FREQUENCY] = timecents(5.2 / 8.176)
    if program.tremolo:
        amounts[gen.MOD_LFO_TO_VOLUME] = round(5 * program.tremolo)
        amounts[gen.MOD_LFO_FREQUENCY] = timecents((14 if program.tremolo > 15 else 5.5) / 8.176)
    return amounts | program.extra


def drum_zones(key: int, parts: Sequence[Part], level_db: float, *, is_recorded: bool = False) -> list[Zone]:
    """Return the zones of a key of a drum kit."""
    name, semitones = (f"power {key}", 0) if is_recorded else KIT[key]
    amounts = {
        gen.ROOT_KEY: key,
        gen.COARSE_TUNE: semitones,
        gen.VOL_ENV_RELEASE: timecents(8.0),
        gen.EXCLUSIVE_CLASS: next((number for number, keys in enumerate(EXCLUSIVE, 1) if key in keys), 0),
    }
    if key == SHORT_TRIANGLE:
        amounts |= {gen.VOL_ENV_DECAY: timecents(0.9), gen.VOL_ENV_SUSTAIN: 960}
    zones = []
    for part in parts:
        level = centibels(level_db) + part.amounts.get(gen.ATTENUATION, 0)
        own = replace(part, amounts=part.amounts | {gen.ATTENUATION: level})
        zones += part_zones(own, (key, key), amounts, DRUM_PANS.get(name, 0), {})
    return zones


def centibels(level_db: float) -> int:
    """Return a generator of attenuation, of which players apply 0.4."""
    return round(level_db * 10 / 0.4)


def timecents(value: float) -> int:
    """Return seconds, or a ratio, in timecents."""
    return round(1_200 * math.log2(value))


def excess_of(path: Path) -> np.ndarray:
    """Return by how many dB a note of each program and drum is louder than it shall be."""
    font = read_soundfont(path)
    engine = SoundFontEngine(font, 48_000, PlayerSettings(reverb=0.0, chorus=0.0))
    excess = []
    for number, program in enumerate(PROGRAMS):
        engine.reset()
        engine.program(0, 0, number)
        excess.append(loudness(engine, 0, KEYS.get(program.tone, TEST_KEY)) - TARGET_LUFS)
    for program, keys in ((0, KIT), (KITS["Power Kit"], POWER_KEYS)):
        for key in keys:
            engine.reset()
            engine.program(9, 0, program)
            excess.append(loudness(engine, 9, key) - DRUM_LUFS - DRUM_LEVELS_DB.get(KIT[key][0], 0))
    return np.array(excess)


def loudness(engine: SoundFontEngine, channel: int, key: int) -> float:
    """Return the largest momentary loudness of a note of a second."""
    engine.note_on(channel, key, 100)
    meter = LoudnessMeter(48_000, 2)
    meter.add(engine.process(48_000))
    return float(np.max(meter.momentary_lufs(), initial=SILENT_LUFS))


if __name__ == "__main__":
    main()
