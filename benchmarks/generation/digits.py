"""Measure generated spoken digits beside recordings, cheats and a plain WaveGAN: words, hoarseness, diversity, copies.

    python -m benchmarks.generation.digit_judge --corpus corpora/digits --out runs/digit-judge      # first, once
    python -m benchmarks.generation.digits --corpus corpora/digits --model digits --spectrograms digits.png
    python -m benchmarks.generation.digits --corpus corpora/digits --model runs/a --model wavewright-clips \\
        --wavegan runs/wavegan-digits --json digits.json

``--model`` is a model's name or folder, or a folder of clips that ``wavewright generate`` wrote (labels by its
manifest or by sub-folders). ``--wavegan`` is a run of benchmarks/generation/wavegan.py. Recordings are split
``train`` of the corpus, held-out ones split ``valid`` (other takes of the same speakers). Every clip counts from its
start for 1 s at 8 kHz. Distances, diversity and copies are those of ``wavewright.metrics.SpeechEmbedding``. Targets
beside those of the evaluation: a diversity of at most 1.1, and a harmonics-to-noise ratio within 4 dB of that of the
recordings.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.generation.digit_judge import DEFAULT_FOLDER, SAMPLE_RATE, MelSvm, pad, read_waves
from benchmarks.generation.evaluation import EVALUATION, add_evaluation
from benchmarks.harness.corpora import SEED, corpus_entries, smoke_digits
from benchmarks.harness.peers import SCIKIT_LEARN
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, Value, columns, optional
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadModel
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import compare
from wavewright.metrics.embeddings import ClassifierEmbedding, Embedding
from wavewright.metrics.harmonicity import harmonics_to_noise_of_all
from wavewright.metrics.speech_embedding import SpeechEmbedding
from wavewright.models.card import CARD_FILE
from wavewright.plots import draw_grid

MAX_DIVERSITY = 1.1
MAX_HNR_DIFFERENCE_DB = 4.0
GRID_RECORDINGS = 2  # in each row of the grid of spectrograms, before the generated clips
GRID_COLUMNS = 10

DIGITS = Table(
    "digits",
    columns(digits="s", n_clips="d")
    | optional(second_judge_agreement=".3f", harmonics_to_noise_db=".1f")
    | columns(voiced_fraction=".2f", median_seconds=".3f")
    | optional(times_real_time=".2f"),
)


@dataclass(frozen=True)
class SpokenDigits:
    """Digits of one origin: waves ``(time,)`` at 8 kHz of any lengths, and their labels."""

    name: str
    waves: list[np.ndarray]
    labels: list[str]
    groups: list[str] | None = None
    processor_seconds: float | None = None

    @property
    def clips(self) -> Clips:
        """The first second of each."""
        return Clips.of(pad(self.waves), SAMPLE_RATE, self.labels, self.groups)

    @property
    def times_real_time(self) -> float | None:
        """Seconds of sound for each processor second; None where that was not measured."""
        return sum(map(len, self.waves)) / SAMPLE_RATE / self.processor_seconds if self.processor_seconds else None


def recordings(corpus: Path, split: str) -> SpokenDigits:
    """Return the recordings of a split, each take in its own group."""
    entries = corpus_entries(corpus, split)
    labels, groups = [str(entry.label) for entry in entries], [str(entry.group) for entry in entries]
    return SpokenDigits(f"recordings, {split}", read_waves(entries), labels, groups)


def trim_padding(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a wave ``(channels, time)`` or ``(time,)`` as ``(time,)`` at 8 kHz, without the zeros at its end."""
    mono = Clip(np.atleast_2d(wave), sample_rate).mono().wave[0]
    nonzero = np.flatnonzero(mono)
    mono = mono[: nonzero[-1] + 1] if len(nonzero) else mono[:1]
    return Clip(mono[None], sample_rate).resample(SAMPLE_RATE).wave[0]


def generate_digits(name: str, labels: Sequence[str], per_label: int) -> SpokenDigits:
    """Return digits of a model; raise BadModel if it lacks a label or cannot generate."""
    model = loading.load_generator(name)
    missing = [label for label in labels if label not in model.labels]
    if missing:
        raise BadModel(f"The model {name} lacks the label {missing[0]!r}; give a model of the digits 0 to 9.")
    model.generate(labels[0], 1, seed=SEED)  # loads and compiles on its first call
    start = time.process_time()
    waves = [wave for label in labels for wave in model.generate(label, per_label, seed=SEED)]
    seconds = time.process_time() - start
    trimmed = [trim_padding(wave, model.sample_rate) for wave in waves]
    return SpokenDigits(name, trimmed, [label for label in labels for _ in range(per_label)], None, seconds)


def read_folder(folder: Path, labels: Sequence[str]) -> SpokenDigits:
    """Return the digits in a folder of files, labelled by its manifest or by sub-folders."""
    manifest = folder / "manifest.jsonl"
    scanned = scan(folder, manifest=manifest) if manifest.is_file() else scan(folder, label_from="folder")
    entries = [entry for entry in scanned.entries if entry.label in labels]
    if not entries:
        raise BadModel(
            f"{folder} is no model and has no clips labelled {labels[0]} to {labels[-1]}; give one or the other."
        )
    clips = [Clip.read(entry.path) for entry in entries]
    waves = [trim_padding(clip.wave, clip.sample_rate) for clip in clips]
    return SpokenDigits(str(folder), waves, [str(entry.label) for entry in entries])


