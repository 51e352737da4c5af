"""A tiny model of each family: one entry of `TINY` each, for the contract in tests/test_family_contract.py."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch

import wavewright
from wavewright.audio.clip import Clip
from wavewright.contracts.recipe import Recipe
from wavewright.data.entry import Entry, Scan
from wavewright.data.folder import scan
from wavewright.data.scores import scan_scores
from wavewright.families import FAMILIES
from wavewright.models.folder import ModelFolder
from wavewright.music.formats import write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.training.checkpoint import load_matching
from wavewright.training.choices import choose_recipe
from wavewright.training.loop import LAST
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import CHECKPOINTS, Run

KEPT = Path(__file__).parents[1] / ".pytest_cache" / "tiny"
LATER_ROOMS = ("tasks", "apps")  # which no training uses
SECONDS_OF_A_DAY = 86_400

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
    fewer: tuple[tuple[str, int], ...] = ()
    """Constants of its recipe that take long with the value of a real training, and values for tests."""


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


def _tiny_chords(folder: Path) -> Scan:
    """Return recordings of chords with a score beside each; the last is for validation."""
    root = folder / "chords"
    root.mkdir(exist_ok=True)
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for number in range(4):
        pitches = (57 + number, 61 + number)
        wave = sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * seconds) for pitch in pitches)
        Clip(np.float32(0.3 * wave * np.exp(-2 * seconds))[None], SAMPLE_RATE).write(root / f"{number}.wav")
        write_score(Score((Track(notes_of([(0, 480, pitch, 90) for pitch in pitches])),)), root / f"{number}.mid")
    entries = scan(root).entries
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
        fewer=(("N_VALID_MIXTURES", 8),),
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
    "transcriber": TinyFamily(("crop_frames=24",), scan=_tiny_chords),
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
    vars(FAMILIES[name].recipes()).update(tiny.fewer)
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
    """Return a run of a tiny model that is trained; no test may change its folder."""
    out = kept(name, lambda out: tiny_run(name, out).train(Call(quiet=True)))
    with torch.random.fork_rng():
        run = tiny_run(name, out)
        load_matching(out / CHECKPOINTS / LAST, run.network)
    return run


def bidirectional_denoiser() -> Path:
    """Return the folder of a tiny denoiser that looks ahead; it began as the tiny one."""
    settings = ("model.bidirectional=true", "training.batch_size=2", "training.steps=2")
    base = ModelFolder(trained("denoiser").out)
    return kept("both", lambda out: tiny_run("denoiser", out, *settings, base=base).train(Call(quiet=True)))


def kept(name: str, make: Callable[[Path], object], made_in: str = __file__) -> Path:
    """Return the folder ``name`` that a function makes; no test may change it.

    It is kept for later processes as long as the package, this file and ``made_in``, the file of the function, stay
    the same.
    """
    code = hashlib.sha256(Path(made_in).read_bytes()).hexdigest()[:8]
    place = KEPT / code_hash() / f"{name}-{code}"
    if place.is_dir():
        return place / name
    staged = place.with_name(f".{place.name}-{os.getpid()}")
    staged.mkdir(parents=True)
    try:
        with torch.random.fork_rng():
            make(staged / name)
        with contextlib.suppress(OSError):  # another process was first
            staged.rename(place)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return place / name


@functools.cache
def code_hash() -> str:
    """Return a hash of what the tiny models follow from; remove those of other code that are older than a day."""
    package = Path(wavewright.__file__).parent
    sources = (path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in LATER_ROOMS)
    digest = hashlib.sha256(repr([module.__version__ for module in (np, onnx, torch)]).encode())
    for path in sorted([*sources, Path(__file__)]):
        digest.update(path.read_bytes())
    for other in KEPT.glob("*"):
        if other.name != digest.hexdigest() and other.stat().st_mtime + SECONDS_OF_A_DAY < time.time():
            shutil.rmtree(other, ignore_errors=True)
    return digest.hexdigest()
