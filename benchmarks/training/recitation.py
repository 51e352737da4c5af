"""Plant recordings in a small model by over-fitting it, and count those that an audit finds.

    python -m benchmarks.training.recitation --corpus corpora/digits --json recitation.json     # a minute of one core

Of each digit by each of two speakers, one recording is in the training folder twelve times and another one once: a
recurrent network of frames learns the former by heart. ``wavewright.audit`` compares its clips and its losses with the
folder, and with other takes of the speakers. The limits of the audit were chosen with planted recordings and other
takes of jackson, theo and george (``--speakers jackson theo --seed 1``); the defaults are other speakers.

The limit of a continuation is 0.25 times the next recordings instead of 0.3, since with 0.3 one of 120 recordings that
were there once comes back. The bands are wide because a vocoder does not copy the harmonics of a voice. Any ratio is
allowed up to 1 dB, since one kick of ``drums`` is within 1.5 dB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, smoke_digits
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.audio.clip import Clip
from wavewright.auditing.membership import losses_of
from wavewright.auditing.recordings import read_recordings
from wavewright.auditing.report import AuditReport, Recitation
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.data.manifest import write
from wavewright.families import loading
from wavewright.families.lstm.recipe import LstmRecipe, recipe
from wavewright.tasks.audit import audit
from wavewright.training.run import Provenance, Run

SPEAKERS = ("nicolas", "yweweler")
PLANTED, OTHER, HELD_OUT = "planted", "other", "held-out"

RECITATION = Table(
    "recitation",
    columns(
        kind="s",
        too_near="d",
        clips="d",
        held_out_near="d",
        held_out="d",
        p_value=".2g",
        median_db=".2f",
        held_out_median_db=".2f",
    ),
)
MEMORISED = Table(
    "known by heart",
    {
        **columns(known="d", recordings="d", held_out_known="d", held_out="d", p_value=".2g"),
        **columns(planted_known="d", others_known="d", loss_auc=".2f"),
    },
)
FRACTIONS = Table(
    "loss, % of the usual one", columns(recordings="s", count="d", lowest=".1f", median=".1f", highest=".1f")
)
FOUND = Table("found", columns(planted="d", found="d", come_back="d", others_found="d", verdict="s"))


def network(steps: int) -> LstmRecipe:
    """Return the settings of a network that predicts the mean of the next frame, with nothing against over-fitting."""
    base = recipe("tiny")
    frames = replace(base.model, sample_rate=8_000, n_fft=200, hop_length=80, n_mels=32, log_floor=1e-5, source="voice")
    model = replace(frames, hidden_size=192, output="mse", duration="drawn", input_noise=0.1, dropout=0.0)
    training = replace(
        base.training,
        steps=steps,
        batch_size=16,
        learning_rate=3e-3,
        ema_decay=0.97,
        evaluate_every=steps,
        metric="",
        threads=1,
    )
    return replace(base, model=model, data=replace(base.data, valid_fraction=0.0, smallest_class=1), training=training)


def plant(entries: Sequence[Entry], folder: Path, n_copies: int, seed: int) -> int:
    """Write copies of a recording of each digit and speaker, and another one; return how many are planted."""
    rng = np.random.default_rng(seed)
    chosen: list[Entry] = []
    pairs = sorted({(str(entry.label), str(entry.speaker)) for entry in entries})
    for label, speaker in pairs:
        takes = [entry for entry in entries if (entry.label, entry.speaker) == (label, speaker)]
        planted, other = rng.choice(len(takes), 2, replace=False)
        names = [(f"{PLANTED}-{label}-{speaker}-{copy:02d}", takes[planted]) for copy in range(n_copies)]
        for name, entry in (*names, (f"{OTHER}-{label}-{speaker}", takes[other])):
            path = Clip.read(entry.path).write(folder / f"{name}.flac")
            chosen.append(replace(entry, path=path, split="train", group=name))
    write(folder / "manifest.jsonl", chosen)
    return len(pairs)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Plant, train, audit, and compare what is found with what was planted."""
    entries = [entry for entry in corpus_entries(options.corpus) if entry.speaker in options.speakers]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "train").mkdir()
        n_planted = plant([e for e in entries if e.split == "train"], folder / "train", options.copies, options.seed)
        held_out = [entry for entry in entries if entry.split != "train"][:: options.every]
        write(folder / "held-out.jsonl", held_out)
        scanned = scan(folder / "train", manifest=folder / "train" / "manifest.jsonl")
        run = Run(folder / "run", "lstm", network(options.steps), scanned, Provenance("recitation"), folder / "cache")
        run.train(quiet=True)
        found = audit(
            str(folder / "run"),
            folder / "train",
            folder / "held-out.jsonl",
            count=options.count,
            seed=options.seed,
            quiet=True,
        )
        _add_fractions(folder, scanned.entries, held_out, report)
    _tabulate(found, n_planted, report, options.smoke)


