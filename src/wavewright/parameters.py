"""Parameters of several commands, each described once: its type, help, unit and range."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from .text.markup import Markup

LARGEST_SEED = 2**32 - 1

Quiet: TypeAlias = Annotated[bool, Field(description="Show no progress.")]

# ------------------------------------------------------------------------------------------------ text

TextMarkup: TypeAlias = Annotated[Markup, Field(description="Markup of the text, which is not spoken.")]

StrictReading: TypeAlias = Annotated[
    bool, Field(description="Refuse a text with letters that cannot be read, instead of skipping them.")
]

LexiconPath: TypeAlias = Annotated[
    Path | None, Field(description="Lexicon of your own: a word, then its phones, one word a line.")
]

# ---------------------------------------------------------------------------------------------- speech

VoiceName: TypeAlias = Annotated[str, Field(description="<model>-<speaker>, or the folder of a voice.")]

VocoderName: TypeAlias = Annotated[
    str, Field(description="Converts mel frames to audio: vocoder, wavenet, or a folder.")
]

SpeakingRate: TypeAlias = Annotated[float, Field(description="Speaking rate, a factor.", ge=0.25, le=4)]

PitchShift: TypeAlias = Annotated[float, Field(description="Pitch shift in semitones.", ge=-24, le=24)]

PitchRange: TypeAlias = Annotated[
    float, Field(description="Range of the intonation, a factor; 0 is monotone.", ge=0, le=4)
]

VocalEffort: TypeAlias = Annotated[
    float, Field(description="Vocal effort, a factor; it changes the timbre.", ge=0.1, le=10)
]

GainDb: TypeAlias = Annotated[float, Field(description="Gain in dB.", ge=-60, le=24)]

StyleName: TypeAlias = Annotated[
    str | None,
    Field(
        description="Preset of prosody with an optional strength, such as sad:0.6; calm, cheerful, sad, angry, "
        "excited, soft, newsreader, storyteller; or a style that the model learned, such as style-1."
    ),
]

SpeechSeed: TypeAlias = Annotated[int, Field(description="Same seed, same samples.", ge=0, le=LARGEST_SEED)]

IsSsml: TypeAlias = Annotated[
    bool, Field(description="Read the text as SSML; without --markup, a text that starts with <speak is SSML.")
]

TextLanguage: TypeAlias = Annotated[
    str | None, Field(description="Language of the text: en-GB for British dates and numbers; default: the voice's.")
]

TargetLoudness: TypeAlias = Annotated[
    str | float | None,
    Field(description="Loudness of each file: podcast (-16), broadcast (-23) or LUFS; true peaks stay below -1 dB."),
]
