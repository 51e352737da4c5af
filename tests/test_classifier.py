"""The classifier family: shapes, gradients, learning, pure batches, warm start, and export equals training."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch

from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting
from wavewright.base.ranges import ranges_of
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.folder import scan
from wavewright.families.classifier import CLASSIFIER
from wavewright.families.classifier.batches import ClassBatches, ClassifierDataSettings
from wavewright.families.classifier.config import LAST_LAYER, METRICS, SIZES, ClassifierConfig
from wavewright.families.classifier.features import fixed_length, log_mel_spectrogram
from wavewright.families.classifier.modules import SubSpectralNorm
from wavewright.families.classifier.recipe import (
    ClassifierPrepared,
    ClassifierRecipe,
    fine_tuning,
    prepare,
    recipe,
    scores,
)
from wavewright.families.classifier.runtime import ClassifierRuntime, softmax
from wavewright.families.classifier.training import ClassifierNetwork, ClassifierTraining, logits_of
from wavewright.families.loading import load
from wavewright.models.card import CARD_FILE, Card
from wavewright.models.folder import ModelFolder
from wavewright.training.export import export_copy, export_model
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train

SAMPLE_RATE = 8_000
LABELS = ("high", "low", "noise")
TINY = ClassifierConfig(
    sample_rate=SAMPLE_RATE, n_samples=2_000, labels=LABELS, n_fft=256, hop_length=64, n_mels=40, width=1
)


def decaying(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``n`` decaying clips ``(n, 2000)`` and the indices of their labels in turn: high tones, low tones, noise."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(TINY.n_samples) / SAMPLE_RATE
    waves, labels = [], []
    for index in range(n):
        pitch_hz = rng.uniform(1_500, 3_000) if index % 3 == 0 else rng.uniform(100, 400)
        wave = rng.standard_normal(TINY.n_samples) if index % 3 == 2 else np.sin(2 * np.pi * pitch_hz * seconds)
        wave = wave * np.exp(-seconds / rng.uniform(0.02, 0.1))
        waves.append(0.5 * wave / np.abs(wave).max())
        labels.append(index % 3)
    return np.array(waves, dtype=np.float32), np.array(labels)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """A folder of 36 clips, 12 a label."""
    folder = tmp_path_factory.mktemp("corpus")
    waves, labels = decaying(36)
    for index, (wave, label) in enumerate(zip(waves, labels, strict=True)):
        path = folder / LABELS[label] / f"{index:02}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, wave, SAMPLE_RATE, subtype="FLOAT")
    return folder


def tiny_recipe(**training) -> ClassifierRecipe:
    return ClassifierRecipe(
        model=TINY, data=ClassifierDataSettings(valid_fraction=0.3), training=TrainingSettings(batch_size=6, **training)
    )


def prepared_from(corpus: Path, cache: Path, **training) -> ClassifierPrepared:
    return prepare(tiny_recipe(**training), scan(corpus, "folder").entries, cache)


@pytest.fixture(scope="module")
def prepared(corpus, tmp_path_factory) -> ClassifierPrepared:
    return prepared_from(corpus, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory) -> Path:
    """A classifier of tones and noise, trained for a few seconds."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    settings = ["sample_rate=8000", "n_samples=2000", "n_fft=256", "hop_length=64", "n_mels=40", "valid_fraction=0.3"]
    settings += [
        "steps=60",
        "threads=1",
        "warmup_steps=5",
        "evaluate_every=30",
        "batch_size=12",
        "learning_rate=0.01",
        "ema_decay=0.9",
    ]
    train(TrainParameters(corpus, "classifier", "tiny", out, label_from="folder", set=settings, quiet=True))
    return out


@pytest.fixture(scope="module")
def runtime(trained) -> ClassifierRuntime:
    return load(trained)


def tensors(batch: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in batch.items()}


@pytest.mark.parametrize("size", SIZES)
def test_shapes_of_every_size(size):
    config = replace(SIZES[size], labels=tuple("abcde"))
    network = ClassifierNetwork(config).eval()
    assert sum(parameter.numel() for parameter in network.parameters()) < 350_000
    with torch.no_grad():
        logits, embedding = network(torch.zeros(2, config.n_samples))
    assert logits.shape == (2, 5)
    assert embedding.shape == (2, config.embedding_size)


