"""Compare composed pieces with held-out ones, and with those of a Markov chain of the same data.

    python -m benchmarks music.composition --model chorales --scores corpora/chorales

The folder has the scores that recipes/composer.py writes: ``train-...mid`` and ``valid-...mid``. Printed are

- overlaps of histograms (pitch class above the tonic of the most probable key, interval, duration, position in the
  bar) of all voices, of pieces in the most usual metre: the area that two histograms have in common, 1 at most, of
  held-out pieces and the model's with and without a form, those of a Markov chain of second order, and the training
  pieces; and of the two halves of the training pieces;
- the form: pieces that end on the tonic of the key that is asked for (of scores: of their most probable key), in voices
  with a tonic triad over it; bars that return, and cadences for each four bars, both as the model's own analysis of
  scores finds them; and voices that cross, in all steps of two neighbours; with and without a form, and of scores, of
  whose forms the beginning and the end count with ``--bars``, as in a shorter piece that has such a form;
- traits: what pieces have of each in which the training scores differ, as mean and standard error, beside what is asked
  for; and the pieces that are within half a fifth of the scores of it;
- the longest melody of the model that a training piece has, in notes, by intervals and durations, beside the longest
  that held-out pieces have in common with training pieces.

Pieces have as many bars as held-out ones in turn, unless ``--bars`` says otherwise: the longer a score is, the more of
its bars return. They are drawn at temperature 1 from all symbols.
"""

from __future__ import annotations

import itertools
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns
from wavewright.base.errors import ScoreWarning
from wavewright.contracts.composition import TRAITS, CompositionSettings, ScoreComposer
from wavewright.families.composer.config import ComposerConfig
from wavewright.families.composer.conversion import grid_of
from wavewright.families.composer.form import form_of, of_length
from wavewright.families.composer.grid import Grid
from wavewright.families.composer.runtime import ComposerRuntime
from wavewright.families.composer.traits import MAX_ERROR, Aims, traits_of
from wavewright.families.composer.vocabulary import REST
from wavewright.families.loading import load_composer
from wavewright.music.accompaniment.melody import find_key
from wavewright.music.bars import bars_of
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.theory import MusicalKey

STEP = 120
FEATURES = ("pitch_class", "interval", "duration", "position")
OVERLAPS = Table("overlap with held-out pieces", columns(pieces="s", **dict.fromkeys(FEATURES, ".3f")))
FORM = Table(
    "form", columns(pieces="s", count="d", ends_on_tonic=".2f", returning_bars=".2f", cadences=".2f", crossings=".3f")
)
COPIES = Table("longest run of a training melody, in notes", columns(pieces="s", median=".1f", largest="d"))
FOLLOWED = Table(
    "traits", columns(trait="s", asked=".1f", aim=".2f", mean=".2f", error=".2f", near=".2f"), is_optional=True
)
PARTS = ("overlaps", "form", "traits", "copies")
Voice = list[tuple[int, int, int]]
"""Notes of a voice: start and duration in sixteenths, and pitch."""


