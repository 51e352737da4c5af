"""Scores as files: MIDI, ABC and MusicXML, by the suffixes of their names."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np

from ...base.errors import BadScore, ScoreWarning, printable
from ...base.whole_file import check_target, write_whole
from ..bars import bars_of
from ..score import CHANNEL_PRESSURE, CONTROL_CHANGE, KEY_PRESSURE, PITCH_BEND, PROGRAM, RELEASE_VELOCITY, Score

__all__ = ["READABLE", "WRITABLE", "read_score", "read_tunes", "write_score"]


MAX_BYTES = 2**26
BLOCK_BYTES = 2**20
"""Bytes of a file that is read."""

MAX_WARNINGS = 20
"""Warnings about one file; further ones are counted."""

MIDI = (".mid", ".midi", ".smf", ".kar", ".rmi")
XML = (".musicxml", ".xml", ".mxl")
READABLE = (*MIDI, ".abc", *XML)
"""Endings of the files that can be read."""

WRITABLE = (".mid", ".midi", ".musicxml", ".mxl", ".abc")
"""Endings of the files that can be written."""

CONTROLS = {KEY_PRESSURE: "pressure", CHANNEL_PRESSURE: "pressure", PITCH_BEND: "bends", PROGRAM: "programmes"}
METAS = {
    **{1: "texts", 2: "copyright", 3: "names", 4: "names of instruments", 5: "lyrics", 6: "markers", 7: "cue points"},
    **{8: "names of programmes", 9: "names of devices", 0x21: "ports", 0xF0: "messages of the system"},
}
"""Names of events for what a format has no place for; of others by their numbers."""

Reader = Callable[[bytes], tuple[tuple[Score, ...], tuple[str, ...]]]
Writer = Callable[[Score], bytes]

_FORMATS = {**dict.fromkeys(MIDI, "midi"), ".abc": "abc", **dict.fromkeys(XML, "musicxml")}


def _reader(suffix: str) -> Reader:
    """Import the function that reads a format: of ABC, ``abc_reading.read_abc``."""
    name = _FORMATS[suffix]
    return cast("Reader", vars(import_module(f".{name}_reading", __package__))[f"read_{name}"])


def read_tunes(path: Path | str) -> tuple[Score, ...]:
    """Read all scores of a file: those of ABC and of MIDI files of format 2 may be several.

    Parameters
    ----------
    path : Path or str
        A file whose name ends with one of READABLE.

    Returns
    -------
    tuple of Score
        At least one.

    Raises
    ------
    BadScore
        If the file is missing, of another kind, or damaged beyond repair.

    Warns
    -----
    ScoreWarning
        For each part that was left out or repaired.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise BadScore(f"{path} is no score that can be read; its name must end with {', '.join(READABLE)}.")
    try:
        scores, problems = _reader(suffix)(_contents(path))
    except BadScore as error:
        raise BadScore(f"{path} cannot be read. {error}") from error
    for problem in problems[:MAX_WARNINGS]:
        warnings.warn(f"{path}: {printable(problem)}", ScoreWarning, stacklevel=2)
    if len(problems) > MAX_WARNINGS:
        warnings.warn(f"{path}: {len(problems) - MAX_WARNINGS} more problems.", ScoreWarning, stacklevel=2)
    return scores


def read_score(path: Path | str, tune: int = 1) -> Score:
    """Read a score, or one of the tunes of a file.

    Parameters
    ----------
    path : Path or str
        As :func:`read_tunes`.
    tune : int
        Which score of a file with several, from 1.

    Returns
    -------
    Score

    Raises
    ------
    BadScore
        As :func:`read_tunes`, and if the file has fewer scores.

    Warns
    -----
    ScoreWarning
        As :func:`read_tunes`, and if there are more tunes after the first one, which is read.
    """
    scores = read_tunes(path)
    if not 1 <= tune <= len(scores):
        raise BadScore(f"{path} has no tune {tune}; give a number from 1 to {len(scores)}.")
    if tune == 1 < len(scores):
        warnings.warn(f"{path} has {len(scores)} tunes, of which the first is read.", ScoreWarning, stacklevel=2)
    return scores[tune - 1]


def check_score_name(path: Path) -> None:
    """Raise BadScore if the name of a score to write ends with none of WRITABLE."""
    if path.suffix.lower() not in WRITABLE:
        raise BadScore(f"{path} cannot be written; the name of a score must end with {', '.join(WRITABLE)}.")


