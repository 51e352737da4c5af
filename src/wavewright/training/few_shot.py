"""Adapt a model to few recordings: train a part of its weights, and keep its labels by clips that it generates.

References
----------
S. Mo, M. Cho, J. Shin, "Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs", 2020 (partial freezing);
N. Ruiz et al., "DreamBooth: Fine Tuning Text-to-Image Diffusion Models for Subject-Driven Generation", 2023 (what the
model itself generates preserves what it knew).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from .. import families
from ..base.errors import BadFolder, BadSetting
from ..base.names import file_stem
from ..base.ranges import RangedSettings, ranged
from ..base.torchrun import n_processes
from ..contracts.family import Capability
from ..contracts.runtime import Generator
from ..families import loading
from ..models.card import Source
from ..models.folder import ModelFolder
from ..outputs.clip_folder import OutputClip, write_clips
from ..outputs.manifest_file import MANIFEST_FILE
from .generated_clips import generated_entries
from .run import PlannedRun
from .run_folder import GENERATED

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
    prior = [label for label in base.card.labels if label not in known]
    if Capability.GENERATE not in capabilities:
        if settings.needs_prior:
            raise BadSetting(
                f"{base.card.name} generates no clips by itself, so --prior-fraction must be 0 or left out; "
                "training.base_weight keeps what it knew."
            )
        return []
    if settings.needs_prior and not prior:
        reason = "has no labels" if not base.card.labels else "has no labels that the recordings do not have"
        raise BadSetting(f"{base.card.name} {reason}, so there is nothing to keep; leave --prior-fraction out.")
    return prior


def _with_generated(plan: PlannedRun, base: ModelFolder, labels: Sequence[str], fraction: float) -> PlannedRun:
    """Return the plan with clips of the labels, so that they are this fraction of all."""
    if n_processes() > 1:
        raise BadSetting("--few-shot generates clips, which is not possible under torchrun; train in one process.")
    n_clips = max(round(fraction / (1 - fraction) * len(plan.scan.entries)), FEWEST_GENERATED * len(labels))
    folder = plan.out / GENERATED
    if not (folder / MANIFEST_FILE).is_file():
        model = loading.load_generator(base.path)
        clips = _clips(model, labels, n_clips, plan.recipe.training.seed)
        write_clips(clips, model.sample_rate, folder, "flac")
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
