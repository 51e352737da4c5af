"""Cards with wrong types, sizes and texts are refused with a sentence and listed as broken; other models still work."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
from tiny_models import change_card, make_gan

from wavewright import families, models
from wavewright.apps.cli import run
from wavewright.base.errors import BadModel
from wavewright.families import loading
from wavewright.models.card import MAX_CARD_BYTES, Card
from wavewright.models.folder import write_card

WRONG_TYPES = ("many", 5, 0.5, True, None, [], {}, [1], [[]], ["a", "a"], {"a": 1}, -1, 10**400, 1e308, float("nan"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's model folder; nothing else holds models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    return tmp_path / "home"


def bundled_copy(name, folder, **config):
    """A copy of a bundled model, its config changed; files that stay as they are are linked."""
    source = models.Path(models.__file__).parent / "bundled" / name
    shutil.copytree(source, folder)
    change_card(folder, config={**Card.read(folder).config, **config})
    return folder


def read_or_refused(folder, family):
    """The config on a card, or the sentence that refuses it."""
    try:
        return loading.read_card(folder).config_as(families.FAMILIES[family].config, folder)
    except BadModel as error:
        return str(error)


@pytest.mark.parametrize("family", families.FAMILIES)
def test_no_value_of_a_wrong_type_gets_past_the_card(tmp_path, family):
    n_refused = n_read = 0
    for field in dataclasses.fields(families.FAMILIES[family].config):
        if field.name in ("labels", "sample_rate"):
            continue
        for value in WRONG_TYPES:
            card = {"name": "m", "family": family, "sample_rate": 24_000, "config": {field.name: value}}
            (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
            result = read_or_refused(tmp_path, family)
            if isinstance(result, str):
                assert field.name in result
                assert len(result) < 600 + len(str(tmp_path))
                n_refused += 1
            else:
                assert isinstance(getattr(result, field.name), bool | int | float | str | tuple | None)
                n_read += 1
    assert n_refused > 5 * n_read


def test_a_card_with_a_number_for_speakers_is_listed_as_broken(home, capsys):
    make_gan(home)
    write_card(
        home_of(home, "voice"), Card(name="voice", family="acoustic", sample_rate=24_000, config={"speakers": 5})
    )
    assert run(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("tiny ")
    assert lines[1].startswith("voice ")
    assert lines[1].endswith("is wrong (speakers: it must be a list); copy the model again.")
    for command in (
        ["models", "show", "voice"],
        ["speak", "Hello.", "--voice", "voice"],
        ["speak", "Hello.", "--voice", "voice-x"],
    ):
        assert run(command) == 2
        assert "(speakers: it must be a list)" in capsys.readouterr().err


def home_of(home, name):
    (home / name).mkdir(parents=True)
    return home / name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read as a model card"),
        (
            '{"name": "x", "family": "acoustic", "sample_rate": 24000, "labels": 5}',
            "labels: it must be a list",
        ),
        ('{"name": "x", "family": "gan", "sample_rate": 24000, "config": {"n_blocks": 1e400}}', "n_blocks"),
        (
            '{"name": "x", "family": "sitar", "sample_rate": 24000}',
            f"has the family 'sitar'; this Wavewright knows {next(iter(families.FAMILIES))}",
        ),
        (
            '{"name": "x", "family": "gan", "sample_rate": 24000, "licence": "\\u001b[2J"}',
            "the control character U+001B",
        ),
        ("[" * 100_000, "cannot be read as a model card"),
        (" " * (MAX_CARD_BYTES + 1), "which no model card is"),
        (
            f'{{"name": "x", "family": "gan", "sample_rate": 24000, "{"n" * 9_000}": 1}}',
            "cannot be read as a model card",
        ),
    ],
)
def test_a_broken_card_is_listed_with_its_reason_and_the_list_goes_on(home, capsys, text, problem):
    make_gan(home)
    (home_of(home, "broken") / "card.json").write_text(text, encoding="utf-8")
    assert run(["models", "list", "--json"]) == 0
    listed = {model["name"]: model for model in json.loads(capsys.readouterr().out)["details"]["models"]}
    assert listed["tiny"]["problem"] == ""
    assert problem in listed["broken"]["problem"]
    assert len(listed["broken"]["problem"]) < 600 + len(str(home))


def test_a_model_whose_files_are_damaged_is_shown_with_its_problem(home, capsys):
    folder = make_gan(home)
    (folder / "generator.onnx").write_bytes(b"damaged")
    assert run(["models", "show", "tiny"]) == 0
    assert "problem     " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "config", "play"),
    [
        ("ambience", {"n_mixtures": 12}, lambda player: player.generate()),
        ("vocoder", {"look_ahead": 1}, lambda player: player.vocode(np.zeros((80, 9), np.float32))),
        ("vocoder", {"look_ahead": 4}, lambda player: player.vocode(np.zeros((80, 9), np.float32))),
        ("speech-codec", {"look_ahead": 1}, lambda player: player.decode(np.zeros((3, 9), np.int64))),
        ("speech-codec", {"look_ahead": 3}, lambda player: player.decode(np.zeros((3, 9), np.int64))),
        ("speech-codec", {"n_codebooks": 11}, lambda player: player.encode(np.zeros(9_000, np.float32))),
        ("digits", {"hidden_size": 64}, lambda player: player.generate()),
    ],
)
def test_a_card_that_does_not_fit_its_graph_is_one_sentence(tmp_path, name, config, play):
    folder = bundled_copy(name, tmp_path / name, **config)
    with pytest.raises(BadModel, match=r"copy the model (folder )?again"):
        play(loading.load(folder))
