"""Jobs of a batch: a task with its values, the files that it reads, its key, and what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from ... import models
from ...base.errors import BadFolder, BadModel, BadSetting
from ...base.files import sha256_of, short_hash_of
from ...base.json_text import JsonValue
from ...base.version import __version__
from ...base.whole_file import scratch_folder
from ...models.folder import ModelFolder
from ...speech.voice_names import find_voice
from ...tasks.catalogue import describe
from .locations import joined, local_copy, stamp_of

KEY_DIGITS = 16
"""Hexadecimal digits of a key."""


def digest_of(value: JsonValue) -> str:
    """Return hexadecimal digits that identify a JSON value, in whatever order its objects are written."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


@dataclass(frozen=True)
class BatchJob:
    """A task to run once."""

    line: int  # number of its line in the list, from 1
    task: str  # name of the task
    values: dict[str, JsonValue]  # its values by the keys of its parameters, checked; files as they were given
    base: str  # folder or URL that relative paths of files refer to

    @cached_property
    def id(self) -> str:
        """Digits that identify what the line says, whatever its files contain."""
        return digest_of([self.task, self.values])


@dataclass(frozen=True)
class InputFile:
    """A file or folder that a job read.

    - ``name``: its name without folders.
    - ``digest``: SHA-256 of its content.
    - ``stamp``: its size and time of change, or what its store has instead, by which it is recognised as unchanged;
      empty for folders.
    """

    name: str
    digest: str
    stamp: str


@dataclass(frozen=True)
class JobOutcome:
    """Outcome of a job."""

    key: str  # digits of everything that the outputs depend on
    folder: str  # name of the folder with its outputs
    inputs: dict[str, InputFile]  # the files that it read, by key of the parameter and path as given
    output: dict[str, JsonValue]  # contents of the folder's ``result.json``
    is_new: bool = True  # false if the outputs were there already


BUNDLED = "bundled"
"""Stands for the models that a task chooses by itself."""


class ModelHashes:
    """Hashes of the models that jobs name, each read once.

    Another process may have other models of these names, so that its outputs would differ.
    """

    def __init__(self) -> None:
        self._hashes: dict[str, str] = {}

    def of_job(self, job: BatchJob) -> dict[str, str]:
        """Return the hash of each model that a job names or has by default, and one of all bundled models."""
        named = {BUNDLED: self._of_bundled()}
        for parameter in describe(job.task).of_role("model"):
            name = job.values.get(parameter.key, parameter.default)
            if isinstance(name, str):
                named[parameter.key] = self._of(name)
        return named

    def _of(self, name: str) -> str:
        if name not in self._hashes:
            self._hashes[name] = _hash_of(name)
        return self._hashes[name]

    def _of_bundled(self) -> str:
        """Return a hash of the models that the names of all bundled models stand for here."""
        if BUNDLED not in self._hashes:
            self._hashes[BUNDLED] = digest_of({name: _hash_of(name) for name in models.bundled()})
        return self._hashes[BUNDLED]


def job_key(job: BatchJob, inputs: Mapping[str, InputFile], model_hashes: Mapping[str, str]) -> str:
    """Return the key of a job: equal keys have equal outputs.

    - ``inputs``: its files, whose names and contents count, not their folders.
    - ``model_hashes``: its models, see `ModelHashes`.
    """
    task = describe(job.task)
    values = {key: value for key, value in job.values.items() if f"{key}.0" not in inputs}
    for parameter in task.of_role("model"):
        if model_hashes.get(parameter.key) and parameter.key in values:
            values[parameter.key] = Path(str(values[parameter.key])).name
    return digest_of(
        {
            "wavewright": __version__,
            "task": job.task,
            "values": values,
            "inputs": {name: [file.name, file.digest] for name, file in inputs.items()},
            "models": dict(model_hashes),
        }
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files of a folder."""
    if not path.is_dir():
        return sha256_of(path)
    contents = {each.relative_to(path).as_posix(): file_digest(each) for each in path.rglob("*") if each.is_file()}
    return hashlib.sha256(repr(sorted(contents.items())).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_of(name: str) -> str:
    """Return the hash of a model, of a voice's model, or of a model's file; empty if there is none of that name."""
    if Path(name).is_file():
        return short_hash_of(Path(name))
    with suppress(BadModel):
        return ModelFolder(models.find(name)).hash
    with suppress(BadModel):
        return ModelFolder(models.find(find_voice(name)[0])).hash
    return ""


@dataclass(frozen=True)
class LocalFiles:
    """The files of a job on this machine."""

    values: dict[str, Path | list[Path]]  # paths by the keys of the parameters, as the task takes them
    inputs: dict[str, InputFile]  # description of each file, by key and index
    given: dict[str, str]  # each path on this machine, and how the job writes it


def given_paths(job: BatchJob) -> dict[str, list[str]]:
    """Return the files of a job as it writes them, by the keys of its parameters; no text that stands for a file."""
    keys = [
        parameter.key
        for parameter in describe(job.task).of_role("input")
        if parameter.key in job.values and not (parameter.takes_text and _is_text(job, job.values[parameter.key]))
    ]
    return {key: job.values[key] if isinstance(job.values[key], list) else [job.values[key]] for key in keys}


@contextmanager
def local_files(job: BatchJob) -> Iterator[LocalFiles]:
    """Yield the files of a job on this machine, with hashes of their contents; raise BadFolder if one is missing."""
    values: dict[str, Path | list[Path]] = {}
    inputs, names = {}, {}
    main = describe(job.task).main_input
    with scratch_folder() as copies:
        for key, given in given_paths(job).items():
            paths = []
            for index, name in enumerate(given):
                location = joined(job.base, name)
                stamp = stamp_of(location)
                path = local_copy(location, copies / f"{key}-{index}")
                if not _exists(path):
                    raise BadFolder(f"{path} does not exist; correct {key}.")
                if main is not None and key == main.key != "folder" and path.is_dir():
                    raise BadSetting(f"{path} is a folder, and a job works on one file; list its files, one a line.")
                inputs[f"{key}.{index}"] = InputFile(path.name, file_digest(path), stamp)
                names[str(path)] = name
                paths.append(path)
            values[key] = paths if isinstance(job.values[key], list) else paths[0]
        yield LocalFiles(values, inputs, names)


def _is_text(job: BatchJob, value: str) -> bool:
    """Return True for a value that is no file and has neither folder nor ending."""
    return PurePath(value).name == value and not PurePath(value).suffix and not _exists(Path(joined(job.base, value)))


def _exists(path: Path) -> bool:
    """Return True for a file or folder; False also for a name that no file system allows."""
    try:
        return path.exists()
    except OSError:
        return False


def are_unchanged(job: BatchJob, inputs: Mapping[str, JsonValue]) -> bool:
    """Return True if the files of a job are as recorded, by what their stores say without reading them."""
    stamps = {
        f"{key}.{index}": stamp_of(joined(job.base, path))
        for key, given in given_paths(job).items()
        for index, path in enumerate(given)
    }
    return all(stamps.values()) and stamps == {name: file.get("stamp") for name, file in inputs.items()}
