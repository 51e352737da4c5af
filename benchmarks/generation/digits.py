"""Generated spoken digits against their bars: words, hoarseness, variety and honesty, beside recordings, cheats and a plain WaveGAN.

    python -m benchmarks.generation.digit_judge --corpus corpora/digits --out runs/digit-judge      # first, once: the judge
    python -m benchmarks.generation.digits --corpus corpora/digits --model digits --picture digits.png
    python -m benchmarks.generation.digits --corpus corpora/digits --model runs/a --model wavewright-sounds --wavegan runs/wavegan-digits --json d.json

``--model`` is a model's name or folder, or a folder of sounds that ``wavewright generate`` wrote (labels by its manifest or by
sub-folders), as often as you like. ``--wavegan`` is a run of benchmarks/generation/wavegan.py. Recordings are split ``train`` of the corpus, held-out
ones split ``valid`` (other takes of the same speakers). Every clip counts from its start for 1 s at 8 kHz. Neighbours, variety and copies
are told by ``wavewright.metrics.SpeechEmbedding``. Criteria beside those of the report: a diversity of at most 1.1, and a harmonics-to-noise
ratio within 4 dB of that of the recordings.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.generation.digit_judge import DEFAULT_FOLDER, SAMPLE_RATE, MelSvm, entries_of, padded, waves_of
from wavewright import loading
from wavewright.cli.command import plain
from wavewright.clip import Clip
from wavewright.data.folder import scan
from wavewright.drawing import draw_grid
from wavewright.errors import BadModel, WavewrightError
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import compare
from wavewright.metrics.criteria import Criterion
from wavewright.metrics.embeddings import ClassifierEmbedding
from wavewright.metrics.harmonicity import Harmonicity, harmonics_to_noise_of_all
from wavewright.metrics.report import EvaluationReport
from wavewright.metrics.speech_embedding import SpeechEmbedding
from wavewright.models.card import CARD_FILE

SEED = 2026
MOST_DIVERSITY, MOST_HNR_DIFFERENCE_DB = 1.1, 4.0
SHEET_RECORDINGS, SHEET_COLUMNS = 2, 10  # of each row of the picture: recordings, then generated clips


@dataclass(frozen=True)
class Spoken:
    """Digits of one origin: waves ``(time,)`` at 8 kHz of any lengths, and their labels; seconds of computing where known."""

    name: str
    waves: list[np.ndarray]
    labels: list[str]
    groups: list[str] | None = None
    computing_seconds: float | None = None

    @property
    def clips(self) -> Clips:
        """The first second of each."""
        return Clips.of(padded(self.waves), SAMPLE_RATE, self.labels, self.groups)

    @property
    def seconds(self) -> float:
        """Of sound in all."""
        return sum(map(len, self.waves)) / SAMPLE_RATE


@dataclass(frozen=True)
class Figures:
    """What was measured of one model: the report of all metrics, and what that does not hold."""

    name: str
    report: EvaluationReport
    second_judge_agreement: float
    hnr_db: float
    recorded_hnr_db: float
    voiced_fraction: float
    recorded_voiced_fraction: float
    median_seconds: float
    recorded_median_seconds: float
    times_real_time: float | None
    criteria: tuple[Criterion, ...]


def recordings(corpus: Path, split: str) -> Spoken:
    """The recordings of a split; every take is a sound of its own."""
    entries = entries_of(corpus, split)
    return Spoken(
        split, waves_of(entries), [str(entry.label) for entry in entries], [str(entry.group) for entry in entries]
    )


def at_8_khz(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """A wave ``(channels, time)`` or ``(time,)`` as ``(time,)`` at 8 kHz, without the zeros that pad it at the end."""
    mono = Clip(np.atleast_2d(wave), sample_rate).mono().wave[0]
    sounding = np.flatnonzero(mono)
    mono = mono[: sounding[-1] + 1] if len(sounding) else mono[:1]
    return Clip(mono[None], sample_rate).resample(SAMPLE_RATE).wave[0]


def of_model(name: str, labels: Sequence[str], per_label: int) -> Spoken:
    """Digits of a playable model; raises BadModel where it lacks a label or cannot generate."""
    player = loading.load(name)
    missing = [label for label in labels if label not in getattr(player, "labels", ())]
    if missing or not hasattr(player, "generate"):
        raise BadModel(
            f"The model {name} cannot generate the label {missing[:1] or labels[:1]}; give a model of the digits 0 to 9."
        )
    player.generate(labels[0], 1, seed=SEED)  # whatever is compiled or loaded at first
    start = time.process_time()
    waves = [wave for label in labels for wave in player.generate(label, per_label, seed=SEED)]
    seconds = time.process_time() - start
    spoken = [at_8_khz(wave, player.card.sample_rate) for wave in waves]
    return Spoken(name, spoken, [label for label in labels for _ in range(per_label)], computing_seconds=seconds)


def of_folder(folder: Path, labels: Sequence[str]) -> Spoken:
    """Digits in a folder of files, labelled by its manifest or by sub-folders."""
    manifest = folder / "manifest.jsonl"
    found = scan(folder, manifest=manifest) if manifest.is_file() else scan(folder, label_from="folder")
    entries = [entry for entry in found.entries if entry.label in labels]
    if not entries:
        raise BadModel(
            f"{folder} is no model and has no sounds labelled {labels[0]} to {labels[-1]}; give one or the other."
        )
    clips = [Clip.read(entry.path) for entry in entries]
    return Spoken(
        str(folder), [at_8_khz(clip.wave, clip.sample_rate) for clip in clips], [str(entry.label) for entry in entries]
    )


def of_wavegan(run: Path, labels: Sequence[str], per_label: int) -> Spoken:
    """Digits of a run of benchmarks/generation/wavegan.py."""
    from wavegan import KINDS, generated

    waves = generated(run, KINDS["digits"], per_label, SEED)
    return Spoken("plain WaveGAN", list(waves), [label for label in labels for _ in range(per_label)])


class Judging:
    """The recordings and the judges, and what they say of generated digits."""

    def __init__(self, corpus: Path, judge: Path):
        self.recorded, self.held_out = recordings(corpus, "train"), recordings(corpus, "valid")
        self.labels = sorted(set(self.recorded.labels))
        self.embeddings = [SpeechEmbedding(SAMPLE_RATE), ClassifierEmbedding(loading.load(judge))]
        self.machine = MelSvm(self.recorded.waves, self.recorded.labels)
        self.voices = harmonics_to_noise_of_all(self.recorded.waves, SAMPLE_RATE)

    def heading(self) -> str:
        """What the second judge and the voices of the held-out recordings are worth."""
        agreement = self.machine.agreement(self.held_out.waves, self.held_out.labels)
        voices = harmonics_to_noise_of_all(self.held_out.waves, SAMPLE_RATE)
        return f"held-out recordings: second judge (SVM) agrees with {agreement:.3f}, {_voice(voices)}; recordings: {_voice(self.voices)}"

    def figures(self, made: Spoken, cheats: bool) -> Figures:
        """Everything that is measured of generated digits."""
        report = compare(
            self.recorded.clips,
            made.clips,
            self.embeddings,
            self.held_out.clips,
            takes_from="group",
            cheats=cheats,
            seed=SEED,
        )
        voices = harmonics_to_noise_of_all(made.waves, SAMPLE_RATE)
        difference = abs(voices.median_db - self.voices.median_db)
        criteria = (
            *report.rows[0].criteria,
            Criterion.maximum("diversity, at most", report.rows[0].sample_metrics.diversity, MOST_DIVERSITY),
            Criterion.maximum("harmonics-to-noise, dB from recordings", difference, MOST_HNR_DIFFERENCE_DB),
        )
        return Figures(
            name=made.name,
            report=report,
            second_judge_agreement=self.machine.agreement(made.waves, made.labels),
            hnr_db=voices.median_db,
            recorded_hnr_db=self.voices.median_db,
            voiced_fraction=voices.voiced_fraction,
            recorded_voiced_fraction=self.voices.voiced_fraction,
            median_seconds=_median_seconds(made.waves),
            recorded_median_seconds=_median_seconds(self.recorded.waves),
            times_real_time=made.seconds / made.computing_seconds if made.computing_seconds else None,
            criteria=criteria,
        )


def shown(figures: Figures) -> str:
    """The report, and below it what it does not hold."""
    missed = [
        f"{criterion.name} ({criterion.value:.3g}, threshold {criterion.threshold:g})"
        for criterion in figures.criteria
        if not criterion.is_met
    ]
    lines = [
        f"=== {figures.name}",
        str(figures.report),
        f"second judge (SVM) agrees with {figures.second_judge_agreement:.3f}",
        f"harmonics-to-noise ratio {figures.hnr_db:.1f} dB (recordings {figures.recorded_hnr_db:.1f}), "
        f"voiced {figures.voiced_fraction:.2f} ({figures.recorded_voiced_fraction:.2f}), "
        f"median length {figures.median_seconds:.3f} s ({figures.recorded_median_seconds:.3f})",
        "every criterion is met" if not missed else f"missed: {'; '.join(missed)}",
    ]
    if figures.times_real_time is not None:
        lines.append(f"generated at {figures.times_real_time:.2f} times real time (CPU time)")
    return "\n".join(lines) + "\n"


def draw_sheet(recorded: Spoken, made: Spoken, labels: Sequence[str], out: Path) -> None:
    """A row of spectrograms for each digit: two recordings, then generated clips."""
    clips, titles = [], []
    for label in labels:
        real, generated = ([row for row, own in enumerate(side.labels) if own == label] for side in (recorded, made))
        rows = [(recorded, row, "recorded") for row in _evenly(real, SHEET_RECORDINGS)]
        rows += [(made, row, "generated") for row in _evenly(generated, SHEET_COLUMNS - len(rows))]
        for side, row, title in rows:
            clips.append(Clip(padded([side.waves[row]]), SAMPLE_RATE))
            titles.append(f"{label} {title}")
    draw_grid(clips, titles, out)


def _evenly(rows: list[int], count: int) -> list[int]:
    """``count`` of the rows, evenly spaced; all where there are fewer."""
    return [
        rows[place] for place in np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    ]


def _voice(voices: Harmonicity) -> str:
    return f"HNR {voices.median_db:.1f} dB, voiced {voices.voiced_fraction:.2f}"


def _median_seconds(waves: Sequence[np.ndarray]) -> float:
    return float(np.median([len(wave) for wave in waves])) / SAMPLE_RATE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/digits"))
    parser.add_argument("--model", action="append", default=None, help="a model, or a folder of generated sounds")
    parser.add_argument("--wavegan", type=Path, default=None)
    parser.add_argument(
        "--judge", type=Path, default=DEFAULT_FOLDER, help="what benchmarks/generation/digit_judge.py trained"
    )
    parser.add_argument("--per-label", type=int, default=100)
    parser.add_argument(
        "--picture", type=Path, default=None, help="PNG file of spectrograms of the first model's digits"
    )
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    try:
        judging = Judging(given.corpus, given.judge)
        print(judging.heading(), flush=True)
        sides = []
        for name in given.model or ["digits"]:
            is_folder = Path(name).is_dir() and not (Path(name) / CARD_FILE).is_file()
            made = (
                of_folder(Path(name), judging.labels) if is_folder else of_model(name, judging.labels, given.per_label)
            )
            sides.append(made)
        if given.wavegan:
            sides.append(of_wavegan(given.wavegan, judging.labels, given.per_label))
    except WavewrightError as error:
        parser.error(str(error))
    if given.picture:
        draw_sheet(judging.recorded, sides[0], judging.labels, given.picture)
    found = []
    for index, made in enumerate(sides):
        found.append(judging.figures(made, cheats=index == 0))
        print(shown(found[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
