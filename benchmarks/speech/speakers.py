"""Sources of speech for the benchmarks of voices: recordings, copies of them, voices, and other engines.

The other engines are Debian's packages flite (voice slt) and espeak-ng.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.corpora import read_wave
from benchmarks.harness.peers import ESPEAK_NG, FLITE, Peer
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.families import loading
from wavewright.speech.voice import Voice

ENGINES: Mapping[Peer, tuple[str, ...]] = {
    FLITE: ("flite", "-voice", "slt", "-f", "{texts}", "-o", "{out}"),
    ESPEAK_NG: ("espeak-ng", "-v", "en-us", "-w", "{out}", "-f", "{texts}"),
}


@dataclass(frozen=True)
class Speaker:
    """A row: ``speak(text, seed)``, for ``n_seeds`` seeds; recordings and copies speak recorded texts alone."""

    name: str
    speak: Callable[[str, int], Clip]
    n_seeds: int = 1
    is_recorded: bool = False


def recordings(entries: list[Entry]) -> Speaker:
    """Return the recordings themselves."""
    by_text = {str(entry.text): entry for entry in entries}
    return Speaker("recordings", lambda text, _: Clip.read(by_text[text].path).mono(), is_recorded=True)


def copies(entries: list[Entry], vocoder_name: str) -> Speaker:
    """Return the recordings copied by a vocoder."""
    by_text = {str(entry.text): entry for entry in entries}
    vocoder = loading.load_vocoder(vocoder_name)

    def speak(text: str, seed: int) -> Clip:
        mel = vocoder.mel_of(read_wave(by_text[text].path, vocoder.sample_rate))
        return Clip(vocoder.vocode(mel, seed), vocoder.sample_rate)

    return Speaker(f"copies by {vocoder_name}", speak, is_recorded=True)


def voice(name: str, vocoder: str, n_seeds: int) -> Speaker:
    """Return a voice with a vocoder, loaded and compiled."""
    loaded = Voice.load(name, vocoder)
    loaded.warm_up()
    return Speaker(f"{name} by {vocoder}", lambda text, seed: loaded.speak(text, seed=seed).clip, n_seeds)


def other_engines() -> list[Speaker]:
    """Return the other engines that are installed."""
    installed = [peer for peer in ENGINES if peer.is_installed]
    return [Speaker(peer.name, lambda text, _, peer=peer: speak_in_one_process(peer, [text])) for peer in installed]


def speak_in_one_process(engine: Peer, texts: Sequence[str]) -> Clip:
    """Return sentences as one process of another engine speaks them."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "texts.txt", Path(folder) / "speech.wav"
        path.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
        arguments = [argument.format(texts=path, out=out) for argument in ENGINES[engine]]
        subprocess.run(arguments, check=True, capture_output=True, timeout=120)
        return Clip.read(out).mono()
