"""Chain: effects one after the other, parsed from text and written to it, on sound of any length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from itertools import takewhile
from pathlib import Path
from typing import get_type_hints

import numpy as np

from ...audio.clip import Clip
from ...audio.sound_file import SoundFormat
from ...base.errors import BadAudio, BadSetting, WavewrightError
from ...base.names import nearest_names, quoted
from ...base.text_encoding import read_decoded
from ..catalogue import EFFECTS
from ..channels import MatrixEffect
from ..effect import Effect, EffectStream, TwoPassEffect
from ..loudness import NormaliseLoudness
from .effects_with_files import FILE_EFFECTS
from .quantities import format_value, parse_value, short_name

TOKEN = re.compile(r'(?:[^\s;"]|"[^"\n]*")+')
SINGLE_QUOTED = re.compile(r"""("[^"\n]*")|(?<![^\s=])'([^'"\n]*)'(?=[\s;]|$)""")
SEPARATOR = re.compile(r"\s*=\s*")
MAX_LENGTH = 100_000  # characters


@dataclass(frozen=True)
class Argument:
    """A value of a step, and the name of its setting if that is given."""

    name: str | None
    value: str


@dataclass(frozen=True)
class StepText:
    """One step of a chain as it is written, and its position: the line and the character in it, from 1 on."""

    name: str
    arguments: tuple[Argument, ...]
    text: str
    line: int
    character: int

    @property
    def position(self) -> str:
        """The line and the character as text, for messages."""
        return f"line {self.line}, character {self.character}"


def split_steps(text: str) -> list[StepText]:
    """Split the text of a chain into its steps.

    Steps are separated by semicolons or new lines. A step is the name of an effect and its values, separated by spaces:
    ``compress threshold=-18dB ratio=3``, or without names in their order, ``compress -18dB 3``. Text after ``#`` is a
    comment. Quotation marks enclose values with spaces, such as names of files.

    Raises BadSetting if a quotation mark is left open, or a value has no name before ``=``.
    """
    if len(text) > MAX_LENGTH:
        raise BadSetting(f"The chain has {len(text)} characters; at most {MAX_LENGTH} are read.")
    steps = []
    for number, line in enumerate(text.split("\n"), 1):
        double = SINGLE_QUOTED.sub(lambda found: found[1] or f'"{found[2]}"', line)
        steps += _steps_of_line(_without_comment(double), number)
    return steps


def _without_comment(line: str) -> str:
    """Return a line up to its comment, where ``#`` starts a word outside quotation marks."""
    is_quoted = False
    for index, character in enumerate(line):
        is_quoted ^= character == '"'
        if character == "#" and not is_quoted and (index == 0 or line[index - 1] in " \t;"):
            return line[:index]
    return line


def _steps_of_line(line: str, number: int) -> list[StepText]:
    if line.count('"') % 2:
        raise BadSetting(
            f"A quotation mark is left open in the chain at line {number}, character {line.rindex(chr(34)) + 1}; "
            "close it."
        )
    steps = []
    for match in re.finditer(r'(?:[^;"]|"[^"]*")+', line):
        text = match[0].strip()
        if not text:
            continue
        character = match.start() + len(match[0]) - len(match[0].lstrip()) + 1
        name, *values = TOKEN.findall(_joined(text))
        position = f"line {number}, character {character}"
        steps.append(
            StepText(name.lower(), tuple(_argument(value, position) for value in values), text, number, character)
        )
    return steps


def _joined(text: str) -> str:
    """Return a step without spaces around ``=`` outside quotation marks."""
    pieces = re.split(r'("[^"]*")', text)
    return "".join(piece if piece.startswith('"') else SEPARATOR.sub("=", piece) for piece in pieces)


def _argument(text: str, position: str) -> Argument:
    name, separator, value = text.partition("=")
    if not separator or name.startswith('"'):
        return Argument(None, text.replace('"', ""))
    if not name or not value:
        raise BadSetting(f"{quoted(text)} at {position} of the chain is no setting; write name=value.")
    return Argument(name.lower(), value.replace('"', ""))


