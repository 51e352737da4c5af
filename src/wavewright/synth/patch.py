"""Patches: the settings of an instrument, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, model_validator

from ..base.errors import BadSetting
from ..base.names import quoted
from ..base.rules import Needs
from ..base.toml_tables import TomlTable, TomlTables
from ..effects.catalogue import EFFECTS
from ..effects.effect import Effect
from .fm_algorithms import ALGORITHMS
from .formula import parse_formula
from .spectra import MAX_FRAMES, MAX_HARMONICS

CATEGORIES = (
    *("bass", "lead", "pad", "keys", "organ", "pluck", "bell", "strings", "brass", "wind", "vocal", "drums", "effect"),
)
STREAMING_EFFECTS = (
    *("chorus", "flanger", "phaser", "tremolo", "vibrato", "delay", "reverb", "saturate", "crush", "width"),
    *("lowpass", "highpass", "lowshelf", "highshelf", "peak"),
)
"""Effects of patches; each streams without a delay that a player would notice."""

N_OPERATORS = 6
MAX_OSCILLATORS = 4
MAX_ENVELOPES = 4
MAX_LFOS = 3
MAX_UNISON = 9
MAX_VOICES = 32
SOURCES = ("velocity", "key", "random", "wheel")
"""Sources of modulation beside the envelopes and the LFOs: 0 to 1, octaves above C4, -1 to 1, 0 to 1."""

DESTINATIONS = (
    *("pitch", "level", "pan", "cutoff", "resonance", "width", "morph", "fm", "vowel"),
    *(f"oscillator{number}.{what}" for number in range(1, MAX_OSCILLATORS + 1) for what in ("pitch", "level")),
)
"""Destinations of modulation; pitches in semitones, the cutoff in octaves, the others as the settings themselves."""

Seconds: TypeAlias = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)]
Unit: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Bipolar: TypeAlias = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Hertz: TypeAlias = Annotated[float, Field(ge=0.01, le=96_000, allow_inf_nan=False)]
Semitones: TypeAlias = Annotated[float, Field(ge=-96, le=96, allow_inf_nan=False)]
Decibels: TypeAlias = Annotated[float, Field(ge=-96, le=36, allow_inf_nan=False)]
Amplitudes: TypeAlias = Annotated[
    tuple[Annotated[float, Field(ge=-1e3, le=1e3, allow_inf_nan=False)], ...],
    Field(min_length=1, max_length=MAX_HARMONICS),
]


def _as_formula(value: object) -> str:
    """Check a formula."""
    if not isinstance(value, str):
        raise ValueError('a formula is a text such as "sin(2*pi*f*t)"')
    try:
        return parse_formula(value).text
    except BadSetting as error:
        raise ValueError(str(error).rstrip(".")) from error


FormulaText: TypeAlias = Annotated[str, BeforeValidator(_as_formula)]


class EnvelopeTable(TomlTable):
    """An envelope: a linear attack to 1, exponential decay to the sustain level, exponential release.

    Decay and release are the times to -60 dB of the distance.
    """

    attack_s: Seconds = 0.003
    hold_s: Seconds = 0.0
    decay_s: Seconds = 1.0
    sustain: Unit = 1.0
    release_s: Seconds = 0.2


class LFOTable(TomlTable):
    """A low-frequency oscillator from -1 to 1."""

    shape: Literal["sine", "triangle", "saw", "square", "random"] = "sine"
    rate_hz: Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)] = 5.0
    delay_s: Seconds = 0.0
    fade_s: Seconds = 0.0
    phase: Unit = 0.0
    per_note: bool = True


class ModulationTable(TomlTable):
    """A connection of the modulation matrix: ``amount`` times the source, times the source ``via`` where given."""

    source: str
    destination: str
    amount: Annotated[float, Field(ge=-200, le=200, allow_inf_nan=False)]
    via: str | None = None


NoiseColour = Literal["white", "pink", "brown", "blue", "violet"]
NOISE_COLOURS: tuple[str, ...] = get_args(NoiseColour)
"""In the order of the numbers in noise_kernels.py."""

Wave = Literal[
    "sine", "triangle", "saw", "square", "pulse", "harmonics", "table", "formula", "period", NoiseColour
]  # fmt: skip


class OscillatorTable(TomlTable):
    """An oscillator."""

    wave: Wave = "saw"
    level: Annotated[float, Field(ge=0, le=4, allow_inf_nan=False)] = 1.0
    semitones: Semitones = 0.0
    cents: Annotated[float, Field(ge=-1_200, le=1_200, allow_inf_nan=False)] = 0.0
    key_tracking: Bipolar = 1.0
    width: Annotated[float, Field(ge=0.01, le=0.99)] = 0.5
    morph: Unit = 0.0
    harmonics: Amplitudes | None = None
    frames: Annotated[tuple[Amplitudes, ...], Field(max_length=MAX_FRAMES), Needs("wave", "table")] = ()
    formula: FormulaText | None = None
    period: Annotated[tuple[float, ...], Field(min_length=2, max_length=2**16)] | None = None
    unison: Annotated[int, Field(ge=1, le=MAX_UNISON)] = 1
    detune_cents: Annotated[float, Field(ge=0, le=1_200)] = 0.0
    spread: Unit = 0.0
    pan: Bipolar = 0.0
    phase: Unit | Literal["random"] = 0.0

    @model_validator(mode="after")
    def _has_its_wave(self) -> OscillatorTable:
        for name in ("harmonics", "formula", "period"):
            if (self.wave == name) != (getattr(self, name) is not None):
                raise ValueError(f'the wave "{name}" needs the key {name}, and no other wave takes it')
        return self

    @property
    def is_noise(self) -> bool:
        """True for noise of any colour."""
        return self.wave in NOISE_COLOURS


class OperatorTable(TomlTable):
    """An operator of frequency modulation: a sine at ``ratio`` times the pitch, or at ``fixed_hz``."""

    ratio: Annotated[float, Field(gt=0, le=64)] = 1.0
    fixed_hz: Hertz | None = None
    cents: Annotated[float, Field(ge=-1_200, le=1_200)] = 0.0
    level: Annotated[float, Field(ge=0, le=16)] = 1.0
    velocity: Unit = 0.0
    key_scaling_db: Annotated[float, Field(ge=-24, le=24)] = 0.0
    envelope: EnvelopeTable = EnvelopeTable()


class FMTable(TomlTable):
    """Six operators of frequency modulation, connected as in one of 32 algorithms.

    The level of a modulator is its index in radians; that of a carrier is an amplitude.
    """

    algorithm: Annotated[int, Field(ge=1, le=len(ALGORITHMS))] = 1
    feedback: Annotated[float, Field(ge=0, le=4)] = 0.0
    operators: tuple[OperatorTable, ...] = Field(min_length=1, max_length=N_OPERATORS)


class StringTable(TomlTable):
    """A plucked string (K. Karplus, A. Strong, 1983): ``decay_s`` is the time to -60 dB of A3, at the fundamental."""

    decay_s: Annotated[float, Field(ge=0.05, le=60)] = 4.0
    damping: Annotated[float, Field(ge=0, le=1)] = 0.3
    brightness_hz: Hertz = 6_000.0
    position: Annotated[float, Field(ge=0.02, le=0.5)] = 0.2
    key_scaling: Annotated[float, Field(ge=0, le=1)] = 0.5
    stroke: Literal["pluck", "bow"] = "pluck"


class ModeTable(TomlTable):
    """A mode of a struck body: its frequency as a ratio, amplitude, and time to -60 dB."""

    ratio: Annotated[float, Field(gt=0, le=100)]
    level: Annotated[float, Field(ge=-4, le=4)] = 1.0
    decay_s: Annotated[float, Field(ge=0.001, le=60)] = 1.0


class ModalTable(TomlTable):
    """A struck body: modes, excited by a stroke whose ``hardness_hz`` bounds the spectrum, and a noise of contact."""

    modes: tuple[ModeTable, ...] = Field(min_length=1, max_length=24)
    hardness_hz: Hertz = 5_000.0
    key_scaling: Annotated[float, Field(ge=0, le=2)] = 0.5
    noise: Unit = 0.0
    noise_s: Annotated[float, Field(gt=0, le=1)] = 0.02


class GrainTable(TomlTable):
    """A cloud of grains: each a wave of its own pitch and pan in a window."""

    harmonics: Amplitudes = (1.0, 0.5, 0.33, 0.25, 0.2)
    density_hz: Annotated[float, Field(ge=1, le=400)] = 40.0
    length_s: Annotated[float, Field(ge=0.002, le=1)] = 0.1
    pitch_jitter_cents: Annotated[float, Field(ge=0, le=2_400)] = 10.0
    chord: tuple[Semitones, ...] = Field(default=(0.0,), min_length=1, max_length=12)
    spread: Unit = 0.8


class FilterTable(TomlTable):
    """A filter of every voice: state-variable, ladder, or the formants of vowels."""

    kind: Literal["low-pass", "high-pass", "band-pass", "notch", "ladder", "vowel"] = "low-pass"
    slope_db: Literal[12, 24] = 12
    cutoff_hz: Hertz = 2_000.0
    resonance: Unit = 0.1
    key_tracking: Annotated[float, Field(ge=-1, le=2)] = 0.0
    drive_db: Annotated[float, Field(ge=-24, le=48)] = 0.0
    vowel: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Position between the vowels a, e, i, o and u."""


