"""Routes of the studio: the page, and what only the page asks for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ..server.guard import read_body
from ..server.speech_request import parse_object
from .chains import chain_problem
from .descriptions import describe_all, open_details
from .page_files import page_routes
from .runs import check_training, find_sample, list_runs, show_run
from .scores import midi_of_roll, parse_roll, roll_of_midi

MAX_SCORE_BYTES = 20_000_000
MAX_CALL_BYTES = 100_000


def studio_routes(runs_folder: Path) -> list[Route]:
    """Return the routes of the page and of its requests.

    Parameters
    ----------
    runs_folder : Path
        Folder of the runs, whose curves and samples the page shows.
    """
    return [*page_routes(), *_StudioEndpoints(runs_folder).routes()]


class _StudioEndpoints:
    """Answers under ``/studio``; files are read in threads, so that speech goes on meanwhile."""

    def __init__(self, runs_folder: Path) -> None:
        self._runs_folder = runs_folder

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/studio/descriptions", self.descriptions),
            Route("/studio/models/{name}", self.model),
            Route("/studio/roll", self.roll, methods=["POST"]),
            Route("/studio/midi", self.midi, methods=["POST"]),
            Route("/studio/chain", self.chain, methods=["POST"]),
            Route("/studio/training", self.training, methods=["POST"]),
            Route("/studio/runs", self.runs),
            Route("/studio/runs/{name}", self.run),
            Route("/studio/runs/{name}/samples/{sample}", self.sample),
        ]

    async def descriptions(self, _: Request) -> Response:
        """Answer models, effects, styles and instruments."""
        return JSONResponse(await asyncio.to_thread(describe_all))

    async def model(self, request: Request) -> Response:
        """Answer what only an opened model says."""
        return JSONResponse(await asyncio.to_thread(open_details, request.path_params["name"]))

    async def roll(self, request: Request) -> Response:
        """Answer a MIDI file as notes."""
        body = await read_body(request.receive, request.headers, MAX_SCORE_BYTES)
        return JSONResponse((await asyncio.to_thread(roll_of_midi, body)).model_dump())

    async def midi(self, request: Request) -> Response:
        """Answer notes as a MIDI file."""
        body = await read_body(request.receive, request.headers, MAX_SCORE_BYTES)
        roll = await asyncio.to_thread(lambda: parse_roll(parse_object(body)))
        return Response(await asyncio.to_thread(midi_of_roll, roll), media_type="audio/midi")

    async def chain(self, request: Request) -> Response:
        """Answer why a sound cannot pass a chain of effects, or that it can."""
        call = parse_object(await read_body(request.receive, request.headers, MAX_CALL_BYTES))
        return JSONResponse({"problem": await asyncio.to_thread(chain_problem, call)})

    async def training(self, request: Request) -> Response:
        """Answer whether a training can begin: its process would find wrong settings only after some seconds."""
        call = parse_object(await read_body(request.receive, request.headers, MAX_CALL_BYTES))
        await asyncio.to_thread(check_training, self._runs_folder, call)
        return JSONResponse({})

    async def runs(self, _: Request) -> Response:
        """Answer the runs on this machine."""
        return JSONResponse({"runs": await asyncio.to_thread(list_runs, self._runs_folder)})

    async def run(self, request: Request) -> Response:
        """Answer the curves and samples of a run."""
        return JSONResponse(await asyncio.to_thread(show_run, self._runs_folder, request.path_params["name"]))

    async def sample(self, request: Request) -> Response:
        """Answer a sample of a run."""
        names = request.path_params
        path = await asyncio.to_thread(find_sample, self._runs_folder, names["name"], names["sample"])
        return FileResponse(path, media_type="audio/wav", headers={"Cache-Control": "no-cache"})
