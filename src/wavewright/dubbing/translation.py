"""Translators of lines: programs, models and tables that the user has; none comes with Wavewright.

A translator is named as ``ctranslate2:FOLDER`` (OPUS-MT and other models that CTranslate2 reads, and packages of Argos
Translate), ``apertium:MODE`` such as ``apertium:spa-eng``, ``table:FILE`` with texts and their translations, or a
command that reads a line a text and prints as many. ``{from}`` and ``{to}`` in it stand for the languages. Nothing is
downloaded.
"""

from __future__ import annotations

import bisect
import csv
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from ..base.errors import BadSetting, MissingExtra, SkippedText, how_to_install
from ..base.tables import csv_rows, lines_of
from ..base.text_encoding import decoded_text
from ..speech.voice_names import base_language
from .commands import absolute, output_of, words_of
from .project import DubLine
from .subtitle_files import SpeechSegment

COMMAND_SECONDS = 900.0
MODELS = ("ctranslate2", "table")
"""Translators whose names have the path of a model or a table."""

BEAM_SIZE = 4
N_ALTERNATIVES = 4
LEAST_SECONDS = 1e-3  # of a cue
MAX_DISTANCE_SECONDS = 1.0  # of a translated subtitle from its line
MAX_PIECES = 256  # of a line, half of the positions that the smallest models have
PLACEHOLDER = "[{number}]"
_PLACEHOLDER = re.compile(r"\[\s*(\d+)\s*\]")


class Translator(Protocol):
    """Translates texts, each by itself."""

    def translate(self, texts: Sequence[str]) -> list[list[str]]:
        """Return for each text its translations, the best one first."""
        ...


def open_translator(name: str, from_language: str = "", to_language: str = "") -> Translator:
    """Return a translator by its name.

    - ``from_language``, ``to_language``: replace ``{from}`` and ``{to}`` in the name, without their regions.

    Raises BadSetting for a wrong name, or MissingExtra if its package is missing.
    """
    given = name.replace("{to}", base_language(to_language))
    if "{from}" in given:
        if not from_language:
            raise BadSetting(f"The translator is {name!r}, and the language of the original is unknown; give --from.")
        given = given.replace("{from}", base_language(from_language))
    provider, _, rest = given.partition(":")
    if provider == "ctranslate2":
        if not Path(rest).is_dir():
            raise BadSetting(f"The translator is {given!r}; give ctranslate2:FOLDER with the folder of a model.")
        return CTranslate2Translator(Path(rest))
    if provider == "table":
        return TableTranslator(Path(rest))
    if provider == "apertium":
        return CommandTranslator(["apertium", "-u", rest])
    return CommandTranslator(words_of(given))


def checked_translator(name: str | None) -> str | None:
    """Return the name of a translator that can be opened, with absolute paths; raise as `open_translator` does."""
    if name is None or name.startswith("apertium:"):
        return name
    if "{from}" not in name and "{to}" not in name:
        open_translator(name)
    return absolute(name, MODELS)


class CommandTranslator:
    """A program that reads a line for each text and prints a line for each; ``words`` are its command line."""

    def __init__(self, words: Sequence[str], timeout_seconds: float = COMMAND_SECONDS) -> None:
        self._words = words
        self._timeout_seconds = timeout_seconds

    def translate(self, texts: Sequence[str]) -> list[list[str]]:
        """Run the program once for all texts."""
        given = "".join(f"{' '.join(text.split())}\n" for text in texts)
        answer = output_of(self._words, given, self._timeout_seconds)
        lines = answer.removesuffix("\n").split("\n")
        if len(lines) != len(texts):
            raise BadSetting(
                f"The translator {self._words[0]!r} was given {len(texts)} lines and printed {len(lines)}; it must "
                "print a line for each."
            )
        return [[line.strip()] for line in lines]


