"""The studio without a browser: the files of its page, what it describes, scores, runs, and the command."""

from __future__ import annotations

import gzip
import json
import re
import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import refused
from safetensors.numpy import save_file

pytest.importorskip("uvicorn")

from local_server import PATIENT, request
from waiting import wait_until

import wavewright
from wavewright.apps.cli import run
from wavewright.apps.server.serve import bind, make_server
from wavewright.apps.server.settings import ServerSettings
from wavewright.apps.studio import command, routes
from wavewright.apps.studio.routes import studio_routes
from wavewright.apps.studio.scores import Roll, midi_of_roll, parse_roll, roll_of_midi
from wavewright.audio.file_kind import SOUND_SUFFIXES
from wavewright.base.errors import BadScore
from wavewright.music.formats import midi_reading

MAX_PAGE_BYTES = 500_000
STEREO_BYTES_A_SECOND = 4 * 48_000


class RestartableStudio:
    """A server with the page in a thread, which can be ended and started again at the same address.

    Attributes
    ----------
    port, url
        Where it answers.
    """

    def __init__(self, runs_folder, **settings) -> None:
        self._settings = {"workers": 2, "runs_folder": runs_folder, **PATIENT, **settings}
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start the server, at the port that it had."""
        chosen = ServerSettings(port=self.port, **self._settings)
        self._listener = bind(chosen)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = make_server(chosen, studio_routes(chosen.runs_folder))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        """End the server with its jobs and files."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def restart(self) -> None:
        """End the server and start it again."""
        self.stop()
        self.start()


@contextmanager
def running_studio(runs_folder, **settings):
    """Run a server with the page; yield it."""
    server = RestartableStudio(runs_folder, **settings)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def runs_folder(tmp_path_factory):
    """A folder with one run: its log has two curves, and it has a sample."""
    folder = tmp_path_factory.mktemp("runs")
    run_folder = folder / "my-drums"
    (run_folder / "samples").mkdir(parents=True)
    recipe = {"model": {}, "data": {}, "training": {"steps": 9}}
    (run_folder / "run.json").write_text(json.dumps({"family": "gan", "recipe": recipe}))
    lines = [{"step": step, "minutes": step / 10, "loss": 1 / step, "valid": 2.0 * step} for step in range(1, 1001)]
    (run_folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (run_folder / "samples" / "step-0000500.wav").write_bytes(b"RIFF sample")
    (folder / "no-run").mkdir()
    return folder


@pytest.fixture(scope="module")
def server(runs_folder):
    with running_studio(runs_folder) as server:
        yield server


# ------------------------------------------------------------------------------------------------------ the page


def test_the_page_has_a_strict_policy_and_names_only_its_own_files(server):
    reply = request(server, "GET", "/")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    html = reply.body.decode()
    named = re.findall(r'(?:src|href)="([^"#]+)"', html)
    assert {"studio.css", "studio.js", "icon.svg"} <= set(named)
    for name in named:
        assert request(server, "GET", f"/{name}").status == 200
    assert not re.search(r"<script(?![^>]*src)|<style|\son\w+=|style=", html)


def page_texts() -> dict[str, str]:
    folder = routes.resources.files("wavewright.apps.studio").joinpath(routes.PAGE)
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_the_page_is_small_and_names_no_other_host():
    texts = page_texts()
    assert sum(len(text.encode()) for text in texts.values()) < MAX_PAGE_BYTES
    for name, text in texts.items():
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)[\w.]+", text), name
        assert "innerHTML" not in text, name
        assert not re.search(r"\beval\(|new Function|document\.write", text), name


def test_every_import_of_a_script_is_a_file_of_the_page():
    texts = page_texts()
    imported = {
        name for text in texts.values() for name in re.findall(r'(?:from|import\()\s*["`]\./(\w+\.js)["`]', text)
    }
    panels = set(re.findall(r'href="\./#(\w+)"', texts["index.html"]))
    assert len(panels) == 13
    scripts = {name for name in texts if name.endswith(".js")}
    assert imported | {f"{panel}.js" for panel in panels} | {"studio.js"} == scripts


def test_the_page_takes_every_file_that_tasks_read_as_a_sound():
    endings = re.search(r"ENDINGS = `(.*?)`", page_texts()["folder.js"], re.DOTALL)[1].split()
    assert [f".{ending}" for ending in endings] == sorted(SOUND_SUFFIXES)


