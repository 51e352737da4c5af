"""Audit a model: does it recite its training recordings, whose voices does it imitate, what do its licences ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from .. import loading
from ..auditing.examination import Examined, Material, Show, examine_membership, examine_recitation
from ..auditing.membership import Membership
from ..auditing.obligations import obligations_of
from ..auditing.page import html_page
from ..auditing.recitation import Nearest
from ..auditing.recordings import Recordings, read_recordings
from ..auditing.report import RECITES, AuditReport
from ..auditing.voices import Voices, examine_voices, speaker_embedder
from ..clip_folder import OutputClip, write_clips
from ..contracts.composition import ScoreComposer
from ..contracts.runtime import Generator, Model
from ..data.entry import Entry
from ..data.folder import scan
from ..data.parameters import GroupSource, LabelSource, ManifestPath
from ..errors import BadFolder, BadModel
from ..manifest_file import MANIFEST_FILE
from ..model_results import identity
from ..names import file_stem
from ..parameters import MAX_SEED, NAMES_MODEL, Quiet, Writes
from ..progress_bar import progress_bar
from ..whole_file import check_target, write_whole
from . import checked

ENCODER = "sound-encoder"


@checked
def audit(
    model: Annotated[str, Field(description="Name of a model, or the path of its folder."), NAMES_MODEL],
    folder: Annotated[Path, Field(description="Folder or manifest of the recordings that the model learned from.")],
    held_out: Annotated[
        Path | None,
        Field(
            description="Recordings that it did not learn from; default: the splits valid and test of the manifest, or "
            "else the training recordings among each other."
        ),
    ] = None,
    count: Annotated[
        int, Field(description="Clips to generate, and recordings to continue and to score.", ge=1, le=100_000)
    ] = 200,
    voices: Annotated[
        Path | None, Field(description="Recordings of speakers, a subfolder each: which of them does it imitate?")
    ] = None,
    label_from: LabelSource = None,
    group_from: GroupSource = None,
    manifest: ManifestPath = None,
    pairs: Annotated[
        Path | None,
        Field(description="Folder to write the nearest pairs to, clip and recording beside each other."),
        Writes(),
    ] = None,
    html: Annotated[Path | None, Field(description="Page to write."), Writes(".html")] = None,
    fail: Annotated[bool, Field(description="Exit with 1 if the model recites.")] = False,
    seed: Annotated[int, Field(description="Of the clips.", ge=0, le=MAX_SEED)] = 0,
    quiet: Quiet = False,
) -> AuditReport:
    """Audit a model: recitation of training recordings, membership, voices that it imitates, licences.

    Returns
    -------
    AuditReport
        The result; its text is in plain words.

    Raises
    ------
    BadModel
        If there is no such model, it is damaged, or it composes scores.
    BadFolder
        If no recording can be used, or a page or pairs cannot be written.
    MissingExtra
        With ``voices``, without Resemblyzer.
    """
    if html is not None:
        check_target(html)
    opened = loading.load(model)
    if isinstance(opened, ScoreComposer):
        raise BadModel(
            f"{opened.name} composes scores, and an audit compares sound; `wavewright models show {opened.name}` names "
            "its sources and their licences."
        )
    training, others = _entries(folder, held_out, label_from, group_from, manifest)
    with ExitStack() as stack:

        def show(title: str, total: int) -> Callable[[float], None]:
            return stack.enter_context(progress_bar(title, total, quiet))

        material, recordings = _material(opened, training, others, show)
        notes = [f"left out: {problem}" for problem in recordings.problems]
        examined: Examined | None = None
        if isinstance(opened, Generator):
            examined = examine_recitation(opened, material, count, seed, loading.load_encoder(ENCODER), show)
        else:
            notes.append(
                f"Recitation is not examined: a model of the family {opened.card.family} generates no clips by itself."
            )
        membership = examine_membership(opened, material, count, show)
        similar = _voices(opened, model, voices, seed, show)
    notes += [part for part in (membership, similar) if isinstance(part, str)]
    recitation = None if examined is None else examined.recitation
    report = AuditReport(
        **identity(opened),
        family=opened.card.family,
        folder=folder,
        n_recordings=recordings.n_files,
        n_different=len(recordings.different),
        recitation=recitation,
        membership=membership if isinstance(membership, Membership) else None,
        voices=similar if isinstance(similar, Voices) else None,
        obligations=obligations_of(opened.card),
        notes=tuple(notes),
        pairs=pairs,
        page=html,
        exit_code=int(fail and recitation is not None and recitation.verdict == RECITES),
    )
    if pairs is not None and examined is not None:
        shown = examined.recitation.recited or examined.recitation.nearest
        _write_pairs(shown, examined.clips, material, pairs, opened)
    if html is not None:
        write_whole(html, html_page(report).encode())
    return report


def _entries(
    folder: Path, held_out: Path | None, label_from: LabelSource, group_from: GroupSource, manifest: Path | None
) -> tuple[list[Entry], list[Entry]]:
    """Return the training recordings and the held-out ones."""
    scanned = _scan(folder, label_from, group_from, manifest)
    training = [entry for entry in scanned if entry.split in (None, "train") and entry.generated_by is None]
    others = [entry for entry in scanned if entry.split in ("valid", "test")]
    if held_out is not None:
        others = _scan(held_out, label_from, group_from, None)
    if not training:
        raise BadFolder(f"{folder} has no training recordings; give the folder that the model learned from.")
    return training, others


def _scan(folder: Path, label_from: LabelSource, group_from: GroupSource, manifest: Path | None) -> list[Entry]:
    """Return the entries of a folder, by its manifest if it has one."""
    own = folder / MANIFEST_FILE
    return list(scan(folder, label_from, group_from, manifest or (own if own.is_file() else None)).entries)


def _material(
    model: Model, training: Sequence[Entry], others: Sequence[Entry], show: Show
) -> tuple[Material, Recordings]:
    """Return the recordings at the sample rate of the model, and those of the training folder with its problems."""
    recordings = read_recordings(training, model.sample_rate, show("reading", len(training)))
    held_out = read_recordings(others, model.sample_rate, show("reading", len(others))).different if others else ()
    return Material(recordings.different, held_out), recordings


def _voices(model: Model, name: str, folder: Path | None, seed: int, show: Show) -> Voices | str | None:
    """Return the similarity to recorded speakers, why there is none, or None if it was not asked for."""
    if folder is None:
        return None
    embed = speaker_embedder()
    entries = _scan(folder, None, None, None)
    recordings = read_recordings(entries, model.sample_rate, show("reading", len(entries))).different
    return examine_voices(model, name, recordings, seed, embed)


def _write_pairs(
    pairs: Sequence[Nearest], waves: Mapping[str, np.ndarray], material: Material, out: Path, model: Model
) -> None:
    """Write each clip and the recording that it is near to beside each other."""
    by_path = {each.entry.path: each.wave for each in material.training}

    def clips() -> Iterator[OutputClip]:
        for number, pair in enumerate(pairs, start=1):
            origin = {**identity(model), "clip": pair.clip, "recording": str(pair.recording)}
            for kind, wave in (("clip", waves[pair.clip]), ("recording", by_path[pair.recording])):
                yield OutputClip(wave[None], file_stem(f"{number:02d}", kind), origin)

    write_clips(clips(), model.sample_rate, out, "wav")
