"""A training run from a folder of sound to a playable model folder: scan, prepare, train, export."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import nn

from .. import families
from ..contracts.recipe import Prepared, Recipe
from ..contracts.settings import override
from ..data.entry import Scan
from ..data.folder import GroupFrom, LabelFrom, scan
from ..errors import BadModel, BadSetting
from ..models import find
from ..models.card import Card, Source
from ..models.folder import ModelFolder
from ..nn.network import Network
from ..processor import processor_name
from ..version import __version__
from ..whole_file import write_whole
from . import checkpoint, processes
from .checkpoint import Progress
from .export import export_model, rewrite
from .length import Length
from .loop import BEST, LAST, NO_LENGTH, Loop
from .report import Report
from .run_folder import (
    CHECKPOINTS,
    RUN_FILE,
    check_call,
    check_place,
    differences,
    read_run_file,
    remove_left_overs,
    with_younger_settings,
)
from .run_lock import locked_run

SUSPECT_FILE = "suspect-clips.txt"
"""In a run folder: the training clips that may be wrong, and why, one per line."""


FEW_CLIPS, FEW_SECONDS = 13, 60.0
"""Number of recordings of a label, and their total seconds, up to which a run warns that they are few."""


@dataclass(frozen=True)
class Provenance:
    """What the card will say of the sound that a model learned from."""

    name: str
    description: str = ""
    licence: str = "unknown"
    sources: tuple[Source, ...] = ()


class Run:
    """One run folder: its recipe, its data, its network, its checkpoints and the model that it exports."""

    def __init__(
        self,
        out: Path,
        family: str,
        recipe: Recipe,
        scan: Scan,
        provenance: Provenance,
        cache_folder: Path | None = None,
        base: ModelFolder | None = None,
    ) -> None:
        self.out, self.provenance, self.scan, self.base = out, provenance, scan, base
        self.family = families.family(family)
        self.training = self.family.training()
        self.prepared: Prepared = self.family.prepare(recipe, scan.entries, cache_folder)
        self.recipe = self.prepared.recipe
        torch.manual_seed(self.recipe.training.seed)
        self.network: Network = self.training.build(self.recipe.model)
        self._base_weights: dict[str, torch.Tensor] = {}  # towards which the exported weights are interpolated
        if base is not None:
            self._initialise_from(base)

    def _initialise_from(self, base: ModelFolder) -> None:
        """Initialise the exported network from ``base``; load the critics too if its checkpoint exists."""
        last = base.path / CHECKPOINTS / LAST
        if last.is_file():
            checkpoint.load_matching(last, self.network)
        initial = self.family.initial_weights(base, self.recipe.model)
        state = {name: torch.from_numpy(array) for name, array in initial.items()}
        try:
            self.network.inference_module().load_state_dict(state)
        except RuntimeError as error:
            raise BadModel(
                f"The weights of {base.path} do not fit the settings of this run; leave out --set model settings."
            ) from error
        if self.recipe.training.base_weight:
            new = self.family.new_tables(base, self.recipe.model)
            self._base_weights = {
                name: weight for name, weight in state.items() if weight.is_floating_point() and name not in new
            }

    @torch.no_grad()
    def inference_module(self, average: nn.Module) -> nn.Module:
        """Return the averaged module, its weights interpolated towards the base by ``training.base_weight`` (WiSE-FT).

        References
        ----------
        Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
        """
        if not self._base_weights:
            return average
        interpolated = copy.deepcopy(average)
        for name, weight in interpolated.state_dict().items():
            if name in self._base_weights:
                weight.lerp_(self._base_weights[name].to(weight), self.recipe.training.base_weight)
        return interpolated

    def train(
        self,
        max_minutes: float | None = None,
        resume: bool = False,
        quiet: bool = False,
        more_minutes: float | None = None,
    ) -> Progress:
        """Train, or resume training, and export; return the progress. Under ``torchrun`` all processes train together.

        ``max_minutes`` limits this call, ``more_minutes`` extends the plan of the run. Raises BadFolder where there
        is no run to resume, and where another process trains in the same folder."""
        check_call(self.out, resume, more_minutes)  # train() checks earlier, but recipes call this method directly
        length = Length(self.recipe.training.steps, max_minutes, more_minutes)
        with processes.joined(torch.device(self.recipe.training.device)), ExitStack() as stack:
            before, changed = None, ""
            if processes.rank() == 0:
                self.out.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked_run(self.out))
                before, changed = self._check_run_file(resume)
                remove_left_overs(self.out)
            before = processes.as_process_0_says(before)
            steps_at_first = before["recipe"]["training"]["steps"] if before else length.steps
            return self._train(length, resume, quiet, steps_at_first, changed)

    def _train(self, length: Length, resume: bool, quiet: bool, steps_at_first: int, changed: str) -> Progress:
        with Report(self.out, quiet, mute=processes.rank() > 0) as report:
            if changed:
                report.log(changed)
            for problem in (*self.scan.problems, *self.prepared.problems):
                report.log(f"left out: {problem}")

            def after_evaluation(average: nn.Module, progress: Progress) -> None:
                module = self.inference_module(average)
                waves, titles = self.training.samples(module, self.prepared)
                if waves:
                    report.samples(progress, waves, titles, self.recipe.model.sample_rate)
                if progress.best_step in (0, progress.step):
                    self.export(module, progress)
                self._list_suspect_clips(average, progress, report.log)

            loop = Loop(
                self.network,
                self.prepared.batches,
                self.recipe.training,
                self.out / CHECKPOINTS,
                report,
                lambda average: self.training.evaluate(self.inference_module(average), self.prepared),
                after_evaluation,
            )
            if not resume:
                self._warn_of_few_clips(report.log)
            elif not loop.resume():
                report.log("there is no checkpoint yet; starting from the beginning.")
            progress = loop.run(self._extend(loop, length, steps_at_first))
            if processes.rank() == 0:
                self.export_best(loop, report.log, is_over=bool(progress.finished))
        return progress

    def _list_suspect_clips(self, average: nn.Module, progress: Progress, log: Callable[[str], None]) -> None:
        """Write the training clips that may be wrong, once, as soon as the family can tell them."""
        path = self.out / SUSPECT_FILE
        if path.is_file():
            return
        problems = self.training.suspect_clips(average, self.prepared, progress.step)
        if problems is None:
            return
        write_whole(path, "".join(f"{problem}\n" for problem in problems).encode())
        if problems:
            log(f"{len(problems)} clips may not match their texts; listen to those listed in {path}.")

    def export_best(self, loop: Loop, log: Callable[[str], None], is_over: bool) -> None:
        """Export the averaged weights of the best checkpoint, or of the last where nothing was measured.

        When the run ``is_over``, the family's files of the finished network are written too.
        """
        path = loop.folder / (BEST if (loop.folder / BEST).is_file() else LAST)
        progress = checkpoint.load(path, loop.network, loop.average, loop.optimizers)
        module = self.inference_module(loop.average)
        self.export(module, progress)
        if is_over:
            for name, tensors in self.training.final_files(module, self.prepared).items():
                rewrite(ModelFolder(self.out), name, tensors)
        log(f"{self.out} holds step {progress.step}: {self.family.command_line(str(self.out))}")

    def export(self, average: nn.Module, progress: Progress) -> None:
        """Write the playable model of the averaged weights into the run folder."""
        model, training = self.recipe.model, self.recipe.training
        card = Card(
            name=self.provenance.name,
            family=self.family.name,
            description=self.provenance.description,
            config=json.loads(json.dumps(asdict(model))),
            labels=list(model.labels),
            sample_rate=model.sample_rate,
            licence=self.provenance.licence,
            sources=list(self.provenance.sources),
            recipe=json.loads(json.dumps(asdict(self.recipe))),
            training={
                "steps": progress.step,
                "minutes": round(progress.minutes, 1),
                "hardware": self._hardware(progress.threads),
                "wavewright": __version__,
                "torch": torch.__version__,
                "n_clips": len(self.prepared.train_entries),
            },
            metrics={name: round(value, 5) for name, value in progress.metrics.items()},
        )
        export_model(
            self.out, card, self.training.export(average, self.prepared), training.weight_bits, training.product_bits
        )

    def _hardware(self, threads: int) -> str:
        """Return the number of threads and the processor, or the device."""
        device: str = self.recipe.training.device
        return f"{threads} thread(s) of {processor_name()}" if device == "cpu" else device

    def _extend(self, loop: Loop, length: Length, steps_at_first: int) -> float | None:
        """Extend the plan of the run if the call asks for it; return the minutes after which the call stops."""
        loop.progress = processes.as_process_0_says(loop.progress)  # saved below with its longer plan
        steps, minutes = length.past_the_plan(self.out, loop.progress, steps_at_first)
        if not loop.progress.step:
            if length.more_minutes:
                raise BadSetting(f"{self.out} has done no step yet; give --max-minutes instead of --more-minutes.")
            planned = 0 if length.max_minutes else loop.progress.steps  # a plan from minutes is made anew
            loop.progress.steps = steps or steps_at_first or planned
            return length.max_minutes
        if steps or minutes:
            loop.extend(steps, minutes)
        return None if minutes and not length.more_minutes else length.max_minutes

    def _warn_of_few_clips(self, log: Callable[[str], None]) -> None:
        """Warn of labels with too few and too short recordings."""
        counts: dict[str, int] = defaultdict(int)
        seconds: dict[str, float] = defaultdict(float)
        for entry in self.prepared.train_entries:
            label = entry.label if self.recipe.model.labels and entry.label else ""
            counts[label] += 1
            seconds[label] += entry.seconds
        few = [label for label in counts if counts[label] <= FEW_CLIPS and seconds[label] < FEW_SECONDS]
        if few:
            listed = ", ".join(f"{label} {counts[label]}".strip() for label in few[:8]) + ", ..." * (len(few) > 8)
            log(
                f"warning: there are few recordings to learn from ({listed}); the model will repeat them or sound alike. Add "
                "recordings, 40 or more of each label, or merge labels."
            )

    def _check_run_file(self, resume: bool) -> tuple[dict[str, Any] | None, str]:
        """Write the recipe at the first call; check at a resume that it is the same, except for the number of steps.

        Return the contents of the first call's file, and a message if the recordings differ.
        """
        path = self.out / RUN_FILE
        described: dict[str, Any] = {"family": self.family.name, "recipe": json.loads(json.dumps(asdict(self.recipe)))}
        if self.base is not None:
            described["from"] = {"name": self.base.card.name, "hash": self.base.hash}
        clips = sorted(f"{entry.path.name} {entry.label} {entry.n_frames}" for entry in self.prepared.train_entries)
        described["clips"] = {"count": len(clips), "sha256": hashlib.sha256("\n".join(clips).encode()).hexdigest()}
        if not resume:
            write_whole(path, (json.dumps(described, indent=2) + "\n").encode())
            return None, ""
        before = with_younger_settings(read_run_file(path), self.recipe)
        learned_from, now = before.pop("clips", described["clips"]), described.pop("clips")
        if isinstance(before["recipe"]["training"]["steps"], int):  # the checkpoint holds the extended plan
            described["recipe"]["training"]["steps"] = before["recipe"]["training"]["steps"]
        changed = differences(before, described)
        if changed:
            raise BadSetting(
                f"{self.out} was begun with other settings ({', '.join(changed[:4])}); resume with those of the first call."
            )
        if learned_from == now:
            return before, ""
        counts = f"{learned_from['count']} then, {now['count']} now"
        return before, f"the recordings are not those that the run began with ({counts}); going on with these."


def _keep_caches_together() -> None:
    """Move PyTorch's compile cache into Wavewright's cache folder, from a temporary folder named after the user."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(platformdirs.user_cache_path("wavewright") / "torch"))