@pytest.mark.parametrize(("sample_rate", "n_samples"), [(16_000, 16_000), (8_000, 300), (44_100, 6_001)])
def test_any_rate_and_length(sample_rate, n_samples):
    config = replace(TINY, sample_rate=sample_rate, n_samples=n_samples)
    with torch.no_grad():
        logits, _ = ClassifierNetwork(config).eval()(torch.randn(1, n_samples))
    assert logits.shape == (1, 3)


def test_sub_bands_are_normalised_apart():
    hidden = torch.randn(8, 2, 10, 7) * torch.arange(1, 11).view(1, 1, 10, 1) + torch.arange(10).view(1, 1, 10, 1)
    normal = SubSpectralNorm(2, 5)(hidden)
    for band in range(5):
        values = normal[:, :, 2 * band : 2 * band + 2]
        assert values.mean((0, 2, 3)).abs().max() < 1e-5
        assert (values.var((0, 2, 3), unbiased=False) - 1).abs().max() < 1e-3


def test_a_step_gives_every_parameter_a_gradient_and_names_its_loss(prepared):
    torch.manual_seed(0)
    network = ClassifierNetwork(prepared.recipe.model).train()
    [(player, loss_function)] = network.turns(0)
    losses = loss_function(tensors(prepared.batches(0)))
    assert losses.keys() == network.loss_weights(0).keys() == {"class/cross_entropy"}
    losses["class/cross_entropy"].backward()
    without = [
        name for name, p in network.players()[player].named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert without == []


def test_the_loss_is_the_cross_entropy(prepared):
    torch.manual_seed(0)
    network = ClassifierNetwork(prepared.recipe.model).eval()
    batch = tensors(prepared.batches(3)) | {
        "frequency_mask": torch.ones(6, 40),
        "time_mask": torch.ones(6, TINY.n_frames),
    }
    loss = network.turns(0)[0][1](batch)["class/cross_entropy"]
    expected = torch.nn.functional.cross_entropy(network(batch["wave"])[0], batch["target"])
    torch.testing.assert_close(loss, expected)


def test_it_overfits_one_batch(prepared):
    torch.manual_seed(0)
    network = ClassifierNetwork(replace(prepared.recipe.model, dropout=0.0)).train()
    batch = tensors(prepared.batches(0)) | {"target": torch.eye(3).repeat(2, 1)}
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for step in range(60):
        loss = network.turns(step)[0][1](batch)["class/cross_entropy"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02


def test_the_level_has_no_influence_and_silence_is_zero():
    bc_resnet = ClassifierNetwork(TINY).bc_resnet
    wave = decaying(1)[0][0]
    loud, quiet = (
        bc_resnet.normalise(torch.from_numpy(log_mel_spectrogram(scale * wave, TINY))[None]) for scale in (1.0, 0.3)
    )
    assert loud.max() == 1
    assert (loud - quiet).abs().max() < 1e-3
    silence = np.zeros(TINY.n_samples, np.float32)
    silent = bc_resnet.normalise(torch.from_numpy(log_mel_spectrogram(silence, TINY))[None])
    assert silent.abs().max() < 1e-6


def test_the_spectrogram_in_numpy_equals_that_in_torch():
    network = ClassifierNetwork(TINY)
    for wave in decaying(6)[0]:
        in_torch = network.log_mel(torch.from_numpy(wave)[None])
        in_numpy = torch.from_numpy(log_mel_spectrogram(wave, TINY))[None]
        normalise = network.bc_resnet.normalise
        torch.testing.assert_close(normalise(in_numpy), normalise(in_torch), atol=1e-4, rtol=0)


def test_silence_after_a_clip_does_not_count():
    torch.manual_seed(0)
    bc_resnet = ClassifierNetwork(TINY).bc_resnet.eval()
    spectrogram = torch.zeros(1, 40, TINY.n_frames)
    spectrogram[..., 5] = 1.0
    with torch.no_grad():
        short = bc_resnet.classify(spectrogram)[1]
        long = bc_resnet.classify(torch.cat([spectrogram, torch.zeros(1, 40, 200)], 2))[1]
    torch.testing.assert_close(short, long, rtol=0.03, atol=1e-3)


def test_batches_depend_on_seed_and_step_alone(corpus, tmp_path):
    once, again = (prepared_from(corpus, tmp_path).batches for _ in range(2))
    again(4)  # what was drawn before must not matter
    for step in (0, 7):
        for name, value in once(step).items():
            np.testing.assert_array_equal(value, again(step)[name])
    other = prepared_from(corpus, tmp_path, seed=1).batches
    assert not np.array_equal(once(0)["wave"], once(1)["wave"])
    assert not np.array_equal(once(0)["wave"], other(0)["wave"])


def test_batches_hold_every_class_alike(prepared):
    batch = prepared.batches(0)
    assert batch["wave"].shape == (6, TINY.n_samples)
    assert batch["wave"].dtype == batch["target"].dtype == np.float32
    np.testing.assert_allclose(batch["target"].sum(1), 1, rtol=1e-6)
    data = replace(prepared.recipe.data, mixup_alpha=0.0, label_smoothing=0.0)
    pure = ClassBatches(prepared.batches.store, range(36), replace(prepared.recipe, data=data))(0)
    np.testing.assert_array_equal(pure["target"].sum(0), [2, 2, 2])  # six clips, three classes
    assert batch["target"].min() >= 0.05 / 3 - 1e-6
    assert set(np.unique(batch["frequency_mask"])) <= {0.0, 1.0}
    assert batch["frequency_mask"].mean(1).min() >= 1 - 2 * 0.2
    assert batch["time_mask"].shape == (6, TINY.n_frames)


def test_a_group_is_drawn_by_the_root_of_its_size(corpus, tmp_path):
    entries = [replace(entry, split="train", group=str(entry.label)) for entry in scan(corpus, "folder").entries]
    entries[0] = replace(entries[0], group="alone")  # a group of one clip beside one of eleven
    batches = prepare(tiny_recipe(), entries, tmp_path).batches
    label = LABELS.index(str(entries[0].label))
    assert [len(rows) for rows in batches.groups[label]] == [1, 11]
    np.testing.assert_allclose(batches.group_probabilities[label], np.array([1, 11**0.5]) / (1 + 11**0.5))


def test_soft_onsets_stay_where_recordings_are_not_aligned(tmp_path):
    hiss, vowel = (
        0.01 * np.random.default_rng(0).standard_normal(800),
        np.sin(2 * np.pi * 150 * np.arange(1_000) / SAMPLE_RATE),
    )
    for index in range(6):
        path = tmp_path / "words" / LABELS[index % 3] / f"{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.5 * np.concatenate([hiss, vowel]), SAMPLE_RATE, subtype="FLOAT")
    entries = [replace(entry, split="train") for entry in scan(tmp_path / "words", "folder").entries]
    whole = prepare(replace(tiny_recipe(), data=ClassifierDataSettings(align=False)), entries, tmp_path / "whole")
    aligned = prepare(tiny_recipe(), entries, tmp_path / "aligned")
    loud = [int(np.argmax(np.abs(data.batches.store[0][0]) > 0.1)) for data in (whole, aligned)]
    assert loud[0] == pytest.approx(800, abs=10)  # the start of the vowel
    assert loud[1] < 50


def test_scores_by_hand():
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.4, 0.1]]))
    measured = scores(logits, np.array([0, 1, 1]))
    assert measured["loss"] == pytest.approx(-(np.log(0.7) + np.log(0.8) + np.log(0.4)) / 3)
    assert measured["accuracy"] == pytest.approx(2 / 3)
    assert measured["balanced_accuracy"] == pytest.approx((1 + 0.5) / 2)


