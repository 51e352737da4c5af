"""Lists of jobs: JSON lines with strange tasks, values and files, run as far as they can be."""

from __future__ import annotations

import json
import random
from pathlib import Path

from fuzz import mutate

TASKS = ("phonemes", "edit", "enhance", "synthesise", "train", "", 3, None)
VALUES: tuple[object, ...] = (
    "a.wav",
    "../a.wav",
    "/",
    "",
    "-",
    "x" * 5_000,
    "\ud800",
    "\0",
    3,
    -1e308,
    True,
    None,
    [],
    {},
)
KEYS = ("file", "source", "text", "out", "do", "name", "seed", "seconds", "workers", "é", "")


def WARM_UP() -> None:
    from wavewright.tasks.catalogue import describe

    for task in ("phonemes", "edit", "enhance", "synthesise"):
        describe(task)


def read_job_list(rng: random.Random, folder: Path) -> None:
    """Read a list of jobs, and find its files and keys; damaged lines are listed with a reason."""
    from wavewright.apps.batch_jobs.batch import read_jobs
    from wavewright.apps.batch_jobs.job import ModelHashes, job_key, local_files
    from wavewright.base.result import Failed

    (folder / "a.wav").write_bytes(b"RIFF")
    records = [_record(rng) for _ in range(rng.choice((1, 3)))]
    text = "".join(f"{mutate.json_of(rng, each) if rng.random() < 0.5 else json.dumps(each)}\n" for each in records)
    contents = mutate.encoded(rng, text)
    path = folder / "jobs.jsonl"
    path.write_bytes(mutate.bytes_of(rng, contents) if rng.random() < 0.3 else contents)
    for job in read_jobs(str(path), rng.choice((None, "edit")), rng.choice(((), ("do=gain 1dB",)))):
        if isinstance(job, Failed):
            assert job.reason.endswith((".", "?"))
            continue
        with local_files(job) as files:
            assert len(job_key(job, files.inputs, ModelHashes().of_job(job))) == len(job.id)


def _record(rng: random.Random) -> dict[str, object]:
    record: dict[str, object] = {"task": rng.choice(TASKS)}
    for _ in range(rng.randrange(4)):
        record[rng.choice(KEYS)] = rng.choice(VALUES)
    return record


READERS = {"job-lists": read_job_list}
