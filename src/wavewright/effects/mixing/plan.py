"""Plan of a mix: strips with regions, effects, faders and connections, checked before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...audio.sound_file import SoundFormat
from ...base.errors import BadAudio, BadSetting, Named
from ...base.names import labelled, quoted
from ...base.units import seconds_to_samples
from ...dsp.assembly import CURVES
from ..dynamics import Ducker
from ..editing.chain import Chain
from .automation import Automation, check_automations
from .sources import RegionSource

MASTER = "master"
"""Name of the strip at the end of a mix."""


@dataclass(frozen=True)
class Placement:
    """A sound at a position of a track.

    Attributes
    ----------
    source : RegionSource
    start_seconds : float
        Position of its first sample; what lies before 0 is left out.
    offset_seconds : float
        Position in the source at which it starts.
    seconds : float or None
        Longest length; None for all of the source.
    is_loop : bool
        The source repeats up to the length.
    speed : float
        Factor of the speed, and of the pitch with it.
    chain : Chain or None
        Effects of this sound alone.
    fade_in_seconds, fade_out_seconds, fade_curve
        Fades after the effects, see :data:`.assembly.CURVES`.
    gain_db, pan : float
        Level, and position from -1 (left) to 1 (right).
    """

    source: RegionSource
    start_seconds: float = 0.0
    offset_seconds: float = 0.0
    seconds: float | None = None
    is_loop: bool = False
    speed: float = 1.0
    chain: Chain | None = None
    fade_in_seconds: float = 0.0
    fade_out_seconds: float = 0.0
    fade_curve: str = "s-curve"
    gain_db: float = 0.0
    pan: float = 0.0

    @property
    def end_seconds(self) -> float | None:
        """End in the mix, without tails of effects; None if it is unknown."""
        left = None if self.source.seconds is None else (self.source.seconds - self.offset_seconds) / self.speed
        lengths = [length for length in (self.seconds, None if self.is_loop else left) if length is not None]
        return self.start_seconds + min(lengths) if lengths else None

    def check(self, sound: SoundFormat) -> None:
        """Raise BadAudio or BadSetting unless the sound can be placed in a mix of this format."""
        if self.source.n_channels not in (1, sound.n_channels) and sound.n_channels != 1:
            raise BadAudio(
                f"It has {self.source.n_channels} channels, and the mix {sound.n_channels}; make it mono or alike."
            )
        seconds = self.source.seconds
        if seconds is not None and self.offset_seconds >= seconds:
            raise BadSetting(f"offset is {self.offset_seconds:g} s, and the sound has {seconds:.3f} s; start earlier.")
        if self.is_loop and self.seconds is None:
            raise BadSetting("A loop has no end of its own; give its length.")
        if self.fade_curve not in CURVES:
            raise BadSetting(f"fade_curve is {quoted(self.fade_curve)}; it must be one of {', '.join(CURVES)}.")
        check_pan(self.pan, sound)
        check_chain(self.chain, sound)


@dataclass(frozen=True)
class Point:
    """A point of an automation: the time, and the value there; between points the value changes linearly."""

    seconds: float
    value: float


@dataclass(frozen=True)
class Fader:
    """Level and position of a strip; automation is added to ``gain_db``, and replaces ``pan``."""

    gain_db: float = 0.0
    pan: float = 0.0
    gain_points: tuple[Point, ...] = ()
    pan_points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Send:
    """A copy of a strip, behind its fader, to a bus."""

    to: str
    gain_db: float = 0.0


@dataclass(frozen=True)
class Duck:
    """Ducking of a strip by another one."""

    by: str
    ducker: Ducker = field(default_factory=Ducker)


@dataclass(frozen=True)
class Strip:
    """A track or bus: regions or the sum of what is sent to it, then effects, ducking and the fader."""

    name: str
    placements: tuple[Placement, ...] = ()
    chain: Chain | None = None
    automations: tuple[Automation, ...] = ()  # of the effects
    fader: Fader = field(default_factory=Fader)
    duck: Duck | None = None
    output: str | None = MASTER
    sends: tuple[Send, ...] = ()
    is_bus: bool = False

    @property
    def keys(self) -> list[str]:
        """Names of the strips whose levels numbers of the effects follow."""
        return [each.motion.key for each in self.automations if each.motion.key is not None]

    def destinations(self) -> Iterator[Send]:
        """Yield where the strip is mixed into."""
        if self.output is not None:
            yield Send(self.output)
        yield from self.sends


@dataclass(frozen=True)
class Mix:
    """Strips by name, the master among them, and the format of the result.

    Attributes
    ----------
    strips : dict of str to Strip
    sample_rate : int, in Hz
    n_channels : int
    seconds : float or None
        Length; by default up to the end of the last tail.
    skipped_seconds : float
        Start of the mix that is rendered and dropped, so that a loop starts with the tails of its end.
    """

    strips: dict[str, Strip]
    sample_rate: int
    n_channels: int
    seconds: float | None = None
    skipped_seconds: float = 0.0

    @property
    def sound(self) -> SoundFormat:
        """The format of all strips."""
        return SoundFormat(self.sample_rate, self.n_channels)

    @property
    def n_samples(self) -> int | None:
        """The length in samples, if it is given."""
        return None if self.seconds is None else seconds_to_samples(self.seconds, self.sample_rate)

    @property
    def expected_seconds(self) -> float | None:
        """About how long the mix will be: the end of the last region; None if that is unknown."""
        if self.seconds is not None:
            return self.seconds
        ends = [placement.end_seconds for strip in self.strips.values() for placement in strip.placements]
        known = [end for end in ends if end is not None]
        return max(known, default=0.0) if len(known) == len(ends) else None

    @property
    def n_input_samples(self) -> int:
        """Samples up to which silence follows the regions of every track, so that effects sound on; 0 if unknown."""
        return seconds_to_samples((self.expected_seconds or 0.0) + self.skipped_seconds, self.sample_rate)

    def inputs(self, name: str) -> list[tuple[str, float]]:
        """Return the strips that are mixed into a bus or the master, and their gains in dB."""
        return [
            (strip.name, destination.gain_db)
            for strip in self.strips.values()
            for destination in strip.destinations()
            if destination.to == name
        ]

    def check(self) -> None:
        """Check all strips and their connections.

        Raises
        ------
        BadSetting, BadAudio
            With the name of the strip and the number of the region.
        """
        for strip in self.strips.values():
            label = label_of(strip)
            with Named(label):
                for destination in strip.destinations():
                    _check_destination(self.strips, destination.to)
                if strip.duck is not None:
                    _check_key(self.strips, strip.duck.by, "duck")
                for key in strip.keys:
                    _check_key(self.strips, key, "follow")
                check_pan(strip.fader.pan, self.sound)
                if strip.fader.pan_points:
                    check_pan(1.0, self.sound)
                check_chain(strip.chain, self.sound)
                check_automations(strip.chain, strip.automations, self.sound)
            for number, placement in enumerate(strip.placements, 1):
                with Named(f"{label}, region {number}"):
                    placement.check(self.sound)
        _check_acyclic(self)


def label_of(strip: Strip) -> str:
    """Return what a strip is called in messages."""
    if strip.name == MASTER:
        return "master"
    return labelled("bus" if strip.is_bus else "track", strip.name)


def check_pan(pan: float, sound: SoundFormat) -> None:
    """Raise BadSetting if a mix that is not stereo is panned."""
    if pan and sound.n_channels != 2:
        raise BadSetting(f"pan needs a stereo mix, and this one has {sound.n_channels} channels; leave pan out.")


def check_chain(chain: Chain | None, sound: SoundFormat) -> None:
    """Raise BadSetting unless the effects leave sample rate and channels as they are."""
    if chain is None:
        return
    after = chain.formats(sound)[-1]
    if after.sample_rate != sound.sample_rate:
        raise BadSetting(
            f"The effects change the sample rate from {sound.sample_rate} to {after.sample_rate} Hz; leave that out, "
            "the mix resamples all files."
        )
    if after.n_channels not in (1, sound.n_channels):
        raise BadSetting(f"The effects make {after.n_channels} channels, and the mix has {sound.n_channels}.")


def _check_destination(strips: dict[str, Strip], name: str) -> None:
    if name != MASTER and (name not in strips or not strips[name].is_bus):
        known = ", ".join([MASTER, *(quoted(strip.name) for strip in strips.values() if strip.is_bus)])
        raise BadSetting(f"There is no bus {quoted(name)}; there are {known}.")


def _check_key(strips: dict[str, Strip], name: str, what: str) -> None:
    if name not in strips or name == MASTER:
        known = ", ".join(quoted(each) for each in strips if each != MASTER)
        raise BadSetting(f"{what} is by {quoted(name)}, which does not exist; there are {known}.")


def _check_acyclic(mix: Mix) -> None:
    """Raise BadSetting if a strip depends on itself."""
    needs = {name: [each for each, _ in mix.inputs(name)] for name in mix.strips}
    for strip in mix.strips.values():
        if strip.duck is not None:
            needs[strip.name].append(strip.duck.by)
        needs[strip.name] += strip.keys
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise BadSetting(
                f"Tracks and buses depend on each other in a circle ({circle}); remove a send, duck or follow."
            )
        if name not in finished:
            for each in needs[name]:
                visit(each, (*path, name))
            finished.add(name)

    for name in needs:
        visit(name, ())
