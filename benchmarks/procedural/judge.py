"""Train a classifier on recordings, and count how often it puts rendered effects into their class.

    python -m benchmarks.procedural.judge --esc10 ESC10 --games NOISE --noises NOISES --out runs/effect-judge

Ten classes are those of ESC-10 (three of folds 1 to 4 to train, one to test). Wind is cut from recordings of the games
0 A.D. and MegaGlest, one recording kept for the test. Footsteps are sequences of 0 A.D.'s recordings of single steps,
with some noise or none, half of the recordings kept for the test. ``--noises`` is a folder with the 100 environmental
sounds of G. Hu, of which 9 are wind and 2 are footsteps; they are tested only. Nothing rendered is trained on.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import read_wave, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.audio.clip import Clip
from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.families.classifier.recipe import ClassifierRecipe, judge_recipe
from wavewright.families.classifier.runtime import ClassifierRuntime
from wavewright.synth.procedural import Fire, Footsteps, Procedure, Rain, Wind
from wavewright.synth.procedural.footsteps import GROUNDS
from wavewright.synth.procedural.rain import SURFACES
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

SAMPLE_RATE, SECONDS = 16_000, 4.0
N_SAMPLES = round(SAMPLE_RATE * SECONDS)

FOLDS = "1234"

TRAIN_WIND = (
    *(f"0ad/ambient/weather/{name}.flac" for name in ("wind_11", "windgust_11", "snowstorm_11", "windleaves_10")),
    *("megaglest/tilesets/desert2/day.flac", "megaglest/tilesets/winter/wind.flac"),
)
TEST_WIND = ("0ad/ambient/weather/windstorm_11.flac",)
STEPS_FOLDER = "0ad/actor/singlesteps"
N_WIND_CUTS, N_WALKS = 8, 36

UNSEEN = {"wind": range(70, 79), "footsteps": (96, 97)}
"""Numbers of Hu's recordings."""

CLASS_OF: Mapping[str, str] = {"rain": "rain", "fire": "fire-crackling", "wind": "wind", "footsteps": "footsteps"}
"""Class of each effect; the others have no recordings to judge by."""

RECORDINGS = Table("recordings that were not trained on", columns(source="s", label="s", clips="d", accuracy=".2f"))
EFFECTS = Table("effects in their class", columns(effect="s", settings="s", clips="d", in_class=".2f", most_other="s"))


def effect_judge(steps: int, seed: int) -> ClassifierRecipe:
    """Return the settings of the classifier."""
    base = judge_recipe(steps, seed)
    model = replace(base.model, sample_rate=SAMPLE_RATE, n_samples=N_SAMPLES, n_fft=1024, hop_length=512, n_mels=40)
    data = replace(base.data, align=False, valid_fraction=0.0)
    training = replace(base.training, batch_size=24)
    return replace(base, model=model, data=data, training=training)


def write_recordings(options: argparse.Namespace, out: Path) -> None:
    """Write the recordings of both splits as ``out/SPLIT/LABEL/NAME.flac``."""
    for split, label, name, wave in recordings(options.esc10, options.games, str(options.test_fold)):
        path = out / split / label / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        Clip(wave[None] / max(1.0, np.abs(wave).max()), SAMPLE_RATE).write(path)


