"""Generated clips to train a classifier on beside recordings: drawn by label, filtered, written with a manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from ..base.errors import BadFolder, BadModel, BadSetting
from ..base.json_text import parse
from ..base.names import file_stem, quoted
from ..base.ranges import RangedSettings, ranged
from ..base.whole_file import write_whole
from ..contracts.runtime import Classifier
from ..data import manifest
from ..data.entry import SILENT_PEAK, Entry
from ..metrics.distances import pairwise_distances
from ..metrics.embeddings import LogMelEmbedding, resampled
from ..outputs.clip_folder import OutputClip, write_clips
from ..outputs.manifest_file import MANIFEST_FILE
from .clip_sources import ClipSource, MatchedSource, match_of
from .parameters import TrainParameters

COUNTS_FILE = "counts.json"
DRAWS_PER_CLIP = 10  # before a label gets fewer clips than it should have
EXTREME_FRACTION = 0.01  # of the recordings, whose distances to the others are not taken for the limits
FEWEST_RECORDINGS = 10  # of a label; with fewer, the distances in all labels together set its limits
OUTLIER_FACTOR = 1.5  # times the distance between neighbouring recordings: farther clips are outliers
NEAR_DUPLICATE_DB = 3.0  # largest limit of copies: few recordings are far from each other
REASONS = ("silent", "doubted", "copy", "outlier")


@dataclass(frozen=True)
class GeneratedSettings(RangedSettings):
    """Settings of generated clips.

    - ``models``: names of generators; they make equal numbers of clips.
    - ``ratio``: generated clips for each recording of a label.
    - ``label_map``: labels of the folder by those of the models, where the names differ.
    - ``min_confidence``: smallest probability that the judge gives to the label of a clip, which must be its most
      probable; with 0, the judge leaves out none.
    - ``match``: make each clip like a recording of its label, see :class:`.RecordingMatch`.
    """

    models: tuple[str, ...]
    ratio: float = ranged(0.5, 0.01, 100.0)
    label_map: tuple[tuple[str, str], ...] = ()
    min_confidence: float = ranged(0.3, 0.0, 1.0)
    match: bool = False

    @classmethod
    def of(cls, given: TrainParameters) -> GeneratedSettings:
        """Return the settings that a command gives; raise BadSetting for a label or a model that cannot be meant."""
        pairs = [text.partition("=") for text in given.map_label]
        for text, (label, _, target) in zip(given.map_label, pairs, strict=True):
            if not label or not target:
                raise BadSetting(f"--map-label is {quoted(text)}; write MODEL=FOLDER, such as kick=bass-drum.")
        if len(set(given.augment_with)) < len(given.augment_with):
            raise BadSetting("--augment-with names a model twice; give each once.")
        label_map = tuple((label, target) for label, _, target in pairs)
        return cls(given.augment_with, given.ratio, label_map, given.min_confidence, given.match_recordings)


@dataclass(frozen=True)
class ClipScores:
    """The criteria by which a clip is accepted."""

    confidence: float  # probability of its label
    distance_db: float  # log-mel distance to the nearest recording of the label
    recognised: str  # the most probable label
    peak: float  # largest absolute sample


@dataclass
class ClipFilter:
    """Compares generated clips with recordings, and asks a classifier that was trained on the recordings alone."""

    judge: Classifier  # the classifier
    waves: np.ndarray  # recordings ``(n, time)`` at the judge's sample rate
    labels: Sequence[str]  # their labels
    min_confidence: float  # see :class:`GeneratedSettings`
    limits_db: dict[str, tuple[float, float]] = field(init=False)
    """Of each label: the distance below which a clip is a copy, and the one above which it is an outlier."""

    def __post_init__(self) -> None:
        seconds = float(np.clip(self.judge.window_samples / self.judge.sample_rate, 0.1, 60.0))
        self._embedding = LogMelEmbedding(max(self.judge.sample_rate, 4_000), seconds)
        embedded = self._embedding(self.waves, self.judge.sample_rate)
        names = np.array(self.labels)
        self._embedded = {label: embedded[names == label] for label in self.judge.labels}
        nearest_db = {label: _nearest(each) for label, each in self._embedded.items()}
        pooled = np.concatenate(list(nearest_db.values()))
        self.limits_db = {
            label: _limits(own if len(own) >= FEWEST_RECORDINGS else pooled) for label, own in nearest_db.items()
        }

    def score(self, wave: np.ndarray, sample_rate: int, label: str) -> ClipScores:
        """Return the scores of a clip ``(channels, time)`` that should have the label."""
        mono = resampled(wave.mean(axis=0, keepdims=True).astype(np.float32), sample_rate, self.judge.sample_rate)
        probabilities = self.judge.probabilities(mono)[0]
        confidence = float(probabilities[self.judge.labels.index(label)])
        distances = pairwise_distances(self._embedded[label], self._embedding(mono, self.judge.sample_rate))
        recognised = self.judge.labels[int(probabilities.argmax())]
        return ClipScores(confidence, float(distances.min()), recognised, float(np.abs(wave).max(initial=0.0)))

    def reason(self, scores: ClipScores, label: str) -> str | None:
        """Return why a clip is left out, one of REASONS, or None."""
        low, high = self.limits_db[label]
        is_other = scores.recognised != label or scores.confidence < self.min_confidence
        is_doubted = self.min_confidence > 0 and is_other
        checks = (scores.peak < SILENT_PEAK, is_doubted, scores.distance_db < low, scores.distance_db > high)
        return next((reason for reason, is_bad in zip(REASONS, checks, strict=True) if is_bad), None)


def _nearest(embedded: np.ndarray) -> np.ndarray:
    """Return the distance of each row to its nearest other row, ``(n,)``; empty for a single row."""
    if len(embedded) < 2:
        return np.zeros(0)
    distances = pairwise_distances(embedded, embedded)
    np.fill_diagonal(distances, np.inf)
    nearest: np.ndarray = distances.min(axis=1)
    return nearest


def _limits(nearest_db: np.ndarray) -> tuple[float, float]:
    """Return the limits of copies and of outliers, in dB, by the distances between neighbouring recordings."""
    if not len(nearest_db):
        return NEAR_DUPLICATE_DB, np.inf
    low, high = np.quantile(nearest_db, (EXTREME_FRACTION, 1 - EXTREME_FRACTION))
    return min(float(low), NEAR_DUPLICATE_DB), OUTLIER_FACTOR * float(high)


@dataclass
class GeneratedCounts:
    """Clips that were kept and left out.

    - ``requested``, ``accepted``: of each label.
    - ``rejected``: by the reason.
    - ``models``: hash of each model by its name.
    - ``settings``: of the call, to compare with those of a call that resumes.
    """

    requested: dict[str, int]
    models: dict[str, str]
    settings: dict[str, object]
    accepted: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accepted = dict.fromkeys(self.requested, 0) | self.accepted
        self.rejected = dict.fromkeys(REASONS, 0) | self.rejected

    def __str__(self) -> str:
        n_added, n_requested = sum(self.accepted.values()), sum(self.requested.values())
        sentence = f"{n_added} of {n_requested} generated clips were added ({self.left_out})"
        few = [f"{label} {self.accepted[label]} of {n}" for label, n in self.requested.items() if not self._has(label)]
        return sentence + (f"; fewer than asked for: {', '.join(few[:8])}." if few else ".")

    @property
    def left_out(self) -> str:
        """Number of clips that were left out, by the reason."""
        return "left out: " + ", ".join(f"{self.rejected[reason]} {reason}" for reason in REASONS)

    def _has(self, label: str) -> bool:
        return self.accepted[label] >= self.requested[label]


def pair_labels(model: ClipSource, labels: Sequence[str], label_map: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the label of the model for each label of the folder that it can generate.

    Names are compared without regard to case; ``label_map`` pairs those that differ.

    Raises BadModel if the model has no labels, or BadSetting if the map names an unknown label of the folder, or no
    labels match.
    """
    if not model.labels:
        raise BadModel(
            f"{model.name} has no labels, so its clips are examples of nothing; give --augment-with a model that was "
            "trained with labels."
        )
    for _, label in label_map:
        if label not in labels:
            raise BadSetting(f"--map-label names {quoted(label)}; the labels of the folder are {', '.join(labels)}.")
    mapped = dict(label_map)
    by_name = {label.casefold(): label for label in labels}
    pairs: dict[str, str] = {}
    for label in model.labels:
        target = mapped.get(label, by_name.get(label.casefold()))
        if target is not None:
            pairs.setdefault(target, label)
    if not pairs:
        raise BadSetting(
            f"{model.name} generates {', '.join(model.labels[:12])}, and the labels of the folder are "
            f"{', '.join(labels[:12])}: none match; pair them with --map-label {model.labels[0]}={labels[0]}."
        )
    return {label: pairs[label] for label in labels if label in pairs}


