"""Slice loops made of known drum hits, and compare onsets, kinds and sounds with those of the hits.

    python -m benchmarks music.slicing --drums drums

The folder has a folder for each kind (kick, snare, hat, tom, cymbal), with files ``<kit>_<name>.flac``. Each loop plays
up to two drums of each kind of one kit, one hit on most sixteenths of a bar, 0 to 12 dB below full level; every hit
rings on under the next ones. Printed are, for each kit,

- hits, those that are found within 30 ms, and transients that are none;
- distances of the onsets: median, 95th percentile, and the fraction of found ones within 5 ms;
- fractions of found hits whose kind is right: of the slices, each by itself and as the kit sorts them, and of the clean
  recordings of the same hits by the same classifier;
- fraction of found hits that the kit puts with most of the others of their drum, and sounds and drums of a loop.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import read_wave
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain
from wavewright.contracts.runtime import Classifier
from wavewright.dsp.onset import onset_sample
from wavewright.families import loading
from wavewright.inference.recognition.recogniser import RecordingRecogniser
from wavewright.inference.slicing.hits import Hit, find_hits, grouped
from wavewright.inference.slicing.kit import MAX_SOUNDS, kind_of

RATE = 44_100
SEED = 46
N_STEPS, DRUMS_OF_A_KIND = 16, 2
FILLED = 0.8
"""Probability of a hit on a sixteenth."""

BPM, LEVELS_DB = (80.0, 140.0), (-12.0, 0.0)
NEAR_SECONDS, CLOSE_SECONDS = 0.03, 0.005
LOOPS = Table(
    "loops",
    columns(kit="s", loops="d", hits="d", found="d", extra="d", median_ms=".2f", p95_ms=".2f", within_5_ms=".3f")
    | columns(kind_alone=".3f", kind_of_kit=".3f", kind_clean=".3f", together=".3f", sounds=".1f", drums=".1f"),
)


@dataclass(frozen=True, eq=False)
class KnownHit:
    """A hit of a loop: the sample of its onset, its kind, the file of its drum and its clean recording."""

    onset: int
    kind: str
    drum: str
    wave: np.ndarray


def make_loop(hits: list[tuple[str, str, np.ndarray]], rng: np.random.Generator) -> tuple[np.ndarray, list[KnownHit]]:
    """Return a loop ``(1, time)`` of hits (kind, drum, wave), and what it plays."""
    step = 60.0 / rng.uniform(*BPM) / 4.0
    loop = np.zeros(round((N_STEPS * step + 1.0) * RATE))
    known = []
    for number in range(N_STEPS):
        if number and rng.random() > FILLED:
            continue
        kind, drum, wave = hits[rng.integers(len(hits))]
        start = round((number * step + 0.01) * RATE)
        gain = float(db_to_gain(rng.uniform(*LEVELS_DB))) / float(np.abs(wave).max())
        cut = wave[: len(loop) - start]
        loop[start : start + len(cut)] += gain * cut
        known.append(KnownHit(start + onset_sample(wave, RATE), kind, drum, wave))
    return (loop * (0.9 / np.abs(loop).max()))[None].astype(np.float32), known


def matched(known: list[KnownHit], hits: list[Hit]) -> dict[int, KnownHit]:
    """Return the known hit of each found one that is near enough, by the index of the latter; each once."""
    pairs = sorted(
        (abs(hit.onset - each.onset), index, number)
        for index, hit in enumerate(hits)
        for number, each in enumerate(known)
        if abs(hit.onset - each.onset) <= NEAR_SECONDS * RATE
    )
    found: dict[int, KnownHit] = {}
    taken: set[int] = set()
    for _, index, number in pairs:
        if index not in found and number not in taken:
            found[index] = known[number]
            taken.add(number)
    return found


def measure(options: Options, report: Report) -> None:
    classifier = loading.load_classifier("drum-classifier")
    kits: dict[str, list[tuple[str, str, np.ndarray]]] = {}
    for kind in classifier.labels:
        for path in sorted((options.drums / kind).glob("*.*")):
            kit, _, name = path.stem.partition("_")
            kits.setdefault(kit, []).append((kind, f"{kind}/{name}", read_wave(path, RATE)))
    names = sorted(kits)
    figures: dict[str, list[dict[str, list[float]]]] = {}
    for number in range(options.loops):
        name = names[number % len(names)]
        rng = np.random.default_rng([SEED, number])
        drums = []
        for kind in classifier.labels:
            of_kind = [hit for hit in kits[name] if hit[0] == kind]
            drums += [of_kind[index] for index in rng.permutation(len(of_kind))[:DRUMS_OF_A_KIND]]
        figures.setdefault(name, []).append(figures_of(*make_loop(drums, rng), classifier))
    total = {"all": [each for name in sorted(figures) for each in figures[name]]}
    for name, loops in (dict(sorted(figures.items())) | total).items():
        row = row_of(loops)
        report.add(LOOPS, row, kit=name, loops=len(loops))
    report.target("onsets", "found within 5 ms", row["within_5_ms"], at_least=0.95)
    report.target("kinds", "as on clean hits", row["kind_of_kit"], at_least=row["kind_clean"])


def figures_of(loop: np.ndarray, known: list[KnownHit], classifier: Classifier) -> dict[str, list[float]]:
    """Return the figures of a loop, lists of values by the name of their column."""
    hits = find_hits(loop, RATE, classifier, rise_db=0.6, min_gap_seconds=0.04, max_seconds=4.0)
    found = matched(known, hits)
    recogniser = RecordingRecogniser(classifier)
    waves = {each.drum: each.wave[None].astype(np.float32) for each in known}
    clean = {drum: recogniser.recognise([wave]).labels[0].label for drum, wave in waves.items()}
    groups = grouped(hits, RATE, 6.0, MAX_SOUNDS)
    index_of = {id(hit): index for index, hit in enumerate(hits)}
    kinds, together = [], []
    for group in groups:
        members = [found[index_of[id(hit)]] for hit in group if index_of[id(hit)] in found]
        kinds += [float(each.kind == kind_of(group)[0]) for each in members]
        most = max(Counter(each.drum for each in members).values(), default=0)
        together += [1.0] * most + [0.0] * (len(members) - most)
    best = {index: max(hits[index].confidences, key=hits[index].confidences.__getitem__) for index in found}
    return {
        "hits": [float(len(known))],
        "extra": [float(len(hits) - len(found))],
        "ms": [abs(hits[index].onset - each.onset) / RATE * 1_000.0 for index, each in found.items()],
        "kind_alone": [float(best[index] == each.kind) for index, each in found.items()],
        "kind_of_kit": kinds,
        "kind_clean": [float(clean[each.drum] == each.kind) for each in found.values()],
        "together": together,
        "sounds": [float(len(groups))],
        "drums": [float(len(waves))],
    }


def row_of(loops: list[dict[str, list[float]]]) -> dict[str, int | float]:
    """Return the row of several loops."""
    joined = {key: [value for loop in loops for value in loop[key]] for key in loops[0]}
    ms = np.array(joined.pop("ms") or [1_000.0 * NEAR_SECONDS])
    row: dict[str, int | float] = {key: float(np.mean(values or [0.0])) for key, values in joined.items()}
    row |= {key: round(sum(joined[key])) for key in ("hits", "extra")}
    row |= {"found": len(joined["kind_alone"]), "within_5_ms": float(np.mean(ms <= 1_000.0 * CLOSE_SECONDS))}
    return row | {"median_ms": float(np.median(ms)), "p95_ms": float(np.percentile(ms, 95))}


def smoke_kit(folder: Path) -> Path:
    """Write clips of the bundled model as a kit."""
    generator = loading.load_generator("drums")
    for kind in generator.labels:
        (folder / kind).mkdir()
        for number, wave in enumerate(generator.generate(kind, 2, seed=0)):
            Clip(wave, generator.sample_rate).write(folder / kind / f"kit_{number}.wav")
    return folder


BENCHMARK = Benchmark(measure, Option("drums", Path("corpora/drums"), smoke=smoke_kit), Option("loops", 20, smoke=1))
