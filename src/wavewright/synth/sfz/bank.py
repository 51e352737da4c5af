"""An SFZ instrument as a bank of one preset, whose regions the player of SoundFonts plays."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from ...audio.clip import Clip
from ...audio.file_formats.metadata import SoundMetadata
from ...audio.sound_file import open_sound
from ...audio.wave_blocks import at_most_stereo
from ...base.errors import BadAudio, BadSoundFont, ScoreWarning
from ...base.names import quoted
from ..soundfont import generators as gen
from ..soundfont.bank import SAMPLE_RATES_HZ, Regions, SamplePool, SoundFontPreset
from ..soundfont.modulators import MAX_MODULATORS
from .opcodes import (
    CONTROLLED,
    DEFAULTS,
    PLAYED_FILTERS,
    generators_of,
    is_played,
    is_readable,
    key_of,
    number_of,
    velocity_curve,
)
from .reading import SfzRegion, found_file, read_regions

MAX_SAMPLE_SECONDS = 3_600.0
LOOP_MODES = {"no_loop": 0, "one_shot": 0, "loop_continuous": 1, "loop_sustain": 3}
TRIGGERS = ("attack", "release", "release_key", "first", "legato")
LOOPED_SUFFIXES = (".wav", ".aif", ".aiff")
"""Files whose loop points and keys are read."""

N_NAMED = 12
"""Opcodes that a warning names."""

MODULATORS = (
    (0x0587, gen.ATTENUATION, 960.0, 0.0, 0.0),  # volume
    (0x028A, gen.PAN, 500.0, 0.0, 0.0),
    (0x058B, gen.ATTENUATION, 960.0, 0.0, 0.0),  # expression
)
PITCH_WHEEL_SOURCE = 0x020E
WHOLE_RANGE = (0.0, 0.0), (127.0, 127.0)
Fade = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class RegionRules:
    """When a region plays, and what of it depends on the note.

    - ``values``: numbers of :data:`.opcodes.DEFAULTS`.
    - ``modulations``: opcode, controller, and what is added to its value where the controller is 127.
    - ``side``: -1 and 1 for the channels of a stereo sample, 0 for mono.
    - ``trigger``: one of TRIGGERS.
    - ``is_one_shot``: it plays to its end, whatever the key does.
    - ``group``, ``off_by``: it ends voices whose ``off_by`` is its group; 0 is none.
    - ``off_seconds``: how long a voice that is ended fades; None: its own release.
    - ``channels``, ``programs``: first and last.
    - ``random``: part of 0 to 1 that a number drawn for each note must be in.
    - ``sequence``: length and position, from 1.
    - ``controllers``: controller, first and last value.
    - ``switch``: the key among ``switches`` that must have been played last, None for any.
    - ``curve``: gains of velocities, if they are given.
    - ``key_fade``, ``velocity_fade``, ``controller_fades``: crossfades.
    - ``powers``: whether crossfades of keys, velocities and controllers are of power.
    """

    values: Mapping[str, float]
    modulations: tuple[tuple[str, int, float], ...] = ()
    side: int = 0
    trigger: str = "attack"
    is_one_shot: bool = False
    group: int = 0
    off_by: int = 0
    off_seconds: float | None = 0.006
    channels: tuple[int, int] = (1, 16)
    programs: tuple[int, int] = (0, 127)
    random: tuple[float, float] = (0.0, 1.0)
    sequence: tuple[int, int] = (1, 1)
    controllers: tuple[tuple[int, float, float], ...] = ()
    switch: int | None = None
    switches: tuple[int, int] = (-1, -1)
    curve: np.ndarray | None = None
    key_fade: Fade = WHOLE_RANGE
    velocity_fade: Fade = WHOLE_RANGE
    controller_fades: tuple[tuple[int, Fade], ...] = ()
    powers: tuple[bool, bool, bool] = (True, True, True)
    keycenter: int = 60
    default_switch: int | None = None


@dataclass(frozen=True)
class SfzSample:
    """A channel of a sound file."""

    path: Path
    channel: int
    sample_rate: int
    loop: tuple[int, int] = (0, 0)  # first sample and the one after the last; (0, 0) where there is none
    note: int = 60  # key at which it is played as it is, as the file says


@dataclass
class _Found:
    """What a file leaves out, which one warning names."""

    unplayed: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)

    def add_unplayed(self, opcodes: Mapping[str, str]) -> None:
        """Add the opcodes of a region that have no effect here."""
        for opcode, value in opcodes.items():
            if not is_played(opcode):
                self.unplayed[opcode] = None
            elif (opcode == "fil_type" and value not in PLAYED_FILTERS) or not is_readable(opcode, value):
                self.unplayed[f"{opcode}={value}"] = None


class SfzBank:
    """An instrument of an SFZ file; its samples are decoded at first use.

    - ``path``: the file.
    - ``file_name``, ``name``: for messages.
    - ``presets``: one.
    - ``rules``: of its regions.
    - ``initial_controls``: values of controllers by number, 0 to 127.
    - ``unplayed``: opcodes of the file that have no effect here.
    - ``missing``: samples that do not exist, or cannot be read.

    Raises BadSoundFont if the file cannot be read, or has no region with a sample. Warns once of what is not played.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file_name = path.name
        self.name = path.stem
        self.texts: Mapping[str, str] = {}
        self.presets = (SoundFontPreset(0, path.stem, 0, 0),)
        regions, control = read_regions(path)
        found = _Found()
        self._samples: list[SfzSample] = []
        self._known: dict[Path, list[int] | None] = {}
        rows: list[tuple[tuple[int, int, int, int], np.ndarray, int, RegionRules]] = []
        for name in control:
            if not is_played(name):
                found.unplayed[name] = None
        for region in regions:
            rows += self._rows(region, found)
        if not rows:
            named = f"; {quoted(next(iter(found.missing)))} cannot be read" if found.missing else ""
            raise BadSoundFont(f"{path} has no region with a sample that can be played{named}.")
        self.initial_controls = _initial_controls(control)
        self.rules = tuple(row[3] for row in rows)
        self.unplayed, self.missing = tuple(found.unplayed), tuple(found.missing)
        self._regions = _regions(rows)
        self.headers = np.zeros(len(self._samples), [("correction", "f8")])
        self._decoded = lru_cache(maxsize=2)(self._read)
        _warn(path, self.unplayed, self.missing)

    @property
    def sound_files(self) -> frozenset[Path]:
        """The sound files of its samples."""
        return frozenset(sample.path for sample in self._samples)

    @property
    def n_samples(self) -> int:
        """Number of sound files."""
        return len(self.sound_files)

    @cached_property
    def samples(self) -> SamplePool:
        """The decoded samples."""
        return SamplePool(self)

    def find(self, _bank: int, _program: int) -> SoundFontPreset | None:
        """Return the preset, which plays all banks and programs."""
        return self.presets[0]

    def regions(self, _index: int) -> Regions:
        """Return the regions of the preset."""
        return self._regions

    def decoded(self, index: int) -> np.ndarray:
        """Decode a sample, float32 ``(time,)``; empty where the file cannot be decoded."""
        sample = self._samples[index]
        wave = self._decoded(sample.path)
        return wave[sample.channel] if sample.channel < len(wave) else np.zeros(0, np.float32)

    def loop(self, index: int) -> tuple[int, int]:
        """Return the loop of a sample from its start: the first sample, and the one after the last."""
        return self._samples[index].loop

    def rate(self, index: int) -> float:
        """Return the sample rate of a sample in Hz, within SAMPLE_RATES_HZ."""
        return float(min(max(self._samples[index].sample_rate, SAMPLE_RATES_HZ[0]), SAMPLE_RATES_HZ[1]))

    def key_range(self, _preset: SoundFontPreset) -> tuple[int, int]:
        """Return the first and the last key that plays."""
        return int(self._regions.ranges[:, 0].min()), int(self._regions.ranges[:, 1].max())

    def sample_bytes(self, _preset: SoundFontPreset) -> int:
        """Return the size of the sound files."""
        return sum(path.stat().st_size for path in self.sound_files if path.is_file())

    def _read(self, path: Path) -> np.ndarray:
        try:
            sound = open_sound(path)
            return at_most_stereo(Clip.read(sound, seconds=MAX_SAMPLE_SECONDS).wave, sound.positions)
        except BadAudio as error:
            warnings.warn(f"{self.file_name}: {error}", ScoreWarning, stacklevel=2)
            return np.zeros((0, 0), np.float32)

    def _rows(
        self, region: SfzRegion, found: _Found
    ) -> list[tuple[tuple[int, int, int, int], np.ndarray, int, RegionRules]]:
        """Return ranges, generators, sample and rules of a region, for each channel of its sample."""
        opcodes = region.opcodes
        name = opcodes.get("sample", "")
        if not name or name == "*silence" or number_of(opcodes.get("end", "0")) < 0:
            return []
        found.add_unplayed(opcodes)
        if name.startswith("*"):
            found.unplayed[f"sample={name}"] = None
            return []
        indices = self._sample_indices(name)
        if not indices:
            found.missing[name] = None
            return []
        offset = round(number_of(opcodes.get("note_offset", "0")))
        offset += 12 * round(number_of(opcodes.get("octave_offset", "0")))
        ranges = _ranges(opcodes, offset)
        if ranges[1] < ranges[0] or ranges[3] < ranges[2]:
            return []  # no key plays it
        rules = _rules(opcodes, ranges, offset)
        values = rules.values
        if values["pitcheg_depth"] and values["fileg_depth"]:
            found.unplayed["pitcheg_depth (beside fileg_depth)"] = None
        amounts = generators_of(values)
        mode = opcodes.get("loop_mode", "")
        rows = []
        for side, index in zip((-1, 1) if len(indices) > 1 else (0,), indices[:2], strict=True):
            looped = self._with_loop(index, opcodes)
            own = amounts.copy()
            has_loop = self._samples[looped].loop[1] > 0
            own[gen.SAMPLE_MODES] = LOOP_MODES.get(mode, int(has_loop)) if has_loop else 0
            is_of_file = opcodes.get("pitch_keycenter") == "sample"
            own[gen.ROOT_KEY] = self._samples[looped].note if is_of_file else rules.keycenter
            if "end" in opcodes:
                n_samples = self._lengths[self._samples[index].path]
                own[gen.END_OFFSET] = min(0.0, number_of(opcodes["end"]) + 1.0 - n_samples)
            rows.append((ranges, own, looped, replace(rules, side=side)))
        return rows

    def _sample_indices(self, name: str) -> list[int]:
        """Return the samples of the channels of a file; none if it cannot be read."""
        path = found_file(self.path.parent, name)
        if path not in self._known:
            self._known[path] = self._opened(path)
        return self._known[path] or []

    @cached_property
    def _lengths(self) -> dict[Path, int]:
        return {}

    def _opened(self, path: Path) -> list[int] | None:
        try:
            sound = open_sound(path)
            header = sound.header
            metadata = sound.metadata if path.suffix.lower() in LOOPED_SUFFIXES else SoundMetadata()
        except (BadAudio, OSError):
            return None
        loops = metadata.loops
        loop = (loops[0].start, loops[0].end) if loops else (0, 0)
        note = 60 if metadata.sampler is None else round(metadata.sampler.note)
        self._lengths[path] = round((header.seconds or 0.0) * header.sample_rate)
        first = len(self._samples)
        n_channels = len(at_most_stereo(np.zeros((header.n_channels, 0)), sound.positions))
        self._samples += [SfzSample(path, channel, header.sample_rate, loop, note) for channel in range(n_channels)]
        return list(range(first, first + n_channels))

    def _with_loop(self, index: int, opcodes: Mapping[str, str]) -> int:
        """Return a sample with the loop of a region, which may differ from that of its file."""
        sample = self._samples[index]
        start, end = sample.loop
        if "loop_start" in opcodes:
            start = round(number_of(opcodes["loop_start"]))
        if "loop_end" in opcodes:
            end = round(number_of(opcodes["loop_end"])) + 1
        elif opcodes.get("loop_mode", "").startswith("loop_") and end == 0:
            end = self._lengths[sample.path]
        if (start, end) == sample.loop:
            return index
        self._samples.append(replace(sample, loop=(max(start, 0), end)))
        return len(self._samples) - 1


