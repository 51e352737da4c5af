"""Training of the family ``composer``: build the network, evaluate, sample and export it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ...music.performance import perform
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from ...synth.soundfont.player import SoundFontEngine, default_soundfont
from .config import FORM_FILE, NO_TONIC, TIME_FILE, VOICE_FILE, ComposerConfig
from .constraints import Constraints, lane_symbols, masks_of
from .conversion import score_of
from .drawing import DrawSettings, GridDrawer, Sketch
from .grid import Grid
from .modules import Composer, RecurrentTime, event_nats, rotary_angles
from .recipe import ComposerPrepared
from .vocabulary import REST

PEAK = 0.7


def render_grid(grid: Grid, config: ComposerConfig) -> np.ndarray:
    """Return a piece as a wave ``(1, time)`` at the sample rate of a model, by the bundled bank."""
    score, rate = score_of(grid, config), config.sample_rate
    wave = np.zeros((1, round(score.seconds * rate) + 1), np.float32)
    if score.n_notes:
        blocks = perform(score, rate).blocks(lambda: SoundFontEngine(default_soundfont(), rate))
        wave = np.concatenate(list(blocks), axis=1).mean(axis=0, keepdims=True)
    return np.asarray(wave * PEAK / np.abs(wave).max(initial=1e-3), np.float32)


LOSS = "cell/nll"


class ComposerNetwork(SinglePlayerNetwork[Composer]):
    """A network whose only player is the composer."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__("composer", Composer(config), losses, {LOSS: 1.0})


def losses(composer: Composer, batch: Batch) -> dict[str, Tensor]:
    """Return the mean negative log-likelihood of the unknown cells of a batch, in nats."""
    return {LOSS: cell_nats(composer, batch).mean()}


def cell_nats(composer: Composer, batch: Batch) -> Tensor:
    """Return the negative log-likelihood ``(n,)`` of the unknown cells of a batch, in nats."""
    config = composer.config
    symbols, is_held, before, is_known = (batch[name] for name in ("symbols", "is_held", "before", "is_known"))
    is_target = ~is_known
    ranks = torch.arange(config.n_lanes, device=symbols.device) + config.n_lanes * is_target
    tonic = batch["tonic"][..., 0] if config.knows_key else None
    target = batch["target"] if config.knows_target else None
    output = composer(batch["features"], symbols, is_held, before, ranks, is_target, tonic, target)
    can_hold = before != config.vocabulary.unknown
    if config.layout == "drums":
        can_hold = can_hold & (before == REST)
    allowed = torch.from_numpy(lane_symbols(config)).to(symbols.device).expand(*symbols.shape, -1)[is_target]
    is_second_rest = (before == REST) & can_hold
    allowed = allowed & ~(
        is_second_rest[is_target][:, None] & (torch.arange(allowed.shape[-1], device=symbols.device) == REST)
    )
    return event_nats(output, symbols[is_target], is_held[is_target], can_hold[is_target], allowed)


SAMPLE_PIECES, SAMPLE_BARS = 2, 4