class DrumTable(TomlTable):
    """A drum: a falling tone and its overtone, metal (six squares), noise in a band, and a click."""

    key: Annotated[int, Field(ge=0, le=127)]
    tone_hz: Hertz = 60.0
    tone_level: Unit = 0.0
    sweep_semitones: Annotated[float, Field(ge=-48, le=72)] = 0.0
    sweep_s: Annotated[float, Field(gt=0, le=2)] = 0.05
    tone_decay_s: Annotated[float, Field(gt=0, le=10)] = 0.4
    overtone_ratio: Annotated[float, Field(gt=0, le=20)] = 1.8
    overtone_level: Unit = 0.0
    metal_hz: Hertz = 400.0
    metal_level: Unit = 0.0
    metal_decay_s: Annotated[float, Field(gt=0, le=10)] = 0.1
    noise_level: Unit = 0.0
    noise_decay_s: Annotated[float, Field(gt=0, le=10)] = 0.15
    noise_hz: Hertz = 5_000.0
    noise_q: Annotated[float, Field(ge=0.3, le=20)] = 0.7
    noise_kind: Literal["low-pass", "band-pass", "high-pass"] = "band-pass"
    bursts: Annotated[int, Field(ge=1, le=8)] = 1
    burst_s: Annotated[float, Field(gt=0, le=0.1)] = 0.011
    click_level: Unit = 0.0
    attack_s: Annotated[float, Field(ge=0, le=1)] = 0.0005
    drive_db: Annotated[float, Field(ge=0, le=36)] = 0.0
    level: Annotated[float, Field(ge=0, le=4)] = 1.0
    pan: Bipolar = 0.0
    choke: Annotated[int, Field(ge=0, le=16)] = 0


