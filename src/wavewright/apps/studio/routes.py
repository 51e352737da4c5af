"""Routes of the studio: the page, and what only the page asks for."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ... import families, models
from ...audio.sound_file import SoundFormat
from ...base.errors import BadAudio, BadModel, BadSetting, training_problem
from ...base.json_text import JsonValue
from ...base.names import name_problem, quoted
from ...contracts.composition import ScoreComposer
from ...contracts.family import Capability
from ...contracts.morphing import Morpher
from ...contracts.runtime import Generator
from ...contracts.settings import override
from ...effects.editing.chain import Chain
from ...effects.editing.effects_with_files import FILE_EFFECTS
from ...effects.levels import Gain
from ...families import loading
from ...models.card import CARD_FILE
from ...models.folder import ModelFolder
from ...music.accompaniment import style_names
from ...music.rules import PRESETS
from ...speech.prosody import MAX_STRENGTH, STYLES, USUAL_STRENGTH
from ...synth import patch_names
from ...tasks.list_effects import list_effects
from ...training.run_file import CHECKPOINTS, LAST, RUN_FILE
from ...training.run_records.records import RunRecord, read_plan, read_run
from ..server.compression import text_route
from ..server.guard import read_body
from ..server.speech_request import BadRequest, parse_object
from .examples import example_file
from .mixes import describe_sections, movable_settings, read_mix
from .scores import midi_of_roll, parse_roll, roll_of_midi

SAMPLES = "samples"
SAMPLE = re.compile(r"step-(\d+)\.wav")
MOST_SAMPLES = 30
MOST_POINTS = 400
"""Points of a curve that the page draws."""


def list_runs(folder: Path) -> list[dict[str, object]]:
    """Return the runs of a folder with their families, in the order of their names."""
    return [{"name": path.name, "family": read_run(path).family} for path in _run_folders(folder)]


def show_run(folder: Path, name: str) -> dict[str, object]:
    """Return one run: step, minutes, minutes that its plan has left, curves, warnings and samples.

    Raises BadRequest if there is no such run.
    """
    path = _find(folder, name)
    record = read_run(path)
    plan = read_plan(path)
    samples = sorted((path / SAMPLES).glob("step-*.wav"))[-MOST_SAMPLES:]
    return {
        "name": name,
        "family": record.family,
        "step": record.step,
        "minutes": record.minutes,
        "minutes_left": plan and round(plan.minutes_left, 3),
        "is_model": (path / CARD_FILE).is_file(),
        "problem": record.problem,
        "warnings": [f"Step {step}: {text}" for step, text in record.warnings],
        "curves": _thinned(record),
        "samples": [
            {"name": sample.name, "step": int(match[1]), "url": f"/studio/runs/{name}/samples/{sample.name}"}
            for sample in samples
            if (match := SAMPLE.fullmatch(sample.name))
        ],
    }


def find_sample(folder: Path, name: str, sample: str) -> Path:
    """Return the file of a sample; raise BadRequest if there is none."""
    found = [path for path in (_find(folder, name) / SAMPLES).glob("step-*.wav") if path.name == sample]
    if not found:
        raise BadRequest(f"The run {quoted(name)} has no sample {quoted(sample)}.", "sample", status=404)
    return found[0]


def check_training(folder: Path, call: Mapping[str, JsonValue]) -> None:
    """Check the name, the family, the size and the settings with which a training is to begin or to resume.

    With ``is_draft`` only these: the consent, and whether the name is free, count when it begins.

    Raises BadSetting for the first that cannot be used, or BadRequest if there is no run to resume.
    """
    name, size = str(call.get("out", "")), str(call.get("size", "small"))
    problem = name_problem(name, is_file=True)
    if problem is not None:
        raise BadSetting(f"The name of the model {problem}; give one such as my-drums.")
    family = families.family(str(call.get("family", "")))
    if size not in family.sizes:
        raise BadSetting(f"There is no size {quoted(size)}; {family.name} has {', '.join(family.sizes)}.")
    settings = call.get("set", [])
    override(family.recipe(size), [str(each) for each in settings] if isinstance(settings, list) else [])
    if call.get("is_draft"):
        return
    path = folder / name
    if call.get("resume"):
        _find(folder, name)
    elif (path / CHECKPOINTS / LAST).is_file() or (path / CARD_FILE).is_file():
        raise BadSetting(f"There is a run {quoted(name)} already; press Resume, or give the model another name.")
    if family.imitates_voices and not call.get("i_have_consent") and not call.get("resume"):
        raise BadSetting("A voice needs the consent of its speaker; tick the box if you have it.")


def _find(folder: Path, name: str) -> Path:
    found = [path for path in _run_folders(folder) if path.name == name]
    if not found:
        raise BadRequest(f"There is no run {quoted(name)}; start a training first.", "name", status=404)
    return found[0]


def _run_folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob(f"*/{RUN_FILE}") if not path.parent.is_symlink())


def _thinned(record: RunRecord) -> dict[str, list[tuple[int, float]]]:
    """Return the curves with at most MOST_POINTS points, the last one always."""
    curves = {}
    for name, curve in record.curves.items():
        stride = -(-len(curve) // MOST_POINTS)
        curves[name] = curve[::-1][::stride][::-1]
    return curves


_STYLE_STRENGTH = {
    "type": "number",
    "description": "Strength of the style: 0 is neutral.",
    "minimum": 0,
    "maximum": MAX_STRENGTH,
    "default": USUAL_STRENGTH,
    "form": {"step": 0.1},
}
"""The number after a style, such as that of ``sad:0.6``, as the tasks describe their parameters."""


def describe_all() -> dict[str, object]:
    """Return all that the page chooses from."""
    described = [description for name in models.names() if (description := describe_model(name))]
    return {
        "models": described,
        "styles": list(STYLES),
        "style_strength": _STYLE_STRENGTH,
        "effects": _effects(),
        "mix": describe_sections(),
        "patches": list(patch_names()),
        "pieces": [_piece(name) for name in PRESETS.names],
        "accompaniments": list(style_names()),
        "families": [
            {
                "name": family.name,
                "summary": families.SUMMARIES[family.name],
                "sizes": list(family.sizes),
                "bases": [each["name"] for each in described if each["family"] == family.name],
            }
            for family in families.FAMILIES.values()
        ],
        "training_problem": training_problem(),
    }


def describe_model(name: str) -> dict[str, object] | None:
    """Return a model by its card, or None if it is damaged."""
    try:
        folder = models.find(name)
        card = loading.read_card(folder)
    except BadModel:
        return None
    capabilities = families.FAMILIES[card.family].capabilities_of(card.config)
    return {
        "name": name,
        "title": f"{name} ({card.family}, {_rate(card.sample_rate)})",
        "description": card.description,
        "family": card.family,
        "sample_rate": card.sample_rate,
        "labels": list(card.labels),
        "speakers": list(card.speakers),
        "licence": card.licence,
        "bytes": _n_bytes(folder),
        "can_generate": Capability.GENERATE in capabilities,
        "can_compose": Capability.COMPOSE in capabilities,
        "can_perform": Capability.PERFORM in capabilities,
        "can_enhance": Capability.ENHANCE in capabilities,
        "can_morph": Capability.MORPH in capabilities,
        "can_encode": Capability.AUTOENCODE in capabilities,
    }


def open_details(name: str) -> dict[str, object]:
    """Return what only an opened model says: options of `generate`, attributes of `adjust`, key and traits of scores.

    Raises BadModel if there is no such model, or it is damaged.
    """
    return _details(name, ModelFolder(models.find(name)).hash)


@cache
def _details(name: str, _: str) -> dict[str, object]:
    """Return the details of a model, opened once for each hash."""
    model = loading.load(name)
    return {
        "options": list(model.options) if isinstance(model, Generator) else [],
        "has_key": isinstance(model, ScoreComposer) and model.has_pitches,
        "traits": list(model.traits) if isinstance(model, ScoreComposer) else [],
        "attributes": [asdict(each) for each in model.attributes] if isinstance(model, Morpher) else [],
    }


@cache
def _piece(name: str) -> dict[str, object]:
    """Return a piece with the numbers of bars that it may have: a multiple, and the fewest."""
    piece = PRESETS.load(name)
    return {"name": name, "multiple": piece.n_sections, "fewest": piece.fewest_bars}


@cache
def _effects() -> list[dict[str, object]]:
    return [asdict(effect) for effect in list_effects().details["effects"]]


def _rate(sample_rate: int) -> str:
    return f"{sample_rate / 1000:g} kHz"


def _n_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


CHANNELS, SAMPLE_RATES_HZ, SECONDS = (1, 256), (1_000, 768_000), (0, 360_000)


def chain_problem(call: Mapping[str, JsonValue]) -> str:
    """Return why `edit` would refuse a chain for a sound; empty if nothing is known against it.

    - ``call``: ``chain``, and of the sound ``channels``, ``sample_rate`` in Hz and ``seconds``; without ``channels``
      only the chain itself is checked. Steps that bring in a file are taken to fit.

    Raises BadRequest if the values are none of a sound.
    """
    try:
        chain = Chain.parse(str(call.get("chain", "")))
        if "channels" in call:
            source = SoundFormat(
                round(_number(call, "sample_rate", SAMPLE_RATES_HZ)),
                round(_number(call, "channels", CHANNELS)),
                _number(call, "seconds", SECONDS),
            )
            kinds = tuple(FILE_EFFECTS.values())
            Chain(tuple(Gain() if isinstance(effect, kinds) else effect for effect in chain.effects)).formats(source)
    except (BadSetting, BadAudio) as error:
        return str(error)
    return ""


def _number(call: Mapping[str, JsonValue], name: str, limits: tuple[float, float]) -> float:
    value = call.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not limits[0] <= value <= limits[1]:
        raise BadRequest(f"{name} must be a number from {limits[0]:g} to {limits[1]:g}.", name)
    return value


PAGE = "page"
INDEX = "index.html"

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

EXAMPLE_TYPES = {
    ".wav": "audio/wav",
    ".mid": "audio/midi",
    ".json": "application/json",
    ".srt": "text/plain; charset=utf-8",
}

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing is loaded from, or sent to, another host; scripts and styles are files of the page, none is inline."""


