"""Tasks of the study of generated clips: recordings, a test of unseen speakers or kits, and settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import DRUM_LABELS, corpus_entries
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.families.classifier.recipe import ClassifierRecipe
from wavewright.families.classifier.recipe import recipe as classifier_recipe
from wavewright.families.lstm.recipe import LstmRecipe
from wavewright.families.lstm.recipe import recipe as lstm_recipe

TEST_KITS = {
    "drums": ("drum-judge", None),
    "drum-unseen": ("drum-unseen", None),
    "machines-valid": ("drum-machines", "valid"),
    "machines": ("drum-machines", "test"),
}
"""Corpus and split of the test of tasks with drums."""

TASKS = ("digits", *TEST_KITS, "esc10")
COPIES_RANGE, LONG_COPIES_RANGE = (1_200, 2_400), (400, 800)


@dataclass(frozen=True)
class Division:
    """Recordings to train on, all of them, and to test on, of one seed.

    Attributes
    ----------
    train, test
        The recordings.
    number
        Of the speaker or fold that is tested: seeds with the same number differ only by the share that is drawn.
    """

    train: list[Entry]
    test: list[Entry]
    number: int = 0


@dataclass(frozen=True)
class StudyTask:
    """A task: how its recordings are divided, and settings of its networks.

    Attributes
    ----------
    name
        One of TASKS.
    classifier
        Settings of the classifier, apart from seed and steps.
    generator
        Settings of the generator, apart from seed and steps.
    kinds
        Sources of generated clips that the task has, see :mod:`benchmarks.recognition.study_sources`.
    copies_range
        Least and most augmented copies of recordings, for a support vector machine.
    """

    name: str
    classifier: ClassifierRecipe
    generator: LstmRecipe
    kinds: tuple[str, ...]
    copies_range: tuple[int, int] = COPIES_RANGE


def study_task(name: str) -> StudyTask:
    """Return a task by name."""
    rate, seconds = {"digits": (8_000, 1.024), "esc10": (22_050, 5.0)}.get(name, (22_050, 0.56))
    is_voice, is_drum = name == "digits", name in TEST_KITS
    n_samples = round(seconds * rate)
    base = classifier_recipe("small")
    classifier = replace(
        base,
        model=replace(
            base.model,
            sample_rate=rate,
            n_samples=n_samples,
            n_fft=256 if is_voice else 1_024,
            hop_length={"digits": 160, "esc10": 512}.get(name, 256),
            n_mels=40,
            f_min_hz=60.0 if is_voice else 30.0,
            width=1,
        ),
        data=replace(
            base.data,
            align=is_drum,
            largest_delay_seconds=base.data.largest_delay_seconds if is_drum else 0.1,
            fit_to_folder=False,
            valid_fraction=0.0,
            smallest_class=1,
            mixup_alpha=0.0,  # with mixup, a classifier learns little in a few hundred steps
            mask_probability=0.5,
            label_smoothing=0.05,
        ),
        training=replace(_training(base.training), learning_rate=2e-2, warmup_steps=10),
    )
    kinds = {"digits": ("same", "all", "spoken", "voices", "keys"), "esc10": ("same", "all", "procedural")}
    own = kinds.get(name, ("same", "all", "bundled"))
    copies_range = LONG_COPIES_RANGE if name == "esc10" else COPIES_RANGE
    generator = _sounds(rate) if name == "esc10" else _generator(rate, is_voice)
    return StudyTask(name, classifier, generator, own, copies_range)


def _sounds(rate: int) -> LstmRecipe:
    """Return the recipe of an LSTM for whole sounds of seconds, as coarse as a recogniser needs them."""
    base = lstm_recipe("base")
    model = replace(
        base.model,
        sample_rate=rate,
        n_fft=1_024,
        hop_length=512,
        n_mels=48,
        duration="drawn",
        hidden_size=224,
        prenet_size=128,
        n_mixtures=4,
        input_noise=0.1,
        temperature=1.2,  # varied clips teach more than those that sound best
    )
    data = replace(base.data, smallest_class=1, valid_fraction=0.0)
    return replace(base, model=model, data=data, training=replace(_training(base.training), batch_size=16))


def _generator(rate: int, is_voice: bool) -> LstmRecipe:
    """Return the recipe of a small LSTM, for voices otherwise as the bundled model ``digits``."""
    usual = lstm_recipe("base")
    model = replace(
        usual.model,
        sample_rate=rate,
        n_fft=200 if is_voice else 512,
        hop_length=80 if is_voice else 256,
        n_mels=32 if is_voice else 40,
        log_floor=1e-5,
        source="voice" if is_voice else usual.model.source,
        hidden_size=160,
        prenet_size=96,
        n_mixtures=4,
        n_iterations=4,
        duration="drawn",
        input_noise=0.15,
        temperature=0.7,
    )
    data = replace(usual.data, sample_seconds=0.7, valid_fraction=0.0)
    return replace(usual, model=model, data=data, training=_training(usual.training))


def _training(training: TrainingSettings) -> TrainingSettings:
    """Return settings of a run whose last weights count, on one thread."""
    return replace(training, threads=1, metric="", evaluate_every=1_000_000, save_every=1_000_000)


def divide(name: str, corpora: Path, seed: int) -> Division:
    """Return the recordings of a task.

    ``digits``: the test is one of the speakers, ``esc10``: one of the folds; seeds have them in turn. Tasks with drums:
    the test are kits of another corpus, see :data:`TEST_KITS`.
    """
    if name in TEST_KITS:
        corpus, split = TEST_KITS[name]
        train = corpus_entries(corpora / "drums", "train", DRUM_LABELS)
        return Division(train, corpus_entries(corpora / corpus, split, DRUM_LABELS))
    if name == "esc10":
        clips = scan(corpora / "esc10", "folder").entries
        folds = sorted({fold_of(entry) for entry in clips})
        number = seed % len(folds)
        train = [replace(entry, split="train") for entry in clips if fold_of(entry) != folds[number]]
        return Division(train, [entry for entry in clips if fold_of(entry) == folds[number]], number)
    entries = corpus_entries(corpora / "digits")
    speakers = sorted({str(entry.speaker) for entry in entries})
    if len(speakers) == 1:  # of the smoke mode
        return Division(entries, entries)
    number = seed % len(speakers)
    known = [entry for entry in entries if entry.split == "train" and entry.speaker != speakers[number]]
    return Division(known, [entry for entry in entries if entry.speaker == speakers[number]], number)


def fold_of(entry: Entry) -> str:
    """Return the fold of a clip of ESC-10, the first digit of its name."""
    return entry.path.name[0]


def draw_share(entries: Sequence[Entry], share: float, seed: int) -> list[Entry]:
    """Return a share of the recordings of each label, at least one; larger shares contain smaller ones."""
    rng = np.random.default_rng([seed, 1])
    drawn = []
    for label in sorted({str(entry.label) for entry in entries}):
        rows = [row for row, entry in enumerate(entries) if entry.label == label]
        n_rows = max(1, round(share * len(rows)))
        drawn += sorted(rows[index] for index in rng.permutation(len(rows))[:n_rows])
    return [replace(entries[row], split="train") for row in drawn]
