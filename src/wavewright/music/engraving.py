"""Scores as notation in SVG files, by Verovio (the extra ``notation``)."""

from __future__ import annotations

from pathlib import Path

from ..base.errors import BadScore, MissingExtra, how_to_install
from ..base.whole_file import write_whole
from .formats.musicxml_writing import write_musicxml
from .score import Score

PAGE_WIDTH = 2_100
"""Tenths of a millimetre, as Verovio counts."""

MAX_NOTES = 20_000


def engrave(score: Score, out: Path) -> None:
    """Write a score as notation on one SVG page as high as it needs.

    Raises BadScore if the score has no notes or more than 20,000, or Verovio cannot draw it, or BadSetting if it has
    too many bars, or MissingExtra if Verovio is not installed.
    """
    if not 0 < score.n_notes <= MAX_NOTES:
        raise BadScore(f"The score has {score.n_notes} notes; scores of 1 to {MAX_NOTES} notes are engraved.")
    try:
        import verovio
    except ImportError as error:
        raise MissingExtra(f"Notation needs Verovio, which is not installed: {how_to_install('notation')}.") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    options = {"pageWidth": PAGE_WIDTH, "adjustPageHeight": True, "pageHeight": 60_000, "footer": "none", "scale": 50}
    toolkit.setOptions(options)
    if not toolkit.loadData(write_musicxml(score).decode("utf-8")):
        raise BadScore("Verovio cannot draw the score as notation; draw a piano roll, a PNG file.")
    write_whole(out, toolkit.renderToSVG(1).encode("utf-8"))
