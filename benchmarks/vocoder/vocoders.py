"""Copy-synthesis of held-out readers: what vocoders make of the mel frames of recordings, understood, rated, compared and timed.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python -m benchmarks.vocoder.vocoders --clips corpora/speech --split test --json vocoder.json           # a reader whose other clips were learned from
    python -m benchmarks.vocoder.vocoders --clips corpora/prompts --split test --model vocoder wavenet      # a reader that nobody learned from
    python -m benchmarks.vocoder.vocoders --clips corpora/speech --split valid --model vocoder --calm 0     # with all of the noise that was learned

Word errors by benchmarks/speech/recogniser.py (its commands first), DNSMOS by benchmarks/speech/naturalness.py; PESQ (wide band, pip install
pesq==0.0.4) and the log-mel distance (80 bands, 64 ms, in nats) against the recording at 16 kHz; the harmonics-to-noise ratio is the median
of voiced frames. The real-time factor is processor time
of vocoding alone, on one thread, after a first sound: the median of three rounds over a few clips. Griffin-Lim as in
benchmarks/vocoder/copy_synthesis.py. Intervals are 95 % bootstrap intervals over the clips.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.speech.naturalness import dnsmos
from benchmarks.speech.recogniser import DEFAULT_FOLDER, Recogniser
from benchmarks.vocoder.copy_synthesis import chosen_prompts, griffin_lim, percent_of_words
from wavewright import loading
from wavewright.cli.command import plain
from wavewright.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.speech_mel import speech_mel
from wavewright.errors import BadModel, WavewrightError
from wavewright.metrics.harmonicity import harmonics_to_noise_of_all
from wavewright.metrics.sampling import Interval, bootstrap_interval

SAMPLE_RATE = 16_000  # at which copies are compared with recordings
TIMED_CLIPS, ROUNDS = 5, 3


@dataclass(frozen=True)
class Row:
    """What was measured of one way to make the clips; None where it means nothing, as between a recording and itself."""

    name: str
    n_clips: int
    word_error_percent: Interval
    dnsmos: Interval
    hnr_db: float
    pesq: Interval | None = None
    mel_nats: Interval | None = None
    real_time_factor: float | None = None


@dataclass(frozen=True)
class Copier:
    """A way to copy sound at ``sample_rate``: ``frames (time,)`` of a wave, and the wave ``(time,)`` of frames and a number of samples."""

    sample_rate: int
    frames: Callable[[np.ndarray], np.ndarray]
    wave: Callable[[np.ndarray, int], np.ndarray]

    def copy(self, wave: np.ndarray) -> np.ndarray:
        """The copy of a wave ``(time,)``, as long."""
        made = self.wave(self.frames(wave), len(wave))
        return np.pad(made, (0, max(0, len(wave) - len(made))))[: len(wave)].astype(np.float32)

    def real_time_factor(self, waves: Sequence[np.ndarray]) -> float:
        """Return the processor seconds for vocoding a second of ``waves``, the median of a few rounds."""
        frames = [self.frames(wave) for wave in waves]
        self.wave(frames[0], len(waves[0]))  # whatever is loaded or compiled at first
        seconds = []
        for _ in range(ROUNDS):
            begin = time.process_time()
            for given, wave in zip(frames, waves, strict=True):
                self.wave(given, len(wave))
            seconds.append(time.process_time() - begin)
        return statistics.median(seconds) * self.sample_rate / sum(map(len, waves))


def copier_of(name: str, calm: float | None) -> Copier:
    """How a model copies, ``calm`` where that is given and it can be; raises BadModel where it is no vocoder."""
    player = loading.load(name)
    if not hasattr(player, "vocode") or not hasattr(player, "mel_of"):
        raise BadModel(f"The model {name} does not make waves of mel frames; give a vocoder.")
    if calm is not None and hasattr(player, "calm"):
        player.calm = calm
    return Copier(player.sample_rate, player.mel_of, lambda mel, n_samples: player.vocode(mel)[0])


def at_rate(entry: Entry, sample_rate: int) -> np.ndarray:
    """A recording ``(time,)``."""
    return Clip.read(entry.path).mono().resample(sample_rate).wave[0]


def pesq_of(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Wide-band PESQ of waves ``(time,)`` at 16 kHz; NaN where no speech is found."""
    from pesq import NoUtterancesError, pesq

    try:
        return float(pesq(SAMPLE_RATE, reference, estimate, "wb"))
    except NoUtterancesError:
        return float("nan")


