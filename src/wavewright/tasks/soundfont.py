"""List the presets of a SoundFont file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.parameters import POSITIONAL
from ..base.result import Result
from ..base.task_parameters import checked
from ..synth.banks import read_bank
from ..synth.sfz import SfzBank
from ..synth.soundfont.bank import SoundFont, SoundFontPreset

COLUMNS = "{:>4}  {:>7}  {:20}  {:>7}  {:>7}  {:>9}"


@dataclass(frozen=True)
class PresetEntry:
    """A preset of a SoundFont file.

    Attributes
    ----------
    bank, program : int
        Bank 128 holds drum kits.
    name : str
    lowest_key, highest_key : int
        60 is middle C.
    n_regions : int
        Samples with their ranges of keys and velocities.
    sample_bytes : int
        Size of its samples in the file; several presets may use the same ones.
    """

    bank: int
    program: int
    name: str
    lowest_key: int
    highest_key: int
    n_regions: int
    sample_bytes: int

    def __str__(self) -> str:
        keys = f"{self.lowest_key}-{self.highest_key}"
        size = f"{self.sample_bytes / 1_000:,.0f} kB"
        return COLUMNS.format(self.bank, self.program, self.name, keys, self.n_regions, size).rstrip()


@dataclass(frozen=True)
class SoundFontSummary(Result):
    """A SoundFont file and its presets.

    Attributes
    ----------
    name, copyright : str
        As the file states them.
    version : str
        Format of the file and its version.
    n_instruments, n_samples : int
    presets : tuple of PresetEntry
        Sorted by bank and program.
    unplayed, missing : tuple of str
        Of an SFZ file: opcodes that have no effect here, and samples that cannot be read.
    """

    name: str
    copyright: str
    version: str
    n_instruments: int
    n_samples: int
    presets: tuple[PresetEntry, ...]
    unplayed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        title = (
            f"{self.name}: {self.version}, {len(self.presets)} presets, {self.n_instruments} instruments, "
            f"{self.n_samples} samples"
        )
        header = COLUMNS.format("bank", "program", "name", "keys", "regions", "samples")
        return "\n".join([title, *([self.copyright] if self.copyright else []), header, *map(str, self.presets)])


@checked
def soundfont(
    file: Annotated[
        Path | None,
        Field(description="SoundFont (.sf2, .sf3) or SFZ file, by default the bank that comes with Wavewright."),
        POSITIONAL,
    ] = None,
) -> SoundFontSummary:
    """List the presets of a SoundFont or SFZ file: name, bank, program, keys and size.

    Raises BadSoundFont if the file cannot be used.

    Returns
    -------
    SoundFontSummary
        The presets, sorted by bank and program.
    """
    font = read_bank(file)
    presets = tuple(_entry(font, preset) for preset in font.presets)
    if isinstance(font, SfzBank):
        return SoundFontSummary(
            font.name, "", "SFZ", 1, font.n_samples, presets, unplayed=font.unplayed, missing=font.missing
        )
    version = "SoundFont " + ".".join(map(str, font.version))
    return SoundFontSummary(font.name, font.texts.get("ICOP", ""), version, font.n_instruments, font.n_samples, presets)


def _entry(font: SoundFont | SfzBank, preset: SoundFontPreset) -> PresetEntry:
    n_regions = len(font.regions(preset.index).samples)
    return PresetEntry(
        preset.bank, preset.program, preset.name, *font.key_range(preset), n_regions, font.sample_bytes(preset)
    )
