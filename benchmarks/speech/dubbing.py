"""Measure a dub: when its lines start and end, whether they overlap, and what a recogniser understands.

    python -m benchmarks speech.dubbing --voice en-kathleen --lines 200 --json dubbing.json

The lines are the sentences of benchmarks/speech/texts/hundred.txt, in turn. The time of each is its length at the
voice's usual rate times exp(N(0, 0.15)), as if the original were a sixth shorter or longer two times out of three; the
gap after it is 0.08 s (two frames of film) or more, exponential with a mean of 0.6 s. In the dub, a line starts
where it is first above -40 dB of its peak; it overlaps if its own file is still above that when the next line starts.
Word errors by wavewright.metrics.recogniser, against the text of the line, with a 95 % bootstrap interval over the
lines.

``--subtitles`` is a folder of English SRT files: percent of cues that must be spoken at more than 1.3 times the usual
rate, 14.6 characters a second, to end with the cue, before the next one, or, as lines of whole sentences, before the
next line.
"""

from __future__ import annotations

import bisect
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, word_error_interval
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadText
from wavewright.base.units import db_to_gain
from wavewright.dubbing.drafting import lines_of, timed_cues
from wavewright.dubbing.project import DubLine
from wavewright.dubbing.speaking import line_file
from wavewright.dubbing.subtitle_files import read_cues, written_cues
from wavewright.dubbing.timing import SHORTEST_SECONDS, LineSlot, Rates, fit, slots
from wavewright.speech.synthesis import FASTEST
from wavewright.speech.voice import Voice
from wavewright.tasks.dub import dub

SEED = 1
DEVIATION = 0.15
SHORTEST_GAP, MEAN_GAP = 0.08, 0.6
START_DB = -40.0
CHARACTERS_PER_SECOND = 14.6

DUBBED = Table(
    "dubbed lines",
    columns(lines="d", within_rates_percent=".1f", largest_start_ms=".1f", overlapping="d", cut="d")
    | optional(word_error_percent=".1f"),
)
CUES = Table(
    "cues that must be spoken too fast",
    columns(files="d", cues="d", alone_percent=".1f", with_silence_percent=".1f", in_sentences_percent=".1f")
    | columns(lines="d", too_fast="d", reported="d"),
    is_optional=True,
)


def measure(options: Options, report: Report) -> None:
    """Dub subtitles with times at random, and add the row and its targets; then the cues of files, if given."""
    if options.subtitles:
        _add_files(sorted(Path(options.subtitles).rglob("*.srt")), report)
    voice, judges = Voice.load(options.voice), Judges(options, report)
    texts = [text for _ in range(options.lines) for text in sentences()][: options.lines]
    random = np.random.default_rng(SEED)
    cues, start = [], 0.5
    for text in texts:
        seconds = voice.usual_seconds(text) * float(np.exp(DEVIATION * random.standard_normal()))
        cues.append((start, start + seconds, text))
        start += seconds + SHORTEST_GAP + float(random.exponential(MEAN_GAP - SHORTEST_GAP))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "lines.srt")
        source.write_text(written_cues(cues), encoding="utf-8")
        lines = dub(source, to="en", from_="en", voice=options.voice, quiet=True).details["lines"]
        clips = [Clip.read(line_file(Path(folder, "lines-en-lines"), line)) for line in lines]
        dubbed = Clip.read(Path(folder, "lines-en.wav"))
    rate, starts_ms, n_overlapping, last_end = dubbed.sample_rate, [], 0, 0.0
    is_cut = ["cut off" in line.problem for line in lines]
    for line, following, clip, cut in zip(lines, [*lines[1:], None], clips, is_cut, strict=True):
        loud = _loud(clip.wave[0])
        end = line.start + (loud[-1] - loud[0]) / clip.sample_rate
        before = max(line.start - SHORTEST_GAP / 2, min(last_end, line.start))
        heard = dubbed.wave[0, round(before * rate) : round(end * rate)]
        starts_ms.append(1e3 * abs(before + _loud(heard)[0] / rate - line.start))
        n_overlapping += bool(following and end > following.start and not cut)
        last_end = end
    errors = [judges.words(clip.wave[0], clip.sample_rate, line.text) for line, clip in zip(lines, clips, strict=True)]
    row = {"lines": len(lines), "within_rates_percent": 100 * float(np.mean([not line.problem for line in lines]))}
    row |= {"largest_start_ms": max(starts_ms), "overlapping": n_overlapping, "cut": sum(is_cut)}
    word_error = word_error_interval(errors)
    report.add(DUBBED, row, word_error_percent=word_error)
    report.target("dub", "lines that start late, ms", max(starts_ms), at_most=40.0)
    report.target("dub", "lines that overlap", n_overlapping, at_most=0)
    report.target("dub", "word error, percent", word_error, at_most=8.0)


def _add_files(files: Sequence[Path], report: Report) -> None:
    """Add the row of the cues of files."""
    counts: Counter[str] = Counter()
    too_fast = np.zeros(3, int)
    for file in files:
        try:
            cues = timed_cues(read_cues(file), str(file), None)
        except BadText as error:
            print(error, file=sys.stderr)
            continue
        alone, whole = lines_of(cues, are_sentences=True), lines_of(cues)
        starts = [line.start for line in alone]
        sizes = np.diff([*(bisect.bisect_left(starts, line.start) for line in whole), len(alone)])
        in_cue = [LineSlot(line.end - line.start, line.end - line.start) for line in alone]
        fast = _too_fast(whole, slots([line.time for line in whole]))
        with_silence = _too_fast(alone, slots([line.time for line in alone]))
        too_fast += [len(_too_fast(alone, in_cue)), len(with_silence), sum(sizes[index] for index in fast)]
        counts.update(files=1, cues=len(alone), lines=len(whole), too_fast=len(fast), reported=sum(fast.values()))
    if not counts["files"]:
        raise BadText("The folder of --subtitles has no SRT file that can be read; give one that has.")
    names = ("alone_percent", "with_silence_percent", "in_sentences_percent")
    report.add(CUES, counts, **dict(zip(names, 100 * too_fast / counts["cues"], strict=True)))
    n_unreported = counts["too_fast"] - counts["reported"]
    report.target("files", "lines that are too fast and not reported", n_unreported, at_most=0)


def _too_fast(lines: Sequence[DubLine], times: Sequence[LineSlot]) -> dict[int, bool]:
    """Return the lines that do not fit at the fastest rate, and whether `fit` says so."""
    found = {}
    for index, (line, slot) in enumerate(zip(lines, times, strict=True)):
        usual, length = len(line.original) / CHARACTERS_PER_SECOND, len(line.original)
        if usual > FASTEST * max(slot.limit_seconds, SHORTEST_SECONDS):
            fitted = fit(usual, slot, length, Rates())
            found[index] = fitted is None or fitted.too_long > 0
    return found


def _smoke_subtitles(folder: Path) -> Path:
    """Write two subtitles of one sentence, of which the second is too fast alone."""
    (folder / "a.srt").write_text(written_cues([(0, 4, "This is"), (4, 4.5, "one short sentence.")]), encoding="utf-8")
    return folder


def _loud(wave: np.ndarray) -> np.ndarray:
    """Return the positions of the samples above START_DB of the peak."""
    level = np.abs(wave)
    return np.flatnonzero(level > level.max() * db_to_gain(START_DB))


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("lines", 200, smoke=2),
    Option("subtitles", "", smoke=_smoke_subtitles),
    *JUDGE_OPTIONS,
)
