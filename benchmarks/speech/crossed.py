"""Measure voices in a language that their speakers do not read: how well, as whom, and in which language they speak.

    python -m benchmarks speech.crossed --corpus corpora/speech --voice en-kerstin de-kathleen

English sentences are those of benchmarks/speech/texts/hundred.txt, German ones those of held-out recordings; word
errors are of English alone. Similarity is that to other recordings of the speaker, over the similarity of the voice
that speaks the speaker's own language. The recogniser knows English: its confidence is high where English is spoken,
whoever speaks, and low in another language. A sentence is identified as English if the mean logarithm of the
probability of its tokens is above a limit, half-way between the medians of the recordings in both languages.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, corpus_entries, draw_entries, sentences, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, mean_interval, means
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.speech.speakers import recordings, voice
from benchmarks.speech.voices import Judged, judge, similarity_to
from wavewright.speech.voice_names import find_voice, language_of_voice

ENGLISH, VOCODER = "en", "vocoder"
CROSSED = Table(
    "crossed voices",
    columns(speaker="s", language="s", sentences="d")
    | optional(word_error_percent=".1f", dnsmos=".2f", speaker_similarity=".3f", similarity_over_own_language=".2f")
    | optional(identified_percent=".1f"),
)


class ConfidenceJudges(Judges):
    """Judges that add the recogniser's ``confidence``: the mean logarithm of the probabilities of its tokens."""

    def __init__(self, options: Options, report: Report) -> None:
        super().__init__(options, report)
        self._logarithms: list[float] = []
        if self.recogniser is not None:
            self._decoder, self.recogniser.model.decoder = self.recogniser.model.decoder, self

    def run(self, *arguments: object) -> list[np.ndarray]:
        """Run the decoder, and keep the probability of the token that it chooses."""
        outputs: list[np.ndarray] = self._decoder.run(*arguments)
        scores = outputs[0][0, -1].astype(np.float64)
        self._logarithms.append(float(scores.max() - np.logaddexp.reduce(scores)))
        return outputs

    def words(self, wave: np.ndarray, sample_rate: int, text: str) -> dict[str, float]:
        """Return the scores of :meth:`Judges.words`, with ``confidence`` where anything was recognised."""
        self._logarithms.clear()
        scores = super().words(wave, sample_rate, text)
        return scores | ({"confidence": float(np.mean(self._logarithms))} if self._logarithms else {})


def confidences_of(judged: Judged) -> list[float]:
    """Return the confidence of each sentence; nothing recognised is none at all."""
    return [scores.get("confidence", float("-inf")) for scores in judged.scores if "errors" in scores]


def measure(options: Options, report: Report) -> None:
    judges = ConfidenceJudges(options, report)
    languages = dict(each.split(":") for each in options.reader)
    texts, recorded, similarities = {}, {}, {}
    for reader, language in languages.items():
        entries = corpus_entries(options.corpus, needs_text=True, speaker=reader)
        held_out = [entry for entry in entries if entry.split != "train"][: options.count]
        texts[language] = [str(entry.text) for entry in held_out]
        recorded[language] = judge(recordings(held_out), texts[language], judges)
        others = [entry for entry in entries if entry.split == "train"]
        similarities[reader] = similarity_to(draw_entries(others, options.natural, seed=0), report)
    limit = float(np.mean([np.median(confidences_of(each) or [0.0]) for each in recorded.values()]))
    texts[ENGLISH] = sentences(options.count)

    def add(judged: Judged, reader: str, language: str, own: float | None = None) -> None:
        scores, similarity = means(judged.scores), similarities[reader](judged)
        is_right = [100.0 * ((confidence > limit) == (language == ENGLISH)) for confidence in confidences_of(judged)]
        cells = {
            "word_error_percent": scores.get("word_error_percent") if language == ENGLISH else None,
            "dnsmos": scores.get("dnsmos"),
            "speaker_similarity": similarity,
            "similarity_over_own_language": similarity / own if similarity and own else None,
            "identified_percent": mean_interval(is_right),
        }
        report.add(CROSSED, cells, speaker=judged.speaker.name, language=language, sentences=len(judged.clips))

    for reader, language in languages.items():
        add(recorded[language], reader, language)
    for name in options.voice:
        reader, language = str(find_voice(name)[1]), language_of_voice(name)
        own = judge(voice(f"{languages[reader]}-{reader}", VOCODER, 1), texts[languages[reader]], judges)
        add(judge(voice(name, VOCODER, 1), texts[language], judges), reader, language, similarities[reader](own))


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/speech"), "recordings of the readers", smoke=smoke_speech),
    Option("reader", ["kathleen:en", "kerstin:de"], "who reads which language", smoke=["kathleen:en"]),
    Option("voice", ["en-kerstin", "de-kathleen"], smoke=[SMOKE_VOICE]),
    Option("count", 100, "sentences at most", smoke=1),
    Option("natural", 40, "other recordings, for the embeddings of the readers", smoke=1),
    *JUDGE_OPTIONS,
)
