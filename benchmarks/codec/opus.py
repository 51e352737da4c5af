"""Compare the codec with Opus: bytes on disk, intelligibility, quality and buzz, by kind of sound.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts                      # unseen speaker
    python recipes/corpora prompts --asterisk FOLDER --language ru --out corpora/prompts-ru     # unseen language
    python recipes/corpora music --asterisk FOLDER --out corpora/music
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
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries, read_wave, smoke_speech
from benchmarks.harness.peers import LIBOPUS, RESEMBLYZER, VISQOL
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.speech.judges import JUDGE_OPTIONS, SAMPLE_RATE, Judges, visqol
from benchmarks.speech.speech_distance import SpeakerEncoder
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.mel import log_mel
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode

CODEC_FRAME_SECONDS = 0.02
LOW_HZ, HIGH_HZ = 2_500.0, 7_000.0  # the band in which speech is nearly noise
OPUS_FRAME_MS = 60
MAX_DELAY_SAMPLES = 1_600
KBPS = (1.5, 3.0, 6.0)
OPUS_KBPS = (6.0, 8.0, 12.0)
TIMED_KBPS = 6.0

Copy = Callable[[np.ndarray, Path], tuple[np.ndarray, int]]
"""From a wave ``(time,)`` and a folder for its file to the copy and the size of the file in bytes."""

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
    """All judges of a copy, loaded once; what is not installed scores NaN."""

    def __init__(self, options: Options, report: Report) -> None:
        self.speech = Judges(options, report, with_pesq=True)
        self.has_visqol = report.has(VISQOL)
        has_speaker = not options.no_speaker and report.has(RESEMBLYZER, "Similarity of speakers")
        self.speaker = SpeakerEncoder() if has_speaker else None

    def scores(self, wave: np.ndarray, copy: np.ndarray, english_text: str, is_speech: bool) -> dict[str, float]:
        """Return the scores of a copy by name; word errors where ``english_text`` is not empty."""
        scores = {
            "log_mel_nats": float(np.abs(_log_mel(wave) - _log_mel(copy)).mean()),
            "buzz": frame_correlation(copy, SAMPLE_RATE, CODEC_FRAME_SECONDS),
        }
        if self.has_visqol:
            scores["visqol"] = visqol(wave, copy, "speech")
        if not is_speech:
            return scores
        scores["pesq"] = self.speech.pesq(wave, copy)
        scores["dnsmos"] = self.speech.dnsmos(copy, SAMPLE_RATE)
        scores["stoi_percent"] = self.speech.stoi_percent(wave, copy)
        if self.speaker is not None:
            scores["speaker_similarity"] = self.speaker.cosine(wave, copy)
        if english_text:
            scores["errors"], scores["words"] = self.speech.word_errors(copy, SAMPLE_RATE, english_text)
        return scores


def _log_mel(wave: np.ndarray) -> np.ndarray:
    return log_mel(wave, SAMPLE_RATE, 1024, 256, 80)


def copy_by_wavewright(model: str, kbps: float) -> Copy:
    """Return a function that copies through .wwc files."""

    def copy(wave: np.ndarray, folder: Path) -> tuple[np.ndarray, int]:
        source, encoded, decoded = (folder / name for name in ("source.wav", "encoded.wwc", "decoded.wav"))
        Clip(wave[None], SAMPLE_RATE).write(source, "FLOAT")
        encode(source, kbps=kbps, out=encoded, model=model, quiet=True)
        decode(encoded, out=decoded, model=model, quiet=True)
        return Clip.read(decoded).wave[0], encoded.stat().st_size

    return copy


def copy_by_opus(kbps: float) -> Copy:
    """Return a function that copies through Ogg files of libopus."""
    import av

    def copy(wave: np.ndarray, folder: Path) -> tuple[np.ndarray, int]:
        path = folder / "encoded.ogg"
        with av.open(str(path), "w", format="ogg") as container:
            stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
            stream.bit_rate = round(1_000 * kbps)
            stream.options = {"frame_duration": str(OPUS_FRAME_MS), "application": "voip", "vbr": "on"}
            samples = (np.clip(wave, -1, 1) * 32_767).astype(np.int16)[None]
            source = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            source.sample_rate = SAMPLE_RATE
            source.time_base = Fraction(1, SAMPLE_RATE)
            for frame in (source, None):
                for packet in stream.encode(frame):
                    container.mux(packet)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        with av.open(str(path)) as container:
            decoded = [frame for packet in container.decode(audio=0) for frame in resampler.resample(packet)]
        decoded += resampler.resample(None)
        delayed = np.concatenate([frame.to_ndarray()[0] for frame in decoded])
        return remove_delay(wave, delayed), path.stat().st_size

    return copy


def remove_delay(wave: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """Return ``copy`` from the shift at which it correlates most with ``wave``, and as long as it."""
    n_fft = len(wave) + len(copy)
    correlation = np.fft.irfft(np.fft.rfft(wave, n_fft).conj() * np.fft.rfft(copy, n_fft), n_fft)
    copy = copy[int(np.argmax(correlation[:MAX_DELAY_SAMPLES])) :]
    return np.pad(copy, (0, max(0, len(wave) - len(copy))))[: len(wave)]


def clips_of(description: str, count: int, min_seconds: float) -> tuple[str, list[Entry]]:
    """Return the name and the recordings of ``NAME=FOLDER:SPLIT``."""
    name, _, rest = description.partition("=")
    folder, _, split = rest.rpartition(":")
    entries = corpus_entries(Path(folder), split, min_seconds=min_seconds)
    rows = sorted(np.random.default_rng(SEED).permutation(len(entries))[:count])
    return name, [entries[row] for row in rows]


def row_of(
    sound: str, codec: str, copy: Copy | None, entries: Sequence[Entry], is_english: bool, judges: CopyJudges
) -> Row:
    """Return the row of a codec on one kind of sound; without ``copy`` that of the recordings."""
    is_speech = any(entry.text or entry.speaker for entry in entries)
    scores: dict[str, list[float]] = defaultdict(list)
    n_bytes = n_samples = 0
    for entry in entries:
        wave = read_wave(entry.path, SAMPLE_RATE).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            copied, size = (wave, 2 * len(wave)) if copy is None else copy(wave, Path(folder))
        n_bytes += size
        n_samples += len(wave)
        english_text = str(entry.text) if is_english and entry.text else ""
        for name, value in judges.scores(wave, copied, english_text, is_speech).items():
            scores[name].append(value)
    means = {name: float(np.nanmean(values)) for name, values in scores.items() if np.isfinite(values).any()}
    errors, words = (float(np.nansum(scores.pop(name, [0.0]))) for name in ("errors", "words"))
    return {
        "sound": sound,
        "codec": codec,
        "clips": len(entries),
        "kbps": 8e-3 * n_bytes / (n_samples / SAMPLE_RATE),
        "word_error_percent": 100 * errors / words if words else None,
        **{name: value for name, value in means.items() if name not in ("errors", "words")},
    }


def processor_seconds_a_second(model: str, seconds: float, n_runs: int) -> float:
    """Return the processor seconds of encoding and decoding a second of sound, files included, the median of runs."""
    wave = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)).astype(np.float32)
    copy = copy_by_wavewright(model, TIMED_KBPS)

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy(wave, Path(folder))

    return median_seconds(run, n_runs) / seconds


def measure(options: Options, report: Report) -> None:
    """Add a row for each codec, bitrate and kind of sound."""
    copies: dict[str, Copy | None] = {"recordings": None}
    copies |= {f"{options.model} {kbps:g}": copy_by_wavewright(options.model, kbps) for kbps in options.kbps}
    if report.has(LIBOPUS, "Opus"):
        copies |= {f"Opus {kbps:g}": copy_by_opus(kbps) for kbps in options.opus_kbps}
    kinds = [clips_of(description, options.count, options.min_seconds) for description in options.clips]
    judges = CopyJudges(options, report)
    for sound, entries in kinds:
        for codec, copy in copies.items():
            report.add(COPIES, row_of(sound, codec, copy, entries, sound in options.english, judges))
    factor = processor_seconds_a_second(options.model, options.timed_seconds, options.runs)
    report.add(SPEED, model=options.model, encode_and_decode_times_of_the_sound=factor)


def smoke_clips(folder: Path) -> list[str]:
    """Return recordings of the smoke mode as ``NAME=FOLDER:SPLIT``."""
    return [f"unseen speaker={smoke_speech(folder)}:test"]


BENCHMARK = Benchmark(
    __doc__,
    (COPIES, SPEED),
    measure,
    Option("clips", ["unseen speaker=corpora/prompts:test"], "NAME=FOLDER:SPLIT of each kind", smoke=smoke_clips),
    Option("english", ["unseen speaker"], "kinds whose words are counted"),
    Option("model", "speech-codec"),
    Option("kbps", KBPS, smoke=[3.0]),
    Option("opus_kbps", OPUS_KBPS, smoke=[6.0]),
    Option("count", 60, "clips of each kind", smoke=1),
    Option("min_seconds", 2.0),
    *JUDGE_OPTIONS,
    Option("no_speaker", False, "leave out the similarity of speakers"),
    Option("timed_seconds", 60.0, "of the sound that is timed", smoke=2.0),
    Option("runs", 5, "of the timing", smoke=1),
)