class ComposerTraining(FamilyTraining[ComposerConfig, Composer, ComposerPrepared]):
    """The part of the family that needs PyTorch."""

    network = ComposerNetwork

    @torch.no_grad()
    def evaluate(self, module: Composer, prepared: ComposerPrepared) -> dict[str, float]:
        """Return ``valid/nats``: mean nats of a cell of the validation pieces, in their own keys."""
        if not prepared.valid:
            return {}
        device = next(module.parameters()).device
        total, count = 0.0, 0
        for arrays in prepared.valid:
            batch = {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}
            nats = cell_nats(module, batch)
            total, count = total + float(nats.double().sum()), count + len(nats)
        return {"valid/nats": total / count}

    def samples(self, module: Composer, prepared: ComposerPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few short pieces ``(1, time)``, the same random numbers at every call."""
        config, seed = module.config, prepared.recipe.training.seed
        bar_steps = prepared.batches.pieces.grids[0].bar_steps
        n_steps = SAMPLE_BARS * bar_steps
        empty = np.zeros((n_steps, config.n_lanes), np.int64)
        sketch = Sketch(Grid(empty, empty.astype(bool), bar_steps), empty.astype(bool))
        masks = masks_of(Constraints(), config, n_steps, bar_steps)
        drawer = GridDrawer(config, TorchSteps(module), DrawSettings())
        grids = [drawer.draw(sketch, masks, np.random.default_rng([seed, index])) for index in range(SAMPLE_PIECES)]
        return [render_grid(grid, config) for grid in grids], [""] * SAMPLE_PIECES

    def export(self, module: Composer, prepared: ComposerPrepared) -> ExportSpec:
        """Return the graphs of a step over time and of a voice, and a short piece."""
        config = module.config
        rng = torch.Generator().manual_seed(0)
        draw = partial(torch.randint, generator=rng)
        features = torch.stack([draw(size, (2,)) for size in config.feature_sizes], 1)
        state = torch.randn(2, *config.state_shape, generator=rng) / 2
        time_inputs = {"features": features, "state": state}
        if config.cell == "transformer":
            mask = torch.zeros(2, config.context_steps)
            mask[:, : config.context_steps // 2] = -1e4
            time_inputs |= {"mask": mask, "position": torch.tensor([3.0, 700.0])}
        shape = (2, config.n_lanes)
        voice_inputs = {
            "context": torch.randn(2, config.hidden_size, generator=rng),
            "symbols": draw(config.vocabulary.n_events, shape),
            "is_held": draw(2, shape),
            "is_known": draw(2, shape),
            "lane": draw(config.n_lanes, (2,)),
        }
        if config.has_notes:
            voice_inputs["before"] = draw(config.vocabulary.n_events, shape)
        if config.knows_key:
            voice_inputs["tonic"] = torch.tensor([5, NO_TONIC])
        if config.knows_target:
            voice_inputs["target"] = draw(config.vocabulary.n_events, shape)
        waves, _ = self.samples(module, prepared)
        return ExportSpec(
            graphs={
                TIME_FILE: GraphSpec(ComposerTimeGraph(module), time_inputs, ("context", "next_state")),
                VOICE_FILE: GraphSpec(ComposerVoiceGraph(module), voice_inputs, ("hold", "logits")),
            },
            sample=waves[0],
            files={FORM_FILE: prepared.batches.pieces.file_tensors(prepared.recipe.data.crop_steps)},
        )


class ComposerTimeGraph(nn.Module):
    """A step over time: features and state to the context and the next state, or this step's keys and values."""

    def __init__(self, composer: Composer) -> None:
        super().__init__()
        self.composer = composer

    def forward(
        self, features: Tensor, state: Tensor, mask: Tensor | None = None, position: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the context ``(batch, hidden_size)`` and the next state."""
        time, hidden = self.composer.time, self.composer.embedding(features)
        if isinstance(time, RecurrentTime):
            return time.step(hidden, state)
        if position is None or mask is None:
            raise ValueError("A transformer takes the mask and the position of its step.")
        angles = rotary_angles(position[:, None], self.composer.config.head_size)[:, None]
        return time.step(hidden, angles, state, mask[:, None, None])


class ComposerVoiceGraph(nn.Module):
    """The event of a voice: the context of the step and its known cells to logits."""

    def __init__(self, composer: Composer) -> None:
        super().__init__()
        self.composer = composer

    def forward(
        self,
        context: Tensor,
        symbols: Tensor,
        is_held: Tensor,
        is_known: Tensor,
        lane: Tensor,
        before: Tensor | None = None,
        tonic: Tensor | None = None,
        target: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the logits of holding ``(batch,)`` and of the symbols ``(batch, n_events)``.

        Drums, which have no intervals, need no symbols of the step before.
        """
        voices = self.composer.voices
        vectors = voices.known_vectors(symbols, is_held) * is_known[..., None]
        before = torch.zeros_like(symbols) if before is None else before
        current = torch.where(is_known > 0, symbols, before)
        references = [current, before.gather(1, lane[:, None])]
        if target is not None:
            references.append(target.gather(1, lane[:, None]))
        hold, logits = voices(context, vectors.sum(1), lane, torch.cat(references, 1), tonic)
        return hold, logits


class TorchSteps:
    """The steps of a network in training on NumPy arrays; see :class:`.drawing.ComposerSteps`."""

    def __init__(self, module: Composer) -> None:
        self.module, self.device = module, next(module.parameters()).device
        self.voices = ComposerVoiceGraph(module)
        self.start()

    def start(self, tonic: int = NO_TONIC) -> None:
        """Forget the past; the next piece has this tonic."""
        self.past: list[np.ndarray] = []
        self.tonic = tonic

    @torch.no_grad()
    def time_step(self, features: np.ndarray) -> np.ndarray:
        """Return the context of a step; the whole past is computed again."""
        self.past.append(features)
        past = torch.as_tensor(np.stack(self.past), device=self.device)[None]
        return np.asarray(self.module.contexts(past)[0, -1].cpu().numpy())

    def mark(self) -> Callable[[], None]:
        """Return a function that forgets the steps after now."""
        length = len(self.past)

        def forget() -> None:
            del self.past[length:]

        return forget

    @torch.no_grad()
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
        known = is_known.astype(np.int64)
        arrays = [context, symbols * known, is_held * known, known, np.int64(lane), before, np.int64(self.tonic)]
        arrays += [target] if self.module.config.knows_target else []
        inputs = [torch.as_tensor(each, device=self.device)[None] for each in arrays]
        hold, logits = self.voices(*inputs)
        return float(hold[0]), np.asarray(logits[0].cpu().numpy())
