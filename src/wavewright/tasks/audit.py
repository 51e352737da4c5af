"""Audit a model: does it recite what it learned from, whose voices does it imitate, what do its licences ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..auditing.examination import Examined, Material, Show, examine_membership, examine_recitation
from ..auditing.membership import Membership, loss_name
from ..auditing.memorisation import RECITES
from ..auditing.recitation import Nearest
from ..auditing.recordings import Recordings, level_of, read_recordings
from ..auditing.report import AuditReport, html_page, obligations_of
from ..auditing.score_examination import examine_scores, read_scores_of
from ..auditing.voices import Voices, examine_voices, speaker_embedder
from ..base.errors import BadFolder, BadModel, shortened, unsupported
from ..base.names import file_stem
from ..base.parameters import MAX_SEED, NAMES_MODEL, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.task_parameters import parameters_from
from ..base.whole_file import check_target, write_whole
from ..contracts.composition import ScoreComposer
from ..contracts.family import Capability
from ..contracts.runtime import AcousticModel, Encoder, Generator, Model, identity
from ..data.entry import Entry
from ..data.parameters import FolderParameters
from ..families import loading
from ..outputs.clip_folder import OutputClip, write_clips
from ..outputs.manifest_file import MANIFEST_FILE

ENCODER = "sound-encoder"
PAIR_KINDS = ("clip", "recording")
"""Of the files of a pair that is written."""


@dataclass(frozen=True)
class AuditParameters(FolderParameters):
    """Parameters of `audit`."""

    model: Annotated[str, Field(description="Name of a model, or the path of its folder."), NAMES_MODEL]
    folder: Annotated[
        Path, Field(description="Folder or manifest of the recordings, or folder of the scores, that it learned from.")
    ]
    held_out: Annotated[
        Path | None,
        Field(
            description="Recordings that it did not learn from; default: the splits valid and test of the manifest, or "
            "else the training recordings among each other."
        ),
    ] = None
    count: Annotated[
        int,
        Field(description="Clips or pieces to generate, and recordings to continue and to score.", ge=1, le=100_000),
    ] = 200
    voices: Annotated[
        Path | None, Field(description="Recordings of speakers, a subfolder each: which of them does it imitate?")
    ] = None
    pairs: Annotated[
        Path | None,
        Field(description="Folder to write the nearest pairs to, clip and recording beside each other."),
        Writes(),
    ] = None
    html: Annotated[Path | None, Field(description="Page to write."), Writes(".html", is_only=True)] = None
    fail: Annotated[bool, Field(description="Exit with 1 if the model recites.")] = False
    seed: Annotated[int, Field(description="Of the clips.", ge=0, le=MAX_SEED)] = 0
    quiet: Quiet = False


@parameters_from(AuditParameters)
def audit(given: AuditParameters) -> AuditReport:
    """Audit a model: recitation of training recordings or scores, membership, voices that it imitates, licences.

    Returns
    -------
    AuditReport
        The result; its text is in plain words.

    Raises
    ------
    BadModel
        If there is no such model, it is damaged, or nothing can be asked of it.
    BadFolder
        If no recording or score can be used, none has a label of the model, or a page or pairs cannot be written.
    BadSetting
        For an option of recordings, if the model composes scores.
    MissingExtra
        With ``voices``, without Resemblyzer.
    """
    html = given.html
    if html is not None:
        check_target(html)
    opened = _auditable(given.model, given.voices)
    with ExitStack() as stack:

        def show(title: str, total: int) -> Callable[[float], None]:
            return stack.enter_context(progress_bar(title, total, given.quiet))

        if isinstance(opened, ScoreComposer):
            _refuse_options_of_sound(given, opened)
            report = _report_on_scores(opened, given, show)
        else:
            report = _report_on_sound(opened, given, show)
    report = replace(report, page=html, must_fail=given.fail and report.verdict == RECITES)
    if html is not None:
        write_whole(html, html_page(report).encode())
    return report


def _auditable(name: str, voices: Path | None) -> Model:
    """Open a model that something can be asked of; raise BadModel for others."""
    model = loading.load(name)
    capabilities = loading.family_of(model.card, model.folder.path).capabilities_of(model.card.config)
    can_make = isinstance(model, ScoreComposer) or Capability.GENERATE in capabilities
    if can_make or loss_name(model) or (isinstance(model, AcousticModel) and voices is not None):
        return model
    reason = (
        "only its voices can be examined; give --voices"
        if isinstance(model, AcousticModel)
        else "it generates nothing by itself and has no loss of recordings; give a model that generates clips, "
        f"composes or codes. `wavewright models show {model.name}` names its sources and their licences"
    )
    raise BadModel(f"{model.name} is of the family {model.card.family}: {reason}.")


def _refuse_options_of_sound(given: AuditParameters, model: Model) -> None:
    """Raise BadSetting for an option that says nothing of scores."""
    for name in ("voices", *(each.name for each in fields(FolderParameters)), "pairs"):
        if getattr(given, name) is not None:
            raise unsupported(model.name, "learned from scores, not recordings", f"--{name.replace('_', '-')}")


def _report_on_scores(composer: ScoreComposer, given: AuditParameters, show: Show) -> AuditReport:
    """Return the report on a composer."""
    material = read_scores_of(given.folder, given.held_out)
    recitation, membership = examine_scores(composer, material, given.count, given.seed, show)
    return AuditReport(
        **identity(composer),
        family=composer.card.family,
        folder=given.folder,
        n_recordings=len(material.training),
        n_different=material.n_different,
        recitation=recitation,
        membership=membership if isinstance(membership, Membership) else None,
        voices=None,
        obligations=obligations_of(composer.card),
        notes=(*_sources_note(composer, len(material.training)), *_reasons(membership)),
        failed=material.failed,
    )


def _report_on_sound(model: Model, given: AuditParameters, show: Show) -> AuditReport:
    """Return the report on a model that generates or codes sound, and write its nearest pairs if they are asked for."""
    training, others = _entries(model, given)
    n_clips = len(training) + (len(others) if given.held_out is None else 0)
    material, recordings = _material(model, training, others, show)
    notes: list[str] = []
    examined: Examined | None = None
    if isinstance(model, Generator):
        encoder = _encoder()
        if encoder is None:
            notes.append(f"The clips are not compared by an embedding: {ENCODER} is not installed.")
        examined = examine_recitation(model, material, given.count, given.seed, encoder, show)
    else:
        notes.append(
            f"Recitation is not examined: a model of the family {model.card.family} generates no clips by itself."
        )
    membership = examine_membership(model, material, given.count, show)
    similar = _voices(model, given, show)
    if given.pairs is not None and examined is not None:
        shown = examined.recitation.recited or examined.recitation.nearest
        _write_pairs(shown, examined.clips, material, given.pairs, model)
    return AuditReport(
        **identity(model),
        family=model.card.family,
        folder=given.folder,
        n_recordings=recordings.n_files,
        n_different=len(recordings.different),
        recitation=None if examined is None else examined.recitation,
        membership=membership if isinstance(membership, Membership) else None,
        voices=similar if isinstance(similar, Voices) else None,
        obligations=obligations_of(model.card),
        notes=(*notes, *_sources_note(model, n_clips), *_reasons(membership, similar)),
        failed=recordings.failed,
        pairs=given.pairs,
    )


def _encoder() -> Encoder | None:
    """Return the encoder of the embedding; None where it is not installed."""
    try:
        return loading.load_encoder(ENCODER)
    except BadModel:
        return None


def _reasons(*parts: object) -> list[str]:
    """Return the reasons why parts are missing."""
    return [part for part in parts if isinstance(part, str)]


def _sources_note(model: Model, n_clips: int) -> list[str]:
    """Return a note if the card says that the model learned from more than the folder has."""
    n_named = sum(source.n_clips or 0 for source in model.card.sources)
    if n_named <= n_clips:
        return []
    return [f"The card names {n_named} training clips, and the folder has {n_clips}: the others were not examined."]


def _entries(model: Model, given: AuditParameters) -> tuple[list[Entry], list[Entry]]:
    """Return the training recordings and the held-out ones; raise BadFolder if no label is one of the model."""
    folder = given.folder
    scanned = _scan(folder, given)
    training = [entry for entry in scanned if entry.split in (None, "train") and entry.generated_by is None]
    others = [entry for entry in scanned if entry.split in ("valid", "test")]
    if given.held_out is not None:
        others = _scan(given.held_out, replace(given, manifest=None))
    if not training:
        raise BadFolder(f"{folder} has no training recordings; give the folder that the model learned from.")
    labels = sorted({entry.label for entry in training if entry.label is not None})
    if model.labels and labels and not set(labels) & set(model.labels):
        raise BadFolder(
            f"The recordings in {folder} are labelled {shortened(', '.join(labels))}, and {model.name} learned "
            f"{shortened(', '.join(model.labels))}; give the folder that it learned from, or --label-from."
        )
    return training, others


def _scan(folder: Path, source: FolderParameters) -> list[Entry]:
    """Return the entries of a folder, by its manifest if it has one."""
    own = folder / MANIFEST_FILE
    manifest = source.manifest or (own if own.is_file() else None)
    return list(replace(source, manifest=manifest).scan(folder).entries)


def _material(
    model: Model, training: Sequence[Entry], others: Sequence[Entry], show: Show
) -> tuple[Material, Recordings]:
    """Return the recordings at the sample rate of the model, and those of the training folder."""
    level = level_of(model.card)
    recordings = read_recordings(training, model.sample_rate, show("reading", len(training)), level)
    if not others:
        return Material(recordings.different, ()), recordings
    held_out = read_recordings(others, model.sample_rate, show("reading", len(others)), level)
    return Material(recordings.different, held_out.different), recordings


def _voices(model: Model, given: AuditParameters, show: Show) -> Voices | str | None:
    """Return the similarity to recorded speakers, why there is none, or None if it was not asked for."""
    if given.voices is None:
        return None
    embed = speaker_embedder()
    entries = _scan(given.voices, FolderParameters())
    recordings = read_recordings(entries, model.sample_rate, show("reading", len(entries))).different
    return examine_voices(model, given.model, recordings, given.seed, embed)


def _write_pairs(
    pairs: Sequence[Nearest], waves: Mapping[str, np.ndarray], material: Material, out: Path, model: Model
) -> None:
    """Write each clip and the recording that it is near to beside each other."""
    by_path = {each.entry.path: each.wave for each in material.training}

    def clips() -> Iterator[OutputClip]:
        for number, pair in enumerate(pairs, start=1):
            origin = {**identity(model), "clip": pair.clip, "recording": str(pair.recording)}
            for kind, wave in zip(PAIR_KINDS, (waves[pair.clip], by_path[pair.recording]), strict=True):
                yield OutputClip(wave[None], file_stem(f"{number:02d}", kind), origin)

    write_clips(clips(), model.sample_rate, out, "wav")
