"""Add generated clips to the recordings of a classifier: train a judge on the recordings, generate, filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import families, models
from ..base.errors import BadModel, BadSetting
from ..base.names import quoted
from ..base.torchrun import n_processes
from ..contracts.family import Capability
from ..contracts.recognition import is_background
from ..data.entry import Entry
from ..data.labelled import ProceduralLabels
from ..families import loading
from ..models.card import Source
from ..speech.spoken_labels import SpokenLabels
from ..speech.voice import Voice
from ..speech.voice_names import is_voice
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
from .parameters import Call
from .run import PlannedRun, Run
from .run_file import RUN_FILE
from .run_folder import GENERATED, JUDGE

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
    if Capability.CLASSIFY not in families.FAMILIES[plan.family].capabilities:
        able = [name for name, family in families.FAMILIES.items() if Capability.CLASSIFY in family.capabilities]
        raise BadSetting(
            f"--augment-with is for --family {' or '.join(able)}; other families learn from recordings alone."
        )
    if n_processes() > 1:
        raise BadSetting("--augment-with is not possible under torchrun; train the classifier in one process.")
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


def open_source(name: str, labels: Sequence[str], label_map: Sequence[tuple[str, str]]) -> ClipSource:
    """Return the source of a name: a model, a voice, procedures, or a folder of clips if no model has the name.

    A voice speaks the labels, or the texts that the map has for them; labels of the background only if it has some.
    Raises BadModel if a model neither generates clips nor speaks, BadFolder for a folder without labelled clips.
    """
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
    if not Path(name).is_dir() or (Path(name) / RUN_FILE).is_file():
        return False
    try:
        models.find(name)
    except BadModel:
        return True
    return False


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
