"""Projects: mixes as text files in TOML, checked; every error names the position in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ...base.errors import BadSetting, Named
from ...base.names import labelled, name_problem, quoted
from ...base.rules import OneOf
from ...base.toml_tables import TomlTable, parse_table, read_toml
from ..dynamics import Ducker
from ..editing.chain import Chain
from ..editing.quantities import QUANTITIES, parse_value, quantity_of
from .automation import Automation, Curve, Follower, Motion, Oscillation, Points, automation_of
from .plan import MASTER, Duck, Fader, Mix, Placement, Point, Send, Strip
from .sources import FileSource, RegionSource

MAX_FILE_BYTES = 2**24
MAX_OSCILLATOR_HZ = 20.0
MAX_SECONDS = 7 * 86_400.0
DEFAULT_SAMPLE_RATE = 48_000
SLOWEST, FASTEST = 4.0, 1000.0  # beats a minute


def _quantity(name: str) -> BeforeValidator:
    """Return a validator that also takes numbers as text with a unit, such as ``"1:02.5"`` and ``"-6dB"``."""

    def parse(value: object) -> object:
        return parse_value(name, float, value) if isinstance(value, str) else value

    return BeforeValidator(parse)


_TIME, _GAIN = _quantity("seconds"), _quantity("gain_db")
Time: TypeAlias = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False), _TIME]
Position: TypeAlias = Annotated[float, Field(ge=-MAX_SECONDS, le=MAX_SECONDS, allow_inf_nan=False), _TIME]
Decibels: TypeAlias = Annotated[float, Field(ge=-120, le=60, allow_inf_nan=False), _GAIN]
PanPosition: TypeAlias = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class RegionSection(TomlTable):
    """A region of a track: a file, or a segment of one, at a position."""

    noun = "region"

    file: str
    start: Position = 0.0
    offset: Time = 0.0
    length: Time | None = None
    gain_db: Decibels = 0.0
    pan: PanPosition = 0.0
    fade_in: Time = 0.0
    fade_out: Time = 0.0
    fade_curve: str = "s-curve"
    loop: bool = False
    speed: float = Field(default=1.0, ge=0.25, le=4)
    effects: str = ""


Value: TypeAlias = float | str  # a number, with or without the unit of its setting


def _rising(points: Sequence[tuple[float, Value]]) -> Sequence[tuple[float, Value]]:
    times = [time for time, _ in points]
    if times != sorted({*times}):
        raise ValueError("the times do not rise")
    return points


RISING = AfterValidator(_rising)


class OscillatorSection(TomlTable):
    """A low-frequency oscillator between two values."""

    low: Value
    high: Value
    rate_hz: Annotated[float, Field(gt=0, le=MAX_OSCILLATOR_HZ), _quantity("rate_hz")] = 1.0
    shape: str = "sine"
    phase: float = Field(default=0.0, ge=0, le=1)


class FollowerSection(TomlTable):
    """The level of another track or bus, which moves a number between two values."""

    by: str
    low: Value
    high: Value
    floor_db: Decibels = -50.0
    ceiling_db: Decibels = -10.0
    attack_ms: Annotated[float, Field(ge=0, le=10_000), _quantity("attack_ms")] = 10.0
    release_ms: Annotated[float, Field(ge=0, le=10_000), _quantity("release_ms")] = 200.0


class EffectAutomationSection(TomlTable):
    """A number of an effect that moves: through points, by an oscillator, or by the level of another strip."""

    noun = "effects"

    step: int = Field(ge=1)
    setting: str
    curve: Curve | None = None
    points: Annotated[tuple[tuple[Time, Value], ...], RISING, OneOf("lfo", "follow")] = ()
    lfo: OscillatorSection | None = None
    follow: FollowerSection | None = None

    def automation(self, chain: Chain | None) -> Automation:
        """Return the automation of a chain; raise BadSetting if it does not fit the chain."""
        return automation_of(chain, self.step, self.setting, self._motion)

    def _motion(self, setting: str) -> Motion:
        curve = self.curve or ("exponential" if quantity_of(setting) is QUANTITIES["hz"] else "linear")

        def number(value: Value) -> float:
            return parse_value(setting, float, value) if isinstance(value, str) else value  # type: ignore[return-value]

        if self.lfo is not None:
            ends = number(self.lfo.low), number(self.lfo.high)
            return Oscillation(*ends, curve, self.lfo.rate_hz, self.lfo.shape, self.lfo.phase)
        if self.follow is not None:
            key = self.follow
            ends = number(key.low), number(key.high)
            return Follower(*ends, curve, key.by, key.floor_db, key.ceiling_db, key.attack_ms, key.release_ms)
        return Points.through([(seconds, number(value)) for seconds, value in self.points], curve)


class AutomationSection(TomlTable):
    """Points ``[time, value]`` of the gain, added to ``gain_db``, and of the pan; what moves in the effects."""

    gain_db: Annotated[tuple[tuple[Time, Decibels], ...], RISING] = ()
    pan: Annotated[tuple[tuple[Time, PanPosition], ...], RISING] = ()
    effects: tuple[EffectAutomationSection, ...] = ()


class SendSection(TomlTable):
    """A copy of a track to a bus."""

    noun = "send"

    to: str
    gain_db: Decibels = 0.0


class DuckSection(BaseModel):
    """Ducking by another track or bus, with the settings of the effect ``duck``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    by: str

    def duck(self) -> Duck:
        """Return the ducking; raise BadSetting for unknown settings or values."""
        return Duck(self.by, Ducker(**_settings(Ducker, self.model_extra or {})))