CHAIN_EFFECTS: Mapping[str, type[Effect]] = {**EFFECTS, **FILE_EFFECTS}
"""All effects by their names in chains."""

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "acompressor": ("compress",),
    "agc": ("loudness", "compress"),
    "amplify": ("gain", "normalise"),
    "attenuate": ("gain", "spectralgain"),
    "autopan": ("pan", "tremolo"),
    "bandpass": ("highpass", "lowpass"),
    "bandreject": ("notch",),
    "bass": ("lowshelf",),
    "bitcrusher": ("crush",),
    "boost": ("gain", "peak"),
    "channels": ("mono", "stereo"),
    "clip": ("limit", "declip"),
    "compand": ("compress", "expand"),
    "concat": ("append",),
    "crop": ("trim",),
    "cut": ("trim",),
    "denoise": ("gate", "hum", "declick"),
    "distortion": ("saturate",),
    "downmix": ("mono", "stereo"),
    "echo": ("delay", "reverb"),
    "eq": ("equaliser", "lineareq", "peak"),
    "fade": ("fadein", "fadeout"),
    "firequalizer": ("lineareq",),
    "join": ("append",),
    "level": ("gain", "rms"),
    "loudnorm": ("loudness",),
    "lufs": ("loudness",),
    "maximise": ("loudness", "limit"),
    "mix": ("overlay",),
    "noisegate": ("gate",),
    "overdrive": ("saturate",),
    "inpaint": ("heal",),
    "parametric": ("peak", "lowshelf", "highshelf"),
    "r128": ("loudness",),
    "rate": ("resample", "speed"),
    "replaygain": ("loudness",),
    "room": ("reverb", "convolve"),
    "repair": ("heal", "declick"),
    "sidechain": ("duck",),
    "tempo": ("stretch",),
    "transpose": ("pitch",),
    "treble": ("highshelf",),
    "volume": ("gain", "normalise", "loudness"),
    "vol": ("gain", "normalise", "loudness"),
}
"""Names in other programs, and what there is instead."""

NAMES = {effect: name for name, effect in CHAIN_EFFECTS.items()}
MAX_CHAIN_FILE_BYTES = 400_000
RANGE = ".."
RANGED = frozenset({"trim", "spectralgain", "isolate", "spectralcopy", "heal"})
"""Effects whose first settings may be given as ranges, ``1.5..30``."""

OpenBlocks = Callable[[], Iterable[np.ndarray]]


