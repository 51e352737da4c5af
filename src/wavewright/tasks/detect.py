"""Detect the inaudible mark of generated sound in files and folders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .. import models
from ..audio.sound_file import open_sound
from ..base.errors import BadModel
from ..base.parameters import FREE_TEXT, Quiet
from ..base.progress_bar import progress_bar
from ..base.result import Result
from ..base.runner import each_item
from ..base.task_parameters import checked
from ..data.entry import Entry
from ..data.folder import entries_of, items_of
from ..models.folder import ModelFolder
from ..outputs.watermark.detection import MarkSearch
from ..outputs.watermark.files import FileDetection, JointDetection, detect_file, joint_detection
from ..outputs.watermark.payload import DEFAULT_KEY, Payload


@dataclass(frozen=True, kw_only=True)
class Detected(Result):
    """The marks in sound files, in their order.

    - ``together``: all of them together, which detects marks in clips that are too short one by one; None for one file.
    """

    sounds: tuple[FileDetection, ...]
    together: JointDetection | None = None

    def __str__(self) -> str:
        lines = [*map(str, self.sounds), *self.endings()]
        n_marked = sum(each.is_marked for each in self.sounds)
        lines += [f"{n_marked} of {len(self.sounds)} files marked"] if len(self.sounds) > 1 else []
        return "\n".join([*lines, *([str(self.together)] if self.together is not None else [])])


@checked
def detect(
    file: Annotated[Path, Field(description="Sound file of any length, or a folder.")],
    key: Annotated[
        str,
        Field(description="Key of the mark; the default is that of all Wavewright's marks.", min_length=1),
        FREE_TEXT,
    ] = DEFAULT_KEY,
    same_speed: Annotated[
        bool, Field(description="Do not search speeds from 0.95 to 1.05; quicker on unmarked files.")
    ] = False,
    quiet: Quiet = False,
) -> Detected:
    """Detect the inaudible mark of generated sound in a file, or in all files of a folder.

    A mark is reported if the chance that unmarked sound gives as much evidence is at most one in a million, by a bound
    that holds for every sound. Files of a folder are searched one by one and together.

    Raises BadAudio if the only file cannot be read; BadFolder if a folder contains no sound.
    """
    if not file.is_dir():
        with progress_bar(f"searching {file.name}", open_sound(file).header.seconds, quiet):
            return Detected(sounds=(detect_file(file, key, not same_speed, models_of),))
    names_of = cache(models_of)
    search = MarkSearch(key)

    def search_file(entry: Entry) -> FileDetection:
        return detect_file(entry.path, key, not same_speed, names_of, search)

    entries, unread = entries_of([file])
    title = f"searching {file.name}"
    detections, failed = each_item([*unread, *items_of(entries)], lambda: search_file, title, quiet)
    together = joint_detection(search, names_of) if len(detections) > 1 else None
    return Detected(sounds=detections, together=together, failed=failed)


def models_of(payload: Payload) -> tuple[str, ...]:
    """Return the names of the models whose hash, now or formerly, starts with the digits of a payload."""
    names = []
    for name in models.names():
        try:
            hashes = ModelFolder(models.find(name)).hashes
        except BadModel:
            continue
        if any(each.startswith(payload.model_prefix) for each in hashes):
            names.append(name)
    return tuple(names)