def measured(name: str, clips: Sequence[Entry], copier: Copier | None, recogniser: Recogniser) -> Row:
    """The row of a way to copy, or of the recordings themselves."""
    errors, mos, pesq, mel, waves = [], [], [], [], []
    sample_rate = copier.sample_rate if copier else SAMPLE_RATE
    for clip in clips:
        wave = at_rate(clip, sample_rate)
        made = wave if copier is None else copier.copy(wave)
        found = recogniser.errors(made, sample_rate, str(clip.text))
        errors.append((found.n_errors, found.n_words))
        mos.append(dnsmos(made, sample_rate))
        waves.append(made)
        if copier is not None:
            pair = [Clip(each[None], sample_rate).resample(SAMPLE_RATE).wave[0] for each in (wave, made)]
            pesq.append(pesq_of(*pair))
            frames = [speech_mel(each, SAMPLE_RATE) for each in pair]
            mel.append(np.abs(frames[0] - frames[1]).mean())
    words = bootstrap_interval(percent_of_words, [np.array(errors, float)])
    rated = bootstrap_interval(np.mean, [np.array(mos)])
    hnr_db = harmonics_to_noise_of_all(waves, sample_rate).median_db
    if copier is None:
        return Row(name, len(clips), words, rated, hnr_db)
    heard = np.array(pesq)[np.isfinite(pesq)]
    factor = copier.real_time_factor([at_rate(clip, copier.sample_rate) for clip in clips[:TIMED_CLIPS]])
    compared = [bootstrap_interval(np.mean, [values]) for values in (heard, np.array(mel))]
    return Row(name, len(clips), words, rated, hnr_db, *compared, factor)


def shown(row: Row) -> str:
    """One line of the table."""
    spanned = lambda interval: f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"  # noqa: E731
    line = f"{row.name:12} word error {spanned(row.word_error_percent)} %, DNSMOS {spanned(row.dnsmos)}, HNR {row.hnr_db:.1f} dB"
    if row.pesq is None or row.mel_nats is None:
        return line
    return f"{line}, PESQ {spanned(row.pesq)}, log-mel {spanned(row.mel_nats)}, real-time factor {row.real_time_factor:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=Path("corpora/speech"), help="a corpus with texts")
    parser.add_argument("--split", default="test")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--min-seconds", type=float, default=1.0)
    parser.add_argument("--model", nargs="*", default=["vocoder", "wavenet"], help="vocoders")
    parser.add_argument("--calm", type=float, default=None, help="of models that have it, in the place of their own")
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    try:
        recogniser = Recogniser(given.recogniser)
        clips = chosen_prompts(given.clips, given.split, given.count, given.min_seconds)
        copiers: dict[str, Copier | None] = {"recordings": None} | {
            name: copier_of(name, given.calm) for name in given.model
        }
    except WavewrightError as error:
        parser.error(str(error))
    # It makes frames and waves in one go, so its time is that of both.
    copiers["Griffin-Lim"] = Copier(
        SAMPLE_RATE, lambda wave: wave, lambda wave, n_samples: griffin_lim(wave, SAMPLE_RATE)
    )
    rows = []
    for name, copier in copiers.items():
        rows.append(measured(name, clips, copier, recogniser))
        print(shown(rows[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps({"rows": [plain(row) for row in rows]}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
