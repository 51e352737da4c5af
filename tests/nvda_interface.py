"""What the driver of the add-on uses of NVDA, as stand-ins: drivers, commands, notifications, and a player."""

from __future__ import annotations

import sys
import threading
from types import ModuleType, SimpleNamespace


class Action:
    """A notification that keeps what it is told."""

    def __init__(self, name: str, log: list) -> None:
        self.name = name
        self._log = log
        self.event = threading.Event()

    def notify(self, **values: object) -> None:
        values.pop("synth")
        self._log.append((self.name, *values.values()))
        self.event.set()


class SynthDriver:
    """The base class: settings are attributes with getters and setters by their names."""

    name = description = ""

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        getter = getattr(type(self), "_get_" + name, None)
        if getter is None:
            raise AttributeError(name)
        return getter(self)

    def __setattr__(self, name: str, value: object) -> None:
        setter = getattr(type(self), "_set_" + name, None)
        if setter is None:
            object.__setattr__(self, name, value)
        else:
            setter(self, value)

    def _get_availableVoices(self) -> object:
        return self._getAvailableVoices()

    @classmethod
    def VoiceSetting(cls) -> str:
        return "voice"

    RateSetting = PitchSetting = InflectionSetting = VolumeSetting = VoiceSetting


class SynthCommand:
    """A command within a sequence."""

    def __init__(self, value: object = None, offset: int = 0, text: str | None = None) -> None:
        self.index = self.time = self.state = self.lang = self.ipa = value
        self.offset = offset
        self.text = text


class Player:
    """Keeps what it is fed; it plays when `idle` is called, or, paused by a test, never."""

    made: list[Player] = []  # noqa: RUF012

    def __init__(self, channels: int, samplesPerSec: int, bitsPerSample: int, outputDevice: str = "") -> None:
        assert (channels, bitsPerSample) == (1, 16)
        self.sample_rate = samplesPerSec
        self.device = outputDevice
        self.fed: list[bytes] = []
        self.stops = 0
        self.is_paused = False
        Player.made.append(self)

    def feed(self, data: bytes, size: int | None = None, onDone: object = None) -> None:
        self.fed.append(data)
        if onDone is not None:
            onDone()

    def idle(self) -> None:
        pass

    def stop(self) -> None:
        self.stops += 1

    def pause(self, switch: bool) -> None:
        self.is_paused = switch

    def close(self) -> None:
        pass


COMMANDS = "BreakCommand CharacterModeCommand IndexCommand LangChangeCommand PhonemeCommand PitchCommand RateCommand"


def modules(notified: list) -> dict[str, ModuleType]:
    """Return the modules of NVDA by name; notifications are appended to ``notified``."""
    Player.made.clear()

    def module(name: str, **values: object) -> ModuleType:
        made = ModuleType(name)
        vars(made).update(values)
        return made

    commands = {name: type(name, (SynthCommand,), {}) for name in [*COMMANDS.split(), "VolumeCommand", "BeepCommand"]}
    handler = {
        "SynthDriver": SynthDriver,
        "VoiceInfo": lambda key, name, language=None: SimpleNamespace(id=key, displayName=name, language=language),
        "synthIndexReached": Action("index", notified),
        "synthDoneSpeaking": Action("done", notified),
    }
    log = SimpleNamespace(
        error=lambda text, **_: notified.append(("error", text)),
        debugWarning=lambda text, **_: notified.append(("warning", text)),
    )
    return {
        "config": module("config", conf={"audio": {"outputDevice": "a device"}, "speech": {}}),
        "nvwave": module("nvwave", WavePlayer=Player),
        "logHandler": module("logHandler", log=log),
        "extensionPoints": module("extensionPoints", Action=Action),
        "speech": module("speech"),
        "speech.commands": module("speech.commands", **commands),
        "synthDriverHandler": module("synthDriverHandler", **handler),
    }


def forget() -> None:
    """Forget the modules of the add-on."""
    for name in [name for name in sys.modules if name.split(".")[0] == "synthDrivers"]:
        del sys.modules[name]
