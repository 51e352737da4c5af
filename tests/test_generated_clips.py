"""Generated clips beside recordings: the filter, matching labels, batches, and training with a judge."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from command_line import refused

from wavewright.base.errors import BadFolder, BadModel, BadSetting
from wavewright.contracts.runtime import Generator
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.families.classifier.recipe import prepare, recipe
from wavewright.tasks.train import train
from wavewright.training.generated_clips import (
    ClipFilter,
    ClipScores,
    GeneratedSettings,
    generate_for,
    generated_entries,
    pair_labels,
    read_counts,
    requested_clips,
)
from wavewright.training.train import open_source

RATE = 8_000
N = 2_000
HZ = {"low": 300.0, "high": 2_000.0}


def decaying_tone(hz: float, rng: np.random.Generator) -> np.ndarray:
    seconds = np.arange(N) / RATE
    decay = np.exp(-seconds / rng.uniform(0.05, 0.1))
    wave = decay * np.sin(2 * np.pi * hz * rng.uniform(0.8, 1.2) * seconds) + 0.001 * rng.standard_normal(N)
    return (0.5 * wave[None] / np.abs(wave).max()).astype(np.float32)


class Tones(Generator):
    """Generates tones, and every ``noise_every``-th clip noise."""

    def __init__(self, labels: tuple[str, ...] = ("HIGH", "low"), noise_every: int = 10**9, name: str = "tones"):
        self.labels, self.noise_every = labels, noise_every
        self.sample_rate = RATE
        self.card = SimpleNamespace(name=name, licence="CC0-1.0")
        self.folder = SimpleNamespace(hash="0123456789abcdef")

    def generate(self, label=None, count=1, seed=0, start=0):
        number = self.label_index(label)
        waves = []
        for index in range(start, start + count):
            rng = np.random.default_rng([seed, index, number])
            is_noise = index % self.noise_every == self.noise_every - 1
            noise = rng.uniform(-0.5, 0.5, (1, N)).astype(np.float32)
            waves.append(noise if is_noise else decaying_tone(HZ[self.labels[number].lower()], rng))
        return waves


class ToneJudge:
    """Recognises tones by the share of the power below 1 kHz."""

    labels = ("high", "low")
    sample_rate = RATE
    window_samples = N

    def probabilities(self, waves, sample_rate=None):
        power = np.abs(np.fft.rfft(waves)) ** 2
        low = power[:, : power.shape[1] // 4].sum(1) / power.sum(1)
        return np.stack([1 - low, low], axis=1)


@pytest.fixture
def accept() -> ClipFilter:
    rng = np.random.default_rng(1)
    labels = ["high", "low"] * 20
    waves = np.concatenate([decaying_tone(HZ[label], rng) for label in labels])
    return ClipFilter(ToneJudge(), waves, labels, 0.6)


@pytest.fixture
def tones_folder(tmp_path) -> Path:
    rng = np.random.default_rng(2)
    for label, hz in HZ.items():
        for index in range(12):
            path = tmp_path / "sounds" / label / f"{index:02}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, decaying_tone(hz, rng)[0], RATE)
    return tmp_path / "sounds"


def test_filter_leaves_out_copies_outliers_and_other_labels(accept):
    copy = accept.waves[1:2]
    assert accept.score(copy, RATE, "low").distance_db == pytest.approx(0.0, abs=1e-6)
    assert accept.reason(accept.score(copy, RATE, "low"), "low") == "copy"
    assert accept.reason(accept.score(copy, RATE, "high"), "high") == "doubted"
    steady = np.sin(2 * np.pi * np.outer([100, 500, 900], np.arange(N) / RATE)).sum(0, keepdims=True) / 3  # a chord
    assert accept.reason(accept.score(steady, RATE, "low"), "low") == "outlier"
    fresh = [decaying_tone(HZ["low"], np.random.default_rng([3, index])) for index in range(20)]
    assert sum(accept.reason(accept.score(wave, RATE, "low"), "low") is None for wave in fresh) >= 16


def test_limits_are_quantiles_of_the_distances_between_recordings(accept):
    low, high = accept.limits_db["low"]
    assert 0 < low < high
    for distance, reason in ((low * 0.99, "copy"), (low * 1.01, None), (high * 0.99, None), (high * 1.01, "outlier")):
        assert accept.reason(ClipScores(0.9, distance, "low", 0.5), "low") == reason


def test_without_a_judge_clips_of_other_labels_pass(accept):
    high = decaying_tone(HZ["high"], np.random.default_rng(11))
    scores = replace(accept.score(high, RATE, "low"), distance_db=accept.limits_db["low"][1])
    assert accept.reason(scores, "low") == "doubted"
    accept.min_confidence = 0.0
    assert accept.reason(scores, "low") is None


def test_labels_of_few_recordings_have_the_limits_of_all():
    rng = np.random.default_rng(4)
    labels = ["high"] + ["low"] * 3
    waves = np.concatenate([decaying_tone(HZ[label], rng) for label in labels])
    limits = ClipFilter(ToneJudge(), waves, labels, 0.5).limits_db
    assert limits["high"] == limits["low"]
    assert ClipFilter(ToneJudge(), waves[:2], labels[:2], 0.5).limits_db["low"] == (3.0, np.inf)


def test_two_takes_of_one_sound_make_no_outliers_of_all_others():
    rng = np.random.default_rng(5)
    take = decaying_tone(HZ["low"], rng)
    takes = [take, take + 0.0005 * rng.standard_normal(take.shape).astype(np.float32)]
    others = [decaying_tone(HZ["high"], rng) for _ in range(9)]
    accept = ClipFilter(ToneJudge(), np.concatenate(takes + others), ["low"] * 2 + ["high"] * 9, 0.5)
    fresh = [decaying_tone(HZ["low"], np.random.default_rng([6, index])) for index in range(20)]
    assert [accept.reason(accept.score(wave, RATE, "low"), "low") for wave in fresh].count(None) >= 18


def test_clips_are_seeded_counted_and_read_back(accept, tmp_path):
    settings = GeneratedSettings(("tones",), 0.5)
    counts = [
        generate_for(tmp_path / name, [Tones(noise_every=3)], {"high": 6, "low": 4}, settings, accept, 7)
        for name in "ab"
    ]
    assert counts[0].accepted == {"high": 6, "low": 4}
    assert counts[0].rejected["doubted"] > 0
    entries = generated_entries(tmp_path / "a")
    assert Counter(entry.label for entry in entries) == {"high": 6, "low": 4}
    assert {(entry.split, entry.generated_by, entry.group) for entry in entries} == {("train", "tones", None)}
    for entry in entries:
        assert entry.path.read_bytes() == (tmp_path / "b" / entry.path.name).read_bytes()
    record = json.loads((tmp_path / "a" / "manifest.jsonl").read_text().splitlines()[0])
    assert record["confidence"] >= 0.6
    assert record["model_label"] == "HIGH"
    again = read_counts(tmp_path / "a", settings, 7)
    assert again is not None
    assert (again.accepted, again.rejected) == (counts[0].accepted, counts[0].rejected)
    with pytest.raises(BadSetting, match="by other settings"):
        read_counts(tmp_path / "a", replace(settings, ratio=1.0), 7)
    (tmp_path / "a" / "counts.json").write_text("[]")
    with pytest.raises(BadFolder, match="damaged"):
        read_counts(tmp_path / "a", settings, 7)


def test_silent_clips_are_left_out_with_and_without_a_judge(accept, tmp_path):
    class Gaps(Tones):
        def generate(self, label=None, count=1, seed=0, start=0):
            waves = super().generate(label, count, seed, start)
            return [wave * (5e-4 if (start + index) % 3 == 0 else 1.0) for index, wave in enumerate(waves)]

    for min_confidence in (0.3, 0.0):
        accept.min_confidence = min_confidence
        folder = tmp_path / str(min_confidence)
        counts = generate_for(folder, [Gaps()], {"high": 6, "low": 4}, GeneratedSettings(("gaps",)), accept, 7)
        assert counts.accepted == {"high": 6, "low": 4}
        assert counts.rejected["silent"] >= 5
        assert all(np.abs(soundfile.read(entry.path)[0]).max() > 1e-3 for entry in generated_entries(folder))


def test_counts_of_earlier_versions_have_no_silent_clips(accept, tmp_path):
    settings = GeneratedSettings(("tones",))
    generate_for(tmp_path / "a", [Tones()], {"low": 2}, settings, accept, 7)
    path = tmp_path / "a" / "counts.json"
    record = json.loads(path.read_text())
    del record["rejected"]["silent"]
    path.write_text(json.dumps(record))
    assert read_counts(tmp_path / "a", settings, 7).rejected["silent"] == 0


def test_several_models_share_the_clips(accept, tmp_path):
    models = [Tones(name="one"), Tones(("low",), name="two")]
    counts = generate_for(
        tmp_path / "clips", models, {"high": 4, "low": 5}, GeneratedSettings(("one", "two")), accept, 0
    )
    assert counts.accepted == {"high": 4, "low": 5}
    by_model = Counter((entry.generated_by, entry.label) for entry in generated_entries(tmp_path / "clips"))
    assert by_model == {("one", "high"): 4, ("one", "low"): 3, ("two", "low"): 2}


def test_a_filter_that_nothing_passes_is_one_sentence_and_writes_nothing(accept, tmp_path):
    with pytest.raises(
        BadSetting, match=r"None of 20 generated clips passed the filter \(left out: 0 silent, .* 0 copy"
    ):
        generate_for(tmp_path / "c", [Tones(noise_every=1)], {"low": 2}, GeneratedSettings(("t",)), accept, 0)
    assert not (tmp_path / "c").exists()


def test_labels_are_paired_by_name_and_by_the_map():
    assert pair_labels(Tones(), ("high", "low", "mid")) == {"high": "HIGH", "low": "low"}
    assert pair_labels(Tones(), ("mid", "low"), (("HIGH", "mid"),)) == {"mid": "HIGH", "low": "low"}
    with pytest.raises(BadSetting, match="--map-label names 'top'; the labels of the folder are mid"):
        pair_labels(Tones(), ("mid",), (("HIGH", "top"),))
    with pytest.raises(BadSetting, match=r"none match; pair them with --map-label HIGH=bark"):
        pair_labels(Tones(), ("bark", "meow"))
    with pytest.raises(BadModel, match="tones has no labels"):
        pair_labels(Tones(()), ("low",))


@pytest.mark.parametrize(("ratio", "expected"), [(0.01, 1), (0.5, 6), (1.0, 12), (3.0, 36)])
def test_requested_clips_are_a_ratio_of_the_recordings(tones_folder, ratio, expected):
    entries = scan(tones_folder, "folder").entries
    assert requested_clips(entries, ("high", "low", "other"), ratio) == {"high": expected, "low": expected}


def test_batches_draw_generated_clips_by_their_share_and_settings_follow_the_recordings(tones_folder, tmp_path, accept):
    generate_for(tmp_path / "g", [Tones(("low",))], {"low": 24}, GeneratedSettings(("t",), 2.0), accept, 0)
    recordings = scan(tones_folder, "folder").entries
    settings = recipe("tiny")
    settings = replace(settings, data=replace(settings.data, valid_fraction=0.0))
    alone = prepare(settings, recordings, tmp_path / "cache")
    both = prepare(settings, [*recordings, *generated_entries(tmp_path / "g")], tmp_path / "cache")
    assert both.recipe == alone.recipe
    assert len(both.train_entries) == len(alone.train_entries) + 24
    rng = np.random.default_rng(0)
    entries = both.batches.store.entries
    drawn = [entries[both.batches.draw_row(1, rng)] for _ in range(600)]
    assert {entry.label for entry in drawn} == {"low"}
    assert np.mean([entry.generated_by is not None for entry in drawn]) == pytest.approx(2 / 3, abs=0.06)
    assert not any(entries[both.batches.draw_row(0, rng)].generated_by for _ in range(50))


def test_training_with_generated_clips_counts_them_on_the_card_and_resumes(tones_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "load_generator", lambda name: Tones())
    monkeypatch.setattr(loading, "load_classifier", lambda name: ToneJudge())  # a real one would learn too long
    options = {
        "family": "classifier",
        "size": "tiny",
        "label_from": "folder",
        "augment_with": ("tones",),
        "ratio": 0.5,
        "quiet": True,
        "set": ("training.steps=2", "training.threads=1", "data.valid_fraction=0"),
        "out": tmp_path / "run",
    }
    from wavewright.training import train as trainings

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainings, "generate_for", killed)
        with pytest.raises(KeyboardInterrupt):
            train(tones_folder, **options)
    assert not (tmp_path / "run" / "run.json").exists()
    with pytest.raises(BadSetting, match="contains a run already; continue it with --resume"):
        train(tones_folder, **options)
    train(tones_folder, **options, resume=True)
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["training"]["n_clips"] == 24
    assert card["training"]["generated_clips"] == {"tones": 12}
    assert card["sources"][-1]["n_clips"] == 12
    assert card["sources"][-1]["licence"] == "CC0-1.0"
    manifest = (tmp_path / "run" / "generated" / "manifest.jsonl").read_bytes()
    train(tones_folder, **(options | {"set": ("training.steps=3", *options["set"][1:])}), resume=True)
    assert (tmp_path / "run" / "generated" / "manifest.jsonl").read_bytes() == manifest


def test_sources_by_name_folders_and_procedures_among_them(tones_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "load_classifier", lambda name: ToneJudge())
    made = tmp_path / "made" / "rain"
    made.mkdir(parents=True)
    rng = np.random.default_rng(4)
    for index in range(9):
        soundfile.write(made / f"{index}.wav", decaying_tone(HZ["low"], rng)[0], RATE)
    train(
        tones_folder,
        family="classifier",
        size="tiny",
        label_from="folder",
        augment_with=(str(tmp_path / "made"),),
        ratio=5.0,  # more clips than there are
        min_confidence=0.0,
        map_label=("rain=low",),
        quiet=True,
        set=("training.steps=2", "training.threads=1", "data.valid_fraction=0"),
        out=tmp_path / "run",
    )
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert 5 <= card["training"]["generated_clips"]["made"] <= 9
    assert card["sources"][-1]["licence"] == "unknown"
    counts = json.loads((tmp_path / "run" / "generated" / "counts.json").read_text())
    assert counts["requested"] == {"low": 60}
    assert open_source("procedures", ("rain",), ()).labels[0] == "rain"


def labelled_folder(folder, label="low"):
    (folder / label).mkdir(parents=True)
    soundfile.write(folder / label / "0.wav", decaying_tone(HZ["low"], np.random.default_rng(0))[0], RATE)
    return folder


def test_a_model_or_search_goes_before_a_folder_of_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "load_generator", lambda name: f"model {name}")
    monkeypatch.chdir(tmp_path)
    drums = labelled_folder(Path("drums"))
    assert open_source("drums", ("low",), ()) == "model drums"  # the bundled one
    assert open_source(str(drums.resolve()), ("low",), ()).labels == ("low",)
    search = labelled_folder(Path("search"))
    assert open_source("search", ("low",), ()).labels == ("low",)
    (search / "best").mkdir()
    for file in ("tune.json", "best/card.json"):
        (search / file).write_text("{}")
    assert open_source("search", ("low",), ()) == "model search"


def test_sources_of_the_same_name_are_refused(tones_folder, tmp_path, capsys):
    folders = [labelled_folder(tmp_path / name / "made") for name in ("a", "b")]
    given = [text for folder in folders for text in ("--augment-with", str(folder))]
    arguments = ("--out", str(tmp_path / "out"), "--family", "classifier", "--label-from", "folder", *given)
    found = refused(capsys, "train", str(tones_folder), *arguments, "--set", "training.steps=2")
    assert "has 2 sources named 'made'; rename or leave out one" in found
    assert not (tmp_path / "out").exists()


def test_counts_of_before_a_setting_was_added_are_resumed(tmp_path, accept):
    settings = GeneratedSettings(("tones",), min_confidence=0.0)
    accept.limits_db = dict.fromkeys(accept.limits_db, (0.0, np.inf))
    generate_for(tmp_path, [Tones()], {"high": 1}, settings, accept, 0)
    counts = json.loads((tmp_path / "counts.json").read_text())
    del counts["settings"]["match"]
    (tmp_path / "counts.json").write_text(json.dumps(counts))
    assert read_counts(tmp_path, settings, 0).accepted == {"high": 1}
    with pytest.raises(BadSetting, match="other settings"):
        read_counts(tmp_path, replace(settings, match=True), 0)


def test_clips_made_like_recordings_have_their_rate_and_ends(tmp_path, accept):
    accept.limits_db = dict.fromkeys(accept.limits_db, (0.0, np.inf))
    source = Tones()
    source.sample_rate = 2 * RATE  # an octave higher for the judge
    settings = GeneratedSettings(("tones",), min_confidence=0.0, match=True)
    generate_for(tmp_path / "g", [source], {"high": 3, "low": 3}, settings, accept, 0)
    entries = generated_entries(tmp_path / "g")
    assert {(entry.label, entry.sample_rate) for entry in entries} == {("high", RATE), ("low", RATE)}
    again = generate_for(tmp_path / "again", [source], {"high": 3, "low": 3}, settings, accept, 0)
    assert again.settings["match"] is True
    for first, second in zip(entries, generated_entries(tmp_path / "again"), strict=True):
        assert first.path.read_bytes() == second.path.read_bytes()
    with pytest.raises(BadSetting, match="other settings"):
        read_counts(tmp_path / "g", replace(settings, match=False), 0)


def test_errors_are_one_sentence(tones_folder, tmp_path, capsys):
    def error(*arguments: str) -> str:
        return refused(capsys, "train", str(tones_folder), "--out", str(tmp_path / "out"), *arguments)

    steps = ("--set", "training.steps=2")
    classifier = ("--family", "classifier", *steps)
    assert "none match; pair them with --map-label kick=high" in error(*classifier, "--augment-with", "drums")
    assert "the labels of the models are" in error(
        *classifier, "--augment-with", "drums", "--map-label", "bang=low", "--map-label", "kick=high"
    )
    assert "write MODEL=FOLDER" in error(*classifier, "--augment-with", "drums", "--map-label", "kick")
    for option in (("--map-label", "kick=low"), ("--match-recordings",), ("--ratio", "1"), ("--min-confidence", "0")):
        assert f"{option[0]} belongs to --augment-with" in error(*classifier, *option)
    assert "none match; pair them with --map-label rain=high" in error(*classifier, "--augment-with", "procedures")
    (tmp_path / "empty").mkdir()
    assert "holds no sound files" in error(*classifier, "--augment-with", str(tmp_path / "empty"))
    soundfile.write(tmp_path / "empty" / "0.wav", np.full(100, 0.1), RATE)
    assert "which would be their labels" in error(*classifier, "--augment-with", str(tmp_path / "empty"))
    assert "names a model twice" in error(*classifier, "--augment-with", "drums", "--augment-with", "drums")
    assert "--ratio" in error(*classifier, "--augment-with", "drums", "--ratio", "0")
    assert "generates no clips by itself" in error(*classifier, "--augment-with", "drum-classifier")
    assert "is for --family classifier" in error("--family", "gan", *steps, "--augment-with", "drums")
    assert not (tmp_path / "out").exists()
