"""Measure episodes of podcasts: loudness, peaks, levels of the speakers, words that are understood, beside FFmpeg.

    python -m benchmarks enhancement.podcast --speech corpora/speech corpora/prompts --json podcast.json

An episode is sentences by two speakers in turn, one of each corpus, with pauses of 0.4 to 4 s, each recorded for
itself: at -16 to -40 dB of full scale, with noise of a room 45 dB below the speech, and the other speaker 25 dB lower.
``mixture`` is the sum of both recordings. ``ffmpeg`` is its filters highpass, afftdn and dynaudnorm on each, then the
sum, silenceremove and loudnorm. Both shorten pauses to a second, and write WAV files of -16 LUFS on two loudspeakers,
which is -19 LUFS of one channel.

``off_lu`` is the largest distance from that; the difference of the speakers is that of their loudness without the other
one, and word errors are those of each sentence, both in episodes with all pauses, made for that. Word errors and DNSMOS
by benchmarks.speech.judges. The real-time factor is processor time over the length of one recording, in processes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_speech
from benchmarks.harness.peers import FFMPEG
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import children_seconds
from benchmarks.speech.judges import JUDGE_OPTIONS, Judges, mean_interval, word_error_interval
from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain, gain_to_db
from wavewright.dsp.loudness import LoudnessMeter
from wavewright.dsp.true_peak import TruePeakMeter

SAMPLE_RATE = 44_100
LEVELS_DB, PAUSES = (-40.0, -16.0), (0.4, 4.0)
NOISE_DB, BLEED_DB = -45.0, -25.0  # under the speech
TARGET_LUFS, CEILING_DB = -19.0, -1.0  # of one channel
MOST_OFF_LU = 0.5
FFMPEG_TRACK = "highpass=f=70,afftdn=nf=-50,dynaudnorm"
FFMPEG_MIX = (
    "amix=inputs=2:normalize=0,silenceremove=stop_periods=-1:stop_duration=1:stop_threshold=-45dB:"
    "stop_silence=1,loudnorm=I=-16:TP=-1.5:dual_mono=true"
)

EPISODES = Table(
    "episodes",
    columns(
        method="s",
        episodes="d",
        off_lu=".2f",
        highest_true_peak_db=".1f",
        speakers_differ_db=".1f",
        seconds_left_percent=".1f",
        real_time_factor=".3f",
    )
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
        tracks[number % 2] += [wave / np.sqrt(np.mean(wave**2)), pause]
        tracks[1 - number % 2] += [np.zeros_like(wave), pause]
        lines.append((position, position + len(wave), text))
        position += len(wave) + len(pause)
    first, second = (np.concatenate(parts) for parts in tracks)
    recorded = []
    for own, other in ((first, second), (second, first)):
        noise = np.cumsum(rng.standard_normal(len(own)))
        noise -= np.convolve(noise, np.ones(400) / 400, "same")  # without what is below about 50 Hz
        noise *= db_to_gain(NOISE_DB) / np.sqrt(np.mean(noise**2))
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


Method: TypeAlias = Callable[..., None]
METHODS: dict[str, Method] = {"mixture": by_sum, "ffmpeg": by_ffmpeg, "wavewright": by_wavewright}


def loudness_and_peak(clip: Clip) -> tuple[float, float]:
    """Return loudness in LUFS and true peak in dB."""
    loudness, peak = LoudnessMeter(clip.sample_rate, clip.n_channels), TruePeakMeter(clip.n_channels)
    loudness.add(clip.wave)
    peak.add(clip.wave)
    return loudness.integrated_lufs(), peak.peak_db()


def level_difference(episode: Episode, wave: np.ndarray) -> float:
    """Return by how much one speaker is louder than the other in an episode with all pauses, in dB."""
    levels = []
    for own, other in (episode.alone, episode.alone[::-1]):
        n = min(len(wave), len(own))
        smooth = np.convolve(np.abs(own[:n]), np.ones(4_410) / 4_410, "same")
        speaks = (smooth > 0.1) & (np.convolve(np.abs(other[:n]), np.ones(4_410) / 4_410, "same") < 1e-6)
        levels.append(float(gain_to_db(np.sqrt(np.mean(np.square(wave[:n][speaks]))))))
    return abs(levels[0] - levels[1])


def measure(options: Options, report: Report) -> None:
    """Make episodes by each method, and add its row."""
    judges = Judges(options, report)
    methods = METHODS if report.has(FFMPEG, "its filters") else {n: m for n, m in METHODS.items() if n != "ffmpeg"}
    rng = np.random.default_rng(1)
    spoken = [
        shuffle_entries(corpus_entries(corpus, split, needs_text=True, speaker=speaker), 1_000, 1)
        for corpus, split, speaker in zip(options.speech, options.splits, options.speakers, strict=True)
    ]
    episodes = []
    for number in range(options.count):
        turns = []
        for turn in range(options.turns):
            own = spoken[turn % 2]
            entry = own[(number * options.turns + turn) // 2 % len(own)]
            turns.append((read_wave(entry.path, SAMPLE_RATE), str(entry.text)))
        episodes.append(draw_episode(turns, rng))
    for name, make in methods.items():
        row = _measured(name, make, episodes, judges)
        report.add(EPISODES, row)
        if name == "wavewright":
            report.target("loudness", "largest distance, LU", row["off_lu"], at_most=MOST_OFF_LU)
            report.target("true peak", "dB", row["highest_true_peak_db"], at_most=CEILING_DB)


def _measured(name: str, make: Method, episodes: Sequence[Episode], judges: Judges) -> dict[str, object]:
    off, peaks, differences, left, errors, ratings, seconds, length = [], [], [], [], [], [], 0.0, 0.0
    for episode in episodes:
        with tempfile.TemporaryDirectory() as folder:
            tracks = [Path(folder, f"{number}.wav") for number in range(2)]
            for track, wave in zip(tracks, episode.recorded, strict=True):
                Clip(wave[None], SAMPLE_RATE).write(track, "PCM_24")
            begun = children_seconds()
            make(tracks, Path(folder, "episode.wav"))
            seconds += children_seconds() - begun
            make(tracks, Path(folder, "long.wav"), keeps_pauses=True)
            clip, long = Clip.read(Path(folder, "episode.wav")), Clip.read(Path(folder, "long.wav"))
        lufs, peak = loudness_and_peak(clip)
        off.append(abs(lufs - TARGET_LUFS))
        peaks.append(peak)
        wave = long.resample(SAMPLE_RATE).wave[0]
        differences.append(level_difference(episode, wave))
        length += len(episode.alone[0]) / SAMPLE_RATE
        left.append(100 * clip.seconds * SAMPLE_RATE / len(episode.alone[0]))
        for start, end, text in episode.lines:
            errors.append(judges.word_errors(wave[start:end], SAMPLE_RATE, text))
        ratings.append(judges.dnsmos(clip.wave[0], clip.sample_rate))
    return {
        "method": name,
        "episodes": len(episodes),
        "off_lu": max(off),
        "highest_true_peak_db": max(peaks),
        "speakers_differ_db": mean_interval(differences),
        "seconds_left_percent": mean_interval(left),
        "real_time_factor": seconds / length,
        "word_error_percent": word_error_interval(np.array(errors, float)),
        "dnsmos": mean_interval(ratings),
    }


def _smoke_corpora(folder: Path) -> list[Path]:
    return [smoke_speech(folder)] * 2


BENCHMARK = Benchmark(
    __doc__,
    (EPISODES,),
    measure,
    Option("speech", [Path("corpora/speech"), Path("corpora/prompts")], "corpora of English", smoke=_smoke_corpora),
    Option("speakers", ["kathleen", "allison"], "one of each corpus", smoke=[None, None]),
    Option("splits", ["valid", "test"], smoke=["valid", "test"]),
    Option("count", 10, "episodes", smoke=1),
    Option("turns", 6, "sentences of an episode", smoke=2),
    *JUDGE_OPTIONS,
)
