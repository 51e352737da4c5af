"""Routes of the studio: the page, and what only the page asks for."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..server.guard import read_body
from ..server.speech_request import parse_object
from .descriptions import describe_all, open_details
from .page_files import page_routes
from .scores import midi_of_roll, parse_roll, roll_of_midi

MAX_SCORE_BYTES = 20_000_000


def studio_routes() -> list[Route]:
    """Return the routes of the page and of its requests."""
    return [
        *page_routes(),
        Route("/studio/descriptions", _descriptions),
        Route("/studio/models/{name}", _model),
        Route("/studio/roll", _roll, methods=["POST"]),
        Route("/studio/midi", _midi, methods=["POST"]),
    ]


async def _descriptions(_: Request) -> Response:
    return JSONResponse(await run_in_threadpool(describe_all))


async def _model(request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(open_details, request.path_params["name"]))


async def _roll(request: Request) -> Response:
    """Answer a MIDI file as notes."""
    body = await read_body(request.receive, request.headers, MAX_SCORE_BYTES)
    return JSONResponse((await asyncio.to_thread(roll_of_midi, body)).model_dump())


async def _midi(request: Request) -> Response:
    """Answer notes as a MIDI file."""
    body = await read_body(request.receive, request.headers, MAX_SCORE_BYTES)
    roll = parse_roll(parse_object(body))
    return Response(await asyncio.to_thread(midi_of_roll, roll), media_type="audio/midi")
