"""Composer inference without PyTorch: the steps of the network by ONNX Runtime, and pieces drawn by them."""

from __future__ import annotations

import numpy as np

from ...contracts.composition import MAX_BARS, USUAL, CompositionSettings, ScoreComposer
from ...contracts.scoring import ScoreScorer
from ...errors import BadSetting
from ...models.folder import ModelFolder
from ...music.score import Score
from .config import TIME_FILE, VOICE_FILE, ComposerConfig
from .constraints import Constraints, masks_of
from .conversion import grid_of, score_of, voice_names
from .drawing import DrawSettings, GridDrawer, Sketch
from .grid import STEPS_PER_QUARTER, Grid
from .scoring import cell_nats

MASKED = -1e9


class ComposerRuntime(ScoreComposer, ScoreScorer):
    """A composer that is open for inference."""

    loss_name = "negative log-likelihood, nats a cell"

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(ComposerConfig)
        self.voices = voice_names(config)
        self._steps = OnnxSteps(folder, config)

    def compose(self, bars: int = 16, settings: CompositionSettings = USUAL, index: int = 0) -> Score:
        """Return piece ``index`` of a seed; see :meth:`.ScoreComposer.compose`."""
        return self._filled(_nothing(_checked_bars(bars), settings.bar_steps, self.config), settings, index)

    def continue_score(self, score: Score, bars: int = 16, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with more bars; see :meth:`.ScoreComposer.continue_score`."""
        start = grid_of(score, self.config)
        rest = _nothing(_checked_bars(bars), start.bar_steps, self.config)
        grid = Grid(
            np.concatenate([start.symbols, rest.grid.symbols]),
            np.concatenate([start.is_held, rest.grid.is_held]),
            start.bar_steps,
        )
        is_known = np.concatenate([np.ones_like(start.is_held), rest.is_known])
        return self._filled(Sketch(grid, is_known), settings)

    def infill(self, score: Score, first_bar: int, last_bar: int, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with some bars composed anew; see :meth:`.ScoreComposer.infill`."""
        grid = grid_of(score, self.config)
        n_bars = len(grid) // grid.bar_steps
        if not 1 <= first_bar <= last_bar <= n_bars:
            raise BadSetting(
                f"Bars {first_bar} to {last_bar} cannot be composed anew; the score has the bars 1 to {n_bars}."
            )
        is_known = np.ones(grid.symbols.shape, bool)
        is_known[(first_bar - 1) * grid.bar_steps : last_bar * grid.bar_steps] = False
        return self._filled(Sketch(grid, is_known), settings)

    def replace_voices(self, score: Score, voices: tuple[str, ...], settings: CompositionSettings = USUAL) -> Score:
        """Return a score with some voices composed anew; see :meth:`.ScoreComposer.replace_voices`."""
        unknown = [voice for voice in voices if voice not in self.voices]
        if unknown or not voices:
            what = f"no voice {', '.join(map(repr, unknown))}" if unknown else "to be given a voice"
            raise BadSetting(f"{self.name} has {what}; its voices are {', '.join(self.voices)}.")
        grid = grid_of(score, self.config)
        is_known = np.ones(grid.symbols.shape, bool)
        is_known[:, [self.voices.index(voice) for voice in voices]] = False
        return self._filled(Sketch(grid, is_known), settings)

    def vary(self, score: Score, amount: float = 0.3, settings: CompositionSettings = USUAL) -> Score:
        """Return a score with some quarters composed anew; see :meth:`.ScoreComposer.vary`."""
        if not 0 <= amount <= 1:
            raise BadSetting(f"The amount of the variation is {amount}; give a fraction between 0 and 1.")
        grid = grid_of(score, self.config)
        n_quarters = -(-len(grid) // STEPS_PER_QUARTER)
        is_retained = np.random.default_rng([settings.seed, 1]).random((n_quarters, self.config.n_lanes)) >= amount
        return self._filled(Sketch(grid, np.repeat(is_retained, STEPS_PER_QUARTER, axis=0)[: len(grid)]), settings)

    def loss_of_score(self, score: Score) -> float:
        """Return the mean nats of the cells of a score; see :meth:`.ScoreScorer.loss_of_score`."""
        nats = cell_nats(self.config, self._steps, grid_of(score, self.config))
        return float(self.finite(nats).mean())

    def fill(self, sketch: Sketch, settings: CompositionSettings, index: int = 0) -> Grid:
        """Return a piece with all cells drawn that are not known; raises BadSetting if no note keeps the limits."""
        config, bar_steps, n_steps = self.config, sketch.grid.bar_steps, len(sketch.grid)
        has_pitch_limits = settings.key is not None or settings.chords or settings.lowest > 0 or settings.highest < 127
        if has_pitch_limits and not config.has_notes:
            raise BadSetting(f"{self.name} composes drums, which have no key, chords or range; leave these limits out.")
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
        drawer = GridDrawer(config, self._steps, DrawSettings(settings.temperature, settings.top_p))
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([settings.seed, index])))
        grid = drawer.draw(sketch, masks, rng)
        self.finite(self._steps.total)
        return grid

    def _filled(self, sketch: Sketch, settings: CompositionSettings, index: int = 0) -> Score:
        return score_of(self.fill(sketch, settings, index), self.config, settings.tempo, settings.key)


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
        cells = dict.fromkeys(names, (1, n_lanes))
        self._voice = folder.session(
            VOICE_FILE,
            {"context": (1, config.hidden_size), **cells, "lane": (1,)},
            {"hold": (1,), "logits": (1, config.vocabulary.n_events)},
        )
        self.start()

    def start(self) -> None:
        """Forget the past."""
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

    def voice_step(
        self,
        context: np.ndarray,
        symbols: np.ndarray,
        is_held: np.ndarray,
        is_known: np.ndarray,
        before: np.ndarray,
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
        hold, logits = self._voice.run(["hold", "logits"], inputs)
        self.total = self.total + logits.sum()
        return float(hold[0]), logits[0]
