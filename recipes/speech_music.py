"""Train the classifier of speech and music in ``wavewright analyse``: a network of one hidden layer.

    python recipes/speech_music.py --corpus corpora/denoise --songs corpora/songs --out runs/speech-music
    python recipes/speech_music.py --out runs/speech-music --bundle

``--corpus`` and ``--songs`` are those of ``recipes/corpora denoise`` and ``songs``. Programmes are made of them:
speech, music and other sounds one after another and at the same time, of random level, colour, bandwidth and
reverberation. Speakers, songs and noises of validation are in no programme of training.
"""

from __future__ import annotations

import argparse
import json
import shutil
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from bundling import sources_of

from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.inference.analysis.content import CARD_FILE, WEIGHTS_FILE, ContentNetwork, Smoothing
from wavewright.inference.analysis.content_features import SAMPLE_RATE, STEP_SECONDS, ContentFeatures

VALID_SPEAKERS = ("kerstin", "flite-rms", "0ad-persian-female", "0ad-persian-male")
VALID_MUSIC_OF = 8  # one of so many pieces of music is held out

KINDS = {
    ("speech",): 0.28,
    ("music",): 0.26,
    ("noise",): 0.22,
    ("speech", "music"): 0.12,
    ("speech", "noise"): 0.12,
}
"""Share of the segments of a programme in which these sound."""

PROGRAMME_SEGMENTS = (1, 8)
SEGMENT_SECONDS = (2.0, 14.0)
PAUSE_SECONDS = (0.05, 0.7)  # between sentences
SILENCE_SECONDS = (0.6, 3.0)  # after a segment, sometimes
SILENCE_CHANCE = 0.15
LEVEL_DB = (-38.0, -14.0)  # RMS of a segment
BELOW_SPEECH_DB = {"music": (-3.0, 20.0), "noise": (0.0, 30.0)}
FLOOR_DB = (-110.0, -62.0)  # white noise throughout

N_HIDDEN = 24
N_EPOCHS = 60
BATCH = 512
WEIGHT_DECAY = 3e-3
DROPOUT = 0.2


class Recordings:
    """Recordings of a split by kind, and random excerpts of them."""

    def __init__(self, entries: Sequence[Entry], rng: np.random.Generator) -> None:
        self._rng = rng
        self._groups: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
        for entry in entries:
            group = entry.speaker if entry.label == "speech" else entry.group
            self._groups[str(entry.label)][str(group or entry.path.parent)].append(entry)

    def excerpt(self, kind: str, n_samples: int) -> np.ndarray:
        """Return ``n_samples`` of one speaker, piece or noise, ``(time,)`` of RMS 1."""
        group = self._pick(list(self._groups[kind].values()))
        if kind == "music":
            wave = self._read(self._pick(group), n_samples / SAMPLE_RATE)
        else:
            waves: list[np.ndarray] = []
            while sum(map(len, waves)) < n_samples:
                pause = self._rng.uniform(*PAUSE_SECONDS) if kind == "speech" else 0.0
                waves += [self._read(self._pick(group)), np.zeros(round(pause * SAMPLE_RATE), np.float32)]
            wave = np.concatenate(waves)
        wave = np.resize(wave, n_samples) if len(wave) else np.zeros(n_samples, np.float32)
        active = np.abs(wave) > 1e-4
        rms = float(np.sqrt(np.square(wave[active]).mean())) if active.any() else 1.0
        return wave / np.float32(rms)

    def _pick(self, items: list) -> object:
        return items[int(self._rng.integers(len(items)))]

    def _read(self, entry: Entry, seconds: float | None = None) -> np.ndarray:
        """Return a recording, or ``seconds`` from anywhere in it, at a speed changed by up to a twelfth."""
        start = 0.0 if seconds is None else self._rng.uniform(0, max(0.0, entry.seconds - seconds))
        wave = Clip.read(entry.path, start, seconds).wave
        clip = Clip(wave, int(entry.sample_rate * self._rng.uniform(0.92, 1.08)))
        return clip.mono().resample(SAMPLE_RATE).wave[0]