def write_score(score: Score, path: Path | str) -> None:
    """Write a score whole or not at all.

    Parameters
    ----------
    score : Score
    path : Path or str
        A file whose name ends with one of WRITABLE.

    Raises
    ------
    BadScore
        If the ending is another, or the format cannot hold the score.
    BadFolder
        If the folder does not exist, or the path is a folder.

    Warns
    -----
    ScoreWarning
        If something of the score has no place in the format.
    """
    path = Path(path)
    check_score_name(path)
    check_target(path)
    kind = path.suffix.lower()
    name = _FORMATS[kind]
    write = cast("Writer", vars(import_module(f".{name}_writing", __package__))[f"write_{name}"])
    contents = write(score)
    if kind in MIDI:  # which holds all else, so it is not read again
        from .midi_writing import exchanges_ends

        lost = ["lengths of notes"] * any(map(exchanges_ends, score.tracks))
    else:
        lost = list(dict.fromkeys(_lost(score, _reader(kind)(contents)[0][0])))
    if kind in XML:
        from .musicxml_writing import unwritten_symbols
        from .xml_tree import packed

        contents = packed(contents) if kind == ".mxl" else contents
        if symbols := unwritten_symbols(score):
            named = ", ".join(map(repr, symbols[:MAX_WARNINGS])) + " ..." * (len(symbols) > MAX_WARNINGS)
            lost.append(f"chord symbols that are no chords: {printable(named)}")
    write_whole(path, contents)
    if lost:
        warnings.warn(
            f"{path} does not have all of the score. Left out: {', '.join(lost)}.", ScoreWarning, stacklevel=2
        )


def _lost(score: Score, written: Score) -> Iterator[str]:
    """Yield names of what a score has and the one that was read from what was written has not, but for chords."""
    notes, found = (list(_notes(each)) for each in (score, written))

    def n_missing(*fields: int) -> int:
        wanted, there = (Counter(tuple(note[field] for field in fields) for note in each) for each in (notes, found))
        return (wanted - there).total()

    if n_missing(0, 1):
        n_drums = sum(note[0] for note in notes)
        is_drums = n_missing(0, 1) == n_missing(0) == n_drums
        yield "its drums" if is_drums else f"{n_missing(0, 1)} of its {len(notes)} notes"
    for name, field in (("starts", 2), ("lengths", 3), ("velocities", 4), ("velocities of the ends", 5)):
        if n_missing(0, 1, field) > n_missing(0, 1):
            yield f"{name} of notes"
    for name in ("tempos", "metres", "keys"):
        wanted, there = (_changes(name, each) for each in (score, written))
        is_tempo = name == "tempos"
        if not all(
            there.get(at) == values or (is_tempo and np.allclose(values, there.get(at, np.nan), rtol=1e-5))
            for at, values in wanted.items()
        ):
            yield name
    yield from dict.fromkeys(name for name, _ in Counter(_others(score)) - Counter(_others(written)))


def _notes(score: Score) -> Iterator[tuple[bool, int, float, float, int, int]]:
    """Yield of each note whether it is a drum, its pitch, start and length in quarters, and both velocities."""
    for track in score.tracks:
        for start, duration, pitch, velocity, release in track.notes.tolist():
            times = (round(tick / score.ticks_per_quarter, 3) for tick in (start, duration))
            yield track.is_drum, pitch, *times, velocity, release or RELEASE_VELOCITY


def _changes(name: str, score: Score) -> dict[float, tuple[int | str, ...]]:
    """Return tempos, keys, or the metres of bars by the quarters at which they change."""
    rows = (
        [(bar.start, bar.numerator, bar.denominator) for bar in bars_of(score)]
        if name == "metres"
        else getattr(score, name).tolist()
    )
    pairs = zip([(), *rows], rows, strict=False)
    return {round(row[0] / score.ticks_per_quarter, 3): row[1:] for last, row in pairs if row[1:] != last[1:]}


def _others(score: Score) -> Iterator[tuple[str, object]]:
    """Yield what else a score has, with its name: controls, texts, names."""
    for track in score.tracks:
        yield from (("names of tracks", " ".join(track.name.split())),) * bool(track.name.strip())
        for _, kind, number, value, _ in track.controls.tolist():
            yield f"controller {number}" if kind == CONTROL_CHANGE else CONTROLS[kind], (number, value)
    for meta in (*score.metas, *(meta for track in score.tracks for meta in track.metas)):
        yield METAS.get(meta.kind, f"events {meta.kind}"), meta.data
    yield from (("the title", " ".join(score.title.split())),) * bool(score.title.strip())


def _contents(path: Path) -> bytes:
    """Return the bytes of a file of at most MAX_BYTES."""
    if path.is_dir():
        raise BadScore("It is a folder; give a file.")
    try:
        contents = bytearray()
        with path.open("rb") as file:
            while len(contents) <= MAX_BYTES and (block := file.read(BLOCK_BYTES)):  # which takes as much memory
                contents += block
    except FileNotFoundError as error:
        raise BadScore("There is no such file.") from error
    if len(contents) > MAX_BYTES:
        raise BadScore(f"It has more than {MAX_BYTES // 2**20} MiB; no score is that long.")
    if not contents:
        raise BadScore("It is empty.")
    return bytes(contents)