def _regions(rows: Sequence[tuple[tuple[int, int, int, int], np.ndarray, int, RegionRules]]) -> Regions:
    modulators = [np.array(_modulators(row[3].values), np.float64)[:MAX_MODULATORS] for row in rows]
    ends = np.cumsum([0, *map(len, modulators)])
    return Regions(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.float64),
        np.array([row[2] for row in rows], np.int64),
        np.concatenate(modulators),
        np.stack([ends[:-1], ends[1:]], axis=1).astype(np.int64),
    )


def _modulators(values: Mapping[str, float]) -> list[tuple[float, ...]]:
    """Return the modulators that all regions have: volume, pan and expression, and the pitch wheel."""
    bend = min(max(values["bend_up"], -9_600.0), 9_600.0)
    return [*MODULATORS, (PITCH_WHEEL_SOURCE, gen.PITCH, bend, 0.0, 0.0)]


def _ranges(opcodes: Mapping[str, str], offset: int) -> tuple[int, int, int, int]:
    key = opcodes.get("key", "")
    low = key_of(opcodes.get("lokey", key or "0"), 0)
    high = key_of(opcodes.get("hikey", key or "127"), 127)
    velocities = int(number_of(opcodes.get("lovel", "0"))), int(number_of(opcodes.get("hivel", "127"), 127))
    if low < 0 or high < 0:  # -1: no key plays it
        return (0, -1, *velocities)
    if (low, high) == (0, 127):
        return (low, high, *velocities)
    return (max(low + offset, 0), min(high + offset, 127), *velocities)


