"""Copy-synthesis of an unseen speaker: what a vocoder makes of the mel frames of recordings, understood and rated by machines.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.vocoder.copy_synthesis --model wavenet --prompts corpora/prompts --json copy_synthesis.json
    python -m benchmarks.vocoder.copy_synthesis --model none --prompts corpora/prompts        # recordings and Griffin-Lim alone

60 prompts of at least 2 s, drawn by a fixed seed. Word errors by benchmarks/speech/recogniser.py (its commands first), DNSMOS by
benchmarks/speech/naturalness.py. The bars: word error at most 3 points above that of the recordings, DNSMOS at most 0.4 below. The row
"Griffin-Lim" makes waves of the same kind of frames without a network (Griffin and Lim, 1984; librosa, 60 rounds). Intervals are 95 %
bootstrap intervals over the prompts, those of differences paired.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.speech.naturalness import dnsmos
from benchmarks.speech.recogniser import DEFAULT_FOLDER, Recogniser
from wavewright import loading
from wavewright.cli.command import plain
from wavewright.clip import Clip
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.dsp.mel import mel_spectrogram
from wavewright.errors import BadFolder, BadModel, WavewrightError
from wavewright.metrics.harmonicity import harmonics_to_noise_of_all
from wavewright.metrics.sampling import Interval, bootstrap_interval

SEED = 2026
N_FFT, HOP_LENGTH, N_MELS = 1024, 256, 80  # of the frames for Griffin-Lim
ROUNDS = 60
MOST_WORD_ERROR_POINTS, MOST_DNSMOS_LOSS = 3.0, 0.4

Copy = Callable[[np.ndarray], np.ndarray]
"""A recording ``(time,)`` to its copy ``(time,)``, at the rate of the row."""


@dataclass(frozen=True)
class Row:
    """What was measured of one way to make the prompts; differences are to the recordings, of the same prompts."""

    name: str
    n_prompts: int
    word_error_percent: Interval
    dnsmos: Interval
    hnr_db: float
    voiced_fraction: float
    times_real_time: float | None = None
    word_error_points_more: Interval | None = None
    dnsmos_less: Interval | None = None

    @property
    def keeps_bars(self) -> bool | None:
        """Whether both bars are kept; None for the recordings."""
        if self.word_error_points_more is None or self.dnsmos_less is None:
            return None
        return (
            self.word_error_points_more.value <= MOST_WORD_ERROR_POINTS and self.dnsmos_less.value <= MOST_DNSMOS_LOSS
        )


@dataclass(frozen=True)
class Heard:
    """Waves as the judges hear them: word errors and words ``(n, 2)``, DNSMOS ``(n,)``, and seconds of computing."""

    waves: list[np.ndarray]
    sample_rate: int
    errors: np.ndarray
    mos: np.ndarray
    copying_seconds: float


def chosen_prompts(corpus: Path, split: str, count: int, min_seconds: float) -> list[Entry]:
    """``count`` entries with a text and of at least ``min_seconds``, drawn by ``SEED``; raises BadFolder where there are fewer."""
    found = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    fit = [entry for entry in found if entry.split == split and entry.text and entry.seconds >= min_seconds]
    if len(fit) < count:
        raise BadFolder(
            f"{corpus} has {len(fit)} clips of split {split} with text and at least {min_seconds} s; {count} are needed."
        )
    return [fit[row] for row in sorted(np.random.default_rng(SEED).choice(len(fit), count, replace=False))]


def griffin_lim(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """The copy ``(time,)`` of ``wave`` ``(time,)`` through mel frames whose phases are guessed."""
    import librosa

    mel = mel_spectrogram(wave, sample_rate, N_FFT, HOP_LENGTH, N_MELS)
    magnitude = librosa.feature.inverse.mel_to_stft(mel, sr=sample_rate, n_fft=N_FFT, power=2.0)
    return librosa.griffinlim(
        magnitude, n_iter=ROUNDS, hop_length=HOP_LENGTH, length=len(wave), pad_mode="constant", random_state=0
    )


def copier_of(name: str) -> tuple[Copy, int]:
    """How a model copies a wave, and its sample rate; raises BadModel where it cannot."""
    player = loading.load(name)
    if not hasattr(player, "vocode") or not hasattr(player, "mel_of"):
        raise BadModel(f"The model {name} does not make waves of mel frames; give a vocoder.")

    def copy(wave: np.ndarray) -> np.ndarray:
        made = player.vocode(player.mel_of(wave))[0]
        return np.pad(made, (0, max(0, len(wave) - len(made))))[: len(wave)]

    return copy, player.card.sample_rate


def heard(prompts: Sequence[Entry], copy: Copy | None, sample_rate: int, recogniser: Recogniser) -> Heard:
    """The prompts, copied unless ``copy`` is None, as the judges hear them."""
    waves, errors, mos, seconds = [], [], [], 0.0
    for prompt in prompts:
        wave = Clip.read(prompt.path).mono().resample(sample_rate).wave[0]
        start = time.process_time()
        made = wave if copy is None else np.asarray(copy(wave), np.float32)
        seconds += time.process_time() - start
        found = recogniser.errors(made, sample_rate, str(prompt.text))
        waves.append(made)
        errors.append((found.n_errors, found.n_words))
        mos.append(dnsmos(made, sample_rate))
    return Heard(waves, sample_rate, np.array(errors, float), np.array(mos), seconds)


def row_of(name: str, found: Heard, recordings: Heard | None) -> Row:
    """The figures of a row, and how it differs from the recordings."""
    voices = harmonics_to_noise_of_all(found.waves, found.sample_rate)
    row = Row(
        name,
        len(found.waves),
        bootstrap_interval(percent_of_words, [found.errors]),
        bootstrap_interval(np.mean, [found.mos]),
        voices.median_db,
        voices.voiced_fraction,
    )
    if recordings is None:
        return row
    more = np.column_stack([found.errors[:, 0] - recordings.errors[:, 0], found.errors[:, 1]])
    return replace(
        row,
        times_real_time=sum(map(len, found.waves)) / found.sample_rate / found.copying_seconds,
        word_error_points_more=bootstrap_interval(percent_of_words, [more]),
        dnsmos_less=bootstrap_interval(np.mean, [recordings.mos - found.mos]),
    )


def percent_of_words(rows: np.ndarray) -> float:
    """Errors of all prompts over words of all prompts, ``rows`` ``(n, 2)``."""
    return 100 * rows[:, 0].sum() / rows[:, 1].sum()


def shown(row: Row) -> str:
    """One line of the table."""
    spanned = lambda interval: f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"  # noqa: E731
    line = f"{row.name:16} word error {spanned(row.word_error_percent)} %, DNSMOS {spanned(row.dnsmos)}, HNR {row.hnr_db:.1f} dB"
    if row.word_error_points_more is None or row.dnsmos_less is None:
        return line
    more, less = spanned(row.word_error_points_more), spanned(row.dnsmos_less)
    verdict = "kept" if row.keeps_bars else "MISSED"
    return f"{line}; word error {more} points more, DNSMOS {less} less: {verdict}; {row.times_real_time:.2f} times real time"


def keep(found: Heard, prompts: Sequence[Entry], folder: Path) -> None:
    """Write the waves of a row as files to listen to."""
    folder.mkdir(parents=True, exist_ok=True)
    for wave, prompt in zip(found.waves, prompts, strict=True):
        Clip(wave[None], found.sample_rate).write(folder / f"{prompt.path.stem}.wav")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=None, help="a vocoder, as often as you like; none for none")
    parser.add_argument("--prompts", type=Path, default=Path("corpora/prompts"))
    parser.add_argument("--split", default="test")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--min-seconds", type=float, default=2.0)
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--sample-rate", type=int, default=16_000, help="of the recordings and Griffin-Lim")
    parser.add_argument("--out", type=Path, default=None, help="folder for the copies, to listen to")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    try:
        recogniser = Recogniser(given.recogniser)
        prompts = chosen_prompts(given.prompts, given.split, given.count, given.min_seconds)
        copies = {name: copier_of(name) for name in given.model or ["wavenet"] if name != "none"}
    except WavewrightError as error:
        parser.error(str(error))
    copies["Griffin-Lim"] = (lambda wave: griffin_lim(wave, given.sample_rate), given.sample_rate)
    recordings = heard(prompts, None, given.sample_rate, recogniser)
    rows = [row_of("recordings", recordings, None)]
    print(shown(rows[0]), flush=True)
    for name, (copy, sample_rate) in copies.items():
        found = heard(prompts, copy, sample_rate, recogniser)
        rows.append(row_of(name, found, recordings))
        print(shown(rows[-1]), flush=True)
        if given.out:
            keep(found, prompts, given.out / Path(name).name)
    if given.json:
        found_rows = [{**plain(row), "keeps_bars": row.keeps_bars} for row in rows]
        given.json.write_text(json.dumps({"rows": found_rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
