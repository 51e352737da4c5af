"""A training run, from a folder of recordings to a model folder: scan, prepare, train, export."""

from __future__ import annotations

import copy
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from pydantic import JsonValue
from torch import nn

from .. import families
from ..base.errors import BadModel, BadSetting
from ..base.processor import processor_name
from ..base.version import __version__
from ..base.whole_file import hidden_path, write_whole
from ..contracts.family_check import check_exported, check_family
from ..contracts.recipe import Prepared, Recipe
from ..data.entry import Entry, Scan
from ..data.own_output import warn_of_marked
from ..models.card import Card
from ..models.consent import Consent, required_consent
from ..models.folder import ModelFolder
from ..nn.network import Network
from . import checkpoint, processes
from .batch_memory import check_batch_size
from .checkpoint import Progress
from .export import export_model, replace_tensors
from .loop import Loop
from .parameters import Call
from .plan import STEP_FRACTION, Ending, steps_within
from .processes import single_blas_thread
from .provenance import Provenance, runs_up_to, sources_of_settings
from .report import Report
from .run_file import (
    BEST,
    CHECKPOINTS,
    LAST,
    RUN_FILE,
    RunFile,
    check_resume,
    json_of,
    run_file_of,
    store_provenance,
    write_run_file,
)
from .run_folder import check_call, locked_run, remove_left_overs

# --- Messages of a run about its recordings: their number, labels with few, and sample rates

FEW_CLIPS = 13
FEW_SECONDS = 60.0
"""Number of recordings of a label, and their total seconds, up to which a run warns that they are few."""


def count_clips(entries: Sequence[Entry]) -> dict[str, object]:
    """Return the number of recordings, and of generated clips by the name of the model if there are any."""
    generated = Counter(entry.generated_by for entry in entries if entry.generated_by is not None)
    n_recordings = len(entries) - generated.total()
    return {"n_clips": n_recordings, **({"generated_clips": dict(generated)} if generated else {})}


def notes_on_rates(entries: Sequence[Entry], sample_rate: int) -> list[str]:
    """Return a note where most recordings have another sample rate than the model, which limits their frequencies."""
    rates = Counter(entry.sample_rate for entry in entries if entry.generated_by is None)
    if not rates:
        return []
    usual, count = rates.most_common(1)[0]
    if count <= rates.total() / 2 or usual == sample_rate:
        return []
    which = "the recordings" if len(rates) == 1 else f"{count} of {rates.total()} recordings"
    if usual < sample_rate:
        return [
            f"warning: {which} have {usual} Hz, and the model {sample_rate} Hz: above {usual // 2} Hz it learns that "
            f"there is nothing. With --set model.sample_rate={usual} it has their rate and trains faster."
        ]
    return [
        f"{which} have {usual} Hz, and the model {sample_rate} Hz: what they have above {sample_rate // 2} Hz is not "
        "learned."
    ]


def warn_of_few_clips(entries: Sequence[Entry], labels: Sequence[str], log: Callable[[str], None]) -> None:
    """Warn if there are few and short recordings; without labels all clips count together."""
    counts: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for entry in entries:
        label = entry.label if labels and entry.label else ""
        counts[label] += 1
        seconds[label] += entry.seconds
    few = [label for label in counts if counts[label] <= FEW_CLIPS and seconds[label] < FEW_SECONDS]
    if few:
        listed = ", ".join(f"{label} {counts[label]}".strip() for label in few[:8]) + ", ..." * (len(few) > 8)
        log(
            f"warning: there are few training recordings ({listed}); the model will know these and little else. "
            "Add recordings, 40 or more of each label, or merge labels."
        )


SUSPECT_FILE = "suspect-clips.txt"
"""In a run folder: training clips that may be wrong, and why, one per line."""

EXPORTING = "exporting the model ..."


@dataclass(frozen=True)
class PlannedRun:
    """A run that has not begun: its folder, family, recipe and recordings, and the call that begins it."""

    out: Path
    family: str
    recipe: Recipe
    scan: Scan
    provenance: Provenance
    base: ModelFolder | None
    call: Call


