"""Recordings of a corpus, and tiny corpora of clips by the bundled models for the smoke mode."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.speech.voice import Voice

T = TypeVar("T")
SENTENCES_FILE = Path(__file__).parents[1] / "speech" / "texts" / "hundred.txt"
SMOKE_VOICE = "en-kathleen"
SEED = 2026
SMOKE_SEED = 7  # other than SEED, or a benchmark would generate the recordings that it compares with


def corpus_entries(
    corpus: Path,
    split: str | None = None,
    labels: Collection[str] = (),
    needs_text: bool = False,
    min_seconds: float = 0.0,
    speaker: str | None = None,
) -> list[Entry]:
    """Return the recordings of a corpus, of all splits, labels and speakers by default.

    - ``corpus``: folder with ``manifest.jsonl``, as ``recipes/corpora`` writes it.
    - ``needs_text``: leave out recordings without a text.
    - ``min_seconds``: length of the shortest recording.

    Raises BadFolder if the corpus has no such recording.
    """
    entries = [
        entry
        for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries
        if split in (None, entry.split)
        and (not labels or entry.label in labels)
        and (entry.text or not needs_text)
        and entry.seconds >= min_seconds
        and speaker in (None, entry.speaker)
    ]
    if not entries:
        of_split = f"of split {split!r} " if split else ""
        of_speaker = f"of the speaker {speaker!r} " if speaker else ""
        at_least = f"of at least {min_seconds:g} s"
        raise BadFolder(f"{corpus} has no recordings {of_split}{of_speaker}{at_least}; name another split or folder.")
    return entries


def draw_entries(entries: Sequence[Entry], count: int, seed: int = SEED) -> list[Entry]:
    """Return ``count`` of the entries in their order, drawn by ``seed``; raise BadFolder if there are fewer."""
    if len(entries) < count:
        raise BadFolder(f"There are {len(entries)} such recordings; {count} are needed.")
    return [entries[row] for row in sorted(np.random.default_rng(seed).choice(len(entries), count, replace=False))]


def shuffle_entries(entries: Sequence[T], count: int, seed: int = 0) -> list[T]:
    """Return at most ``count`` of the entries, or files, in an order drawn by ``seed``."""
    return [entries[row] for row in np.random.default_rng(seed).permutation(len(entries))[:count]]


def prepared_clips(entries: Sequence[Entry], sample_rate: int, n_samples: int) -> tuple[np.ndarray, ClipStore]:
    """Return recordings as for training, ``(n, n_samples)``, and the store that has their labels."""
    with tempfile.TemporaryDirectory() as cache:
        store = ClipStore.build(entries, sample_rate, n_samples, Preparation(), cache)
        return np.stack([store[index][0] for index in range(len(store))]), store


def prepared(waves: Iterable[np.ndarray], sample_rate: int) -> np.ndarray:
    """Return generated waves ``(n, time)`` aligned to their onsets and levelled, as recordings are."""
    preparation = Preparation()
    return np.stack([preparation.apply(wave[None], sample_rate, len(wave))[0] for wave in waves])


def read_wave(path: Path | str, sample_rate: int) -> np.ndarray:
    """Return a recording ``(time,)`` at ``sample_rate``, channels mixed."""
    return Clip.read(path).mono().resample(sample_rate).wave[0]


def chorales(path: Path, split: str) -> list[np.ndarray]:
    """Return the chorales of a split of jsb-chorales-16th-satb.npz, ``(steps, 4)`` MIDI numbers, -1 for rests."""
    with np.load(path) as arrays:
        return np.split(arrays[split].astype(int), np.cumsum(arrays[f"{split}_lengths"])[:-1])


def sentences(count: int | None = None) -> list[str]:
    """Return the first ``count`` of the hundred sentences of mixed difficulty, all by default."""
    return SENTENCES_FILE.read_text(encoding="utf-8").splitlines()[:count]


# --- Corpora for the smoke mode. Waves are made once a process; each call writes them to a new folder.


def smoke_drums(folder: Path) -> Path:
    """Write a corpus of one-shots: of each label 8 to train, 2 to validate, 2 to test. Return its folder."""
    return _write(folder / "drums", _generated("drums", 12), [("train", 8), ("valid", 2), ("test", 2)])


def smoke_digits(folder: Path) -> Path:
    """Write a corpus of spoken digits: of each label 4 to train and 2 to validate. Return its folder."""
    return _write(folder / "digits", _generated("digits", 6, speaker="model"), [("train", 4), ("valid", 2)])


def smoke_ambience(folder: Path) -> Path:
    """Write a corpus of textures: of each label 2 to train. Return its folder."""
    return _write(folder / "ambience", _generated("ambience", 2, seconds=5.0), [("train", 2)])


def smoke_speech(folder: Path) -> Path:
    """Write a corpus of sentences by one voice: 6 to train, 6 to validate, 6 to test. Return its folder."""
    return _write(folder / "speech", _spoken(), [("train", 6), ("valid", 6), ("test", 6)])


def smoke_responses(folder: Path) -> Path:
    """Write the impulse response of a room, noise that decays. Return its folder."""
    decay = np.exp(-np.arange(4_000) / 400)
    wave = decay * np.random.default_rng(SMOKE_SEED).standard_normal(len(decay))
    (folder / "responses").mkdir(parents=True)
    Clip(wave[None] / np.abs(wave).max(), 16_000).write(folder / "responses" / "room.wav")
    return folder / "responses"


def smoke_chorales(folder: Path) -> Path:
    """Write two pieces of four chords for each split, two of which are parallel octaves."""
    piece = np.repeat(np.array([(72, 67, 64, 48), (74, 67, 59, 50), (71, 67, 62, 43), (72, 64, 60, 48)]), 4, axis=0)
    splits = ("train", "valid", "test")
    lengths = {f"{split}_lengths": [len(piece)] * 2 for split in splits}
    np.savez(folder / "chorales.npz", **lengths, **dict.fromkeys(splits, np.concatenate([piece, piece])))
    return folder / "chorales.npz"


LabelledClip: TypeAlias = tuple[dict[str, str], Clip]
"""The fields of a clip in the manifest, and the clip."""


@cache
def _generated(
    name: str, per_label: int, seconds: float | None = None, speaker: str | None = None
) -> list[LabelledClip]:
    """Return clips of each label of a bundled model."""
    model = loading.load(name)
    length = {} if seconds is None else {"seconds": seconds}
    fields = {} if speaker is None else {"speaker": speaker}
    return [
        ({"label": label, **fields, "group": f"{label}-{index}"}, Clip(wave, model.sample_rate))
        for label in model.labels
        for index, wave in enumerate(model.generate(label, per_label, seed=SMOKE_SEED, **length))
    ]


@cache
def _spoken() -> list[LabelledClip]:
    voice = Voice.load(SMOKE_VOICE, "vocoder")
    return [
        ({"text": sentence, "speaker": "kathleen", "language": "en"}, voice.speak(sentence, seed=SMOKE_SEED).clip)
        for sentence in sentences(18)
    ]


def _write(folder: Path, clips: Sequence[LabelledClip], splits: Sequence[tuple[str, int]]) -> Path:
    """Write clips and ``manifest.jsonl``, the splits in turn within each label; return the folder."""
    folder.mkdir(parents=True)
    records = []
    turns: dict[str, Iterator[str]] = {}
    for number, (facts, clip) in enumerate(clips):
        turn = turns.setdefault(facts.get("label", ""), (split for split, count in splits for _ in range(count)))
        name = f"{number:03d}.wav"
        clip.write(folder / name, "FLOAT")
        records.append({"audio_filepath": name, "duration": clip.seconds, **facts, "split": next(turn)})
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "manifest.jsonl").write_text(lines, encoding="utf-8")
    return folder
