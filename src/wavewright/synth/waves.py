"""Any wave as an instrument: from a formula, a drawing, or a table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from ..audio.clip import Clip
from ..base.errors import BadSetting, printable
from .formula import is_periodic, parse_formula
from .patch import EnvelopeTable, OscillatorTable, Patch
from .spectra import period_spectrum

PERIOD_SAMPLES = 4_096
MAX_FILE_BYTES = 2**21
MAX_POINTS = 100_000
CURVE_POINTS = 32
"""Points of each curve of a path."""

ATTRIBUTE = re.compile(r"""(?<![^\s"'])d\s*+=\s*+(?:"([^"]*)"|'([^']*)')""")
COMMAND = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
N_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2}
WAVE_ENDINGS = (".svg", ".csv", ".txt", ".wav", ".flac", ".ogg")


def read_period(path: Path) -> np.ndarray:
    """Read one period of a wave.

    - ``path``: ``.svg``: the first path, from left to right. ``.csv`` or ``.txt``: a column of values, or two of
      positions and values. A sound file: all of it, its first channel.
    - returns: ``(time,)`` float64 of 4096 samples, without its mean, with a peak of 1.

    Raises BadSetting or BadAudio if the file cannot be read, or its points do not go from left to right.
    """
    ending = path.suffix.lower()
    if ending not in WAVE_ENDINGS:
        raise BadSetting(
            f"{path} is no drawing or table of a wave; give a file that ends in {', '.join(WAVE_ENDINGS)}."
        )
    if ending in (".wav", ".flac", ".ogg"):
        values = np.asarray(Clip.read(path).wave[0], np.float64)
        return _period_of(path, np.arange(len(values) + 1.0), np.append(values, values[:1]))
    text = _read_text(path)
    if ending == ".svg":
        points = np.array(list(_path_points(path, text)), np.float64).reshape(-1, 2)
        return _period_of(path, points[:, 0], -points[:, 1])  # y points downwards in SVG
    table = _number_table(path, text)
    if table.shape[1] == 1:  # the values of one period, evenly spaced
        return _period_of(path, np.arange(len(table) + 1.0), np.append(table[:, 0], table[:1, 0]))
    return _period_of(path, table[:, 0], table[:, 1])


def _period_of(path: Path, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the samples of a period by linear interpolation between points."""
    if len(x) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadSetting(f"{path} has too few points, or values that are not finite; a period needs at least 2 points.")
    if (np.diff(x) < 0).any() or x[-1] <= x[0]:
        number = int(np.argmin(np.diff(x))) + 2
        raise BadSetting(f"The points of {path} turn back at point {number}; draw one period from left to right.")
    positions = x[0] + (x[-1] - x[0]) * np.arange(PERIOD_SAMPLES) / PERIOD_SAMPLES
    period = np.interp(positions, x, y)
    period -= period.mean()
    peak = float(np.abs(period).max())
    if peak < 1e-9 * max(1.0, float(np.abs(y).max())):
        raise BadSetting(f"{path} is a flat line, which is silence; draw a wave.")
    normalised: np.ndarray = period / peak
    return normalised


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadSetting(f"{path} has more than {MAX_FILE_BYTES} bytes, which no drawing of a period needs.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {printable(str(error))}.") from error


def _number_table(path: Path, text: str) -> np.ndarray:
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = [field for field in re.split(r"[,;\s]+", line.strip()) if field]
        if not fields or line.lstrip().startswith("#"):
            continue
        if len(rows) >= MAX_POINTS or len(fields) > 2:
            raise BadSetting(
                f"{path} has more than {MAX_POINTS} lines of one or two numbers, or longer ones; give less."
            )
        try:
            rows.append([float(field) for field in fields])
        except ValueError as error:
            if rows or number > 1:  # the first line may name the columns
                raise BadSetting(f"Line {number} of {path} is not one or two numbers; correct it.") from error
    if len({len(row) for row in rows}) != 1:
        raise BadSetting(f"The lines of {path} have different numbers of columns, or there are none; give one or two.")
    return _as_columns(path, np.array(rows))


def _as_columns(path: Path, table: np.ndarray) -> np.ndarray:
    is_table = table.ndim == 1 or (table.ndim == 2 and table.shape[1] in (1, 2))
    if not is_table or not 2 <= len(table) <= MAX_POINTS:
        raise BadSetting(f"{path} has {table.shape} numbers; give 2 to {MAX_POINTS} lines of one or two numbers.")
    return table.reshape(len(table), -1)


def _path_points(path: Path, text: str) -> Iterator[tuple[float, float]]:
    """Yield the points of the first path of an SVG file, up to its end or to the start of its second piece."""
    at = control = complex(0.0)
    n_points = 0
    for count, (command, numbers) in enumerate(_commands(path, _path_data(path, text))):
        if command in "Mm" and count:
            return
        curve, at, control = _segment(command, numbers, at, control)
        for point in curve:
            n_points += 1
            if n_points > MAX_POINTS:
                raise BadSetting(f"The path of {path} has more than {MAX_POINTS} points; simplify it.")
            yield point.real, point.imag


def _path_data(path: Path, text: str) -> str:
    """Return the attribute ``d`` of the first path of an SVG file."""
    for element in text.split("<path")[1:]:
        match = ATTRIBUTE.search(element.partition(">")[0])
        if match is not None and element[:1].isspace():
            return match[1] or match[2] or ""
    raise BadSetting(f"{path} has no <path d=...>; draw the wave as one path.")


def _commands(path: Path, data: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the commands of a path and their numbers; further pairs after M are lines."""
    tokens = COMMAND.findall(data)
    command, index = "", 0
    while index < len(tokens):
        if tokens[index].isalpha():
            command = tokens[index]
            index += 1
        if command in ("Z", "z"):
            return
        n = N_NUMBERS.get(command.upper(), 0)
        numbers = tokens[index : index + n]
        if not n or len(numbers) < n or any(number.isalpha() for number in numbers):
            allowed = ", ".join([*N_NUMBERS, "Z"])
            raise BadSetting(
                f"The path of {path} has a faulty command {command!r}; it may have {allowed} with numbers."
            )
        yield command, [float(number) for number in numbers]
        index += n
        command = {"M": "L", "m": "l"}.get(command, command)


def _segment(
    command: str, numbers: list[float], at: complex, control: complex
) -> tuple[list[complex], complex, complex]:
    """Return the points of a command, its end, and its last control point."""
    origin = at if command.islower() else 0.0
    kind = command.upper()
    if kind == "H":
        end = complex(numbers[0] + (at.real if command.islower() else 0.0), at.imag)
        return [end], end, end
    if kind == "V":
        end = complex(at.real, numbers[0] + (at.imag if command.islower() else 0.0))
        return [end], end, end
    points = [complex(x, y) + origin for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    if kind in "ML":
        return points, points[-1], points[-1]
    if kind in "ST":  # the first control point mirrors the last one
        points = [2 * at - control, *points]
    curve: list[complex] = (_bernstein(len(points)) @ np.array([at, *points])).tolist()
    return curve, points[-1], points[-2]


@cache
def _bernstein(order: int) -> np.ndarray:
    """Return the weights ``(points, order + 1)`` of the control points of a curve."""
    t = np.arange(1, CURVE_POINTS + 1)[:, None] / CURVE_POINTS
    k = np.arange(order + 1)
    return np.array([math.comb(order, each) for each in k]) * t**k * (1 - t) ** (order - k)


FORMULA_SAMPLES = 1 << 17
"""Samples of the period of a formula: harmonics then err by less than -100 dB of the fundamental, all in tune."""

REFERENCE_HZ = 220.0
GAIN_DB = -3.0


def formula_spectrum(text: str) -> np.ndarray:
    """Return the spectrum of a formula that repeats in each period, see :func:`.spectra.wave_spectrum`.

    Raises BadSetting if it does not repeat, or is not finite.
    """
    formula = parse_formula(text)
    if not is_periodic(formula, REFERENCE_HZ):
        raise BadSetting(
            f'The formula "{text}" does not repeat in each period 1/f; give it as formula = "..." of the patch instead.'
        )
    times = np.arange(FORMULA_SAMPLES) / (FORMULA_SAMPLES * REFERENCE_HZ)
    return period_spectrum(formula(times, REFERENCE_HZ))


def wave_patch(wave: str | Path) -> Patch:
    """Return an instrument that plays a wave.

    Raises BadSetting or BadAudio if the formula or the file is invalid.
    """
    settings: dict[str, object] = {
        "title": "Wave",
        "category": "effect",
        "gain_db": GAIN_DB,
        "envelopes": {"amplitude": EnvelopeTable(attack_s=0.003, release_s=0.03)},
    }
    text = str(wave)
    if Path(wave).suffix.lower() in WAVE_ENDINGS:
        period = tuple(read_period(Path(wave)).tolist())
        settings["oscillators"] = (OscillatorTable(wave="period", period=period),)
    elif is_periodic(parse_formula(text), REFERENCE_HZ):
        formula_spectrum(text)
        settings["oscillators"] = (OscillatorTable(wave="formula", formula=text),)
    else:
        settings["formula"] = text
    return Patch.model_validate(settings)
