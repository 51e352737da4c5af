r"""Measure how well a voice is understood in any language: phone errors of a recogniser that learned from recordings.

    python recipes/corpora speech --kathleen K --kerstin G --out corpora/speech
    python -m benchmarks.speech.phones --speaker kerstin --split valid --voice de-kerstin --json phones.json
    python -m benchmarks.speech.phones --speaker kerstin kathleen --split valid test --voice de-kerstin en-kathleen

For each speaker, a small network (benchmarks/speech/ctc.py) learns the phones of the speaker's language from the
recordings of split ``train``, those of the held-out sentences left out. It then reads the held-out recordings, copies
of them by the vocoder, and the voice on the same texts, which the voice was not trained on either. Errors are
substituted, left-out and inserted phones, without stress, against those of the front end; a phone and its two halves,
such as ``ts``, count as equal. The voice speaks these very phones, a reader now and then others.

With more than one speaker, the recognisers also tell the language of each sentence: that of the network whose best
path is the more likely. ``--others`` adds other readers of the corpus with no voice of their own. Intervals are 95 %
bootstrap intervals over the sentences, those of differences paired.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Row, Table, Value, columns, optional
from benchmarks.speech.ctc import CtcNetwork, best_symbols, path_likelihood, train
from benchmarks.speech.judges import mean_interval, word_error_interval
from benchmarks.speech.speakers import Speaker, copies, recordings, voice
from benchmarks.speech.voices import held_out_sentences
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dubbing.stretches import RATE
from wavewright.families.acoustic.transcripts import check_transcripts, text_to_symbols
from wavewright.metrics.word_errors import word_errors
from wavewright.text import FrontEnd, front_end
from wavewright.text.sentence import BOUNDARY, PAUSES, SILENCE

WIDTH, DILATIONS = 144, (1, 2, 4, 8, 1, 2, 4, 8)
LONGEST_SECONDS = 12.0  # of a recording to learn from
MAX_POINTS = 2.0
MIN_LANGUAGE_PERCENT = 95.0

PHONE_ERRORS = Table(
    "phone errors",
    columns(speaker="s", language="s", sentences="d", phones="d", phone_error_percent=".1f")
    | optional(points_above_the_recordings=".1f"),
)
LANGUAGES_TOLD = Table(
    "languages told", columns(speaker="s", language="s", sentences="d", right_percent=".0f"), is_optional=True
)


@dataclass(frozen=True)
class PhoneRecogniser:
    """A network that reads the phones of one language, and the front end that writes them."""

    language: str
    network: CtcNetwork
    front: FrontEnd
    phones: tuple[str, ...]

    def errors(self, wave: np.ndarray, text: str) -> tuple[int, int]:
        """Return the phone errors and the phones of ``wave (time,)`` at 16 kHz, in which ``text`` is spoken."""
        heard = [self.phones[number] for number in best_symbols(self.network, wave)]
        errors = word_errors(phones_of(text, self.front), heard)
        return errors.n_errors, errors.n_words


def phones_of(text: str, front: FrontEnd) -> list[str]:
    """Return the phones of a text in IPA, without stress, boundaries and pauses."""
    symbols = text_to_symbols(text, front)
    return [front.ipa(symbol) for symbol in symbols if symbol not in (SILENCE, BOUNDARY, *PAUSES)]


def learn(
    entries: Sequence[Entry], language: str, n_epochs: int, seed: int, sizes: Sequence[float] = (1.0,)
) -> PhoneRecogniser:
    """Return a recogniser of phones that has learned from recordings with texts in a language.

    Each recording is played at one of the speeds ``sizes`` at random, so that several make it know less of the reader.
    """
    front = front_end(language)
    phones = tuple(sorted({front.ipa(symbol) for symbol in front.symbols} - {SILENCE, BOUNDARY, *PAUSES}))
    numbers = {phone: number for number, phone in enumerate(phones)}
    usable, _ = check_transcripts(entries, LONGEST_SECONDS)
    targets = [[numbers[phone] for phone in phones_of(str(entry.text), front)] for entry in usable]
    torch.manual_seed(seed)
    network = CtcNetwork(len(phones), WIDTH, DILATIONS)
    start = time.process_time()

    def show(epoch: int, loss: float) -> None:
        minutes = (time.process_time() - start) / 60
        print(f"{language}: epoch {epoch} of {n_epochs}, loss {loss:.3f}, {minutes:.1f} min", file=sys.stderr)

    speeds = np.random.default_rng(seed).choice(sizes, len(usable))
    waves = [_at_speed(read_wave(entry.path, RATE), speed) for entry, speed in zip(usable, speeds, strict=True)]
    train(network, waves, targets, n_epochs, seed, show)
    return PhoneRecogniser(language, network, front, phones)


def _at_speed(wave: np.ndarray, speed: float) -> np.ndarray:
    """Return ``wave (time,)`` at RATE played at a speed, which moves its pitch and its formants, too."""
    return wave if speed == 1 else Clip(wave[None], round(RATE * speed)).resample(RATE).wave[0]


@dataclass(frozen=True)
class Heard:
    """Sentences of a speaker in one language: waves at 16 kHz with all seeds, errors and phones ``(sentences, 2)``."""

    name: str
    language: str
    waves: list[np.ndarray]
    errors: np.ndarray

    def row(self, reference: Heard | None) -> Row:
        """Return the row of the speaker, with the difference from ``reference`` on the same sentences."""
        row: dict[str, Value] = {
            "speaker": self.name,
            "language": self.language,
            "sentences": len(self.errors),
            "phones": int(self.errors[:, 1].sum()),
            "phone_error_percent": word_error_interval(self.errors),
        }
        if reference is not None:
            row["points_above_the_recordings"] = word_error_interval(self.errors, reference.errors)
        return row


def hear(speaker: Speaker, texts: Sequence[str], recogniser: PhoneRecogniser) -> Heard:
    """Let a speaker speak every text with each seed, and recognise its phones; errors are means over the seeds."""
    errors, waves = np.zeros((len(texts), 2)), []
    for row, sentence in enumerate(texts):
        for seed in range(speaker.n_seeds):
            utterance = speaker.speak(sentence, seed)
            waves.append(Clip(utterance.wave[None], utterance.sample_rate).resample(RATE).wave[0])
            errors[row] += np.array(recogniser.errors(waves[-1], sentence)) / speaker.n_seeds
    return Heard(speaker.name, recogniser.language, waves, errors)


def tell_languages(name: str, language: str, waves: Sequence[np.ndarray], of: Sequence[PhoneRecogniser]) -> Row:
    """Return the row of the sentences ``(time,)`` whose language the recognisers tell."""
    told = [max(of, key=lambda each: path_likelihood(each.network, wave)).language for wave in waves]
    right = np.array([100.0 * (each == language) for each in told])
    return {"speaker": name, "language": language, "sentences": len(waves), "right_percent": mean_interval(right)}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--speaker", nargs="+", default=["kerstin"], help="readers, one of each language")
    parser.add_argument("--split", nargs="+", default=["valid"], help="of the held-out sentences of each reader")
    parser.add_argument("--voice", nargs="+", default=["de-kerstin"], help="a voice of each reader")
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--others", nargs="*", default=[], help="other readers, whose language is told, too")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1, help="of the recogniser")
    parser.add_argument("--seeds", type=int, default=3, help="of each sentence of a voice")
    parser.add_argument("--count", type=int, default=None, help="held-out sentences, all by default")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train a recogniser for each reader, and add the rows of the reader, the copies and the voice."""
    torch.set_num_threads(1)
    recognisers, heard = [], []
    for reader, split, name in zip(options.speaker, options.split, options.voice, strict=True):
        entries = held_out_sentences(options.corpus, reader, split)[: options.count]
        texts = [str(entry.text) for entry in entries]
        others = corpus_entries(options.corpus, "train", needs_text=True, speaker=reader)
        learned = [entry for entry in others if str(entry.text) not in texts]
        recogniser = learn(learned, str(entries[0].language), options.epochs, options.seed)
        speakers = (recordings(entries), copies(entries, options.vocoder), voice(name, options.vocoder, options.seeds))
        recorded, *made = (hear(speaker, texts, recogniser) for speaker in speakers)
        for each in (recorded, *made):
            report.add(PHONE_ERRORS, each.row(None if each is recorded else recorded))
        subject = f"{name} by {options.vocoder}"
        points = word_error_interval(made[-1].errors, recorded.errors)
        report.target(subject, "points of phone error above the recordings", points, at_most=MAX_POINTS)
        recognisers.append(recogniser)
        heard += [Heard(f"recordings of {reader}", recorded.language, recorded.waves, recorded.errors), *made[1:]]
    if len(recognisers) == 1:
        return
    rows = [tell_languages(each.name, each.language, each.waves, recognisers) for each in heard]
    for reader in options.others:
        entries = corpus_entries(options.corpus, speaker=reader)[: options.count]
        waves = [read_wave(entry.path, RATE) for entry in entries]
        rows.append(tell_languages(f"recordings of {reader}", str(entries[0].language), waves, recognisers))
    for row in rows:
        report.add(LANGUAGES_TOLD, row)
        report.target(
            str(row["speaker"]), "language told, percent", row["right_percent"], at_least=MIN_LANGUAGE_PERCENT
        )


BENCHMARK = Benchmark(
    __doc__,
    (PHONE_ERRORS, LANGUAGES_TOLD, TARGETS),
    add_options,
    measure,
    smoke={
        "corpus": smoke_speech,
        "speaker": ["kathleen"],
        "split": ["test"],
        "voice": ["en-kathleen"],
        "epochs": 1,
        "seeds": 1,
        "count": 2,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
