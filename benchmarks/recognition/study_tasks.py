"""Tasks of the study of generated clips: recordings, a test of unseen speakers, kits or folds, and settings."""

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
from wavewright.families.vae.recipe import VaeRecipe
from wavewright.families.vae.recipe import recipe as vae_recipe

TASKS = ("digits", "drums", "esc10")


@dataclass(frozen=True)
class Division:
    """Recordings to train on, all of them, and to test on, of one seed."""

    train: list[Entry]
    test: list[Entry]


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
        Settings of the generator, a VAE, apart from seed and steps.
    """

    name: str
    classifier: ClassifierRecipe
    generator: VaeRecipe


def study_task(name: str) -> StudyTask:
    """Return a task by name."""
    rate, seconds = {"digits": (8_000, 1.024), "drums": (22_050, 0.56), "esc10": (16_000, 2.048)}[name]
    n_fft = {"digits": 256, "drums": 1_024, "esc10": 1_024}[name]
    hop_length = {"digits": 160, "drums": 256, "esc10": 512}[name]
    vae_hop = {"digits": 128, "drums": 256, "esc10": 256}[name]
    is_voice = name == "digits"
    n_samples = round(seconds * rate / vae_hop) * vae_hop
    base = classifier_recipe("small")
    classifier = replace(
        base,
        model=replace(
            base.model,
            sample_rate=rate,
            n_samples=n_samples,
            n_fft=n_fft,
            hop_length=hop_length,
            n_mels=40,
            f_min_hz=60.0 if is_voice else 30.0,
            width=1,
        ),
        data=replace(
            base.data,
            align=name == "drums",
            crop=name == "esc10",
            largest_delay_seconds=0.1 if name != "drums" else base.data.largest_delay_seconds,
            fit_to_folder=False,
            valid_fraction=0.0,
            smallest_class=1,
            mixup_alpha=0.0,  # with mixup, a classifier learns little in a few hundred steps
            mask_probability=0.5,
            label_smoothing=0.05,
        ),
        training=replace(_training(base.training), learning_rate=2e-2, warmup_steps=10),
    )
    usual = vae_recipe("small")
    generator = replace(
        usual,
        model=replace(
            usual.model,
            sample_rate=rate,
            latent="frames" if name == "esc10" else "clip",
            n_samples=n_samples,
            n_fft=4 * vae_hop,
            hop_length=vae_hop,
            channels=128,
            hidden=256,
            latent_size=32,
            noise_bands=32,
            warmup_steps=100,
        ),
        data=replace(usual.data, valid_fraction=0.0, smallest_class=1),
        training=_training(usual.training),
    )
    return StudyTask(name, classifier, generator)


def _training(training: TrainingSettings) -> TrainingSettings:
    """Return settings of a run whose last weights count, on one thread."""
    return replace(training, threads=1, metric="", evaluate_every=1_000_000, save_every=1_000_000)


def divide(name: str, corpora: Path, seed: int) -> Division:
    """Return the recordings of a task.

    ``digits``: the test is one of the speakers, another for each seed. ``drums``: the test are kits of
    ``corpora/drum-judge``. ``esc10``: the test is one of the folds 1 to 4, another for each seed.
    """
    if name == "drums":
        train = corpus_entries(corpora / "drums", "train", DRUM_LABELS)
        return Division(train, corpus_entries(corpora / "drum-judge", None, DRUM_LABELS))
    if name == "digits":
        entries = corpus_entries(corpora / "digits")
        speakers = sorted({str(entry.speaker) for entry in entries})
        if len(speakers) == 1:  # of the smoke mode
            return Division(entries, entries)
        unseen = speakers[seed % len(speakers)]
        known = [entry for entry in entries if entry.split == "train" and entry.speaker != unseen]
        return Division(known, [entry for entry in entries if entry.speaker == unseen])
    entries = list(scan(corpora / "esc10", "folder").entries)
    folds = sorted({entry.path.name[0] for entry in entries})
    unseen = folds[seed % len(folds)]
    known = [replace(entry, split="train") for entry in entries if entry.path.name[0] != unseen]
    return Division(known, [entry for entry in entries if entry.path.name[0] == unseen])


def draw_share(entries: Sequence[Entry], share: float, seed: int) -> list[Entry]:
    """Return a share of the recordings of each label, at least one; larger shares contain smaller ones."""
    rng = np.random.default_rng([seed, 1])
    drawn = []
    for label in sorted({str(entry.label) for entry in entries}):
        rows = [row for row, entry in enumerate(entries) if entry.label == label]
        n_rows = max(1, round(share * len(rows)))
        drawn += sorted(rows[index] for index in rng.permutation(len(rows))[:n_rows])
    return [replace(entries[row], split="train") for row in drawn]
