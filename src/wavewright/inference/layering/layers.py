"""Layered backgrounds: textures and randomised one-shots as text presets, which become mixes by a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field

from ...audio.clip import Clip
from ...audio.wave_blocks import BlockReader
from ...base.errors import BadFolder, BadSetting, Named
from ...base.names import quoted
from ...base.rules import Needs, OneOf
from ...base.toml_tables import TomlTable, TomlTables
from ...base.units import seconds_to_samples, semitones_to_ratio
from ...contracts.generation import SequenceGenerator
from ...data.folder import scan
from ...dsp.looping import extend_blocks
from ...effects.editing.chain import Chain
from ...effects.editing.quantities import parse_value
from ...effects.filters import LowPass
from ...effects.mixing.plan import MASTER, Mix, Placement, Strip
from ...effects.mixing.project import (
    DEFAULT_SAMPLE_RATE,
    MAX_SECONDS,
    StripSection,
    Time,
    chain_of,
)
from ...effects.mixing.sources import FileSource, RegionSource, StreamSource, WaveSource
from ...families import loading
from ...synth.procedural import PROCEDURES, Procedure

"""Folder of the presets that come with Wavewright."""

TEXTURE_SECONDS = 60.0
"""Longest beginning of a texture file whose pieces a layer is made of."""

GENERATED_SECONDS = 30.0
"""Length of the clip of a model whose pieces a layer is made of."""

VARIATIONS_SECONDS = 120.0
"""Longest total of the variations of a one-shot that are held in memory."""

MAX_ONE_SHOTS = 100_000
PREROLL_SECONDS = 10.0
"""Time before the start of a loop that is rendered and dropped, for the tails of effects."""

MAX_WHOLE = 2**31
"""Magnitude from which on whole numbers of settings are drawn as others are."""

EDGE_SECONDS = 0.02
"""Shortest fade at both ends of a layer that is no loop."""

AIR_HZ = 2_000.0
AIR_METRES = 300.0
AIR_EXPONENT = 0.6
"""Air attenuates about 3 dB at ``AIR_HZ`` over ``AIR_METRES``; this frequency falls as distance to this power."""


@dataclass(frozen=True)
class Range:
    """Two numbers between which one is drawn."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """Return a number of uniform distribution."""
        return float(rng.uniform(self.low, self.high)) if self.high > self.low else self.low


def _range_of(name: str, low: float, high: float) -> BeforeValidator:
    """Return a validator of a number or of two, with or without units."""

    def parse(value: object) -> Range:
        values = value if isinstance(value, list) else [value]
        numbers = [parse_value(name, float, each) if isinstance(each, str) else each for each in values]
        are_numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers)
        if not 1 <= len(numbers) <= 2 or not are_numbers:  # a number or both ends
            raise ValueError("write a number, or two as [lowest, highest]")
        first, last = float(numbers[0]), float(numbers[-1])  # type: ignore[arg-type]
        if not low <= first <= last <= high:
            raise ValueError(f"the numbers must rise and lie between {low:g} and {high:g}")
        return Range(first, last)

    return BeforeValidator(parse)


Times: TypeAlias = Annotated[Range, _range_of("seconds", 0.01, 86_400.0)]
Gains: TypeAlias = Annotated[Range, _range_of("gain_db", -120.0, 60.0)]
Pans: TypeAlias = Annotated[Range, _range_of("pan", -1.0, 1.0)]
Semitones: TypeAlias = Annotated[Range, _range_of("semitones", -24.0, 24.0)]
Metres: TypeAlias = Annotated[Range, _range_of("distance", 0.0, 100_000.0)]


class LayerSection(TomlTable):
    """A layer: a texture, or one-shots at random times where ``every`` is origins."""

    noun = "layer"

    name: str = ""
    file: Annotated[str, OneOf("folder", "generator", "procedure")] = ""
    folder: str = ""
    generator: str = ""
    label: Annotated[str | None, Needs("generator")] = None
    procedure: str = ""
    settings: Annotated[dict[str, object], Field(default_factory=dict), Needs("procedure")]
    every: Times | None = None
    length: Annotated[Times | None, Needs("every")] = None
    variations: int = Field(default=6, ge=1, le=64)
    gain_db: Gains = Range(0.0, 0.0)
    pan: Pans = Range(0.0, 0.0)
    semitones: Semitones = Range(0.0, 0.0)
    distance_m: Metres = Range(0.0, 0.0)
    wide: bool = True
    fade_in: Time = 0.0
    fade_out: Time = 0.0
    effects: str = ""


class PresetSection(TomlTable):
    """A whole preset."""

    title: str = ""
    sample_rate: int = Field(default=DEFAULT_SAMPLE_RATE, ge=8_000, le=96_000)
    channels: int = Field(default=2, ge=1, le=2)
    layers: tuple[LayerSection, ...] = Field(min_length=1)
    master: StripSection = StripSection()


@dataclass(frozen=True)
class Preset:
    """A preset that was read, and the folder of its files."""

    name: str
    section: PresetSection
    folder: Path

    @property
    def title(self) -> str:
        """Its title, or its name without one."""
        return self.section.title or self.name


PRESETS = TomlTables(Path(__file__).parent / "presets", PresetSection, "preset")


def read_preset(name: str) -> Preset:
    """Return a preset by its name, or from a TOML file.

    Raises BadSetting if there is no such preset, or something in the file is wrong; the message names its position.
    """
    return Preset(Path(name).stem, PRESETS.load(name), Path(name).parent)


def mix_of(preset: Preset, seconds: float, seed: int, *, is_loop: bool = False) -> Mix:
    """Return the mix that a preset becomes by a seed.

    - ``seed``: same seed, same samples. It determines textures, the times of one-shots and all that is drawn for them.
    - ``is_loop``: the end continues at the start: textures are loops, one-shots at the end sound on at the start.

    Raises BadSetting or BadAudio or BadModel or BadFolder if a layer cannot be made; the message names it.
    """
    section = preset.section
    if not 0 < seconds <= MAX_SECONDS:
        raise BadSetting(f"The length is {seconds:g} s; it must be above 0, and at most {MAX_SECONDS:g} s.")
    strips: dict[str, Strip] = {}
    bed = _Bed(section.sample_rate, section.channels, seconds, is_loop, preset.folder)
    with Named(preset.name):
        for number, layer in enumerate(section.layers, 1):
            name = layer.name or f"layer {number}"
            with Named(f"layer {number} {quoted(name)}"):
                if name in strips or name == MASTER:
                    raise BadSetting("This name is in use already; each layer needs its own.")
                strips[name] = bed.strip(name, layer, np.random.default_rng([seed, number]))
        strips[MASTER] = Strip(
            MASTER, chain=chain_of(section.master.effects, preset.folder), fader=section.master.fader(), output=None
        )
        mix = Mix(strips, section.sample_rate, section.channels, seconds, bed.preroll_seconds)
        mix.check()
    return mix


@dataclass(frozen=True)
class _Bed:
    """Format, length and folder of a background, in which layers become strips."""

    sample_rate: int
    n_channels: int
    seconds: float
    is_loop: bool
    folder: Path

    @property
    def preroll_seconds(self) -> float:
        """Seconds that are rendered before the start; the loop is the same from any of its positions on."""
        return min(PREROLL_SECONDS, self.seconds) if self.is_loop else 0.0

    @property
    def rendered_seconds(self) -> float:
        return self.seconds + self.preroll_seconds

    def strip(self, name: str, layer: LayerSection, rng: np.random.Generator) -> Strip:
        """Return the track of a layer."""
        if layer.every is not None:
            placements = tuple(self._one_shots(layer, layer.every, rng))
        else:
            placements = (self._texture(layer, rng),)
        return Strip(name, placements, chain_of(layer.effects, self.folder))

    def _texture(self, layer: LayerSection, rng: np.random.Generator) -> Placement:
        """Return a texture over the whole length."""
        return Placement(
            self._texture_source(layer, rng),
            seconds=self.rendered_seconds,
            is_loop=self.is_loop,
            chain=self._air(layer.distance_m.draw(rng)),
            fade_in_seconds=0.0 if self.is_loop else max(EDGE_SECONDS, layer.fade_in),
            fade_out_seconds=0.0 if self.is_loop else max(EDGE_SECONDS, layer.fade_out),
            gain_db=layer.gain_db.draw(rng),
            pan=layer.pan.draw(rng),
        )

    def _texture_source(self, layer: LayerSection, rng: np.random.Generator) -> RegionSource:
        """Return a texture at the sample rate of the mix, so that a loop has its length to the sample."""
        seed = int(rng.integers(2**32))
        if layer.procedure:
            procedure = _procedure(layer, rng)
            if not procedure.is_texture:
                raise BadSetting(f"{layer.procedure} is a one-shot; give every, such as [20, 40] seconds.")
            if layer.semitones != Range(0.0, 0.0):
                raise BadSetting("semitones shift recordings and one-shots; change the settings of the procedure.")
            return self._stream(partial(self._procedure_blocks, procedure, seed), self._channels_of(procedure))
        clip = self._short_texture(layer, rng)
        waves = [clip.wave]
        if layer.wide and clip.n_channels == 1:
            waves *= self.n_channels
        return self._stream(partial(self._extended_blocks, waves, seed), sum(map(len, waves)))

    def _channels_of(self, procedure: Procedure) -> int:
        return min(self.n_channels, procedure.max_channels)

    def _procedure_blocks(self, procedure: Procedure, seed: int) -> Iterator[np.ndarray]:
        return procedure.blocks(
            self.seconds, self.sample_rate, seed, n_channels=self._channels_of(procedure), is_loop=self.is_loop
        )

    def _extended_blocks(self, waves: list[np.ndarray], seed: int) -> Iterator[np.ndarray]:
        """Yield the channels of textures, each extended by a seed of its own."""
        readers = [
            BlockReader(
                extend_blocks(wave, self.sample_rate, self.seconds, (seed + number) % 2**32, is_loop=self.is_loop),
                len(wave),
            )
            for number, wave in enumerate(waves)
        ]
        while (block := np.concatenate([reader.read(self.sample_rate) for reader in readers])).shape[1]:
            yield block

    def _stream(self, blocks: Callable[[], Iterator[np.ndarray]], n_channels: int) -> StreamSource:
        return StreamSource(blocks, self.sample_rate, n_channels, seconds_to_samples(self.seconds, self.sample_rate))

    def _short_texture(self, layer: LayerSection, rng: np.random.Generator) -> Clip:
        """Return the sound whose pieces a texture is made of."""
        if layer.generator:
            clip = _generated(layer, int(rng.integers(2**32)), GENERATED_SECONDS)
        else:
            files = self._files(layer)
            clip = Clip.read(files[int(rng.integers(len(files)))], seconds=TEXTURE_SECONDS)
        speed = float(semitones_to_ratio(layer.semitones.draw(rng)))
        return Clip(clip.wave, round(clip.sample_rate * speed)).resample(self.sample_rate)

    def _files(self, layer: LayerSection) -> list[Path]:
        if layer.file:
            return [self.folder / layer.file]
        files = sorted(entry.path for entry in scan(self.folder / layer.folder).entries)
        if not files:
            raise BadFolder(f"{self.folder / layer.folder} contains no sound; give a folder of recordings.")
        return files

    def _one_shots(self, layer: LayerSection, every: Range, rng: np.random.Generator) -> Iterator[Placement]:
        """Yield the one-shots of a layer; those at the end of a loop are repeated before its start."""
        times = self._times(every, rng)
        sources = self._variations(layer, rng)
        last = -1
        for time in times:
            number = int(rng.integers(len(sources)))
            if number == last:  # never the same twice in a row
                number = (number + 1) % len(sources)
            last = number
            speed = float(semitones_to_ratio(layer.semitones.draw(rng)))
            source = sources[number]
            length = layer.length.draw(rng) if layer.length is not None and isinstance(source, FileSource) else None
            chain = self._air(layer.distance_m.draw(rng))
            gain_db, pan = layer.gain_db.draw(rng), layer.pan.draw(rng)
            for start in self._repeated(time, source, speed):
                yield Placement(
                    source,
                    start_seconds=start,
                    seconds=length,
                    speed=speed,
                    chain=chain,
                    fade_in_seconds=layer.fade_in,
                    fade_out_seconds=layer.fade_out,
                    gain_db=gain_db,
                    pan=pan,
                )

    def _times(self, every: Range, rng: np.random.Generator) -> list[float]:
        """Return the starts of one-shots, up to the length."""
        if self.seconds / max(every.low, every.high / 2) > MAX_ONE_SHOTS:
            raise BadSetting(f"every would start more than {MAX_ONE_SHOTS} one-shots; give longer times.")
        times = [float(rng.uniform(0.0, min(every.high, self.seconds)))]
        while (time := times[-1] + every.draw(rng)) < self.seconds:
            times.append(time)
        if self.is_loop and len(times) > 1 and times[0] + self.seconds - times[-1] < every.low:
            times.pop()  # too close to the first one of the next round
        return times

    def _repeated(self, time: float, source: RegionSource, speed: float) -> Iterator[float]:
        """Yield all starts of a one-shot that sound in what is rendered."""
        if not self.is_loop:
            yield time
            return
        n_rounds = math.ceil((source.seconds or 0.0) / speed / self.seconds)
        for number in range(-n_rounds, 2):
            start = time + number * self.seconds
            if start < self.rendered_seconds and start + (source.seconds or 0.0) / speed > 0:
                yield start

    def _variations(self, layer: LayerSection, rng: np.random.Generator) -> list[RegionSource]:
        """Return the sources of which one-shots are drawn."""
        if layer.file or layer.folder:
            files = self._files(layer)
            chosen = rng.permutation(len(files))[: layer.variations]
            sources: list[RegionSource] = [FileSource(files[each]) for each in sorted(chosen)]
            for source in sources:
                source.seconds  # noqa: B018  # reads the header, and reports a file that cannot be read here
            return sources
        waves: list[RegionSource] = []
        seconds = 0.0
        while len(waves) < layer.variations and seconds < VARIATIONS_SECONDS:
            waves.append(self._variation(layer, rng))
            seconds += waves[-1].seconds or 0.0
        return waves

    def _variation(self, layer: LayerSection, rng: np.random.Generator) -> RegionSource:
        """Return one generated one-shot."""
        length = None if layer.length is None else layer.length.draw(rng)
        seed = int(rng.integers(2**32))
        if layer.generator:
            clip = _generated(layer, seed, length)
            return WaveSource(clip.wave, clip.sample_rate)
        procedure = _procedure(layer, rng)
        if procedure.is_texture and length is None:
            raise BadSetting(f"{layer.procedure} has no length of its own; give length, such as [4, 8] seconds.")
        n_channels = min(self.n_channels, procedure.default_channels)
        wave = procedure.render(length if procedure.is_texture else None, self.sample_rate, seed, n_channels=n_channels)
        return WaveSource(wave, self.sample_rate)

    def _air(self, distance_m: float) -> Chain | None:
        """Return the low pass of the air over a distance."""
        if not distance_m:
            return None
        frequency_hz = AIR_HZ * (AIR_METRES / distance_m) ** AIR_EXPONENT
        if frequency_hz >= 0.45 * self.sample_rate:
            return None
        return Chain((LowPass(max(20.0, frequency_hz), 1),))


def _generated(layer: LayerSection, seed: int, seconds: float | None) -> Clip:
    """Return a clip of a model."""
    model = loading.load_generator(layer.generator)
    if seconds is None or not isinstance(model, SequenceGenerator):
        return Clip(model.generate(layer.label, 1, seed)[0], model.sample_rate)
    return Clip(model.generate(layer.label, 1, seed, seconds=seconds)[0], model.sample_rate)


def _procedure(layer: LayerSection, rng: np.random.Generator) -> Procedure:
    """Return the procedure of a layer; of a setting with two numbers, one is drawn."""
    if layer.procedure not in PROCEDURES:
        raise BadSetting(f"There is no procedure {quoted(layer.procedure)}; there are {', '.join(PROCEDURES)}.")
    kind = PROCEDURES[layer.procedure]
    return kind(**_drawn(layer.settings, [each.name for each in fields(kind)], rng))


def _drawn(settings: Mapping[str, object], names: list[str], rng: np.random.Generator) -> dict[str, Any]:
    """Return the settings of a procedure."""
    drawn: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in names:
            raise BadSetting(f"settings: there is no setting {quoted(name)}; there are {', '.join(names)}.")
        is_range = isinstance(value, list) and len(value) == 2  # both ends
        ends: list[Any] = value if isinstance(value, list) and is_range else [value]
        if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in ends):
            if not isinstance(value, str):
                raise BadSetting(f"settings: {name} is {value!r}; write a number, two as [lowest, highest], or a text.")
            drawn[name] = value
            continue
        low, high = float(ends[0]), float(ends[-1])
        if low > high:
            raise BadSetting(f"settings: the numbers of {name} do not rise.")
        is_whole = all(isinstance(each, int) and abs(each) < MAX_WHOLE for each in ends)
        drawn[name] = int(rng.integers(int(low), int(high) + 1)) if is_whole else Range(low, high).draw(rng)
    return drawn
