"""The add-on for NVDA: its package, and its driver in stand-ins of NVDA's modules with processes of the module."""

from __future__ import annotations

import configparser
import importlib
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import nvda_interface as nvda
import pytest
from waiting import LIMIT_SECONDS, wait_until

from wavewright.apps.cli import run
from wavewright.apps.speechd.command import speechd
from wavewright.apps.speechd.module_settings import ModuleSettings
from wavewright.apps.speechd.module_voices import ModuleVoices
from wavewright.apps.speechd.nvda.addon import write_addon
from wavewright.audio.pcm import to_pcm
from wavewright.base.errors import BadModel, BadSetting

SCRIPT = r"""
import json, sys, time
log = open(sys.argv[1], "a")
def reply(*lines): sys.stdout.write("".join(line + "\n" for line in lines)); sys.stdout.flush()
def block():
    lines = []
    while (line := sys.stdin.readline()) not in (".\n", ""): lines.append(line)
    return "".join(lines)
reply_to = {"AUDIO": ("207 OK", "203 OK"), "SET": ("203 OK", "203 OK")}
while line := sys.stdin.readline():
    word = line.strip()
    if word in reply_to:
        reply(reply_to[word][0]); text = block(); reply(reply_to[word][1])
    elif word == "SPEAK":
        reply("202 OK"); text = block(); reply("200 OK", "701 BEGIN")
        if "die" in text: sys.exit(1)
        sys.stdout.flush()
        for index in range(3):
            sys.stdout.buffer.write(b"705-bits=16\n705-num_channels=1\n705-sample_rate=24000\n705-num_samples=2\n"
                                    b"705-AUDIO\0a}*}]" + bytes([65 + index]) + b"\n705 AUDIO\n")
            sys.stdout.buffer.write(b"700-%d\n700 INDEX MARK\n" % index)
        sys.stdout.buffer.flush()
        if "wait" not in text: reply("702 END")
    else:
        text = ""
        if word == "INIT": reply("299-hello", "299 OK")
        elif word == "LIST VOICES": reply("200-en-kathleen\ten-US\tnone", "200-de-kerstin\tde\tnone", "200 OK")
        elif word == "STOP": reply("703 STOP")
        elif word == "QUIT": break
    log.write(json.dumps([word, text]) + "\n"); log.flush()
"""


class Driven:
    """The driver of a package, its commands, what NVDA was told, and what the process was sent."""

    def __init__(self, folder: Path, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list = []
        self.modules = nvda.modules(self.told)
        for name, module in self.modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        nvda.forget()
        package = folder / "wavewright.nvda-addon"
        write_addon(package, command)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder / "addon")
        monkeypatch.syspath_prepend(str(folder / "addon"))
        self.module = importlib.import_module("synthDrivers.wavewright")
        client = importlib.import_module("synthDrivers.wavewright.client")
        for name in ("REPLY_SECONDS", "MESSAGE_SECONDS"):
            monkeypatch.setattr(client, name, LIMIT_SECONDS)
        self.log = folder / "log"
        self.driver = self.module.SynthDriver()

    def command(self, name: str, *values: object, **named: object) -> object:
        return getattr(self.modules["speech.commands"], name)(*values, **named)

    def say(self, *sequence: object) -> list:
        """Speak a sequence, and return what NVDA is told until its end."""
        self.told.clear()
        self.driver.speak(list(sequence))
        self.wait(lambda: ("done",) in self.told)
        return list(self.told)

    def wait(self, is_done) -> None:
        wait_until(is_done, lambda: self.told)

    def sent(self, word: str) -> list[str]:
        rows = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return [text for name, text in rows if name == word]


@pytest.fixture
def driven(tmp_path, monkeypatch):
    script = tmp_path / "module.py"
    script.write_text(SCRIPT, encoding="utf-8")
    made = Driven(tmp_path, [sys.executable, str(script), str(tmp_path / "log")], monkeypatch)
    yield made
    made.driver.terminate()
    nvda.forget()


def test_the_package_has_a_manifest_and_the_driver(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = speechd(nvda_addon=Path("w.nvda-addon"), voice="de-kerstin", watermark=False)
    assert written.details["command"][1:] == ["-m", "wavewright", "speechd", "--voice", "de-kerstin", "--no-watermark"]
    first = Path("w.nvda-addon").read_bytes()
    with zipfile.ZipFile("w.nvda-addon") as archive:
        assert archive.testzip() is None
        folder = "synthDrivers/wavewright/"
        names = ["manifest.ini", *(folder + name for name in ("command.json", "__init__.py", "client.py"))]
        assert archive.namelist() == names
        assert json.loads(archive.read(names[1])) == [*written.details["command"]]
        manifest = configparser.ConfigParser()
        manifest.read_string("[addon]\n" + archive.read("manifest.ini").decode())
        for name in ("synthDrivers/wavewright/__init__.py", "synthDrivers/wavewright/client.py"):
            compile(archive.read(name), name, "exec")
    addon = manifest["addon"]
    assert (addon["name"], addon["version"].count(".")) == ("wavewright", 2)
    assert {"summary", "description", "author", "minimumnvdaversion", "lasttestednvdaversion"} <= {*addon}
    speechd(nvda_addon=Path("w.nvda-addon"), voice="de-kerstin", watermark=False)
    assert Path("w.nvda-addon").read_bytes() == first
    assert "It starts" in str(written)


def test_a_package_that_cannot_be_written_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSetting, match=r"ends in \.nvda-addon"):
        speechd(nvda_addon=Path("w.zip"))
    with pytest.raises(BadSetting, match="nvda_addon and install_module exclude each other"):
        speechd(nvda_addon=Path("w.nvda-addon"), install_module=True)
    with pytest.raises(BadModel):
        speechd(nvda_addon=Path("w.nvda-addon"), voice="none")
    assert run(["speechd", "--nvda-addon", "w.zip"]) == 2
    assert "ends in .nvda-addon" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_sequences_are_messages_and_marks_are_told_in_order(driven):
    assert driven.module.SynthDriver.check()
    assert driven.say("Hello ", driven.command("IndexCommand", 0)) == [
        *(("index", 0), ("index", 1), ("index", 2)),
        ("done",),
    ]
    (player,) = nvda.Player.made
    assert (player.sample_rate, player.device) == (24_000, "a device")
    audio = [b"a\n}" + letter for letter in (b"A", b"B", b"C")]
    assert player.fed == [part for each in audio for part in (each, b"\0\0")]
    driven.driver.pause(True)
    assert player.is_paused
    assert driven.sent("SPEAK") == ['<speak>Hello <mark name="0"/></speak>\n']


