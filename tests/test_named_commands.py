"""The commands that models name: each runs, for every bundled model and a freshly trained one of every family."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_families import SAMPLE_RATE, recordings, tiny_run, trained

from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.contracts.family import Capability
from wavewright.families import FAMILIES, loading
from wavewright.models.folder import ModelFolder

OTHERS = {
    "denoiser of echo": ("denoiser", "removes=echo"),
    "VAE of frames": ("vae", "latent=frames"),
    "WaveNet vocoder": ("wavenet", "condition=mel"),
}
"""Tiny models that can do something else than those of `TINY`: family, and the setting that makes the difference."""

FILES = {"FILE": "tone.wav", "FAR": "far.wav", "SCORE": "tune.abc"}
TUNE = "X:1\nL:1/8\nQ:1/4=240\nK:C\nCEGc|"
SHORT_TRAINING = ("--set", "training.steps=2", "--set", "training.threads=1")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """A working folder with what the words in capitals stand for."""
    monkeypatch.chdir(tmp_path)
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    far = 0.1 * np.random.default_rng(0).standard_normal(len(time)) * (time % 1 < 0.6)
    near = 0.1 * np.sin(2 * np.pi * 220 * time) * np.sin(np.pi * time / 3)
    Clip((near + 0.5 * np.roll(far, 800))[None].astype(np.float32), SAMPLE_RATE).write("tone.wav")  # with an echo
    Clip(far[None].astype(np.float32), SAMPLE_RATE).write("far.wav")
    Path("tune.abc").write_text(TUNE, encoding="utf-8")
    for entry in recordings().entries:
        folder = tmp_path / "FOLDER" / str(entry.label)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(entry.path, folder)
    return tmp_path


def runs(command: str) -> None:
    """Run a command as it is printed, on the files of the working folder; a training ends after two steps."""
    program, *words = shlex.split(command)
    assert program == "wavewright"
    arguments = [FILES.get(word, word) for word in words]
    assert run([*arguments, *(SHORT_TRAINING if words[0] == "train" else ())]) == 0, command


def every_command(folder: ModelFolder, name: str) -> list[str]:
    """Return the command lines of a model for all that it can do, the one that introduces it first."""
    commands = FAMILIES[folder.card.family].command_lines(name, folder.card.config)
    assert commands[0] == loading.command_line(name, folder.card)
    return commands


@pytest.mark.parametrize("name", models.bundled())
def test_a_bundled_model_runs_the_commands_that_it_names(name):
    for command in every_command(ModelFolder(models.find(name)), name):
        runs(command)


@pytest.mark.parametrize("name", [*sorted(FAMILIES), *OTHERS])
def test_a_model_that_was_trained_runs_the_commands_that_it_names(name, tmp_path, capsys):
    family, *settings = OTHERS.get(name, (name,))
    made = tiny_run(family, Path("my models") / "it's mine", *settings)  # a name that a shell needs quoted
    made.train()
    captured = capsys.readouterr()
    (printed,) = re.findall(r"contains step \d+: (wavewright .*)", captured.out + captured.err)
    commands = every_command(ModelFolder(made.out), str(made.out))
    assert printed == commands[0]
    for command in commands:
        runs(command)


@pytest.mark.parametrize(
    "name", sorted(name for name in FAMILIES if Capability.AUTOENCODE in FAMILIES[name].capabilities)
)
def test_an_autoencoder_of_any_family_is_taken_wherever_one_is(name, capsys):
    model = str(trained(name).out)
    (clip, *_), folder = sorted(Path("FOLDER").rglob("*.wav")), "FOLDER"
    sound = Clip.read(clip)
    assert run(["encode", str(clip), "--model", model, "--out", "latents.safetensors"]) == 0
    assert run(["decode", "latents.safetensors", "--model", model, "--out", "decoded.wav"]) == 0
    n_samples = loading.load_autoencoder(model).clip_samples
    seconds = min(sound.seconds, n_samples / trained(name).recipe.model.sample_rate if n_samples else np.inf)
    assert Clip.read(Path("decoded.wav")).seconds == pytest.approx(seconds, abs=1e-3)
    capsys.readouterr()
    assert run(["similar", str(clip), "--folder", folder, "--model", model, "--count", "3"]) == 0
    distances = [float(line.split()[0]) for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert len(distances) == 3
    assert distances == sorted(distances)
    assert run(["map", folder, "--model", model, "--out", "map.json"]) == 0
    assert run(["audit", model, folder, "--count", "1"]) == 0


def test_a_refused_model_is_recommended_with_the_command_that_takes_it(capsys):
    assert run(["enhance", "tone.wav", "--model", "echo-16k"]) == 2
    (command,) = re.findall("it is for `(wavewright .*?)`", capsys.readouterr().err)
    assert command == "wavewright cancel-echo FILE FAR --model echo-16k"
    runs(command)
