"""Compare the codec with Opus: bytes on disk, intelligibility, quality and buzz, by kind of sound.

    python -m benchmarks codec.opus --clips "unseen speaker=corpora/prompts:test" "music=corpora/music:test" \\
        "seen speakers=corpora/speech:valid" "noise=corpora/esc10-clips:valid" --json codec.json

Each copy is a file, .wwc or Ogg, whose bytes count, headers included; Opus with frames of 60 ms, its best at low
rates (libopus, PyAV). Copies by Wavewright are scored without a shift, those by Opus after their delay is removed.
Word errors by wavewright.metrics.recogniser (see docs/metrics.md) where a clip has an English text; the log-mel
distance is the mean absolute difference of 80 bands in nats; buzz is the autocorrelation of the band from 2.5 to 7
kHz at 20 ms; the speaker similarity is the cosine of Resemblyzer's embeddings. Needs the extras metrics and media,
and ``pip install pesq==0.0.4 pystoi==0.4.1 "visqol-python[lattice]==3.8.0"``; what is not installed is left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries, read_wave, shuffle_entries, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, SAMPLE_RATE, Judges, Scores, means, visqol
from benchmarks.harness.peers import LIBOPUS, RESEMBLYZER, VISQOL
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.harness.waves import in_time, through_codec
from benchmarks.speech.speech_distance import SpeakerEncoder
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.mel import log_mel
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode

CODEC_FRAME_SECONDS = 0.02
LOW_HZ, HIGH_HZ = 2_500.0, 7_000.0  # the band in which speech is nearly noise
OPUS_SETTINGS = {"frame_duration": "60", "application": "voip", "vbr": "on"}
MAX_DELAY_SAMPLES = 1_600
MODEL = "speech-codec"
ENGLISH = "unseen speaker"  # the kind whose words are counted
TIMED_KBPS, TIMED_SECONDS = 6.0, 60.0

Copy = Callable[[np.ndarray], tuple[np.ndarray, int]]
"""From a wave ``(time,)`` to the copy and the size of its file in bytes."""

COPIES = Table(
    "copies",
    columns(sound="s", codec="s", clips="d", kbps=".2f")
    | optional(word_error_percent=".1f", pesq=".2f")
    | columns(log_mel_nats=".2f")
    | optional(stoi_percent=".1f", visqol=".2f", speaker_similarity=".2f", dnsmos=".2f")
    | columns(buzz=".2f"),
)
SPEED = Table("speed", columns(model="s", encode_and_decode_times_of_the_sound=".4f"))


def frame_correlation(wave: np.ndarray, sample_rate: int, lag_seconds: float) -> float:
    """Compute the normalised autocorrelation of the band from 2.5 to 7 kHz at one lag.

    ``r(lag) = sum_t b(t) b(t + lag) / sum_t b(t)^2`` for the band ``b``. A decoder that repeats a pattern in every
    frame has nearly 1 at the length of the frame; speech has nearly 0.

    - ``wave``: ``(time,)``.
    - ``lag_seconds``: usually the length of a frame.
    - returns: -1 to 1; 0 for silence, and for waves shorter than the lag.
    """
    n_fft = 1 << int(np.ceil(np.log2(max(2 * len(wave), 2))))
    spectrum = np.fft.rfft(np.asarray(wave, np.float64), n_fft)
    frequencies_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    is_in_band = (frequencies_hz >= LOW_HZ) & (frequencies_hz <= HIGH_HZ)
    correlation = np.fft.irfft(np.where(is_in_band, np.abs(spectrum) ** 2, 0.0), n_fft)
    lag = round(lag_seconds * sample_rate)
    return float(correlation[lag] / correlation[0]) if correlation[0] > 0 and lag < len(wave) else 0.0


class CopyJudges:
    """All judges of a copy, loaded once; there is no score of what is not installed."""

    def __init__(self, options: Options, report: Report) -> None:
        self.speech = Judges(options, report, with_pesq=True)
        self.has_visqol = report.has(VISQOL)
        has_speaker = not options.no_speaker and report.has(RESEMBLYZER, "Similarity of speakers")
        self.speaker = SpeakerEncoder() if has_speaker else None

    def scores(self, wave: np.ndarray, copy: np.ndarray, english_text: str, is_speech: bool) -> dict[str, float]:
        """Return the scores of a copy by name; word errors where ``english_text`` is not empty."""
        frames = [log_mel(each, SAMPLE_RATE, 1024, 256, 80) for each in (wave, copy)]
        scores = {
            "log_mel_nats": float(np.abs(frames[0] - frames[1]).mean()),
            "buzz": frame_correlation(copy, SAMPLE_RATE, CODEC_FRAME_SECONDS),
        }
        if self.has_visqol:
            scores["visqol"] = visqol(wave, copy, "speech")
        if is_speech:
            scores |= self.speech.likeness(wave, copy) | self.speech.opinion(copy, SAMPLE_RATE)
        if is_speech and self.speaker is not None:
            scores["speaker_similarity"] = self.speaker.cosine(wave, copy)
        return scores | (self.speech.words(copy, SAMPLE_RATE, english_text) if english_text else {})


def copy_by_wavewright(
    wave: np.ndarray, model: str, kbps: float, sample_rate: int = SAMPLE_RATE
) -> tuple[np.ndarray, int]:
    """Return a copy through a .wwc file, and the bytes of the file."""
    with tempfile.TemporaryDirectory() as folder:
        source, encoded, decoded = (Path(folder) / name for name in ("source.wav", "encoded.wwc", "decoded.wav"))
        Clip(wave[None], sample_rate).write(source, "FLOAT")
        encode(source, kbps=kbps, out=encoded, model=model, quiet=True)
        decode(encoded, out=decoded, model=model, quiet=True)
        return Clip.read(decoded).wave[0], encoded.stat().st_size


def copy_by_opus(wave: np.ndarray, kbps: float) -> tuple[np.ndarray, int]:
    """Return a copy through an Ogg file of libopus, its delay removed, and the bytes of the file."""
    copy, n_bytes = through_codec(wave, SAMPLE_RATE, "libopus", "ogg", kbps, OPUS_SETTINGS)
    return in_time(copy, wave, MAX_DELAY_SAMPLES), n_bytes


def clips_of(description: str, count: int) -> tuple[str, list[Entry]]:
    """Return the name and the recordings, of at least 2 s, of ``NAME=FOLDER:SPLIT``."""
    name, _, rest = description.partition("=")
    folder, _, split = rest.rpartition(":")
    entries = corpus_entries(Path(folder), split, min_seconds=2.0)
    return name, [entries[row] for row in sorted(shuffle_entries(range(len(entries)), count, SEED))]


def row_of(sound: str, codec: str, copy: Copy, entries: Sequence[Entry], is_english: bool, judges: CopyJudges) -> Row:
    """Return the row of a codec on one kind of sound."""
    is_speech = any(entry.text or entry.speaker for entry in entries)
    scores: list[Scores] = []
    n_bytes = n_samples = 0
    for entry in entries:
        wave = read_wave(entry.path, SAMPLE_RATE).astype(np.float32)
        copied, size = copy(wave)
        n_bytes += size
        n_samples += len(wave)
        scores.append(judges.scores(wave, copied, str(entry.text or "") if is_english else "", is_speech))
    kbps = 8e-3 * n_bytes / (n_samples / SAMPLE_RATE)
    return {"sound": sound, "codec": codec, "clips": len(entries), "kbps": kbps, **means(scores)}


def measure(options: Options, report: Report) -> None:
    copies: dict[str, Copy] = {"recordings": lambda wave: (wave, 2 * len(wave))}
    for kbps in options.kbps:
        copies[f"{MODEL} {kbps:g}"] = partial(copy_by_wavewright, model=MODEL, kbps=kbps)
    for kbps in options.opus_kbps if report.has(LIBOPUS, "Opus") else ():
        copies[f"Opus {kbps:g}"] = partial(copy_by_opus, kbps=kbps)
    kinds = [clips_of(description, options.count) for description in options.clips]
    judges = CopyJudges(options, report)
    for sound, entries in kinds:
        for codec, copy in copies.items():
            report.add(COPIES, row_of(sound, codec, copy, entries, sound == ENGLISH, judges))
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(TIMED_SECONDS * SAMPLE_RATE)).astype(np.float32)
    seconds = median_seconds(lambda: copy_by_wavewright(noise, MODEL, TIMED_KBPS), options.runs)
    report.add(SPEED, model=MODEL, encode_and_decode_times_of_the_sound=seconds / TIMED_SECONDS)


BENCHMARK = Benchmark(
    measure,
    Option(
        "clips",
        ["unseen speaker=corpora/prompts:test"],
        "NAME=FOLDER:SPLIT of each kind",
        smoke=lambda folder: [f"unseen speaker={smoke_speech(folder)}:test"],
    ),
    Option("kbps", (1.5, 3.0, 6.0), smoke=[3.0]),
    Option("opus_kbps", (6.0, 8.0, 12.0), smoke=[6.0]),
    Option("count", 60, "clips of each kind", smoke=1),
    *JUDGE_OPTIONS,
    Option("no_speaker", False, "leave out the similarity of speakers"),
    Option("runs", 5, "of the timing", smoke=1),
)
