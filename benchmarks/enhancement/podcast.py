"""Measure episodes of podcasts: loudness, peaks, levels of the speakers, words that are understood, beside FFmpeg.

    python -m benchmarks enhancement.podcast --speech corpora/speech corpora/prompts --json podcast.json

An episode is sentences by two speakers in turn, one of each corpus, with pauses of 0.4 to 4 s, each recorded for
itself: at -16 to -40 dB of full scale, with noise of a room 45 dB below the speech, and the other speaker 25 dB lower.
``mixture`` is the sum of both recordings. ``ffmpeg`` is its filters highpass, afftdn and dynaudnorm on each, then the
sum, silenceremove and loudnorm. Both shorten pauses to a second, and write WAV files of -16 LUFS on two loudspeakers,
which is -19 LUFS of one channel.

``off_lu`` is the largest distance from that; the difference of the speakers is that of their loudness without the other
one, and word errors are those of each sentence, both in episodes with all pauses, made for that. Word errors and DNSMOS
by benchmarks.harness.judges. The real-time factor is processor time over the length of one recording, in processes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, Scores, means, word_error_interval
from benchmarks.harness.peers import FFMPEG
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import children_seconds, timed
from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain, gain_to_db
from wavewright.data.mixing import rms
from wavewright.dsp.loudness import integrated_loudness
from wavewright.dsp.true_peak import true_peak_db

SAMPLE_RATE = 44_100
LEVELS_DB, PAUSES = (-40.0, -16.0), (0.4, 4.0)
NOISE_DB, BLEED_DB = -45.0, -25.0  # under the speech
TARGET_LUFS, CEILING_DB = -19.0, -1.0  # of one channel
FFMPEG_TRACK = "highpass=f=70,afftdn=nf=-50,dynaudnorm"
FFMPEG_MIX = (
    "amix=inputs=2:normalize=0,silenceremove=stop_periods=-1:stop_duration=1:stop_threshold=-45dB:"
    "stop_silence=1,loudnorm=I=-16:TP=-1.5:dual_mono=true"
)

EPISODES = Table(
    "episodes",
    columns(method="s", episodes="d", off_lu=".2f", highest_true_peak_db=".1f", speakers_differ_db=".1f")
    | columns(seconds_left_percent=".1f", real_time_factor=".3f")
    | optional(word_error_percent=".1f", dnsmos=".2f"),
)


@dataclass(frozen=True)
class Episode:
    """Recordings ``(time,)`` of both speakers, without the other one and with; start, end in samples, and text said."""

    alone: tuple[np.ndarray, np.ndarray]
    recorded: tuple[np.ndarray, np.ndarray]
    lines: list[tuple[int, int, str]]


def draw_episode(sentences: Sequence[tuple[np.ndarray, str]], rng: np.random.Generator) -> Episode:
    """Return an episode of sentences, which both speakers say in turn."""
    tracks: list[list[np.ndarray]] = [[], []]
    lines, position = [], 0
    for number, (wave, text) in enumerate(sentences):
        pause = np.zeros(round(rng.uniform(*PAUSES) * SAMPLE_RATE), np.float32)
        tracks[number % 2] += [wave / rms(wave), pause]
        tracks[1 - number % 2] += [np.zeros_like(wave), pause]
        lines.append((position, position + len(wave), text))
        position += len(wave) + len(pause)
    first, second = (np.concatenate(parts) for parts in tracks)
    recorded = []
    for own, other in ((first, second), (second, first)):
        noise = np.cumsum(rng.standard_normal(len(own)))
        noise -= np.convolve(noise, np.ones(400) / 400, "same")  # without what is below about 50 Hz
        noise *= db_to_gain(NOISE_DB) / rms(noise)
        level = db_to_gain(rng.uniform(*LEVELS_DB))
        recorded.append((level * (own + db_to_gain(BLEED_DB) * other + noise)).astype(np.float32))
    return Episode((first, second), (recorded[0], recorded[1]), lines)


def by_ffmpeg(tracks: Sequence[Path], out: Path, keeps_pauses: bool = False) -> None:
    """Make an episode by FFmpeg's filters."""
    steps = ",".join(step for step in FFMPEG_MIX.split(",") if not (keeps_pauses and step.startswith("silence")))
    graph = f"[0]{FFMPEG_TRACK}[a];[1]{FFMPEG_TRACK}[b];[a][b]{steps}"
    inputs = [argument for track in tracks for argument in ("-i", str(track))]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", graph, "-ar", str(SAMPLE_RATE), str(out)]
    subprocess.run(command, check=True)


