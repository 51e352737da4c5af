"""Networks of the benchmark of pre-training: from scratch, and from an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.harness.models import load_as
from wavewright.data.entry import Entry, Scan
from wavewright.families.classifier.recipe import TRAINING, ClassifierRecipe, fine_tuning
from wavewright.families.classifier.runtime import ClassifierRuntime
from wavewright.inference.recognition.files import recognise_files
from wavewright.inference.recognition.recogniser import RecordingRecogniser
from wavewright.models.folder import ModelFolder
from wavewright.training.run import Provenance, Run
from wavewright.training.run_folder import RUN_FILE

TRAINED = ("scratch", "fine-tuned")


@dataclass(frozen=True)
class Method:
    """A way to train the network of the encoder."""

    name: str
    pooling: str  # empty: the default
    steps: int

    def recipe(self, encoder: ModelFolder, is_aligned: bool) -> ClassifierRecipe:
        """Return the recipe; there are no validation clips, and a label may have one recording."""
        recipe = fine_tuning(encoder)
        is_scratch = self.name == "scratch"
        training = replace(
            recipe.training,
            steps=self.steps,
            learning_rate=TRAINING.learning_rate if is_scratch else recipe.training.learning_rate,
            threads=1,
            metric="",
            evaluate_every=self.steps,
        )
        data = replace(recipe.data, align=is_aligned, valid_fraction=0.0, smallest_class=1, split_by="name")
        if is_scratch:
            data = replace(data, fitted_batches=0)
        model = replace(recipe.model, pooling=self.pooling or recipe.model.pooling)
        return replace(recipe, model=model, data=data, training=training)


def correct_of_network(
    train: Sequence[Entry], test: Sequence[Entry], encoder: ModelFolder, out: Path, method: Method, aligned: bool
) -> int:
    """Train the network of the encoder, from its weights or from scratch; return the recordings that it recognises."""
    run = Run(
        out,
        "classifier",
        method.recipe(encoder, aligned),
        Scan(tuple(train)),
        Provenance("pretraining", "Recognises labels."),
        base=None if method.name == "scratch" else encoder,
    )
    run.train(resume=(out / RUN_FILE).is_file(), quiet=True)
    model = load_as(ClassifierRuntime, out)
    files, _ = recognise_files(RecordingRecogniser(model, rejects=False), test)
    labels = {entry.path: entry.label for entry in test}
    return sum(labels[found.file] == found.label for found in files)