class CTranslate2Translator:
    """A model in CTranslate2's format with its SentencePiece models.

    - ``folder``: has ``model.bin`` and ``source.spm`` and ``target.spm`` or one ``sentencepiece.model``, or is a
      package of Argos Translate, whose ``model`` folder has the model.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import ctranslate2
            import sentencepiece
        except ImportError as error:
            raise MissingExtra(
                f"The translator {folder} needs ctranslate2 and sentencepiece: {how_to_install('translate')}."
            ) from error
        places = [folder, folder / "model"]
        model = next((place for place in places if (place / "model.bin").is_file()), None)
        pieces = [_first_file(places, name, "sentencepiece.model") for name in ("source.spm", "target.spm")]
        if model is None or not all(pieces):
            raise BadSetting(
                f"{folder} lacks model.bin, or source.spm and target.spm or sentencepiece.model; give the folder of a "
                "model that CTranslate2 reads, with its SentencePiece models."
            )
        self._translator: Any = ctranslate2.Translator(str(model), device="cpu")
        self._source, self._target = (sentencepiece.SentencePieceProcessor(str(piece)) for piece in pieces)

    def translate(self, texts: Sequence[str]) -> list[list[str]]:
        """Translate all texts, with the alternatives of the beam."""
        pieces = [[*self._source.encode(text, out_type=str), "</s>"] for text in texts]
        results = self._translator.translate_batch(
            pieces,
            beam_size=BEAM_SIZE,
            num_hypotheses=N_ALTERNATIVES,
            max_decoding_length=MAX_PIECES,
            max_input_length=MAX_PIECES,
        )
        return [
            [self._target.decode([piece for piece in found if piece != "</s>"]).strip() for found in result.hypotheses]
            for result in results
        ]


class TableTranslator:
    """A table of texts and their translations, in CSV; capitals and punctuation do not count.

    - ``file``: may have several translations of a text, the best one first. A text that it lacks stays untranslated.
    """

    def __init__(self, file: Path) -> None:
        self._answers: dict[str, list[str]] = {}
        for text, answer in table_rows(file, "table"):
            self._answers.setdefault(key_of(text), []).append(answer)

    def translate(self, texts: Sequence[str]) -> list[list[str]]:
        """Look up each text."""
        return [self._answers.get(key_of(text), []) for text in texts]


def key_of(text: str) -> str:
    """Return a text without capitals and punctuation."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def _first_file(folders: Sequence[Path], *names: str) -> Path | None:
    return next((folder / name for name in names for folder in folders if (folder / name).is_file()), None)


def translated(
    texts: Sequence[str], translator: Translator, glossary: Mapping[str, str], shorter: Callable[[int], int]
) -> list[str]:
    """Return the translation of each text.

    - ``glossary``: terms and what they are in the other language; whole words, in any case.
    - ``shorter``: returns the most characters for the text of a number; of the alternatives, the first that is not
      longer is taken, and the shortest if all are.

    Terms stand as numbers in brackets while the text is translated. Where the translator loses one, the text is
    translated without them.
    """
    masked = [_masked(text, glossary) for text in texts]
    answers = translator.translate([text for text, _ in masked])
    found: list[str] = []
    for number, (text, (_, terms), options) in enumerate(zip(texts, masked, answers, strict=True)):
        whole = [_unmasked(option, terms) for option in options]
        kept = [option for option in whole if option]
        kept = kept or [option for option in translator.translate([text])[0] if option]
        most = shorter(number)
        best = next((option for option in kept if len(option) <= most), min(kept, key=len, default=""))
        found.append(best)
    return found


