"""Score the front end of a language on lists of texts: accuracy by section, and the texts that are read otherwise.

    python -m benchmarks text.front_end LIST.tsv ...

A list is a text file in UTF-8. Each line has a text, a tab, and the exact words that it is spoken as; or, if words of
the text are between asterisks, the phones of these words (symbols of the front end). Words may show where sentences end
with `` | ``. Lines that begin with ``#`` and a space name the section of the lines below. A text counts as right if all
of its words, or all phones of the marked words, are right. A list measures the front end only if no rule, table or
training sentence was written after looking at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.base.errors import BadText, WavewrightError
from wavewright.text import FrontEnd, front_end

LISTS = [Path(__file__).parents[2] / "tests" / "text" / name for name in ("list.tsv", "more.tsv")]

SENTENCE_END = " | "
"""What stands between the sentences of an expected reading, if it says where they end."""

SECTIONS = Table("texts by section", columns(list="s", section="s", texts="d", right="d", accuracy_percent=".1f"))
ERRORS = Table("texts that are read otherwise", columns(text="s", expected="s", actual="s"), is_optional=True)


def read_list(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the section, the text and the expected words or phones of each line of a list."""
    section = path.stem
    for line_number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# "):
            section = line.lstrip("# ")
        elif line.strip():
            written, tab, expected = line.partition("\t")
            if not tab or not expected.strip():
                raise BadText(f"{path}, line {line_number}: {written!r} has no expected words; write them after a tab.")
            yield section, written, expected.strip()


def read_aloud(written: str, expected: str, reader: FrontEnd) -> str:
    """Return the spoken words of a text, or the phones of the words between asterisks if phones are expected."""
    is_of_phones = "*" in written and {*expected.split()} <= {*reader.symbols}
    starts = [match.start() - 2 * index for index, match in enumerate(re.finditer(r"\*(.+?)\*", written))]
    plain = re.sub(r"\*(.+?)\*", r"\1", written) if is_of_phones else written
    try:
        words = [word for sentence in reader.sentences(plain) for word in sentence.words]
    except WavewrightError as error:
        return f"{type(error).__name__}: {error}"
    if is_of_phones:
        return " ".join(phone for word in words if word.start in starts for phone in word.phones)
    if SENTENCE_END in expected:
        sentences = reader.sentences(plain)
        return SENTENCE_END.join(" ".join(word.spoken for word in sentence.words) for sentence in sentences)
    return " ".join(word.spoken for word in words)


def measure(options: Options, report: Report) -> None:
    reader = front_end(options.language)
    for path in options.lists:
        items = [*read_list(path)]
        if not items:
            raise BadText(f"{path} has no texts; write a text, a tab and its words on each line.")
        read = [read_aloud(text, expected, reader) for _, text, expected in items]
        right: dict[str, list[bool]] = {"all": []}
        for (section, text, expected), actual in zip(items, read, strict=True):
            for each in ("all", section):
                right.setdefault(each, []).append(actual == expected)
            if options.errors and actual != expected:
                report.add(ERRORS, text=text, expected=expected, actual=actual)
        for section, texts in right.items():
            row = {"list": str(path), "section": section, "texts": len(texts), "right": sum(texts)}
            report.add(SECTIONS, row, accuracy_percent=100 * sum(texts) / len(texts))


def smoke_lists(folder: Path) -> list[Path]:
    """Return a list of two texts."""
    path = folder / "list.tsv"
    path.write_text("# money\n$5\tfive dollars\n# verbs\nI *read* it daily.\tR IY1 D\n", encoding="utf-8")
    return [path]


BENCHMARK = Benchmark(
    measure,
    Option("lists", LISTS, "lists of texts", smoke=smoke_lists, is_positional=True),
    Option("language", "en", "en, en-GB, de, es, es-419, it or fr"),
    Option("errors", False, "also list each text that is read otherwise"),
)
