"""Measure a voice that is fine-tuned on an unseen studio reader, on prompts that were held out.

    python -m benchmarks speech.own_voice --prompts corpora/prompts --prepare corpora/own-voice

``--prepare`` writes a folder in LJSpeech's format with all prompts but the 60 of at least 2 s that are judged, or with
so many of these others as ``--minutes`` has room for; ``wavewright train --few-shot`` is for few minutes. Errors by
wavewright.metrics.recogniser, speakers by benchmarks/speech/speech_distance.py. The progress is 0 for the
base voice and 1 for recordings of the reader. Intervals are 95 % bootstrap intervals over the prompts, paired.

``training.base_weight=0.4`` was chosen on the first hundred sentences of docs/voice/script.txt: without the base the
word error rate was 10.1 %, with 0.25 of it 6.6 %, with 0.4 5.7 %, with 0.5 6.0 %.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, corpus_entries, draw_entries, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, optional
from benchmarks.speech.speakers import recordings, voice
from benchmarks.speech.voices import COLUMNS, judge, row_of, similarity_to
from wavewright.base.errors import BadSetting
from wavewright.data.entry import Entry

BASE = "en-kathleen"  # whose model the fine-tuning started from
MIN_SECONDS = 2.0
SEED = 7

VOICES = Table("voices", COLUMNS | optional(speaker_similarity=".3f", progress_of_the_speaker=".2f"))


def drawn(entries: list[Entry], minutes: float) -> list[Entry]:
    """Return entries drawn by a seed, as many as fit into minutes; all for 0 minutes."""
    if not minutes:
        return entries
    rows = np.random.default_rng(SEED).permutation(len(entries))
    ends = np.cumsum([entries[row].seconds for row in rows])
    return [entries[row] for row in sorted(rows[ends <= 60 * minutes])]


def prepare(entries: list[Entry], folder: Path) -> None:
    """Write recordings as ``wavs/0001.flac`` and texts as ``metadata.csv``; raise BadSetting if the folder exists."""
    if folder.exists():
        raise BadSetting(f"{folder} exists; remove it or name another folder.")
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for index, entry in enumerate(entries, 1):
        shutil.copy(entry.path, folder / "wavs" / f"{index:04d}{Path(entry.path).suffix}")
        lines.append(f"{index:04d}|{' '.join(str(entry.text).split())}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")


def measure(options: Options, report: Report) -> None:
    """Add a row for the recordings, the base and the fine-tuned voice, or write the folder to train on."""
    entries = corpus_entries(options.prompts, "test", needs_text=True, min_seconds=MIN_SECONDS)
    judged_entries = draw_entries(entries, options.count)
    texts = [str(entry.text) for entry in judged_entries]
    judged_texts = {text.casefold() for text in texts}
    others = corpus_entries(options.prompts, needs_text=True)
    others = [entry for entry in others if str(entry.text).casefold() not in judged_texts]
    if options.prepare:
        others = drawn(others, options.minutes)
        prepare(others, options.prepare)
        minutes = sum(entry.seconds for entry in others) / 60
        report.note(f"{len(others)} prompts of {minutes:.1f} minutes in {options.prepare}")
        return
    judges = Judges(options, report)
    speakers = [recordings(judged_entries), voice(BASE, "vocoder", 1), voice(options.voice, "vocoder", 1)]
    judged = [judge(speaker, texts, judges) for speaker in speakers]
    longest = sorted(others, key=lambda entry: -entry.seconds)[: options.count]
    alike = [*map(similarity_to(longest, report), judged)]
    of_recordings, of_base, _ = alike
    for each, own in zip(judged, alike, strict=True):
        row = row_of(each, None if each is judged[0] else judged[0])
        if own is not None:
            progress = (own - of_base) / (of_recordings - of_base)
            row |= {"speaker_similarity": own, "progress_of_the_speaker": progress}
        report.add(VOICES, row)
    name = speakers[-1].name
    report.target(name, "points above the recordings", row["points_above_the_reference"], at_most=5.0)
    report.target(name, "progress of the speaker", row.get("progress_of_the_speaker"), at_least=0.6)


BENCHMARK = Benchmark(
    measure,
    Option("prompts", Path("corpora/prompts"), smoke=smoke_speech),
    Option("prepare", type=Path, help="folder to write, instead of judging"),
    Option("minutes", 0.0, "of the recordings that --prepare writes; 0: all"),
    Option("voice", "runs/own-voice", smoke=SMOKE_VOICE),
    Option("count", 60, "prompts that are judged", smoke=1),
    *JUDGE_OPTIONS,
)