def by_wavewright(tracks: Sequence[Path], out: Path, keeps_pauses: bool = False) -> None:
    """Make an episode by the command."""
    options = ["--keep-pauses"] if keeps_pauses else []
    command = [sys.executable, "-m", "wavewright", "podcast", *map(str, tracks), "--out", str(out), "--quiet", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def by_sum(tracks: Sequence[Path], out: Path, keeps_pauses: bool = False) -> None:  # noqa: ARG001  # it always does
    """Add both recordings."""
    wave = sum(Clip.read(track).wave for track in tracks)
    Clip(np.asarray(wave, np.float32), SAMPLE_RATE).write(out)


METHODS: dict[str, Callable[..., None]] = {"mixture": by_sum, "ffmpeg": by_ffmpeg, "wavewright": by_wavewright}


def level_difference(episode: Episode, wave: np.ndarray) -> float:
    """Return by how much one speaker is louder than the other in an episode with all pauses, in dB."""
    levels = []
    n = min(len(wave), len(episode.alone[0]))
    smooth = [np.convolve(np.abs(own[:n]), np.ones(4_410) / 4_410, "same") for own in episode.alone]
    for own, other in (smooth, smooth[::-1]):
        levels.append(float(gain_to_db(rms(wave[:n][(own > 0.1) & (other < 1e-6)]))))
    return abs(levels[0] - levels[1])


def measure(options: Options, report: Report) -> None:
    judges = Judges(options, report)
    has_ffmpeg = report.has(FFMPEG, "its filters")
    rng = np.random.default_rng(1)
    spoken = [
        shuffle_entries(corpus_entries(corpus, split, needs_text=True, speaker=speaker), 1_000, 1)
        for corpus, split, speaker in zip(options.speech, ("valid", "test"), options.speakers, strict=True)
    ]
    episodes = []
    for number in range(options.count):
        own = [spoken[turn % 2] for turn in range(options.turns)]
        entries = [each[(number * options.turns + turn) // 2 % len(each)] for turn, each in enumerate(own)]
        turns = [(read_wave(entry.path, SAMPLE_RATE), str(entry.text)) for entry in entries]
        episodes.append(draw_episode(turns, rng))
    for name, make in METHODS.items():
        if name == "ffmpeg" and not has_ffmpeg:
            continue
        rows = [scores_of(make, episode, judges) for episode in episodes]
        word_error = word_error_interval([line for *_, lines in rows for line in lines])
        off_lu, peaks = (max(values) for values in zip(*(row[:2] for row in rows), strict=True))
        row = {"method": name, "episodes": len(episodes), "off_lu": off_lu, "highest_true_peak_db": peaks}
        cells = means([scores for *_, scores, _ in rows])
        cells["real_time_factor"] = cells["real_time_factor"].value
        report.add(EPISODES, {**row, **cells}, word_error_percent=word_error)
        if name == "wavewright":
            report.target("loudness", "largest distance, LU", off_lu, at_most=0.5)
            report.target("true peak", "dB", peaks, at_most=CEILING_DB)


def scores_of(make: Callable[..., None], episode: Episode, judges: Judges) -> tuple[float, float, Scores, list[Scores]]:
    """Return the distance from the loudness, the true peak, other scores, and the words of each line of an episode."""
    with tempfile.TemporaryDirectory() as folder:
        tracks = [Path(folder, f"{number}.wav") for number in range(2)]
        for track, wave in zip(tracks, episode.recorded, strict=True):
            Clip(wave[None], SAMPLE_RATE).write(track, "PCM_24")
        _, seconds = timed(partial(make, tracks, Path(folder, "episode.wav")), children_seconds)
        make(tracks, Path(folder, "long.wav"), keeps_pauses=True)
        clip, long = Clip.read(Path(folder, "episode.wav")), read_wave(Path(folder, "long.wav"), SAMPLE_RATE)
    length = len(episode.alone[0]) / SAMPLE_RATE
    scores = {
        "speakers_differ_db": level_difference(episode, long),
        "seconds_left_percent": 100 * clip.seconds / length,
        "real_time_factor": seconds / length,
        **judges.opinion(clip.wave[0], clip.sample_rate),
    }
    words = [judges.words(long[start:end], SAMPLE_RATE, text) for start, end, text in episode.lines]
    return abs(integrated_loudness(clip.wave, clip.sample_rate) - TARGET_LUFS), true_peak_db(clip.wave), scores, words


BENCHMARK = Benchmark(
    measure,
    Option(
        "speech", [Path("corpora/speech"), Path("corpora/prompts")], smoke=lambda folder: 2 * [smoke_speech(folder)]
    ),
    Option("speakers", ["kathleen", "allison"], "one of each corpus", smoke=[None, None]),
    Option("count", 10, "episodes", smoke=1),
    Option("turns", 6, "sentences of an episode", smoke=2),
    *JUDGE_OPTIONS,
)
