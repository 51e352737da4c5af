"""Measure voices beside other engines: word errors, predicted opinion, distance to recordings, and speed.

    python -m benchmarks speech.voices --corpus corpora/speech --voice en-kathleen --json voices.json

40 sentences of a reader that no voice was trained on (split ``test``) and 100 others
(benchmarks/speech/texts/hundred.txt, written before any voice spoke). Word errors by wavewright.metrics.recogniser
(see docs/metrics.md), DNSMOS, distances by benchmarks/speech/speech_distance.py; a voice speaks with three seeds,
whose errors are averaged for each sentence. DNSMOS depends on loudness, so each speaker is rated twice: as loud as it
speaks, and at one loudness (-26 LUFS). Intervals are 95 % bootstrap intervals over the sentences, those of
differences paired. The other engines are Debian's flite and espeak-ng; benchmarks/speech/voice_speed.py measures speed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, draw_entries, sentences, smoke_speech
from benchmarks.harness.judges import DIFFERENCES, JUDGE_OPTIONS, Judges, differences, mean_interval, means
from benchmarks.harness.peers import RESEMBLYZER
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, Value, columns, optional
from benchmarks.speech.speakers import ENGINES, Speaker, copies, other_engines, recordings, voice
from benchmarks.speech.speech_distance import SpeakerEncoder, distance, mean_similarity
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.loudness import normalise_loudness

LOUDNESS_LUFS = -26.0  # of every speaker, where they are rated equally loud

COLUMNS = (
    columns(speaker="s", sentences="d")
    | optional(word_error_percent=".1f", dnsmos=".2f", dnsmos_at_one_loudness=".2f", dnsmos_at_one_loudness_below=".2f")
    | DIFFERENCES
)
DISTANCES = optional(cepstral_db=".2f", pitch_semitones=".2f", voicing_percent=".1f")
SIMILARITIES = optional(speaker_similarity=".3f", similarity_over_natural=".2f")
RECORDED_SENTENCES = Table("recorded sentences", COLUMNS | DISTANCES | SIMILARITIES)
HUNDRED_SENTENCES = Table("hundred sentences", COLUMNS, is_optional=True)


@dataclass(frozen=True)
class Judged:
    """A speaker, the scores of each sentence, means over seeds, and the clips of one seed."""

    speaker: Speaker
    scores: list[dict[str, float]]
    clips: list[Clip]


def judge(speaker: Speaker, texts: Sequence[str], judges: Judges) -> Judged:
    """Let a speaker speak every text with each seed, and judge it."""
    scores, clips = [], []
    for sentence in texts:
        of_seeds = []
        for seed in range(speaker.n_seeds):
            clip = speaker.speak(sentence, seed)
            wave, rate = clip.wave[0], clip.sample_rate
            levelled = judges.opinion(normalise_loudness(wave, rate, LOUDNESS_LUFS), rate)
            at_one_loudness = {f"{name}_at_one_loudness": score for name, score in levelled.items()}
            of_seeds.append(judges.words(wave, rate, sentence) | judges.opinion(wave, rate) | at_one_loudness)
            if seed == 0:
                clips.append(clip)
        scores.append({name: float(np.mean([each[name] for each in of_seeds])) for name in of_seeds[0]})
    return Judged(speaker, scores, clips)


def row_of(judged: Judged, reference: Judged | None) -> dict[str, Value]:
    """Return the row of a speaker, with its differences from ``reference`` on the same sentences."""
    row: dict[str, Value] = {"speaker": judged.speaker.name, "sentences": len(judged.clips), **means(judged.scores)}
    if reference is not None:
        name = "dnsmos_at_one_loudness"
        pairs = zip(judged.scores, reference.scores, strict=True)
        row[f"{name}_below"] = mean_interval([other[name] - own[name] for own, other in pairs if name in own])
        row |= differences(judged.scores, reference.scores)
    return row


def similarity_to(natural: Sequence[Entry], report: Report) -> Callable[[Judged], float | None]:
    """Return the function of how alike a speaker and other recordings of the reader are, None without the encoder."""
    if not report.has(RESEMBLYZER, "Similarity of speakers"):
        return lambda _: None
    encoder = SpeakerEncoder()
    references = [encoder.embed(Clip.read(entry.path)) for entry in natural]
    return lambda judged: mean_similarity(references, [encoder.embed(clip) for clip in judged.clips])


def measure(options: Options, report: Report) -> None:
    """Add a row for each speaker and list of sentences."""
    judges = Judges(options, report)
    for peer in ENGINES:
        report.has(peer)
    held_out = corpus_entries(options.corpus, options.split, needs_text=True, speaker=options.speaker)
    one_of_each = {str(entry.text): entry for entry in reversed(held_out)}.values()
    entries = sorted(one_of_each, key=lambda entry: entry.path)[: options.count]
    natural = corpus_entries(options.corpus, "train", needs_text=True, speaker=options.speaker)
    texts = [str(entry.text) for entry in entries]
    recorded = judge(recordings(entries), texts, judges)
    similarity = similarity_to(draw_entries(natural, options.natural, seed=0), report)
    of_recordings = similarity(recorded)
    first, *others = options.vocoder
    speakers = [] if options.other_language else other_engines()
    speakers += [copies(entries, first), *(voice(name, first, options.seeds) for name in options.voice)]
    speakers += [voice(options.voice[0], vocoder, 1) for vocoder in others]
    rows: dict[str, dict[str, Value]] = {}
    for speaker in (recorded.speaker, *speakers):
        is_recorded = speaker is recorded.speaker
        judged = recorded if is_recorded else judge(speaker, texts, judges)
        row = row_of(judged, None if is_recorded else recorded)
        if not is_recorded:
            pairs = zip(recorded.clips, judged.clips, strict=True)
            distances = [
                distance(own.wave[0], clip.resample(own.sample_rate).wave[0], own.sample_rate) for own, clip in pairs
            ]
            row |= means(distances)
        if of_recordings is not None:
            own = similarity(judged)
            row |= {"speaker_similarity": own, "similarity_over_natural": own / of_recordings}
        rows[speaker.name] = row
        report.add(RECORDED_SENTENCES, row)
    hundred = {} if options.other_language else measure_hundred(speakers, options.count, judges, report)
    for name in options.voice:
        subject = f"{name} by {first}"
        add_targets(subject, rows[subject], hundred, report)


def measure_hundred(speakers: Sequence[Speaker], count: int | None, judges: Judges, report: Report) -> dict[str, Row]:
    """Add a row for each speaker of the hundred sentences, flite as the reference; return them by name."""
    rows: dict[str, Row] = {}
    reference: Judged | None = None
    for speaker in speakers:
        if speaker.is_recorded:
            continue
        judged = judge(speaker, sentences(count), judges)
        rows[speaker.name] = row_of(judged, reference)
        report.add(HUNDRED_SENTENCES, rows[speaker.name])
        if speaker.name == "flite":
            reference = judged
    return rows


def add_targets(name: str, recorded: Row, hundred: Mapping[str, Row], report: Report) -> None:
    """Compare a voice's rows, and flite's of the hundred sentences, with the targets."""
    points, loss = (recorded.get(each) for each in DIFFERENCES)
    report.target(name, "points above the recordings", points, at_most=2.0)
    report.target(name, "DNSMOS below the recordings", loss, at_most=0.15)
    similarity = recorded.get("similarity_over_natural")
    report.target(name, "speaker similarity over natural", similarity, at_least=0.85)
    own, flite = (hundred.get(each, {}).get("word_error_percent") for each in (name, "flite"))
    if flite is not None:
        report.target(name, "word error, half of flite's", own, at_most=0.5 * flite.value)


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/speech"), smoke=smoke_speech),
    Option("speaker", "kathleen", "reader of the held-out sentences"),
    Option("voice", ["en-kathleen"]),
    Option("vocoder", ["vocoder", "wavenet"], "of all voices, then others of the first voice", smoke=["vocoder"]),
    Option("seeds", 3, "of each sentence of a voice", smoke=1),
    Option("natural", 40, "other recordings, for the embedding of the reader", smoke=1),
    Option("count", type=int, help="sentences of each list, all by default", smoke=1),
    Option("split", "test", "of the held-out sentences"),
    Option("other_language", False, "held-out sentences alone, no engines of English"),
    *JUDGE_OPTIONS,
)
