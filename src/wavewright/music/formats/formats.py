"""Read and write scores as files; the ending of a file's name says its format."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from ...base.errors import BadScore, ScoreWarning, printable
from ...base.whole_file import check_target, write_whole
from ..score import Score
from .abc_reading import read_abc
from .abc_writing import write_abc
from .midi_reading import read_midi
from .midi_writing import write_midi
from .musicxml_reading import read_musicxml
from .musicxml_writing import unwritten_symbols, write_musicxml
from .xml_tree import packed

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

Reader = Callable[[bytes], tuple[tuple[Score, ...], tuple[str, ...]]]

_READERS: dict[str, Reader] = {**dict.fromkeys(MIDI, read_midi), ".abc": read_abc, **dict.fromkeys(XML, read_musicxml)}

Writer = Callable[[Score], bytes]

_WRITERS: dict[str, Writer] = {
    **dict.fromkeys(WRITABLE, write_midi),
    **dict.fromkeys((".musicxml", ".mxl"), write_musicxml),
    ".abc": write_abc,
}


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
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise BadScore(f"{path} is no score that can be read; its name must end with {', '.join(READABLE)}.")
    try:
        scores, problems = reader(_contents(path))
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
        As :func:`read_tunes`.
    """
    scores = read_tunes(path)
    if not 1 <= tune <= len(scores):
        raise BadScore(f"{path} has no tune {tune}; give a number from 1 to {len(scores)}.")
    return scores[tune - 1]


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
        If chord symbols have no place in MusicXML.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise BadScore(f"{path} cannot be written; the name of a score must end with {', '.join(WRITABLE)}.")
    check_target(path)
    contents = _WRITERS[path.suffix.lower()](score)
    write_whole(path, packed(contents) if path.suffix.lower() == ".mxl" else contents)
    if path.suffix.lower() in XML and (symbols := unwritten_symbols(score)):
        named = ", ".join(map(repr, symbols[:MAX_WARNINGS])) + " ..." * (len(symbols) > MAX_WARNINGS)
        warnings.warn(f"{path} lacks chord symbols that are no chords: {printable(named)}.", ScoreWarning, stacklevel=2)


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
