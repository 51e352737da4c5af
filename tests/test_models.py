"""Model folders: found by name in a fixed order, checked before they play, refused with one clear sentence."""

from __future__ import annotations

import os
import re
import shutil
import sys

import numpy as np
import onnx
import pytest
from tiny_models import change_card, sign_again

from wavewright import families, models
from wavewright.base.errors import BadModel, BadSetting
from wavewright.families import loading
from wavewright.models.card import Card
from wavewright.models.folder import ModelFolder, write_card


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Empty folders for runs, the user's own models and the bundled ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    return tmp_path


def test_names_are_found_in_order_path_runs_home_bundled(tiny_gan, folders):
    for name in ("bundled", "home", "runs"):
        shutil.copytree(tiny_gan, folders / name / "tiny")
        assert models.find("tiny").resolve() == folders / name / "tiny"
        assert models.names() == ["tiny"]
    shutil.copytree(tiny_gan, folders / "tiny")
    assert models.find("tiny").resolve() == folders / "tiny"
    assert models.find(folders / "home" / "tiny") == folders / "home" / "tiny"
    assert models.bundled() == ["tiny"]


def test_a_folder_that_is_no_model_does_not_hide_one(tiny_gan, folders):
    shutil.copytree(tiny_gan, folders / "bundled" / "drums")
    (folders / "drums").mkdir()
    assert models.find("drums") == folders / "bundled" / "drums"


def test_a_search_for_settings_stands_for_its_best_run(tiny_gan, folders):
    search = folders / "runs" / "search"
    shutil.copytree(tiny_gan, search / "best")
    assert "search" not in models.names()  # it has no result yet
    with pytest.raises(BadModel):
        models.find("search")
    (search / "tune.json").write_text("{}")
    assert "search" in models.names()
    assert models.find("search").resolve() == models.find(search) == search / "best"
    shutil.rmtree(search / "best")
    assert "search" not in models.names()


def test_unknown_names_get_the_nearest(tiny_gan, folders):
    shutil.copytree(tiny_gan, folders / "bundled" / "drums")
    with pytest.raises(BadModel, match=r"no model 'drum'; the nearest are drums; `wavewright models` lists all"):
        loading.load("drum")
    with pytest.raises(BadModel, match=r"^There is no model 'qqq'; `wavewright models` lists all\.$"):
        loading.load("qqq")
    with pytest.raises(BadModel, match="There is no model folder"):
        loading.load("nowhere/drums")
    with pytest.raises(BadModel, match=r"is not a model folder: it has no card\.json"):
        loading.load(folders)


def test_user_folder_without_the_variable_is_the_platforms(monkeypatch):
    import platformdirs

    monkeypatch.delenv("WAVEWRIGHT_HOME", raising=False)
    assert models.search_path()[1] == platformdirs.user_data_path("wavewright", appauthor=False) / "models"


def test_the_hash_names_the_weights(tiny_gan, copied_gan):
    folder = ModelFolder(tiny_gan)
    assert re.fullmatch("[0-9a-f]{12}", folder.hash)
    change_card(copied_gan, description="other words")
    assert ModelFolder(copied_gan).hash == folder.hash
    (copied_gan / "sample.ogg").write_bytes(b"other sound")
    sign_again(copied_gan)
    assert ModelFolder(copied_gan).hash == folder.hash  # a sound to listen to is no part of what plays
    (copied_gan / "generator.onnx").write_bytes(b"other graph")
    sign_again(copied_gan)
    assert ModelFolder(copied_gan).hash != folder.hash


def test_a_changed_file_is_refused(copied_gan):
    weights = copied_gan / "weights.safetensors"
    contents = bytearray(weights.read_bytes())
    contents[-1] ^= 1
    weights.write_bytes(contents)
    with pytest.raises(
        BadModel, match=r"weights\.safetensors is not the file that its card describes \(SHA-256 differs\)"
    ):
        loading.load(copied_gan)