def test_it_learns_to_separate_tones_from_noise(runtime):
    waves, labels = decaying(30, seed=9)
    assert (runtime.probabilities(waves, SAMPLE_RATE).argmax(1) == labels).mean() >= 0.9
    assert runtime.labels == LABELS
    assert runtime.card.metrics["valid/accuracy"] >= 0.9


@pytest.fixture(scope="module")
def twins(prepared, tmp_path_factory) -> tuple[torch.nn.Module, ClassifierRuntime]:
    """A network with random weights and statistics, rounded as stored, and the runtime that it was exported to."""
    torch.manual_seed(3)
    network = ClassifierNetwork(prepared.recipe.model).train()
    with torch.no_grad():
        network(torch.from_numpy(decaying(12, seed=4)[0]))  # moves the running statistics
    card = Card(
        name="twin",
        family="classifier",
        config=asdict(TINY),
        labels=list(LABELS),
        sample_rate=SAMPLE_RATE,
        licence="CC0-1.0",
    )
    folder = tmp_path_factory.mktemp("twin")
    export_model(folder, card, ClassifierTraining().export(network.eval().bc_resnet, prepared))
    return export_copy(network), load(folder)


def test_the_runtime_equals_the_network(twins):
    network, runtime = twins
    waves = decaying(9, seed=5)[0]
    with torch.no_grad():
        logits, embedding = network(torch.from_numpy(np.array([fixed_length(wave, TINY) for wave in waves])))
    probabilities, embeddings = runtime.classify(waves)
    np.testing.assert_allclose(embeddings, embedding.numpy(), atol=1e-4)
    np.testing.assert_allclose(probabilities, logits.softmax(1).numpy(), atol=1e-4)
    np.testing.assert_array_equal(runtime.embed(waves, SAMPLE_RATE), embeddings)
    np.testing.assert_array_equal(runtime.probabilities(waves), probabilities)


