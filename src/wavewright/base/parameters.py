"""Parameters of several commands, each described once: its type, help, unit and range."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field

from .rules import Without

MAX_MINUTES = 525_600  # a year
MAX_SEED = 2**32 - 1

POSITIONAL = "positional"
"""After the field of a parameter with a default: it is an argument on the command line, not an option."""

STANDARD_STREAM = Path("-")
"""Path of standard input, or of standard output."""

NAMES_MODEL = "names a model"
"""After the field of a parameter: its value is the name of a model or voice, or the path of its folder."""


class Writes(NamedTuple):
    """After the field of a parameter: its path is that of a file or folder that the task writes.

    - ``suffix``: ending of the file's name where the caller has no wish; empty where the task writes a folder.
    - ``like``: parameter with the source, whose own ending is taken if it is one of sound or video files. Where the
      source is a folder, a folder is written.
    - ``or_file``: where the task writes a folder, it writes a file if the name has the ending of one.
    - ``name_end``: end of the name of a folder where the caller has no wish.
    - ``is_only``: no file has another ending.
    """

    suffix: str = ""
    like: str | None = None
    or_file: bool = False
    name_end: str = ""
    is_only: bool = False


class WritesSounds(Writes):
    """Its files are sounds whose comments say what made them: the command has ``--sign``, which signs them."""


class WritesRun(Writes):
    """Its folder is that of a run; a server puts it among its runs, which are models."""


READS_RUNS = "folders of runs"
"""After the field of a parameter: a server gives it the folder of its runs."""

TRAINS = "trains"
"""After the field of a parameter: the task trains; a server has a process for it, which is interrupted to stop it."""

PYTHON_ONLY = "from Python only"
"""After the field of a parameter: neither the command line nor the server has it."""


class Settled(NamedTuple):
    """After the field of a parameter: a batch gives it this value, and no job of it has another."""

    value: object  # the value


TERMINAL = "of a terminal"
"""After the field of a parameter: a job of the server does not have it, since it is about a terminal, pipes, processes
of this machine, an installed model, or the mark, on which the server decides."""

FREE_TEXT = "free text"
"""After the field of a parameter: its text may hold a ``/``; in any other one a job would take that for a path."""


class InForm(NamedTuple):
    """After the field of a parameter that is a number: how a form shows it, where its range alone does not say.

    - ``step``: between the values of a slider; None: any value.
    - ``low``, ``high``: range of a slider, where the whole range is wider than what is of use; ``low`` is also the
      smallest number to type where the range excludes its end.
    - ``start``: where a slider rests while the parameter is left out, for one whose default is None.
    """

    step: float | None = None
    low: float | None = None
    high: float | None = None
    start: float | None = None


OF_FILES = "of files"
"""After the field of a parameter: a stream, a path that is ``-``, does not have it."""

Quiet: TypeAlias = Annotated[bool, Field(description="Show no progress."), TERMINAL, Settled(True)]

Workers: TypeAlias = Annotated[
    int, Field(description="Files of a folder at a time; 0: one for each core.", ge=0, le=256), TERMINAL, Settled(1)
]

DRY_RUN = Settled(False)
"""After the field of a parameter: its task checks what is given and shows a plan."""

SettingChanges: TypeAlias = Annotated[
    tuple[str, ...] | Mapping[str, object],
    Field(description="Change a setting: name=value; may be given several times."),
]

TrainingDevice: TypeAlias = Annotated[Literal["cpu", "cuda", "mps"], Field(description="Where to compute."), TRAINS]

# ------------------------------------------------------------------------------------------------ text

Markup = Literal["none", "markdown", "html"]
TextMarkup: TypeAlias = Annotated[Markup, Field(description="Markup of the text, which is not spoken.")]

StrictReading: TypeAlias = Annotated[
    bool, Field(description="Refuse a text with letters that cannot be read, instead of skipping them.")
]

LexiconPath: TypeAlias = Annotated[
    Path | None,
    Field(description="Lexicon of your own: a text file of words with their phones, or TOML with a table a language."),
]

# ---------------------------------------------------------------------------------------------- speech

VoiceName: TypeAlias = Annotated[
    str,
    Field(description="<model>-<speaker>, or the folder of a voice; with another language, a voice that speaks it."),
    NAMES_MODEL,
]

DialogueVoice: TypeAlias = Annotated[
    str | None,
    Field(description="Voice of direct speech, which stands in quotation marks; default: that of the rest."),
    NAMES_MODEL,
]

VocoderName: TypeAlias = Annotated[
    str,
    Field(description="Converts mel frames to audio: vocoder, wavenet, or a folder."),
    NAMES_MODEL,
]

SpeakingRate: TypeAlias = Annotated[
    float, Field(description="Speaking rate, a factor.", ge=0.25, le=4), InForm(step=0.05, low=0.5, high=2)
]

PitchShift: TypeAlias = Annotated[
    float, Field(description="Pitch shift in semitones.", ge=-24, le=24), InForm(step=0.5, low=-12, high=12)
]

PitchRange: TypeAlias = Annotated[
    float,
    Field(description="Range of the intonation, a factor; 0 is monotone.", ge=0, le=4),
    InForm(step=0.1, high=3),
]

VocalEffort: TypeAlias = Annotated[
    float,
    Field(description="Vocal effort, a factor; it changes the timbre.", ge=0.1, le=10),
    InForm(step=0.1, low=0.2, high=3),
]

SentencePause: TypeAlias = Annotated[
    float | None,
    Field(description="Silence after a sentence in seconds; default: 0.36, divided by the rate.", ge=0, le=10),
]

ClausePause: TypeAlias = Annotated[
    float | None,
    Field(description="Silence after a comma, semicolon, colon or dash in seconds; default: the voice's.", ge=0, le=10),
]

ParagraphPause: TypeAlias = Annotated[
    float | None,
    Field(description="More silence between paragraphs in seconds; default: 0.4, divided by the rate.", ge=0, le=10),
]

SpeechSeconds: TypeAlias = Annotated[
    float | None,
    Field(description="Length of the speech: it is spoken 0.8 to 1.3 times as fast as usual.", gt=0, le=3_600),
]

GainDb: TypeAlias = Annotated[float, Field(description="Gain in dB.", ge=-60, le=24), InForm(step=1, low=-30, high=12)]

StyleName: TypeAlias = Annotated[
    str | None,
    Field(
        description="Preset of prosody with an optional strength, such as sad:0.6; calm, cheerful, sad, angry, "
        "excited, soft, newsreader, storyteller; or a style that the model learned, such as style-1."
    ),
]

SpeechSeed: TypeAlias = Annotated[int, Field(description="Same seed, same samples.", ge=0, le=MAX_SEED)]

IsSsml: TypeAlias = Annotated[
    bool,
    Field(description="Read the text as SSML; without --markup, a text that starts with <speak is SSML."),
    Without("markup", "dialogue_voice"),
]

TextLanguage: TypeAlias = Annotated[
    str | None, Field(description="Language of the text, such as de, or en-GB for British dates; default: the voice's.")
]

TargetLoudness: TypeAlias = Annotated[
    str | float | None,
    Field(description="Loudness of each file: podcast (-16), broadcast (-23) or LUFS; true peaks stay below -1 dB."),
    OF_FILES,
]

RecogniserName: TypeAlias = Annotated[
    str | None,
    Field(
        description="moonshine:FOLDER, faster-whisper:FOLDER, table:FILE with the phrases that are said, or a command "
        "with {file} that prints SRT, WebVTT or JSON."
    ),
    TERMINAL,
    FREE_TEXT,
]

TranslatorName: TypeAlias = Annotated[
    str | None,
    Field(
        description="ctranslate2:FOLDER, apertium:MODE, table:FILE, or a command that translates standard input by "
        "line; {from} and {to} in it are the languages."
    ),
    TERMINAL,
    FREE_TEXT,
]

# --------------------------------------------------------------------------------------- clips as files

OutputFolder: TypeAlias = Annotated[Path, Field(description="Folder to write to."), Writes()]

ClipFolder: TypeAlias = Annotated[Path, Field(description="Folder to write to."), WritesSounds()]

ClipFormat: TypeAlias = Annotated[
    Literal["wav", "flac", "ogg"], Field(description="File format; wav and flac have 24 bits.")
]

MidiPitch: TypeAlias = Annotated[
    float | None,
    Field(
        description="Pitch of the clip, a MIDI number (60: middle C), for a model that was trained with pitch.",
        ge=0,
        le=127,
    ),
]

# ---------------------------------------------------------------------------------------- clips by a VAE

DEFAULT_VAE = "morph-drums"

EmbeddingName: TypeAlias = Annotated[
    str | None,
    Field(description="Compare by log-mel, or by an encoder or a classifier (name or folder), not by a VAE."),
    NAMES_MODEL,
]

VaeName: TypeAlias = Annotated[str, Field(description="Name of a VAE, or the path of its folder."), NAMES_MODEL]

SourceLabel: TypeAlias = Annotated[
    str | None,
    Field(description="Label of the clip; default: the labels of the nearest training clips."),
    FREE_TEXT,
]

NoiseSeed: TypeAlias = Annotated[int, Field(description="Of the noise in the clips.", ge=0, le=MAX_SEED)]

ResidualFraction: TypeAlias = Annotated[
    float,
    Field(
        description="Fraction of the residual (what the model does not reconstruct) that is added back: 1 for all, 0 "
        "for the decoder's output alone.",
        ge=0,
        le=1,
    ),
    InForm(step=0.1),
]

# ------------------------------------------------------------------------------------------ scores as sound

InstrumentName: TypeAlias = Annotated[
    str | None,
    Field(
        description="Bank (.sf2, .sf3, .sfz); patch of the synthesiser, a name or a .toml file, or general-midi; wave, "
        "a formula such as 'sin(2*pi*f*t)' or an .svg, .csv or .wav file; or a model such as notes, or its folder; "
        "default: a small bank of General MIDI."
    ),
    FREE_TEXT,
]

TuneNumber: TypeAlias = Annotated[int, Field(description="Which tune of a file with several.", ge=1)]

SampleBits: TypeAlias = Annotated[
    str | None, Field(description="Bits of a sample, such as PCM_16 or FLOAT; default: 24 bits.")
]

# ----------------------------------------------------------------------------------------------- watermark

IsMarked: TypeAlias = Annotated[
    bool,
    Field(description="Leave out the inaudible mark by which `wavewright detect` recognises generated sound."),
    TERMINAL,
]
"""Of an option that is named after its negation, which the text describes."""

MarkKey: TypeAlias = Annotated[
    str,
    Field(description="Key of the inaudible mark; the default is that of all Wavewright's marks.", min_length=1),
    TERMINAL,
]
