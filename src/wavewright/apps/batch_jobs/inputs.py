"""The files that jobs read: where they are, whether they are unchanged, and their contents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from ...base.errors import BadFolder, BadSetting
from ...base.json_text import JsonValue
from ...base.whole_file import scratch_folder
from ...tasks.catalogue import describe
from .job import BatchJob, InputFile
from .keys import file_digest
from .locations import joined, local_copy, stamp_of


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
