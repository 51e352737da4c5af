"""The driver of NVDA: speech sequences as messages of the output module, whose audio NVDA's player plays.

SPDX-License-Identifier: Apache-2.0

In the package this file is ``synthDrivers/wavewright/__init__.py``. It uses of NVDA: `SynthDriver`, `VoiceInfo`,
`synthIndexReached` and `synthDoneSpeaking` of ``synthDriverHandler``, the commands of ``speech.commands``,
`WavePlayer` of ``nvwave``, ``config.conf`` for the output device, and ``logHandler.log``.
"""

from __future__ import annotations

import json
import math
import queue
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import config
import nvwave
from extensionPoints import Action
from logHandler import log
from speech.commands import (
    BreakCommand,
    CharacterModeCommand,
    IndexCommand,
    LangChangeCommand,
    PhonemeCommand,
    PitchCommand,
    RateCommand,
    VolumeCommand,
)
from synthDriverHandler import SynthDriver as NvdaDriver, VoiceInfo, synthDoneSpeaking, synthIndexReached

from .client import ModuleClient, ModuleGone

COMMAND_FILE = Path(__file__).with_name("command.json")
NEUTRAL = 50
"""Rate, pitch and inflection of NVDA, 0 to 100, at which the voice is as it is."""

SEMITONES, FASTEST = 12.0, 4.0
"""Pitch shift and factor of the rate at 100."""

SILENT_SAMPLE = b"\0\0"
PROSODY = {PitchCommand: "pitch", RateCommand: "rate", VolumeCommand: "volume"}


def module_command() -> list[str]:
    """Return the command that starts the output module."""
    command: list[str] = json.loads(COMMAND_FILE.read_text(encoding="utf-8"))
    return command


