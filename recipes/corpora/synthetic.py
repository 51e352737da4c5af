"""Speech of other voices by the synthesiser Flite, so that denoisers know more than a few speakers.

    python recipes/corpora synthetic --flite flite --speech corpora/speech --out corpora/synthetic

``--flite`` is the program of the Debian package flite. Each voice reads other English sentences of the corpus of the
command ``speech``, without its tests, at a random pace.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from corpus import Recording, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio
from wavewright.base.result import Failed

VOICES = ("awb", "kal16", "rms", "slt")  # a Scottish man, two American men, an American woman
N_SENTENCES = 250  # of each voice
STRETCH = (0.85, 1.2)  # of the durations
FLITE = Source("Flite", "MIT-CMU", "Carnegie Mellon University", "Debian package flite", "synthetic speech")
SEED = 3


def find(flite: Path, speech: Path) -> Iterator[Recording]:
    """Yield the sentences of each voice."""
    manifest = checked_folder(speech, "the corpus of the command speech") / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    is_english = [row for row in rows if row.get("text") and row.get("language") == "en" and row["split"] == "train"]
    texts = np.array(sorted({row["text"] for row in is_english}))
    shuffled = np.random.default_rng(SEED).permutation(texts)
    for index, (text, voice) in enumerate(zip(shuffled, VOICES * N_SENTENCES, strict=False)):
        speaker = f"flite-{voice}"
        facts = {"text": str(text), "speaker": speaker, "group": speaker, "language": "en"}
        yield Recording(flite, f"{voice}/{index:04d}", "train", FLITE, facts)


def spoken(flite: Path, recording: Recording) -> Clip:
    """Return a sentence as Flite speaks it; raise BadAudio if the program fails."""
    text, voice = recording.facts["text"], recording.facts["speaker"].removeprefix("flite-")
    stretch = np.random.default_rng(len(text)).uniform(*STRETCH)
    return flite_speech(flite, voice, text, duration_stretch=stretch)


def flite_speech(flite: Path, voice: str, text: str, **features: float) -> Clip:
    """Return a text as a voice of Flite speaks it with some of its features; raise BadAudio if the program fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = [str(flite), "-voice", voice]
        for name, value in features.items():
            command += ["--setf", f"{name}={value:.2f}"]
        try:
            subprocess.run([*command, "-t", text, "-o", str(path)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise BadAudio(f"{flite} could not speak {text!r} by the voice {voice}: {error}") from error
        return Clip.read(path)


def gather_synthetic(flite: Path, speech: Path, out: Path) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out; raise BadFolder without any."""
    return gather(find(flite, speech), out, partial(spoken, flite))