def page_routes() -> list[Route]:
    """Return a route for each file of the page; the page itself is at ``/``."""
    folder = resources.files(__package__).joinpath(PAGE)
    files = {file.name: file.read_bytes() for file in folder.iterdir() if _suffix(file.name) in MEDIA_TYPES}
    routes = [text_route(f"/{name}", _PageFile(name, contents)) for name, contents in sorted(files.items())]
    return [text_route("/", _PageFile(INDEX, files[INDEX])), *routes]


class _PageFile:
    """An ASGI application that answers one file, or that the browser's copy is up to date."""

    def __init__(self, name: str, contents: bytes) -> None:
        self._contents = contents
        self._type = MEDIA_TYPES[_suffix(name)]
        self._tag = f'"{hashlib.sha256(contents).hexdigest()[:16]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "ETag": self._tag}
        if request.headers.get("if-none-match") == self._tag:
            await Response(status_code=304, headers=headers)(scope, receive, send)
            return
        headers["Content-Type"] = self._type
        await Response(self._contents, headers=headers)(scope, receive, send)


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]


MAX_SCORE_BYTES = 20_000_000
MAX_CALL_BYTES = 100_000


def studio_routes(runs_folder: Path) -> list[Route]:
    """Return the routes of the page and of its requests; it shows the curves and samples of the runs in a folder."""
    return [*page_routes(), *_StudioEndpoints(runs_folder).routes()]