class SynthDriver(NvdaDriver):  # type: ignore[misc]
    """Speaks by Wavewright, which runs in a process of its own; one thread talks to it and feeds the player."""

    name = "wavewright"
    description = "Wavewright"
    supportedSettings = (
        NvdaDriver.VoiceSetting(),
        NvdaDriver.RateSetting(),
        NvdaDriver.PitchSetting(),
        NvdaDriver.InflectionSetting(),
        NvdaDriver.VolumeSetting(),
    )
    supportedCommands = frozenset(
        (IndexCommand, CharacterModeCommand, LangChangeCommand, BreakCommand, PhonemeCommand)
    ) | {*PROSODY}
    supportedNotifications = frozenset((synthIndexReached, synthDoneSpeaking))

    @classmethod
    def check(cls) -> bool:
        """Return whether the program is where it was when the package was written."""
        return shutil.which(module_command()[0]) is not None

    def __init__(self) -> None:
        super().__init__()
        self._client = ModuleClient(module_command())
        voices = self._client.voices()
        self._voices = OrderedDict(
            (name, VoiceInfo(name, name, language.replace("-", "_"))) for name, language in voices
        )
        self._languages = {language.partition("-")[0].lower() for _, language in voices}
        self._voice = voices[0][0]
        self._numbers = {"rate": NEUTRAL, "pitch": NEUTRAL, "inflection": NEUTRAL, "volume": 100}
        self._player: Any = None
        self._player_rate = 0
        self._turn = 0  # rises with each cancel
        self._requests: queue.Queue[tuple[int, str, dict[str, str]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def terminate(self) -> None:
        """End the process."""
        self.cancel()
        self._requests.put(None)
        self._client.close()
        self._thread.join(5)
        if self._player is not None:
            self._player.close()

    def speak(self, speechSequence: Iterable[Any]) -> None:
        """Speak texts and commands after those that were given before."""
        self._requests.put((self._turn, self._document(speechSequence), self._settings()))

    def cancel(self) -> None:
        """Be silent at once."""
        self._turn += 1
        self._client.stop()
        if self._player is not None:
            self._player.stop()

    def pause(self, switch: bool) -> None:
        """Pause the player, or go on."""
        if self._player is not None:
            self._player.pause(switch)

    # ---------------------------------------------------------------------------------------- what is said

    def _document(self, sequence: Iterable[Any]) -> str:
        """Return a sequence as SSML; what applies to a text encloses it."""
        parts: list[str] = []
        changes: dict[str, int] = {}
        language, is_spelled = "", False
        for item in sequence:
            if isinstance(item, str):
                parts.append(self._text(item, changes, language, is_spelled))
            elif isinstance(item, IndexCommand):
                parts.append(f'<mark name="{item.index}"/>')
            elif isinstance(item, BreakCommand):
                parts.append(f'<break time="{max(int(item.time), 0)}ms"/>')
            elif isinstance(item, CharacterModeCommand):
                is_spelled = item.state
            elif isinstance(item, LangChangeCommand):
                code = (item.lang or "").replace("_", "-")
                language = code if code.partition("-")[0].lower() in self._languages else ""
            elif isinstance(item, PhonemeCommand):
                if item.text:
                    parts.append(f'<phoneme alphabet="ipa" ph={quoteattr(item.ipa)}>{escape(item.text)}</phoneme>')
            elif type(item) in PROSODY:
                changes[PROSODY[type(item)]] = int(item.offset)
            else:
                log.debugWarning(f"Wavewright leaves out {item!r}")
        return f"<speak>{''.join(parts)}</speak>"

    def _text(self, text: str, changes: dict[str, int], language: str, is_spelled: bool) -> str:
        written = escape(text)
        if is_spelled:
            written = f'<say-as interpret-as="characters">{written}</say-as>'
        attributes = "".join(f' {name}="{self._change(name, offset)}"' for name, offset in changes.items() if offset)
        if attributes:
            written = f"<prosody{attributes}>{written}</prosody>"
        return f"<lang xml:lang={quoteattr(language)}>{written}</lang>" if language else written

    def _change(self, name: str, offset: int) -> str:
        """Return how a number of NVDA, changed by ``offset``, differs from the setting, in SSML."""
        before = self._numbers[name]
        after = min(max(before + offset, 0), 100)
        if name == "pitch":
            return f"{2 * SEMITONES * (after - before) / 100:+.2f}st"
        if name == "rate":
            return f"{100 * FASTEST ** (2 * (after - before) / 100):.0f}%"
        return f"{20 * math.log10(max(after, 1) / max(before, 1)):+.2f}dB"

    def _settings(self) -> dict[str, str]:
        """Return the settings of the module; NVDA itself names signs, and speaks capitals as the user wants."""
        names = {"rate": "rate", "pitch": "pitch", "inflection": "pitch_range", "volume": "volume"}
        numbers = {names[name]: str(2 * number - 100) for name, number in self._numbers.items()}
        return {
            **numbers,
            "synthesis_voice": self._voice,
            "punctuation_mode": "none",
            "spelling_mode": "off",
            "cap_let_recogn": "none",
        }

    # ---------------------------------------------------------------------------------------- the thread

    def _work(self) -> None:
        """Speak the requests one after another."""
        while True:
            request = self._requests.get()
            if request is None:
                return
            turn, document, settings = request
            if turn != self._turn:
                continue
            try:
                self._speak(turn, document, settings)
            except ModuleGone as error:
                log.error(f"Wavewright does not speak: {error}")
                self._restart()
            except Exception:
                log.error("Wavewright does not speak", exc_info=True)
            if turn == self._turn:
                self._notify(turn, synthDoneSpeaking)

    def _speak(self, turn: int, document: str, settings: dict[str, str]) -> None:
        pieces = self._client.speak(document, settings)
        if turn != self._turn:  # cancelled while the message was sent
            self._client.stop()
        for piece in pieces:
            if turn != self._turn:
                continue  # the module has been told to stop, and ends its message
            if piece.audio:
                self._play(piece.audio, piece.sample_rate)
            elif piece.mark.isdecimal():
                self._mark(turn, int(piece.mark))
            if turn != self._turn and self._player is not None:
                self._player.stop()  # cancelled while it was fed
        if turn == self._turn and self._player is not None:
            self._player.idle()

    def _play(self, audio: bytes, sample_rate: int) -> None:
        if self._player is None or sample_rate != self._player_rate:
            if self._player is not None:
                self._player.idle()
                self._player.close()
            self._player = nvwave.WavePlayer(1, sample_rate, 16, outputDevice=_output_device())
            self._player_rate = sample_rate
        self._player.feed(audio)

    def _mark(self, turn: int, index: int) -> None:
        """Report an index when the player gets there: after a sample of silence."""
        if self._player is None:
            self._notify(turn, synthIndexReached, index=index)
        else:
            self._player.feed(SILENT_SAMPLE, onDone=lambda: self._notify(turn, synthIndexReached, index=index))

    def _notify(self, turn: int, notification: Action, **values: int) -> None:
        if turn == self._turn:
            notification.notify(synth=self, **values)

    def _restart(self) -> None:
        """Start the process again, for the next request."""
        self._client.close()
        try:
            self._client = ModuleClient(module_command())
        except ModuleGone as error:
            log.error(f"Wavewright does not start again: {error}")

    # ---------------------------------------------------------------------------------------- settings of NVDA

    def _getAvailableVoices(self) -> OrderedDict[str, Any]:
        return self._voices

    def _get_voice(self) -> str:
        return self._voice

    def _set_voice(self, value: str) -> None:
        if value in self._voices:
            self._voice = value

    def _get_rate(self) -> int:
        return self._numbers["rate"]

    def _set_rate(self, value: int) -> None:
        self._numbers["rate"] = value

    def _get_pitch(self) -> int:
        return self._numbers["pitch"]

    def _set_pitch(self, value: int) -> None:
        self._numbers["pitch"] = value

    def _get_inflection(self) -> int:
        return self._numbers["inflection"]

    def _set_inflection(self, value: int) -> None:
        self._numbers["inflection"] = value

    def _get_volume(self) -> int:
        return self._numbers["volume"]

    def _set_volume(self, value: int) -> None:
        self._numbers["volume"] = value


def _output_device() -> str:
    """Return the device that NVDA speaks on; its place in the settings depends on the version."""
    for section in ("audio", "speech"):
        try:
            device: str = config.conf[section]["outputDevice"]
        except KeyError:
            continue
        return device
    return ""
