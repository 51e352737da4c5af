"""The forms of the scores that a model learned from, and a planned form as cells and masks of a new piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...base.errors import BadModel
from ...music.accompaniment.melody import find_key, phrase_ends
from ...music.bars import bars_of
from ...music.form import CadenceKind, FormBar, FormPlan, Manner
from ...music.score import Track
from ...music.theory import ChordSymbol, MusicalKey
from .config import CADENCE_STEPS, ComposerConfig
from .constraints import Masks
from .conversion import STEP_TICKS, chord_of, lane_events, score_of
from .drawing import Returns, Sketch
from .grid import STEPS_PER_QUARTER, Grid, Guide, equal_quarters
from .vocabulary import FIRST_NOTE, QUALITIES, REST

SIMILAR = 0.6
"""Fraction of equal quarters of all voices from which on a bar returns varied."""

ALIGNED_BONUS = 0.15  # in that fraction, for a bar that follows the source of the bar before
WHOLE = 0.5
"""Fraction of the voices of a varied bar that are those of its source."""

WHOLE_OF_LEAD_SHEET = (0.1, 0.9)
"""The same of a melody and of its chords: what varies is the melody."""

FROM_START = 0.75  # of the other voices keep the beginning of their bar, the rest its end

N_CANDIDATES = 8  # fewest forms from which one is drawn
TAIL_BARS = 4  # of a form that is shortened: its end stays
TONIC, DOMINANT = 0, 7  # semitones above the tonic
HALF_CADENCE = (2, 7, 11)  # last notes of a melody that ends on the dominant
KINDS: tuple[CadenceKind | None, ...] = (None, "full", "half", "none")


class LearnedForm(NamedTuple):
    """The form of a training score, its key and the sixteenths of its bars."""

    plan: FormPlan
    key: MusicalKey | None
    bar_steps: int

    def guide(self, n_steps: int, *, usual_step: int = 0) -> Guide:
        """Return what a network is told of the form."""
        cadences = Guide.unknown(n_steps).cadences
        for index in reversed(range(len(self.plan))):
            bar = self.plan.bars[index]
            if bar.cadence not in (None, "none"):
                step = usual_step if bar.cadence_step is None else bar.cadence_step
                last = index * self.bar_steps + min(step, self.bar_steps - 1)
                cadences[: last + 1, 0] = np.minimum(np.arange(last, -1, -1), CADENCE_STEPS - 1)
                cadences[: last + 1, 1] = KINDS.index(bar.cadence)
        if self.key is None:
            return replace(Guide.unknown(n_steps), cadences=cadences)
        return Guide(self.key.tonic, int(self.key.is_minor), cadences)


def form_of(grid: Grid, config: ComposerConfig) -> LearnedForm:
    """Return the form of a piece: which bars return, and the cadences of its melody."""
    n_bars = len(grid) // grid.bar_steps
    bars = [FormBar(*found) for found in _returns(grid)]
    if not config.has_notes:
        return LearnedForm(FormPlan(tuple(bars)), None, grid.bar_steps)
    score = score_of(grid, config)
    melody, lines = score.tracks[0].notes, bars_of(score, to_end=True)[:n_bars]
    if not len(melody):
        return LearnedForm(FormPlan(tuple(bars)), None, grid.bar_steps)
    key = find_key(melody, lines)
    bass = score.tracks[-1] if config.layout == "voices" else None
    chords = lane_events(grid, 1) if config.layout == "lead-sheet" else []
    roots = [(start, end, chord_of(symbol, config.vocabulary).root) for start, end, symbol in chords]
    for bar in phrase_ends(melody, lines):
        last_note = _last_note(grid, bar)
        if last_note is None:
            continue
        step, symbol = last_note
        pitch = symbol - FIRST_NOTE + config.vocabulary.lowest
        root = _bass_at(bass, step) if bass else next((r for a, b, r in roots if a <= step < b), None)
        kind = cadence_kind((pitch - key.tonic) % 12, None if root is None else (root - key.tonic) % 12)
        bars[bar] = replace(bars[bar], cadence=kind, cadence_step=step % grid.bar_steps)
    return LearnedForm(FormPlan(tuple(bars)), key, grid.bar_steps)


def _last_note(grid: Grid, bar: int) -> tuple[int, int] | None:
    """Return step and symbol of the last note of a phrase that ends in a bar: the last one on a beat, of a quarter.

    Without such a note it is the longest one; notes after it belong to the next phrase.
    """
    first, end = bar * grid.bar_steps, (bar + 1) * grid.bar_steps
    beat = grid.bar_steps // 2 if grid.bar_steps % 4 == 0 else grid.bar_steps
    notes = [
        (max(start, first), min(until, end) - max(start, first), symbol)
        for start, until, symbol in lane_events(grid, 0)
        if start < end and until > first
    ]
    on_beats = [note for note in notes if note[1] >= STEPS_PER_QUARTER and (note[0] - first) % beat == 0]
    chosen = on_beats[-1] if on_beats else max(notes, key=lambda note: note[1], default=None)
    return None if chosen is None else (chosen[0], chosen[2])


def cadence_kind(degree: int, root: int | None) -> CadenceKind:
    """Return the cadence of a last note and the root of its chord, if any, in semitones above the tonic."""
    if degree == TONIC or (root == TONIC and degree in (3, 4, 7)):
        return "full"
    if root in (None, DOMINANT) and degree in HALF_CADENCE:
        return "half"
    return "none"


def _bass_at(track: Track, step: int) -> int | None:
    """Return the pitch class that the lowest voice has at a step."""
    tick, notes = step * STEP_TICKS, track.notes
    sounding = notes[(notes["start"] <= tick) & (notes["start"] + notes["duration"] > tick)]
    return int(sounding["pitch"][0]) % 12 if len(sounding) else None


def _returns(grid: Grid) -> list[tuple[int | None, Manner]]:
    """Return for each bar the earlier bar that returns in it, None for none, and the manner."""
    found: list[tuple[int | None, Manner]] = []
    for bar in range(len(grid) // grid.bar_steps):
        previous = found[-1][0] if found else None
        is_equal = equal_quarters(grid.symbols, grid.is_held, grid.bar_steps, bar)
        similar = is_equal.mean((1, 2))
        if previous is not None and previous + 1 < bar:
            similar[previous + 1] += ALIGNED_BONUS
        sounds = (grid.symbols[bar * grid.bar_steps : (bar + 1) * grid.bar_steps, 0] != REST).any()
        source = int(similar.argmax()) if bar and sounds else None
        if source is None or similar[source] < SIMILAR:
            found.append((None, "exact"))
        else:
            found.append((source, "exact" if is_equal[source].all() else "varied"))
    return found


def packed(forms: Sequence[LearnedForm]) -> dict[str, np.ndarray]:
    """Return forms as the tensors of their file."""
    rows = [
        (
            -1 if bar.source is None else bar.source,
            bar.manner == "varied",
            KINDS.index(bar.cadence),
            -1 if bar.cadence_step is None else bar.cadence_step,
        )
        for form in forms
        for bar in form.plan.bars
    ]
    bars = np.array(rows, np.int16).reshape(-1, 4)
    keys = [(-1, 0) if form.key is None else (form.key.tonic, form.key.is_minor) for form in forms]
    pieces = [(len(form.plan), form.bar_steps, *key) for form, key in zip(forms, keys, strict=True)]
    return {"bars": bars, "pieces": np.array(pieces, np.int16).reshape(-1, 4)}


class LearnedForms:
    """The forms of the training scores of a model, as :func:`packed` has them; raises BadModel for others."""

    def __init__(self, tensors: Mapping[str, np.ndarray]) -> None:
        self._bars, self._pieces = tensors["bars"], tensors["pieces"]
        lengths = self._pieces[:, 0].astype(np.int64)
        if (lengths < 1).any() or lengths.sum() != len(self._bars):
            raise BadModel("The forms of the model are damaged: their bars are not those of its pieces; get it anew.")
        self._ends = np.cumsum(lengths)

    def __getitem__(self, row: int) -> LearnedForm:
        length, bar_steps, tonic, is_minor = map(int, self._pieces[row])
        bars = [
            FormBar(
                None if source < 0 else source,
                "varied" if is_varied else "exact",
                KINDS[kind] if kind or step < 0 else "none",  # files of earlier versions have no kind of such ends
                None if step < 0 else step,
            )
            for source, is_varied, kind, step in self._bars[self._ends[row] - length : self._ends[row]].tolist()
        ]
        key = None if tonic < 0 else MusicalKey(tonic, "minor" if is_minor else "major")
        return LearnedForm(FormPlan(tuple(bars)), key, bar_steps)

    def draw(self, n_bars: int, bar_steps: int, key: MusicalKey | None, rng: np.random.Generator) -> LearnedForm:
        """Return the form of a random piece of nearly so many bars, in this metre and mode if there are such pieces.

        Its bars are as many as asked for: the middle of a longer one is left out, a shorter one begins again.
        """
        is_left = np.ones(len(self._pieces), bool)
        limits = [self._pieces[:, 1] == bar_steps]
        if key is not None:
            limits.append(self._pieces[:, 3] == key.is_minor)
        for limit in limits:
            if (is_left & limit).any():
                is_left &= limit
        rows = np.flatnonzero(is_left)
        distance = np.abs(self._pieces[rows, 0].astype(int) - n_bars)
        nearest = np.sort(distance)[min(N_CANDIDATES, len(rows)) - 1]
        drawn = self[int(rng.choice(rows[distance <= nearest]))]
        return drawn._replace(plan=of_length(drawn.plan, n_bars))

    def usual_step(self, bar_steps: int) -> int:
        """Return the sixteenth of a bar on which the last notes of phrases start most often."""
        of_metre = np.repeat(self._pieces[:, 1] == bar_steps, self._pieces[:, 0])
        steps = self._bars[of_metre & (self._bars[:, 3] >= 0), 3]
        return int(np.bincount(steps).argmax()) if len(steps) else 0


def of_length(plan: FormPlan, n_bars: int) -> FormPlan:
    """Return a plan with so many bars: without its middle, or repeated."""
    length = len(plan)
    n_rounds, rest = divmod(n_bars, length)
    indices = [*range(length)] * n_rounds
    if rest:
        n_last = min(TAIL_BARS, rest)
        indices += [*range(rest - n_last), *range(length - n_last, length)]
    bars: list[FormBar] = []
    for number, index in enumerate(indices):
        bar = plan.bars[index]
        before = indices[:number]
        if index in before:  # in a round after the first
            bar = replace(bar, source=before.index(index), manner="exact")
        elif bar.source is not None:
            bar = replace(bar, source=before.index(bar.source) if bar.source in before else None)
        bars.append(bar)
    return FormPlan(tuple(bars))


def kept_quarters(n_quarters: int, config: ComposerConfig, rng: np.random.Generator) -> np.ndarray:
    """Return the quarters of a varied bar that are those of its source, ``(n_quarters, lanes)`` bool.

    In scores it is most often the beginning of a voice, else its end.
    """
    n_lanes, quarters = config.n_lanes, np.arange(n_quarters)[:, None]
    whole = WHOLE_OF_LEAD_SHEET if config.layout == "lead-sheet" else WHOLE
    n_kept = np.where(rng.random(n_lanes) < whole, n_quarters, rng.integers(n_quarters, size=n_lanes))
    kept = np.where(rng.random(n_lanes) < FROM_START, quarters < n_kept, quarters >= n_quarters - n_kept)
    if kept.all():  # a varied bar has something that varies
        kept[-1, 0] = False
    return kept


@dataclass(frozen=True)
class PlannedPiece:
    """A form and the key of its cadences, for bars of so many sixteenths."""

    plan: FormPlan
    key: MusicalKey
    config: ComposerConfig
    bar_steps: int
    usual_step: int = 0  # sixteenth of a bar on which the last note of a phrase starts where the plan says none
    is_of_score: bool = False  # whose phrases may end on the tonic over another chord, too, but for the last one

    def sketched(self, sketch: Sketch, masks: Masks, period: int, rng: np.random.Generator) -> tuple[Sketch, Masks]:
        """Return a sketch with bars that return and chords of cadences, and masks for the notes of these.

        - ``period``: bars after which given chords repeat, 0 without any: bars over other chords do not return.
        """
        returns = self._returns(sketch, period, rng)
        if not self.config.has_notes:
            return replace(sketch, returns=returns), masks
        whole = FormPlan((*self.plan.bars[:-1], replace(self.plan.bars[-1], cadence="full")))
        guide = LearnedForm(whole, self.key, self.bar_steps).guide(len(sketch.grid), usual_step=self.usual_step)
        grid = Grid(sketch.grid.symbols.copy(), sketch.grid.is_held.copy(), sketch.grid.bar_steps)
        is_known = sketch.is_known.copy()
        masks = masks.copy()
        if masks.is_onset[0] and any(bar.source == 0 for bar in self.plan.bars):
            masks.can_rest[0, 0] = False  # a first bar that returns is no upbeat
        for index, bar in enumerate(self.plan.bars):
            kind = self._kind(index)
            if kind is None:
                continue
            is_last = index == len(self.plan) - 1
            step, until = self._span(index, masks)
            if is_last or bar.source is None or (self._kind(bar.source) or "none") != kind:
                returns.is_copied[step:until] = False
            if kind == "none":
                self._leave_open(masks, step, until)
                continue
            chord = self._chord(kind)
            is_free = self.is_of_score and kind == "full" and not is_last
            if self.config.layout == "lead-sheet":
                if not is_free:
                    self._set_chord(grid, is_known, masks, step, until, chord)
                self._limit(masks, 0, step, until, {self.key.tonic} if kind == "full" else set(chord.pitch_classes))
            else:
                for lane in range(1 if is_free else self.config.n_lanes):
                    is_root = lane == self.config.n_lanes - 1 or (lane == 0 and is_last)
                    self._limit(masks, lane, step, until, {chord.root} if is_root else set(chord.pitch_classes))
        returns.is_copied[until:] = False  # after the last note is, if anything, the rest before another verse
        masks.can_start[until:, 0, FIRST_NOTE:] = False
        return replace(sketch, grid=grid, is_known=is_known, returns=returns, guide=guide), masks

    def _leave_open(self, masks: Masks, step: int, until: int) -> None:
        """Let a phrase end without a cadence: its last note is not one of these."""
        tones = {*range(12)} - {(self.key.tonic + each) % 12 for each in (TONIC, *HALF_CADENCE)}
        self._limit(masks, 0, step, until, tones)

    def _kind(self, index: int) -> CadenceKind | None:
        """Return the cadence of a bar; the last one ends on the tonic."""
        return "full" if index == len(self.plan) - 1 else self.plan.bars[index].cadence

    def _span(self, index: int, masks: Masks) -> tuple[int, int]:
        """Return the steps from the last note of a phrase to where the next one may begin."""
        step = self.plan.bars[index].cadence_step
        first, end = index * self.bar_steps, (index + 1) * self.bar_steps
        wished = first + min(self.usual_step if step is None else step, self.bar_steps - 1)
        start = first + int(np.flatnonzero(masks.is_onset[first : wished + 1])[-1])
        if index == len(self.plan) - 1 and self.config.layout == "voices":  # all voices end together
            return start, end
        return start, min(end, start + max(STEPS_PER_QUARTER, (end - start) // 2))

    def _set_chord(
        self, grid: Grid, is_known: np.ndarray, masks: Masks, step: int, until: int, chord: ChordSymbol
    ) -> None:
        """Let the chord of a lead sheet be known, if it keeps the limits."""
        symbol = self.config.vocabulary.first_chord + 12 * QUALITIES.index(chord.kind) + chord.root
        if masks.can_start[step:until, 1, symbol].all():
            grid.symbols[step:until, 1], is_known[step:until, 1] = symbol, True
            grid.is_held[step:until, 1] = np.arange(step, until) > step

    def _returns(self, sketch: Sketch, period: int, rng: np.random.Generator) -> Returns:
        n_quarters = -(-self.bar_steps // STEPS_PER_QUARTER)
        is_copied = np.zeros_like(sketch.is_known)
        sources = np.full(len(self.plan), -1)
        most_alike = np.full(len(self.plan), np.inf)
        for index, bar in enumerate(self.plan.bars):
            kept = kept_quarters(n_quarters, self.config, rng)
            if bar.source is None and not period:
                most_alike[index] = SIMILAR
            if bar.source is None or (period and (index - bar.source) % period):
                continue
            sources[index] = bar.source
            most_alike[index] = 1.0 if bar.manner == "varied" else np.inf
            cells = np.repeat(kept, STEPS_PER_QUARTER, axis=0)[: self.bar_steps] if bar.manner == "varied" else True
            is_copied[index * self.bar_steps : (index + 1) * self.bar_steps] = cells
        return Returns(sources, is_copied, most_alike)

    def _chord(self, kind: CadenceKind) -> ChordSymbol:
        if kind == "full":
            return ChordSymbol(self.key.tonic, "m" if self.key.is_minor else "")
        return ChordSymbol((self.key.tonic + DOMINANT) % 12, "")

    def _limit(self, masks: Masks, lane: int, step: int, until: int, pitch_classes: set[int]) -> None:
        """Let a note of these pitch classes, if one can, start at a step and go on to ``until``."""
        events = np.arange(masks.can_start.shape[2])
        pitches = (events - FIRST_NOTE + self.config.vocabulary.lowest) % 12
        is_tone = self.config.vocabulary.is_note(events) & np.isin(pitches, sorted(pitch_classes))
        if (masks.can_start[step, lane] & is_tone).any():
            masks.can_start[step, lane] &= is_tone
            masks.must_start[step, lane], masks.can_rest[step, lane] = True, False
            masks.must_last[step + 1 : until, lane] = True
