r"""Measure voices beside other engines: word errors, predicted opinion, distance to recordings, and speed.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python -m benchmarks speech.voices --corpus corpora/speech --voice en-kathleen --json voices.json
    python -m benchmarks speech.voices --corpus corpora/speech --no-voices      # recordings and other engines alone
    python -m benchmarks speech.voices --corpus corpora/german --speaker kerstin --split valid --voice de-kerstin \
        --other-language --vocoder vocoder --seeds 1

40 sentences of a reader that no voice was trained on (split ``test``) and 100 others
(benchmarks/speech/texts/hundred.txt, written before any voice spoke). Word errors by wavewright.metrics.recogniser
(see docs/metrics.md), DNSMOS, distances by benchmarks/speech/speech_distance.py; a voice speaks with three seeds,
whose errors are averaged for each sentence. DNSMOS depends on loudness, so each speaker is rated twice: as loud as it
speaks, and at one loudness (-26 LUFS). Intervals are 95 % bootstrap intervals over the sentences, those of
differences paired. The other engines are Debian's flite and espeak-ng; benchmarks/speech/voice_speed.py measures speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, draw_entries, sentences, smoke_speech
from benchmarks.harness.peers import RESEMBLYZER
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, Value, columns, optional
from benchmarks.speech.judges import DIFFERENCES, JUDGE_OPTIONS, Judges, mean_interval, word_error_interval
from benchmarks.speech.speakers import ENGINES, Speaker, copies, other_engines, recordings, voice
from benchmarks.speech.speech_distance import SpeakerEncoder, distance, mean_similarity
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.loudness import normalise_loudness
from wavewright.metrics.sampling import Interval

LOUDNESS_LUFS = -26.0  # of every speaker, where they are rated equally loud
MAX_WORD_ERROR_POINTS = 2.0
MAX_DNSMOS_LOSS = 0.15
MIN_SIMILARITY_RATIO = 0.85
MAX_RATIO_TO_FLITE = 0.5

COLUMNS = (
    columns(speaker="s", sentences="d")
    | optional(word_error_percent=".1f", dnsmos=".2f", dnsmos_at_one_loudness=".2f", dnsmos_at_one_loudness_below=".2f")
    | DIFFERENCES
)
RECORDED_SENTENCES = Table(
    "recorded sentences",
    COLUMNS
    | optional(
        cepstral_db=".2f",
        pitch_semitones=".2f",
        voicing_percent=".1f",
        speaker_similarity=".3f",
        similarity_over_natural=".2f",
    ),
)
HUNDRED_SENTENCES = Table("hundred sentences", COLUMNS, is_optional=True)


@dataclass(frozen=True)
class Judged:
    """Sentences of a speaker with their scores, means over seeds, and the clips of one seed.

    ``word_errors (sentences, 2)`` are errors and words, ``dnsmos (sentences, 2)`` is as spoken and at LOUDNESS_LUFS.
    """

    speaker: Speaker
    word_errors: np.ndarray
    dnsmos: np.ndarray
    clips: list[Clip]


def judge(speaker: Speaker, texts: Sequence[str], judges: Judges) -> Judged:
    """Let a speaker speak every text with each seed, and judge it."""
    errors, dnsmos, clips = np.zeros((len(texts), 2)), np.zeros((len(texts), 2)), []
    for row, sentence in enumerate(texts):
        for seed in range(speaker.n_seeds):
            utterance = speaker.speak(sentence, seed)
            wave, rate = utterance.wave, utterance.sample_rate
            levelled = normalise_loudness(wave, rate, LOUDNESS_LUFS)
            errors[row] += np.array(judges.word_errors(wave, rate, sentence)) / speaker.n_seeds
            dnsmos[row] += np.array([judges.dnsmos(each, rate) for each in (wave, levelled)]) / speaker.n_seeds
            if seed == 0:
                clips.append(Clip(wave[None], rate))
    return Judged(speaker, errors, dnsmos, clips)


def row_of(judged: Judged, reference: Judged | None) -> dict[str, Value]:
    """Return the row of a speaker, with its differences from ``reference`` on the same sentences."""
    row: dict[str, Value] = {
        "speaker": judged.speaker.name,
        "sentences": len(judged.clips),
        "word_error_percent": word_error_interval(judged.word_errors),
        "dnsmos": mean_interval(judged.dnsmos[:, 0]),
        "dnsmos_at_one_loudness": mean_interval(judged.dnsmos[:, 1]),
    }
    if reference is not None:
        loss = reference.dnsmos - judged.dnsmos
        row |= {
            "points_above_the_reference": word_error_interval(judged.word_errors, reference.word_errors),
            "dnsmos_below_the_reference": mean_interval(loss[:, 0]),
            "dnsmos_at_one_loudness_below": mean_interval(loss[:, 1]),
        }
    return row


def distances_from(recorded: Judged, judged: Judged) -> Row:
    """Return the mean distances of a speaker from the recordings of the same sentences."""
    distances = [
        distance(reference.wave[0], clip.resample(reference.sample_rate).wave[0], reference.sample_rate)
        for reference, clip in zip(recorded.clips, judged.clips, strict=True)
    ]
    return {name: float(np.nanmean([each[name] for each in distances])) for name in distances[0]}


def similarity_to(natural: list[np.ndarray], recorded: Judged, judged: Judged, encoder: SpeakerEncoder) -> Row:
    """Return how alike a speaker and the reader are, ``natural`` being embeddings of other recordings of the reader."""
    similarity = mean_similarity(natural, [encoder.embed(clip) for clip in judged.clips])
    of_recordings = mean_similarity(natural, [encoder.embed(clip) for clip in recorded.clips])
    return {"speaker_similarity": similarity, "similarity_over_natural": similarity / of_recordings}


def held_out_sentences(corpus: Path, speaker: str, split: str) -> list[Entry]:
    """Return one recording of each held-out sentence of a speaker; raise BadFolder if there is none."""
    entries = corpus_entries(corpus, split, needs_text=True, speaker=speaker)
    return sorted({str(entry.text): entry for entry in reversed(entries)}.values(), key=lambda entry: entry.path)


def add_targets(name: str, recorded: Row, hundred: Row | None, flite: Row | None, report: Report) -> None:
    """Compare a voice's rows, and flite's of the hundred sentences, with the targets."""
    report.target(
        name, "points above the recordings", recorded.get("points_above_the_reference"), at_most=MAX_WORD_ERROR_POINTS
    )
    report.target(
        name, "DNSMOS below the recordings", recorded.get("dnsmos_below_the_reference"), at_most=MAX_DNSMOS_LOSS
    )
    report.target(
        name, "speaker similarity over natural", recorded.get("similarity_over_natural"), at_least=MIN_SIMILARITY_RATIO
    )
    if hundred is None or flite is None:
        return
    flite_errors = flite["word_error_percent"]
    if isinstance(flite_errors, Interval):
        limit = MAX_RATIO_TO_FLITE * flite_errors.value
        report.target(name, "word error, half of flite's", hundred["word_error_percent"], at_most=limit)


def speakers_of(options: Options, entries: list[Entry]) -> list[Speaker]:
    """Return the other engines, copies of the recordings and the voices."""
    speakers = [] if options.other_language else other_engines()
    if not options.no_voices:
        first, *others = options.vocoder
        speakers.append(copies(entries, first))
        speakers += [voice(name, first, options.seeds) for name in options.voice]
        speakers += [voice(options.voice[0], vocoder, 1) for vocoder in others]
    return speakers


def measure(options: Options, report: Report) -> None:
    """Add a row for each speaker and list of sentences."""
    judges = Judges(options, report)
    for peer in ENGINES:
        report.has(peer)
    entries = held_out_sentences(options.corpus, options.speaker, options.split)[: options.count]
    others = corpus_entries(options.corpus, "train", needs_text=True, speaker=options.speaker)
    natural_entries = draw_entries(others, options.natural, seed=0)
    encoder = SpeakerEncoder() if report.has(RESEMBLYZER, "Similarity of speakers") else None
    natural = [] if encoder is None else [encoder.embed(Clip.read(entry.path)) for entry in natural_entries]
    speakers = speakers_of(options, entries)
    texts = [str(entry.text) for entry in entries]
    recorded = judge(recordings(entries), texts, judges)
    rows: dict[str, dict[str, Value]] = {}
    for speaker in (recorded.speaker, *speakers):
        is_reference = speaker is recorded.speaker
        judged = recorded if is_reference else judge(speaker, texts, judges)
        row = row_of(judged, None if is_reference else recorded)
        if not is_reference:
            row |= distances_from(recorded, judged)
        if encoder is not None:
            row |= similarity_to(natural, recorded, judged, encoder)
        rows[speaker.name] = row
        report.add(RECORDED_SENTENCES, row)
    hundred = {} if options.other_language else measure_hundred(speakers, options.count, judges, report)
    for name in options.voice if not options.no_voices else ():
        subject = f"{name} by {options.vocoder[0]}"
        add_targets(subject, rows[subject], hundred.get(subject), hundred.get("flite"), report)


def measure_hundred(
    speakers: Sequence[Speaker], count: int | None, judges: Judges, report: Report
) -> dict[str, dict[str, Value]]:
    """Add a row for each speaker of the hundred sentences, flite as the reference; return them by name."""
    rows: dict[str, dict[str, Value]] = {}
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


BENCHMARK = Benchmark(
    __doc__,
    (RECORDED_SENTENCES, HUNDRED_SENTENCES),
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
    Option("no_voices", False, "recordings and other engines alone"),
    *JUDGE_OPTIONS,
)
