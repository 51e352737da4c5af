"""Compare alignments of recordings: by a voice's aligner, by it and its phone classifier, and by PocketSphinx.

    pip install pocketsphinx==5.1.1
    python -m benchmarks.speech.alignments --corpus corpora/speech --voice en --speaker kathleen

Word starts of recordings that the voice was trained on, as its training aligns symbols with frames, beside those of
PocketSphinx (see benchmarks/speech/timestamps.py). PocketSphinx puts word starts earlier by a constant, which is
reported and subtracted. Without PocketSphinx the two alignments of the voice are compared with each other.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness.corpora import corpus_entries, shuffle_entries, smoke_speech
from benchmarks.harness.peers import POCKETSPHINX
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns
from benchmarks.speech.timestamps import Aligner
from wavewright.audio.clip import Clip as Sound
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.families.acoustic.batches import SpeechClip, collate, speech_clips
from wavewright.families.acoustic.config import AcousticConfig
from wavewright.families.acoustic.modules import TextToMel
from wavewright.families.acoustic.recipe import AcousticDataSettings, initial_weights
from wavewright.families.acoustic.training import to_tensors

ALIGNERS = {"aligner": False, "joint": True}
"""True for the rows in which the phone classifier helps to align."""

WORD_STARTS = Table(
    "word starts",
    columns(alignment="s", reference="s", words="d", median_shift_ms="+.0f")
    | columns(median_error_ms=".0f", error_ms_95_percent=".0f", mean_error_ms=".0f"),
)


def training_clips(corpus: Path, config: AcousticConfig, speaker: str, count: int) -> list[SpeechClip]:
    """Return at most ``count`` training recordings of a speaker, prepared as for training."""
    entries = corpus_entries(corpus, "train", needs_text=True, speaker=speaker)
    store = ClipStore.build(
        shuffle_entries(entries, count), config.sample_rate, None, Preparation("crop", level="none")
    )
    return speech_clips(store, config, AcousticDataSettings().loudness_lufs)[0]


def words_of(clip: SpeechClip, config: AcousticConfig) -> tuple[list[tuple[str, ...]], list[int]]:
    """Return the phones of each word, without stress, and the index of its first symbol."""
    words: list[tuple[str, ...]] = []
    starts: list[int] = []
    was_phone = False
    for index, symbol_index in enumerate(clip.symbols):
        symbol = config.symbols[symbol_index]
        is_phone = symbol[0].isalpha()
        if is_phone and not was_phone:
            words.append(())
            starts.append(index)
        if is_phone:
            words[-1] += (symbol.rstrip("012"),)
        was_phone = is_phone
    return words, starts


@torch.no_grad()
def word_starts(voice: TextToMel, clips: list[SpeechClip], is_joint: bool) -> list[list[float]]:
    """Return the word starts of each clip in seconds by the voice's own alignment."""
    voice.joint_alignment.fill_(is_joint)
    seconds_a_frame = voice.config.hop_length / voice.config.sample_rate
    aligned = []
    for clip in clips:
        durations = voice.targets(to_tensors(collate([clip]), voice)).durations[0]
        symbol_starts = np.concatenate([[0], durations.cumsum(0).numpy()]) * seconds_a_frame
        aligned.append([float(symbol_starts[index]) for index in words_of(clip, voice.config)[1]])
    return aligned


def row_of(name: str, reference_name: str, starts: list[list[float]], reference: list[list[float] | None]) -> Row:
    """Return the row of an alignment, the median shift subtracted from its errors."""
    differences_ms = np.array(
        [
            1000 * (start - expected)
            for own, other in zip(starts, reference, strict=True)
            if other is not None
            for start, expected in zip(own, other, strict=True)
        ]
    )
    shift_ms = float(np.median(differences_ms))
    errors_ms = np.abs(differences_ms - shift_ms)
    return {
        "alignment": name,
        "reference": reference_name,
        "words": len(errors_ms),
        "median_shift_ms": shift_ms,
        "median_error_ms": float(np.median(errors_ms)),
        "error_ms_95_percent": float(np.quantile(errors_ms, 0.95)),
        "mean_error_ms": float(errors_ms.mean()),
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--voice", default="en", help="an acoustic model, stored with all of its weights")
    parser.add_argument("--speaker", default="kathleen")
    parser.add_argument("--count", type=int, default=80, help="recordings")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each alignment."""
    folder = loading.load(options.voice).folder
    config = folder.config(AcousticConfig)
    voice = TextToMel(config).eval()
    voice.load_state_dict({name: torch.from_numpy(array) for name, array in initial_weights(folder, config).items()})
    clips = training_clips(options.corpus, config, options.speaker, options.count)
    aligned = {name: word_starts(voice, clips, is_joint) for name, is_joint in ALIGNERS.items()}
    reference: list[list[float] | None]
    if POCKETSPHINX.is_installed:
        aligner, reference_name = Aligner(), POCKETSPHINX.name
        reference = [aligner.starts(Sound.read(clip.entry.path), words_of(clip, config)[0]) for clip in clips]
    else:
        report.skip(POCKETSPHINX, "The forced alignment")
        reference_name = "aligner"
        reference = list(aligned[reference_name])
    for name, starts in aligned.items():
        report.add(WORD_STARTS, row_of(name, reference_name, starts, reference))


BENCHMARK = Benchmark(__doc__, (WORD_STARTS,), add_options, measure, smoke={"corpus": smoke_speech, "count": 1})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
