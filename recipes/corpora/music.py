"""Music: five pieces of many instruments, 16 kHz, in excerpts of 10 s, to judge codecs that were trained on speech.

    python recipes/corpora music --asterisk FOLDER --out corpora/music

``--asterisk`` is a folder into which the Debian package asterisk-moh-opsound-g722 was unpacked
(``apt-get download NAME``, then ``dpkg -x FILE FOLDER``). Every clip is split ``test``. Needs PyAV (extra ``media``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from asterisk import decoded
from corpus import Excerpt, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.result import Failed

SOURCE = Source(
    "asterisk-moh-opsound",
    "CC-BY-SA-3.0",
    "Paul Shuler (Macroform) 2009, Manolo Camp 2009, Reno Project 2008",
    "Debian package asterisk-moh-opsound-g722",
    "decoded, cut",
)
SECONDS, EVERY_SECONDS = 10, 30  # of a stretch, and from one to the next
FIRST_SECONDS, LAST_SECONDS = 20, 240


@lru_cache(maxsize=1)
def _piece(path: Path) -> Clip:
    return decoded(path)


def find(folder: Path) -> Iterator[Excerpt]:
    """Yield excerpts of each piece; the number at the end of a name is the start in seconds."""
    pieces = checked_folder(folder / "usr/share/asterisk/moh", "the unpacked package asterisk-moh-opsound-g722")
    for path in sorted(pieces.glob("*.g722")):
        end = min(_piece(path).wave.shape[1] // _piece(path).sample_rate - SECONDS, LAST_SECONDS)
        for start in range(FIRST_SECONDS, end, EVERY_SECONDS):
            yield Excerpt(path, f"{path.stem}-{start}", "test", SOURCE, {"group": path.stem}, start, SECONDS)


def _stretch(excerpt: Excerpt) -> Clip:
    piece = _piece(excerpt.path)
    start = round(excerpt.start_seconds * piece.sample_rate)
    return Clip(piece.wave[:, start : start + SECONDS * piece.sample_rate], piece.sample_rate)


def gather_music(folder: Path, out: Path) -> tuple[list[Excerpt], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out; raise BadFolder without the package."""
    return gather(find(folder), out, _stretch)