def train(
    folder: Path,
    family: str = "gan",
    size: str = "small",
    out: Path = Path("runs/gan"),
    label_from: LabelFrom | None = "none",
    group_from: GroupFrom | None = None,
    manifest: Path | None = None,
    max_minutes: float | None = None,
    resume: bool = False,
    settings: Sequence[str] = (),
    device: str = "cpu",
    quiet: bool = False,
    base: str | Path | None = None,
    more_minutes: float | None = None,
) -> Progress:
    """Train a model of a family on a folder of sound; ``wavewright train`` calls this.

    ``settings`` are ``name=value`` overrides; ``base`` is the model that training begins from. Raises a WavewrightError for anything that
    cannot work, before anything is written.
    """
    check_call(out, resume, more_minutes)
    _keep_caches_together()
    begun_from = None if base is None else _opened_base(base, family)
    recipe = choose_recipe(family, size, settings, device, begun_from)
    if not (recipe.training.steps or max_minutes or resume):
        raise BadSetting(NO_LENGTH)
    check_place(out, folder)
    found = scan(folder, label_from, group_from, manifest)
    provenance = Provenance(name=out.resolve().name or family, description=f"Trained on {len(found.entries)} clips.")
    return Run(out, family, recipe, found, provenance, base=begun_from).train(max_minutes, resume, quiet, more_minutes)


