"""Measure how well ``wavewright analyse`` finds speech and music in recordings from sources that it was not trained on.

    python -m benchmarks analysis.content --speech corpora/prompts --music corpora/music GAME/music \\
        --other NOISES --json content.json

Every folder is one source; packages and folders are named in docs/analyse.md. A programme is speech, music or other
sounds of one source for a minute, or speech over music at a level below it. Silero VAD (``pip install
--no-deps silero-vad==6.2.3``) knows speech alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.harness.corpora import read_wave, smoke_ambience, smoke_drums, smoke_speech
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.base.units import db_to_gain
from wavewright.data.mixing import rms
from wavewright.inference.analysis.content import ContentMeter
from wavewright.inference.analysis.content_features import SAMPLE_RATE
from wavewright.inference.analysis.files import SILENCE_DB

SILERO = Peer("Silero VAD", "pip install --no-deps silero-vad==6.2.3", module="silero_vad")
SUFFIXES = (".wav", ".flac", ".ogg", ".opus")
PAUSE_SECONDS = 0.4  # between recordings of speech
START_SECONDS, EXCERPT_SECONDS = 15.0, 20.0  # of a piece of music
SILERO_SAMPLES = 512
BELOW_SPEECH_DB = (6.0, 12.0, 18.0)
SEED = 23

SOURCES = Table("sources", columns(source="s", sounds="s", seconds=".0f", right=".3f", speech=".3f", music=".3f"))
"""Seconds that are right in both respects, and with speech and music."""

SCORES = Table("scores", {**columns(method="s", sounds="s"), **optional(precision=".3f", recall=".3f", f1=".3f")})


class Programme(NamedTuple):
    """A wave ``(time,)`` at 16 kHz of a source, and what sounds throughout: speech, music, both or other sounds."""

    source: str
    wave: np.ndarray
    sounds: str


def joined(folder: Path, seconds: float, rng: np.random.Generator, kind: str) -> np.ndarray:
    """Return recordings of a folder one after another, ``(time,)``: excerpts of music, all of a sentence or a noise."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    pause = np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE) if kind == "speech" else 0, np.float32)
    start, length = round(START_SECONDS * SAMPLE_RATE), round(EXCERPT_SECONDS * SAMPLE_RATE)
    waves: list[np.ndarray] = []
    for row in rng.permutation(len(paths)):
        if sum(map(len, waves)) >= seconds * SAMPLE_RATE:
            break
        wave = read_wave(paths[row], SAMPLE_RATE)
        if kind == "music" and len(wave) > start:
            wave = wave[start : start + length]
        waves += [wave / max(float(np.abs(wave).max()), 1e-6) * 0.5, pause]
    return np.concatenate(waves)[: round(seconds * SAMPLE_RATE)].astype(np.float32)


def programmes(options: Options) -> Iterator[Programme]:
    """Yield a programme of each source, and speech of the first source over all music."""
    rng = np.random.default_rng(SEED)
    of = {
        kind: {path: joined(path, options.seconds, rng, kind) for path in getattr(options, kind)}
        for kind in ("speech", "music", "other")
    }
    for kind, waves in of.items():
        for path, wave in waves.items():
            yield Programme(path.name, wave, kind)
    speech = next(iter(of["speech"].values()))
    for path, wave in of["music"].items():
        n_samples = min(len(wave), len(speech))
        for below_db in BELOW_SPEECH_DB:
            level = rms(speech) / rms(wave) * db_to_gain(-below_db)
            mixed = speech[:n_samples] + level * wave[:n_samples]
            yield Programme(f"{path.name}, {below_db:g} dB below", 0.7 * mixed.astype(np.float32), "speech and music")


def content_seconds(wave: np.ndarray) -> np.ndarray:
    """Return whether the analysis reports speech and music in each second, ``(seconds, 2)`` bool."""
    meter = ContentMeter(SILENCE_DB)
    meter.add(wave[None])
    found = np.zeros((len(wave) // SAMPLE_RATE, 2), bool)
    middles = np.arange(len(found)) + 0.5
    for segment in meter.result().segments:
        inside = (middles >= segment.start) & (middles < segment.end)
        found[inside] = ["speech" in segment.kind, "music" in segment.kind]
    return found


def silero_seconds(wave: np.ndarray) -> np.ndarray:
    """Return whether Silero VAD finds speech in more than half of each second, ``(seconds,)`` bool."""
    import silero_vad
    import torch

    model = silero_vad.load_silero_vad(onnx=True)
    frames = torch.from_numpy(wave[: len(wave) // SILERO_SAMPLES * SILERO_SAMPLES]).view(-1, SILERO_SAMPLES)
    likely = np.array([float(model(row, SAMPLE_RATE)) for row in frames])
    at = np.minimum(
        (np.arange(len(wave) // SAMPLE_RATE * 31) + 0.5) * SAMPLE_RATE / 31 / SILERO_SAMPLES, len(likely) - 1
    )
    return likely[at.astype(int)].reshape(-1, 31).max(axis=1) > 0.5


def add_scores(report: Report, method: str, sounds: str, found: np.ndarray, there: np.ndarray) -> None:
    """Add precision, recall and F1 of seconds."""
    right = int((found & there).sum())
    precision, recall = right / max(1, int(found.sum())), right / max(1, int(there.sum()))
    f1 = 2 * right / max(1, int(found.sum() + there.sum()))
    report.add(SCORES, method=method, sounds=sounds, precision=precision, recall=recall, f1=f1)


def measure(options: Options, report: Report) -> None:
    made = list(programmes(options))
    active = [content_seconds(each.wave) for each in made]
    kinds = ("speech", "music")
    truths = [[kind in each.sounds for kind in kinds] for each in made]
    there = [np.tile(truth, (len(found), 1)) for truth, found in zip(truths, active, strict=True)]
    for programme, found, truth in zip(made, active, there, strict=True):
        row = {"source": programme.source, "sounds": programme.sounds, "seconds": float(len(found))}
        speech, music = found.mean(axis=0)
        report.add(SOURCES, row, right=(found == truth).all(axis=1).mean(), speech=speech, music=music)
    all_found, all_there = np.concatenate(active), np.concatenate(there)
    for column, kind in enumerate(kinds):
        add_scores(report, "wavewright", kind, all_found[:, column], all_there[:, column])
    if report.has(SILERO):
        silero = np.concatenate([silero_seconds(each.wave) for each in made])
        add_scores(report, "Silero VAD", "speech", silero, all_there[:, 0])


BENCHMARK = Benchmark(
    measure,
    Option("speech", [Path("corpora/prompts")], smoke=lambda folder: [smoke_speech(folder)]),
    Option("music", [Path("corpora/music")], smoke=lambda folder: [smoke_drums(folder)]),
    Option("other", [Path("corpora/noises")], smoke=lambda folder: [smoke_ambience(folder)]),
    Option("seconds", 600.0, "of each source", smoke=8.0),
)