@dataclass(frozen=True)
class Chain:
    """Effects one after the other.

    Attributes
    ----------
    effects : tuple of Effect
        The effects in their order.

    Examples
    --------
    >>> chain = Chain.parse("highpass 80Hz; compress threshold=-18dB ratio=3; limit -1dBTP")
    >>> louder = chain(wave, 48_000)
    """

    effects: tuple[Effect, ...]

    @property
    def files(self) -> list[Path]:
        """The files that the effects read."""
        values = [getattr(effect, each.name) for effect in self.effects for each in fields(effect)]
        return [value for value in values if isinstance(value, Path)]

    @classmethod
    def parse(cls, text: str, folder: Path = Path()) -> Chain:
        """Return the chain that a text describes.

        Raises BadSetting if the text is no chain; the message says where it fails, and what is known there.

        Parameters
        ----------
        text : str
            Steps, separated by semicolons or new lines, such as ``highpass 80Hz; compress ratio=3``; see
            :func:`split_steps`.
        folder : Path
            Where files lie that the chain names by a relative path.
        """
        steps = split_steps(text)
        if not steps:
            raise BadSetting("The chain has no step; name at least one effect, such as 'highpass 80Hz'.")
        return cls(tuple(_effect_of(step, folder) for step in steps))

    @classmethod
    def read(cls, path: Path) -> Chain:
        """Return the chain in a text file; files in it are relative to its folder. Raise BadSetting if it is none."""
        try:
            if path.stat().st_size > MAX_CHAIN_FILE_BYTES:
                raise BadSetting(f"{path} has {path.stat().st_size} bytes and is no chain; give a text file of steps.")
            text = read_decoded(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise BadSetting(f"{path} cannot be read as a chain ({reason}); give a text file of steps.") from error
        try:
            return cls.parse(text, path.parent)
        except BadSetting as error:
            raise BadSetting(f"{path}: {error}") from error

    def __str__(self) -> str:
        """Return the text of the chain with all settings, from which :meth:`parse` makes the same chain."""
        return "; ".join(step_text(effect, is_complete=True) for effect in self.effects)

    @property
    def n_passes(self) -> int:
        """Number of times that the sound is read: one, and one for each effect that depends on the whole sound."""
        return 1 + sum(isinstance(effect, TwoPassEffect) for effect in self.effects)

    def formats(self, source: SoundFormat) -> list[SoundFormat]:
        """Return the format of the sound after each effect; nothing is processed.

        Raises BadSetting or BadAudio if an effect does not fit the sound that it gets; the message names the step.
        """
        formats = [source]
        for index, effect in enumerate(self.effects):
            with _Named(index, effect):
                formats.append(_format_after(effect, formats[-1]))
        return formats[1:]

    def process_blocks(self, blocks: Iterable[np.ndarray], source: SoundFormat) -> Iterator[np.ndarray]:
        """Process a sound as it arrives.

        Raises BadSetting if an effect does not fit the sound, or depends on the whole of it, such as normalisation.

        Parameters
        ----------
        blocks : iterable of np.ndarray
            Blocks ``(channels, time)`` of any length.
        source : SoundFormat
            Of the sound; its length is not used.

        Returns
        -------
        iterator of np.ndarray
            Blocks ``(output channels, time)`` float32 at the rate of the last effect.
        """
        return _connected(self.effects, blocks, source)[0]

    def process(
        self,
        open_blocks: OpenBlocks,
        source: SoundFormat,
        warn: Callable[[str], object] = lambda _: None,
    ) -> Iterator[np.ndarray]:
        """Process a sound that can be read several times, in bounded memory; :meth:`formats` checks it before.

        Raises BadSetting or BadAudio if an effect does not fit the sound.

        Parameters
        ----------
        open_blocks : callable
            Returns the blocks ``(channels, time)`` of the sound from its start; called :attr:`n_passes` times.
        source : SoundFormat
            Of the sound; its length is not used.
        warn : callable
            Called at the end with a sentence on each effect that left out what was there.

        Yields
        ------
        np.ndarray
            Blocks ``(output channels, time)`` float32 at the rate of the last effect.
        """
        measured: list[Effect] = []
        for index, effect in enumerate(self.effects):
            if not isinstance(effect, TwoPassEffect):
                measured.append(effect)
                continue
            behind = _mixing_behind(self.effects[index:])
            blocks, before, _ = _connected([*measured, *behind], open_blocks(), source)
            measurement = effect.measurement(before)
            for block in blocks:
                measurement.add(block)
            measured.append(measurement.effect())
        blocks, _, streams = _connected(measured, open_blocks(), source)
        yield from blocks
        for warning in filter(None, (stream.warning() for stream in streams)):
            warn(warning)

    def __call__(self, wave: np.ndarray, sample_rate: int) -> np.ndarray:
        """Process a whole sound ``(channels, time)`` or ``(time,)``; return it in the same shape, float32.

        Where one channel becomes several, the result is ``(channels, time)``; where an effect changes the sample rate,
        see :meth:`formats`.
        """
        processed = self.on(Clip(np.atleast_2d(np.asarray(wave, np.float32)), sample_rate)).wave
        return processed[0] if np.ndim(wave) == 1 and len(processed) == 1 else processed

    def on(self, clip: Clip) -> Clip:
        """Return a clip processed by the chain."""
        source = SoundFormat(clip.sample_rate, clip.n_channels, clip.seconds, clip.positions)
        last = self.formats(source)[-1]
        blocks = [np.zeros((last.n_channels, 0), np.float32), *self.process(lambda: [clip.wave], source)]
        joined = np.concatenate(blocks, axis=1)
        return replace(clip, wave=joined, sample_rate=last.sample_rate, positions=last.positions)


def _connected(
    effects: Iterable[Effect], blocks: Iterable[np.ndarray], source: SoundFormat
) -> tuple[Iterator[np.ndarray], SoundFormat, list[EffectStream]]:
    """Open streams of effects, each on the output of the one before; return the last output, its format, and them."""
    streams = []
    connected: Iterable[np.ndarray] = blocks
    for effect in effects:
        stream = effect.stream(source)
        streams.append(stream)
        connected = stream.process_blocks(connected)
        source = _behind(effect, stream, source)
    return iter(connected), source, streams


def _behind(effect: Effect, stream: EffectStream, before: SoundFormat) -> SoundFormat:
    """Return the format behind a stream, without the length."""
    n_channels = stream.n_output_channels
    positions = before.positions if n_channels == before.n_channels else None
    return SoundFormat(effect.output_rate(before.sample_rate), n_channels, positions=positions)


def _mixing_behind(effects: Sequence[Effect]) -> list[Effect]:
    """Return the effects on channels that directly follow a normalisation of the loudness, and so change it."""
    if not isinstance(effects[0], NormaliseLoudness):
        return []
    return list(takewhile(lambda effect: isinstance(effect, MatrixEffect), effects[1:]))


def _format_after(effect: Effect, before: SoundFormat) -> SoundFormat:
    seconds = None if before.seconds is None else effect.output_seconds(before.seconds)
    if isinstance(effect, TwoPassEffect):
        effect.measurement(before)
        return replace(before, sample_rate=effect.output_rate(before.sample_rate), seconds=seconds)
    stream = effect.stream(before)
    if seconds is not None:
        seconds += stream.tail_samples / before.sample_rate
    return replace(_behind(effect, stream, before), seconds=seconds)


class _Named:
    """Context that names the step in the errors of its effect."""

    def __init__(self, index: int, effect: Effect) -> None:
        self._step = f"Step {index + 1} of the chain ({step_text(effect)})"

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BadSetting | BadAudio):
            raise type(error)(f"{self._step}: {error}") from error