def recordings(esc10: Path, games: Path, test_fold: str) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield split, label, name and wave ``(time,)`` of all recordings."""
    for path in sorted(esc10.glob("*/*.ogg")):
        if path.name[0] in FOLDS:
            split = "test" if path.name[0] == test_fold else "train"
            yield split, path.parent.name, path.stem, read_wave(path, SAMPLE_RATE)
    for split, names in (("train", TRAIN_WIND), ("test", TEST_WIND)):
        for row, name in enumerate(names):
            wave = read_wave(games / name, SAMPLE_RATE)
            starts = np.linspace(0, max(0, len(wave) - N_SAMPLES), N_WIND_CUTS).astype(int)
            for number, start in enumerate(np.unique(starts)):
                yield split, "wind", f"{row}_{number}", wave[start : start + N_SAMPLES]
    for split, parity in (("train", 0), ("test", 1)):
        steps = sorted((games / STEPS_FOLDER).glob("*.flac"))[parity::2]
        for number in range(N_WALKS):
            yield split, "footsteps", f"walk_{number}", walk(steps, np.random.default_rng([parity, number]))


def walk(paths: list[Path], rng: np.random.Generator) -> np.ndarray:
    """Return a sequence of recorded steps on one ground in some noise, ``(time,)``."""
    grounds = sorted({path.stem.rstrip("0123456789_") for path in paths})
    ground = grounds[rng.integers(len(grounds))]
    steps = [read_wave(path, SAMPLE_RATE) for path in paths if path.stem.startswith(ground)]
    wave = np.zeros(N_SAMPLES, np.float32)
    period = rng.uniform(0.32, 0.75)
    for onset in np.arange(rng.uniform(0, period), SECONDS, period):
        step = steps[rng.integers(len(steps))] * rng.uniform(0.6, 1.0)
        start = round((onset + rng.normal(0, 0.02 * period)) * SAMPLE_RATE)
        start = max(0, start)
        n_copied = max(0, min(len(step), N_SAMPLES - start))
        wave[start : start + n_copied] += step[:n_copied]
    noise = np.cumsum(rng.standard_normal(N_SAMPLES)) * 0.02 + rng.standard_normal(N_SAMPLES)
    noise -= np.convolve(noise, np.ones(400) / 400, "same")
    level_db = rng.choice((-120.0, rng.uniform(-60, -30)))
    return np.asarray(wave + 10 ** (level_db / 20) * np.abs(wave).max() * noise / noise.std(), np.float32)


def varied(effect: str, seed: int) -> Procedure:
    """Return an effect with settings drawn by a seed from the range in which it is usual."""
    rng = np.random.default_rng([seed, 99])
    if effect == "rain":
        surface = list(SURFACES)[rng.integers(len(SURFACES))]
        return Rain(float(np.exp(rng.uniform(np.log(300), np.log(20_000)))), rng.uniform(1, 3), surface)
    if effect == "fire":
        return Fire(float(np.exp(rng.uniform(np.log(0.3), np.log(3)))), rng.uniform(8, 60), rng.uniform(0.3, 1))
    if effect == "wind":
        howl, whistle = rng.uniform(0.4, 1), rng.uniform(0, 0.4)
        return Wind(rng.uniform(4, 25), rng.uniform(0.15, 0.6), howl, whistle, rng.uniform(2, 10))
    ground = list(GROUNDS)[rng.integers(len(GROUNDS))]
    return Footsteps(rng.uniform(80, 170), ground, rng.uniform(50, 100), rng.uniform(0.2, 0.9))


DEFAULTS: Mapping[str, Procedure] = {"rain": Rain(), "fire": Fire(), "wind": Wind(), "footsteps": Footsteps()}


def guesses(judge: ClassifierRuntime, waves: list[np.ndarray]) -> list[str]:
    """Return the class of each wave ``(time,)``."""
    preparation = Preparation("one-shot", align=False)
    clips = [preparation.apply(wave[None], SAMPLE_RATE, N_SAMPLES)[0] for wave in waves]
    probabilities = judge.probabilities(np.stack(clips), SAMPLE_RATE)
    return [judge.labels[row] for row in probabilities.argmax(1)]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--esc10", type=Path, default=Path("corpora/esc10"))
    parser.add_argument("--games", type=Path, default=Path("corpora/noise"), help="folder with 0ad and megaglest")
    parser.add_argument("--noises", type=Path, default=None, help="folder with Hu's recordings, n1.wav to n100.wav")
    parser.add_argument("--out", type=Path, default=Path("runs/effect-judge"))
    parser.add_argument("--test-fold", type=int, default=1, help="fold of ESC-10 to test on")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seed", type=int, default=0, help="of the classifier")
    parser.add_argument("--count", type=int, default=50, help="clips of each effect")
    parser.add_argument("--first-seed", type=int, default=1_000, help="of the clips")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train, test on recordings, and judge the effects."""
    folder = options.out / "recordings"
    if not folder.exists():
        write_recordings(options, folder)
    run_folder = options.out / "classifier"
    entries = Scan(tuple(replace(entry, split="train") for entry in scan(folder / "train", "folder").entries))
    provenance = Provenance("effect-judge", "Classes of environmental sounds, to judge rendered ones.", "CC-BY-SA", ())
    has_started = (run_folder / RUN_FILE).is_file()
    Run(run_folder, "classifier", effect_judge(options.steps, options.seed), entries, provenance).train(
        resume=has_started
    )
    judge = load_as(ClassifierRuntime, run_folder)
    add_recordings(judge, options, report)
    for effect, label in CLASS_OF.items():
        for settings in ("default", "varied"):
            waves = []
            for seed in range(options.first_seed, options.first_seed + options.count):
                procedure = DEFAULTS[effect] if settings == "default" else varied(effect, seed)
                waves.append(procedure.render(SECONDS, SAMPLE_RATE, seed, n_channels=1)[0])
            counts = Counter(guesses(judge, waves))
            others = [(count, name) for name, count in counts.items() if name != label]
            other = "none" if not others else "{1} ({0})".format(*max(others))
            fraction = counts[label] / len(waves)
            row = {"effect": effect, "settings": settings, "clips": len(waves), "in_class": fraction}
            report.add(EFFECTS, row | {"most_other": other})