@pytest.mark.parametrize("name", ["weights.safetensors", "generator.onnx", "sample.ogg"])
def test_a_missing_file_is_refused(copied_gan, name):
    (copied_gan / name).unlink()
    with pytest.raises(BadModel, match=f"{name} is missing"):
        loading.load(copied_gan)


@pytest.mark.parametrize("keep", [0, 1, 100, 5_000])
@pytest.mark.parametrize("name", ["weights.safetensors", "generator.onnx"])
def test_a_truncated_file_with_a_right_hash_is_refused(copied_gan, name, keep):
    contents = (copied_gan / name).read_bytes()
    assert keep < len(contents)
    (copied_gan / name).write_bytes(contents[:keep])
    sign_again(copied_gan)
    with pytest.raises(BadModel, match=r"generator\.onnx") as refusal:
        loading.load(copied_gan)
    assert len(str(refusal.value)) < 400 + len(str(copied_gan))
    assert "::" not in str(refusal.value)  # no names of C++ functions


def test_folders_that_only_look_like_models_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "odd" / "card.json").mkdir(parents=True)
    assert "odd" not in models.names()


def test_a_weight_of_another_shape_is_refused(copied_gan):
    weights = copied_gan / "weights.safetensors"
    contents = weights.read_bytes()
    assert contents.count(b'"shape":[3,4]') == 1
    weights.write_bytes(contents.replace(b'"shape":[3,4]', b'"shape":[4,3]'))
    sign_again(copied_gan)
    expected = (
        r"generator\.onnx needs the weight generator\.labels\.weight with shape \[3, 4\], which .* has shape \[4, 3\]"
    )
    with pytest.raises(BadModel, match=expected):
        loading.load(copied_gan)


def test_a_weight_that_is_missing_is_refused(copied_gan):
    weights = copied_gan / "weights.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b"generator.labels.weight", b"generator.labels.height"))
    sign_again(copied_gan)
    with pytest.raises(BadModel, match=r"generator\.labels\.weight .* is missing"):
        loading.load(copied_gan)


@pytest.mark.parametrize("header", [b"garbage{", b"[1, 2, 3]"])
def test_a_damaged_list_of_weights_is_refused(copied_gan, header):
    graph, weights = copied_gan / "generator.onnx", copied_gan / "weights.safetensors"
    contents = weights.read_bytes()
    n_bytes = int.from_bytes(contents[:8], "little")
    weights.write_bytes(contents[:8] + header.ljust(n_bytes) + contents[8 + n_bytes :])
    sign_again(copied_gan)
    with pytest.raises(BadModel, match=r"The list of weights in .*weights\.safetensors"):
        loading.load(copied_gan)
    weights.write_bytes(contents)
    described = onnx.load(graph, load_external_data=False)
    described.metadata_props[0].value = header.decode()
    graph.write_bytes(described.SerializeToString())
    sign_again(copied_gan)
    with pytest.raises(BadModel, match=r"The list of weights in .*generator\.onnx"):
        loading.load(copied_gan)


def test_a_card_with_more_labels_than_its_graph_knows_is_refused(copied_gan):
    change_card(copied_gan, labels=["kick", "snare", "hat", "bell"])
    with pytest.raises(BadModel, match="does not fit its card"):
        loading.load(copied_gan).generate("bell")


