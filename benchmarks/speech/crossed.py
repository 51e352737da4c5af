"""Measure voices in a language that their speakers do not read: how well, as whom, and in which language they speak.

    python -m benchmarks speech.crossed --corpus corpora/speech --voice en-kerstin de-kathleen

English sentences are those of benchmarks/speech/texts/hundred.txt, German ones those of held-out recordings; word
errors are of English alone. Similarity is that to other recordings of the speaker, over the similarity of the voice
that speaks the speaker's own language. The recogniser knows English: it is sure of its words where English is spoken,
whoever speaks, and unsure of those of another language. A sentence is told as that of its voice if the mean logarithm
of the probability of its words lies on the side of the recordings in that language; the limit is half-way between the
medians of the recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, corpus_entries, draw_entries, sentences, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, mean_interval, means
from benchmarks.harness.peers import RESEMBLYZER
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.speech.speech_distance import SpeakerEncoder, mean_similarity
from wavewright.audio.clip import Clip
from wavewright.metrics.recogniser import Recogniser
from wavewright.speech.voice import Voice

CROSSED = Table(
    "crossed voices",
    columns(speaker="s", language="s", sentences="d")
    | optional(word_error_percent=".1f", dnsmos=".2f", similarity=".3f", over_own_language=".2f", told_percent=".1f"),
)


class Sureness:
    """How sure a recogniser of English is of what it understands."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser, self._decoder = recogniser, recogniser.model.decoder
        self._logarithms: list[float] = []
        recogniser.model.decoder = self

    def run(self, *arguments: object) -> list[np.ndarray]:
        """Run the decoder, and keep the probability of the token that it chooses."""
        outputs: list[np.ndarray] = self._decoder.run(*arguments)
        scores = outputs[0][0, -1].astype(np.float64)
        self._logarithms.append(float(scores.max() - np.logaddexp.reduce(scores)))
        return outputs

    def of(self, clip: Clip) -> float:
        """Return the mean logarithm of the probabilities of the tokens of a clip."""
        self._logarithms.clear()
        self._recogniser.text_of(clip.wave[0], clip.sample_rate)
        return float(np.mean(self._logarithms))


def measure(options: Options, report: Report) -> None:
    judges = Judges(options, report)
    encoder = SpeakerEncoder() if report.has(RESEMBLYZER, "Similarity of speakers") else None
    sureness = None if judges.recogniser is None else Sureness(judges.recogniser)
    languages = dict(each.split(":") for each in options.reader)
    texts, references, recorded = {"en": sentences(options.count)}, {}, {}
    for reader, language in languages.items():
        entries = corpus_entries(options.corpus, needs_text=True, speaker=reader)
        held_out = [entry for entry in entries if entry.split != "train"][: options.count]
        texts.setdefault(language, [str(entry.text) for entry in held_out])
        recorded[language] = [Clip.read(entry.path).mono() for entry in held_out]
        others = draw_entries([entry for entry in entries if entry.split == "train"], options.natural, seed=0)
        references[reader] = [encoder.embed(Clip.read(entry.path)) for entry in others] if encoder else []
    sure = {language: [sureness.of(clip) for clip in clips] for language, clips in recorded.items()} if sureness else {}
    limit = np.mean([np.median(each) for each in sure.values()]) if sure else 0.0

    def similarity(reader: str, clips: Sequence[Clip]) -> float | None:
        return mean_similarity(references[reader], [encoder.embed(clip) for clip in clips]) if encoder else None

    def add(name: str, reader: str, language: str, clips: Sequence[Clip], own: float | None = None) -> None:
        sounds = [(clip.wave[0], clip.sample_rate) for clip in clips]
        row = means([judges.opinion(*sound) for sound in sounds])
        if own is not None and language == "en":
            pairs = zip(sounds, texts["en"], strict=True)
            row |= means([judges.words(*sound, text) for sound, text in pairs])
        if sureness is not None:
            values = [sureness.of(clip) for clip in clips]
            row["told_percent"] = mean_interval([100.0 * ((value > limit) == (language == "en")) for value in values])
        alike = similarity(reader, clips)
        row |= {"similarity": alike, "over_own_language": alike / own if alike and own else None}
        report.add(CROSSED, row, speaker=name, language=language, sentences=len(clips))

    for reader, language in languages.items():
        add(f"recordings of {reader}", reader, language, recorded[language])
    for name in options.voice:
        voice = Voice.load(name)
        reader, language = str(voice.speaker), voice.language
        native = Voice.load(f"{languages[reader]}-{reader}")
        own = similarity(reader, [native.speak(text).clip for text in texts[native.language]])
        add(name, reader, language, [voice.speak(text).clip for text in texts[language]], own)


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/speech"), "recordings of the readers", smoke=smoke_speech),
    Option("reader", ["kathleen:en", "kerstin:de"], "who reads which language", smoke=["kathleen:en"]),
    Option("voice", ["en-kerstin", "de-kathleen"], smoke=[SMOKE_VOICE]),
    Option("count", 100, "sentences at most", smoke=1),
    Option("natural", 40, "other recordings, for the embeddings of the readers", smoke=1),
    *JUDGE_OPTIONS,
)
