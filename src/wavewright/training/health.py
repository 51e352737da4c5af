"""Watches a training run and says in words when it goes silent, collapses, explodes or over-fits, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

EXPLODED_LOSS = 1e4
SILENT_DB = -60.0  # mean peak of the generated clips below which a generator counts as silent
COLLAPSED_DIVERSITY = 0.25  # mean distance between clips of a class, generated over real
COPYING_SHARE = 0.5  # of generated clips that are closer to a training clip than training sounds are to each other
DEAD_SHARE = 0.5  # of a latent's numbers that say nothing
OVERFITTED = 1.2  # validation loss over its best
PATIENCE = 3  # times in a row before something counts as a problem


@dataclass
class Health:
    """The memory of the watch: how often in a row something looked wrong, and the best validation loss."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    in_a_row: dict[str, Annotated[int, Field(ge=0, le=10**9)]] = field(default_factory=dict)
    best_validation: float | None = None

    def after_step(self, losses: Mapping[str, float]) -> str | None:
        """What is wrong with the losses of a step, as a sentence; None while nothing is."""
        for name, value in losses.items():
            if not math.isfinite(value):
                return f"The loss {name} is not a number: training has diverged (try a lower training.learning_rate)."
            if self._persists(f"exploded {name}", abs(value) > EXPLODED_LOSS):
                return (
                    f"The loss {name} is above {EXPLODED_LOSS:.0e} for {PATIENCE} steps: training explodes "
                    "(try a lower training.learning_rate)."
                )
        return None

    def after_evaluation(self, metrics: Mapping[str, float], say: Callable[[str], None]) -> str | None:
        """What is wrong with an evaluation, as a sentence, where a return to an earlier checkpoint may help; lesser worries are said.

        Watches the metrics ``level_db``, ``diversity``, ``copying``, ``valid/active`` and ``valid/loss``, ``valid/bits`` or ``valid/mel``; a
        family measures those that it has.
        """
        level_db, diversity, copying = (
            metrics.get("level_db", 0.0),
            metrics.get("diversity", 1.0),
            metrics.get("copying", 0.0),
        )
        if self._persists("collapsed", diversity < COLLAPSED_DIVERSITY):
            say(
                f"warning: the generator repeats itself (its clips differ {diversity:.2f} times as much as the recordings); "
                "give it more recordings, or, for a GAN, raise model.energy_weight or model.penalty_weight."
            )
        if self._persists("copying", copying > COPYING_SHARE):
            say(
                f"warning: {copying:.0%} of the generated sounds are closer to a training clip than training sounds are to each "
                "other; the generator copies: use more recordings, a smaller --size, or stop earlier; for a GAN, raise "
                "model.copy_weight."
            )
        self._watch_latents(metrics.get("valid/active"), say)
        measured = [metrics[name] for name in ("valid/loss", "valid/bits", "valid/mel") if name in metrics]
        self._watch_overfitting(measured[0] if measured else None, say)
        if self._persists("silent", level_db < SILENT_DB):
            return f"The generated sounds are silent ({level_db:.0f} dB) for {PATIENCE} evaluations."
        return None

    def _watch_latents(self, active: float | None, say: Callable[[str], None]) -> None:
        """Say once that numbers of the latents are dead, or all of them (posterior collapse)."""
        if active is None:
            return
        if self._persists("collapsed latents", active == 0):
            say(
                "warning: the latents have collapsed: none of their numbers says anything of the sound; lower model.beta, raise "
                "model.free_nats, or let beta rise more slowly (model.warmup_steps)."
            )
        if self._persists("dead latents", 0 < active < 1 - DEAD_SHARE):
            say(
                f"warning: {1 - active:.0%} of the latents' numbers are dead; lower model.beta or raise model.free_nats to use them, "
                "or make model.latent_size smaller."
            )

    def _watch_overfitting(self, loss: float | None, say: Callable[[str], None]) -> None:
        """Say once that the validation loss has turned while the run goes on."""
        if loss is None:
            return
        best = self.best_validation = loss if self.best_validation is None else min(loss, self.best_validation)
        if self._persists("overfit", loss > OVERFITTED * best):
            say(
                f"warning: the validation loss {loss:.3f} has risen from its best {best:.3f}: the network over-fits; "
                "the best checkpoint is kept, set training.patience to stop by itself."
            )

    def _persists(self, what: str, is_wrong: bool) -> bool:
        """Count how often in a row something is wrong; true at exactly the time that makes it a problem."""
        self.in_a_row[what] = self.in_a_row.get(what, 0) + 1 if is_wrong else 0
        return self.in_a_row[what] == PATIENCE
