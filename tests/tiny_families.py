"""A tiny model of each family: one entry of `TINY` each, for the contract in tests/test_family_contract.py."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from wavewright.audio.clip import Clip
from wavewright.contracts.recipe import Recipe
from wavewright.data.entry import Entry, Scan
from wavewright.data.scores import scan_scores
from wavewright.models.folder import ModelFolder
from wavewright.music.formats import write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.training.run import Provenance, Run, choose_recipe

SAMPLE_RATE = 16_000
LABELS, SPEAKERS, N_TAKES = ("high", "low"), ("ann", "bob"), 5
TRAINING = (
    "steps=4",
    "batch_size=4",
    "threads=1",
    "precision=float32",
    "evaluate_every=4",
    "save_every=2",
    "weight_bits=16",
    "product_bits=32",
)


@dataclass(frozen=True)
class TinyFamily:
    """How a family is trained within a second or so: its settings on top of size tiny."""

    settings: tuple[str, ...]
    n_stages: int = 1
    """Number of training stages that the settings make it go through."""
    companion: Callable[[Path], tuple[str, ...]] | None = None
    """Makes another model that the family needs, in a folder, and returns the settings that name it."""
    scan: Callable[[Path], Scan] | None = None
    """Makes what the family learns from, in a folder, instead of recordings."""


def _tiny_codec(folder: Path) -> tuple[str, ...]:
    return (f"model.codec={trained('codec').out}",)


def _tiny_speech(folder: Path) -> tuple[str, ...]:
    speech = folder / "speech"
    for speaker in SPEAKERS:
        for take in range(N_TAKES):
            path = speech / speaker / f"{take}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            Clip(_voice(110 + 40 * (speaker == "bob") + 5 * take, 0.6, 50 + take)[None], SAMPLE_RATE).write(path)
    return (f"data.speech={speech}",)


def _tiny_scores(folder: Path) -> Scan:
    """Return scores of two voices; the last is for validation."""
    rng, root = np.random.default_rng(0), folder / "scores"
    root.mkdir(exist_ok=True)
    for number in range(6):
        tracks = []
        for channel, lowest in enumerate((72, 55)):
            pitches = lowest + np.cumsum(rng.integers(-2, 3, 24)) % 12
            notes = notes_of([(240 * index, 240, pitch, 80) for index, pitch in enumerate(pitches)])
            tracks.append(Track(notes, channel=channel))
        write_score(Score(tuple(tracks)), root / f"{number}.mid")
    entries = scan_scores(root).entries
    return Scan(tuple(replace(entry, split="valid" if entry is entries[-1] else "train") for entry in entries))


TINY: dict[str, TinyFamily] = {
    "acoustic": TinyFamily(
        (
            "sample_rate=16000",
            "synthesis_from=1",
            "joint_alignment_from=2",
            "adversarial_from=3",
            "channels=16",
            "hidden=32",
            "predictor_channels=16",
            "aligner_channels=16",
        ),
        n_stages=4,
    ),
    "classifier": TinyFamily(("sample_rate=16000", "n_samples=8000", "n_fft=256", "hop_length=128", "n_mels=40")),
    "codec": TinyFamily(("crop_frames=12", "unquantised_steps=1", "adversarial_from=2"), n_stages=2),
    "composer": TinyFamily(("crop_steps=24", "lowest=40", "highest=96"), scan=_tiny_scores),
    "denoiser": TinyFamily(
        ("hop_length=128", "mask=complex", "channels=4", "crop_seconds=0.5", "valid_fraction=0.4"),
        companion=_tiny_speech,
    ),
    "encoder": TinyFamily(("n_samples=8000", "n_fft=256", "hop_length=128", "projection_size=16")),
    "gan": TinyFamily(("sample_rate=8000", "n_samples=4000", "n_fft=256", "hop_length=64", "noise_bands=20")),
    "instrument": TinyFamily(("sample_rate=16000", "seconds=0.6")),
    "lstm": TinyFamily(
        (
            "sample_rate=16000",
            "n_fft=256",
            "hop_length=128",
            "n_mels=16",
            "hidden_size=16",
            "prenet_size=16",
            "n_iterations=1",
            "duration=drawn",
        )
    ),
    "prior": TinyFamily(
        ("n_codebooks=3", "hidden_size=16", "embedding_size=12", "crop_seconds=0.3", "n_variants=2"),
        companion=_tiny_codec,
    ),
    "vae": TinyFamily(
        ("sample_rate=8000", "n_samples=4096", "n_fft=256", "hop_length=64", "adversarial_from=2", "channels=16"),
        n_stages=2,
    ),
    "vocoder": TinyFamily(("sample_rate=16000", "crop_frames=12", "adversarial_from=2"), n_stages=2),
    "wavenet": TinyFamily(("sample_rate=16000", "n_layers=4", "dilation_cycle=4", "channels=8", "crop_samples=1024")),
}


@functools.cache
def folder() -> Path:
    """Return a folder for this process, removed when it ends."""
    made = tempfile.TemporaryDirectory(prefix="wavewright-tiny-", ignore_cleanup_errors=True)
    folder.kept = made  # type: ignore[attr-defined]
    return Path(made.name)


@functools.cache
def recordings() -> Scan:
    """Return twenty recordings of two labels, by two speakers, each with a text; one take of each is for validation."""
    root, entries = folder() / "recordings", []
    for label in LABELS:
        for speaker in SPEAKERS:
            for take in range(N_TAKES):
                path = root / label / f"{speaker}-{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                wave = _voice((90 if label == "low" else 180) + 15 * (speaker == "bob") + 3 * take, 0.7, take)
                Clip(wave[None], SAMPLE_RATE).write(path)
                split = "valid" if take == N_TAKES - 1 else "train"
                entries.append(
                    Entry(
                        path,
                        label,
                        None,
                        len(wave) / SAMPLE_RATE,
                        SAMPLE_RATE,
                        1,
                        len(wave),
                        split,  # type: ignore[arg-type]
                        text=f"Go on {label}.",
                        speaker=speaker,
                        language="en",
                    )
                )
    return Scan(tuple(entries))


def _recordings(folder: Path) -> Scan:
    return recordings()


def _voice(f0_hz: float, seconds: float, seed: int) -> np.ndarray:
    """Return a gliding tone of ten partials with noise, ``(time,)`` float32."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * f0_hz * (time + 0.2 * time**2)
    tone = sum(np.sin(k * phase) / k for k in range(1, 11))
    return (0.15 * tone + 0.01 * np.random.default_rng(seed).standard_normal(len(time))).astype(np.float32)


def tiny_recipe(name: str, *settings: str) -> Recipe:
    """Return the tiny recipe of a family, with further settings."""
    tiny = TINY[name]
    companion = tiny.companion(folder()) if tiny.companion else ()
    return choose_recipe(name, "tiny", (*TRAINING, "metric=", *tiny.settings, *companion, *settings))


def tiny_run(name: str, out: Path, *settings: str, base: ModelFolder | None = None, scan: Scan | None = None) -> Run:
    """Return a run of the tiny recipe that has not begun."""
    return Run(
        out,
        name,
        tiny_recipe(name, *settings),
        scan or (TINY[name].scan or _recordings)(folder()),
        Provenance("tiny", licence="CC0-1.0"),
        folder() / "cache",
        base,
    )


@functools.cache
def trained(name: str) -> Run:
    """Return a run of a tiny model that is trained; every test of this process shares it."""
    with torch.random.fork_rng():
        run = tiny_run(name, folder() / f"trained-{name}")
        run.train(quiet=True)
    return run
