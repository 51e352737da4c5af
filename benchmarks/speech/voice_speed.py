"""How soon and how fast a voice speaks: first sound, cold start to a file, real-time factor, sizes, and what is heard where pieces meet.

    python -m benchmarks.speech.voice_speed --voice en-kathleen --json voice_speed.json

The first sound is timed from the call of ``Voice.stream`` to its first chunk with samples, on one thread, after ``warm_up``, for each of the
100 sentences of benchmarks/speech/texts/hundred.txt, by the clock and by processor time. Cold starts are of a new Python that writes a file. Joins: the
spectral flux (Dixon, "Onset detection revisited", 2006) in windows of 20 ms where speech joins speech: at the ends of
the chunks of a stream, in the middle of words, and between the parts of sentences that are too long to be spoken at
once; compared with all other windows with speech.
Peers that are installed (flite, espeak-ng) say the same sentences in the same run, with the start of their process.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import wavewright
from benchmarks.speech.speakers import children_seconds, peers
from wavewright.dsp.spectrum import frame, hann_window
from wavewright.errors import WavewrightError
from wavewright.speech.voice import Voice

HUNDRED = Path(__file__).parent / "texts" / "hundred.txt"
COLD_STARTS = 5
SPEECH_DBFS = -45.0  # above which a window has speech
PIECE_REACH = 8  # windows before and after a join of pieces: the pause, and the speech on both sides of it
MOST_MEDIAN_MS, MOST_LATE_MS, MOST_FACTOR, MOST_COLD_SECONDS, MOST_BYTES = 30.0, 80.0, 0.010, 2.0, 20_000_000


@dataclass(frozen=True)
class Speed:
    """Measurements; ``join_flux`` are quantiles (median, 95 %, largest) at joins relative to those elsewhere."""

    voice: str
    vocoder: str
    first_sound_ms: tuple[float, float]  # median, 95 %
    first_sound_processor_ms: tuple[float, float]
    real_time_factor: float
    peers_real_time_factor: dict[str, float]
    cold_start_seconds: float
    cold_start_processor_seconds: float
    n_bytes: int
    join_flux: dict[str, tuple[float, float, float]]


def first_sounds(voice: Voice, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds to the first sound of each text, by the clock and of the processor."""
    found = []
    for text in texts:
        clock, processor = time.perf_counter(), time.process_time()
        next(chunk for chunk in voice.stream(text) if chunk.wave.shape[1])
        found.append((1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)))
    return np.array(found).T[0], np.array(found).T[1]


def real_time_factor(voice: Voice, texts: list[str]) -> float:
    """Processor seconds a second of sound, over all texts."""
    start = time.process_time()
    seconds = sum(voice.speak(text).clip.seconds for text in texts)
    return (time.process_time() - start) / seconds


def peers_real_time_factor(texts: list[str]) -> dict[str, float]:
    """The same of every peer that is installed, by its name."""
    found = {}
    for peer in peers():
        said = [peer.say(text, 0) for text in texts]
        found[peer.name] = sum(each.seconds for each in said) / sum(len(each.wave) / each.sample_rate for each in said)
    return found


