"""What is known of the jobs of a batch: which are done, which failed, and the results of all in one file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from .inputs import are_unchanged
from .job import BadLine, BatchJob, InputFile, JobOutcome
from .keys import ModelHashes, job_key
from .store import Record, Store

DONE, FAILED, WAITING = "done", "failed", "waiting"


def record_of(job: BatchJob, outcome: JobOutcome) -> Record:
    """Return the record of a job that ended, for the log of its shard."""
    ended: Record = {"job": job.id, "time": time.time()}
    if outcome.problem:
        return {**ended, "status": FAILED, "error": outcome.problem}
    inputs = {name: asdict(file) for name, file in outcome.inputs.items()}
    output = {key: outcome.output[key] for key in ("result", "warnings", "files")}
    return {**ended, "status": DONE, "key": outcome.key, "folder": outcome.folder, "inputs": inputs, **output}


def latest_records(records: Iterable[Record]) -> dict[str, Record]:
    """Return the last record of each job, by its id."""
    return {str(record.get("job")): record for record in records}


def done_jobs(jobs: Sequence[BatchJob], records: Mapping[str, Record], store: Store) -> set[str]:
    """Return the ids of the jobs whose outputs are there, and whose files and models are as they were.

    Files whose size and time of change are as recorded are not read again.
    """
    names = store.names()
    model_hashes = ModelHashes()
    return {job.id for job in jobs if (record := records.get(job.id)) and _is_done(job, record, names, model_hashes)}


def _is_done(job: BatchJob, record: Record, names: set[str], model_hashes: ModelHashes) -> bool:
    if record.get("status") != DONE or record.get("folder") not in names:
        return False
    inputs = record["inputs"]
    if not are_unchanged(job, inputs):
        return False
    files = {name: InputFile(**file) for name, file in inputs.items()}
    return bool(record["key"] == job_key(job, files, model_hashes.of_job(job)))


def result_lines(jobs: Sequence[BatchJob | BadLine], records: Mapping[str, Record]) -> Iterator[Record]:
    """Yield the results of all jobs in the order of their list; they depend on what was done only, not on by whom."""
    for job in jobs:
        if isinstance(job, BadLine):
            yield {"line": job.line, "status": FAILED, "error": job.problem}
            continue
        line: Record = {"line": job.line, "task": job.task, "values": job.values}
        record = records.get(job.id, {"status": WAITING})
        line["status"] = record["status"]
        if record["status"] == FAILED:
            line["error"] = record["error"]
        if record["status"] == DONE:
            line["files"] = {f"{record['folder']}/{name}": digest for name, digest in record["files"].items()}
            line["result"] = record["result"]
            if record["warnings"]:
                line["warnings"] = record["warnings"]
        yield line
