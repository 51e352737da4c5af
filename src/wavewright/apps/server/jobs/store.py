"""Uploads and jobs by their ids, within limits of number, size and age."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ....base.json_text import JsonValue
from ....base.names import quoted
from ..settings import ServerSettings
from ..speech_request import BadRequest
from .files import JobFiles, Upload, link_or_copy, n_bytes_in, remove_folder
from .pool import JobSigner, WorkerPool
from .request import PreparedTask
from .task_job import TaskJob

MOST_UPLOADS = 2_000
MOST_ENDED_JOBS = 500
SWEEP_SECONDS = 2.0
MAX_SHARE = 0.5
"""Largest fraction of the space for all files that one job may fill."""


def no_room(what: str) -> BadRequest:
    """Return the refusal of files for which there is no room."""
    return BadRequest(
        f"The server has no room for {what} more; delete uploads and jobs, or try later.", "file", "no_room", 413
    )


class JobStore:
    """All uploads and jobs of a server, within its limits."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self.job_files = JobFiles()
        self.runs_folder = settings.runs_folder.absolute()
        self.uploads: dict[str, Upload] = {}
        self.jobs: dict[str, TaskJob] = {}
        self._n_bytes: dict[str, int] = {}  # of jobs
        signer = None if settings.signing_key is None else JobSigner(settings.signing_key)
        self.pool = WorkerPool(
            settings.job_workers,
            settings.max_jobs,
            self.job_files,
            self.runs_folder,
            signer=signer,
            model_folders=settings.tools.folders,
        )
        self.long_pool = WorkerPool(1, settings.max_jobs, self.job_files, self.runs_folder, is_long=True)

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(upload.n_bytes for upload in self.uploads.values()) + sum(self._n_bytes.values())

    def find_job(self, job_id: str) -> TaskJob:
        """Return a job; raise BadRequest if there is none."""
        job = self.jobs.get(job_id)
        if job is None:
            raise BadRequest(
                f"There is no job {quoted(job_id)}; jobs are removed {self._settings.keep_minutes:g} minutes after "
                "their end.",
                "id",
                "job_not_found",
                404,
            )
        return job

    def source_of(self, reference: Mapping[str, JsonValue]) -> list[tuple[str, Path]]:
        """Return the names and paths of the files that a reference in a request stands for."""
        if "upload" in reference:
            upload = self.find_upload(str(reference["upload"]))
            upload.used_at = time.monotonic()
            return [(upload.name, upload.path)]
        job = self.find_job(str(reference["job"]))
        name = reference.get("file")
        names = [file["name"] for file in job.files]
        found = [(each, job.folder / each) for each in names if name in (None, each)]
        if not found:
            raise BadRequest(
                f"The job {job.id} has no file {quoted(str(name))}; its status lists its files.",
                "file",
                "file_not_found",
                404,
            )
        return found

    def find_upload(self, upload_id: str) -> Upload:
        """Return an upload; raise BadRequest if there is none."""
        upload = self.uploads.get(upload_id)
        if upload is None:
            raise BadRequest(
                f"There is no upload {quoted(upload_id)}; uploads are removed {self._settings.keep_minutes:g} minutes "
                "after their last use.",
                "upload",
                "upload_not_found",
                404,
            )
        return upload

    def check_room(self, n_bytes: int) -> None:
        """Make room for so many bytes, also of the oldest jobs and uploads; raise BadRequest if there is none."""
        limit = self._settings.max_files_bytes
        ended = sorted((job for job in self.jobs.values() if job.has_ended), key=lambda job: job.ended_at)
        while ended and self.n_bytes + n_bytes > limit:
            self.remove_job(ended.pop(0))
        if self.n_bytes + n_bytes > limit:
            raise no_room(f"{n_bytes / 1e6:.0f} MB")

    def add_upload(self, upload: Upload) -> None:
        """Add an upload whose file is complete; the oldest ones leave where there are too many."""
        upload.n_bytes = upload.path.stat().st_size
        self.uploads[upload.id] = upload
        while len(self.uploads) > MOST_UPLOADS:
            self.remove_upload(min(self.uploads.values(), key=lambda each: each.used_at))

    def remove_upload(self, upload: Upload) -> None:
        """Remove an upload and its file."""
        self.uploads.pop(upload.id, None)
        remove_folder(upload.path.parent)

    def pool_of(self, job: PreparedTask) -> WorkerPool:
        """Return the processes for a task."""
        return self.long_pool if job.task.description.trains else self.pool

    def submit(self, prepared: PreparedTask) -> TaskJob:
        """Add a job; raise TooManyRequests if too many wait. Called in the event loop."""
        pool = self.pool_of(prepared)
        pool.check_room()
        job_id, folder = self.job_files.new_job()
        for name, source in prepared.files.items():
            link_or_copy(source, folder / name)
        job = TaskJob(job_id, folder, prepared, asyncio.get_running_loop())
        self.jobs[job_id] = job
        pool.submit(job)
        return job

    def remove_job(self, job: TaskJob) -> None:
        """Cancel a job if it runs, and remove its files."""
        if not job.has_ended:
            self.pool_of(job.prepared).cancel(job)
        self.jobs.pop(job.id, None)
        self._n_bytes.pop(job.id, None)
        remove_folder(job.folder)

    async def sweep_forever(self) -> None:
        """Remove what is too old, and end jobs that take too long or too much space, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await asyncio.to_thread(self._measure)
            self.sweep()

    def sweep(self) -> None:
        """Remove what is too old or too much."""
        now, limits = time.monotonic(), self._settings
        oldest = now - 60 * limits.keep_minutes
        self._keep_uploads_of_running_jobs(now)
        for upload in [each for each in self.uploads.values() if each.used_at < oldest]:
            self.remove_upload(upload)
        ended = sorted((job for job in self.jobs.values() if job.has_ended), key=lambda job: job.ended_at)
        for number, job in enumerate(ended):
            if job.ended_at < oldest or number < len(ended) - MOST_ENDED_JOBS:
                self.remove_job(job)
        for job in [job for job in self.jobs.values() if job.state == "running"]:
            self._end_if_too_much(job, now)

    def _keep_uploads_of_running_jobs(self, now: float) -> None:
        """Count the uploads of jobs that have not ended as used, so that a training that is stopped can be resumed."""
        sources = {path for job in self.jobs.values() if not job.has_ended for path in job.prepared.files.values()}
        for upload in self.uploads.values():
            if upload.path in sources:
                upload.used_at = now

    def _end_if_too_much(self, job: TaskJob, now: float) -> None:
        limits = self._settings
        seconds = now - job.started_at if job.started_at else 0.0
        problem = ""
        if not job.prepared.task.description.trains and seconds > 60 * limits.job_minutes:
            problem = f"The job took more than {limits.job_minutes:g} minutes, as long as this server lets one run."
        elif self._n_bytes.get(job.id, 0) > MAX_SHARE * limits.max_files_bytes:
            problem = f"The job wrote more than {MAX_SHARE * limits.max_files_gb:g} GB; ask for less at a time."
        if problem:
            job.end("failed", problem)
            self.pool_of(job.prepared).cancel(job)

    def _measure(self) -> None:
        for job in list(self.jobs.values()):
            if job.id not in self._n_bytes or not job.has_ended or job.ended_at > time.monotonic() - 2 * SWEEP_SECONDS:
                self._n_bytes[job.id] = n_bytes_in(job.folder)
        for job_id in [each for each in self._n_bytes if each not in self.jobs]:
            self._n_bytes.pop(job_id, None)

    def close(self) -> None:
        """End all jobs and remove all files."""
        self.pool.close()
        self.long_pool.close()
        with suppress(OSError):
            self.job_files.close()
