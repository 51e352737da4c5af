"""Speech that models make by themselves, without words, beside held-out speech: Frechet distance and modulation spectra, real to real too.

    python recipes/speech_prior.py --corpus corpora/speech --max-minutes 60
    wavewright train corpora/speech/manifest.jsonl --family lstm --set source=voice --set sample_rate=16000 --set n_fft=400 \\
        --set hop_length=160 --set n_mels=40 --max-minutes 60 --out runs/speech-lstm
    python benchmarks/speech.py --corpus corpora/speech --model runs/speech-prior --model runs/speech-lstm

Sounds are cut into pieces of two seconds, the first second of what a model makes left out. As many pieces of each side count; the row of the
recordings is the distance from held-out speech (split ``valid``) to speech that the models learned from (split ``train``). A prior is also heard as
through its codec: the row ``codec`` is training speech encoded and decoded with as many levels, which no prior on it can be better than.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from wavewright import models
from wavewright.clip import Clip
from wavewright.data.folder import scan
from wavewright.errors import BadModel, WavewrightError
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.closeness import equal_distance
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.metrics.modulation import modulation_distance

SAMPLE_RATE, PIECE_SECONDS = 16_000, 2.0
PIECE = round(PIECE_SECONDS * SAMPLE_RATE)
SOUND_SECONDS = 9.0  # of each that a model makes: a second to begin, then four pieces
LEAST_DB = -50.0  # pieces of recordings that are quieter are pauses


def recorded(corpus: Path, split: str, count: int) -> list[np.ndarray]:
    """At most ``count`` recordings ``(time,)`` of a split that are a piece long or longer, chosen by a fixed seed, at full level."""
    entries = [entry for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries if entry.split == split]
    entries = [entry for entry in entries if entry.seconds >= PIECE_SECONDS]
    chosen = np.random.default_rng(0).permutation(len(entries))[:count]
    waves = [Clip.read(entries[row].path).resample(SAMPLE_RATE).mono().wave[0] for row in chosen]
    return [(0.95 * wave / np.abs(wave).max()).astype(np.float32) for wave in waves]


def generated(player, count: int) -> tuple[list[np.ndarray], float]:
    """Sounds ``(time,)`` of a model at 16 kHz without their first second, and how many times faster than real time they were made."""
    player.generate(count=1, seconds=1.0)  # whatever is compiled or loaded at first
    begin = time.process_time()
    waves = player.generate(count=count, seed=2026, seconds=SOUND_SECONDS)
    speed = count * SOUND_SECONDS / (time.process_time() - begin)
    return [Clip(wave, player.sample_rate).resample(SAMPLE_RATE).wave[0, SAMPLE_RATE:] for wave in waves], speed


def through_codec(player, waves: list[np.ndarray]) -> list[np.ndarray]:
    """Recordings as the codec of a prior plays them, with the levels that the prior draws."""
    resampled = [Clip(wave[None], SAMPLE_RATE).resample(player.sample_rate).wave[0] for wave in waves]
    decoded = [player.codec.decode(player.codec.encode(wave)[: player.n_levels]) for wave in resampled]
    return [Clip(wave, player.sample_rate).resample(SAMPLE_RATE).wave[0] for wave in decoded]


def pieces(waves: list[np.ndarray]) -> np.ndarray:
    """Stretches of two seconds ``(n, time)``, pauses left out."""
    cut = [wave[start : start + PIECE] for wave in waves for start in range(0, len(wave) - PIECE + 1, PIECE)]
    least = 10 ** (LEAST_DB / 20)
    return np.stack([piece for piece in cut if np.sqrt(np.mean(piece**2)) > least])


def row(name: str, held_out: np.ndarray, estimate: np.ndarray) -> dict[str, object]:
    """What lies between held-out pieces and others."""
    embedding = LogMelEmbedding(SAMPLE_RATE, PIECE_SECONDS)
    sides = [EmbeddedClips.of(embedding(side, SAMPLE_RATE)) for side in (held_out, estimate)]
    n = min(len(held_out), len(estimate))
    return {
        "row": name,
        "pieces": len(estimate),
        "frechet": round(equal_distance(*sides).value, 2),
        "modulation_db": round(modulation_distance(held_out[:n], estimate[:n], SAMPLE_RATE), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--model", action="append", required=True, help="a model that makes sounds without labels")
    parser.add_argument("--count", type=int, default=60, help="sounds of each model")
    given = parser.parse_args()
    try:
        players = {name: models.load(name) for name in given.model}
        for name, player in players.items():
            if not hasattr(player, "generate"):
                raise BadModel(f"{name} makes no sounds; give a model that generates.")
        held_out, learned = pieces(recorded(given.corpus, "valid", 10_000)), recorded(given.corpus, "train", 2 * given.count)
        rows = [row("recordings", held_out, pieces(learned))]
        for name, player in players.items():
            if hasattr(player, "codec"):
                rows.append(row(f"codec of {name}", held_out, pieces(through_codec(player, learned))))
            waves, speed = generated(player, given.count)
            rows.append(row(name, held_out, pieces(waves)) | {"times_real_time": round(speed, 1)})
    except WavewrightError as error:
        parser.error(str(error))
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
