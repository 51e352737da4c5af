"""Decide how long a call trains, from its steps and minutes and the plan of the run that it resumes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import BadSetting
from .checkpoint import Progress


@dataclass(frozen=True)
class Length:
    """Steps and minutes that a call asks for; 0 and None where it does not."""

    steps: int = 0  # of the whole run (training.steps)
    max_minutes: float | None = None  # of this call
    more_minutes: float | None = None  # past the plan of the run

    def past_the_plan(self, out: Path, progress: Progress, steps_at_first: int) -> tuple[int, float]:
        """Return the steps of the whole run, or the minutes past its plan, of a call that extends it; else zeros.

        ``steps_at_first`` is the number of the first call, 0 if it gave minutes. Raises BadSetting for fewer steps than
        planned, for steps and minutes at once, and for minutes where a given number of steps is done.
        """
        is_other = self.steps not in (0, steps_at_first, progress.steps)
        if self.more_minutes:
            if is_other:
                raise BadSetting("Give --more-minutes or another training.steps, not both.")
            return 0, self.more_minutes
        if is_other and self.steps < progress.steps:
            raise BadSetting(
                f"{out} is planned for {progress.steps} steps, and training.steps={self.steps} is fewer; a plan can only "
                "grow: give more, or leave training.steps out."
            )
        if is_other:
            return self.steps, 0.0
        if not (progress.finished and self.max_minutes):
            return 0, 0.0
        if steps_at_first:
            raise BadSetting(
                f"{out} is finished ({progress.finished}, step {progress.step}); go further with --resume --more-minutes "
                f"{self.max_minutes:g}, or --resume --set training.steps={2 * progress.step}."
            )
        return 0, self.max_minutes
