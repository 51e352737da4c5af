"""Instruments by name: banks of samples (SoundFonts and SFZ), patches of the synthesiser, waves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import synth
from ..base.errors import BadSetting, printable
from ..base.names import nearest_names, quoted
from ..music.engine import InstrumentEngine
from .soundfont import PlayerSettings, SoundFont, SoundFontEngine, default_soundfont, read_soundfont

if TYPE_CHECKING:
    from .sfz.bank import SfzBank

BUNDLED = "the bundled General MIDI bank"
ALL_PATCHES = "general-midi"
"""Name that stands for the patches of all programs."""

SFZ_SUFFIX = ".sfz"
BANK_SUFFIXES = (".sf2", ".sf3", SFZ_SUFFIX)
FORMULA = re.compile(r"[()*+^%]")
"""In the formula of a wave, and in no name of a patch or model."""


def read_bank(path: Path | None) -> SoundFont | SfzBank:
    """Open a bank, ``.sf2``, ``.sf3`` or ``.sfz``, by default the bundled one; its samples are read at first use.

    Raises BadSoundFont if the file does not exist or cannot be used.
    """
    if path is None:
        return default_soundfont()
    if path.suffix.lower() != SFZ_SUFFIX:
        return read_soundfont(path)
    from .sfz.bank import SfzBank

    return SfzBank(path)


def bank_engine(bank: SoundFont | SfzBank, sample_rate: int, settings: PlayerSettings | None = None) -> SoundFontEngine:
    """Return an engine that plays a bank; raise BadSetting if the sample rate is out of range."""
    if isinstance(bank, SoundFont):
        return SoundFontEngine(bank, sample_rate, settings)
    from .sfz.player import SfzEngine

    return SfzEngine(bank, sample_rate, settings)


@dataclass(frozen=True)
class NamedInstrument:
    """An instrument without a model."""

    title: str  # name in messages and comments
    open_engine: Callable[[], InstrumentEngine]  # opens it
    has_drums: bool = False  # it plays tracks of drums, too
    is_dry: bool = True  # it has no reverb of its own
    sound_files: frozenset[Path] = frozenset()  # the sound files that it plays


def instrument_of(name: str | None, sample_rate: int, settings: PlayerSettings | None = None) -> NamedInstrument | None:
    """Return a bank (by default the bundled one), synthesiser, patch or wave; None for the name or folder of a model.

    Raises BadSoundFont, BadSetting or BadAudio if there is no such instrument, or its file is invalid.
    """
    suffix = Path(name or "").suffix.lower()
    if name is None or suffix in BANK_SUFFIXES:
        bank = read_bank(None if name is None else Path(name))
        title = BUNDLED if name is None else Path(name).name
        files = frozenset() if isinstance(bank, SoundFont) else bank.sound_files
        return NamedInstrument(title, lambda: bank_engine(bank, sample_rate, settings), True, False, files)
    if name == ALL_PATCHES:
        return NamedInstrument(
            "the synthesiser", lambda: synth.SynthEngine(synth.general_midi(), sample_rate), has_drums=True
        )
    from .. import models
    from .waves import WAVE_ENDINGS

    if name in synth.patch_names() or suffix == ".toml":
        patch, title = synth.load_patch(name), f"patch {name}"
    elif suffix in WAVE_ENDINGS or FORMULA.search(name):
        patch, title = synth.wave_patch(name), f"wave {printable(name)}"
    elif Path(name).name == name and name not in models.names():
        nearest = nearest_names(name, [*synth.patch_names(), *models.names()], 3)
        hint = f"the nearest are {', '.join(nearest)}" if nearest else "give a bank, a patch, a formula or a model"
        raise BadSetting(f"There is no patch or model {quoted(name)}; {hint}.")
    else:
        return None
    return NamedInstrument(title, lambda: synth.SynthEngine(patch, sample_rate))


def playable_instrument(name: str | None, sample_rate: int) -> NamedInstrument:
    """Return an instrument as :func:`instrument_of`; raise BadSetting for a model, too."""
    found = instrument_of(name, sample_rate)
    if found is None:
        raise BadSetting(f"{name} is a model, which `wavewright render` plays; give a SoundFont, a patch or a wave.")
    return found
