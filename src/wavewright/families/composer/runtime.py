"""Composer inference without PyTorch: the steps of the network by ONNX Runtime, and pieces drawn by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...base.errors import BadSetting, unsupported
from ...contracts.composition import MAX_BARS, TRAITS, USUAL, CompositionSettings, ScoreComposer
from ...contracts.scoring import ScoreScorer
from ...models.folder import ModelFolder
from ...music.score import Score
from ...music.theory import MusicalKey
from .config import FORM_FILE, NO_TONIC, TIME_FILE, VOICE_FILE, ComposerConfig
from .constraints import Constraints, lane_symbols, masks_of
from .conversion import MAX_STEPS, grid_of, score_of, voice_names
from .drawing import ComposerSteps, DrawSettings, GridDrawer, Sketch
from .form import LearnedForms, PlannedPiece
from .grid import (
    STEPS_PER_QUARTER,
    Grid,
    longest_matches,
    open_features,
    previous_symbols,
)
from .revision import Revision
from .traits import NO_TILT, Aims, Tilt, traits_of, widths_of
from .vocabulary import REST


def cell_nats(config: ComposerConfig, steps: ComposerSteps, grid: Grid) -> np.ndarray:
    """Return the negative log-likelihood of the cells of a piece ``(steps, lanes)``, in nats.

    Voices are predicted in their order; nothing is known ahead, and the end is open.
    """
    unknown = config.vocabulary.unknown
    features = open_features(config, grid, longest_matches(grid.symbols, grid.is_held))
    before, nothing = previous_symbols(grid.symbols, unknown), np.full_like(grid.symbols, unknown)
    lanes = np.arange(config.n_lanes)
    allowed, nats = lane_symbols(config), np.zeros(grid.symbols.shape)
    steps.start()
    for step, (symbols, is_held) in enumerate(zip(grid.symbols, grid.is_held, strict=True)):
        context = steps.time_step(features[step])
        for lane in lanes:
            hold, logits = steps.voice_step(
                context, symbols, is_held, lanes < lane, before[step], nothing[step], int(lane)
            )
            sounding = int(before[step, lane])
            can_hold = sounding != unknown and (config.layout != "drums" or sounding == REST)
            can_start = allowed[lane].copy()
            can_start[REST] &= not (can_hold and sounding == REST)
            nats[step, lane] = _event_nats(hold, logits, int(symbols[lane]), bool(is_held[lane]), can_hold, can_start)
    return nats


def _event_nats(
    hold: float, logits: np.ndarray, symbol: int, is_held: bool, can_hold: bool, can_start: np.ndarray
) -> float:
    """Return the nats of a cell; see :func:`.modules.event_nats`."""
    hold_nats = float(np.logaddexp(0.0, -hold if is_held else hold)) if can_hold else 0.0
    if is_held:
        return hold_nats
    return hold_nats + float(np.logaddexp.reduce(logits[can_start].astype(np.float64)) - logits[symbol])


MASKED = -1e9
FORM_STREAM, RETURN_STREAM = 1, 2  # random numbers of a piece besides those of its cells


class ComposerRuntime(ScoreComposer, ScoreScorer):
    """A composer that is open for inference."""

    loss_name = "negative log-likelihood, nats a cell"

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(ComposerConfig)
        self.voices = voice_names(config)
        self.has_pitches = config.has_notes
        self._steps = OnnxSteps(folder, config)
        has_forms = FORM_FILE in folder.card.files
        tensors = folder.tensors(FORM_FILE) if has_forms else {}
        self._forms = LearnedForms(tensors) if has_forms else None
        self.trait_edges = tensors.get("trait_edges")
        self.tilts = {int(row[0]): Tilt(tuple(row[1:])) for row in tensors.get("tilts", np.zeros((0, 5))).tolist()}
        if self.trait_edges is not None:
            self.traits = tuple(np.array(TRAITS)[widths_of(self.trait_edges) > 0].tolist())

    def compose(self, bars: int = 16, settings: CompositionSettings = USUAL, index: int = 0) -> Score:
        """Return piece ``index`` of a seed; see :meth:`.ScoreComposer.compose`."""
        lanes = self._lanes(settings.voices)
        planned = self._planned(_checked_bars(bars), settings, index)
        grid = self.fill(_nothing(bars, settings.bar_steps, self.config), settings, index, planned=planned)
        score = score_of(grid, self.config, settings.tempo, settings.key, settings.metre)
        if len(lanes) == self.config.n_lanes or not self.config.has_notes:
            return score
        return replace(score, tracks=tuple(score.tracks[lane] for lane in sorted(lanes)))

    def continue_score(self, score: Score, bars: int = 16, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with more bars; see :meth:`.ScoreComposer.continue_score`."""
        lanes = self._lanes(settings.voices)
        return self._revised(Revision.of_more_bars(score, self.config, _checked_bars(bars), lanes), settings)

    def infill(self, score: Score, first_bar: int, last_bar: int, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with some bars composed anew; see :meth:`.ScoreComposer.infill`."""
        lanes = self._lanes(settings.voices)
        return self._revised(Revision.of_bars(score, self.config, first_bar, last_bar, lanes), settings)

    def replace_voices(self, score: Score, voices: tuple[str, ...], settings: CompositionSettings = USUAL) -> Score:
        """Return a score with some voices composed anew; see :meth:`.ScoreComposer.replace_voices`."""
        if not voices:
            raise BadSetting(f"{self.name} has to be given a voice; its voices are {', '.join(self.voices)}.")
        return self._revised(Revision.of_voices(score, self.config, self._lanes(voices)), settings)

    def vary(self, score: Score, amount: float = 0.3, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with some quarters composed anew; see :meth:`.ScoreComposer.vary`."""
        if not 0 <= amount <= 1:
            raise BadSetting(f"The amount of the variation is {amount}; give a fraction between 0 and 1.")
        n_quarters = -(-MAX_STEPS // STEPS_PER_QUARTER)
        is_drawn = np.random.default_rng([settings.seed, 1]).random((n_quarters, self.config.n_lanes)) < amount
        is_drawn = np.repeat(is_drawn, STEPS_PER_QUARTER, axis=0)
        return self._revised(Revision.of_quarters(score, self.config, is_drawn, self._lanes(settings.voices)), settings)

    def _planned(self, bars: int, settings: CompositionSettings, index: int) -> PlannedPiece | None:
        """Return the form of a new piece, None without one."""
        plan, key, usual_step, is_of_score = settings.form, settings.key, 0, not settings.form
        if plan and len(plan) != bars:
            raise BadSetting(f"The form has {len(plan)} bars, and {bars} are to be composed; give the same number.")
        if plan is False or (plan is None and self._forms is None):
            return None
        if self._forms is not None:
            usual_step = self._forms.usual_step(settings.bar_steps)
            drawn = self._forms.draw(bars, settings.bar_steps, key, _generator(settings.seed, index, FORM_STREAM))
            plan, key = plan or drawn.plan, key or drawn.key
        if plan is None:
            return None
        return PlannedPiece(plan, key or MusicalKey(), self.config, settings.bar_steps, usual_step, is_of_score)

    def _aims(self, settings: CompositionSettings) -> Aims | None:
        """Return the positions of the traits that are asked for, None without any."""
        asked = [name for name in TRAITS if getattr(settings, name) is not None]
        for name in asked:
            if name not in self.traits:
                known = f"only the {', '.join(self.traits)}" if self.traits else "no such number"
                raise unsupported(self.name, f"knows {known} of its scores", f"--{name}")
        if self.trait_edges is None or not asked:
            return None
        positions = [getattr(settings, name) for name in TRAITS]
        return Aims(np.array([np.nan if each is None else each for each in positions]), self.trait_edges)

    def _lanes(self, voices: tuple[str, ...]) -> frozenset[int]:
        """Return the indices of voices, all for none."""
        unknown = [voice for voice in voices if voice not in self.voices]
        if unknown:
            raise BadSetting(
                f"{self.name} has no voice {', '.join(map(repr, unknown))}; its voices are {', '.join(self.voices)}."
            )
        return frozenset(self.voices.index(voice) for voice in voices or self.voices)

    def _revised(self, revision: Revision, settings: CompositionSettings) -> Score:
        return revision.score_with(self.fill(revision.sketch, settings, must_start=revision.must_start))

    def loss_of_score(self, score: Score) -> float:
        """Return the mean nats of the cells of a score; see :meth:`.ScoreScorer.loss_of_score`."""
        nats = cell_nats(self.config, self._steps, grid_of(score, self.config))
        return float(self.finite(nats).mean())

    def fill(
        self,
        sketch: Sketch,
        settings: CompositionSettings,
        index: int = 0,
        must_start: np.ndarray | None = None,
        planned: PlannedPiece | None = None,
    ) -> Grid:
        """Return a piece with all cells drawn that are not known; raises BadSetting if no note keeps the limits.

        In the cells ``must_start (steps, lanes)``, no note goes on. ``planned`` is the form of a new piece.
        """
        config, bar_steps, n_steps = self.config, sketch.grid.bar_steps, len(sketch.grid)
        has_pitch_limits = settings.key is not None or settings.chords or settings.lowest > 0 or settings.highest < 127
        if has_pitch_limits and not config.has_notes:
            raise unsupported(self.name, "composes drums, which have no key, chords or range", "these limits")
        chords = tuple(chord for chord in settings.chords for _ in range(bar_steps))
        constraints = Constraints(
            None if settings.key is None else settings.key.pitch_classes,
            settings.lowest,
            settings.highest,
            chords,
            settings.onset_steps,
            settings.ends_at_bars,
        )
        masks = masks_of(constraints, config, n_steps, bar_steps)
        aims = self._aims(settings)
        is_drawn = ~sketch.is_known.all(1)
        is_open = not sketch.is_known[is_drawn.argmax() :].any()  # what is ahead leads by itself
        usual = self.tilts.get(bar_steps, NO_TILT) if is_open else NO_TILT
        if must_start is not None:
            masks = replace(masks, must_start=masks.must_start | must_start)
        if planned is not None:
            rng = _generator(settings.seed, index, RETURN_STREAM)
            sketch, masks = planned.sketched(sketch, masks, len(settings.chords), rng)

        def draw(tilt: Tilt) -> Grid:
            drawer = GridDrawer(config, self._steps, DrawSettings(settings.temperature, settings.top_p, tilt))
            drawn = drawer.draw(sketch, masks, _generator(settings.seed, index))
            self.finite(self._steps.total)
            return drawn

        def traits(grid: Grid) -> np.ndarray:
            return traits_of(Grid(grid.symbols[is_drawn], grid.is_held[is_drawn]), config)

        return draw(usual) if aims is None else aims.met_by(draw, traits, usual)


def _generator(*numbers: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(numbers)))


def _checked_bars(bars: int) -> int:
    if not 1 <= bars <= MAX_BARS:
        raise BadSetting(f"{bars} bars cannot be composed; give 1 to {MAX_BARS}.")
    return bars


def _nothing(bars: int, bar_steps: int, config: ComposerConfig) -> Sketch:
    """Return a piece of which no cell is known."""
    symbols = np.zeros((bars * bar_steps, config.n_lanes), np.int64)
    return Sketch(Grid(symbols, symbols.astype(bool), bar_steps), symbols.astype(bool))


class OnnxSteps:
    """The steps of a network by ONNX Runtime; see :class:`.drawing.ComposerSteps`.

    The keys and values of the last steps are in a ring: a step replaces the oldest one. Their order does not matter to
    the attention, since their positions are in the keys.
    """

    def __init__(self, folder: ModelFolder, config: ComposerConfig) -> None:
        self.config = config
        n_lanes, state = config.n_lanes, (1, *config.state_shape)
        inputs: dict[str, tuple[int | None, ...]] = {"features": (1, len(config.feature_sizes)), "state": state}
        next_state: tuple[int | None, ...] = state
        if config.cell == "transformer":
            inputs |= {"mask": (1, config.context_steps), "position": (1,)}
            next_state = (*state[:4], 1, state[5])
        self._time = folder.session(TIME_FILE, inputs, {"context": (1, config.hidden_size), "next_state": next_state})
        names = ("symbols", "is_held", "is_known", *(("before",) if config.has_notes else ()))
        cells: dict[str, tuple[int | None, ...]] = dict.fromkeys(names, (1, n_lanes))
        if config.knows_key:
            cells["tonic"] = (1,)
        if config.knows_target:
            cells["target"] = (1, n_lanes)
        self._voice = folder.session(
            VOICE_FILE,
            {"context": (1, config.hidden_size), **cells, "lane": (1,)},
            {"hold": (1,), "logits": (1, config.vocabulary.n_events)},
        )
        self.start()

    def start(self, tonic: int = NO_TONIC) -> None:
        """Forget the past; the next piece has this tonic."""
        self._tonic = np.array([tonic])
        self._state = np.zeros((1, *self.config.state_shape), np.float32)
        self._mask = np.full((1, self.config.context_steps), MASKED, np.float32)
        self._mask[0, -1] = 0.0
        self._position = 0
        self.total = np.zeros(1)  # of all outputs: not finite as soon as one of them is not

    def time_step(self, features: np.ndarray) -> np.ndarray:
        """Return the context of a step, and remember the step."""
        inputs = {"features": features[None], "state": self._state}
        if self.config.cell == "transformer":
            inputs |= {"mask": self._mask, "position": np.array([self._position], np.float32)}
        context, next_state = self._time.run(["context", "next_state"], inputs)
        if self.config.cell == "transformer":
            slot = self._position % (self.config.context_steps - 1)
            self._state[:, :, :, :, slot] = next_state[:, :, :, :, 0]
            self._mask[0, slot] = 0.0
        else:
            self._state = next_state
        self._position += 1
        self.total = self.total + context.sum()
        return np.asarray(context[0])

    def mark(self) -> Callable[[], None]:
        """Return a function that forgets the steps after now."""
        state, mask, position = self._state.copy(), self._mask.copy(), self._position

        def forget() -> None:
            self._state, self._mask, self._position = state.copy(), mask.copy(), position

        return forget

    def voice_step(
        self,
        context: np.ndarray,
        symbols: np.ndarray,
        is_held: np.ndarray,
        is_known: np.ndarray,
        before: np.ndarray,
        target: np.ndarray,
        lane: int,
    ) -> tuple[float, np.ndarray]:
        """Return the logits of holding and of the symbols of a voice."""
        inputs = {
            "context": context[None],
            "symbols": np.where(is_known, symbols, 0)[None],
            "is_held": (is_held & is_known).astype(np.int64)[None],
            "is_known": is_known.astype(np.int64)[None],
            "lane": np.array([lane]),
        }
        if self.config.has_notes:
            inputs["before"] = before[None]
        if self.config.knows_key:
            inputs["tonic"] = self._tonic
        if self.config.knows_target:
            inputs["target"] = target[None]
        hold, logits = self._voice.run(["hold", "logits"], inputs)
        self.total = self.total + logits.sum()
        return float(hold[0]), logits[0]
