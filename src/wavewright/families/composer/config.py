"""Configuration of the composer's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...contracts.config import ModelConfig
from .vocabulary import N_INTERVALS, Vocabulary

TIME_FILE, VOICE_FILE = "time.onnx", "voices.onnx"
WEIGHT_PREFIXES = ("time.composer.", "voices.composer.")
"""Prefixes of the weights in a model folder: the graphs that they belong to."""

FORM_FILE = "form.safetensors"
"""Forms of the training scores; models of earlier versions have none."""

Layout = Literal["voices", "lead-sheet", "drums"]
"""Voices of one note each, a melody with a chord, or a pattern of drums."""

METRICS = ("valid/nats",)
"""Validation metrics, any of which may choose the best checkpoint: nats of a cell."""

DRUMS = (36, 38, 42, 46, 41, 45, 48, 49, 51)
"""Drums of a pattern, in General MIDI: kick, snare, closed and open hat, low, mid and high tom, crash, ride."""

DRUM_NAMES = ("kick", "snare", "hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride")

AGES = 33
"""Rows of a table of ages: a note that has lasted so many steps, the last row for longer ones."""

MATCHES = 17
"""Rows of a table of lengths of matches in steps, the last row for longer ones."""

BAR_STEPS = 65
BARS_LEFT = 10
N_DEGREES = 13
"""Rows of a table of semitones above the tonic: twelve, and one for none."""

NO_TONIC = 12
MODES = 3
"""Rows of a table of modes: major, minor and unknown."""

CADENCE_STEPS, CADENCE_KINDS = 34, 3
"""Rows of a table of steps to the next last note of a phrase, the last one for none, and of its kinds."""

TARGET_STEPS = 18
"""Rows of a table of steps to the next known note, at most 16 ahead; the last one for none."""

LOOKAHEAD = (0, 1, 2, 4, 8, 16)
"""Steps ahead whose known cells the network gets."""


@dataclass(frozen=True)
class ComposerConfig(ModelConfig):
    """The networks and the grid that they fill."""

    TITLE = "a composer"
    LABELS_REMEDY = "leave labels empty"
    VALIDATION_METRICS = METRICS

    layout: Layout = "lead-sheet"
    n_voices: int = ranged(4, 1, 12)  # of the layout voices
    voices: tuple[str, ...] = ()  # their names, from high to low; none are those of a choir, or numbers
    programs: tuple[int, ...] = ()  # of General MIDI, of these voices; none select nothing
    lowest: int = ranged(36, 0, 127)  # note of the vocabulary
    highest: int = ranged(84, 0, 127)
    cell: Literal["transformer", "lstm"] = "transformer"
    n_layers: int = ranged(3, 1, 32)
    hidden_size: int = ranged(160, 8, 2_048)
    n_heads: int = ranged(4, 1, 64)
    context_steps: int = ranged(256, 2, 8_192)  # to which the transformer attends
    n_voice_layers: int = ranged(2, 1, 16)
    embedding_size: int = ranged(24, 1, 512)  # of each feature
    dropout: float = ranged(0.15, 0.0, 0.9)
    feature_dropout: float = ranged(0.1, 0.0, 0.9)  # of whole features of a step
    has_plan: bool = True  # conditioned on the bars that are left and on known cells ahead
    has_key: bool = False  # conditioned on the key and on the cadences ahead
    has_target: bool = False  # conditioned on the next known note of each voice, and intervals to it

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lowest > self.highest:
            raise BadSetting(
                f"lowest is {self.lowest} and highest {self.highest}; the lowest note is above the highest."
            )
        if len(self.voices) not in (0, self.n_voices) or len(self.programs) not in (0, len(self.voices)):
            raise BadSetting(
                f"There are {len(self.voices)} names of voices and {len(self.programs)} programs for {self.n_voices} "
                "voices; give as many of each as voices, or none."
            )
        if self.hidden_size % (2 * self.n_heads):
            raise BadSetting(
                f"hidden_size is {self.hidden_size} and n_heads {self.n_heads}; the size must be a multiple of twice "
                "the number of heads."
            )

    @property
    def n_lanes(self) -> int:
        """Number of cells of a step."""
        return {"voices": self.n_voices, "lead-sheet": 2, "drums": len(DRUMS)}[self.layout]

    @property
    def has_notes(self) -> bool:
        """True if pitches have intervals, which those of drums have not."""
        return self.layout != "drums"

    @property
    def knows_key(self) -> bool:
        """True if the key and the cadences ahead are features; drums have none."""
        return self.has_key and self.has_notes

    @property
    def knows_target(self) -> bool:
        """True if the next known notes are features."""
        return self.has_target and self.has_plan and self.knows_key

    @property
    def vocabulary(self) -> Vocabulary:
        """The symbols of cells."""
        if self.layout == "drums":
            return Vocabulary(min(DRUMS), max(DRUMS), has_chords=False)
        return Vocabulary(self.lowest, self.highest, has_chords=self.layout == "lead-sheet")

    @property
    def head_size(self) -> int:
        """Size of a head of the attention."""
        return self.hidden_size // self.n_heads

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of what the network over time remembers of a piece."""
        if self.cell == "lstm":
            return (2 * self.n_layers, self.hidden_size)
        return (self.n_layers, 2, self.n_heads, self.context_steps - 1, self.head_size)

    @property
    def feature_sizes(self) -> tuple[int, ...]:
        """Rows of the table of each feature of a step, in the order of :func:`.features.step_features`."""
        symbols = self.vocabulary.size
        lane = (symbols, symbols, AGES, symbols) + (N_INTERVALS, N_INTERVALS) * self.has_notes
        plan = (BARS_LEFT, *((2 * symbols,) * (len(LOOKAHEAD) * self.n_lanes))) * self.has_plan
        key = (MODES, CADENCE_STEPS, CADENCE_KINDS, *((N_DEGREES,) * self.n_lanes)) * self.knows_key
        target = ((TARGET_STEPS, N_INTERVALS) * self.n_lanes) * self.knows_target
        return (BAR_STEPS, BAR_STEPS, MATCHES, *(lane * self.n_lanes), *plan, *key, *target)


SMALL = ComposerConfig(has_key=True, has_target=True)

SIZES = {
    "tiny": replace(SMALL, n_layers=1, hidden_size=16, n_heads=2, embedding_size=4, context_steps=16),
    "small": SMALL,
    "base": replace(SMALL, n_layers=6, hidden_size=320, n_heads=8, context_steps=512),
}
"""The configuration of each size."""