def _rules(opcodes: Mapping[str, str], ranges: tuple[int, int, int, int], offset: int) -> RegionRules:
    values = {name: number_of(opcodes[name], usual) if name in opcodes else usual for name, usual in DEFAULTS.items()}
    modulations = []
    for name, value in opcodes.items():
        controlled = CONTROLLED.fullmatch(name)
        if controlled is not None and controlled[1] in DEFAULTS and int(controlled[2]) < 128:
            modulations.append((controlled[1], int(controlled[2]), number_of(value)))
    low, high = number_of(opcodes.get("lorand", "0")), number_of(opcodes.get("hirand", "1"), 1.0)

    def is_power(name: str) -> bool:
        return opcodes.get(name, "power") == "power"

    mode = opcodes.get("off_mode", "fast")
    trigger = opcodes.get("trigger", "attack")
    center = opcodes.get("pitch_keycenter", opcodes.get("key", "60"))
    last, default = opcodes.get("sw_last"), opcodes.get("sw_default")
    switches = key_of(opcodes.get("sw_lokey", "0"), 0) + offset, key_of(opcodes.get("sw_hikey", "127"), 127) + offset
    numbers = sorted({int(name[4:]) for name in opcodes if name[:4] in ("locc", "hicc") and name[4:].isdigit()})
    faded = sorted(
        {
            int(name.partition("cc")[2])
            for name in opcodes
            if name.startswith("xf") and "cc" in name[5:9] and name.partition("cc")[2].isdigit()
        }
    )
    return RegionRules(
        values,
        tuple(modulations),
        trigger=trigger if trigger in TRIGGERS else "attack",
        is_one_shot=opcodes.get("loop_mode") == "one_shot",
        group=round(number_of(opcodes.get("group", "0"))),
        off_by=round(number_of(opcodes.get("off_by", "0"))),
        off_seconds={"fast": 0.006, "time": values["off_time"]}.get(mode),
        channels=(int(number_of(opcodes.get("lochan", "1"))), int(number_of(opcodes.get("hichan", "16"), 16))),
        programs=(int(number_of(opcodes.get("loprog", "0"))), int(number_of(opcodes.get("hiprog", "127"), 127))),
        random=(low, high),
        sequence=(
            max(1, round(number_of(opcodes.get("seq_length", "1"), 1))),
            max(1, round(number_of(opcodes.get("seq_position", "1"), 1))),
        ),
        controllers=tuple(
            (number, number_of(opcodes.get(f"locc{number}", "0")), number_of(opcodes.get(f"hicc{number}", "127"), 127))
            for number in numbers
            if number < 128
        ),
        switch=None if last is None else key_of(last, -1) + offset,
        switches=switches if last is not None else (-1, -1),
        curve=velocity_curve(opcodes),
        key_fade=_fade(opcodes, "key", offset),
        velocity_fade=_fade(opcodes, "vel"),
        controller_fades=tuple((number, _fade(opcodes, f"cc{number}")) for number in faded if number < 128),
        powers=(is_power("xf_keycurve"), is_power("xf_velcurve"), is_power("xf_cccurve")),
        keycenter=_center(center, ranges[0]) + offset,
        default_switch=None if default is None else key_of(default, -1) + offset,
    )


