"""What speaks in the benchmark of voices: recordings, copies of them, voices, and other engines where they are installed.

The peers are Debian's packages flite (voice slt) and espeak-ng; a peer that is not on the PATH has no row.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wavewright import loading
from wavewright.clip import Clip
from wavewright.data.entry import Entry
from wavewright.speech.voice import Voice

PEERS = {
    "flite": ["flite", "-voice", "slt", "-t", "{text}", "-o", "{out}"],
    "espeak-ng": ["espeak-ng", "-v", "en-us", "-w", "{out}", "--", "{text}"],
}


@dataclass(frozen=True)
class Said:
    """A sentence as it was said: ``wave (time,)``, and processor seconds that it took, 0 where that means nothing."""

    wave: np.ndarray
    sample_rate: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Talker:
    """A row: ``say(text, seed)``, for how many seeds; ``entries`` alone for recordings and copies, which say what was recorded."""

    name: str
    say: Callable[[str, int], Said]
    n_seeds: int = 1
    is_recorded: bool = False


def recordings(entries: list[Entry]) -> Talker:
    """The recordings themselves."""
    by_text = {str(entry.text): entry for entry in entries}

    def say(text: str, seed: int) -> Said:
        clip = Clip.read(by_text[text].path).mono()
        return Said(clip.wave[0], clip.sample_rate)

    return Talker("recordings", say, is_recorded=True)


def copies(entries: list[Entry], vocoder: str) -> Talker:
    """The recordings through a vocoder's mel frames."""
    by_text = {str(entry.text): entry for entry in entries}
    player = loading.load(vocoder)

    def say(text: str, seed: int) -> Said:
        wave = Clip.read(by_text[text].path).mono().resample(player.sample_rate).wave[0]
        mel = player.mel_of(wave)
        start = time.process_time()
        made = player.vocode(mel, seed)[0]
        return Said(made, player.sample_rate, time.process_time() - start)

    return Talker(f"copies by {vocoder}", say, is_recorded=True)


def voice(name: str, vocoder: str, n_seeds: int) -> Talker:
    """A voice through a vocoder."""
    speaker = Voice.load(name, vocoder)
    speaker.warm_up()

    def say(text: str, seed: int) -> Said:
        start = time.process_time()
        clip = speaker.speak(text, seed=seed).clip
        return Said(clip.wave[0], clip.sample_rate, time.process_time() - start)

    return Talker(f"{name} by {vocoder}", say, n_seeds)


def peers() -> list[Talker]:
    """The other engines that are there; their seconds are those of the whole process."""
    return [_peer(name, command) for name, command in PEERS.items() if shutil.which(command[0])]


def _peer(name: str, command: list[str]) -> Talker:
    def say(text: str, seed: int) -> Said:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "said.wav"
            before = children_seconds()
            subprocess.run(
                [part.format(text=text, out=out) for part in command], check=True, capture_output=True, timeout=120
            )
            seconds = children_seconds() - before
            clip = Clip.read(out).mono()
        return Said(clip.wave[0], clip.sample_rate, seconds)

    return Talker(name, say)


def children_seconds() -> float:
    """Processor seconds of all processes that ended; 0 on systems that do not count them."""
    times = os.times()
    return times.children_user + times.children_system