class VoicesTable(TomlTable):
    """Voices: polyphony, glide, transposition, velocity."""

    mode: Literal["poly", "mono", "legato"] = "poly"
    count: Annotated[int, Field(ge=1, le=MAX_VOICES)] = 16
    glide_s: Seconds = 0.0
    semitones: Semitones = 0.0
    velocity_db: Annotated[float, Field(ge=0, le=60)] = 18.0
    """Difference in level between velocity 127 and velocity 1."""


def _as_effects(value: object) -> object:
    """Make the effects of a patch from their tables."""
    if not isinstance(value, list | tuple):
        raise ValueError('write effects as tables [[effects]] with a kind, such as kind = "chorus"')
    return tuple(each if isinstance(each, Effect) else _effect_of(each) for each in value)


def _effect_of(table: object) -> Effect:
    if not isinstance(table, Mapping) or table.get("kind") not in STREAMING_EFFECTS:
        kind = table.get("kind") if isinstance(table, Mapping) else table
        raise ValueError(f"there is no effect {quoted(str(kind))}; kinds are {', '.join(STREAMING_EFFECTS)}")
    settings: dict[str, Any] = {str(name): value for name, value in table.items() if name != "kind"}
    effect = EFFECTS[table["kind"]]
    if unknown := [name for name in settings if name not in effect.__dataclass_fields__]:
        allowed = ", ".join(effect.__dataclass_fields__)
        raise ValueError(f"{table['kind']} has no setting {quoted(unknown[0])}; settings are {allowed}")
    if wrong := [name for name, value in settings.items() if not isinstance(value, int | float)]:
        raise ValueError(f"{wrong[0]} of {table['kind']} is no number")
    try:
        return effect(**settings)
    except BadSetting as error:
        raise ValueError(f"{table['kind']}: {error}") from error


