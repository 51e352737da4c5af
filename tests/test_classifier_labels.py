"""Classifiers of any number of labels a clip, and of labels in frames: manifests, targets, pooling, events."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder
from wavewright.data import manifest
from wavewright.data.entry import Entry
from wavewright.families.classifier.config import SIZES
from wavewright.families.classifier.modules import linear_softmax
from wavewright.families.classifier.recipe import prepare, recipe, scores
from wavewright.families.classifier.training import ClassifierNetwork
from wavewright.families.loading import load
from wavewright.inference.recognition.recogniser import moving_mean, overlapped
from wavewright.inference.recognition.report import report_on_sets
from wavewright.inference.recognition.results import LabelConfidence, RecognisedFile
from wavewright.tasks.recognise import recognise
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train

RATE = 4_000
LENGTH = 4_000
TONES_HZ = {"low": 300, "high": 1_200}


def mixture(labels: list[str], rng: np.random.Generator) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:
    """A second of noise with a tone of 0.3 s for each label, and the onsets and offsets."""
    seconds = np.arange(LENGTH) / RATE
    wave = 0.02 * rng.standard_normal(LENGTH)
    spans = {}
    for label in labels:
        onset = rng.uniform(0.05, 0.6)
        inside = (seconds >= onset) & (seconds < onset + 0.3)
        wave += 0.4 * inside * np.sin(2 * np.pi * TONES_HZ[label] * seconds)
        spans[label] = (onset, onset + 0.3)
    return wave, spans


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A manifest of 48 clips of 1 s with none, one or both labels."""
    root = tmp_path_factory.mktemp("mixtures")
    rng = np.random.default_rng(0)
    lines = []
    for index in range(48):
        labels = [[], ["low"], ["high"], ["low", "high"]][index % 4]
        soundfile.write(root / f"{index}.wav", mixture(labels, rng)[0], RATE, subtype="FLOAT")
        split = "valid" if index >= 24 else "train"
        lines.append(json.dumps({"audio_filepath": f"{index}.wav", "labels": labels, "split": split}))
    (root / "manifest.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return root


def test_labels_of_a_manifest_are_lists_or_texts(folder, tmp_path):
    entries = manifest.read(folder / "manifest.jsonl").entries
    assert [entry.all_labels for entry in entries[:4]] == [(), ("low",), ("high",), ("low", "high")]
    for name in ("again.csv", "again.jsonl"):
        manifest.write(folder / name, entries)
        again = manifest.read(folder / name).entries
        (folder / name).unlink()
        assert [entry.all_labels for entry in again] == [entry.all_labels for entry in entries]


@pytest.mark.parametrize("labels", [3, {"a": 1}, ["a\nb"], [["a"]]])
def test_labels_that_are_no_names_are_refused(folder, labels):
    path = folder / "wrong.jsonl"
    path.write_text(json.dumps({"audio_filepath": "0.wav", "labels": labels}), encoding="utf-8")
    with pytest.raises(BadFolder, match="labels"):
        manifest.read(path)


def test_targets_hold_every_label(folder, tmp_path):
    entries = manifest.read(folder / "manifest.jsonl").entries
    base = recipe("tiny")
    data = replace(base.data, mixup_alpha=0.0, label_smoothing=0.0)
    prepared = prepare(replace(base, data=data), entries, tmp_path)
    assert prepared.recipe.model.output == "sigmoid"
    assert prepared.recipe.model.labels == ("high", "low")
    assert {tuple(row) for row in prepared.batches(0)["target"].tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    np.testing.assert_array_equal(prepared.valid_labels[:4], [[0, 0], [0, 1], [1, 0], [1, 1]])


def test_scores_of_several_labels_by_hand():
    measured = scores(np.array([[2.0, -1.0], [1.0, 1.0]]), np.array([[1, 0], [0, 1]]))
    assert measured["accuracy"] == 0.75
    assert measured["balanced_accuracy"] == pytest.approx((1 + 0 + 1 + 1) / 4)
    assert measured["loss"] == pytest.approx(np.log1p(np.exp([-2.0, -1.0, 1.0, -1.0])).mean())


def test_pooling_weights_frames_by_themselves():
    probability = torch.tensor([[[0.9, 0.1, 0.1], [0.5, 0.5, 0.5]]])
    pooled = linear_softmax(probability.logit()).sigmoid()
    torch.testing.assert_close(pooled, torch.tensor([[(0.81 + 0.01 + 0.01) / 1.1, 0.5]]))


def test_the_loss_of_several_labels_is_the_binary_cross_entropy():
    config = replace(SIZES["tiny"], sample_rate=RATE, n_samples=LENGTH, n_fft=256, hop_length=64, n_mels=40)
    torch.manual_seed(0)
    network = ClassifierNetwork(replace(config, labels=("a", "b", "c"), output="frames")).eval()
    target = torch.tensor([[1.0, 0.0, 0.3], [0.0, 1.0, 1.0]])
    masks = {"frequency_mask": torch.ones(2, 40), "time_mask": torch.ones(2, network.config.n_frames)}
    wave = torch.randn(2, LENGTH)
    loss = network.turns(0)[0][1]({"wave": wave, "target": target, **masks})["class/cross_entropy"]
    logits, _, frames = network(wave)
    assert frames.shape == (2, 3, network.config.n_frames)
    p = logits.sigmoid()
    torch.testing.assert_close(loss, -(target * p.log() + (1 - target) * (1 - p).log()).mean())


def test_overlapping_windows_agree_where_they_hold_the_same():
    frames = np.random.default_rng(0).standard_normal((2, 23))
    windows = [frames[:, start : start + 11] for start in (0, 4, 8, 12)]
    np.testing.assert_allclose(overlapped(windows, 4), frames.T)


def test_the_moving_mean_equals_numpy():
    values = np.random.default_rng(1).standard_normal((9, 2))
    expected = [values[max(0, i - 2) : i + 3].mean(0) for i in range(9)]
    np.testing.assert_allclose(moving_mean(values, 5), expected)
    np.testing.assert_array_equal(moving_mean(values, 0), values)


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory) -> Path:
    """A classifier of frames, trained for a few seconds on labels of whole clips."""
    out = tmp_path_factory.mktemp("runs") / "events"
    settings = ["output=frames", "steps=300", "threads=1", "precision=float32", "warmup_steps=5", "evaluate_every=40"]
    settings += ["batch_size=8"]
    settings += ["learning_rate=0.01", "ema_decay=0.9", "align=false", "mixup_alpha=0", "hop_length=64", "n_fft=256"]
    settings += ["curve_db=0.5", "slowest=0.97", "fastest=1.03", "drive_probability=0", "room_probability=0"]
    settings += ["label_smoothing=0.1", "mask_probability=0.8"]
    manifest_path = folder / "manifest.jsonl"
    train(TrainParameters(manifest_path, "classifier", "tiny", out, label_from=None, set=settings, quiet=True))
    return out


def test_events_are_located_by_labels_of_clips_alone(trained, tmp_path):
    assert load(trained).card.metrics["valid/balanced_accuracy"] > 0.9
    rng = np.random.default_rng(7)
    pieces = [mixture(["low"], rng), mixture([], rng), mixture(["high"], rng), mixture([], rng)]
    soundfile.write(tmp_path / "long.wav", np.concatenate([wave for wave, _ in pieces]), RATE, subtype="FLOAT")
    [file] = recognise(str(trained), tmp_path / "long.wav", events=True, quiet=True).sounds
    assert {each.label for each in file.labels} == {"low", "high"}
    for label, second in (("low", 0), ("high", 2)):
        onset, offset = (second + time for time in pieces[second][1][label])
        overlaps = [min(e.offset, offset) - max(e.onset, onset) for e in file.events if e.label == label]
        assert max(overlaps, default=0) > 0.1


def test_a_report_compares_sets_of_labels(trained, folder, tmp_path, capsys):
    plot = tmp_path / "report.png"
    assert run(["recognise", str(trained), str(folder), "--report", "--plot", str(plot), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["details"]
    assert (report["n_files"], report["n_unknown"]) == (48, 0)
    assert [score["n_clips"] for score in report["scores"]] == [24, 24]
    assert report["balanced_accuracy"] > 0.8
    assert sum(report["calibration"]["counts"]) == 2 * 48
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_a_report_of_sets_by_hand():
    def result(name: str, low: float, high: float) -> RecognisedFile:
        labels = (LabelConfidence("low", low), LabelConfidence("high", high))
        best = "low" if low >= high else "high"
        label = best if max(low, high) >= 0.5 else None
        return RecognisedFile(label, max(low, high), labels, 0.0, 1.0, file=Path(name))

    def recording(name: str, *labels: str) -> Entry:
        first, more = (labels[0], labels[1:]) if labels else (None, ())
        return Entry(Path(name), first, None, 1.0, RATE, 1, RATE, more_labels=more)

    entries = [recording("a", "low"), recording("b", "low", "high"), recording("c"), recording("d", "other")]
    files = [result("a", 0.9, 0.6), result("b", 0.8, 0.3), result("c", 0.1, 0.2), result("d", 0.4, 0.1)]
    report = report_on_sets(("low", "high"), entries, files, {}, "model", "hash")
    assert (report.n_files, report.n_unknown, report.unknown_rejected) == (3, 1, 1.0)
    assert report.accuracy.value == pytest.approx(1 / 3)  # c alone is right in both labels
    assert report.confusion == ((2, 1), (1, 0))
    assert report.balanced_accuracy == 0.5  # low twice of two, high never of one
    assert report.rejected == 0.0
    assert [(each.file.name, each.label, each.recognised) for each in report.mistakes] == [
        ("b", "low|high", "no high"),
        ("a", "low", "high"),
    ]
    with pytest.raises(BadFolder, match="knows the labels low, high"):
        report_on_sets(("low", "high"), entries[3:], files[3:], {}, "model", "hash")
