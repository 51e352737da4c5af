"""Tasks of the accuracy of classifiers: recordings to train on and recordings of speakers, kits or folds to test on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import DRUM_LABELS, corpus_entries, read_wave
from wavewright.contracts.settings import override
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.dsp.mel import mfcc
from wavewright.families.classifier.recipe import ClassifierRecipe, recipe

TASKS = ("takes", "speaker", "drums", "esc10")
N_MFCC = 20
FIRST_VALID_TAKE, FIRST_TEST_TAKE = 40, 45
FRAME_SECONDS, HOP_SECONDS = 0.032, 0.01  # of the MFCC
FEATURE_RATES = {"takes": 8_000, "speaker": 8_000, "drums": 44_100, "esc10": 44_100}


@dataclass(frozen=True)
class Division:
    """Recordings to train and validate on, by their split, and recordings to test on."""

    name: str
    known: list[Entry]
    test: list[Entry]

    @property
    def train(self) -> list[Entry]:
        """The recordings that weights are learned from."""
        return [entry for entry in self.known if entry.split == "train"]


def divisions(task: str, corpora: Path, chosen: Sequence[str] = ()) -> list[Division]:
    """Return the divisions of a task.

    Parameters
    ----------
    task : str
        ``takes``: digits, trained on takes 5 to 39, validated on 40 to 44, tested on 45 to 49 of the same speakers.
        ``speaker``: digits of one speaker, trained on takes 5 to 44 of the others and validated on 45 to 49. ``drums``:
        kits of the split ``test``, and those of ``drum-judge``. ``esc10``: one of the folds.
    corpora : Path
        Folder of ``digits``, ``drums``, ``drum-judge`` and ``esc10``.
    chosen : sequence of str
        Names of speakers or folds to test on, all by default.
    """
    if task == "drums":
        return _drums(corpora)
    if task == "esc10":
        entries = list(scan(corpora / "esc10", "folder").entries)
        folds = sorted({entry.path.name[0] for entry in entries})
        return [_fold(entries, fold) for fold in folds if not chosen or fold in chosen]
    entries = corpus_entries(corpora / "digits")
    if task == "takes":
        return [divide_takes(entries)]
    speakers = sorted({str(entry.speaker) for entry in entries})
    return [_speaker(entries, speaker) for speaker in speakers if not chosen or speaker in chosen]


def divide_takes(entries: Sequence[Entry]) -> Division:
    """Return takes of digits divided into those to learn from, with a part to validate by, and those to test on."""

    def split(entry: Entry) -> str:
        take = int(entry.path.stem.rpartition("_")[2])
        return "train" if take < FIRST_VALID_TAKE else "valid" if take < FIRST_TEST_TAKE else "test"

    divided = [replace(entry, split=split(entry)) for entry in entries]
    test = [entry for entry in divided if entry.split == "test"]
    return Division("takes", [entry for entry in divided if entry.split != "test"], test or divided)


def _speaker(entries: Sequence[Entry], speaker: str) -> Division:
    test = [entry for entry in entries if entry.speaker == speaker]
    return Division(speaker, [entry for entry in entries if entry.speaker != speaker] or test, test)


def _drums(corpora: Path) -> list[Division]:
    entries = corpus_entries(corpora / "drums", None, DRUM_LABELS)
    known = [entry for entry in entries if entry.split != "test"]
    held_out = [entry for entry in entries if entry.split == "test"]
    found = [Division("kits", known, held_out)]
    if (corpora / "drum-judge").is_dir():
        found.append(Division("other-kits", known, corpus_entries(corpora / "drum-judge", None, DRUM_LABELS)))
    return found


def _fold(entries: Sequence[Entry], fold: str) -> Division:
    known = [replace(entry, split="train") for entry in entries if entry.path.name[0] != fold]
    return Division(f"fold {fold}", known, [entry for entry in entries if entry.path.name[0] == fold])


def settings(task: str, steps: int, seed: int, assignments: Sequence[str] = ()) -> ClassifierRecipe:
    """Return the settings of a run: the default ones, which follow the recordings, on one thread, and ``assignments``.

    Words are not aligned, as the documentation says, and drums and folds have no validation clips.
    """
    base = recipe("small")
    is_voice = task in ("takes", "speaker")
    data = replace(base.data, align=not is_voice, split_by="name")
    if task in ("drums", "esc10"):
        data = replace(data, valid_fraction=0.0)
    training = replace(base.training, steps=steps, threads=1, seed=seed)
    training = training if is_voice else replace(training, metric="")
    return override(replace(base, data=data, training=training), assignments)


def statistics(path: Path, sample_rate: int) -> np.ndarray:
    """Return mean and standard deviation over time of the MFCC and of their differences, ``(4 * N_MFCC,)``."""
    n_fft, n_hop = round(FRAME_SECONDS * sample_rate), round(HOP_SECONDS * sample_rate)
    coefficients = mfcc(read_wave(path, sample_rate), sample_rate, N_MFCC, n_fft, n_hop, 40)
    slopes = np.diff(coefficients, axis=1, prepend=coefficients[:, :1])
    return np.concatenate([each for rows in (coefficients, slopes) for each in (rows.mean(1), rows.std(1))])
