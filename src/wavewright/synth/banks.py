"""Banks of sampled instruments by the endings of their files: SoundFonts and SFZ."""

from __future__ import annotations

from pathlib import Path

from .sfz.bank import SfzBank
from .sfz.player import SfzEngine
from .soundfont import PlayerSettings, SoundFont, SoundFontEngine, default_soundfont, read_soundfont

SFZ_SUFFIX = ".sfz"


def read_bank(path: Path | None) -> SoundFont | SfzBank:
    """Open a bank; its samples are read at first use.

    - ``path``: an ``.sf2``, ``.sf3`` or ``.sfz`` file; None for the bundled bank.

    Raises BadSoundFont if the file does not exist or cannot be used.
    """
    if path is None:
        return default_soundfont()
    return SfzBank(path) if path.suffix.lower() == SFZ_SUFFIX else read_soundfont(path)


def bank_engine(bank: SoundFont | SfzBank, sample_rate: int, settings: PlayerSettings | None = None) -> SoundFontEngine:
    """Return an engine that plays a bank; raise BadSetting if the sample rate is out of range."""
    if isinstance(bank, SfzBank):
        return SfzEngine(bank, sample_rate, settings)
    return SoundFontEngine(bank, sample_rate, settings)
