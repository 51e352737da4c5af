"""The judges of generated digits: the house's classifier, and a support vector machine for a second opinion; nothing else uses them.

    python -m benchmarks.generation.digit_judge --corpus corpora/digits --out runs/digit-judge

Both learn from the real speakers' training takes and are measured on takes 45 to 49, by which no weights or settings were chosen.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wavewright import loading
from wavewright.clip import Clip
from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.dsp.mel import log_mel
from wavewright.dsp.onset import trim
from wavewright.families.classifier.recipe import ClassifierRecipe, recipe, scores
from wavewright.models.card import Card, Source
from wavewright.models.folder import write_card
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

SAMPLE_RATE, N_SAMPLES = 8_000, 8_000
STEPS = 1_000
DEFAULT_FOLDER = Path("runs/digit-judge")
N_FRAMES, N_MELS = 32, 32  # of the picture that the support vector machine sees


def digit_judge() -> ClassifierRecipe:
    """The settings of the classifier: 1 s at 8 kHz, frames of 32 ms every 10 ms."""
    base = recipe("small")
    model = replace(
        base.model,
        sample_rate=SAMPLE_RATE,
        n_samples=N_SAMPLES,
        n_fft=256,
        hop_length=80,
        n_mels=40,
        f_min_hz=60.0,
        range_db=60.0,
    )
    data = replace(base.data, align=False, largest_delay_seconds=0.1)
    return replace(
        base, model=model, data=data, training=replace(base.training, steps=STEPS, threads=1, seed=45, metric="")
    )


def entries_of(corpus: Path, split: str) -> list[Entry]:
    """The clips of a split."""
    return [entry for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries if entry.split == split]


def padded(waves: Sequence[np.ndarray]) -> np.ndarray:
    """Waves of any lengths ``(time,)`` as ``(n, N_SAMPLES)`` float32: cut, or followed by silence."""
    rows = np.zeros((len(waves), N_SAMPLES), np.float32)
    for row, wave in zip(rows, waves, strict=True):
        kept = wave[:N_SAMPLES]
        row[: len(kept)] = kept
    return rows


def waves_of(entries: Sequence[Entry]) -> list[np.ndarray]:
    """The recordings at 8 kHz, each ``(time,)``."""
    return [Clip.read(entry.path).mono().resample(SAMPLE_RATE).wave[0] for entry in entries]


class MelSvm:
    """A support vector machine on pictures of 32 spans of the sound by 32 mel bands: length and level do not count."""

    def __init__(self, waves: Sequence[np.ndarray], labels: Sequence[str]):
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        self.machine = make_pipeline(StandardScaler(), SVC(C=10.0, gamma="scale"))
        self.machine.fit(self.pictures(waves), list(labels))

    def agreement(self, waves: Sequence[np.ndarray], labels: Sequence[str]) -> float:
        """The share of ``waves`` that are taken for their labels."""
        return float(np.mean(self.machine.predict(self.pictures(waves)) == np.asarray(labels)))

    def pictures(self, waves: Sequence[np.ndarray]) -> np.ndarray:
        """``(n, N_FRAMES * N_MELS)``: dB relative to the loudest, not below -60, of the sound without the silence around it."""
        return np.stack([self._picture(wave) for wave in waves])

    def _picture(self, wave: np.ndarray) -> np.ndarray:
        sound = trim(wave, -35.0)
        sound = np.pad(sound, (0, max(0, 512 - len(sound))))
        level = log_mel(sound, SAMPLE_RATE, 256, 64, N_MELS, 60.0, floor=1e-8) * 10 / np.log(10)  # (n_mels, frames)
        level = np.maximum(level - level.max(), -60.0)
        places = np.linspace(0, level.shape[1] - 1, N_FRAMES)
        return np.stack([np.interp(places, np.arange(level.shape[1]), band) for band in level]).ravel()


def trained(corpus: Path, out: Path) -> None:
    """Train the classifier into ``out`` and write on its card how it does on the validation takes."""
    entries = [
        entry for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries if entry.split in ("train", "valid")
    ]
    source = Source(
        name="free-spoken-digit-dataset",
        licence="CC-BY-SA-4.0",
        credit="Free Spoken Digit Dataset, Zohar Jackson and contributors",
        origin="github.com/Jakobovski/free-spoken-digit-dataset",
        n_clips=sum(entry.split == "train" for entry in entries),
    )
    provenance = Provenance(
        "digit-judge", "Tells spoken digits apart, to judge generated ones.", "CC-BY-SA-4.0", (source,)
    )
    has_begun = (out / RUN_FILE).is_file()
    Run(out, "classifier", digit_judge(), Scan(tuple(entries)), provenance).train(resume=has_begun)
    judge = loading.load(out)
    held_out = entries_of(corpus, "valid")
    probabilities = judge.probabilities(padded(waves_of(held_out)), SAMPLE_RATE)
    labels = np.array([judge.labels.index(str(entry.label)) for entry in held_out])
    measured = scores(np.log(probabilities + 1e-12), labels)
    card = Card.read(out)
    write_card(
        out,
        card.model_copy(
            update={"metrics": {**card.metrics, **{f"test/{k}": round(v, 4) for k, v in measured.items()}}}
        ),
    )
    print(f"on takes that it never heard: {measured}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER)
    given = parser.parse_args()
    train, held_out = (entries_of(given.corpus, split) for split in ("train", "valid"))
    machine = MelSvm(waves_of(train), [str(entry.label) for entry in train])
    accuracy = machine.agreement(waves_of(held_out), [str(entry.label) for entry in held_out])
    print(f"support vector machine on takes that it never heard: {accuracy:.3f}", flush=True)
    trained(given.corpus, given.out)


if __name__ == "__main__":
    main()
