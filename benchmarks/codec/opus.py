"""The codec beside Opus: bytes on disk, intelligibility, quality and buzz, for each kind of sound by itself.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts                      # unseen speaker
    python recipes/corpora prompts --asterisk FOLDER --language ru --out corpora/prompts-ru     # unseen language
    python recipes/corpora music --asterisk FOLDER --out corpora/music
    python -m benchmarks.codec.opus --clips "unseen speaker=corpora/prompts:test" "unseen language=corpora/prompts-ru:test" \\
        "seen speakers=corpora/speech:valid" "music=corpora/music:test" "noise=corpora/ambience:valid" --json codec.json

Every copy is a file, .wwc or Ogg, whose bytes count, headers included; Opus with frames of 60 ms, its best at low rates (libopus, PyAV).
Scores are those of Wavewright's copies at zero shift, of Opus's after its delay has been found and taken off. Word errors by
benchmarks/speech/recogniser.py (its commands first), where a clip has an English text; the log-mel distance is the mean absolute difference of
80 bands in nats; buzz the autocorrelation of the 2.5 to 7 kHz band at 20 ms; voice the cosine of Resemblyzer's embeddings. Needs the
extras metrics and media, and ``pip install pesq==0.0.4 pystoi==0.4.1 "visqol-python[lattice]==3.8.0"``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.speech.naturalness import dnsmos
from benchmarks.speech.recogniser import DEFAULT_FOLDER, Recogniser
from wavewright.clip import Clip
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.dsp import log_mel
from wavewright.errors import BadFolder, WavewrightError
from wavewright.metrics.buzz import frame_correlation
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode

SEED = 2026
SAMPLE_RATE = 16_000
FRAME_SECONDS = 0.02
OPUS_FRAME_MS = 60
LONGEST_DELAY = 1_600  # samples
RATES = (1.5, 3.0, 6.0)
OPUS_RATES = (6.0, 8.0, 12.0)

Copy = Callable[[np.ndarray, Path], tuple[np.ndarray, int]]
"""A wave ``(time,)`` and a folder for its file, to the copy and the bytes of the file."""


@dataclass
class Scores:
    """Sums over the clips of a row, by name, and how many clips gave each."""

    totals: dict[str, float]
    counts: dict[str, int]

    def add(self, **values: float | None) -> None:
        for name, value in values.items():
            if value is not None and np.isfinite(value):
                self.totals[name] = self.totals.get(name, 0.0) + value
                self.counts[name] = self.counts.get(name, 0) + 1

    def mean(self, name: str) -> float | None:
        return self.totals[name] / self.counts[name] if self.counts.get(name) else None


@dataclass(frozen=True)
class Row:
    """What was measured of one codec at one rate on one kind of sound; None where it was not."""

    sound: str
    codec: str
    n_clips: int
    kbps: float
    pesq: float | None
    stoi: float | None
    visqol: float | None
    log_mel: float
    word_error_percent: float | None
    voice: float | None
    dnsmos: float | None
    buzz: float


class Judges:
    """Everything that scores a copy; loaded once."""

    def __init__(self, recogniser: Path, with_voice: bool):
        from visqol import VisqolApi

        self.recogniser = Recogniser(recogniser)
        self.visqol = VisqolApi()
        self.visqol.create(mode="speech")
        self.voice = None
        if with_voice:
            from resemblyzer import VoiceEncoder

            self.voice = VoiceEncoder("cpu", verbose=False)

    def score(
        self, scores: Scores, entry: Entry, wave: np.ndarray, copy: np.ndarray, is_speech: bool, is_english: bool
    ) -> None:
        """Add what is found of one copy."""
        scores.add(
            log_mel=float(np.abs(_log_mel(wave) - _log_mel(copy)).mean()),
            buzz=frame_correlation(copy, SAMPLE_RATE, FRAME_SECONDS),
            visqol=self.visqol.measure_from_arrays(
                wave.astype(np.float64), copy.astype(np.float64), SAMPLE_RATE
            ).moslqo,
        )
        if not is_speech:
            return
        from pystoi import stoi

        scores.add(pesq=_pesq(wave, copy), stoi=float(stoi(wave, copy, SAMPLE_RATE)), dnsmos=dnsmos(copy, SAMPLE_RATE))
        if self.voice is not None:
            embedded = [self.voice.embed_utterance(some) for some in (wave, copy)]
            scores.add(voice=float(np.dot(*embedded)))
        if is_english and entry.text:
            found = self.recogniser.errors(copy, SAMPLE_RATE, entry.text)
            scores.add(errors=float(found.n_errors), words=float(found.n_words))


def _log_mel(wave: np.ndarray) -> np.ndarray:
    return log_mel(wave, SAMPLE_RATE, 1024, 256, 80)


def _pesq(wave: np.ndarray, copy: np.ndarray) -> float | None:
    from pesq import NoUtterancesError, pesq

    try:
        return float(pesq(SAMPLE_RATE, wave, copy, "wb"))
    except NoUtterancesError:
        return None


def by_wavewright(model: str, kbps: float) -> Copy:
    """Copies through files of a codec of ours."""

    def copy(wave: np.ndarray, folder: Path) -> tuple[np.ndarray, int]:
        given, coded, back = folder / "given.wav", folder / "coded.wwc", folder / "back.wav"
        Clip(wave[None], SAMPLE_RATE).write(given, "FLOAT")
        encode(given, kbps=kbps, out=coded, model=model, quiet=True)
        decode(coded, out=back, model=model, quiet=True)
        return Clip.read(back).wave[0], coded.stat().st_size

    return copy


def by_opus(kbps: float) -> Copy:
    """Copies through Ogg files of libopus."""
    import av

    def copy(wave: np.ndarray, folder: Path) -> tuple[np.ndarray, int]:
        path = folder / "coded.ogg"
        with av.open(str(path), "w", format="ogg") as container:
            stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
            stream.bit_rate = round(1_000 * kbps)
            stream.options = {"frame_duration": str(OPUS_FRAME_MS), "application": "voip", "vbr": "on"}
            samples = (np.clip(wave, -1, 1) * 32_767).astype(np.int16)[None]
            given = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            given.sample_rate, given.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            for frame in (given, None):
                for packet in stream.encode(frame):
                    container.mux(packet)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        with av.open(str(path)) as container:
            decoded = [frame for packet in container.decode(audio=0) for frame in resampler.resample(packet)]
        decoded += resampler.resample(None)
        return _without_delay(wave, np.concatenate([frame.to_ndarray()[0] for frame in decoded])), path.stat().st_size

    return copy


def _without_delay(wave: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """``copy`` from the shift on at which it correlates most with ``wave``, as long as this."""
    n_fft = len(wave) + len(copy)
    correlation = np.fft.irfft(np.fft.rfft(wave, n_fft).conj() * np.fft.rfft(copy, n_fft), n_fft)
    copy = copy[int(np.argmax(correlation[:LONGEST_DELAY])) :]
    return np.pad(copy, (0, max(0, len(wave) - len(copy))))[: len(wave)]


def clips_of(described: str, count: int, min_seconds: float) -> tuple[str, list[Entry]]:
    """Name and entries of ``NAME=FOLDER:SPLIT``; raises BadFolder where there are no such clips."""
    name, _, rest = described.partition("=")
    folder, _, split = rest.rpartition(":")
    found = scan(Path(folder), manifest=Path(folder) / "manifest.jsonl").entries
    fit = [entry for entry in found if entry.split == split and entry.seconds >= min_seconds]
    if not fit:
        raise BadFolder(
            f"{folder} has no clips of split {split!r} and at least {min_seconds} s; give NAME=FOLDER:SPLIT."
        )
    return name, [fit[row] for row in sorted(np.random.default_rng(SEED).permutation(len(fit))[:count])]


def rows_of(
    name: str, entries: Sequence[Entry], copies: dict[str, Copy | None], judges: Judges, is_english: bool
) -> list[Row]:
    """One row a codec, the recordings first."""
    waves = [Clip.read(entry.path).mono().resample(SAMPLE_RATE).wave[0].astype(np.float32) for entry in entries]
    is_speech = any(entry.text or entry.speaker for entry in entries)
    rows = []
    for codec, copy in copies.items():
        scores, n_bytes = Scores({}, {}), 0
        for entry, wave in zip(entries, waves, strict=True):
            with tempfile.TemporaryDirectory() as folder:
                made, size = (wave, 2 * len(wave)) if copy is None else copy(wave, Path(folder))
            n_bytes += size
            judges.score(scores, entry, wave, made, is_speech, is_english)
        words = scores.totals.get("words", 0.0)
        rows.append(
            Row(
                name,
                codec,
                len(entries),
                8e-3 * n_bytes / (sum(map(len, waves)) / SAMPLE_RATE),
                scores.mean("pesq"),
                scores.mean("stoi"),
                scores.mean("visqol"),
                scores.mean("log_mel") or 0.0,
                100 * scores.totals["errors"] / words if words else None,
                scores.mean("voice"),
                scores.mean("dnsmos"),
                scores.mean("buzz") or 0.0,
            )
        )
        print(shown(rows[-1]), flush=True)
    return rows


def shown(row: Row) -> str:
    """One line of the table."""
    numbers = {"PESQ": row.pesq, "STOI": row.stoi, "ViSQOL": row.visqol, "log-mel": row.log_mel, "voice": row.voice}
    numbers |= {"DNSMOS": row.dnsmos, "buzz": row.buzz}
    parts = [f"{name} {value:.3f}" for name, value in numbers.items() if value is not None]
    words = "" if row.word_error_percent is None else f"  word error {row.word_error_percent:.1f} %"
    return f"{row.sound:16} {row.codec:22} {row.kbps:7.2f} kbps  " + "  ".join(parts) + words


def speed(model: str, seconds: float = 60.0) -> float:
    """Seconds of computing, encode and decode, for a second of sound: median of five files on one thread."""
    wave = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)).astype(np.float32)
    copy, times = by_wavewright(model, 6.0), []
    for _ in range(6):
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            copy(wave, Path(folder))
            times.append((time.process_time() - start) / seconds)
    return float(np.median(times[1:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="+", required=True, metavar="NAME=FOLDER:SPLIT")
    parser.add_argument("--english", nargs="*", default=["unseen speaker"], help="kinds whose words are counted")
    parser.add_argument("--model", default="speech-codec")
    parser.add_argument("--count", type=int, default=60, help="clips of each kind")
    parser.add_argument("--min-seconds", type=float, default=2.0)
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--no-voice", action="store_true", help="leave the speaker similarity out")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    copies: dict[str, Copy | None] = {"recordings": None}
    copies |= {f"{given.model} {kbps:g}": by_wavewright(given.model, kbps) for kbps in RATES}
    copies |= {f"opus {kbps:g}": by_opus(kbps) for kbps in OPUS_RATES}
    try:
        kinds = [clips_of(described, given.count, given.min_seconds) for described in given.clips]
        judges = Judges(given.recogniser, not given.no_voice)
        rows = [row for name, entries in kinds for row in rows_of(name, entries, copies, judges, name in given.english)]
        share = speed(given.model)
    except WavewrightError as error:
        parser.error(str(error))
    print(f"encode and decode, files included: {share:.4f} of real time on one thread")
    if given.json:
        found = {"rows": [asdict(row) for row in rows], "share_of_real_time": share}
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
