"""Score the front end of English on lists of texts: accuracy by section, and the texts that are read otherwise.

    python benchmarks/front_end.py LIST.tsv ...          # accuracy of each list, by section
    python benchmarks/front_end.py LIST.tsv --errors     # and each text that is read otherwise
    python benchmarks/front_end.py tests/text/british.tsv --language en-GB

A list is a text file in UTF-8. Each line has a text, a tab, and the exact words that it is spoken as; or, if words of
the text are between asterisks, the phones of these words (ARPAbet with stress). Lines that begin with ``#`` and a
space name the section of the lines below. A text counts as right if all of its words, or all phones of the marked
words, are right.
A list measures the front end only if no rule, table or training sentence was written after looking at it.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from wavewright.errors import WavewrightError
from wavewright.text import FrontEnd, front_end


@dataclass(frozen=True)
class Item:
    """A text of a list, what is expected of it, and what the front end returned."""

    section: str
    text: str
    expected: str
    actual: str

    @property
    def is_right(self) -> bool:
        return self.actual == self.expected


def read_list(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the section, the text and the expected words or phones of each line of a list."""
    section = path.stem
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# "):
            section = line.lstrip("# ")
        elif line.strip():
            text, tab, expected = line.partition("\t")
            if not tab or not expected.strip():
                raise SystemExit(f"{path}, line {number}: {text!r} has no expected words; write them after a tab.")
            yield section, text, expected.strip()


def read_aloud(text: str, expected: str, reader: FrontEnd) -> str:
    """Return the spoken words of a text, or the phones of the words between asterisks if phones are expected."""
    is_of_phones = "*" in text and expected == expected.upper()
    starts = [match.start() - 2 * number for number, match in enumerate(re.finditer(r"\*(.+?)\*", text))]
    plain = re.sub(r"\*(.+?)\*", r"\1", text) if is_of_phones else text
    try:
        words = [word for sentence in reader.sentences(plain) for word in sentence.words]
    except WavewrightError as error:
        return f"{type(error).__name__}: {error}"
    if is_of_phones:
        return " ".join(phone for word in words if word.start in starts for phone in word.phones)
    return " ".join(word.spoken for word in words)


def score(path: Path, language: str) -> list[Item]:
    """Return the items of a list with what the front end reads."""
    reader = front_end(language)
    return [Item(*item, read_aloud(item[1], item[2], reader)) for item in read_list(path)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST", help="lists of texts")
    parser.add_argument("--language", default="en", help="en or en-GB")
    parser.add_argument("--errors", action="store_true", help="print each text that is read otherwise")
    parser.add_argument("--json", type=Path, help="write the items and whether they are right to this file")
    arguments = parser.parse_args()
    results = {str(path): score(path, arguments.language) for path in arguments.lists}
    for name, items in results.items():
        right = sum(item.is_right for item in items)
        print(f"{name}: {right} of {len(items)} texts right, {right / max(1, len(items)):.1%}")
        for section in dict.fromkeys(item.section for item in items):
            of_section = [item for item in items if item.section == section]
            print(f"    {sum(item.is_right for item in of_section)}/{len(of_section)}  {section}")
        for item in items if arguments.errors else ():
            if not item.is_right:
                print(f"  {item.text}\n    expected  {item.expected}\n    actual    {item.actual}")
    if arguments.json:
        report = {
            name: [asdict(item) | {"is_right": item.is_right} for item in items] for name, items in results.items()
        }
        arguments.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
