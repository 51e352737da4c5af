"""Parameters of the commands that train, each described once, and the step of a callback; needs no PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SkipValidation

from ..base.errors import BadSetting
from ..base.names import inside
from ..base.parameters import (
    FREE_TEXT,
    MAX_MINUTES,
    POSITIONAL,
    PYTHON_ONLY,
    InForm,
    Quiet,
    SettingChanges,
    TrainingDevice,
    WritesRun,
)
from ..base.rules import Needs, Without
from ..data.consent import PermissionParameters
from ..data.parameters import FolderParameters
from ..data.recording import Recording
from ..families import SUMMARIES

if TYPE_CHECKING:
    from .checkpoint import Progress


@dataclass(frozen=True)
class TrainingStep:
    """A step of a training that was done.

    Attributes
    ----------
    step, steps
        Steps done and planned.
    minutes
        Of training, over all calls.
    losses
        Of the step, by name.
    metrics
        Of the last evaluation, by name; empty before the first.
    """

    step: int
    steps: int
    minutes: float
    losses: Mapping[str, float]
    metrics: Mapping[str, float]


FAMILY_HELP = "; ".join(f"{name} ({summary})" for name, summary in SUMMARIES.items())
SIZE_HELP = "tiny, small, or, of most families, base; codec also music; denoiser also strided, best; wavenet also full"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a training: how long it lasts, whether it goes on with a run, and who is told of its steps."""

    max_minutes: Annotated[
        float | None,
        Field(description="Stop and save after so many minutes of this call.", gt=0, le=MAX_MINUTES),
        InForm(low=0.1),
    ] = None
    more_minutes: Annotated[
        float | None,
        Field(description="Extend the plan of the run by so many minutes, finished or not.", gt=0, le=MAX_MINUTES),
        Needs("resume"),
    ] = None
    resume: Annotated[bool, Field(description="Continue the run in the run folder.")] = False
    set: SettingChanges = ()
    device: TrainingDevice = "cpu"
    quiet: Quiet = False
    on_step: Annotated[
        Callable[[TrainingStep], object] | None,
        Field(description="Called after each step with its losses."),
        PYTHON_ONLY,
        SkipValidation(),
    ] = None

    @property
    def minutes(self) -> float | None:
        """Minutes of this call, or those beyond the plan of the run; None if it has neither."""
        return self.max_minutes or self.more_minutes

    def extension(self, steps: int, out: Path, progress: Progress, first_steps: int) -> tuple[int, float]:
        """Return the steps of the extended run, or the minutes beyond its plan; zeros if the call does not extend it.

        - ``steps``: of the whole run (``training.steps``); 0 if the call does not give them.
        - ``first_steps``: ``training.steps`` of the first call, 0 if it gave minutes.

        Raises BadSetting if the steps are fewer than planned, if steps and minutes are both given, or if minutes are
        given for a finished run that was planned in steps.
        """
        changes_steps = steps not in (0, first_steps, progress.steps)
        if self.more_minutes:
            if changes_steps:
                raise BadSetting("Give --more-minutes or another training.steps, not both.")
            return 0, self.more_minutes
        if changes_steps and steps < progress.steps:
            raise BadSetting(
                f"{out} is planned for {progress.steps} steps, and training.steps={steps} is fewer; a plan can "
                "only grow: give more, or leave training.steps out."
            )
        if changes_steps:
            return steps, 0.0
        if not (progress.finished and self.max_minutes):
            return 0, 0.0
        if first_steps:
            raise BadSetting(
                f"{out} is finished ({progress.finished}, step {progress.step}); train longer with --resume "
                f"--more-minutes {self.max_minutes:g}, or --resume --set training.steps={2 * progress.step}."
            )
        return 0, self.max_minutes


@dataclass(frozen=True)
class TrainParameters(FolderParameters, PermissionParameters, Call):
    """Parameters of `train`."""

    folder: Annotated[
        Path | None,
        Field(
            description="Folder of recordings, or a manifest (.csv, .jsonl); with --resume, default: that of the run."
        ),
        POSITIONAL,
    ] = None
    family: Annotated[
        str | None, Field(description=f"Model family: {FAMILY_HELP}; default: that of --from, or gan.")
    ] = None
    size: Annotated[str, Field(description=f"Size of the network: {SIZE_HELP}.")] = "small"
    out: Annotated[
        Path | None,
        Field(description="Run folder, which becomes the model; default: runs/ and the folder's name."),
        WritesRun(),
    ] = None
    _: KW_ONLY
    from_: Annotated[
        str | None,
        Field(description="Model of the same family whose weights the training starts from, a name or a folder."),
    ] = None
    speech: Annotated[
        Path | None, Field(description="Folder of speech, for a denoiser that is trained on a folder of noise.")
    ] = None
    augment_with: Annotated[
        tuple[str, ...],
        Field(
            description="For a classifier: learn from clips that this model generates, too, from labels that this "
            "voice speaks, from `procedures`, or from a folder of generated clips; may be given several times."
        ),
    ] = ()
    ratio: Annotated[
        float, Field(description="Generated clips for each recording.", ge=0.01, le=100.0), Needs("augment_with")
    ] = 0.5
    min_confidence: Annotated[
        float,
        Field(
            description="Leave out clips to which the judge gives their label with less than this, 0 for no judge.",
            ge=0.0,
            le=1.0,
        ),
        Needs("augment_with"),
    ] = 0.3
    match_recordings: Annotated[
        bool,
        Field(description="Give each clip the ends, the spectrum and the noise of a recording of its label."),
        Needs("augment_with"),
    ] = False
    map_label: Annotated[
        tuple[str, ...],
        Field(
            description="A label of the model, or a text for a voice, and that of the folder, MODEL=FOLDER, where they "
            "differ; may be given several times."
        ),
        FREE_TEXT,
        Needs("augment_with"),
    ] = ()
    few_shot: Annotated[
        bool,
        Field(description="For 5 to 100 recordings: train a part of the weights, and keep the model's other labels."),
        Needs("from_"),
        Without("augment_with"),
    ] = False
    prior_fraction: Annotated[
        float | None,
        Field(
            description="Fraction of the clips that the model generates itself, of labels that the recordings do not "
            "have; default: 0.5.",
            ge=0.0,
            le=0.9,
        ),
        Needs("few_shot"),
    ] = None
    recordings: Annotated[
        Iterable[Recording] | None,
        Field(description="Recordings in memory, or a dataset of them, instead of a folder."),
        PYTHON_ONLY,
        SkipValidation(),
        Without("folder", "manifest"),
    ] = None

    def run_folder(self) -> Path:
        """Return the run folder; raise BadSetting if nothing names it."""
        if self.out is not None:
            return self.out
        if self.folder is None:
            what = "there is no folder of recordings" if self.recordings is None else "the recordings have no name"
            raise BadSetting(f"The run folder is missing, and {what}; give it with --out.")
        resolved = self.folder.resolve()
        return inside(Path("runs"), resolved.stem if self.folder.is_file() else resolved.name)