def _opened_base(base: str | Path, family: str) -> ModelFolder:
    """The model to begin from; raises BadModel where it is damaged, BadSetting where its family cannot be begun from or is another."""
    folder = ModelFolder(find(base))
    folder.verify()
    if folder.card.family != family:
        raise BadSetting(
            f"{folder.path} is of the family {folder.card.family}, and a run begins from one of its own, {family}: give another --from."
        )
    return folder


def choose_recipe(
    family: str, size: str, settings: Sequence[str] = (), device: str = "cpu", base: ModelFolder | None = None
) -> Recipe:
    """The recipe of a family and size, or of going on from ``base``, with overrides applied; raises BadSetting for unknown names."""
    chosen = families.family(family)
    if size not in chosen.sizes:
        raise BadSetting(f"There is no size {size!r}; {family} has {', '.join(chosen.sizes)}.")
    _check_device(device)
    recipe: Recipe = chosen.recipe(size) if base is None else chosen.fine_tuning(base)
    parts = override({"model": recipe.model, "data": recipe.data, "training": recipe.training}, settings)
    if parts["training"].device != recipe.training.device:
        raise BadSetting("The device is no setting of --set; give it with --device.")
    if base is None and parts["training"].base_weight:
        raise BadSetting(
            "training.base_weight is the weight of the model that a run starts from; give one with --from."
        )
    recipe = replace(recipe, **parts)
    return replace(recipe, training=replace(recipe.training, device=device))


def _check_device(device: str) -> None:
    available = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    if device not in available:
        raise BadSetting(f"The device {device!r} is not available; this machine has {', '.join(available)}.")