def test_probabilities_sum_to_one(twins):
    np.testing.assert_allclose(twins[1].probabilities(decaying(5)[0]).sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])), [[1, 0], [0.5, 0.5]])


def test_the_other_clips_of_a_call_change_nothing(twins):
    waves = decaying(7)[0]
    probabilities, embeddings = twins[1].classify(waves)
    for i in range(7):
        one = twins[1].classify(waves[i : i + 1])
        np.testing.assert_array_equal(one[0][0], probabilities[i])
        np.testing.assert_array_equal(one[1][0], embeddings[i])
    assert twins[1].embed(waves[:0]).shape == (0, TINY.embedding_size)


def test_evaluation_has_no_batch_effect(twins):
    network, waves = twins[0], decaying(40)[0]
    np.testing.assert_allclose(
        logits_of(network.bc_resnet, waves)[35], logits_of(network.bc_resnet, waves[35:36])[0], atol=1e-5
    )


def test_short_and_long_clips_and_other_rates(twins):
    runtime, wave = twins[1], decaying(1)[0]
    padded = np.pad(wave[:, :900], ((0, 0), (0, 1_100)))
    np.testing.assert_array_equal(runtime.embed(wave[:, :900]), runtime.embed(padded))
    np.testing.assert_array_equal(runtime.embed(np.tile(wave, 2)), runtime.embed(wave))
    doubled = soxr.resample(wave[0], SAMPLE_RATE, 2 * SAMPLE_RATE)[None]
    np.testing.assert_allclose(runtime.probabilities(doubled, 2 * SAMPLE_RATE), runtime.probabilities(wave), atol=0.02)


def test_waves_of_other_shapes_or_with_nan_are_refused(twins):
    for wrong in (np.zeros(5), np.zeros((1, 2, 3)), np.zeros((2, 0)), np.full((1, 10), np.nan), np.zeros((1, 5), int)):
        with pytest.raises(BadAudio, match=r"The waves have shape .*; they must be \(n, time\)"):
            twins[1].probabilities(wrong)
    with pytest.raises(BadSetting, match="sample rate"):
        twins[1].probabilities(np.zeros((1, 10)), 0)


@pytest.mark.parametrize("change", [{"wideness": 3}, {"width": "wide"}, {"n_samples": 0}, {"n_samples": 5_000}])
def test_a_card_that_no_classifier_can_have_is_refused(twins, tmp_path, change):
    folder = shutil.copytree(twins[1].folder.path, tmp_path / "copy")
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["config"] |= change
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(BadModel):
        load(folder)


