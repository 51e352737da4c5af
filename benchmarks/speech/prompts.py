"""Measure a dub of a closed domain, offline: recorded telephone prompts come out as the prompts of another language.

    python recipes/corpora prompts --asterisk FOLDER --language it --out corpora/prompts-it
    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.speech.prompts --source corpora/prompts-it --target corpora/prompts --json prompts.json

The prompts exist in several languages under the same names, each recorded once. Of the source language, ``--held-out``
prompts are drawn whose text is that of no other one; the recogniser (prompt_recogniser.py) learns from the recordings
of the others alone, and chooses among the texts of all. The held-out recordings are joined with silences of 2 s, and
dubbed as one sound: recogniser as a command, the texts of both languages as a table, the voice of ``--voice``. A prompt
is right if the text that is spoken at its time is that of the prompt of its name in the target language, without
capitals and punctuation. Word errors by wavewright.metrics.recogniser of the spoken lines that are right.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness.corpora import SMOKE_VOICE, corpus_entries, draw_entries, read_wave, smoke_prompts
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns, optional
from benchmarks.speech.judges import Judges, add_judge_options, word_error_interval
from benchmarks.speech.prompt_recogniser import learn, letters, save
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dubbing.speaking import line_file
from wavewright.dubbing.stretches import RATE
from wavewright.tasks.dub import dub

PAUSE_SECONDS = 2.0
MOST_LETTERS = 25  # a second; in the lists of texts, some lines are joined to others
LONGEST_SECONDS = 15.0  # of a recording to learn from
MIN_RIGHT_PERCENT = 85.0

PROMPTS = Table(
    "dubbed prompts",
    columns(source="s", learned_from="d", texts="d", held_out="d", right="d", not_spoken="d")
    | optional(word_error_percent=".1f"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--source", type=Path, default=Path("corpora/prompts-it"))
    parser.add_argument("--target", type=Path, default=Path("corpora/prompts"))
    parser.add_argument("--language", default="it", help="of the source")
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--voice", default="en-kathleen")
    add_judge_options(parser)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train the recogniser, dub the held-out prompts, and add the row and its target."""
    torch.set_num_threads(1)
    targets = {
        _key(entry, options.target): str(entry.text) for entry in corpus_entries(options.target, needs_text=True)
    }
    entries = [
        entry
        for entry in corpus_entries(options.source, needs_text=True)
        if 0 < len(letters(str(entry.text))) <= MOST_LETTERS * (1 + entry.seconds)
        and _key(entry, options.source) in targets
    ]
    counts = Counter(letters(str(entry.text)) for entry in entries)
    unique = [entry for entry in entries if counts[letters(str(entry.text))] == 1]
    held_out = draw_entries(unique, options.held_out, options.seed)
    held = {entry.path for entry in held_out}
    learned = [entry for entry in entries if entry.path not in held and entry.seconds <= LONGEST_SECONDS]
    network = learn(
        [read_wave(entry.path, RATE) for entry in learned],
        [str(entry.text) for entry in learned],
        options.epochs,
        options.seed,
    )
    texts = sorted(counts)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(network, texts, folder / "prompts.pt")
        with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                (letters(str(entry.text)), targets[_key(entry, options.source)]) for entry in entries
            )
        starts = _write_scene([read_wave(entry.path, RATE) for entry in held_out], folder / "scene.wav")
        script = Path(__file__).with_name("prompt_recogniser.py")
        root = Path(__file__).parents[2]
        command = shlex.join(["env", f"PYTHONPATH={root}", sys.executable, str(script), str(folder / "prompts.pt")])
        made = dub(
            folder / "scene.wav",
            to="en",
            from_=options.language,
            recogniser=f"{command} {{file}}",
            translator=f"table:{folder / 'table.csv'}",
            voice=options.voice,
            original="remove",
            quiet=True,
        )
        spoken = [Clip.read(line_file(folder / "scene-en-lines", line)) if line.rate else None for line in made.lines]
    judges = Judges(options, report)
    n_right, errors = 0, []
    for entry, (start, end) in zip(held_out, starts, strict=True):
        wanted = targets[_key(entry, options.source)]
        inside = [row for row, line in enumerate(made.lines) if start - PAUSE_SECONDS / 2 <= line.start < end]
        if len(inside) == 1 and letters(made.lines[inside[0]].text) == letters(wanted):
            clip = spoken[inside[0]]
            n_right += clip is not None
            if clip is not None:
                errors.append(judges.word_errors(clip.wave[0], clip.sample_rate, wanted))
    report.add(
        PROMPTS,
        {
            "source": options.language,
            "learned_from": len(learned),
            "texts": len(texts),
            "held_out": len(held_out),
            "right": n_right,
            "not_spoken": made.n_failed,
            "word_error_percent": word_error_interval(np.array(errors, float)) if errors else None,
        },
    )
    report.target(
        "closed domain", "prompts that are right, percent", 100 * n_right / len(held_out), at_least=MIN_RIGHT_PERCENT
    )


def _key(entry: Entry, corpus: Path) -> str:
    """Return the name of a prompt, which is that of its file."""
    return Path(entry.path).resolve().relative_to(corpus.resolve()).with_suffix("").as_posix()


def _write_scene(waves: list[np.ndarray], path: Path) -> list[tuple[float, float]]:
    """Write recordings one after another, with silences; return the start and end of each in seconds."""
    silence = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    parts, times, position = [silence], [], PAUSE_SECONDS
    for wave in waves:
        parts += [wave, silence]
        times.append((position, position + len(wave) / RATE))
        position = times[-1][1] + PAUSE_SECONDS
    Clip(np.concatenate(parts)[None], RATE).write(path)
    return times


BENCHMARK = Benchmark(
    __doc__,
    (PROMPTS, TARGETS),
    add_options,
    measure,
    smoke={
        "source": smoke_prompts,
        "target": smoke_prompts,
        "language": "de",
        "held_out": 2,
        "epochs": 1,
        "voice": SMOKE_VOICE,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