class Run:
    """A run folder: recipe, data, network, checkpoints and the exported model.

    - ``out``: the run folder.
    - ``family``: name of the family.
    - ``recipe``: recipe of the family.
    - ``scan``: recordings.
    - ``provenance``: for the card, to which the folders of recordings that settings name are added.
    - ``cache_folder``: folder of decoded recordings; default: the user's cache folder.
    - ``base``: model that training starts from.
    - ``record``: arguments of the command, which are stored so that a call which resumes need not repeat them.

    Raises BadFamily if the family breaks its contract, or BadFolder if too few recordings can be used, or BadModel if
    the weights of ``base`` do not have the shapes that the recipe asks for.
    """

    def __init__(
        self,
        out: Path,
        family: str,
        recipe: Recipe,
        scan: Scan,
        provenance: Provenance,
        cache_folder: Path | None = None,
        base: ModelFolder | None = None,
        record: Mapping[str, JsonValue] | None = None,
    ) -> None:
        self.out = out
        self.record = record
        self.scan = scan
        self.base = base
        self.family = families.family(family)
        check_family(self.family)
        self.training = self.family.training()
        self.prepared: Prepared = self.family.prepare(recipe, scan.entries, cache_folder)
        if base is not None:
            self.prepared = self.prepared.match_base(base)
        self.recipe = self.prepared.recipe
        sources = sources_of_settings(self.prepared, scan)
        self.provenance = replace(provenance, sources=(*provenance.sources, *sources))
        torch.manual_seed(self.recipe.training.seed)
        self.network: Network = self.training.build(self.recipe.model)
        self._base_weights: dict[str, torch.Tensor] = {}  # towards which the exported weights are interpolated
        if base is not None:
            self._initialise_from(base)
        self._freeze(self.recipe.training.frozen)

    def _initialise_from(self, base: ModelFolder) -> None:
        """Initialise the exported network from ``base``; load the critics too if its checkpoint exists."""
        last = base.path / CHECKPOINTS / LAST
        if last.is_file():
            checkpoint.load_matching(last, self.network)
        module = self.network.inference_module()
        fresh = self.family.fresh_weights(base, self.recipe.model)
        state = {name: weight for name, weight in module.state_dict().items() if name.startswith(fresh)}
        initial = self.family.initial_weights(base, self.recipe.model)
        state |= {name: torch.from_numpy(array) for name, array in initial.items()}
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            raise BadModel(
                f"The weights of {base.path} do not fit the settings of this run; leave out --set model settings."
            ) from error
        fitted = self.training.fit_fresh_weights(module, self.prepared) if fresh else ()
        if self.recipe.training.base_weight:
            new = self.family.new_tables(base, self.recipe.model)
            self._base_weights = {
                name: weight.clone()
                for name, weight in module.state_dict().items()
                if weight.is_floating_point()
                and (name.startswith(fitted) or not (name in new or name.startswith(fresh)))
            }

    def _freeze(self, prefixes: tuple[str, ...]) -> None:
        """Freeze the weights of the exported module whose names begin with a prefix; raise BadSetting if none does."""
        weights = dict(self.network.inference_module().named_parameters())
        for prefix in prefixes:
            named = [weight for name, weight in weights.items() if name.startswith(prefix)]
            if not named:
                known = sorted({name.split(".")[0] for name in weights})
                raise BadSetting(
                    f"No weights begin with {prefix!r} (training.frozen); those of this network: {', '.join(known)}."
                )
            for weight in named:
                weight.requires_grad_(False)
        if not any(weight.requires_grad for weight in weights.values()):
            raise BadSetting(f"training.frozen {prefixes} leaves no weight to train; name fewer.")

    def consent(self) -> Consent | None:
        """Return the consent of the speakers; raise BadSetting if a voice has none."""
        if not self.family.imitates_voices:
            return self.provenance.consent
        speakers = sorted({entry.speaker for entry in self.prepared.train_entries if entry.speaker})
        return required_consent(self.provenance.consent, self.provenance.licence, speakers)

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
        call: Call | None = None,
        stop_after: Callable[[Progress], str] | None = None,
        started: float | None = None,
    ) -> Progress:
        """Train, or resume training, and export the model. Under ``torchrun`` all processes train together.

        - ``call``: how long, and whether to continue the run in the folder; default: a new run, as long as its recipe
          says. Recipe and base are those of the run.
        - ``stop_after``: called after each evaluation; returns why the run ends there, or an empty text. With it there
          are no samples of evaluations, and the model is exported at the end alone.
        - ``started``: when the minutes of the call began, as :func:`time.monotonic` counts; default: now.

        Raises BadFolder if there is no run to resume, or another process trains in the same folder. Raises BadSetting
        if the settings are not those of the first call, do not say how long to train, or a voice is to be trained
        without the consent of its speakers. Raises TrainingStopped if training diverges again and again, or the disk is
        full.
        """
        started = time.monotonic() if started is None else started
        call = call or Call()
        if call.resume:
            self.provenance = self.provenance.or_stored(self.out / RUN_FILE)
        self.consent()
        check_call(self.out, call)  # train() checks earlier, but recipes call this method directly
        with processes.process_group(torch.device(self.recipe.training.device)), ExitStack() as stack:
            first_steps, changes = self.recipe.training.steps, ""
            if processes.rank() == 0:
                self.out.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked_run(self.out))
                current = self._run_file()
                if call.resume:
                    first_steps, changes = check_resume(self.out / RUN_FILE, current, self.recipe)
                    store_provenance(self.out / RUN_FILE, current)
                else:
                    write_run_file(self.out / RUN_FILE, current)
                remove_left_overs(self.out)
            first_steps = processes.broadcast(first_steps)
            with Report(self.out, call.quiet, mute=processes.rank() > 0, on_step=call.on_step) as report:
                if changes:
                    report.log(changes)
                return self._train(call, first_steps, report, stop_after, started)

    def _run_file(self) -> RunFile:
        stated = self.provenance.to_json()
        return run_file_of(self.family.name, self.recipe, self.base, self.prepared.train_entries, stated, self.record)

    def _train(
        self,
        call: Call,
        first_steps: int,
        report: Report,
        stop_after: Callable[[Progress], str] | None,
        started: float,
    ) -> Progress:
        self._log_recordings(report.log)

        def after_evaluation(average: nn.Module, progress: Progress) -> None:
            if stop_after is not None:
                progress.finished = stop_after(progress)
                return
            module = self.inference_module(average)
            waves, titles = self.training.samples(module, self.prepared)
            if waves:
                report.samples(progress, waves, titles, self.recipe.model.sample_rate)
            if progress.best_step in (0, progress.step) and progress.step < progress.steps:  # else at the end
                report.phase(EXPORTING)
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
            self.family.health,
            started=started,
            resume_words=f"wavewright train --resume --out {self.out}" if self.record else "--resume",
        )
        if not call.resume:
            self._warn_of_recordings(report.log)
        elif not loop.resume():
            report.log("there is no checkpoint yet; starting from the beginning.")
        check_batch_size(loop, self.prepared.train_entries)
        if call.minutes and stop_after is None:
            loop.ending = self._rehearsed(loop, call.minutes, report, started)
        lacks_export = stop_after is not None and loop.progress.finished  # a trial that was killed after its last step
        progress = loop.run(None if lacks_export else self._extend(loop, call, first_steps))
        if processes.rank() == 0:
            is_finished, limit = bool(progress.finished), self._final_seconds(call.minutes)
            report.phase(EXPORTING)
            self.export_best(loop, report.log, is_finished, limit)
            loop.progress = progress
            loop.count_minutes()
        return progress

    @single_blas_thread()
    def _rehearsed(self, loop: Loop, minutes: float, report: Report, started: float) -> Ending:
        """Evaluate and export the network once before it is trained, and return how long that took.

        Nothing remains of it. What a call with minutes does after its last step is part of its minutes, and whether
        that takes seconds or minutes is known by trying alone. Where no minutes are left nothing is tried.
        """
        if time.monotonic() - started > 60 * minutes or processes.rank() > 0:
            return processes.broadcast(Ending())
        report.phase("timing an evaluation and an export, which the minutes include ...")
        with torch.random.fork_rng(devices=[]), hidden_path(self.out) as folder:
            torch.manual_seed(self.recipe.training.seed)
            module = self.inference_module(loop.average)
            times = [time.monotonic()]
            self.training.evaluate(module, self.prepared)
            self.training.samples(module, self.prepared)
            times.append(time.monotonic())
            with suppress(RuntimeError):  # a network that knows nothing may differ from its graph by more than allowed
                self.export(module, replace(loop.progress), folder)
            times.append(time.monotonic())
        evaluation, export = (after - before for before, after in pairwise(times))
        report.log(
            f"an evaluation takes {evaluation:.0f} s and an export {export:.0f} s; {minutes:g} minutes include them."
        )
        return processes.broadcast(Ending(evaluation, export, self._final_seconds(minutes) or 0.0))

    def _final_seconds(self, minutes: float | None) -> float | None:
        """Return the time that the family's files of a finished network may take; None: as long as they need."""
        return 60 * minutes * self.training.final_fraction if minutes else None

    def _log_recordings(self, log: Callable[[str], None]) -> None:
        """Log what is said of the recordings, whether the run begins or goes on."""
        left_out = (f"left out: {problem}" for problem in (*self.scan.failed, *self.prepared.failed))
        rates = (
            ()
            if self.family.learns_from_scores
            else notes_on_rates(self.prepared.train_entries, self.recipe.model.sample_rate)
        )
        for line in (*self.scan.notes, *left_out, *self.prepared.notes, *rates):
            log(line)

    def _warn_of_recordings(self, log: Callable[[str], None]) -> None:
        """Warn of few recordings, and of generated ones among them."""
        recordings = [entry for entry in self.prepared.train_entries if entry.generated_by is None]
        warn_of_few_clips(recordings, self.recipe.model.labels, log)
        if processes.rank() == 0:
            warn_of_marked(recordings, log)

    def steps_in(self, minutes: float) -> tuple[int, int]:
        """Time a few steps; return how many fit into some minutes, and the fastest number of threads."""
        training = self.recipe.training
        loop = Loop(self.network, self.prepared.batches, training, self.out / CHECKPOINTS, Report(self.out, True, True))
        seconds_per_step = loop.choose_threads()
        steps = steps_within(60 * STEP_FRACTION * minutes, 0, loop.stage_starts(), seconds_per_step)
        return steps, loop.progress.threads

    def set_plan(self, steps: int, evaluations: int, threads: int) -> None:
        """Plan the run before it begins: about so many steps, with equally distant evaluations, each saved."""
        every = max(1, steps // evaluations)
        training = replace(
            self.recipe.training, steps=every * evaluations, evaluate_every=every, save_every=every, threads=threads
        )
        self.recipe = replace(self.recipe, training=training)

    def _list_suspect_clips(self, average: nn.Module, progress: Progress, log: Callable[[str], None]) -> None:
        """Write the training clips that may be wrong, once, as soon as the family can identify them."""
        path = self.out / SUSPECT_FILE
        if path.is_file():
            return
        failed = self.training.suspect_clips(average, self.prepared, progress.step)
        if failed is None:
            return
        write_whole(path, "".join(f"{problem}\n" for problem in failed).encode())
        if failed:
            log(f"{len(failed)} clips may not match their texts; listen to those listed in {path}.")

    def export_best(
        self, loop: Loop, log: Callable[[str], None], is_finished: bool, final_seconds: float | None = None
    ) -> None:
        """Export the averaged weights of the best checkpoint, or of the last if no metric chooses.

        - ``is_finished``: write the family's files of a finished network too.
        - ``final_seconds``: time for these; default: as long as they need.
        """
        loop.load(BEST if (loop.folder / BEST).is_file() else LAST)
        module = self.inference_module(loop.state.average)
        self.export(module, loop.progress)
        if is_finished:
            for name, tensors in self.training.final_files(_on_cpu(module), self.prepared, final_seconds).items():
                replace_tensors(ModelFolder(self.out), name, tensors)
        check_exported(self.family, ModelFolder(self.out))
        command = self.family.command_lines(str(self.out), Card.read(self.out).config)[0]
        log(f"{self.out} contains step {loop.progress.step}: {command}")

    def export(self, module: nn.Module, progress: Progress, folder: Path | None = None) -> None:
        """Write the averaged module into the run folder, or into another one."""
        model, training = self.recipe.model, self.recipe.training
        card = Card(
            name=self.provenance.name,
            family=self.family.name,
            description=self.provenance.description,
            config=json_of(model),
            labels=list(model.labels),
            sample_rate=model.sample_rate,
            licence=self.provenance.licence,
            sources=list(self.provenance.sources),
            consent=self.consent(),
            recipe=json_of(self.recipe),
            training={
                "steps": progress.step,
                "minutes": round(progress.minutes, 1),
                "hardware": self._hardware(progress.threads),
                "wavewright": __version__,
                "torch": torch.__version__,
                **({} if self.base is None else {"earlier_runs": runs_up_to(self.base)}),
                **count_clips(self.prepared.train_entries),
            },
            metrics={name: round(value, 5) for name, value in progress.metrics.items()},
        )
        spec = self.training.export(_on_cpu(module), self.prepared)
        export_model(folder or self.out, card, spec, training.weight_bits, training.product_bits)

    def _hardware(self, threads: int) -> str:
        """Return the number of threads and the processor, or the device."""
        device = self.recipe.training.device
        return f"{threads} thread(s) of {processor_name()}" if device == "cpu" else device

    def _extend(self, loop: Loop, call: Call, first_steps: int) -> float | None:
        """Extend the plan of the run if the call asks for it; return the minutes after which the call stops."""
        loop.progress = processes.broadcast(loop.progress)  # saved below with its longer plan
        steps, minutes = call.extension(self.recipe.training.steps, self.out, loop.progress, first_steps)
        if not loop.progress.step:
            if call.more_minutes:
                raise BadSetting(f"{self.out} has done no step yet; give --max-minutes instead of --more-minutes.")
            planned = 0 if call.max_minutes else loop.progress.steps  # a plan from minutes is made anew
            loop.progress.steps = steps or first_steps or planned
            return call.max_minutes
        if steps or minutes:
            loop.extend(steps, minutes)
        return None if minutes and not call.more_minutes else call.max_minutes


def _on_cpu(module: nn.Module) -> nn.Module:
    """Return a module whose tensors are on the CPU, where graphs are traced: itself, or a copy."""
    return module if all(tensor.is_cpu for tensor in module.state_dict().values()) else copy.deepcopy(module).cpu()
