"""The verb `detect`: files, folders, keys, JSON and errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

import wavewright
from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder
from wavewright.models.folder import ModelFolder
from wavewright.outputs.watermark.marking import mark_wave
from wavewright.outputs.watermark.payload import Payload
from wavewright.tasks.detect import models_of

RATE = 16_000
PAYLOAD = Payload(0xABC)


def texture(seconds: float, seed: int = 0) -> np.ndarray:
    """Return noise with a changing level ``(1, time)``."""
    rng = np.random.default_rng(seed)
    n_samples = int(seconds * RATE)
    level = 0.05 * (1.2 + np.sin(np.arange(n_samples) / RATE * 9 + seed))
    return (rng.standard_normal((1, n_samples)) * level).astype(np.float32)


@pytest.fixture
def marked_file(tmp_path):
    return Clip(mark_wave(texture(4.0), RATE, PAYLOAD), RATE).write(tmp_path / "marked.wav")


def test_a_marked_file_is_detected(marked_file):
    found = wavewright.detect(marked_file, quiet=True).sounds[0]
    assert found.is_marked
    assert (found.model, found.version, found.speed) == ("abc", 1, 1.0)
    assert found.marked_seconds == pytest.approx(4.0, abs=0.6)
    assert found.p_value < 1e-9
    assert str(found).startswith(f"{marked_file}: marked, model abc...")
    assert "of 4.0 s" in str(found)


def test_an_unmarked_file_and_another_key_are_not(tmp_path, marked_file):
    plain = Clip(texture(4.0), RATE).write(tmp_path / "plain.flac")
    for detected in (wavewright.detect(plain, quiet=True), wavewright.detect(marked_file, "mine", quiet=True)):
        [found] = detected.sounds
        assert not found.is_marked
        assert found.model is found.version is None
        assert str(found).endswith(": no mark with this key")


def test_the_same_speed_alone(tmp_path):
    wave = mark_wave(texture(4.0), RATE, PAYLOAD)
    faster = Clip(wave, 16_160).write(tmp_path / "faster.wav")
    assert not wavewright.detect(faster, same_speed=True, quiet=True).sounds[0].is_marked
    found = wavewright.detect(faster, quiet=True).sounds[0]
    assert found.speed == pytest.approx(1.01, abs=1e-4)
    assert "played at 1.01" in str(found)


def test_short_clips_of_a_folder_are_detected_together(tmp_path):
    for index in range(24):
        Clip(mark_wave(texture(0.25, index), RATE, PAYLOAD), RATE).write(tmp_path / f"{index:02d}.wav")
    found = wavewright.detect(tmp_path, same_speed=True, quiet=True)
    assert len(found.sounds) == 24
    assert sum(each.is_marked for each in found.sounds) < 12
    assert found.together.is_marked
    assert found.together.model == "abc"
    assert "together: marked, model abc..." in str(found)


def test_a_folder_lists_marked_files_and_unread_ones(tmp_path, capsys):
    (tmp_path / "deep").mkdir()
    Clip(mark_wave(texture(3.0), RATE, PAYLOAD), RATE).write(tmp_path / "deep" / "marked.ogg")
    Clip(texture(3.0, 1), RATE).write(tmp_path / "plain.wav")
    (tmp_path / "broken.wav").write_bytes(b"RIFF no")
    assert run(["detect", str(tmp_path), "--same-speed", "--json", "--quiet"]) == 2
    result = json.loads(capsys.readouterr().out)
    assert [each["is_marked"] for each in result["details"]["sounds"]] == [True, False]
    assert len(result["failed"]) == 1
    together = result["details"]["together"]
    assert not together["is_marked"] or together["model"] == "abc"


def test_one_file_of_a_folder_is_not_searched_twice(tmp_path, marked_file):
    found = wavewright.detect(tmp_path, quiet=True)
    assert found.together is None
    assert f"{marked_file}: marked" in str(found)


def test_bad_files_and_folders_are_refused(tmp_path, capsys):
    with pytest.raises(BadAudio):
        wavewright.detect(tmp_path / "none.wav")
    with pytest.raises(BadFolder):
        wavewright.detect(tmp_path)
    (tmp_path / "text.wav").write_text("no sound")
    assert run(["detect", str(tmp_path / "text.wav")]) == 2
    assert "text.wav" in capsys.readouterr().err


def test_models_are_named_by_their_hash():
    name = models.bundled()[0]
    model_hash = ModelFolder(models.find(name)).hash
    assert name in models_of(Payload.of_model(model_hash))
