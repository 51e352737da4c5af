"""Manifests: JSON lines, CSV tables and lists of texts, also those to which ``generate`` adds lines."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from fuzz import mutate

FIELDS = (
    "audio_filepath",
    "offset",
    "duration",
    "label",
    "text",
    "speaker",
    "group",
    "split",
    "pitch",
    "language",
    "labels",
)


def WARM_UP() -> None:
    pass


def read_manifest(rng: random.Random, folder: Path) -> None:
    """Read a manifest with strange fields, or with damage to its bytes."""
    from wavewright.data.manifest import read, write

    _write_sound(folder / "a.wav")
    records = [_record(rng) for _ in range(rng.choice((1, 2, 5)))]
    ending = rng.choice((".jsonl", ".jsonl", ".json", ".csv", ".csv", ".piped"))
    if ending == ".csv":
        text = _csv(rng, records)
    elif ending == ".piped":
        text = "".join(f"a|{record['text']}\n" for record in records)
        text = mutate.text_of(rng, text) if rng.random() < 0.8 else text
    else:
        text = "".join(
            f"{mutate.json_of(rng, record) if rng.random() < 0.7 else json.dumps(record)}\n" for record in records
        )
    contents = mutate.encoded(rng, text)
    path = folder / f"manifest{ending.replace('piped', 'csv')}"
    path.write_bytes(mutate.bytes_of(rng, contents) if rng.random() < 0.3 else contents)
    scanned = read(path)
    again = path.with_name(f"again{rng.choice(('.csv', '.jsonl'))}")
    write(again, scanned.entries)
    assert [_fields(entry) for entry in read(again).entries] == [_fields(entry) for entry in scanned.entries]


def add_to_manifest(rng: random.Random, folder: Path) -> None:
    """Write a sound into a folder whose manifest is damaged."""
    from wavewright.outputs.clip_folder import OutputClip, write_clips
    from wavewright.outputs.manifest_file import MANIFEST_FILE

    written = folder / "sounds"
    written.mkdir()
    lines = "".join(
        f"{mutate.json_of(rng, _record(rng)) if rng.random() < 0.5 else json.dumps(_record(rng))}\n" for _ in range(3)
    )
    contents = mutate.encoded(rng, lines)
    before = mutate.bytes_of(rng, contents) if rng.random() < 0.3 else contents
    (written / MANIFEST_FILE).write_bytes(before)
    made = OutputClip(np.zeros((1, 100), np.float32), "new", {"model": "m", "model_hash": "0"})
    try:
        write_clips(iter([made]), 16_000, written, "wav")
    except Exception:
        assert [path.name for path in written.iterdir()] == [MANIFEST_FILE]
        assert (written / MANIFEST_FILE).read_bytes() == before
        raise


def _record(rng: random.Random) -> dict[str, Any]:
    values = {
        "audio_filepath": "a.wav",
        "offset": rng.choice((None, 0, 0.01, 0.5)),
        "duration": rng.choice((None, 0.02, 1)),
        "label": rng.choice((None, "kick", "snare")),
        "text": "A line of text, with a comma.",
        "speaker": rng.choice((None, "ann")),
        "group": None,
        "split": rng.choice((None, "train", "valid", "test")),
        "pitch": rng.choice((None, 60, 61.5)),
        "language": rng.choice((None, "en")),
        "labels": rng.choice((None, "kick|hat", ["kick", "hat"], [], "||")),
    }
    return {name: value for name, value in values.items() if value is not None}


def _csv(rng: random.Random, records: list[dict[str, Any]]) -> str:
    table = io.StringIO(newline="")
    names = list(FIELDS)
    if rng.random() < 0.4:
        names[rng.randrange(len(names))] = rng.choice((*mutate.STRANGE_NAMES, *FIELDS))
    writer = csv.writer(table, lineterminator=rng.choice(("\n", "\r\n", "\r")), delimiter=rng.choice(",,,,;\t"))
    writer.writerow(names)
    for record in records:
        row = [record.get(name, "") for name in FIELDS]
        if rng.random() < 0.5:
            row[rng.randrange(len(row))] = rng.choice((*mutate.STRANGE_TEXTS, *mutate.STRANGE_NUMBERS))
        writer.writerow(row)
    return mutate.text_of(rng, table.getvalue()) if rng.random() < 0.4 else table.getvalue()


def _fields(entry: Any) -> tuple[Any, ...]:
    return (
        entry.path.name,
        entry.all_labels,
        entry.group,
        entry.n_frames,
        entry.split,
        entry.text,
        entry.speaker,
        entry.pitch,
    )


def _write_sound(path: Path) -> None:
    import soundfile

    soundfile.write(path, np.full(1_000, 0.25, np.float32), 16_000)


READERS = {"manifests": read_manifest, "manifests-added-to": add_to_manifest}
