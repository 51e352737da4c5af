"""Speech that models make by themselves, without words, beside held-out speech: Frechet distance and modulation spectra, real to real too.

    python recipes/speech_prior.py --corpus corpora/speech --max-minutes 60
    wavewright train corpora/speech/manifest.jsonl --family lstm --set source=voice --set sample_rate=16000 --set n_fft=400 \\
        --set hop_length=160 --set n_mels=40 --set training.steps=1500 --out runs/speech-lstm
    python -m benchmarks.generation.speech --corpus corpora/speech --model runs/speech-prior --model runs/speech-lstm
    python -m benchmarks.generation.speech --corpus corpora/speech --model runs/speech-prior --seconds 10

Each sound of a model is as long as a recording of the split ``train``, or ``--seconds``, and all are brought to one peak. Of every sound as many pieces of two seconds
are cut as it has room for, from places drawn at random: were recordings cut from their beginnings, the silence there would count as what models lack.
As many pieces of each side count; the row of the recordings is the distance from held-out speech (split ``valid``) to speech that the models learned
from (split ``train``). A prior is also heard as through its codec: the row ``codec`` is training speech encoded and decoded with as many levels, which
no prior on it can be better than.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from wavewright import loading
from wavewright.clip import Clip
from wavewright.data.folder import scan
from wavewright.errors import BadModel, WavewrightError
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.metrics.modulation import modulation_distance
from wavewright.metrics.relative_frechet import frechet_at_equal_counts

SEED = 2026
SAMPLE_RATE, PIECE_SECONDS = 16_000, 2.0
PIECE = round(PIECE_SECONDS * SAMPLE_RATE)
LEAST_DB = -50.0  # pieces of recordings that are quieter are pauses


def recorded(corpus: Path, split: str, count: int) -> list[np.ndarray]:
    """At most ``count`` recordings ``(time,)`` of a split that are a piece long or longer, chosen by a fixed seed, at full level."""
    entries = [entry for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries if entry.split == split]
    entries = [entry for entry in entries if entry.seconds >= PIECE_SECONDS]
    chosen = np.random.default_rng(0).permutation(len(entries))[:count]
    return [at_full_level(Clip.read(entries[row].path).resample(SAMPLE_RATE).mono().wave[0]) for row in chosen]


def at_full_level(wave: np.ndarray) -> np.ndarray:
    """The sound with its loudest sample at 0.95."""
    return (0.95 * wave / max(np.abs(wave).max(), 1e-9)).astype(np.float32)


def generated(player, seconds: list[float]) -> tuple[list[np.ndarray], float]:
    """Sounds ``(time,)`` of a model at 16 kHz of these lengths, at full level, and how many times faster than real time they were made."""
    player.generate(count=1, seconds=1.0)  # whatever is compiled or loaded at first
    made = []
    begin = time.process_time()
    for index, length in enumerate(seconds):
        made += player.generate(count=1, seed=SEED + index, seconds=length)
    speed = sum(seconds) / (time.process_time() - begin)
    return [at_full_level(Clip(wave, player.sample_rate).resample(SAMPLE_RATE).wave[0]) for wave in made], speed


def through_codec(player, waves: list[np.ndarray]) -> list[np.ndarray]:
    """Recordings as the codec of a prior plays them, with the levels that the prior draws."""
    resampled = [Clip(wave[None], SAMPLE_RATE).resample(player.sample_rate).wave[0] for wave in waves]
    decoded = [player.codec.decode(player.codec.encode(wave)[: player.n_levels]) for wave in resampled]
    return [Clip(wave, player.sample_rate).resample(SAMPLE_RATE).wave[0] for wave in decoded]


def pieces(waves: list[np.ndarray]) -> np.ndarray:
    """Stretches of two seconds ``(n, time)`` from anywhere, of each sound as many as it has room for, pauses left out."""
    rng, waves = np.random.default_rng(SEED), [wave for wave in waves if len(wave) >= PIECE]
    starts = [rng.integers(0, len(wave) - PIECE + 1, len(wave) // PIECE) for wave in waves]
    cut = [wave[start : start + PIECE] for wave, places in zip(waves, starts, strict=True) for start in places]
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
        "frechet": round(frechet_at_equal_counts(*sides).value, 2),
        "modulation_db": round(modulation_distance(held_out[:n], estimate[:n], SAMPLE_RATE), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--model", action="append", required=True, help="a model that makes sounds without labels")
    parser.add_argument("--count", type=int, default=150, help="sounds of each model, and of recordings beside them")
    parser.add_argument("--seconds", type=float, default=None, help="of each sound of a model; else as the recordings")
    given = parser.parse_args()
    try:
        players = {name: loading.load(name) for name in given.model}
        for name, player in players.items():
            if not hasattr(player, "generate"):
                raise BadModel(f"{name} makes no sounds; give a model that generates.")
        held_out, learned = (
            pieces(recorded(given.corpus, "valid", 10_000)),
            recorded(given.corpus, "train", given.count),
        )
        rows = [row("recordings", held_out, pieces(learned))]
        for name, player in players.items():
            if hasattr(player, "codec"):
                rows.append(row(f"codec of {name}", held_out, pieces(through_codec(player, learned))))
            waves, speed = generated(player, [given.seconds or len(wave) / SAMPLE_RATE for wave in learned])
            rows.append(row(name, held_out, pieces(waves)) | {"times_real_time": round(speed, 1)})
    except WavewrightError as error:
        parser.error(str(error))
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