def test_the_page_asks_for_what_a_model_can_do_and_not_for_its_family():
    scripts = {name: text for name, text in page_texts().items() if name.endswith(".js")}
    assert len(scripts) > 20
    for name, text in scripts.items():
        assert not re.search(r"\.family\s*[!=]==", text), name


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as #fff, as WCAG 2 has it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(*colours: str) -> float:
    darker, lighter = sorted(map(luminance, colours))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_of_the_page_can_be_read(scheme):
    css = page_texts()["studio.css"]
    schemes = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]
    colours = {name: value for each in schemes[: 1 + (scheme == "dark")] for name, value in each.items()}
    grounds = ("paper", "card", "ground")
    pairs = [(text, ground) for text in ("ink", "soft", "accent", "error") for ground in grounds]
    pairs += [("on-accent", "accent"), ("ink", "mark")]
    assert {pair: contrast(*map(colours.get, pair)) for pair in pairs if contrast(*map(colours.get, pair)) < 4.5} == {}
    assert min(contrast(colours["edge"], colours[ground]) for ground in grounds) >= 3  # of a field and its ground
    faint = re.findall(r"([^{}]+)\{[^{}]*\bopacity: \.\d", css)
    assert faint  # drawings, and what is switched off
    assert [each for each in faint if not re.search(r"(canvas|polyline|:disabled) $", each)] == []


def test_a_file_that_the_browser_has_is_not_sent_again(server):
    first = request(server, "GET", "/studio.js")
    again = request(server, "GET", "/studio.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/studio.js", "/v1/tasks", "/studio/descriptions", "/openapi.json"])
def test_texts_are_sent_compressed_to_those_that_ask(server, path):
    plain = request(server, "GET", path)
    packed = request(server, "GET", path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < 0.5 * len(plain.body)
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/page_files.py", "/studio/runs/..%2f..", "/nothing.js"])
def test_other_paths_are_not_answered(server, path):
    reply = request(server, "GET", path)
    assert reply.status == 404
    assert reply.json["error"]["message"].endswith(".")


def test_a_foreign_page_cannot_use_the_studio(server):
    assert request(server, "POST", "/studio/midi", {}, {"Origin": "http://evil.example"}).status == 403
    assert request(server, "GET", "/", headers={"Host": "evil.example"}).status == 421


# -------------------------------------------------------------------------------------------------- descriptions


def test_the_descriptions_have_what_the_command_line_lists(server):
    described = request(server, "GET", "/studio/descriptions").json
    assert [model["name"] for model in described["models"]] == wavewright.models.names()
    drums = next(model for model in described["models"] if model["name"] == "drums")
    assert drums["can_generate"]
    able = {
        each["name"]: {key for key, value in each.items() if key.startswith("can_") and value}
        for each in described["models"]
    }
    assert able["morph-drums"] == {"can_generate", "can_morph", "can_encode"}
    assert (able["denoise-16k"], able["echo-16k"]) == ({"can_enhance"}, set())
    assert drums["labels"] == list(wavewright.load("drums").labels)
    assert drums["bytes"] > 100_000
    assert [effect["name"] for effect in described["effects"]][:2] == ["highpass", "lowpass"]
    assert "cheerful" in described["styles"]
    assert "piano" in described["patches"]
    assert {"name": "band", "multiple": 4, "fewest": 4} in described["pieces"]
    assert {family["name"] for family in described["families"]} >= {"gan", "vae", "acoustic"}


def test_details_of_a_model_are_those_of_the_opened_one(server):
    details = request(server, "GET", "/studio/models/morph-drums").json
    model = wavewright.load("morph-drums")
    assert tuple(details["options"]) == model.options == ("temperature",)
    assert wavewright.load("morph-textures").options == ("temperature", "seconds")
    assert [each["name"] for each in details["attributes"]] == [each.name for each in model.attributes]
    missing = request(server, "GET", "/studio/models/none-such")
    assert missing.status == 404
    assert "There is no model 'none-such'" in missing.json["error"]["message"]


# -------------------------------------------------------------------------------------------------------- scores

NOTES = [
    {"start": 0, "length": 0.25, "pitch": 60, "velocity": 90},
    {"start": 1.5, "length": 2, "pitch": 67, "velocity": 1},
]
ROLL = {
    "tempo": 96,
    "quarters": 8,
    "beats_per_bar": 4,
    "tracks": [
        {"name": "Lead", "is_drum": False, "program": 73, "notes": NOTES},
        {"name": "Kit", "is_drum": True, "program": 0, "notes": [{**NOTES[0], "pitch": 36}]},
        {"name": "Empty", "is_drum": False, "program": 0, "notes": []},
    ],
}


def test_a_score_goes_to_midi_and_back(server):
    midi = request(server, "POST", "/studio/midi", ROLL).body
    (score,), _ = midi_reading.read_midi(midi)
    assert score.tracks[0].program == 73
    assert score.tracks[1].is_drum
    back = request(server, "POST", "/studio/roll", midi).json
    assert back["tracks"] == ROLL["tracks"][:2]
    assert (back["tempo"], back["quarters"], back["beats_per_bar"]) == (96, 8, 4)


def test_a_file_without_tempo_and_metre_has_the_defaults_of_midi():
    midi = midi_of_roll(Roll(tempo=120, tracks=parse_roll(ROLL).tracks))
    assert roll_of_midi(midi).tempo == 120


def test_changes_of_the_tempo_go_to_midi_and_back(server):
    tempos = [{"start": 2, "tempo": 60}, {"start": 6.5, "tempo": 187.5}]
    midi = request(server, "POST", "/studio/midi", {**ROLL, "tempos": tempos}).body
    (score,), _ = midi_reading.read_midi(midi)
    assert score.tempos.tolist() == [(0, 625_000), (960, 1_000_000), (3120, 320_000)]
    back = request(server, "POST", "/studio/roll", midi).json
    assert (back["tempo"], back["tempos"]) == (96, tempos)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tempo": 2}, r"The score has a wrong value at tempo \("),
        ({"colour": 1}, r"The score has a wrong value at colour \("),
        ({"tracks": [{"notes": [{"start": -1, "length": 1, "pitch": 60}]}]}, r"at tracks\.0\.notes\.0\.start \("),
        ({"tracks": []}, "The score has no notes; draw some, or compose a score."),
    ],
)
def test_scores_that_are_none(server, change, sentence):
    reply = request(server, "POST", "/studio/midi", {**ROLL, **change})
    assert reply.status == 400
    assert re.search(sentence, reply.json["error"]["message"])