class _StudioEndpoints:
    """Answers under ``/studio``; files are read in threads, so that speech goes on meanwhile."""

    def __init__(self, runs_folder: Path) -> None:
        self._runs_folder = runs_folder

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            text_route("/studio/descriptions", self.descriptions),
            Route("/studio/models/{name}", self.model),
            Route("/studio/roll", self.roll, methods=["POST"]),
            Route("/studio/midi", self.midi, methods=["POST"]),
            Route("/studio/chain", self.chain, methods=["POST"]),
            Route("/studio/mix", self.mix, methods=["POST"]),
            Route("/studio/movable", self.movable, methods=["POST"]),
            Route("/studio/training", self.training, methods=["POST"]),
            Route("/studio/examples/{name}", self.example),
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

    async def mix(self, request: Request) -> Response:
        """Answer the project of a mix, a text in TOML, as data."""
        body = await read_body(request.receive, request.headers, MAX_SCORE_BYTES)
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadRequest("The project is no text; give a project of a mix in TOML.") from error
        return JSONResponse(await asyncio.to_thread(read_mix, text))

    async def movable(self, request: Request) -> Response:
        """Answer which numbers of a chain of effects can move."""
        call = parse_object(await read_body(request.receive, request.headers, MAX_CALL_BYTES))
        return JSONResponse(await asyncio.to_thread(movable_settings, call))

    async def training(self, request: Request) -> Response:
        """Answer whether a training can begin: its process would find wrong settings only after some seconds."""
        call = parse_object(await read_body(request.receive, request.headers, MAX_CALL_BYTES))
        await asyncio.to_thread(check_training, self._runs_folder, call)
        return JSONResponse({})

    async def example(self, request: Request) -> Response:
        """Answer a file of an example, which is made when it is first asked for."""
        name = request.path_params["name"]
        contents = await asyncio.to_thread(example_file, name)
        return Response(contents, media_type=EXAMPLE_TYPES[_suffix(name)], headers={"Cache-Control": "no-cache"})

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
