"""The studio for other devices, in the menus of desktops, and started a second time."""

from __future__ import annotations

import configparser
import http.client
import re
import sys
from urllib.parse import urlsplit

import pytest
import segno
from hypothesis import given, strategies as st
from local_server import request, running
from waiting import LIMIT_SECONDS

from wavewright.apps.cli import run
from wavewright.apps.server.guard import KEY_COOKIE
from wavewright.apps.studio import command
from wavewright.apps.studio.command import (
    addresses_with_key,
    command_line,
    enter_route,
    new_key,
    own_addresses,
    qr_code,
    write_desktop_entry,
)
from wavewright.apps.studio.routes import page_routes
from wavewright.base.errors import BadSetting

KEY = "sesame-öpen"


@pytest.fixture(scope="module")
def locked():
    """A studio with a key."""
    routes = [*page_routes(), enter_route((KEY,))]
    paths = ("/enter", command.MANIFEST_PATH)
    with running(is_ready_first=False, keys=(KEY,), extra_routes=routes, open_paths=paths) as server:
        yield server


def test_a_device_enters_by_the_address_with_the_key(locked):
    assert request(locked, "GET", "/").status == 401
    (address,) = addresses_with_key(locked.url, KEY)
    entered = request(locked, "GET", address.removeprefix(locked.url))
    assert (entered.status, entered.headers["Location"]) == (303, "/")
    cookie = entered.headers["Set-Cookie"]
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
    for path in ("/", "/v1/tasks"):
        assert request(locked, "GET", path, headers={"Cookie": cookie.partition(";")[0]}).status == 200
    assert request(locked, "GET", "/", headers={"Authorization": "Bearer other"}).status == 401


@pytest.mark.parametrize("query", ["", "?key=", "?key=sesame", "?key=sesame-%C3%B6pen2"])
def test_another_key_opens_nothing(locked, query):
    refused = request(locked, "GET", f"/enter{query}")
    assert refused.status == 401
    assert refused.json["error"]["message"].startswith("The key is missing or wrong; open the address")
    assert "Set-Cookie" not in refused.headers
    assert request(locked, "GET", "/", headers={"Cookie": f"{KEY_COOKIE}=wrong; other=1"}).status == 401


def test_keys_are_long_and_never_the_same():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 20


def test_an_address_for_all_of_the_machine_becomes_those_in_its_networks():
    own = own_addresses()
    assert own[-1] == "127.0.0.1"
    assert len(set(own)) == len(own)
    expected = [f"http://{address}:8765/enter?key=a%20b" for address in own]
    assert addresses_with_key("http://0.0.0.0:8765", "a b") == expected
    assert addresses_with_key("http://192.168.1.5:80", "k") == ["http://192.168.1.5:80/enter?key=k"]


def test_a_studio_answers_at_every_address_that_it_names():
    routes = [*page_routes(), enter_route((KEY,))]
    with running(
        is_ready_first=False, host="0.0.0.0", keys=(KEY,), extra_routes=routes, open_paths=("/enter",)
    ) as server:
        for address in addresses_with_key(f"http://0.0.0.0:{server.port}", KEY):
            place = urlsplit(address)
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=LIMIT_SECONDS)
            connection.request("GET", f"{place.path}?{place.query}")
            assert connection.getresponse().status == 303
            connection.close()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80))
def test_a_terminal_shows_the_modules_of_the_code(text):
    drawn = re.sub(r"\x1b\[[\d;]*m", "", qr_code(text)).splitlines()
    is_light = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}
    rows = [[is_light[character][half] for character in line] for line in drawn if line for half in range(2)]
    expected = [[not module for module in row] for row in segno.make(text, micro=False).matrix_iter(border=4)]
    assert rows[: len(expected)] == expected


# --- desktops


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="entries of Linux desktops")
def test_a_desktop_entry_starts_this_installation(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for _ in range(2):
        assert run(["studio", "--desktop-entry"]) == 0
        assert capsys.readouterr().out.strip() == str(tmp_path / command.ENTRY_FILE)
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(tmp_path / command.ENTRY_FILE, encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert entry["Exec"].endswith(" studio")
    assert (tmp_path / command.ICON_FILE).read_bytes().startswith(b"<svg")
    assert entry["Icon"] == str(tmp_path / command.ICON_FILE)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30))
def test_words_of_an_entry_are_those_of_the_command(word):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command.sys, "argv", ["pytest"])
        patch.setattr(command.sys, "executable", f"/opt/{word}")
        line = command_line()
    match = re.match(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    first = re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2]
    assert first.replace("%%", "%") == f"/opt/{word}"
    assert line[match.end() :] == " -m wavewright studio"


def test_other_systems_have_no_such_entries(monkeypatch):
    monkeypatch.setattr(command.sys, "platform", "darwin")
    with pytest.raises(BadSetting, match=r"make a shortcut to the command .* studio"):
        write_desktop_entry()


# --- a second start


def test_a_second_start_opens_the_page_of_the_first(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    with running(is_ready_first=False, extra_routes=page_routes()) as server:
        assert run(["studio", "--port", str(server.port)]) == 0
        assert opened == [server.url]
        assert run(["studio", "--port", str(server.port), "--no-browser"]) == 0
    assert len(opened) == 1
    assert capsys.readouterr().err.count(f"A studio runs at {server.url} already.") == 2


def test_the_page_of_a_studio_with_keys_is_not_opened(locked, capsys):
    assert run(["studio", "--port", str(locked.port), "--no-browser"]) == 2
    assert "is in use; choose another one with --port" in capsys.readouterr().err


def test_another_program_at_the_port_is_refused(capsys):
    with running(is_ready_first=False) as server:
        assert run(["studio", "--port", str(server.port), "--no-browser"]) == 2
    assert "is in use; choose another one with --port" in capsys.readouterr().err