def test_bytes_that_are_no_score(server):
    assert request(server, "POST", "/studio/roll", b"\x00" * 40).status == 400
    with pytest.raises(BadScore):
        roll_of_midi(b"MThd")


# ---------------------------------------------------------------------------------------------------------- runs


def test_a_run_has_its_curves_and_samples(server):
    assert request(server, "GET", "/studio/runs").json == {"runs": [{"name": "my-drums", "family": "gan"}]}
    shown = request(server, "GET", "/studio/runs/my-drums").json
    assert (shown["step"], shown["minutes"], shown["is_model"]) == (1000, 100.0, False)
    assert 300 < len(shown["curves"]["valid"]) <= 400
    assert shown["curves"]["valid"][-1] == [1000, 2000.0]
    (sample,) = shown["samples"]
    assert sample["step"] == 500
    assert request(server, "GET", sample["url"]).body == b"RIFF sample"


def test_a_run_says_how_many_minutes_its_plan_has_left(runs_folder, server):
    last = runs_folder / "my-drums" / "checkpoints" / "last.safetensors"
    last.parent.mkdir(exist_ok=True)

    def left(**progress) -> float | None:
        text = json.dumps({"step": 20, "steps": 100, "minutes": 0.5, "finished": ""} | progress)
        save_file({"network/x": np.zeros(1, np.float32)}, last, metadata={"progress": text})
        return request(server, "GET", "/studio/runs/my-drums").json["minutes_left"]

    try:
        assert left() == 2.0
        assert left(finished="all steps are done") == 0.0
        assert left(step=0) is None
        assert left(step="x") is None
        last.write_bytes(b"no checkpoint")
        assert request(server, "GET", "/studio/runs/my-drums").json["minutes_left"] is None
    finally:
        last.unlink()
    assert request(server, "GET", "/studio/runs/my-drums").json["minutes_left"] is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, None),
        ({"out": "a/b"}, "contains a path separator"),
        ({"family": "gam"}, "did you mean gan?"),
        ({"size": "huge"}, "There is no size 'huge'; gan has"),
        ({"set": ["no_such=3"]}, "no_such"),
        ({"set": ["training.batch_size=many"]}, "batch_size"),
        ({"resume": True}, "There is no run 'new'; start a training first."),
        ({"resume": True, "out": "my-drums"}, None),
        ({"family": "acoustic"}, "consent"),
        ({"family": "acoustic", "i_have_consent": True}, None),
    ],
)
def test_a_training_that_cannot_begin_is_refused_at_once(server, change, sentence):
    call = {"out": "new", "family": "gan", "size": "small", "set": [], **change}
    reply = request(server, "POST", "/studio/training", call)
    assert (reply.status == 200) == (sentence is None)
    if sentence:
        assert sentence in reply.json["error"]["message"]