class StripSection(TomlTable):
    """Base of tracks and buses."""

    gain_db: Decibels = 0.0
    pan: PanPosition = 0.0
    effects: str = ""
    automation: AutomationSection = AutomationSection()

    def automations(self, chain: Chain | None) -> tuple[Automation, ...]:
        """Return what moves in the effects; raise BadSetting if it does not fit them."""
        found = []
        for number, section in enumerate(self.automation.effects, 1):
            with Named(f"automation, effects {number}"):
                found.append(section.automation(chain))
        return tuple(found)

    def fader(self) -> Fader:
        """Return the fader."""
        gain, pan = ((Point(*point) for point in points) for points in (self.automation.gain_db, self.automation.pan))
        return Fader(self.gain_db, self.pan, tuple(gain), tuple(pan))


class TrackSection(StripSection):
    """A track."""

    noun = "track"

    name: str = ""
    mute: bool = False
    solo: bool = False
    duck: DuckSection | None = None
    output: str = MASTER
    sends: tuple[SendSection, ...] = ()
    regions: tuple[RegionSection, ...] = ()


class BusSection(StripSection):
    """A bus: the sum of the tracks and buses that are sent to it."""

    noun = "bus"

    name: str
    mute: bool = False
    duck: DuckSection | None = None
    output: str = MASTER
    sends: tuple[SendSection, ...] = ()


class ProjectSection(TomlTable):
    """A whole file."""

    title: str = ""
    sample_rate: int = Field(default=DEFAULT_SAMPLE_RATE, ge=1_000, le=768_000)
    channels: int = Field(default=2, ge=1, le=8)
    length: Time | None = None
    tempo: float | None = Field(default=None, ge=SLOWEST, le=FASTEST)  # of a grid; nothing sounds by it
    tracks: tuple[TrackSection, ...] = Field(min_length=1)
    buses: tuple[BusSection, ...] = ()
    master: StripSection = StripSection()


def read_project(path: Path) -> Mix:
    """Read a mix from a project file; no sound is decoded.

    Raises BadSetting or BadAudio if the file or one that it names cannot be read, or something in it is wrong; the
    message says where.

    Parameters
    ----------
    path : Path
        A TOML file; files in it are relative to its folder.
    """
    with Named(str(path)):
        return parse_project(read_toml(path, MAX_FILE_BYTES), path.parent)


