"""SoundFont 2 and 3: banks of sampled instruments, read, written and performed."""

from .bank import SoundFont, SoundFontPreset, read_soundfont
from .player import PlayerSettings, SoundFontEngine, default_soundfont, open_soundfont
from .writing import NewEntry, NewSample, write_soundfont

__all__ = [
    "NewEntry",
    "NewSample",
    "PlayerSettings",
    "SoundFont",
    "SoundFontEngine",
    "SoundFontPreset",
    "default_soundfont",
    "open_soundfont",
    "read_soundfont",
    "write_soundfont",
]
