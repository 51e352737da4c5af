"""Embeddings as a choice of map, similar and evaluate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_families import trained

from wavewright import evaluate, map_clips, similar
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadModel
from wavewright.inference.latent_clips.space import LOG_MEL_SECONDS, open_embedding, open_space
from wavewright.metrics.embeddings import LogMelEmbedding

RATE = 16_000


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """A folder of tones and of noise, and an encoder called ``tiny`` in the model folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    shutil.copytree(trained("encoder").out, tmp_path / "home" / "tiny", ignore=shutil.ignore_patterns("checkpoints"))
    rng, time = np.random.default_rng(0), np.arange(RATE // 2) / RATE
    for number in range(8):
        waves = {"tone": np.sin(2 * np.pi * (300 + 20 * number) * time), "noise": rng.uniform(-1, 1, len(time))}
        for label, wave in waves.items():
            path = tmp_path / "kit" / label / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            Clip(0.5 * wave[None].astype(np.float32), RATE).write(path)
    return tmp_path


@pytest.mark.parametrize("embedding", ["log-mel", "tiny"])
def test_the_nearest_clips_of_a_tone_are_tones(embedding):
    found = similar(Path("kit/tone/0.wav"), Path("kit"), 3, embedding=embedding)
    assert [clip.label for clip in found.clips] == ["tone"] * 3
    assert "kit/tone/0.wav" not in [clip.file for clip in found.clips]
    assert found.model == ("tiny" if embedding == "tiny" else "log-mel")
    assert str(found).startswith("Most similar to")


def test_a_copy_has_distance_0_and_others_some_standard_deviations():
    shutil.copyfile("kit/noise/1.wav", "copy.wav")
    found = similar(Path("copy.wav"), Path("kit"), 16, embedding="tiny")
    assert found.clips[0].file == "noise/1.wav"
    assert found.clips[0].distance == pytest.approx(0, abs=1e-3)
    assert 0.3 < found.clips[-1].distance < 4


def test_a_map_by_an_embedding_is_written(capsys):
    assert run(["map", "kit", "--embedding", "tiny", "--label-from", "folder", "--out", "map.json", "--quiet"]) == 0
    written = json.loads(Path("map.json").read_text(encoding="utf-8"))
    assert written["model"] == "tiny"
    assert len(written["clips"]) == 16
    nearest = [clip["similar"][0]["file"].split("/")[0] == clip["label"] for clip in written["clips"]]
    assert all(nearest)
    assert map_clips(Path("kit"), Path("again.json"), embedding="log-mel", quiet=True).by == "log-mel"


def test_evaluate_compares_by_the_encoder_too():
    report = evaluate(Path("kit"), Path("kit"), label_from="folder", embedding="tiny", skip_cheats=True)
    assert set(report.rows[0].distances) == {"log-mel", "tiny"}


def test_the_scale_of_a_number_does_not_change_distances_by_a_model():
    space = open_space("morph-drums", "tiny")
    rows = np.random.default_rng(0).normal(size=(9, 5))
    distances = space.distances(rows[0], list(rows))
    np.testing.assert_allclose(space.distances(3 * rows[0], list(3 * rows)), distances)
    standardised = rows / rows.std(0)
    np.testing.assert_allclose(distances, np.sqrt(np.square(standardised - standardised[0]).mean(1)))
    assert not space.distances(rows[0], [rows[0], rows[0]]).any()


def test_other_names_are_refused():
    with pytest.raises(BadModel, match="no model"):
        similar(Path("kit/tone/0.wav"), Path("kit"), embedding="nowhere")
    with pytest.raises(BadModel, match="which makes no embeddings; give log-mel, an encoder"):
        open_embedding(str(trained("gan").out), LogMelEmbedding(seconds=LOG_MEL_SECONDS))
