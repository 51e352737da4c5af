"""Watches a training run and says in words when it goes silent, collapses, explodes or over-fits, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

SILENT_DB = -60.0  # mean level of the previews below which a generator counts as silent
COLLAPSED_DIVERSITY = 0.25  # distance between clips of a class, generated over real
COPYING_SHARE = 0.5  # of generated clips that are closer to a training clip than training clips are to each other
EXPLODED_LOSS = 1e4
PATIENCE = 3  # evaluations in a row before something slow counts as a problem


@dataclass
class Health:
    """The memory of the watch: how often in a row something looked wrong."""

    rolling_back: bool = False
    in_a_row: dict[str, int] = field(default_factory=dict)
    best_validation: float = math.inf

    def after_step(self, losses: dict[str, float]) -> str | None:
        """What is wrong with the losses of a step, as a sentence; None while nothing is."""
        for name, value in losses.items():
            if not math.isfinite(value):
                return f"The loss {name} is not a number: training has diverged (try a lower training.learning_rate)."
        for name, value in losses.items():
            if abs(value) > EXPLODED_LOSS and self._again(f"exploded {name}"):
                return f"The loss {name} has stayed above {EXPLODED_LOSS:.0e}: training explodes (try a lower training.learning_rate)."
        return None

    def after_evaluation(self, metrics: dict[str, float], say: Callable[[str], None]) -> str | None:
        """What is wrong with the evaluation's metrics, for which a return to the last checkpoint may help; lesser worries are said."""
        level = metrics.get("level_db")
        if level is not None and level < SILENT_DB and self._again("silent"):
            return f"The generated sounds are silent ({level:.0f} dB) for {PATIENCE} evaluations."
        self._reset("silent", level is None or level >= SILENT_DB)
        diversity = metrics.get("diversity")
        if diversity is not None and diversity < COLLAPSED_DIVERSITY and self._again("collapsed"):
            say(
                f"warning: the generator repeats itself (diversity {diversity:.2f} of the recordings'); "
                "raise model.energy_weight or model.penalty_weight, or give it more recordings."
            )
        self._reset("collapsed", diversity is None or diversity >= COLLAPSED_DIVERSITY)
        copying = metrics.get("copying")
        if copying is not None and copying > COPYING_SHARE and self._again("copying"):
            say(
                f"warning: {copying:.0%} of the generated sounds are closer to a training clip than training clips are to each other; "
                "the generator copies: use more recordings, a smaller --size, or stop earlier."
            )
        self._reset("copying", copying is None or copying <= COPYING_SHARE)
        self._watch_overfitting(metrics, say)
        return None

    def _watch_overfitting(self, metrics: dict[str, float], say: Callable[[str], None]) -> None:
        """Say once that the validation loss has turned while the run goes on."""
        loss = metrics.get("valid/loss")
        if loss is None:
            return
        if loss < self.best_validation:
            self.best_validation, self.in_a_row["overfit"] = loss, 0
        elif loss > 1.2 * self.best_validation and self._again("overfit"):
            say(
                f"warning: the validation loss {loss:.3f} has risen from its best {self.best_validation:.3f}: the network over-fits; "
                "the best checkpoint is kept, set training.patience to stop by itself."
            )

    def _again(self, what: str) -> bool:
        """Count one more time in a row; true at exactly the time that makes it a problem."""
        self.in_a_row[what] = self.in_a_row.get(what, 0) + 1
        return self.in_a_row[what] == PATIENCE

    def _reset(self, what: str, well: bool) -> None:
        if well:
            self.in_a_row[what] = 0
