"""The command ``serve``: its options, its errors, and its end by a signal."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from types import SimpleNamespace

import pytest
from command_line import refused

pytest.importorskip("uvicorn")

from waiting import LIMIT_SECONDS

from wavewright.apps.cli import run
from wavewright.apps.server import serve
from wavewright.apps.server.settings import ServerSettings, is_loopback, read_keys, usable_processors
from wavewright.base.errors import BadSetting


@pytest.fixture
def settings_of_run(monkeypatch):
    """Return a list to which each call of ``serve`` adds its settings, instead of serving."""
    seen = []

    def make_server(settings, extra_routes=(), open_paths=()):
        seen.append(settings)
        return SimpleNamespace(run=lambda sockets: [each.close() for each in sockets])

    monkeypatch.setattr(serve, "make_server", make_server)
    interval = sys.getswitchinterval()
    yield seen
    sys.setswitchinterval(interval)


def test_options_become_settings(settings_of_run, tmp_path, capsys):
    keys = tmp_path / "keys"
    keys.write_text("# ours\n\n  first-key-123\nsecond-key-456\n", encoding="utf-8")
    arguments = [
        "--port",
        "0",
        "--api-key-file",
        str(keys),
        *("--set", "max_text=50", "--set", "workers=3", "--set", "max_requests=9"),
    ]
    names = ["--allow-host", "a", "--allow-host", "b", "--allow-origin", "https://c"]
    assert run(["serve", *arguments, *names]) == 0
    (settings,) = settings_of_run
    assert (settings.keys, settings.max_text, settings.workers) == (("first-key-123", "second-key-456"), 50, 3)
    assert (settings.max_requests, settings.hosts, settings.origins) == (9, ("a", "b"), ("https://c",))
    assert "first-key" not in repr(settings)
    assert re.match(r"Serving at http://127\.0\.0\.1:\d+ ", capsys.readouterr().err)


def test_an_open_server_without_keys_is_mentioned(settings_of_run, capsys):
    assert run(["serve", "--port", "0", "--host", "0.0.0.0"]) == 0
    assert "--api-key-file asks for a key" in capsys.readouterr().err
    assert settings_of_run[0].workers == usable_processors()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("max_text=0", "max_text is 0; it must lie between 1 and 1000000."),
        ("max_txt=9", "There is no setting 'max_txt'; the nearest are max_text."),
        ("port=80", "There is no setting 'port'; "),
        ("workers", "The setting 'workers' has no value; write workers=VALUE."),
    ],
)
def test_limits_that_there_are_not(setting, sentence, capsys):
    assert refused(capsys, "serve", "--set", setting).startswith(sentence)


def test_a_wyoming_port_in_use(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = refused(capsys, "serve", "--port", "0", "--wyoming", "--wyoming-port", str(port))
    choice = "choose another one with --wyoming-port, or 0 for a free one"
    assert sentence == f"Port {port} of 127.0.0.1 is in use; {choice}."


def test_a_port_in_use(settings_of_run, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = refused(capsys, "serve", "--port", str(port))
    assert sentence == f"Port {port} of 127.0.0.1 is in use; choose another one with --port, or 0 for a free one."


def test_other_addresses_that_cannot_be_used(settings_of_run, capsys, monkeypatch):
    assert "203.0.113.7" in refused(capsys, "serve", "--host", "203.0.113.7", "--port", "0")
    assert "give an address of this machine" in refused(capsys, "serve", "--host", "no host", "--port", "0")

    def forbid(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbid)
    assert "reserved for the system" in refused(capsys, "serve", "--port", "80")


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "has no key"),
        (b"# nothing\n\n", "has no key"),
        (b"short\n", "Key 1 of"),
        (b"long-enough\nwith space in it\n", "Key 2 of"),
        (b"\xff\xfe\x00 12345678\n", "Key 1 of"),
        (b"x" * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_files_of_keys_that_cannot_be_used(contents, words, tmp_path, capsys):
    path = tmp_path / "keys"
    if contents is not None:
        path.write_bytes(contents)
    sentence = refused(capsys, "serve", "--api-key-file", str(path))
    assert words in sentence
    assert str(path) in sentence


def test_a_folder_is_no_file_of_keys(tmp_path):
    with pytest.raises(BadSetting, match="cannot be read"):
        read_keys(tmp_path)


@pytest.mark.parametrize("origin", ["localhost", "file://x", "http://", "http://a/b", "*"])
def test_origins_are_a_scheme_and_a_host(origin):
    with pytest.raises(BadSetting, match="such as http://localhost:3000"):
        ServerSettings(origins=(origin,))


def test_without_the_extra_the_advice_is_to_install_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert 'pip install ".[serve]"' in refused(capsys, "serve", "--port", "0")


def test_addresses(monkeypatch):
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "box")] == [True] * 3 + [
        False
    ] * 2
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        assert re.fullmatch(r"http://\[::1\]:\d+", serve.url_of(listener))
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert usable_processors() >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to send")
@pytest.mark.uses("acoustic", "vocoder")
def test_a_signal_ends_the_server():
    command = [sys.executable, "-m", "wavewright", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        line = process.stderr.readline()
        url = re.search(r"http://\S+:\d+", line)[0]
        body = b'{"input": "Hello.", "voice": "en-kathleen", "response_format": "wav"}'
        with urllib.request.urlopen(f"{url}/v1/audio/speech", body, timeout=LIMIT_SECONDS) as reply:
            assert len(reply.read()) > 10_000
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 143
    assert rest == ""