def _masked(text: str, glossary: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return a text with numbers for its terms, and what the terms are in the other language."""
    if not glossary:
        return text, []
    terms: list[str] = []
    by_case = {term.casefold(): value for term, value in glossary.items()}
    longest_first = sorted(glossary, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)

    def mask(match: re.Match[str]) -> str:
        terms.append(by_case[match[0].casefold()])
        return PLACEHOLDER.format(number=len(terms))

    return pattern.sub(mask, text), terms


def _unmasked(text: str, terms: Sequence[str]) -> str | None:
    """Return a translation with its terms; None if it has lost or doubled one."""
    found = [int(number) for number in _PLACEHOLDER.findall(text)]
    if terms and sorted(found) != list(range(1, len(terms) + 1)):
        return None
    return _PLACEHOLDER.sub(lambda match: terms[int(match[1]) - 1], text) if terms else text


def read_glossary(path: Path) -> dict[str, str]:
    """Read a glossary: a table in CSV of terms and what they are in the other language.

    Raises BadSetting if it cannot be read, or a line has no two columns.
    """
    return dict(table_rows(path, "glossary"))


def table_rows(path: Path, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the rows of a table of two columns; empty ones, and those that begin with #, are left out.

    Its delimiter is the tab, the comma or the semicolon, the first that makes two cells of each row.
    """
    try:
        lines = lines_of(decoded_text(str(path), path.read_bytes()))
    except OSError as error:
        raise BadSetting(f"The {kind} {path} cannot be read ({error.strerror}); give a table in CSV.") from error
    except UnicodeDecodeError as error:
        raise BadSetting(f"The {kind} {path} cannot be read; give a table in CSV, as text.") from error
    text = "\n".join("" if line.lstrip().startswith("#") else line for line in lines)
    problems: list[str] = []
    for delimiter in "\t,;":
        try:
            yield from _pairs(text, delimiter)
            return
        except csv.Error as error:
            problems.append(str(error))
    raise BadSetting(f"The {kind} {path} cannot be read: {max(problems, key=_line_of)}.")


def _pairs(text: str, delimiter: str) -> list[tuple[str, str]]:
    """Return the rows of a table of two columns; raise csv.Error with the line of the first other row."""
    rows = list(csv_rows(text, delimiter))
    for line, cells in rows:
        if len(cells) != 2 or not all(cells):
            raise csv.Error(f"line {line}: write a text and its translation, as `text,translation`")
    return [(first, second) for _, (first, second) in rows]


def _line_of(problem: str) -> int:
    return int(re.findall(r"\d+", problem)[0])


def matched(lines: Sequence[DubLine], cues: Sequence[SpeechSegment]) -> list[str]:
    """Return the text of translated subtitles for each line.

    - ``lines``: in the order of their starts.
    - returns: for each line, the texts of the cues that share most of their time and of the line's with it. A cue
      between lines belongs to the nearest one, up to MAX_DISTANCE_SECONDS away; one that is farther has no line.
    """
    texts: list[list[str]] = [[] for _ in lines]
    alone: list[float] = []
    starts = [line.start for line in lines]
    latest_ends = list(accumulate((line.end for line in lines), max))
    for cue in sorted(cues, key=lambda each: each.start):
        end = max(cue.end, cue.start + LEAST_SECONDS)
        index = bisect.bisect_left(starts, end + MAX_DISTANCE_SECONDS) - 1
        near: list[tuple[tuple[float, float], int]] = []
        while index >= 0 and latest_ends[index] > cue.start - MAX_DISTANCE_SECONDS:
            line = lines[index]
            shared = min(end, line.end) - max(cue.start, line.start)
            if shared > -MAX_DISTANCE_SECONDS:
                share = max(shared, 0.0) ** 2 / ((end - cue.start) * (line.end - line.start))
                near.append(((share, shared), -index))
            index -= 1
        if near:
            texts[-max(near)[1]].append(cue.text)
        else:
            alone.append(cue.start)
    if alone:
        message = f"{len(alone)} of the translated subtitles are far from any line and are left out (the first at "
        warnings.warn(f"{message}{alone[0]:.3f} s); check that they belong.", SkippedText, stacklevel=2)
    return [" ".join(parts) for parts in texts]


def describe(name: str) -> str:
    """Return the name of a translator for the record, without paths of folders."""
    provider, _, rest = name.partition(":")
    if provider in MODELS:
        return f"{provider} {json.dumps(Path(rest).name)}"
    return name if provider == "apertium" else Path(words_of(name)[0]).name