def parse_project(text: str, folder: Path = Path()) -> Mix:
    """Return the mix that a text describes, see :func:`read_project`."""
    project = parse_table(ProjectSection, text, "a project")
    sources: dict[Path, RegionSource] = {}

    def source(region: RegionSection) -> RegionSource:
        file = folder / region.file
        if file not in sources:
            sources[file] = FileSource(file)
            sources[file].sample_rate  # noqa: B018  # reads the header, and reports a missing file here
        return sources[file]

    strips: dict[str, Strip] = {}
    for number, track in enumerate(project.tracks, 1):
        name = track.name or f"track {number}"
        label = labelled("track", name)
        placements = []
        for index, region in enumerate(track.regions, 1):
            with Named(f"{label}, region {index}"):
                placements.append(_placement(region, source(region), folder))
        with Named(label):
            _add(strips, _strip(name, track, folder), tuple(placements))
    for bus in project.buses:
        with Named(labelled("bus", bus.name)):
            _add(strips, _strip(bus.name, bus, folder, is_bus=True), ())
    with Named(MASTER):
        chain = chain_of(project.master.effects, folder)
        automations = project.master.automations(chain)
        strips[MASTER] = Strip(MASTER, chain=chain, automations=automations, fader=project.master.fader(), output=None)
    mix = Mix(strips, project.sample_rate, project.channels, project.length)
    mix.check()
    has_solo = any(track.solo for track in project.tracks)
    muted = {
        track.name or f"track {number}"
        for number, track in enumerate(project.tracks, 1)
        if track.mute or (has_solo and not track.solo)
    }
    muted |= {bus.name for bus in project.buses if bus.mute}
    mix = without(mix, muted)
    if mix.expected_seconds == 0:
        raise BadSetting("The mix has no length: no track that is not muted has a region; add one, or give length.")
    return mix


def without(mix: Mix, muted: set[str]) -> Mix:
    """Return a mix in which some strips are silent: they go nowhere, and duck nothing."""
    strips = {}
    for name, strip in mix.strips.items():
        duck = None if strip.duck is None or strip.duck.by in muted else strip.duck
        moving = tuple(each for each in strip.automations if each.motion.key not in muted)
        strips[name] = replace(strip, duck=duck, automations=moving)
        if name in muted:
            strips[name] = Strip(name, output=None, is_bus=strip.is_bus)
    return replace(mix, strips=strips)


def _add(strips: dict[str, Strip], strip: Strip, placements: tuple[Placement, ...]) -> None:
    problem = name_problem(strip.name, is_file=True)
    if problem is not None:
        raise BadSetting(f"The name {quoted(strip.name)} {problem}.")
    if strip.name in strips or strip.name == MASTER:
        raise BadSetting(f"The name {quoted(strip.name)} is in use already; each track and bus needs its own.")
    strips[strip.name] = replace(strip, placements=placements)


def _strip(name: str, section: TrackSection | BusSection, folder: Path, *, is_bus: bool = False) -> Strip:
    duck = None
    if section.duck is not None:
        with Named("duck"):
            duck = section.duck.duck()
    sends = tuple(Send(send.to, send.gain_db) for send in section.sends)
    chain = chain_of(section.effects, folder)
    return Strip(
        name,
        chain=chain,
        automations=section.automations(chain),
        fader=section.fader(),
        duck=duck,
        output=section.output,
        sends=sends,
        is_bus=is_bus,
    )


def _placement(region: RegionSection, source: RegionSource, folder: Path) -> Placement:
    return Placement(
        source,
        start_seconds=region.start,
        offset_seconds=region.offset,
        seconds=region.length,
        is_loop=region.loop,
        speed=region.speed,
        chain=chain_of(region.effects, folder),
        fade_in_seconds=region.fade_in,
        fade_out_seconds=region.fade_out,
        fade_curve=region.fade_curve,
        gain_db=region.gain_db,
        pan=region.pan,
    )


def chain_of(text: str, folder: Path) -> Chain | None:
    """Return the chain of a text, None of an empty one; raise BadSetting if it is none."""
    with Named("effects"):
        return Chain.parse(text, folder) if text.strip() else None


def _settings(kind: type[Ducker], values: Mapping[str, object]) -> dict[str, Any]:
    """Return settings of an effect from a table, whose values are numbers or texts with units."""
    names = [field.name for field in fields(kind)]
    settings: dict[str, Any] = {}
    for name, value in values.items():
        if name not in names:
            raise BadSetting(f"There is no setting {quoted(name)}; there are {', '.join(['by', *names])}.")
        number = parse_value(name, float, value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadSetting(f"{name} is {value!r}; it must be a number.")
        settings[name] = float(number)
    return settings