def voices_of(score: Score, n_voices: int) -> list[Voice]:
    """Return the first voices of a score on the grid of sixteenths."""
    ticks = score.ticks_per_quarter // 4
    return [
        [(int(n["start"]) // ticks, max(int(n["duration"]) // ticks, 1), int(n["pitch"])) for n in track.notes]
        for track in score.tracks[:n_voices]
    ]


def histograms(pieces: Sequence[Sequence[Voice]], tonics: Sequence[int], bar: int) -> dict[str, Counter[int]]:
    """Return the histogram of each feature over all voices of all pieces."""
    counts: dict[str, Counter[int]] = {name: Counter() for name in FEATURES}
    for voices, tonic in zip(pieces, tonics, strict=True):
        for voice in voices:
            counts["pitch_class"].update((pitch - tonic) % 12 for _, _, pitch in voice)
            counts["interval"].update(b[2] - a[2] for a, b in itertools.pairwise(voice))
            counts["duration"].update(min(duration, 32) for _, duration, _ in voice)
            counts["position"].update(start % bar for start, _, _ in voice)
    return counts


def overlap(first: Counter[int], second: Counter[int]) -> float:
    """Return the area that two histograms have in common, 0 to 1."""
    totals = max(first.total(), 1), max(second.total(), 1)
    return sum(min(first[key] / totals[0], second[key] / totals[1]) for key in first.keys() | second.keys())


def tonic_of(voices: Sequence[Voice]) -> int:
    """Return the tonic of the most probable key."""
    rows = sorted((start * STEP, duration * STEP, pitch, 80) for voice in voices for start, duration, pitch in voice)
    score = Score((Track(notes_of(rows)),))
    return find_key(score.tracks[0].notes, bars_of(score)).tonic


class MarkovVoices:
    """A Markov chain of second order of each voice: pitch above the tonic and duration, given the two notes before."""

    def __init__(self, pieces: Sequence[Sequence[Voice]]) -> None:
        self.following: list[dict[tuple[object, ...], list[tuple[int, int]]]] = []
        for lane in range(len(pieces[0])):
            table: dict[tuple[object, ...], list[tuple[int, int]]] = defaultdict(list)
            for voices in pieces:
                events = [(pitch, duration) for _, duration, pitch in voices[lane]]
                for index, event in enumerate(events):
                    for order in range(min(index, 2) + 1):
                        table[tuple(events[index - order : index])].append(event)
            self.following.append(table)

    def draw(self, n_steps: int, rng: np.random.Generator) -> list[Voice]:
        """Return a piece."""
        piece = []
        for table in self.following:
            voice: Voice = []
            step = 0
            while step < n_steps:
                past = [(pitch, duration) for _, duration, pitch in voice[-2:]]
                while tuple(past) not in table:
                    past = past[1:]
                choices = table[tuple(past)]
                pitch, duration = choices[int(rng.integers(len(choices)))]
                voice.append((step, duration, pitch))
                step += duration
            piece.append(voice)
        return piece


def longest_run(
    piece: Sequence[Hashable],
    training: Collection[Sequence[Hashable]],
    runs: dict[int, set[Hashable]],
    run_of: Callable[..., Hashable] = lambda piece, start, n: tuple(piece[start : start + n]),
) -> int:
    """Return the length of the longest run of a piece that a training piece has; ``runs`` caches those of a length."""
    for n in range(1, len(piece) + 1):
        if n not in runs:
            runs[n] = {run_of(each, start, n) for each in training for start in range(len(each) - n + 1)}
        if not any(run_of(piece, start, n) in runs[n] for start in range(len(piece) - n + 1)):
            return n - 1
    return len(piece)


def moves_of(voice: Voice) -> tuple[int, ...]:
    """Return a number for the interval and duration of each note but the first."""
    return tuple(100 * (b[2] - a[2]) + min(b[1], 64) for a, b in itertools.pairwise(voice))


def measure(options: Options, report: Report) -> None:
    composer = load_composer(options.model)
    scores = {
        split: [read_score(path) for path in sorted(options.scores.glob(f"{split}-*.mid"))]
        for split in ("train", "valid")
    }
    bar = Counter(map(bar_steps_of, scores["valid"])).most_common(1)[0][0]
    scores = {split: [score for score in scores[split] if bar_steps_of(score) == bar] for split in scores}
    lengths = itertools.cycle([options.bars] if options.bars else [len(bars_of(score)) for score in scores["valid"]])
    n_bars = list(itertools.islice(lengths, options.count))
    usual = CompositionSettings(bar_steps=bar, temperature=1.0, top_p=1.0)
    composed = composed_pieces(composer, usual, n_bars) if {"overlaps", "copies"} & {*options.only} else []
    if "overlaps" in options.only:
        free = composed_pieces(composer, replace(usual, form=False), n_bars)
        n_voices = 1 if "chords" in composer.voices else len(composer.voices)
        add_overlaps(scores, {"model": composed, "model, free": free}, n_voices, bar, report)
    if "form" in options.only:
        add_forms(scores, composer, replace(usual, top_p=CompositionSettings().top_p), n_bars, options.bars, report)
    if "traits" in options.only:
        add_traits(composer, usual, n_bars, report)
    if "copies" in options.only:
        add_copies(scores, composed, report)


def composed_pieces(
    composer: ScoreComposer,
    settings: CompositionSettings,
    n_bars: Sequence[int],
    keys: Sequence[MusicalKey | None] = (),
) -> list[Score]:
    """Return pieces of some lengths, each with a seed, and a key, of its own."""
    pairs = zip(n_bars, keys or [settings.key] * len(n_bars), strict=True)
    return [composer.compose(bars, replace(settings, seed=seed, key=key)) for seed, (bars, key) in enumerate(pairs)]


def add_forms(
    scores: dict[str, list[Score]],
    composer: ScoreComposer,
    usual: CompositionSettings,
    n_bars: Sequence[int],
    n_form_bars: int,
    report: Report,
) -> None:
    """Add the forms of pieces in a random key, with and without a planned form, of held-out and training scores."""
    config = composer.folder.config(ComposerConfig)
    rng = np.random.default_rng(2)
    keys = [MusicalKey(int(rng.integers(12)), "major" if rng.random() < 0.7 else "minor") for _ in n_bars]
    half = len(scores["train"]) // 2
    pieces = {
        "model": composed_pieces(composer, usual, n_bars, keys),
        "model, free": composed_pieces(composer, replace(usual, form=False), n_bars, keys),
        "held-out": scores["valid"],
        "training, half": scores["train"][:half],
        "other half": scores["train"][half:],
    }
    for name, each in pieces.items():
        tonics = [key.tonic for key in keys] if name.startswith("model") else [None] * len(each)
        report.add(FORM, form_row(each, tonics, config, n_form_bars), pieces=name)


def add_traits(composer: ComposerRuntime, usual: CompositionSettings, n_bars: Sequence[int], report: Report) -> None:
    """Add what pieces have of each trait in which the training scores differ, by what is asked for."""
    edges = composer.trait_edges
    for trait, asked in itertools.product(() if edges is None else composer.traits, (0.1, 0.5, 0.9)):
        index = TRAITS.index(trait)
        aims = Aims(np.full(len(TRAITS), asked), edges)
        aim, width = aims.values[index], aims.widths[index]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)  # the table says how many are near
            pieces = composed_pieces(composer, replace(usual, **{trait: asked}), n_bars)
        values = np.array([traits_of(grid_of(piece, composer.config), composer.config)[index] for piece in pieces])
        row = {"mean": values.mean(), "error": values.std() / np.sqrt(len(values))}
        near = np.mean(np.abs(values - aim) <= MAX_ERROR * width)
        report.add(FOLLOWED, row, trait=trait, asked=asked, aim=aim, near=near)


def form_row(pieces: Sequence[Score], tonics: Sequence[int | None], config: ComposerConfig, n_bars: int) -> Row:
    """Return the row of some pieces, of whose forms ``n_bars`` bars count, 0 for all."""
    ends, forms = [], []
    for piece, tonic in zip(pieces, tonics, strict=True):
        if not piece.n_notes:
            ends.append(False)
            continue
        grid = grid_of(piece, config)
        found = form_of(grid, config)
        if found.key is None:
            continue
        root = found.key.tonic if tonic is None else tonic
        last = [[(int(pitch) - root) % 12 for pitch in track.notes["pitch"][-1:]] for track in piece.tracks]
        lowest = last[-1] if config.layout == "voices" else last[0]
        is_triad = any({*itertools.chain(*last)} <= triad for triad in ({0, 3, 7}, {0, 4, 7}))
        ends.append(lowest == [0] and (is_triad or config.layout != "voices"))
        bars = of_length(found.plan, min(n_bars or len(found.plan), len(found.plan))).bars
        cadences = 4 * np.mean([bar.cadence in ("full", "half") for bar in bars])
        forms.append((np.mean([bar.source is not None for bar in bars]), cadences, crossing(grid, config)))
    names = ("ends_on_tonic", "returning_bars", "cadences", "crossings")
    return {"count": len(ends), **dict(zip(names, (np.mean(ends), *np.mean(forms, axis=0)), strict=True))}


def crossing(grid: Grid, config: ComposerConfig) -> float:
    """Return the fraction of steps and neighbouring voices in which the lower voice is above the higher one."""
    if config.layout != "voices":
        return 0.0
    upper, lower = grid.symbols[:, :-1], grid.symbols[:, 1:]
    both = (upper != REST) & (lower != REST)
    return float((lower > upper)[both].mean()) if both.any() else 0.0


def add_copies(scores: dict[str, list[Score]], composed: Sequence[Score], report: Report) -> None:
    """Add the longest runs that composed and held-out pieces have in common with training pieces."""
    pieces = {"model": composed, **scores}
    moves = {name: [moves_of(voices_of(score, 1)[0]) for score in each] for name, each in pieces.items()}
    known, runs = {*moves["train"]}, {}
    for name in ("model", "valid"):
        copies = [length and length + 1 for length in (longest_run(piece, known, runs) for piece in moves[name])]
        report.add(COPIES, pieces=name, median=float(np.median(copies)), largest=max(copies))


def bar_steps_of(score: Score) -> int:
    """Return the sixteenths of a bar of a score."""
    numerator, denominator = tuple(score.metres[0])[1:3] if len(score.metres) else (4, 4)
    return 16 * int(numerator) // int(denominator)


def add_overlaps(
    scores: dict[str, list[Score]], composed: dict[str, list[Score]], n_voices: int, bar: int, report: Report
) -> None:
    """Add the overlaps of the histograms with held-out pieces."""
    pieces = {name: [voices_of(score, n_voices) for score in each] for name, each in {**scores, **composed}.items()}
    tonics = {name: [tonic_of(piece) for piece in each] for name, each in pieces.items()}
    in_c = [
        [[(start, duration, pitch - tonic + 6) for start, duration, pitch in voice] for voice in voices]
        for voices, tonic in zip(pieces["train"], tonics["train"], strict=True)
    ]
    markov, rng = MarkovVoices(in_c), np.random.default_rng(0)
    pieces["Markov chain"] = [markov.draw(piece.length // STEP, rng) for piece in composed["model"]]
    tonics["Markov chain"] = [tonic_of(piece) for piece in pieces["Markov chain"]]

    def counts(name: str, chosen: slice = slice(None)) -> dict[str, Counter[int]]:
        return histograms(pieces[name][chosen], tonics[name][chosen], bar)

    half = len(scores["train"]) // 2
    pairs = {name: (counts("valid"), counts(name)) for name in (*composed, "Markov chain", "train")}
    pairs["training"] = pairs.pop("train")
    pairs["halves of the training"] = counts("train", slice(half)), counts("train", slice(half, None))
    for name, (first, second) in pairs.items():
        report.add(OVERLAPS, {feature: overlap(first[feature], second[feature]) for feature in FEATURES}, pieces=name)


def synthetic_scores(folder: Path) -> Path:
    """Write scores of four random voices."""
    rng = np.random.default_rng(0)
    for split, index in itertools.product(("train", "valid"), range(3)):
        tracks = [Track(notes_of([(480 * i, 480, int(rng.integers(60, 72)), 80) for i in range(16)])) for _ in range(4)]
        write_score(Score(tuple(tracks)), folder / f"{split}-{index}.mid")
    return folder


BENCHMARK = Benchmark(
    measure,
    Option("model", "chorales"),
    Option("scores", Path("corpora/chorales"), smoke=synthetic_scores),
    Option("count", 60, "pieces of the model and of the chain", smoke=1),
    Option("bars", 0, "of each piece; 0: as many as held-out ones", smoke=1),
    Option("only", list(PARTS), choices=PARTS),
)
