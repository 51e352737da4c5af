"""The key of a job, on which its outputs depend: task, values, contents of files, models and version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ... import models
from ...base.errors import BadModel
from ...base.file_hash import sha256_of, short_hash_of
from ...base.version import __version__
from ...models.folder import ModelFolder
from ...speech.voice_names import find_voice
from ...tasks.catalogue import describe
from .job import BatchJob, InputFile, digest_of

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
