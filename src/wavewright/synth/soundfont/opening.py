"""Open SoundFonts: the user's, and the bank that comes with Wavewright."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .bank import SoundFont, read_soundfont
from .player import PlayerSettings, SoundFontEngine

BUNDLED_BANK = Path(__file__).parent / "data" / "general-midi.sf3"
"""A small bank of General MIDI's instruments; ``recipes/general_midi.py`` makes it."""


@cache
def default_soundfont() -> SoundFont:
    """Return the bundled bank, which all engines use; a bank is never changed."""
    return read_soundfont(BUNDLED_BANK)


def open_soundfont(path: Path | None, sample_rate: int, settings: PlayerSettings | None = None) -> SoundFontEngine:
    """Open a SoundFont as an instrument.

    - ``path``: an ``.sf2`` or ``.sf3`` file; None for the bundled bank.
    - ``sample_rate``: in Hz.

    Raises BadSoundFont if the file cannot be used, or BadSetting if the sample rate is out of range.

    Examples
    --------
    >>> engine = open_soundfont(None, 44_100)
    >>> engine.note_on(0, 60, 100)
    >>> block = engine.process(128)
    """
    font = default_soundfont() if path is None else read_soundfont(path)
    return SoundFontEngine(font, sample_rate, settings)
