"""Prompts: the English telephone prompts of one studio voice, 16 kHz, a speaker that no bundled model may ever learn from.

``--asterisk`` is a folder into which the Debian packages asterisk-core-sounds-en and asterisk-core-sounds-en-g722 were unpacked
(``apt-get download NAME``, then ``dpkg -x FILE FOLDER``). Every clip is split ``test``. Needs PyAV (extra ``media``).

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from asterisk import decoded, prompts
from corpus import LeftOut, Recording, Source, gather

SOURCE = Source(
    "asterisk-core-sounds-en",
    "CC-BY-SA-3.0",
    "Asterisk core sounds, Allison Smith, 2003-2010",
    "Debian packages asterisk-core-sounds-en, asterisk-core-sounds-en-g722",
    "decoded",
)


def find(folder: Path) -> Iterator[Recording]:
    """The spoken prompts, each with its text."""
    for key, (path, text) in sorted(prompts(folder, "en").items()):
        facts = {"text": text, "speaker": "allison", "group": "allison", "language": "en"}
        yield Recording(path, key, "test", SOURCE, facts)


def gather_prompts(folder: Path, out: Path) -> tuple[list[Recording], list[LeftOut]]:
    """Write the corpus to ``out``; returns what was taken and what was left out. Raises BadFolder where a package is missing."""
    return gather(find(folder), out, lambda recording: decoded(recording.path))