def _center(text: str, lowest: int) -> int:
    """Return the key at which a sample is not transposed; ``sample`` leaves it to the file."""
    return 60 if text == "sample" else min(max(key_of(text, lowest), 0), 127)


def _fade(opcodes: Mapping[str, str], name: str, offset: int = 0) -> Fade:
    def values(side: str, usual: int) -> tuple[float, float]:
        texts = [opcodes.get(f"xf{side}_{end}{name}") for end in ("lo", "hi")]
        added = offset if any(texts) else 0
        low, high = (added + (usual if text is None else key_of(text, usual)) for text in texts)
        return float(min(max(low, 0), 127)), float(min(max(high, 0), 127))

    return values("in", 0), values("out", 127)


def _initial_controls(control: Mapping[str, str]) -> dict[int, float]:
    """Return the values of controllers that a file sets."""
    values: dict[int, float] = {}
    for name, text in control.items():
        for prefix, scale in (("set_cc", 1.0), ("set_hdcc", 127.0), ("set_realcc", 127.0)):
            number = name.removeprefix(prefix)
            if number != name and number.isdigit() and int(number) < 128:
                values[int(number)] = min(max(scale * number_of(text), 0.0), 127.0)
    return values


def _warn(path: Path, unplayed: Sequence[str], missing: Sequence[str]) -> None:
    """Warn once of opcodes that have no effect, and once of samples that are missing."""
    if unplayed:
        named = ", ".join(unplayed[:N_NAMED])
        more = f" and {len(unplayed) - N_NAMED} more" if len(unplayed) > N_NAMED else ""
        warnings.warn(f"{path.name}: these opcodes are not played: {named}{more}.", ScoreWarning, stacklevel=4)
    if missing:
        count = "a sample is" if len(missing) == 1 else f"{len(missing)} samples are"
        warnings.warn(
            f"{path.name}: {count} missing or cannot be read, such as {quoted(missing[0])}.", ScoreWarning, stacklevel=4
        )