@pytest.mark.parametrize(
    ("kind", "free"),
    [
        (ClassifierConfig, {"n_samples", "hop_length", "n_mels", "f_min_hz"}),
        (ClassifierDataSettings, set()),
    ],
)
def test_every_number_has_a_range(kind, free):
    assert ranges_of(kind).keys() | free == {field.name for field in fields(kind) if field.type in ("int", "float")}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"n_mels": 50}, "n_mels is 50; with 5 sub-bands it must be a multiple of 40."),
        ({"n_mels": 32, "sub_bands": 2}, "n_mels is 32; it must lie between 40 and 1024."),
        ({"n_samples": 80}, "n_samples is 80; it must lie between 160 and 480000."),
        ({"hop_length": 257}, "hop_length is 257; it must lie between 8 and 256."),
        ({"f_min_hz": 3_000.0}, "f_min_hz is 3000.0; it must lie between 0.0 and 2000.0."),
        ({"labels": ("a", "a")}, "labels are 'a', 'a'; each needs a name of its own."),
    ],
)
def test_numbers_that_do_not_fit_each_other_are_refused(change, sentence):
    with pytest.raises(BadSetting) as refused:
        replace(TINY, **change)
    assert str(refused.value) == sentence


def test_settings_that_no_classifier_has_are_refused():
    with pytest.raises(
        BadSetting, match=r"^metric is 'distance'; a classifier is measured by valid/loss, valid/accuracy"
    ):
        tiny_recipe(metric="distance")
    with pytest.raises(BadSetting, match=r"^slowest is 2\.0 and fastest 1\.18"):
        ClassifierDataSettings(slowest=2.0)
    assert {f"valid/{name}" for name in scores(np.zeros((1, 2)), np.zeros(1, int))} == set(METRICS)


def test_folders_without_two_labels_are_refused(corpus, tmp_path):
    entries = scan(corpus, "folder").entries
    with pytest.raises(BadFolder, match="two labels"):
        prepare(recipe("tiny"), [entry for entry in entries if entry.label == "low"], tmp_path)
    with pytest.raises(BadFolder, match="'snare'"):
        prepare(replace(tiny_recipe(), model=replace(TINY, labels=("low", "snare"))), entries, tmp_path)


def test_labels_with_too_few_clips_are_left_out(corpus, tmp_path):
    entries = [replace(entry, split="train") for entry in scan(corpus, "folder").entries]
    entries = [entry for entry in entries if entry.label != "low"] + [
        next(entry for entry in entries if entry.label == "low")
    ]
    data = prepare(replace(tiny_recipe(metric="valid/loss"), model=replace(TINY, labels=())), entries, tmp_path)
    assert data.recipe.model.labels == ("high", "noise")
    assert [problem.what for problem in data.failed] == [entries[-1].path]
    assert data.recipe.training.metric == ""  # nothing to validate on
    assert ClassifierTraining().evaluate(ClassifierNetwork(data.recipe.model).bc_resnet, data) == {}


def test_a_run_starts_from_a_base_with_other_labels(corpus, trained, tmp_path):
    others = shutil.copytree(corpus, tmp_path / "others")
    (others / "low").rename(others / "deep")
    base = ModelFolder(trained)
    assert fine_tuning(base).model == replace(base.config(ClassifierConfig), labels=())
    settings = ["steps=1", "threads=1", "learning_rate=1e-9", "weight_decay=0", "ema_decay=0"]
    train(
        TrainParameters(
            others,
            "classifier",
            "tiny",
            tmp_path / "mine",
            label_from="folder",
            set=settings,
            quiet=True,
            from_=str(trained),
        )
    )
    mine, known = ModelFolder(tmp_path / "mine").weights(), base.weights()
    assert mine.keys() == known.keys()
    high, noise = LABELS.index("high"), LABELS.index("noise")
    for name in (f"classifier.{name}" for name in LAST_LAYER):
        expected = np.stack([known[name].mean(0), known[name][high], known[name][noise]])  # deep, high, noise
        np.testing.assert_allclose(mine.pop(name), expected, atol=1e-3)
    for name, weight in mine.items():
        if "running" not in name:  # the statistics of one batch of other recordings
            np.testing.assert_allclose(weight, known[name], atol=1e-3, err_msg=name)
    assert CLASSIFIER.new_tables(base, replace(TINY, labels=("deep", "high", "noise")))
    assert not CLASSIFIER.new_tables(base, TINY)