def cold_starts(voice: str, vocoder: str) -> Iterator[tuple[float, float]]:
    """Seconds from the start of a new Python to its end, by which the file is there: by the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wavewright", "speak", "Good evening, and welcome to the late news."]
        command += ["--voice", voice, "--vocoder", vocoder, "--out", str(Path(folder) / "out.wav")]
        for _ in range(COLD_STARTS):
            before = children_seconds()
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds = time.perf_counter() - start
            yield seconds, children_seconds() - before


def size_of(voice: Voice) -> int:
    """Bytes of the acoustic model, the vocoder and the data of the front end."""
    front_end = Path(wavewright.__file__).parent / "text"
    folders = (voice.acoustic.folder.path, voice.vocoder.folder.path, front_end)
    files = [
        path
        for folder in folders
        for path in Path(folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return sum(path.stat().st_size for path in files if path.parts[-2] not in ("checkpoints", "samples", "tensorboard"))


def joins_of(voice: Voice, text: str) -> tuple[np.ndarray, list[int], list[int]]:
    """Return the wave of ``text``, and the samples at which chunks of one piece meet and at which pieces meet."""
    waves: list[np.ndarray] = []
    of_chunks, of_pieces, n_samples, was_speech = [], [], 0, False
    for chunk in voice.stream(text):
        is_speech = bool(np.abs(chunk.wave).max(initial=0.0) > 0)
        if n_samples and is_speech and chunk.words:
            of_pieces.append(n_samples)
        elif was_speech and is_speech:
            of_chunks.append(n_samples)
        waves.append(chunk.wave[0])
        n_samples += chunk.wave.shape[1]
        was_speech = is_speech
    return np.concatenate(waves), of_chunks, of_pieces


def join_flux(voice: Voice, texts: list[str]) -> dict[str, tuple[float, float, float]]:
    """Return quantiles of the spectral flux at joins, relative to those of the speech elsewhere.

    ``chunks`` of one piece meet in the middle of words; ``pieces`` are the parts of sentences too long to be spoken at
    once, here without punctuation, which meet between two words.
    """
    length = voice.sample_rate // 50
    hop = length // 2
    flux: dict[str, list[np.ndarray]] = {"chunks": [], "pieces": [], "elsewhere": []}
    plain = [re.sub(r"[^\w\s']", "", text).lower() for text in texts]
    joined = [" ".join(plain[start : start + 10]) for start in range(0, len(plain), 10)]
    for text in [*texts, *joined]:
        wave, of_chunks, of_pieces = joins_of(voice, text)
        frames = frame(wave, length, hop)
        rises = np.maximum(np.diff(np.abs(np.fft.rfft(frames * hann_window(length))), axis=0), 0).sum(axis=1)
        is_speech = (frames**2).mean(axis=1)[1:] > 10 ** (SPEECH_DBFS / 10)
        near = {"chunks": np.zeros(len(rises), bool), "pieces": np.zeros(len(rises), bool)}
        for name, joins, reach in (("chunks", of_chunks, 2), ("pieces", of_pieces, PIECE_REACH)):
            for join in joins:
                near[name][max(0, join // hop - reach) : join // hop + reach - 1] = True
            flux[name].append(rises[near[name]])
        flux["elsewhere"].append(rises[is_speech & ~near["chunks"] & ~near["pieces"]])
    quantiles = {name: np.quantile(np.concatenate(parts), [0.5, 0.95, 1.0]) for name, parts in flux.items()}
    ratios = {name: quantiles[name] / quantiles["elsewhere"] for name in ("chunks", "pieces")}
    return {name: (float(half), float(late), float(largest)) for name, (half, late, largest) in ratios.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice", default="en-kathleen")
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    texts = HUNDRED.read_text(encoding="utf-8").splitlines()
    try:
        voice = Voice.load(given.voice, given.vocoder)
    except WavewrightError as error:
        parser.error(str(error))
    voice.warm_up()
    clock, processor = first_sounds(voice, texts)
    clocks, processors = zip(*cold_starts(given.voice, given.vocoder), strict=True)
    cold = statistics.median(clocks), statistics.median(processors)
    speed = Speed(
        given.voice,
        given.vocoder,
        (float(np.median(clock)), float(np.quantile(clock, 0.95))),
        (float(np.median(processor)), float(np.quantile(processor, 0.95))),
        real_time_factor(voice, texts),
        peers_real_time_factor(texts),
        *cold,
        size_of(voice),
        join_flux(voice, texts),
    )
    for name, value in asdict(speed).items():
        print(f"{name}: {value}")
    kept = {
        "first sound": speed.first_sound_ms[0] <= MOST_MEDIAN_MS and speed.first_sound_ms[1] <= MOST_LATE_MS,
        "real-time factor": speed.real_time_factor <= MOST_FACTOR,
        "faster than flite": speed.real_time_factor < speed.peers_real_time_factor.get("flite", float("inf")),
        "cold start": speed.cold_start_seconds <= MOST_COLD_SECONDS,
        "size": speed.n_bytes <= MOST_BYTES,
        "joins": all(largest <= 1.0 for _, _, largest in speed.join_flux.values()),
    }
    print(*(f"{bar}: {'kept' if is_kept else 'MISSED'}" for bar, is_kept in kept.items()), sep="\n")
    if given.json:
        given.json.write_text(json.dumps({**asdict(speed), "bars": kept}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