def coloured(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a wave ``(time,)`` in another room, by another microphone and over another line, each with a chance."""
    spectrum = np.fft.rfft(wave, 2 * len(wave))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(2 * len(wave), 1 / SAMPLE_RATE), 30.0) / 1_000)
    tilt = rng.uniform(-4, 4) * octaves + rng.uniform(-6, 6) * np.sin(octaves * rng.uniform(0.5, 2) + rng.uniform(0, 6))
    spectrum *= db_to_gain(np.clip(tilt, -15, 15))
    if rng.random() < 0.25:
        spectrum[octaves > np.log2(rng.uniform(3.2, 6.5))] = 0
        spectrum[octaves < np.log2(rng.uniform(0.05, 0.3))] = 0
    if rng.random() < 0.3:
        n_room = round(rng.uniform(0.1, 0.7) * SAMPLE_RATE)
        room = rng.standard_normal(n_room) * 10 ** (-3 * np.arange(n_room) / n_room)
        room *= rng.uniform(0.1, 0.8) / np.sqrt(np.square(room).sum())
        room[0] = 1.0
        spectrum *= np.fft.rfft(room, 2 * len(wave))
    return np.fft.irfft(spectrum)[: len(wave)].astype(np.float32)


def programme(recordings: Recordings, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a programme ``(time,)`` and whether there is speech and music in each of its steps, ``(steps, 2)``."""
    waves, labels = [], []
    kinds = list(KINDS)
    for _ in range(rng.integers(*PROGRAMME_SEGMENTS, endpoint=True)):
        sounding = kinds[rng.choice(len(kinds), p=list(KINDS.values()))]
        n_samples = round(rng.uniform(*SEGMENT_SECONDS) * SAMPLE_RATE)
        mixed = np.zeros(n_samples, np.float32)
        for layer, kind in enumerate(sounding):
            below_db = rng.uniform(*BELOW_SPEECH_DB[kind]) if layer else 0.0
            mixed += db_to_gain(-below_db) * coloured(recordings.excerpt(kind, n_samples), rng)
        rms = float(np.sqrt(np.square(mixed).mean())) + 1e-9
        mixed *= db_to_gain(rng.uniform(*LEVEL_DB)) / rms
        n_silent = round(rng.uniform(*SILENCE_SECONDS) * SAMPLE_RATE) if rng.random() < SILENCE_CHANCE else 0
        waves.append(np.pad(mixed, (0, n_silent)))
        label = np.zeros((n_samples + n_silent, 2), bool)
        label[:n_samples] = ["speech" in sounding, "music" in sounding]
        labels.append(label)
    wave = np.clip(np.concatenate(waves), -1, 1)
    wave += db_to_gain(rng.uniform(*FLOOR_DB)) * rng.standard_normal(len(wave))
    step = round(STEP_SECONDS * SAMPLE_RATE)
    return wave.astype(np.float32), np.concatenate(labels)[step // 2 :: step]


def examples(recordings: Recordings, hours: float, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return features and labels of programmes, each a pair of arrays with a row for each step."""
    found, n_steps = [], 0
    while n_steps * STEP_SECONDS < 3_600 * hours:
        wave, labels = programme(recordings, rng)
        features = ContentFeatures()
        rows = np.concatenate([features.add(wave[None]), features.rest()])
        n_rows = min(len(rows), len(labels))
        found.append((rows[:n_rows], labels[:n_rows]))
        n_steps += n_rows
    return found


def fitted(features: np.ndarray, labels: np.ndarray, seed: int) -> ContentNetwork:
    """Return the network trained on rows of features and labels."""
    torch.manual_seed(seed)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    rows = torch.from_numpy(np.clip((features - mean) / scale, -5, 5).astype(np.float32))
    targets = torch.from_numpy(labels.astype(np.float32))
    layers = torch.nn.Sequential(
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(rows.shape[1], N_HIDDEN),
        torch.nn.Tanh(),
        torch.nn.Linear(N_HIDDEN, 2),
    )
    optimiser = torch.optim.AdamW(layers.parameters(), 3e-3, weight_decay=WEIGHT_DECAY)
    n_batches = len(rows) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, N_EPOCHS * n_batches)
    for _ in range(N_EPOCHS):
        for batch in torch.randperm(len(rows))[: n_batches * BATCH].view(n_batches, BATCH):
            optimiser.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(layers(rows[batch]), targets[batch])
            loss.backward()
            optimiser.step()
            schedule.step()
    hidden, out = layers[1], layers[3]
    arrays = (hidden.weight.T, hidden.bias, out.weight.T, out.bias)
    return ContentNetwork(mean, scale, *(array.detach().numpy() for array in arrays))


def scores(active: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the F1 score of speech and of music, and the share of steps with both right."""
    found = (active & labels).sum(axis=0)
    f1 = 2 * found / np.maximum(1, active.sum(axis=0) + labels.sum(axis=0))
    return {"speech_f1": f1[0], "music_f1": f1[1], "accuracy": (active == labels).all(axis=1).mean()}


def smoothed_scores(network: ContentNetwork, smoothing: Smoothing, given: list[tuple[np.ndarray, np.ndarray]]) -> dict:
    """Return the scores of smoothed activity in programmes."""
    active = [smoothing(network(features)) for features, _ in given]
    return scores(np.concatenate(active), np.concatenate([labels for _, labels in given]))


def divided(corpora: Sequence[Path]) -> dict[str, list[Entry]]:
    """Return the recordings of training and validation, which share no speaker, piece or noise."""
    splits: dict[str, list[Entry]] = {"train": [], "valid": []}
    for corpus in corpora:
        for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries:
            if entry.label == "speech":
                is_valid = entry.speaker in VALID_SPEAKERS
                if entry.split == "valid" and not is_valid:
                    continue
            elif entry.label == "music":
                is_valid = entry.split == "valid" or zlib.crc32(str(entry.group).encode()) % VALID_MUSIC_OF == 0
            else:
                is_valid = entry.split == "valid"
            splits["valid" if is_valid else "train"].append(entry)
    return splits


def train(corpora: Sequence[Path], out: Path, hours: float, seed: int) -> None:
    """Train the network, choose the smoothing on the programmes of validation, and write both with a card."""
    out.mkdir(parents=True, exist_ok=True)
    given = {}
    for number, (split, entries) in enumerate(divided(corpora).items()):
        rng = np.random.default_rng([seed, number])
        given[split] = examples(Recordings(entries, rng), hours if split == "train" else hours / 5, rng)
        print(f"{split}: {len(entries)} recordings, {sum(len(rows) for rows, _ in given[split])} steps", flush=True)
    features, labels = (np.concatenate(column) for column in zip(*given["train"], strict=True))
    network = fitted(features, labels, seed)
    candidates = [Smoothing(weight, cost) for weight in (0.3, 0.6, 1.0) for cost in (0.0, 1.0, 2.0, 4.0, 8.0)]
    smoothing = max(candidates, key=lambda each: smoothed_scores(network, each, given["valid"])["accuracy"])
    metrics = {
        f"{split}/{name}{suffix}": round(float(value), 4)
        for split, rows in given.items()
        for suffix, each in (("", smoothing), ("_unsmoothed", Smoothing(1.0, 0.0)))
        for name, value in smoothed_scores(network, each, rows).items()
    }
    network.save(out / WEIGHTS_FILE)
    card = {
        "description": "Recognises speech and music every 0.5 s, each by itself, in windows of 3.5 s at 16 kHz.",
        "licence": "CC-BY-SA-3.0",
        "n_parameters": network.n_parameters,
        "smoothing": vars(smoothing),
        "metrics": metrics,
        "sources": [source.model_dump() for corpus in corpora for source in sources_of(corpus)],
    }
    (out / CARD_FILE).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({name: card[name] for name in ("n_parameters", "smoothing", "metrics")}, indent=2))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/denoise"))
    parser.add_argument("--songs", type=Path, default=Path("corpora/songs"))
    parser.add_argument("--out", type=Path, default=Path("runs/speech-music"))
    parser.add_argument("--hours", type=float, default=4.0, help="of programmes of training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bundle", action="store_true", help="copy the finished network into the package")
    options = parser.parse_args()
    if options.bundle:
        target = Path(__file__).parents[1] / "src" / "wavewright" / "inference" / "analysis" / "data"
        for name in (WEIGHTS_FILE, CARD_FILE):
            shutil.copyfile(options.out / name, target / name)
    else:
        train((options.corpus, options.songs), options.out, options.hours, options.seed)


if __name__ == "__main__":
    main()
