"""Error of classifiers that learn from generated clips beside recordings, over shares of the recordings and ratios.

    python recipes/corpora digits --pack PACK --out corpora/digits    # and drums, drum-machines; see recipes/corpora
    python -m benchmarks.recognition.generated --corpora corpora --task digits machines esc10 \\
        --source voices-match-all bundled-all procedural-all --ratio 1 4 --out runs/generated --picture generated.png

Each cell trains from scratch with the same augmentation, by as many augmented copies of clips (``--method machine``, a
support vector machine, which takes seconds) or by as many steps (``network``, a classifier), so ratio 0 is the control
of equal budget. With the source ``same``, the generator, a small LSTM, learns from the recordings of the cell alone;
with ``all``, from all training recordings, as if somebody gave away a model of more recordings; ``bundled`` is the
bundled model ``drums``, which learned for an hour from these and some more kits, ``spoken`` a bundled voice that says
the digits as other speakers might, ``voices`` the folder ``spoken-digits`` of words by that voice and four others (the
corpus ``words``), ``keys`` the folder ``keys`` of words by eSpeak NG's voices (the corpus ``languages``), and
``procedural`` are sounds by rules. ``-match`` and ``-all`` after these: clips made like recordings, and no judge
(:mod:`benchmarks.recognition.study_sources`). No generator learns from a speaker, kit or fold of the test. The clips
are filtered as by ``train --augment-with``; the judge is the control.

Choose on other tests than you confirm on: for ``digits`` ``--seeds 3 4 8 9`` (two speakers, two draws of each), for
drums the tasks ``drums`` and ``machines-valid``, for ``esc10`` ``--seeds 3 7 11`` (fold 4, three draws). Results are
appended to a file in ``--out``, and a call continues where the last one ended.

So were chosen: the ratio and the match of digits on theo and yweweler, the ratio of drums on ``drums`` and
``machines-valid``, those of ESC-10 on fold 4. Ratios 10 and 30 of drums did not differ in six draws. The LSTM for
ESC-10 draws durations, since without them dogs, roosters and sneezes became textures.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import smoke_digits, smoke_out
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.recognition.study_machine import ClipFeatures, Machine
from benchmarks.recognition.study_picture import draw_study
from benchmarks.recognition.study_results import Cell, Outcome, append_result, correct_of, read_results, summary
from benchmarks.recognition.study_sources import SOURCES, SourceName, open_untrained
from benchmarks.recognition.study_tasks import TASKS, StudyTask, divide, draw_share, study_task
from wavewright.base.errors import BadSetting
from wavewright.contracts.recipe import Recipe
from wavewright.data.entry import Entry, Scan
from wavewright.families import loading
from wavewright.families.classifier.features import fixed_length
from wavewright.families.classifier.runtime import ClassifierRuntime
from wavewright.inference.recognition.files import recognise_files
from wavewright.inference.recognition.recogniser import RecordingRecogniser
from wavewright.training.clip_sources import ClipSource
from wavewright.training.generated_clips import (
    ClipFilter,
    GeneratedSettings,
    generate_for,
    generated_entries,
    requested_clips,
)
from wavewright.training.run import Provenance, Run
from wavewright.training.run_file import RUN_FILE

RESULTS_FILE = "results.jsonl"
COPIES = 8  # of each recording, for a support vector machine
BAR_SHARE, BAR_REDUCTION = 0.1, 0.15

ERROR = Table(
    "error over shares of the recordings and ratios",
    columns(
        task="s",
        source="s",
        share=".2f",
        recordings="d",
        ratio=".2f",
        generated=".0f",
        seeds="d",
        error=".3f",
        reduction=".2f",
    ),
)


class Study:
    """The runs of one task, share and seed, in a folder that is removed when all cells are done.

    The method is a network of the family ``classifier``; the judge is the control.
    """

    def __init__(self, options: argparse.Namespace, task: StudyTask, share: float, seed: int) -> None:
        self.options, self.task, self.share, self.seed = options, task, share, seed
        self.division = divide(task.name, options.corpora, seed)
        self.entries = draw_share(self.division.train, share, seed)
        self.folder = options.out / f"{task.name}-{seed}-{share:g}"

    def train(self, name: Path, family: str, recipe: Recipe, entries: Sequence[Entry], steps: int, seed: int) -> Run:
        """Train a network, or continue a run that was killed."""
        recipe = replace(recipe, training=replace(recipe.training, steps=steps, seed=seed))
        provenance = Provenance(name.name, "A network of a study.", "unknown", ())
        run = Run(name, family, recipe, Scan(tuple(entries)), provenance)
        run.train(resume=(name / RUN_FILE).is_file(), quiet=True, stop_after=lambda _: "")
        return run

    def outcome(self, out: Path, generated: Sequence[Entry]) -> Outcome:
        """Train a classifier and test it."""
        started = time.monotonic()
        self.train(out, "classifier", self.task.classifier, [*self.entries, *generated], self.options.steps, self.seed)
        model = load_as(ClassifierRuntime, out)
        files, _ = recognise_files(RecordingRecogniser(model, rejects=False), self.division.test)
        labels = {str(entry.path): entry.label for entry in self.division.test}
        correct = "".join(str(int(file.label == labels[str(file.file)])) for file in files)
        return Outcome(len(self.entries), len(generated), correct, round((time.monotonic() - started) / 60, 2))

    def control(self) -> Outcome:
        """Train the control, which is the judge of the other cells."""
        return self.outcome(self.folder / "control", ())

    def generator(self, kind: str) -> ClipSource:
        """Return the generator of a kind, trained if needed; that of all recordings serves all shares and draws."""
        if (source := open_untrained(kind, self.entries, self.options.corpora)) is not None:
            return source
        entries = self.entries if kind == "same" else draw_share(self.division.train, 1.0, self.seed)
        out, seed = self.folder / "generator", self.seed
        if len(entries) == len(self.division.train):
            seed = self.division.number
            out = self.options.out / f"{self.task.name}-{seed}-all"
        self.train(out, "lstm", self.task.generator, entries, self.options.generator_steps, seed)
        return loading.load_generator(out)

    def pool(self, source: str, ratio: float) -> list[Entry]:
        """Return generated clips for the largest ratio, those of each label in the order of their index."""
        folder = self.folder / f"clips-{source}"
        name = SourceName.parse(source)
        settings = GeneratedSettings((source,), ratio, match=name.is_matched)
        accept = self.filter(settings.min_confidence if name.is_judged else 0.0)
        requested = requested_clips(self.entries, accept.judge.labels, ratio)
        try:
            counts = generate_for(folder, [self.generator(name.kind)], requested, settings, accept, self.seed)
        except BadSetting as error:  # no clip passes: the cell learns from the recordings alone
            print(error, file=sys.stderr, flush=True)
            return []
        print(counts, file=sys.stderr, flush=True)
        return generated_entries(folder)

    def filter(self, min_confidence: float) -> ClipFilter:
        """Return the filter of generated clips, by the control and the recordings."""
        judge = load_as(ClassifierRuntime, self.folder / "control")
        recipe, scan = self.task.classifier, Scan(tuple(self.entries))
        run = Run(self.folder / "control", "classifier", recipe, scan, Provenance("control"))
        waves, labels = run.prepared.labelled_clips()
        return ClipFilter(judge, waves, labels, min_confidence)

    def cells(self, source: str, ratios: Sequence[float]) -> Iterator[tuple[Cell, Callable[[], Outcome]]]:
        """Yield the cells of a source, and the functions that compute them."""
        pools: dict[str, list[Entry]] = {}

        def learn(ratio: float) -> Outcome:
            if not pools:
                pools[source] = self.pool(source, max(ratios))
            pool = pools[source]
            chosen = first_clips(pool, requested_clips(self.entries, sorted({str(e.label) for e in pool}), ratio))
            out = self.folder / f"{source}-{ratio:g}"
            outcome = self.outcome(out, chosen)
            shutil.rmtree(out, ignore_errors=True)
            return outcome

        for ratio in ratios:
            cell = Cell(self.task.name, self.share, self.seed, source, ratio)
            yield cell, lambda ratio=ratio: learn(ratio)


class MachineStudy(Study):
    """The same with support vector machines, which learn from as many augmented copies in every cell.

    Every label has as many copies; among those of a label, generated clips have their share of its clips.
    """

    def __init__(self, options: argparse.Namespace, task: StudyTask, share: float, seed: int) -> None:
        super().__init__(options, task, share, seed)
        self.features = ClipFeatures(task)
        self.n_copies = int(np.clip(COPIES * len(self.entries), *task.copies_range))

    def copies(self, entries: Sequence[Entry], counts: Mapping[str, int]) -> dict[str, np.ndarray]:
        """Return features of so many augmented copies for each label, each clip as often as the others."""
        rng, rows = np.random.default_rng([self.seed, 3]), []
        for label, count in counts.items():
            own = [row for row, entry in enumerate(entries) if entry.label == label]
            rows.append(np.resize(rng.permutation(own), count))
        features = self.features.augmented(entries, np.concatenate(rows).astype(int), self.seed)
        parts = np.split(features, np.cumsum([len(each) for each in rows])[:-1])
        return dict(zip(counts, parts, strict=True))

    @cached_property
    def of_recordings(self) -> dict[str, np.ndarray]:
        """Features of augmented copies of the recordings, as many for each label."""
        labels = sorted({str(entry.label) for entry in self.entries})
        return self.copies(self.entries, dict.fromkeys(labels, self.n_copies // len(labels)))

    @cached_property
    def tested(self) -> tuple[np.ndarray, np.ndarray]:
        """Features and labels of the recordings of the test."""
        return self.features.clean(self.division.test)

    def control(self) -> Outcome:
        """Train the control, which is the judge of the other cells."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "control").mkdir(exist_ok=True)
        return self.outcome(self.folder / "control", ())

    def outcome(self, out: Path, generated: Sequence[Entry]) -> Outcome:
        """Train a machine and test it."""
        started = time.monotonic()
        n_real, n_made = (Counter(str(entry.label) for entry in each) for each in (self.entries, generated))
        counts = {
            label: round(len(each) * n_made[label] / (n_made[label] + n_real[label]))
            for label, each in self.of_recordings.items()
        }
        others = self.copies(generated, counts) if generated else {}
        vectors, labels = _stacked(
            {
                label: np.concatenate([each[: len(each) - counts[label]], others[label]]) if generated else each
                for label, each in self.of_recordings.items()
            }
        )
        test, truth = self.tested
        self.machine = Machine(self.features, vectors, labels)
        correct = "".join(map(str, (self.machine.predict(test) == truth).astype(int)))
        return Outcome(len(self.entries), len(generated), correct, round((time.monotonic() - started) / 60, 2))

    def filter(self, min_confidence: float) -> ClipFilter:
        """Return the filter of generated clips, by the control and the recordings."""
        judge = Machine(self.features, *_stacked(self.of_recordings))
        store = self.features.waves(self.entries)
        waves = np.stack([fixed_length(store[row][0], self.features.model) for row in range(len(store))])
        return ClipFilter(judge, waves, [str(entry.label) for entry in store.entries], min_confidence)


