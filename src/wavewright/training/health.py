"""Detect a training run that diverges, goes silent, collapses, copies or over-fits, and name the remedy.

Each family names the metrics that are watched as its `HealthRules` (contracts/family.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from ..contracts.family import HealthRules

MAX_LOSS = 1e4
MIN_LEVEL_DB = -60.0
"""Mean peak of generated clips below which a generator counts as silent."""

MIN_DIVERSITY = 0.25
"""Mean distance between generated clips of a class over that between recordings, below which they count as alike."""

MAX_COPYING = 0.5
"""Fraction of generated clips that may be closer to a training clip than training clips are to each other."""

MIN_ACTIVE_LATENTS = 0.5
"""Fraction of the dimensions of a latent that have to carry information."""

MAX_LOSS_RATIO = 1.2
"""Validation loss over its best value, above which the network counts as over-fitted."""

PATIENCE = 3
"""Times in a row that something has to be observed before it counts as a problem."""

Log = Callable[[str], None]


@dataclass
class Health:
    """State of the checks: how often in a row each of them failed, and the best validation loss."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    in_a_row: dict[str, Annotated[int, Field(ge=0, le=10**9)]] = field(default_factory=dict)
    best_validation: float | None = None

    def after_step(self, losses: Mapping[str, float]) -> str | None:
        """Return what is wrong with the losses of a step, as a sentence; None if nothing is."""
        for name, value in losses.items():
            if not math.isfinite(value):
                return f"The loss {name} is not a number: training has diverged (try a lower training.learning_rate)."
            if self._persists(f"exploded {name}", abs(value) > MAX_LOSS):
                return (
                    f"The loss {name} is above {MAX_LOSS:.0e} for {PATIENCE} steps: training explodes "
                    "(try a lower training.learning_rate)."
                )
        return None

    def after_evaluation(
        self, metrics: Mapping[str, float], rules: HealthRules, log: Log, metric: str = ""
    ) -> str | None:
        """Check the metrics of an evaluation.

        - ``metric``: ``training.metric``, which chooses the best checkpoint; empty for none.
        - returns: a problem that a return to an earlier checkpoint may solve, as a sentence; None if there is none.
        """
        self._check_diversity(metrics.get(rules.diversity), rules.diversity_remedy, log)
        self._check_copying(metrics.get(rules.copying), rules.copying_remedy, log)
        self._check_latents(metrics.get(rules.active_latents), rules.latents_remedy, log)
        self._check_overfitting(metrics.get(rules.loss), rules.loss, metric, log)
        level_db = metrics.get(rules.level_db)
        if level_db is not None and self._persists("silent", level_db < MIN_LEVEL_DB):
            return f"The generated clips are silent ({level_db:.0f} dB) for {PATIENCE} evaluations."
        return None

    def _check_diversity(self, diversity: float | None, remedy: str, log: Log) -> None:
        if diversity is not None and self._persists("collapsed", diversity < MIN_DIVERSITY):
            log(
                f"warning: the generator repeats itself (its clips differ {diversity:.2f} times as much as the "
                f"recordings); {remedy}."
            )

    def _check_copying(self, copying: float | None, remedy: str, log: Log) -> None:
        if copying is not None and self._persists("copying", copying > MAX_COPYING):
            log(
                f"warning: {copying:.0%} of the generated clips are closer to a training clip than training clips are "
                f"to each other; the generator copies: {remedy}."
            )

    def _check_latents(self, active: float | None, remedy: str, log: Log) -> None:
        """Warn of dead dimensions of the latents, and of posterior collapse."""
        if active is None:
            return
        if self._persists("collapsed latents", active == 0):
            log(f"warning: the latents have collapsed: none of their dimensions carries information; {remedy}.")
        if self._persists("dead latents", 0 < active < MIN_ACTIVE_LATENTS):
            log(
                f"warning: {1 - active:.0%} of the dimensions of the latents are dead; {remedy}, or make the latents "
                "smaller."
            )

    def _check_overfitting(self, loss: float | None, name: str, metric: str, log: Log) -> None:
        if loss is None:
            return
        best = loss if self.best_validation is None else min(loss, self.best_validation)
        self.best_validation = best
        if self._persists("overfit", loss > MAX_LOSS_RATIO * best):
            if metric:
                metric_name = metric.removeprefix("-")
                remedy = f"the best checkpoint by {metric_name} is kept, set training.patience to stop automatically"
            else:
                remedy = f"no best checkpoint is kept, set training.metric={name} in a new run to keep it"
            log(
                f"warning: the validation loss {loss:.3f} has risen from its best {best:.3f}: the network over-fits; "
                f"{remedy}."
            )

    def _persists(self, check: str, failed: bool) -> bool:
        """Count failures in a row; return True at exactly the failure that makes it a problem."""
        self.in_a_row[check] = self.in_a_row.get(check, 0) + 1 if failed else 0
        return self.in_a_row[check] == PATIENCE