def test_a_run_that_exists_is_resumed_not_begun(runs_folder, server):
    last = runs_folder / "my-drums" / "checkpoints" / "last.safetensors"
    last.parent.mkdir(exist_ok=True)
    last.write_bytes(b"")
    try:
        reply = request(server, "POST", "/studio/training", {"out": "my-drums", "family": "gan"})
        assert "press Resume" in reply.json["error"]["message"]
    finally:
        last.unlink()


@pytest.mark.parametrize("path", ["/studio/runs/none", "/studio/runs/no-run", "/studio/runs/my-drums/samples/run.json"])
def test_what_is_no_run_and_no_sample(server, path):
    assert request(server, "GET", path).status == 404


# --------------------------------------------------------------------------------------------------- the command


def test_the_command_prints_the_address_and_opens_the_browser(monkeypatch, capsys):
    chosen, opened, described, interval = [], [], [], sys.getswitchinterval()
    monkeypatch.setattr("wavewright.apps.studio.routes.describe_all", lambda: described.append(1))
    monkeypatch.setattr("wavewright.apps.studio.examples.prepare_examples", lambda: None)
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    served = SimpleNamespace(run=lambda sockets: [each.close() for each in sockets])

    def made(settings, *extra):
        chosen.append(settings)
        return served

    monkeypatch.setattr("wavewright.apps.server.serve.make_server", made)
    assert run(["studio", "--port", "0", "--no-browser"]) == 0
    assert opened == []
    assert run(["studio", "--port", "0"]) == 0
    printed = capsys.readouterr().err.splitlines()
    assert all(re.fullmatch(r"The studio is at http://127\.0\.0\.1:\d+ \(Ctrl-C ends it\)", line) for line in printed)
    wait_until(lambda: opened and len(described) == 2)
    assert opened[0] in printed[1]
    assert all(settings.max_upload_bytes > STEREO_BYTES_A_SECOND * 10 * 3_600 for settings in chosen)
    sys.setswitchinterval(interval)


def test_the_extra_is_named_where_it_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wavewright.apps.studio.routes", None)
    assert "studio needs the extra serve" in refused(capsys, "studio", "--port", "0")


@pytest.mark.parametrize(
    ("chain", "channels", "words"),
    [
        ("swap", 1, "write 'stereo' before it"),
        ("stereo; swap", 1, ""),
        ("pan 0.3", 2, "write 'mono' before it"),
        ("no-such", None, "no effect 'no-such'"),
        ("convolve", None, "convolve needs file"),
        ('append "/etc/none.wav"; stereo', 1, ""),  # the file is not looked for
        ("gain 1dB", None, ""),
    ],
)
def test_a_chain_is_checked_for_a_sound_without_its_files(server, chain, channels, words):
    sound = {} if channels is None else {"channels": channels, "sample_rate": 16_000, "seconds": 1.5}
    reply = request(server, "POST", "/studio/chain", {"chain": chain, **sound})
    assert words in reply.json["problem"]
    assert bool(words) == bool(reply.json["problem"])


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"channels": "x"}, {"sample_rate": 1e9}, {"seconds": -1}])
def test_a_chain_for_no_sound_is_refused(server, wrong):
    sound = {"channels": 1, "sample_rate": 16_000, "seconds": 1.5, **wrong}
    reply = request(server, "POST", "/studio/chain", {"chain": "gain 1dB", **sound})
    assert reply.status == 400
    assert next(iter(wrong)) in reply.json["error"]["message"]
