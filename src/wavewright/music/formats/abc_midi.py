"""Commands of ABC tunes for their sound, which begin with ``%%MIDI``: those of abc2midi that change notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from ..engine import DRUM_CHANNEL
from ..score import CONTROL_CHANGE, PROGRAM
from .abc_fields import semitones_of
from .abc_symbols import PITCH, written_pitch

MAX_DRUM_STEPS = 64
DRUM, DRUM_VELOCITY = 35, 80

SILENT = ("nobarlines", "barlines", "chordname", "debug", "trackname", "snt", "makechordchannels")
"""Commands that are no loss where they are not followed."""

_STEP = re.compile(r"([dz])(\d*)")


@dataclass(frozen=True)
class DrumPattern:
    """Strokes that each so many bars have.

    - ``strokes``: length in steps, and drum and velocity, both 0 for a rest.
    """

    strokes: tuple[tuple[int, int, int], ...]
    n_bars: int = 1

    @classmethod
    def parse(cls, text: str, n_bars: int = 1) -> DrumPattern | None:
        """Read ``d2zdd 36 38 42 80 70 70``: strokes, their drums and their velocities; None for another text."""
        steps, *numbers = text.split()
        lengths = [(kind, int(count or 1)) for kind, count in _STEP.findall(steps)]
        n_steps = sum(length for _, length in lengths)
        if not re.fullmatch(r"([dz]\d{0,2})+", steps) or not 0 < n_steps <= MAX_DRUM_STEPS:
            return None
        n_hits = sum(kind == "d" for kind, _ in lengths)
        values = [int(number) for number in numbers if number.isdecimal() and int(number) <= 127]
        drums = [*values[:n_hits], *[DRUM] * n_hits]
        velocities = [*values[n_hits : 2 * n_hits], *[DRUM_VELOCITY] * n_hits]
        hits = zip(drums, velocities, strict=False)
        return cls(tuple((length, *(next(hits) if kind == "d" else (0, 0))) for kind, length in lengths), n_bars)

    def hits(self, start: Fraction, end: Fraction, metre: Fraction) -> Iterator[tuple[Fraction, Fraction, int, int]]:
        """Yield start, length, drum and velocity of the strokes of a bar, in whole notes."""
        step = metre / sum(length for length, *_ in self.strokes)
        time = start
        while time < end:
            for length, drum, velocity in self.strokes:
                if velocity and time < end:
                    yield time, min(step * length, end - time), drum, velocity
                time += step * length


@dataclass
class MidiCommands:
    """The MIDI settings of a voice at a time."""

    channel: int | None = None
    semitones: int = 0
    drum_map: dict[int, int] = field(default_factory=dict)
    _controls: list[tuple[Fraction, int | None, int, int, int]] = field(default_factory=list)
    _pattern: DrumPattern | None = None
    _is_drumming: bool = False
    _ignored: dict[str, None] = field(default_factory=dict)

    @property
    def drums(self) -> DrumPattern | None:
        """The pattern of drums that is played."""
        return self._pattern if self._is_drumming else None

    def controls_of(
        self, channel: int | None, channels: list[int | None]
    ) -> Iterator[tuple[Fraction, int | None, int, int, int]]:
        """Yield time, channel, kind, number and value of the controls of a channel, or of all for a single one."""
        for control in self._controls:
            if len(channels) == 1 or control[1] in (channel, None):
                yield control

    def execute(self, command: str, time: Fraction, *, has_drums: bool = True) -> None:
        """Follow a command such as ``program 5``, from a time on."""
        name, _, rest = command.strip().partition(" ")
        numbers = [int(word) for word in rest.split() if re.fullmatch(r"[+-]?\d{1,5}", word)]
        if name == "program" and numbers:
            self._program(numbers, time)
        elif name == "channel" and numbers and 1 <= numbers[0] <= 16:
            self.channel = numbers[0] - 1
        elif name in ("transpose", "rtranspose") and numbers:
            shift = min(max(numbers[0], -127), 127)
            self.semitones = shift if name == "transpose" else self.semitones + shift
        elif name == "control" and len(numbers) > 1 and all(0 <= number <= 127 for number in numbers[:2]):
            self._controls.append((time, self.channel, CONTROL_CHANGE, numbers[0], numbers[1]))
        elif name == "drummap":
            self._map(rest)
        elif name.startswith("drum") and name in ("drum", "drumon", "drumoff", "drumbars"):
            if has_drums:
                self._drum(name, rest)
        elif name and name not in SILENT:
            self._ignored[name] = None

    def problems(self) -> list[str]:
        """Return a line that names the commands that were not followed."""
        names = ", ".join(list(self._ignored)[:10])
        return [f"The commands %%MIDI {names} are not followed."] if names else []

    def _program(self, numbers: list[int], time: Fraction) -> None:
        channel = numbers[0] - 1 if len(numbers) > 1 else self.channel
        value = numbers[1 if len(numbers) > 1 else 0]
        is_of_drums = channel == DRUM_CHANNEL and self.channel != DRUM_CHANNEL
        if 0 <= value <= 127 and not is_of_drums:
            self._controls.append((time, self.channel, PROGRAM, 0, value))

    def _drum(self, name: str, rest: str) -> None:
        if name in ("drumon", "drumoff"):
            self._is_drumming = name == "drumon"
        elif name == "drum" and rest.strip():
            self._pattern = DrumPattern.parse(rest)
            if self._pattern is None:
                self._ignored[name] = None
        elif name == "drumbars" and rest.strip() not in ("", "1"):
            self._ignored[name] = None

    def _map(self, rest: str) -> None:
        """Note the drum that a written note stands for."""
        note, _, number = rest.strip().partition(" ")
        match = PITCH.fullmatch(note)
        if match is None or not number.strip().isdecimal() or int(number) > 127:
            self._ignored["drummap"] = None
        else:
            pitch = written_pitch(match)
            self.drum_map[pitch.number(semitones_of(pitch.accidental or "="))] = int(number)
