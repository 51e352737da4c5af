"""Train a model as a command asks: read the folder, choose the recipe, plan the run, train it.

Adapt a model to few recordings: train a part of its weights, and keep its labels by clips that it generates.

References
----------
S. Mo, M. Cho, J. Shin, "Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs", 2020 (partial freezing);
N. Ruiz et al., "DreamBooth: Fine Tuning Text-to-Image Diffusion Models for Subject-Driven Generation", 2023 (what the
model itself generates preserves what it knew).
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import platformdirs
from rich.console import Console

from .. import families, models
from ..base.errors import BadFolder, BadSetting, unsupported
from ..base.names import file_stem, quoted
from ..base.processor import is_first, n_processes
from ..base.progress_bar import progress_reported_to
from ..base.ranges import RangedSettings, ranged
from ..base.whole_file import hidden_path
from ..contracts.family import Capability
from ..contracts.recognition import is_background
from ..contracts.runtime import Generator
from ..contracts.settings import assignments_of
from ..data.entry import Entry
from ..data.recording import MANIFEST, RECORDINGS, recordings_in
from ..families import loading
from ..models.card import Source
from ..models.consent import required_consent
from ..models.folder import ModelFolder
from ..outputs.clip_folder import OutputClip, write_clips
from ..outputs.manifest_file import MANIFEST_FILE
from .checkpoint import Progress
from .choices import DEFAULT_FAMILY, choose_recipe, open_base, scan_for
from .clip_sources import ClipSource, FolderOfClips
from .generated_clips import (
    ClipFilter,
    GeneratedCounts,
    GeneratedSettings,
    check_label_map,
    generate_for,
    generated_entries,
    pair_labels,
    read_counts,
    requested_clips,
)
from .loop import NO_LENGTH
from .parameters import Call, TrainParameters
from .provenance import provenance_of
from .report import PhaseLines
from .run import PlannedRun, Run
from .run_file import RUN_FILE
from .run_folder import (
    GENERATED,
    JUDGE,
    begins_judge,
    check_call,
    check_run_folder,
    removed_unless_begun,
    resumes_judge,
)
from .run_records.call_files import call_of, completed

# --- Add generated clips to the recordings of a classifier: train a judge on the recordings, generate, filter

JUDGE_TIME_FRACTION = 0.4  # of --max-minutes


def with_generated_clips(settings: GeneratedSettings, plan: PlannedRun) -> PlannedRun:
    """Return a plan with generated clips beside the recordings.

    A classifier is trained on the recordings alone, in the folder JUDGE of the run. Clips that it recognises, and that
    are neither copies of recordings nor far from all of them, are written into the folder GENERATED. Both are taken
    from there if the call resumes.

    - ``settings``: models, ratio and limits.
    - ``plan``: a run of a family that recognises labels.
    - returns: with more clips and sources.

    Raises BadModel if a model neither generates nor speaks, or has no labels, or BadSetting if two sources have the
    same name, labels do not match, no clip passes, or the run is none of a classifier.
    """
    from ..speech.spoken_labels import SpokenLabels  # which few trainings need

    if Capability.CLASSIFY not in families.FAMILIES[plan.family].capabilities:
        able = [name for name, family in families.FAMILIES.items() if Capability.CLASSIFY in family.capabilities]
        raise BadSetting(
            f"--augment-with is for --family {' or '.join(able)}; other families learn from recordings alone."
        )
    _check_one_process("--augment-with")
    labels = _labels_of(plan)
    sources = [open_source(name, labels, settings.label_map) for name in settings.models]
    _check_names(sources)
    if not any(isinstance(source, SpokenLabels) for source in sources):  # a voice speaks any text
        check_label_map(settings.label_map, sources)  # before anything is trained
    for source in sources:
        pair_labels(source, labels, settings.label_map)
    seed = plan.recipe.training.seed
    counts = read_counts(plan.out / GENERATED, settings, seed)
    if counts is None:
        counts = _generate(settings, plan, sources)
    entries = generated_entries(plan.out / GENERATED)
    if not plan.call.quiet:
        print(counts, flush=True)
    return replace(
        plan,
        scan=replace(plan.scan, entries=(*plan.scan.entries, *entries)),
        provenance=replace(plan.provenance, sources=(*plan.provenance.sources, *_sources(sources, entries))),
    )


def _check_one_process(option: str) -> None:
    """Raise BadSetting under torchrun for an option that generates clips."""
    if n_processes() > 1:
        raise BadSetting(f"{option} generates clips, which is not possible under torchrun; train in one process.")


def open_source(name: str, labels: Sequence[str], label_map: Sequence[tuple[str, str]]) -> ClipSource:
    """Return the source of a name: a model, a voice, procedures, or a folder of clips if no model has the name.

    A voice speaks the labels, or the texts that the map has for them; labels of the background only if it has some.
    Raises BadModel if a model neither generates clips nor speaks, BadFolder for a folder without labelled clips.
    """
    from ..data.labelled import ProceduralLabels
    from ..speech.spoken_labels import SpokenLabels
    from ..speech.voice import Voice
    from ..speech.voice_names import is_voice

    if (procedures := ProceduralLabels.named(name)) is not None:
        return procedures
    if _is_folder_of_clips(name):
        return FolderOfClips(Path(name))
    if not is_voice(name):
        return loading.load_generator(name)
    texts = {label: [text for text, target in label_map if target == label] for label in labels}
    for label, own in texts.items():
        if not own and not is_background(label):
            own.append(label.replace("_", " "))
    return SpokenLabels(Voice.load(name), {label: own for label, own in texts.items() if own})


def _is_folder_of_clips(name: str) -> bool:
    """Return whether a name is that of a folder, and not of a model, a search for settings or a run."""
    return Path(name).is_dir() and not (Path(name) / RUN_FILE).is_file() and models.search(name) is None


def _check_names(sources: Sequence[ClipSource]) -> None:
    """Raise BadSetting if two sources have the same name, which the files and counts of their clips have, too."""
    for name, n_sources in Counter(source.name for source in sources).items():
        if n_sources > 1:
            raise BadSetting(f"--augment-with has {n_sources} sources named {quoted(name)}; rename or leave out one.")


def _labels_of(plan: PlannedRun) -> tuple[str, ...]:
    """Return the labels of the recordings."""
    return tuple(sorted({label for entry in plan.scan.entries for label in entry.all_labels}))


def _generate(settings: GeneratedSettings, plan: PlannedRun, sources: Sequence[ClipSource]) -> GeneratedCounts:
    """Train the judge, and generate the clips that it accepts."""
    out = plan.out / JUDGE
    judge_run = Run(out, plan.family, plan.recipe, plan.scan, replace(plan.provenance, name=JUDGE), base=plan.base)
    minutes = plan.call.max_minutes and JUDGE_TIME_FRACTION * plan.call.max_minutes
    judge_run.train(Call(max_minutes=minutes, resume=(out / RUN_FILE).is_file(), quiet=plan.call.quiet))
    judge = loading.load_classifier(out)
    waves, labels = judge_run.prepared.labelled_clips()
    requested = requested_clips(judge_run.prepared.train_entries, judge.labels, settings.ratio)
    accept = ClipFilter(judge, waves, labels, settings.min_confidence)
    return generate_for(plan.out / GENERATED, sources, requested, settings, accept, plan.recipe.training.seed)


def _sources(clip_sources: Sequence[ClipSource], entries: Sequence[Entry]) -> list[Source]:
    """Return sources of clips as sources of the card, with the number of their clips."""
    n_clips = Counter(entry.generated_by for entry in entries)
    return [
        Source(
            name=source.name,
            licence=source.licence,
            origin="clips generated by this source",
            n_clips=n_clips[source.name],
        )
        for source in clip_sources
    ]


FEWEST_GENERATED = 8
"""Clips of each label to keep, however few recordings there are."""
FEWEST_RECORDINGS = 5
"""Recordings of a label to adapt to: four to learn from, one for validation."""


@dataclass(frozen=True)
class FewShotSettings(RangedSettings):
    """Settings of an adaptation.

    - ``prior_fraction``: fraction of the clips to learn from that the base generates, for its labels that the
      recordings do not have; of each, there are at least `FEWEST_GENERATED`.
    - ``needs_prior``: raise BadSetting if there is no such label.
    """

    prior_fraction: float = ranged(0.5, 0.0, 0.9)
    needs_prior: bool = False


def adapted(settings: FewShotSettings, plan: PlannedRun) -> PlannedRun:
    """Return a plan that trains a part of the weights, on the recordings and on clips of the labels to keep.

    The clips are written into the folder GENERATED of the run, and taken from there if the call resumes.

    - ``settings``: fraction of generated clips.
    - ``plan``: a run that starts from a model.

    Raises BadSetting if the family has no adaptation, or there is nothing to keep, or BadFolder if a label has fewer
    recordings than `FEWEST_RECORDINGS`.
    """
    base = plan.base
    assert base is not None  # which the option needs
    family = families.family(base.card.family)
    if not family.few_shot_frozen:
        able = ", ".join(name for name, each in families.FAMILIES.items() if each.few_shot_frozen)
        raise BadSetting(f"--few-shot is for the families {able}, and {base.card.name} is of {family.name}.")
    _check_counts(plan)
    names = family.initial_weights(base, base.config(family.config))
    usual = tuple(prefix for prefix in family.few_shot_frozen if any(name.startswith(prefix) for name in names))
    training = replace(plan.recipe.training, frozen=plan.recipe.training.frozen or usual)
    plan = replace(plan, recipe=replace(plan.recipe, training=training))
    prior = _prior_labels(base, family.capabilities, plan, settings) if settings.prior_fraction else []
    return _with_generated(plan, base, prior, settings.prior_fraction) if prior else plan


def _check_counts(plan: PlannedRun) -> None:
    """Raise BadFolder for a label that training would leave out for its few recordings."""
    counts = Counter(entry.label for entry in plan.scan.entries if entry.label is not None)
    for label, count in sorted(counts.items()):
        if count < FEWEST_RECORDINGS:
            raise BadFolder(
                f"The label {label!r} has {count} recordings; --few-shot needs {FEWEST_RECORDINGS} or more of each: "
                "add some, or remove the label."
            )


def _prior_labels(
    base: ModelFolder, capabilities: frozenset[Capability], plan: PlannedRun, settings: FewShotSettings
) -> list[str]:
    """Return the labels of the base that the recordings do not have; raise BadSetting if there must be some."""
    known = {label for entry in plan.scan.entries for label in entry.all_labels}
    can_generate = Capability.GENERATE in capabilities
    prior = [label for label in base.card.labels if label not in known and can_generate]
    if settings.needs_prior and not prior:
        reason = "has no labels that the recordings do not have" if can_generate else "generates no clips by itself"
        raise unsupported(base.card.name, f"{reason}, so there is nothing to keep", "--prior-fraction")
    return prior


def _with_generated(plan: PlannedRun, base: ModelFolder, labels: Sequence[str], fraction: float) -> PlannedRun:
    """Return the plan with clips of the labels, so that they are this fraction of all."""
    _check_one_process("--few-shot")
    n_clips = max(round(fraction / (1 - fraction) * len(plan.scan.entries)), FEWEST_GENERATED * len(labels))
    folder = plan.out / GENERATED
    if not (folder / MANIFEST_FILE).is_file():
        model = loading.load_generator(base.path)
        clips = _clips(model, labels, n_clips, plan.recipe.training.seed)
        plan.out.mkdir(parents=True, exist_ok=True)
        with hidden_path(plan.out) as hidden:  # where it is in no later call's way if this one is killed
            write_clips(clips, model.sample_rate, hidden, "flac")
            hidden.rename(folder)
    entries = generated_entries(folder)
    source = Source(
        name=base.card.name, licence=base.card.licence, origin="clips generated by this model", n_clips=len(entries)
    )
    return replace(
        plan,
        scan=replace(plan.scan, entries=(*plan.scan.entries, *entries)),
        provenance=replace(plan.provenance, sources=(*plan.provenance.sources, source)),
    )


def _clips(model: Generator, labels: Sequence[str], n_clips: int, seed: int) -> Iterator[OutputClip]:
    """Yield clips of each label in turn, and of each speaker if the model has some."""
    speakers = cast("Sequence[str]", model.folder.card.config.get("speakers", ()))
    for index in range(n_clips):
        turn, number = divmod(index, len(labels))
        choice = {"speaker": speakers[turn % len(speakers)]} if speakers else {}
        wave = model.generate(labels[number], 1, seed, index, **choice)[0]
        origin = {"model": model.name, "model_hash": model.folder.hash, "label": labels[number], **choice}
        stem = file_stem(model.name, labels[number], f"s{seed}", f"{index:04d}")
        yield OutputClip(wave, stem, origin | {"seed": seed, "index": index})


def train(given: TrainParameters, started: float | None = None) -> Progress:
    """Train a model of a family on a folder of recordings.

    Raises WavewrightError for everything that cannot work, before anything is written.

    - ``given``: what the command gives.
    - ``started``: when the minutes of the call began, as :func:`time.monotonic` counts; default: now.
    """
    started = time.monotonic() if started is None else started
    out = given.run_folder()
    given = replace(given, set=assignments_of(given.set))
    if given.recordings is not None and not given.resume:
        given = replace(given, folder=out / RECORDINGS / MANIFEST)
    if given.resume:
        given = completed(out, given)
    has_judge = resumes_judge(out, given.resume)
    call = replace(given, resume=given.resume and not has_judge)
    check_call(out, call)
    if given.folder is None:
        raise BadSetting("There is nothing to train on; give a folder of recordings, or a manifest.")
    permission, changed = given.permission(), _changed_by(given)
    _move_compile_cache()
    base = None if given.from_ is None else open_base(given.from_, given.family)
    family = given.family or (DEFAULT_FAMILY if base is None else base.card.family)
    speech = () if given.speech is None else (f"data.speech={given.speech.resolve()}",)
    recipe = choose_recipe(family, given.size, (*assignments_of(given.set), *speech), given.device, base)
    if not (recipe.training.steps or given.max_minutes or given.resume):
        raise BadSetting(NO_LENGTH)
    if not has_judge:
        check_run_folder(out, given.folder)
    if families.family(family).imitates_voices and not given.resume:
        required_consent(permission.consent, permission.licence)
    lines = PhaseLines(Console(stderr=True, quiet=given.quiet or not is_first()).print)
    recordings = None if given.resume else given.recordings
    with (
        removed_unless_begun(out),
        recordings_in(recordings, given.folder.parent, lambda: (out / RUN_FILE).is_file() or begins_judge(out)),
    ):
        with progress_reported_to(lines):
            scanned = scan_for(family, given.folder, given)
        provenance = provenance_of(out, family, scanned, given.folder, permission, base)
        plan = changed(PlannedRun(out, family, recipe, scanned, provenance, base, call))
        with progress_reported_to(lines):
            record = call_of(out, given.folder, given)
            run = Run(out, family, plan.recipe, plan.scan, plan.provenance, base=base, record=record)
        return run.train(call, started=started)


def _changed_by(given: TrainParameters) -> Callable[[PlannedRun], PlannedRun]:
    """Return what changes the plan of a run: generated clips, an adaptation to few recordings, or nothing."""
    if given.few_shot:
        fraction = given.prior_fraction
        settings = FewShotSettings() if fraction is None else FewShotSettings(fraction, needs_prior=fraction > 0)
        return partial(adapted, settings)
    if given.augment_with:
        return partial(with_generated_clips, GeneratedSettings.of(given))
    return lambda plan: plan


def _move_compile_cache() -> None:
    """Move PyTorch's compile cache into Wavewright's cache folder, from a temporary folder named after the user."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(platformdirs.user_cache_path("wavewright") / "torch"))