def step_text(effect: Effect, *, is_complete: bool = False) -> str:
    """Return an effect as a step of a chain: its name, and its settings, by default those that are not the default."""
    values = [(field, getattr(effect, field.name)) for field in fields(effect)]
    shown = [
        f"{short_name(field.name)}={format_value(field.name, value)}"
        for field, value in values
        if value is not None and (is_complete or value != field.default)
    ]
    return " ".join([NAMES[type(effect)], *shown])


def _effect_of(step: StepText, folder: Path) -> Effect:
    """Return the effect of a step."""
    if "=" in step.name:
        raise BadSetting(
            f"{quoted(step.text)} ({step.position} of the chain) does not begin with an effect; write 'gain gain=3dB'."
        )
    kind = CHAIN_EFFECTS.get(step.name)
    if kind is None:
        likely = OTHER_NAMES.get(step.name) or nearest_names(step.name, CHAIN_EFFECTS)
        hint = f"did you mean {' or '.join(likely)}?" if likely else f"There are {', '.join(CHAIN_EFFECTS)}."
        raise BadSetting(
            f"The chain has no effect {quoted(step.name)} ({step.position}); {hint} `wavewright effects` describes all."
        )
    try:
        values = _values(step, kind)
        for name, value in values.items():
            if isinstance(value, Path):
                values[name] = folder / value
        return kind(**values)
    except WavewrightError as error:
        raise BadSetting(f"{quoted(step.text)} ({step.position} of the chain): {error}") from error


def _values(step: StepText, kind: type[Effect]) -> dict[str, object]:
    """Return the settings of a step by the names of the fields."""
    hints = get_type_hints(kind)
    names = sorted((field.name for field in fields(kind)), key=lambda name: hints[name] is not Path)  # files first
    texts: dict[str, str] = {}
    unnamed = [*names]
    for argument in step.arguments:
        for name, text in _assigned(argument, names, unnamed, step.name):
            if name in texts:
                raise BadSetting(f"{short_name(name)} is given twice; leave one out.")
            if text:
                texts[name] = text
    missing = [short_name(field.name) for field in fields(kind) if field.default is MISSING and field.name not in texts]
    if missing:
        raise BadSetting(f"{step.name} needs {' and '.join(missing)}.")
    return {name: parse_value(name, hints[name], text) for name, text in texts.items()}


def _assigned(argument: Argument, names: list[str], unnamed: list[str], effect: str) -> list[tuple[str, str]]:
    """Return the settings and texts of an argument; ``unnamed`` are those for values without a name, in order."""
    if argument.name is not None:
        matches = [name for name in names if argument.name in (name, short_name(name))]
        if not matches:
            known = ", ".join(map(short_name, names)) or "none"
            raise BadSetting(f"{effect} has no setting {quoted(argument.name)}; it has {known}.")
        return [(matches[0], argument.value)]
    texts = argument.value.split(RANGE) if RANGE in argument.value and effect in RANGED else [argument.value]
    if len(texts) > min(2, len(unnamed)):
        n_values = f"{len(names)} value" + ("" if len(names) == 1 else "s")
        raise BadSetting(f"{quoted(argument.value)} is one value too many; {effect} has {n_values}.")
    return [(unnamed.pop(0), text) for text in texts]