@pytest.mark.parametrize(
    "changes", [{"latent_size": 5}, {"n_fft": 128}, {"n_samples": 4000}, {"labels": []}, {"generator": "waveform"}]
)
def test_a_graph_that_does_not_fit_its_card_is_refused(copied_gan, changes):
    config = {**Card.read(copied_gan).config, **changes}
    change_card(copied_gan, config=config, **({"labels": []} if "labels" in changes else {}))
    with pytest.raises(BadModel, match="but its card asks for"):
        loading.load(copied_gan)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, r"settings that no gan has \('colour'\)"),
        ({"latent_size": "many"}, "latent_size: it must be a whole number"),
        ({"generator": "magic"}, "generator: it must be 'spectral' or 'waveform'"),
        ({"hop_length": 0}, r"\(hop_length is 0; it must lie between 2 and 32\)"),
        ({"n_samples": 10**12}, r"\(n_samples is 1000000000000, .* a clip lasts 0\.1 to 60 s"),
        ({"fade_in_samples": -1}, r"\(fade_in_samples is -1; it must lie between 0 and 1600\)"),
        ({"code_categories": -3}, r"\(code_categories is -3; it must lie between 0 and 8192\)"),
    ],
)
def test_a_config_that_no_gan_has_is_refused(copied_gan, changes, message):
    change_card(copied_gan, config={**Card.read(copied_gan).config, **changes})
    with pytest.raises(BadModel, match=message):
        loading.load(copied_gan)


@pytest.mark.parametrize("name", ["../card.json", "/etc/hostname", "a/b", "..", "", "card.json", "a\\b"])
def test_a_card_cannot_point_outside_its_folder(copied_gan, name):
    change_card(copied_gan, files={name: "0" * 64})
    with pytest.raises(BadModel, match="plain file names of its own folder only"):
        ModelFolder(copied_gan)


@pytest.mark.parametrize("family", ["os", "gan.runtime", "..cli", "antigravity", ""])
def test_a_card_cannot_import_anything(copied_gan, family):
    change_card(copied_gan, family=family)
    with pytest.raises(BadModel, match=f"this Wavewright knows {', '.join(families.FAMILIES)}"):
        loading.load(copied_gan)
    with pytest.raises(BadSetting, match="There is no model family"):
        families.family(family)
    assert "antigravity" not in sys.modules


def test_a_misspelt_family_is_corrected():
    with pytest.raises(BadSetting, match="did you mean gan"):
        families.family("gans")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as a model card"),
        ("{", "cannot be read as a model card"),
        ("[]", "cannot be read as a model card"),
        ('{"name": "x", "family": "gan", "sample_rate": 0}', "sample_rate"),
        ('{"name": "x", "family": "gan", "sample_rate": 8000, "extra": 1}', "extra"),
        ('{"format_version": 99, "name": "x", "family": "gan", "sample_rate": 8000}', "format version 99"),
    ],
)
def test_a_damaged_card_is_refused(copied_gan, text, message):
    (copied_gan / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadModel, match=message):
        loading.load(copied_gan)


def test_a_card_survives_writing_and_reading(tmp_path):
    card = Card(name="é", family="gan", sample_rate=44_100, labels=["kick"], metrics={"agreement": 0.97})
    write_card(tmp_path, card)
    assert Card.read(tmp_path) == card
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_a_full_disk_leaves_the_old_card(tmp_path, monkeypatch):
    card = Card(name="x", family="gan", sample_rate=44_100)
    write_card(tmp_path, card)

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_card(tmp_path, card.model_copy(update={"name": "y"}))
    assert Card.read(tmp_path) == card
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_files_that_the_card_does_not_list_are_not_used(copied_gan):
    folder = ModelFolder(copied_gan)
    (copied_gan / "extra.safetensors").write_bytes(b"")
    with pytest.raises(BadModel, match=r"has no extra\.safetensors"):
        folder.tensors("extra.safetensors")
    (copied_gan / "sample.ogg").write_bytes(b"no tensors")
    with pytest.raises(BadModel, match="cannot be read as safetensors"):
        folder.tensors("sample.ogg")


def test_loaded_models_play(tiny_gan):
    waves = loading.load(tiny_gan).generate("kick", 2)
    assert np.shape(waves) == (2, 1, 1600)
    assert waves[0].dtype == np.float32


@pytest.mark.parametrize("name", ["a" * 256, "é" * 128, "x/" + "a" * 300, "a" * 5_000, "x/" * 3_000 + "a"])
def test_a_name_too_long_for_the_system_is_no_model(name):
    with pytest.raises(BadModel, match="There is no model") as refusal:
        models.find(name)
    assert len(str(refusal.value)) < 500