def check_label_map(label_map: Sequence[tuple[str, str]], models: Sequence[ClipSource]) -> None:
    """Raise BadSetting if a pair names a label that none of the models has."""
    known = {label for model in models for label in model.labels}
    for label, _ in label_map:
        if label not in known:
            raise BadSetting(f"--map-label names {quoted(label)}; the labels of the models are {', '.join(known)}.")


def draw_clips(
    model: ClipSource,
    pairs: Mapping[str, str],
    requested: Mapping[str, int],
    accept: ClipFilter,
    seed: int,
    counts: GeneratedCounts,
) -> Iterator[OutputClip]:
    """Yield the first clips of a seed that pass the filter, as many of each label as ``requested`` where possible."""
    for label, model_label in pairs.items():
        n_requested, n_accepted = requested[label], 0
        for index in range(DRAWS_PER_CLIP * n_requested):
            if n_accepted == n_requested:
                break
            waves = model.generate(model_label, 1, seed, index)
            if not waves:  # a folder has no more clips
                break
            wave = waves[0]
            scores = accept.score(wave, model.sample_rate, label)
            if (reason := accept.reason(scores, label)) is not None:
                counts.rejected[reason] += 1
                continue
            n_accepted += 1
            counts.accepted[label] += 1
            origin = {"model": model.name, "model_hash": model.content_hash, "label": label, "model_label": model_label}
            stem = file_stem(model.name, label, f"s{seed}", f"{index:04d}")
            numbers = {"confidence": scores.confidence, "distance_db": scores.distance_db}
            yield OutputClip(wave, stem, origin | {"seed": seed, "index": index}, numbers)