def add_recordings(judge: ClassifierRuntime, options: argparse.Namespace, report: Report) -> None:
    """Add the accuracy on recordings that were not trained on."""
    sources: dict[str, dict[str, list[Path]]] = {"kept for the test": {}}
    for entry in scan(options.out / "recordings" / "test", "folder").entries:
        sources["kept for the test"].setdefault(str(entry.label), []).append(Path(entry.path))
    if options.noises is not None:
        sources["Hu"] = {label: [options.noises / f"n{row}.wav" for row in rows] for label, rows in UNSEEN.items()}
    for source, by_label in sources.items():
        for label, paths in sorted(by_label.items()):
            found = guesses(judge, [read_wave(path, SAMPLE_RATE) for path in paths])
            accuracy = float(np.mean([each == label for each in found]))
            report.add(RECORDINGS, {"source": source, "label": label, "clips": len(paths), "accuracy": accuracy})


def smoke_esc10(folder: Path) -> Path:
    """Write one noise for each of two folds and classes; return the folder."""
    for label in ("rain", "fire-crackling"):
        (folder / "esc10" / label).mkdir(parents=True)
        for fold in (1, 2, 3):
            wave = 0.1 * np.random.default_rng(fold).standard_normal((1, N_SAMPLES))
            Clip(wave, SAMPLE_RATE).write(folder / "esc10" / label / f"{fold}-1-A.ogg")
    return folder / "esc10"


def smoke_games(folder: Path) -> Path:
    """Write a noise for each recording of wind and for some steps; return the folder."""
    steps = [f"{STEPS_FOLDER}/fs_sand{number}.flac" for number in range(4)]
    for row, name in enumerate((*TRAIN_WIND, *TEST_WIND, *steps)):
        path = folder / "games" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Clip(0.1 * np.random.default_rng(row).standard_normal((1, 8_000)), SAMPLE_RATE).write(path)
    return folder / "games"


BENCHMARK = Benchmark(
    __doc__,
    (RECORDINGS, EFFECTS),
    add_options,
    measure,
    smoke={"esc10": smoke_esc10, "games": smoke_games, "out": smoke_out, "steps": 2, "count": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