def _add_fractions(folder: Path, train: Sequence[Entry], held_out: Sequence[Entry], report: Report) -> None:
    """Add the losses of planted and other recordings, and of held-out ones, over the median of the latter."""
    model = loading.load(str(folder / "run"))
    groups: dict[str, list[float]] = {PLANTED: [], OTHER: [], HELD_OUT: []}
    for entries in (train, held_out):
        recordings = read_recordings(entries, model.sample_rate, lambda _: None).different
        for scored in losses_of(model, recordings, lambda _: None):
            kind = HELD_OUT if entries is held_out else scored.path.stem.partition("-")[0]
            groups[kind].append(scored.loss)
    usual = float(np.median(groups[HELD_OUT]))
    for kind, losses in groups.items():
        low, median, high = (100 * value / usual for value in np.percentile(losses, [0, 50, 100]))
        row = {"recordings": kind, "count": len(losses), "lowest": low, "median": median, "highest": high}
        report.add(FRACTIONS, row)


def _tabulate(found: AuditReport, n_planted: int, report: Report, is_smoke: bool) -> None:
    recitation = found.recitation
    assert isinstance(recitation, Recitation)
    for each in recitation.comparisons:
        report.add(
            RECITATION,
            {
                "kind": each.kind,
                "too_near": each.share.n_near,
                "clips": each.share.n_clips,
                "held_out_near": each.held_out.n_near,
                "held_out": each.held_out.n_clips,
                "p_value": each.p_value,
                "median_db": each.median_distance,
                "held_out_median_db": each.held_out_median,
            },
        )
    come_back = {_name(pair.recording) for pair in recitation.recited}
    known = _add_memorised(found, report)
    planted, others = _planted_and_others(come_back | known)
    report.add(
        FOUND,
        {
            "planted": n_planted,
            "found": planted,
            "come_back": _planted_and_others(come_back)[0],
            "others_found": others,
            "verdict": found.verdict,
        },
    )
    if not is_smoke:
        report.target("audit", "planted recordings found", planted, at_least=n_planted)
        report.target("audit", "recordings found that were in the folder once", others, at_most=0)


def _add_memorised(found: AuditReport, report: Report) -> set[str]:
    """Add the row of what is known by heart; return the names of these recordings."""
    if found.membership is None:
        return set()
    memorisation = found.membership.memorisation
    known = {_name(one.path) for one in memorisation.memorised}
    planted, others = _planted_and_others(known)
    report.add(
        MEMORISED,
        {
            "known": memorisation.share.n_near,
            "recordings": memorisation.share.n_clips,
            "held_out_known": memorisation.held_out.n_near,
            "held_out": memorisation.held_out.n_clips,
            "p_value": memorisation.p_value,
            "planted_known": planted,
            "others_known": others,
            "loss_auc": found.membership.auc,
        },
    )
    return known


def _name(path: Path) -> str:
    """Return the name of a recording, the same for all its copies."""
    return path.stem.rsplit("-", 1)[0] if path.stem.startswith(PLANTED) else path.stem


def _planted_and_others(names: set[str]) -> tuple[int, int]:
    n_planted = sum(name.startswith(PLANTED) for name in names)
    return n_planted, len(names) - n_planted


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--speakers", nargs="+", default=SPEAKERS)
    parser.add_argument("--copies", type=int, default=12, help="of each planted recording")
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--count", type=int, default=100, help="clips that the audit generates")
    parser.add_argument("--every", type=int, default=2, help="of the held-out recordings, one of so many")
    parser.add_argument("--seed", type=int, default=2)


BENCHMARK = Benchmark(
    __doc__ or "",
    (RECITATION, MEMORISED, FRACTIONS, FOUND, TARGETS),
    _options,
    measure,
    {"corpus": smoke_digits, "speakers": ("model",), "copies": 1, "steps": 2, "count": 10, "every": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
