"""Audit the bundled models whose recordings or scores are at hand, at the limits of ``wavewright audit``.

    python -m benchmarks.training.bundled_audits --corpora corpora --json audits.json      # some minutes of one core
    python -m benchmarks.training.bundled_audits --corpora corpora --only drums digits
    python -m benchmarks.training.bundled_audits --corpora corpora --only drum-patterns --figure-notes 2

The folders below ``--corpora`` are those that recipes/corpora writes: ``drums``, ``digits``, ``esc10``, ``effects``,
``speech``; ``notes``, which recipes/notes.py writes; and ``chorales``, ``folk-tunes`` and ``drum-patterns``, the scores
of ``python recipes/composer.py NAME --scores-only``. A model whose folder is missing is left out, with a line.

A note that follows the same four notes as an earlier one of a run does not count, since repeats of a bar made long runs
of 7 of 40 pieces of ``drum-patterns``. The number is not critical (``--figure-notes``): with 2 to 10, none has one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from benchmarks.harness.corpora import smoke_drums
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Row, Table, columns, optional
from wavewright.auditing import score_runs
from wavewright.auditing.report import AuditReport, Recitation
from wavewright.auditing.score_recitation import ScoreRecitation
from wavewright.data.folder import scan
from wavewright.data.manifest import write
from wavewright.families import loading
from wavewright.tasks.audit import audit


@dataclass(frozen=True)
class Audited:
    """A bundled model, the folder of what it learned from, and how much is generated.

    Attributes
    ----------
    count
        Clips or pieces.
    is_whole
        The model learned from all recordings with its labels, those of other splits, too.
    """

    model: str
    folder: str
    count: int
    is_whole: bool = False


MODELS = (
    Audited("drums", "drums", 100),
    Audited("morph-drums", "drums", 100),
    Audited("digits", "digits", 200),
    Audited("morph-textures", "esc10", 30),
    Audited("speech-codec", "speech", 40),
    Audited("ambience", "effects", 40, is_whole=True),
    Audited("notes", "notes", 152),
    Audited("chorales", "chorales", 40),
    Audited("folk-tunes", "folk-tunes", 40),
    Audited("drum-patterns", "drum-patterns", 40),
)

RECITATION = Table(
    "recitation of the bundled models",
    columns(
        model="s", kind="s", learned_from="s", too_near="d", of="d", usual="s", usual_near="d", usual_of="d", p=".2g"
    ),
)
VERDICTS = Table(
    "verdicts",
    {
        **columns(model="s", files="d", verdict="s"),
        **optional(loss_auc=".2f", known="d", scored="d", held_out_known="d", held_out_scored="d", lowest_loss=".2f"),
    },
)


def split_folders(folder: Path, out: Path, splits: Sequence[str] = ("train", "valid")) -> list[Path]:
    """Copy the scores of a folder to one folder for each split that their names start with; return these."""
    for split in splits:
        (out / split).mkdir(parents=True)
        for path in sorted(folder.glob(f"{split}-*")):
            shutil.copy(path, out / split)
    return [out / split for split in splits]


def whole_manifest(folder: Path, labels: Sequence[str], out: Path) -> Path:
    """Write a manifest of all recordings with these labels as training recordings; return it."""
    entries = scan(folder, "folder", manifest=folder / "manifest.jsonl").entries
    write(out, [replace(entry, split="train") for entry in entries if entry.path.parent.name in labels])
    return out


def audited(each: Audited, corpora: Path, temporary: Path, count: int | None) -> AuditReport:
    """Return the audit of a model."""
    folder, held_out = corpora / each.folder, None
    if loading.load(each.model).card.family == "composer":
        folder, held_out = split_folders(folder, temporary / each.model)
    elif each.is_whole:
        labels = loading.load(each.model).labels
        folder = whole_manifest(folder, labels, temporary / f"{each.model}.jsonl")
    return audit(each.model, folder, held_out, count or each.count, quiet=True)


def comparison_rows(recitation: Recitation | ScoreRecitation | None) -> list[Row]:
    """Return the cells of the comparisons of an audit."""
    if recitation is None:
        return []
    if isinstance(recitation, ScoreRecitation):
        found = [(each.kind, each.share, each.baseline, each.usual, each.p_value) for each in recitation.comparisons]
    else:
        usual = recitation.held_out
        found = [(each.kind, each.share, usual, each.held_out, each.p_value) for each in recitation.comparisons]
    return [
        {
            "kind": kind,
            "too_near": share.n_near,
            "of": share.n_clips,
            "usual": usual,
            "usual_near": usual_share.n_near,
            "usual_of": usual_share.n_clips,
            "p": p_value,
        }
        for kind, share, usual, usual_share, p_value in found
    ]


def add_rows(each: Audited, found: AuditReport, report: Report) -> None:
    """Add the rows of an audit."""
    for row in comparison_rows(found.recitation):
        report.add(RECITATION, {"model": each.model, "learned_from": each.folder, **row})
    row: Row = {"model": each.model, "files": found.n_recordings, "verdict": found.verdict}
    if found.membership is not None:
        memorisation = found.membership.memorisation
        row |= {
            "loss_auc": found.membership.auc,
            "known": memorisation.share.n_near,
            "scored": memorisation.share.n_clips,
            "held_out_known": memorisation.held_out.n_near,
            "held_out_scored": memorisation.held_out.n_clips,
            "lowest_loss": memorisation.lowest,
        }
    report.add(VERDICTS, row)


def n_flagged(found: AuditReport) -> int:
    """Return the clips or pieces that are too near, and the recordings or scores that are known by heart."""
    n_near = 0 if found.recitation is None else sum(each.share.n_near for each in found.recitation.comparisons)
    return n_near + (0 if found.membership is None else found.membership.memorisation.share.n_near)


def figures_of(n_notes: int) -> AbstractContextManager[object]:
    """Return a context in which so many notes make a figure, whose repeats do not count."""
    return mock.patch.object(score_runs, "FIGURE_NOTES", n_notes)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Audit the models whose folder exists."""
    for each in MODELS:
        if each.model not in options.only:
            continue
        if not (options.corpora / each.folder).is_dir():
            report.note(f"{each.model}: left out, since {options.corpora / each.folder} does not exist")
            continue
        with tempfile.TemporaryDirectory() as temporary, figures_of(options.figure_notes):
            found = audited(each, options.corpora, Path(temporary), options.count)
        add_rows(each, found, report)
        report.attach(each.model, found)
        if not options.smoke:
            report.target(each.model, "clips, pieces and recordings that are flagged", n_flagged(found), at_most=0)


def _options(parser: argparse.ArgumentParser) -> None:
    names = [each.model for each in MODELS]
    parser.add_argument("--corpora", type=Path, default=Path("corpora"))
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--count", type=int, help="clips or pieces of each model; default: a number of its own")
    parser.add_argument("--figure-notes", type=int, default=score_runs.FIGURE_NOTES, help="of a figure of a score")


def smoke_corpora(folder: Path) -> Path:
    """Write a folder with a corpus of drums; return it."""
    return smoke_drums(folder).parent


BENCHMARK = Benchmark(
    __doc__ or "",
    (RECITATION, VERDICTS, TARGETS),
    _options,
    measure,
    {"corpora": smoke_corpora, "only": ("drums", "chorales"), "count": 5},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
