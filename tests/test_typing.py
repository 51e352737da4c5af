"""A type checker over an example of use: the program passes, and every misspelt name in it is noticed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).parents[1]

RIGHT = """
from pathlib import Path

import wavewright
from wavewright import Clip, Prosody, Voice

drums = wavewright.load("drums")
waves = drums.generate("snare", count=2, seed=7)
clip = Clip(waves[0], drums.sample_rate)
path = clip.resample(16_000).write("snare.wav")
voice = Voice.load("en-kathleen")
speech = voice.speak("Hello.", prosody=Prosody(rate=0.9), seed=1)
n_samples: int = speech.clip.n_samples
codes = wavewright.encode(Path("hello.wav"))
made = wavewright.generate("drums", label="kick", count=4)
n_clips: int = len(made.files)
labels = wavewright.load_generator(Path("runs/mine")).labels
n_mels: int = wavewright.load_vocoder("vocoder").n_mels
n_codebooks: int = wavewright.load_codec("speech-codec").n_codebooks
latents = wavewright.load_autoencoder("morph-drums").encode(clip.wave[0])
shape = wavewright.load_classifier("drum-classifier").probabilities(clip.wave, 16_000).shape
"""

WRONG = """
import wavewright
from wavewright import Clip, Voice

drums = wavewright.load("drums")
voice = Voice.load("en-kathleen")
speech = voice.speak("Hello.")
made = wavewright.generate("drums")

wavewright.lood("drums")  # wrong
wavewright.Clipp  # wrong
wavewright.load(7)  # wrong
drums.genarate("snare")  # wrong
drums.sample_rat  # wrong
drums.generate("snare", cuont=2)  # wrong
Voice.loud("en-kathleen")  # wrong
voice.speek("Hello.")  # wrong
voice.speak("Hello.", sead=1)  # wrong
speech.clap  # wrong
speech.clip.n_sample  # wrong
speech.clip.write("a.wav").parrent  # wrong
Clip.read("a.wav").resample("16 kHz")  # wrong
wavewright.generate("drums", lable="kick")  # wrong
made.sonds  # wrong
wavewright.load_vocodor("vocoder")  # wrong
wavewright.load_vocoder("vocoder").vocod  # wrong
wavewright.load_codec("speech-codec").n_codebook  # wrong
"""

TYPED = ("drums", "waves", "clip", "path", "voice", "speech", "speech.clip", "codes", "made")
"""Expressions of the right program whose types an editor has to know."""


def lines_with(text: str, ending: str) -> set[int]:
    return {number for number, line in enumerate(text.splitlines(), 1) if line.endswith(ending)}


@pytest.mark.skipif(
    not (ROOT / "src" / "wavewright" / "py.typed").is_file(), reason="the source is not beside the tests"
)
def test_a_type_checker_notices_misspelt_names(tmp_path):
    right, wrong, shown = tmp_path / "right.py", tmp_path / "wrong.py", tmp_path / "shown.py"
    right.write_text(RIGHT, encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    reveals = "".join(f"reveal_type({expression})  # {expression}\n" for expression in TYPED)
    shown.write_text(RIGHT + reveals, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_missing_imports = true\n", encoding="utf-8")
    options = ["--config-file=mypy.ini", "--follow-imports=silent", "--no-error-summary", "--strict"]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, f"--cache-dir={ROOT / '.pytest_cache' / 'mypy'}", right, wrong, shown],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    reported = re.findall(r"^(\w+)\.py:(\d+): (error|note): (.*)$", run.stdout, re.MULTILINE)
    assert [entry for entry in reported if entry[0] in ("right", "shown") and entry[2] == "error"] == []

    errors = {int(line) for name, line, kind, _ in reported if (name, kind) == ("wrong", "error")}
    lines = WRONG.splitlines()
    unnoticed = [lines[number - 1] for number in sorted(lines_with(WRONG, "# wrong") - errors)]
    untyped = [
        (shown.read_text(encoding="utf-8").splitlines()[int(line) - 1], message)
        for name, line, kind, message in reported
        if name == "shown" and re.search(r'^Revealed type is ".*\bAny\b', message) and "ndarray" not in message
    ]
    assert errors <= lines_with(WRONG, "# wrong")
    assert unnoticed == []
    assert untyped == []