def test_settings_are_those_of_the_module(driven):
    driver = driven.driver
    assert [*driver.availableVoices] == ["en-kathleen", "de-kerstin"]
    assert driver.availableVoices["en-kathleen"].language == "en_US"
    assert (driver.voice, driver.rate, driver.pitch, driver.inflection, driver.volume) == (
        "en-kathleen",
        50,
        50,
        50,
        100,
    )
    driver.rate, driver.pitch, driver.inflection, driver.volume = 75, 40, 0, 50
    driver.voice = "de-kerstin"
    driver.voice = "none"
    driven.say("Hallo")
    values = dict(line.partition("=")[::2] for line in driven.sent("SET")[-1].splitlines())
    assert values == {
        **{"rate": "50", "pitch": "-20", "pitch_range": "-100", "volume": "0", "synthesis_voice": "de-kerstin"},
        **{"punctuation_mode": "none", "spelling_mode": "off", "cap_let_recogn": "none"},
    }
    ModuleSettings().with_values(values)


def test_commands_become_ssml_that_the_module_reads(driven):
    command = driven.command
    driven.driver.volume = 50
    driven.say(
        *("a < b\n.", command("PitchCommand", offset=30), "A", command("PitchCommand"), command("BreakCommand", 200)),
        *(command("RateCommand", offset=25), command("VolumeCommand", offset=-25), "fast", command("RateCommand")),
        *(
            command("VolumeCommand"),
            command("CharacterModeCommand", True),
            "é&",
            command("CharacterModeCommand", False),
        ),
        *(command("LangChangeCommand", "de_DE"), "Hallo", command("LangChangeCommand", "xx"), "on"),
        *(command("PhonemeCommand", "ˈhaʊs", text="house"), command("PhonemeCommand", "x"), command("BeepCommand")),
        command("IndexCommand", 7),
    )
    (document,) = driven.sent("SPEAK")
    assert document == (
        '<speak>a &lt; b\n..<prosody pitch="+7.20st">A</prosody><break time="200ms"/>'
        '<prosody rate="200%" volume="-6.02dB">fast</prosody>'
        '<say-as interpret-as="characters">é&amp;</say-as><lang xml:lang="de-DE">Hallo</lang>on'
        '<phoneme alphabet="ipa" ph="ˈhaʊs">house</phoneme><mark name="7"/></speak>\n'
    )
    assert [row[0] for row in driven.told if row[0] == "warning"] == ["warning"]


def test_a_cancelled_sequence_is_silent_and_the_next_is_spoken(driven):
    driven.driver.speak(["wait", driven.command("IndexCommand", 0)])
    driven.driver.speak(["never spoken"])
    driven.wait(lambda: ("index", 2) in driven.told)
    driven.driver.cancel()
    assert nvda.Player.made[0].stops
    assert driven.say("next")[-1] == ("done",)
    assert [text for text in driven.sent("SPEAK") if "never" in text] == []
    assert driven.told.count(("done",)) == 1
    driven.driver.cancel()  # with nothing to cancel
    assert driven.say("again")[-1] == ("done",)


def test_a_process_that_ends_is_started_again(driven):
    told = driven.say("die")
    assert told[0][0] == "error"
    assert told[-1] == ("done",)
    assert driven.say("alive")[:1] == [("index", 0)]


def test_a_command_that_does_not_start_is_refused(tmp_path, monkeypatch):
    with pytest.raises(Exception, match="does not start") as caught:
        Driven(tmp_path, [str(tmp_path / "none")], monkeypatch)
    assert type(caught.value).__name__ == "ModuleGone"
    assert not sys.modules["synthDrivers.wavewright"].SynthDriver.check()
    nvda.forget()


def test_the_driver_speaks_as_the_voice_does(tmp_path, monkeypatch):
    command = [sys.executable, "-m", "wavewright", "speechd"]
    driven = Driven(tmp_path, command, monkeypatch)
    try:
        told = driven.say("Hello world. ", driven.command("IndexCommand", 3), "This is it.")
        assert told == [("index", 3), ("done",)]
        heard = np.frombuffer(b"".join(part for part in nvda.Player.made[0].fed if part != b"\0\0"), "<i2")
    finally:
        driven.driver.terminate()
        nvda.forget()
    document = '<speak>Hello world. <mark name="3"/>This is it.</speak>'
    chunks = ModuleVoices("en-kathleen").narrator(ModuleSettings()).chunks(document, lambda _: None)
    whole = np.frombuffer(to_pcm(np.concatenate([chunk.wave for chunk in chunks], axis=1)), "<i2")
    assert len(heard) > 24_000
    np.testing.assert_array_equal(heard, whole[: len(heard)])
