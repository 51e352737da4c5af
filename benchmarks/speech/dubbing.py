"""Measure a dub: when its lines start and end, whether they overlap, and what a recogniser understands.

    python -m benchmarks speech.dubbing --voice en-kathleen --lines 200 --json dubbing.json
    python -m benchmarks speech.dubbing --lines 2 --subtitles FOLDER

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
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.speech.judges import JUDGE_OPTIONS, Judges, word_error_interval
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadText
from wavewright.dubbing.drafting import lines_of, timed_cues
from wavewright.dubbing.project import DubLine
from wavewright.dubbing.speaking import line_file
from wavewright.dubbing.subtitle_files import read_cues, written_cues
from wavewright.dubbing.timing import SHORTEST_SECONDS, LineSlot, Rates, fit, slots
from wavewright.speech.synthesis import FASTEST
from wavewright.speech.voice import Voice
from wavewright.tasks.dub import dub

DEVIATION = 0.15
SHORTEST_GAP, MEAN_GAP = 0.08, 0.6
START_DB = -40.0
MAX_START_MS = 40.0
MAX_WORD_ERROR = 8.0
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
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "lines.srt")
        source.write_text(written_cues(_cues(voice, texts, options.seed)), encoding="utf-8")
        made = dub(source, to="en", from_="en", voice=options.voice, quiet=True)
        clips = [Clip.read(line_file(Path(folder, "lines-en-lines"), line)) for line in made.details["lines"]]
        dubbed = Clip.read(Path(folder, "lines-en.wav"))
    starts_ms, errors, n_overlapping, last_end = [], [], 0, 0.0
    for index, (line, clip) in enumerate(zip(made.details["lines"], clips, strict=True)):
        loud = _loud(clip.wave[0])
        end = line.start + (loud[-1] - loud[0]) / clip.sample_rate
        before = max(line.start - SHORTEST_GAP / 2, min(last_end, line.start))
        heard = dubbed.wave[0, round(before * dubbed.sample_rate) : round(end * dubbed.sample_rate)]
        starts_ms.append(1e3 * abs(before + _loud(heard)[0] / dubbed.sample_rate - line.start))
        following = made.details["lines"][index + 1].start if index + 1 < len(made.details["lines"]) else np.inf
        last_end = end
        n_overlapping += bool(end > following and "cut off" not in line.problem)
        errors.append(judges.word_errors(clip.wave[0], clip.sample_rate, line.text))
    within = 100 * float(np.mean([not line.problem for line in made.details["lines"]]))
    word_error = word_error_interval(np.array(errors, float))
    report.add(
        DUBBED,
        lines=len(made.details["lines"]),
        within_rates_percent=within,
        largest_start_ms=max(starts_ms),
        overlapping=n_overlapping,
        cut=sum("cut off" in line.problem for line in made.details["lines"]),
        word_error_percent=word_error,
    )
    report.target("dub", "lines that start late, ms", max(starts_ms), at_most=MAX_START_MS)
    report.target("dub", "lines that overlap", n_overlapping, at_most=0)
    report.target("dub", "word error, percent", word_error, at_most=MAX_WORD_ERROR)


def _add_files(files: Sequence[Path], report: Report) -> None:
    """Add the row of the cues of files."""
    too_fast = np.zeros(3, int)
    n_files = n_cues = n_lines = n_fast_lines = n_reported = 0
    for file in files:
        try:
            cues = timed_cues(read_cues(file), str(file), None)
        except BadText as error:
            print(error, file=sys.stderr)
            continue
        n_files += 1
        alone, whole = lines_of(cues, are_sentences=True), lines_of(cues)
        starts = [line.start for line in alone]
        sizes = np.diff([*(bisect.bisect_left(starts, line.start) for line in whole), len(alone)])
        in_cue = [LineSlot(line.end - line.start, line.end - line.start) for line in alone]
        fast = _too_fast(whole, slots([line.time for line in whole]))
        too_fast[0] += len(_too_fast(alone, in_cue))
        too_fast[1] += len(_too_fast(alone, slots([line.time for line in alone])))
        too_fast[2] += sum(sizes[index] for index in fast)
        n_cues, n_lines = n_cues + len(alone), n_lines + len(whole)
        n_fast_lines, n_reported = n_fast_lines + len(fast), n_reported + sum(fast.values())
    if not n_files:
        raise BadText("The folder of --subtitles has no SRT file that can be read; give one that has.")
    alone_percent, silence_percent, sentences_percent = (100 * too_fast / n_cues).tolist()
    report.add(
        CUES,
        files=n_files,
        cues=n_cues,
        alone_percent=alone_percent,
        with_silence_percent=silence_percent,
        in_sentences_percent=sentences_percent,
        lines=n_lines,
        too_fast=n_fast_lines,
        reported=n_reported,
    )
    report.target("files", "lines that are too fast and not reported", n_fast_lines - n_reported, at_most=0)


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
    return np.flatnonzero(level > level.max() * 10 ** (START_DB / 20))


def _cues(voice: Voice, texts: list[str], seed: int) -> list[tuple[float, float, str]]:
    random = np.random.default_rng(seed)
    cues, start = [], 0.5
    for text in texts:
        seconds = voice.usual_seconds(text) * float(np.exp(DEVIATION * random.standard_normal()))
        cues.append((start, start + seconds, text))
        start += seconds + SHORTEST_GAP + float(random.exponential(MEAN_GAP - SHORTEST_GAP))
    return cues


BENCHMARK = Benchmark(
    __doc__,
    (DUBBED, CUES),
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("lines", 200, smoke=2),
    Option("subtitles", "", smoke=_smoke_subtitles),
    Option("seed", 1),
    *JUDGE_OPTIONS,
)
