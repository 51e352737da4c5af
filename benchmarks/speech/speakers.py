"""Sources of speech for the benchmarks of voices: recordings, copies of them, voices, and other engines.

The other engines are Debian's packages flite (voice slt) and espeak-ng.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import read_wave
from benchmarks.harness.peers import ESPEAK_NG, FLITE, Peer
from benchmarks.harness.timing import children_seconds
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.families import loading
from wavewright.speech.voice import Voice

ENGINES: Mapping[Peer, tuple[str, ...]] = {
    FLITE: ("flite", "-voice", "slt", "-t", "{text}", "-o", "{out}"),
    ESPEAK_NG: ("espeak-ng", "-v", "en-us", "-w", "{out}", "--", "{text}"),
}
ENGINES_OF_FILES: Mapping[Peer, tuple[str, ...]] = {
    FLITE: ("flite", "-voice", "slt", "-f", "{texts}", "-o", "{out}"),
    ESPEAK_NG: ("espeak-ng", "-v", "en-us", "-w", "{out}", "-f", "{texts}"),
}
"""The same engines on a file of sentences, which they speak in one process."""
ENGINE_TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Utterance:
    """A spoken sentence ``wave (time,)``, and the processor seconds that it took, 0 for a recording."""

    wave: np.ndarray
    sample_rate: int
    processor_seconds: float = 0.0


@dataclass(frozen=True)
class Speaker:
    """A row: ``speak(text, seed)``, for ``n_seeds`` seeds; recordings and copies speak recorded texts alone."""

    name: str
    speak: Callable[[str, int], Utterance]
    n_seeds: int = 1
    is_recorded: bool = False


def recordings(entries: list[Entry]) -> Speaker:
    """Return the recordings themselves."""
    by_text = {str(entry.text): entry for entry in entries}

    def speak(text: str, _seed: int) -> Utterance:
        clip = Clip.read(by_text[text].path).mono()
        return Utterance(clip.wave[0], clip.sample_rate)

    return Speaker("recordings", speak, is_recorded=True)


def copies(entries: list[Entry], vocoder_name: str) -> Speaker:
    """Return the recordings copied by a vocoder."""
    by_text = {str(entry.text): entry for entry in entries}
    vocoder = loading.load_vocoder(vocoder_name)

    def speak(text: str, seed: int) -> Utterance:
        mel = vocoder.mel_of(read_wave(by_text[text].path, vocoder.sample_rate))
        start = time.process_time()
        wave = vocoder.vocode(mel, seed)[0]
        return Utterance(wave, vocoder.sample_rate, time.process_time() - start)

    return Speaker(f"copies by {vocoder_name}", speak, is_recorded=True)


def voice(name: str, vocoder: str, n_seeds: int, language: str | None = None) -> Speaker:
    """Return a voice with a vocoder, loaded and compiled, in a language, by default its first one."""
    loaded = Voice.load(name, vocoder, language)
    loaded.warm_up()

    def speak(text: str, seed: int) -> Utterance:
        start = time.process_time()
        clip = loaded.speak(text, seed=seed).clip
        return Utterance(clip.wave[0], clip.sample_rate, time.process_time() - start)

    return Speaker(f"{name} by {vocoder}", speak, n_seeds)


def other_engines() -> list[Speaker]:
    """Return the other engines that are installed; their seconds are those of the whole process."""
    return [_engine(peer.name, command) for peer, command in ENGINES.items() if peer.is_installed]


def spoken_in_one_process(texts: Sequence[str]) -> dict[str, Utterance]:
    """Return all sentences as one process of each other engine speaks them, by the name of the engine."""
    spoken = {}
    for peer, command in ENGINES_OF_FILES.items():
        if peer.is_installed:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "texts.txt"
                path.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
                spoken[peer.name] = _run(command, {"texts": path})
    return spoken


def _engine(name: str, command: tuple[str, ...]) -> Speaker:
    return Speaker(name, lambda text, _seed: _run(command, {"text": text}))


def _run(command: Sequence[str], values: Mapping[str, object]) -> Utterance:
    """Return what a process speaks, and its processor time from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "speech.wav"
        arguments = [argument.format(**values, out=out) for argument in command]
        before = children_seconds()
        subprocess.run(arguments, check=True, capture_output=True, timeout=ENGINE_TIMEOUT_SECONDS)
        seconds = children_seconds() - before
        clip = Clip.read(out).mono()
    return Utterance(clip.wave[0], clip.sample_rate, seconds)
