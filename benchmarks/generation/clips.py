"""Compare generated clips with recordings: labels, distances, diversity, coverage, copies, and cheats beside them.

    python -m benchmarks generation.clips --corpus corpora/drums

``wavewright evaluate`` compares clips in files by the same metrics (docs/metrics.md). Recordings are those of split
``train``, the held-out ones those of ``--held-out``. The classifier is the bundled one of these labels; ``--judge``, a
classifier that was trained on other recordings, gives a second opinion. ``--speech`` compares words: their first second
at 8 kHz, as long as they are, each take as a sound of its own, and the harmonics-to-noise ratio of their voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import SEED, corpus_entries, prepared, prepared_clips, read_wave, smoke_drums
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.waves import of_length, resampled
from wavewright.base.errors import BadModel
from wavewright.contracts.runtime import Generator
from wavewright.families import loading
from wavewright.inference.rejection import RejectionSampler
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import compare
from wavewright.metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from wavewright.metrics.harmonicity import harmonics_to_noise_of_all
from wavewright.metrics.recogniser import SpeechEmbedding
from wavewright.metrics.report import EvaluationReport

SPEECH_RATE = 8_000

EVALUATION = Table("evaluation", columns(clips="s", n_clips="d", metric="s", value=".3f", threshold="g", is_met="s"))
BY_LABEL = Table("fractions by label", columns(fraction="s", label="s", value=".3f"), is_optional=True)
VOICES = Table("voices", columns(clips="s", harmonics_to_noise_db=".1f"), is_optional=True)


def recorded_clips(
    corpus: Path, split: str, labels: Sequence[str], sample_rate: int, n_samples: int, is_speech: bool
) -> Clips:
    """Return the recordings of a split, prepared as for training; of words the first second, each take in its group."""
    entries = corpus_entries(corpus, split, labels)
    if is_speech:
        waves = first_second([read_wave(entry.path, SPEECH_RATE) for entry in entries])
        return Clips.of(waves, SPEECH_RATE, [str(e.label) for e in entries], [str(e.group) for e in entries])
    waves, store = prepared_clips(entries, sample_rate, n_samples)
    return Clips.of(waves, sample_rate, [str(label) for label in store.labels], [str(group) for group in store.groups])


def first_second(waves: Sequence[np.ndarray]) -> np.ndarray:
    """Return waves ``(time,)`` at SPEECH_RATE as ``(n, SPEECH_RATE)`` float32, cut or followed by silence."""
    return np.stack([of_length(wave, SPEECH_RATE) for wave in waves]).astype(np.float32)


def generate_waves(model: Generator, options: Options, report: Report) -> list[np.ndarray]:
    """Return clips ``(time,)``, label after label, without those that ``wavewright generate`` leaves out."""
    rejection = RejectionSampler(
        model,
        lambda label, seed, index: model.generate(label, 1, seed, index)[0],
        None,
        0.0 if options.every_clip else None,
    )
    chosen = [clip for label in model.labels for clip in rejection.sample(label, options.per_label, SEED)]
    report.note(
        f"{rejection.n_rejected} clips left out as too close to a recording, {rejection.n_near_copies} retained all "
        "the same."
    )
    return [clip.wave[0] for clip in chosen]


def generated_clips(model: Generator, waves: list[np.ndarray], labels: list[str], is_speech: bool) -> Clips:
    """Return generated clips, prepared like recordings."""
    if not is_speech:
        return Clips.of(prepared(waves, model.sample_rate), model.sample_rate, labels)
    words = [resampled(wave, model.sample_rate, SPEECH_RATE) for wave in waves]
    words = [word[: np.flatnonzero(word)[-1] + 1] if word.any() else word[:1] for word in words]
    return Clips.of(first_second(words), SPEECH_RATE, labels)


def add_evaluation(evaluation: EvaluationReport, report: Report) -> None:
    """Add the metrics with a threshold, of generated clips, recordings and cheats; keep all of them as JSON."""
    report.attach("evaluation", evaluation)
    print(evaluation, flush=True)
    for row in evaluation.rows:
        for each in row.criteria:
            cells = {"metric": each.name, "value": each.value, "threshold": each.threshold, "is_met": each.is_met}
            report.add(EVALUATION, clips=row.name, n_clips=row.n_clips, **cells)
    for name, label in evaluation.rows[0].sample_metrics.labels.items():
        if label.copying is not None:
            value = label.copying.fraction_no_closer
            report.add(BY_LABEL, fraction="no closer than recordings", label=name, value=value)


def measure(options: Options, report: Report) -> None:
    model = loading.load_generator(options.model)
    classifier = options.classifier or loading.classifier_of(set(model.labels))
    if classifier is None:
        raise BadModel(f"No bundled classifier has the labels of {options.model}; give one with --classifier.")
    waves = generate_waves(model, options, report)
    labels = [label for label in model.labels for _ in range(options.per_label)]
    generated = generated_clips(model, waves, labels, options.speech)
    rate, n_samples = model.sample_rate, generated.waves.shape[1]
    train, test = (
        recorded_clips(options.corpus, split, model.labels, rate, n_samples, options.speech)
        for split in ("train", options.held_out)
    )
    is_speech = options.speech
    embedding: Embedding = SpeechEmbedding(SPEECH_RATE) if is_speech else LogMelEmbedding(rate, n_samples / rate)
    embeddings = [embedding, ClassifierEmbedding(loading.load_classifier(classifier))]
    add_evaluation(compare(train, generated, embeddings, test, takes_from="group", seed=SEED), report)
    judge = loading.load_classifier(options.judge) if options.judge else None
    for name, clips in (("generated", generated), ("recordings", train), ("held-out recordings", test)):
        if judge is not None:
            guesses = np.array(judge.labels)[judge.probabilities(clips.waves, clips.sample_rate).argmax(1)]
            agreement = float(np.mean(guesses == clips.labels))
            report.add(BY_LABEL, fraction=f"second judge, {name}", label="all", value=agreement)
        if options.speech:
            voices = harmonics_to_noise_of_all([*clips.waves], SPEECH_RATE)
            report.add(VOICES, clips=name, harmonics_to_noise_db=voices.median_db)


BENCHMARK = Benchmark(
    measure,
    Option("corpus", Path("corpora/drums"), smoke=smoke_drums),
    Option("model", "drums"),
    Option("held_out", "test", "split of recordings that the model did not learn from"),
    Option("classifier", help="of the labels; default: the bundled one that knows them"),
    Option("judge", help="a second classifier", smoke="drum-classifier"),
    Option("speech", False, "clips are words"),
    Option("every_clip", False, "also judge the copies that generate leaves out"),
    Option("per_label", 200, smoke=4),
)