def _stacked(by_label: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return all features, ``(n, d)``, and their labels."""
    labels = np.repeat(list(by_label), [len(each) for each in by_label.values()])
    return np.concatenate(list(by_label.values())), labels


METHODS = {"network": Study, "machine": MachineStudy}


def first_clips(pool: Sequence[Entry], requested: dict[str, int]) -> list[Entry]:
    """Return the first clips of each label."""
    by_label = {label: [entry for entry in pool if entry.label == label][:count] for label, count in requested.items()}
    return [entry for entries in by_label.values() for entry in entries]


def compute(options: argparse.Namespace, path: Path, done: dict[Cell, Outcome]) -> None:
    """Compute the cells that are not done yet, and append them to the file."""
    for share in options.share:
        for seed in options.seeds:
            for name in options.task:
                study = METHODS[options.method](options, study_task(name), share, seed)
                control = Cell(name, share, seed, "none", 0.0)
                sources = [source for source in options.source if SourceName.parse(source).kind in study.task.kinds]
                cells = [cell for source in sources for cell in study.cells(source, options.ratio)]
                missing = [(cell, function) for cell, function in cells if cell not in done]
                if control in done and not missing:
                    continue
                if control not in done or not (study.folder / "control").is_dir():
                    missing.insert(0, (control, study.control))
                for cell, function in missing:
                    done[cell] = function()
                    append_result(path, cell, done[cell])
                    print(cell, f"error {1 - correct_of(done[cell]).mean():.3f}", file=sys.stderr, flush=True)
                shutil.rmtree(study.folder)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpora", type=Path, default=Path("corpora"), help="folder of digits, drums, drum-judge")
    parser.add_argument("--out", type=Path, default=Path("runs/generated"))
    parser.add_argument("--picture", type=Path, default=None, help="PNG file of the curves")
    parser.add_argument("--task", nargs="+", choices=TASKS, default=["digits", "drums"])
    parser.add_argument("--method", choices=METHODS, default="machine", help="what recognises")
    parser.add_argument("--source", nargs="*", choices=SOURCES, default=["same"])
    parser.add_argument("--share", nargs="+", type=float, default=[0.1, 0.01, 0.3, 1.0], help="of the recordings")
    parser.add_argument("--ratio", nargs="+", type=float, default=[0.25, 0.5, 1.0], help="generated clips a recording")
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[0, 1, 2], help="each is another draw; the speakers or folds take turns"
    )
    parser.add_argument("--steps", type=int, default=300, help="of each classifier")
    parser.add_argument("--generator-steps", type=int, default=500)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Compute what is missing, and report everything."""
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.method}-{RESULTS_FILE}"
    done = read_results(path)
    compute(options, path, done)
    rows = summary(done)
    for row in rows:
        report.add(ERROR, row)
    add_targets(rows, report)
    if options.picture is not None:
        draw_study(rows, options.picture)


def add_targets(rows: Sequence[dict[str, object]], report: Report) -> None:
    """Add the bar: with 10 % of the recordings, an error that is lower by 15 %, at the largest ratio of a source."""
    for task in sorted({str(row["task"]) for row in rows}):
        of_task = [row for row in rows if (row["task"], row["share"]) == (task, BAR_SHARE) and row["source"] != "none"]
        for row in of_task:
            name = f"reduction of the error, {row['source']}, ratio {row['ratio']:g}, 10 % of the recordings"
            report.target(task, name, row["reduction"], at_least=BAR_REDUCTION)


def _smoke_corpora(folder: Path) -> Path:
    """Write the digits of the smoke mode as one of several corpora; return the folder of them."""
    smoke_digits(folder / "corpora")
    return folder / "corpora"


BENCHMARK = Benchmark(
    __doc__,
    (ERROR, TARGETS),
    add_options,
    measure,
    smoke={
        "corpora": _smoke_corpora,
        "out": smoke_out,
        "task": ["digits"],
        "share": [1.0],
        "ratio": [0.1],
        "seeds": [0],
        "steps": 1,
        "generator_steps": 1,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