def wavegan_digits(run: Path, labels: Sequence[str], per_label: int) -> SpokenDigits:
    """Return digits of a run of benchmarks/generation/wavegan.py."""
    from benchmarks.generation.wavegan import KINDS, generate

    waves = generate(run, KINDS["digits"], per_label, SEED)
    return SpokenDigits("plain WaveGAN", list(waves), [label for label in labels for _ in range(per_label)])


def digits_of(name: str, labels: Sequence[str], per_label: int) -> SpokenDigits:
    """Return the digits of a model or of a folder of clips."""
    is_folder = Path(name).is_dir() and not (Path(name) / CARD_FILE).is_file()
    return read_folder(Path(name), labels) if is_folder else generate_digits(name, labels, per_label)


def row_of(digits: SpokenDigits, machine: MelSvm | None) -> dict[str, Value]:
    """Return the row of digits, its agreement judged by the support vector machine."""
    voices = harmonics_to_noise_of_all(digits.waves, SAMPLE_RATE)
    return {
        "digits": digits.name,
        "n_clips": len(digits.waves),
        "second_judge_agreement": machine.agreement(digits.waves, digits.labels) if machine else None,
        "harmonics_to_noise_db": float(voices.median_db) if np.isfinite(voices.median_db) else None,
        "voiced_fraction": voices.voiced_fraction,
        "median_seconds": float(np.median([len(wave) for wave in digits.waves])) / SAMPLE_RATE,
        "times_real_time": digits.times_real_time,
    }


def draw_spectrograms(recorded: SpokenDigits, generated: SpokenDigits, labels: Sequence[str], out: Path) -> None:
    """Draw a row of spectrograms for each digit: two recordings, then generated clips."""
    clips, titles = [], []
    for label in labels:
        n_generated = GRID_COLUMNS - GRID_RECORDINGS
        for digits, count, title in ((recorded, GRID_RECORDINGS, "recorded"), (generated, n_generated, "generated")):
            rows = [row for row, other in enumerate(digits.labels) if other == label]
            for row in _linspaced(rows, count):
                clips.append(Clip(pad([digits.waves[row]]), SAMPLE_RATE))
                titles.append(f"{label} {title}")
    draw_grid(clips, titles, out)


def _linspaced(rows: list[int], count: int) -> list[int]:
    """Return ``count`` of the rows at equal distances; all where there are fewer."""
    positions = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    return [rows[position] for position in positions]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--model", action="append", default=None, help="a model, or a folder of generated clips")
    parser.add_argument("--wavegan", type=Path, default=None, help="a run of benchmarks/generation/wavegan.py")
    parser.add_argument("--judge", default=str(DEFAULT_FOLDER), help="benchmarks/generation/digit_judge.py trains it")
    parser.add_argument("--no-classifier", action="store_true", help="leave out what the judge classifies")
    parser.add_argument("--per-label", type=int, default=100)
    parser.add_argument("--spectrograms", type=Path, default=None, help="PNG file of the first model's digits")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Measure the recordings and each model."""
    recorded, held_out = recordings(options.corpus, "train"), recordings(options.corpus, "valid")
    labels = sorted(set(recorded.labels))
    embeddings: list[Embedding] = [SpeechEmbedding(SAMPLE_RATE)]
    if not options.no_classifier:
        embeddings.append(ClassifierEmbedding(loading.load_classifier(options.judge)))
    generated = [digits_of(name, labels, options.per_label) for name in options.model or ["digits"]]
    if options.wavegan:
        generated.append(wavegan_digits(options.wavegan, labels, options.per_label))
    machine = MelSvm(recorded.waves, recorded.labels) if SCIKIT_LEARN.is_installed else None
    if machine is None:
        report.skip(SCIKIT_LEARN, "The second judge, a support vector machine")
    recorded_row = row_of(recorded, None)
    report.add(DIGITS, recorded_row)
    report.add(DIGITS, row_of(held_out, machine))
    if options.spectrograms:
        draw_spectrograms(recorded, generated[0], labels, options.spectrograms)
    for digits in generated:
        evaluation = compare(
            recorded.clips,
            digits.clips,
            embeddings,
            held_out.clips,
            takes_from="group",
            cheats=digits is generated[0],
            seed=SEED,
        )
        add_evaluation(digits.name, evaluation, report)
        row = row_of(digits, machine)
        report.add(DIGITS, row)
        report.target(digits.name, "diversity", evaluation.rows[0].sample_metrics.diversity, at_most=MAX_DIVERSITY)
        hnr_db, recorded_hnr_db = row["harmonics_to_noise_db"], recorded_row["harmonics_to_noise_db"]
        if isinstance(hnr_db, float) and isinstance(recorded_hnr_db, float):
            difference_db = abs(hnr_db - recorded_hnr_db)
            report.target(
                digits.name, "harmonics-to-noise, dB from recordings", difference_db, at_most=MAX_HNR_DIFFERENCE_DB
            )


BENCHMARK = Benchmark(
    __doc__,
    (DIGITS, EVALUATION, TARGETS),
    add_options,
    measure,
    smoke={"corpus": smoke_digits, "per_label": 2, "no_classifier": True},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
