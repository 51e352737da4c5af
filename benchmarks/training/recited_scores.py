"""Over-fit a small composer on a few scores, and count those that an audit finds again in its pieces.

    python recipes/composer.py chorales --splits FOLDER --scores-only
    python -m benchmarks.training.recited_scores --scores corpora/chorales          # a few minutes of one core

The scores are ``train-...mid`` and ``valid-...mid``, as recipes/composer.py writes them. The composer learns the first
training pieces, in their own key alone and with nothing against over-fitting. Then it is audited with them and with the
validation pieces: pieces of its own, and continuations of their first bars. A composer that stopped after a tenth of
the steps is audited, too.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns, optional
from benchmarks.music.composition import synthetic_scores
from wavewright.auditing.report import AuditReport
from wavewright.auditing.score_recitation import ScoreRecitation
from wavewright.data.scores import scan_scores
from wavewright.families.composer.recipe import ComposerRecipe, recipe
from wavewright.tasks.audit import audit
from wavewright.training.run import Provenance, Run

RECITED = Table(
    "recited scores",
    columns(
        steps="d", kind="s", copies="d", pieces="d", held_out_copies="d", held_out="d", p_value=".2g", scores_found="d"
    ),
)
FOUND = Table(
    "scores found",
    {
        **columns(steps="d", learned="d", found="d", limit_notes="d", verdict="s"),
        **optional(loss_auc=".2f", known="d", held_out_known="d"),
    },
)


def network(steps: int) -> ComposerRecipe:
    """Return the settings of a composer of voices without anything against over-fitting."""
    base = recipe("small")
    model = replace(base.model, hidden_size=96, n_layers=2, dropout=0.0, feature_dropout=0.0)
    data = replace(base.data, valid_fraction=0.0, max_shift=0, tempo_fraction=0.0, known_fraction=0.0)
    training = replace(
        base.training,
        steps=steps,
        batch_size=8,
        learning_rate=2e-3,
        weight_decay=0.0,
        ema_decay=0.97,
        evaluate_every=steps,
        metric="",
        threads=1,
    )
    return replace(base, model=model, data=data, training=training)


def copied_scores(options: argparse.Namespace, split: str, count: int, out: Path) -> Path:
    """Copy the first scores of a split to a folder; return it."""
    out.mkdir()
    for path in sorted(options.scores.glob(f"{split}-*"))[:count]:
        shutil.copy(path, out)
    return out


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train, audit, and compare what is found with what was learned."""
    for steps in sorted({max(1, options.steps // 10), options.steps}):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            learned = copied_scores(options, "train", options.learned, folder / "train")
            held_out = copied_scores(options, "valid", options.held_out, folder / "valid")
            run = Run(folder / "run", "composer", network(steps), scan_scores(learned), Provenance("recited"))
            run.train(quiet=True)
            found = audit(str(folder / "run"), learned, held_out, count=options.count, quiet=True)
        _tabulate(found, steps, report)
        if not options.smoke and steps == options.steps:
            n_found = len(_recitation(found).copies)
            report.target("an over-fitted composer", "scores found", n_found, at_least=found.n_recordings)


def _recitation(found: AuditReport) -> ScoreRecitation:
    assert isinstance(found.recitation, ScoreRecitation)
    return found.recitation


def _tabulate(found: AuditReport, steps: int, report: Report) -> None:
    """Add the rows of an audit."""
    recitation, membership = _recitation(found), found.membership
    for each in recitation.comparisons:
        report.add(
            RECITED,
            {
                "steps": steps,
                "kind": each.kind,
                "copies": each.share.n_near,
                "pieces": each.share.n_clips,
                "held_out_copies": each.usual.n_near,
                "held_out": each.usual.n_clips,
                "p_value": each.p_value,
                "scores_found": each.n_sources,
            },
        )
    report.add(
        FOUND,
        {
            "steps": steps,
            "learned": found.n_recordings,
            "found": len(recitation.copies),
            "limit_notes": recitation.limit,
            "verdict": recitation.verdict,
            "loss_auc": None if membership is None else membership.auc,
            "known": None if membership is None else membership.memorisation.share.n_near,
            "held_out_known": None if membership is None else membership.memorisation.held_out.n_near,
        },
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scores", type=Path, default=Path("corpora/chorales"))
    parser.add_argument("--learned", type=int, default=10, help="scores to learn")
    parser.add_argument("--held-out", type=int, default=40, help="validation scores to compare with")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--count", type=int, default=40, help="pieces to compose")


BENCHMARK = Benchmark(
    __doc__ or "",
    (RECITED, FOUND, TARGETS),
    _options,
    measure,
    {"scores": synthetic_scores, "learned": 3, "held_out": 3, "steps": 2, "count": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