class Patch(TomlTable):
    """An instrument of the synthesiser.

    It has exactly one source of sound: ``oscillators``, ``fm``, ``string``, ``modal``, ``grains``, ``drums`` or
    ``formula``.

    - ``gain_db``: gain that makes the patch as loud as the others.
    - ``envelopes``: by name; ``amplitude`` is that of the level.
    - ``lfos``: by name.
    """

    title: str = Field(min_length=1, max_length=80)
    description: str = Field(default="", max_length=500)
    category: Literal[CATEGORIES]  # type: ignore[valid-type]
    gain_db: Decibels = 0.0
    voices: VoicesTable = VoicesTable()
    oscillators: tuple[OscillatorTable, ...] = Field(default=(), max_length=MAX_OSCILLATORS)
    fm: FMTable | None = None
    string: StringTable | None = None
    modal: ModalTable | None = None
    grains: GrainTable | None = None
    drums: tuple[DrumTable, ...] = Field(default=(), max_length=128)
    formula: FormulaText | None = None
    filter: FilterTable | None = None
    envelopes: dict[str, EnvelopeTable] = Field(default_factory=lambda: {"amplitude": EnvelopeTable()})
    lfos: dict[str, LFOTable] = Field(default_factory=dict, max_length=MAX_LFOS)
    modulations: tuple[ModulationTable, ...] = Field(default=(), max_length=32)
    effects: Annotated[tuple[Any, ...], BeforeValidator(_as_effects), Field(max_length=8)] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Patch:
        sources = ("oscillators", "fm", "string", "modal", "grains", "drums", "formula")
        used = [name for name in sources if getattr(self, name)]
        if len(used) != 1:
            names = " and ".join(used) or "none"
            raise ValueError(f"a patch has one source of sound among {', '.join(sources)}; this one has {names}")
        if "amplitude" not in self.envelopes:
            raise ValueError("envelopes need one of the name amplitude")
        if len(self.envelopes) > MAX_ENVELOPES:
            raise ValueError(f"a patch has at most {MAX_ENVELOPES} envelopes")
        if clash := [*({*self.envelopes} & {*self.lfos}), *({*SOURCES} & {*self.envelopes, *self.lfos})]:
            raise ValueError(f"two sources of modulation have the name {quoted(clash[0])}")
        for number, modulation in enumerate(self.modulations, 1):
            self._check_modulation(number, modulation)
        return self

    def _check_modulation(self, number: int, modulation: ModulationTable) -> None:
        for name in (modulation.source, modulation.via):
            if name is not None and name not in self.modulation_sources:
                allowed = ", ".join(self.modulation_sources)
                raise ValueError(f"modulation {number} has no source {quoted(name)}; sources are {allowed}")
        if modulation.destination not in DESTINATIONS:
            allowed = ", ".join(DESTINATIONS)
            raise ValueError(
                f"modulation {number} has no destination {quoted(modulation.destination)}; destinations are {allowed}"
            )

    @property
    def modulation_sources(self) -> tuple[str, ...]:
        """Names of the sources of modulation."""
        return (*SOURCES, *self.envelopes, *self.lfos)


# --- Patches as TOML files: those that come with Wavewright, and the user's own

PATCHES = Path(__file__).parent / "patches"
"""Folder of the patches that come with Wavewright."""

_TABLES = TomlTables(PATCHES, Patch, "patch")


def parse_patch(text: str, name: str = "") -> Patch:
    """Read a patch from TOML.

    Raises BadSetting with the file, the key and what is allowed there.
    """
    return _TABLES.parse(text, name)


def patch_names() -> tuple[str, ...]:
    """Return the names of the patches that come with Wavewright, sorted."""
    return _TABLES.names


def load_patch(name_or_path: str | Path) -> Patch:
    """Load a patch by a name of :func:`patch_names`, or from a TOML file.

    Raises BadSetting if there is no such patch, or it is invalid.
    """
    return _TABLES.load(name_or_path)
