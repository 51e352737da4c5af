"""The description of the interface and its page: complete, valid, and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

pytest.importorskip("uvicorn")

from local_server import request, running
from starlette.routing import Route

from wavewright.tasks.description import http_tasks


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("server"))
        with running(is_ready_first=False, keys=("secret-key",)) as server:
            yield server


@pytest.fixture(scope="module")
def description(server):
    reply = request(server, "GET", "/openapi.json")
    assert reply.status == 200
    return reply.json


def test_every_route_is_described(server, description):
    paths = {(path, method.upper()) for path, item in description["paths"].items() for method in item}
    app_routes = [route for route in server.app.routes if isinstance(route, Route)]
    routes = {
        (re.sub(r":path}", "}", route.path), method)
        for route in app_routes
        for method in route.methods - {"HEAD"}
        if not route.path.startswith(("/audio", "/models"))  # the same without /v1
    }
    hidden = {"/docs", "/v1/audio/translations", "/v1/models/{name}"}
    named = {("/v1/tasks/{name}", "GET"), ("/v1/tasks/{name}", "POST")}  # one path for each task instead
    tasks = {(f"/v1/tasks/{name}", method) for name in http_tasks() for method in ("GET", "POST")}
    assert paths == {(path, method) for path, method in routes if path not in hidden} - named | tasks


def test_references_lead_to_schemas(description):
    references = re.findall(r"'\$ref': '([^']*)'", str(description))
    schemas = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert {*references} == schemas - {"#/components/schemas/File"}
    assert description["openapi"] == "3.1.0"
    assert description["security"] == [{"key": []}]
    fields = description["paths"]["/v1/tasks/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert fields["required"] == ["model"]
    assert fields["properties"]["count"]["maximum"] == 100_000
    speech = description["paths"]["/v1/audio/speech"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"input", "voice", "pitch", "style", "seed", "language"} <= speech["properties"].keys()


def test_the_page_loads_nothing_from_elsewhere(server):
    reply = request(server, "GET", "/docs")
    page = reply.body.decode()
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "//" not in re.sub(r"<!doctype html>", "", page)
    assert not re.search(r"\b(src|style|on\w+)=", page)
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for tag in ("script", "style"):
        (contents,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(contents.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
