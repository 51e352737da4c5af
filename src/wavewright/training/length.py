"""Determine how long a call trains, from its steps and minutes and the plan of the run that it resumes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..base.errors import BadSetting
from .checkpoint import Progress


@dataclass(frozen=True)
class Length:
    """Steps and minutes of a call; 0 and None if it does not give them.

    - ``steps``: of the whole run (``training.steps``).
    - ``max_minutes``: of this call.
    - ``more_minutes``: beyond the plan of the run.
    """

    steps: int = 0
    max_minutes: float | None = None
    more_minutes: float | None = None

    def extension(self, out: Path, progress: Progress, first_steps: int) -> tuple[int, float]:
        """Return the steps of the extended run, or the minutes beyond its plan; zeros if the call does not extend it.

        - ``out``: run folder, for messages.
        - ``progress``: progress of the run.
        - ``first_steps``: ``training.steps`` of the first call, 0 if it gave minutes.

        Raises BadSetting if the steps are fewer than planned, if steps and minutes are both given, or if minutes are
        given for a finished run that was planned in steps.
        """
        changes_steps = self.steps not in (0, first_steps, progress.steps)
        if self.more_minutes:
            if changes_steps:
                raise BadSetting("Give --more-minutes or another training.steps, not both.")
            return 0, self.more_minutes
        if changes_steps and self.steps < progress.steps:
            raise BadSetting(
                f"{out} is planned for {progress.steps} steps, and training.steps={self.steps} is fewer; a plan can "
                "only grow: give more, or leave training.steps out."
            )
        if changes_steps:
            return self.steps, 0.0
        if not (progress.finished and self.max_minutes):
            return 0, 0.0
        if first_steps:
            raise BadSetting(
                f"{out} is finished ({progress.finished}, step {progress.step}); train longer with --resume "
                f"--more-minutes {self.max_minutes:g}, or --resume --set training.steps={2 * progress.step}."
            )
        return 0, self.max_minutes
