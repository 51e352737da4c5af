"""Does a composer recite: the runs of notes that its pieces have in common with training pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .memorisation import verdict_of, worst_of
from .recitation import Share, p_value
from .score_runs import NoteRun, NoteSequence, RunIndex, ScorePiece, figures_of, n_new_notes, voices_of

ORDER = 2


class NoteChain:
    """A chain of second order of each voice.

    It falls back on fewer notes where only one piece goes on from them: there, it would repeat that piece.
    """

    def __init__(self, pieces: Sequence[Sequence[NoteSequence]]) -> None:
        self._following: dict[tuple[object, ...], list[object]] = {}
        self._first_piece: dict[tuple[object, ...], int] = {}
        self._is_shared: set[tuple[object, ...]] = set()
        for piece, voices in enumerate(pieces):
            for number, voice in enumerate(voices):
                for index, event in enumerate(voice):
                    for order in range(min(index, ORDER) + 1):
                        past = (number, *voice[index - order : index])
                        self._following.setdefault(past, []).append(event)
                        if self._first_piece.setdefault(past, piece) != piece:
                            self._is_shared.add(past)

    def draw(self, lengths: Sequence[int], rng: np.random.Generator) -> list[NoteSequence]:
        """Return voices of these lengths; numbers that no piece has are left out."""
        known = [(number, length) for number, length in enumerate(lengths) if (number,) in self._following]
        return [self._voice(number, length, rng) for number, length in known]

    def _voice(self, number: int, length: int, rng: np.random.Generator) -> NoteSequence:
        voice: list[object] = []
        while len(voice) < length:
            past = voice[-ORDER:]
            while past and (number, *past) not in self._is_shared:
                past = past[1:]
            choices = self._following[(number, *past)]
            voice.append(choices[int(rng.integers(len(choices)))])
        return tuple(voice)


MIN_NOTES = 16
"""Fewest notes of a run that counts as a copy; it is also longer than any that a Markov chain of the pieces gives."""

HELD_OUT, CHAIN = "held-out pieces", "pieces of a Markov chain"
COMPOSED, CONTINUED = "composed", "continued"
N_LISTED = 10


CountedRun = tuple[int, NoteRun]
"""Notes of a run that repeat no figure, and the run."""


@dataclass(frozen=True)
class CopiedRun:
    """A run of a piece that a training piece has, too."""

    piece: str  # what the piece is, or its file
    source: Path  # file of the training piece
    n_notes: int  # of the run, without those that repeat a figure
    is_copy: bool  # it is longer than the limit

    def __str__(self) -> str:
        return f"{self.piece} ~ {self.source}: {self.n_notes} notes"


@dataclass(frozen=True)
class WrittenPieces:
    """Pieces of one kind, COMPOSED or CONTINUED, and those with which they are compared; without any, of a chain."""

    kind: str
    pieces: Sequence[ScorePiece]
    usual: Sequence[ScorePiece]


@dataclass(frozen=True)
class ScoreComparison:
    """Pieces of one kind, compared with the training pieces.

    - ``kind``: COMPOSED or CONTINUED.
    - ``share``, ``usual``: pieces with a run above the limit, and pieces that the composer has not learned from, or
      what it continues these with.
    - ``baseline``: what the latter are, HELD_OUT or CHAIN.
    - ``p_value``: of the difference, by Fisher's exact test.
    - ``median_run``, ``usual_run``: medians of the longest runs of both.
    - ``n_sources``: training pieces that have one of these runs.
    """

    kind: str
    share: Share
    usual: Share
    baseline: str
    p_value: float
    median_run: float
    usual_run: float
    n_sources: int

    @property
    def verdict(self) -> str:
        """RECITES, SUSPICIOUS or CLEAR."""
        return verdict_of(self.share, self.p_value)


@dataclass(frozen=True)
class ScoreRecitation:
    """Runs of notes of training pieces in what a composer writes.

    - ``limit``: notes of a run, above which it counts as a copy.
    - ``comparisons``: pieces of each kind.
    - ``copies``, ``longest``: the longest copy of each training piece that has one, and the longest runs of all pieces.
    """

    limit: int
    comparisons: tuple[ScoreComparison, ...]
    copies: tuple[CopiedRun, ...]
    longest: tuple[CopiedRun, ...]

    @property
    def verdict(self) -> str:
        """The worst of the comparisons."""
        return worst_of(comparison.verdict for comparison in self.comparisons)


def score_recitation(written: Sequence[WrittenPieces], training: Sequence[ScorePiece], seed: int) -> ScoreRecitation:
    """Compare what a composer writes with training pieces; ``seed`` is that of the Markov chain beside it."""
    learned = [piece.voices for piece in training]
    index, chain = RunIndex(learned), NoteChain(learned)
    drawn = _chain_pieces(chain, [piece.voices for piece in written[0].pieces], seed)
    chain_lengths = [_longest(_runs(index, voices)) for voices in drawn]
    limit = max([MIN_NOTES - 1, *chain_lengths])
    comparisons: list[ScoreComparison] = []
    copies: list[CopiedRun] = []
    longest: list[CopiedRun] = []
    for kind in written:
        found = [_runs_of(index, piece) for piece in kind.pieces]
        usual = [_longest(_runs_of(index, piece)) for piece in kind.usual]
        listed = [_copied(*each, index, training, limit) for each in zip(kind.pieces, found, strict=True)]
        copied = [run for runs in listed for run in runs if run.is_copy]
        n_sources = len({run.source for run in copied})
        baseline = HELD_OUT if usual else CHAIN
        lengths = [_longest(runs) for runs in found]
        comparisons.append(_comparison(kind.kind, baseline, lengths, usual or chain_lengths, limit, n_sources))
        copies += copied
        longest += [run for runs in listed for run in runs[:1]]
    by_source = {run.source: run for run in sorted(copies, key=lambda run: run.n_notes)}
    return ScoreRecitation(
        limit=limit,
        comparisons=tuple(comparisons),
        copies=tuple(sorted(by_source.values(), key=lambda run: -run.n_notes)),
        longest=tuple(sorted(longest, key=lambda run: -run.n_notes)[:N_LISTED]),
    )


def _chain_pieces(chain: NoteChain, like: Sequence[Sequence[NoteSequence]], seed: int) -> Iterator[list[NoteSequence]]:
    """Yield pieces of a chain with as many notes as others."""
    rng = np.random.default_rng(seed)
    for voices in like:
        yield chain.draw([len(voice) for voice in voices], rng)


def _runs_of(index: RunIndex, piece: ScorePiece) -> list[CountedRun]:
    """Return the runs of a piece that a training piece has, longest first; what was given of it counts for nothing."""
    return _runs(index, piece.voices, figures_of([] if piece.given is None else voices_of(piece.given)))


def _runs(index: RunIndex, voices: Sequence[NoteSequence], known: Set[NoteSequence] = frozenset()) -> list[CountedRun]:
    """Return the runs of voices, longest first."""
    counted = [(n_new_notes(run.events(voices), known), run) for run in index.runs(voices)]
    return sorted(counted, key=lambda each: -each[0])


def _longest(runs: Sequence[CountedRun]) -> int:
    return runs[0][0] if runs else 0


def _copied(
    piece: ScorePiece, runs: Sequence[CountedRun], index: RunIndex, training: Sequence[ScorePiece], limit: int
) -> list[CopiedRun]:
    """Return the longest run, and all that are copies, with each training piece that has them."""
    voices = piece.voices
    return [
        CopiedRun(piece.name, training[source].path or Path(training[source].name), n_notes, n_notes > limit)
        for number, (n_notes, run) in enumerate(runs)
        if n_notes > limit or number == 0
        for source in index.sources(run, voices)
    ]


def _comparison(
    kind: str, baseline: str, found: Sequence[int], usual: Sequence[int], limit: int, n_sources: int
) -> ScoreComparison:
    """Compare the longest runs of pieces with those of others."""
    share, usual_share = (Share(sum(n_notes > limit for n_notes in each), len(each)) for each in (found, usual))
    medians = [float(np.median(each)) for each in (found, usual)]
    return ScoreComparison(
        kind=kind,
        share=share,
        usual=usual_share,
        baseline=baseline,
        p_value=p_value(share, usual_share),
        median_run=medians[0],
        usual_run=medians[1],
        n_sources=n_sources,
    )