def requested_clips(entries: Sequence[Entry], labels: Sequence[str], ratio: float) -> dict[str, int]:
    """Return the clips to generate of each label: ``ratio`` times its recordings, at least one."""
    n_recordings = Counter(label for entry in entries for label in entry.all_labels)
    return {label: max(1, round(ratio * n_recordings[label])) for label in labels if n_recordings[label]}


def generate_for(
    folder: Path,
    models: Sequence[ClipSource],
    requested: Mapping[str, int],
    settings: GeneratedSettings,
    accept: ClipFilter,
    seed: int,
) -> GeneratedCounts:
    """Generate the clips of a run into a folder, with a manifest; the counts are written last.

    - ``requested``: clips of each label, of all models together.

    Raises BadSetting if labels do not match, or no clip passes the filter.
    """
    pairs = [pair_labels(model, tuple(requested), settings.label_map) for model in models]
    available = {label: n for label, n in requested.items() if any(label in each for each in pairs)}
    counts = GeneratedCounts(
        available, {model.name: model.content_hash for model in models}, _settings_json(settings, seed)
    )
    if settings.match:
        match = match_of(accept.waves, accept.labels, accept.judge.sample_rate)
        models = [
            MatchedSource(model, {name: label for label, name in its_pairs.items()}, match)
            for model, its_pairs in zip(models, pairs, strict=True)
        ]
    for model, its_pairs in zip(models, pairs, strict=True):
        missing = {}
        for label in its_pairs:
            per_model = -(-available[label] // sum(label in each for each in pairs))
            missing[label] = max(0, min(per_model, available[label] - counts.accepted[label]))
        clips = draw_clips(model, its_pairs, missing, accept, seed, counts)
        first = next(clips, None)
        if first is not None:
            write_clips(_chained(first, clips), model.sample_rate, folder, "flac")
    if not any(counts.accepted.values()):
        raise BadSetting(
            f"None of {sum(counts.rejected.values())} generated clips passed the filter ({counts.left_out}); train "
            "longer, so that the classifier recognises them, or give another model with --augment-with."
        )
    write_whole(folder / COUNTS_FILE, (json.dumps(asdict(counts), indent=1) + "\n").encode())
    return counts


def _chained(first: OutputClip, others: Iterator[OutputClip]) -> Iterator[OutputClip]:
    yield first
    yield from others


def _settings_json(settings: GeneratedSettings, seed: int) -> dict[str, object]:
    """Return what determines the clips beside the recordings, as JSON stores it."""
    values: dict[str, object] = json.loads(json.dumps(asdict(settings) | {"seed": seed}))
    return values


def read_counts(folder: Path, settings: GeneratedSettings, seed: int) -> GeneratedCounts | None:
    """Return the counts of a folder that is complete, None for another.

    Raises BadSetting if its clips were generated with other settings, or BadFolder if the file is damaged.
    """
    path = folder / COUNTS_FILE
    if not path.is_file():
        return None
    try:
        record = parse(path.read_text(encoding="utf-8"))
        counts = GeneratedCounts(**record)
        str(counts)  # fails for numbers that are none
    except (ValueError, KeyError, TypeError) as error:
        raise BadFolder(f"{path} is damaged; remove its folder, and the clips are generated again.") from error
    defaults = _settings_json(GeneratedSettings(()), seed)  # of settings that are newer than the file
    if defaults | counts.settings != _settings_json(settings, seed):
        raise BadSetting(
            f"{folder} has clips by other settings ({', '.join(counts.models)}, ratio {counts.settings['ratio']}); "
            "resume with those of the first call."
        )
    return counts


def generated_entries(folder: Path) -> list[Entry]:
    """Return the clips of a folder as training clips."""
    models = {}
    for line in (folder / MANIFEST_FILE).read_text(encoding="utf-8").splitlines():
        record = parse(line)
        models[record["audio_filepath"]] = str(record["model"])
    entries = manifest.read(folder / MANIFEST_FILE).entries
    return [replace(entry, split="train", group=None, generated_by=models[entry.path.name]) for entry in entries]
