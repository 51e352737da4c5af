"""Whenever a process dies while it replaces a model, the old or the new one is complete, and nothing is left over."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from signals_at_changes import terminated_before_change
from tiny_models import TinySpectral, make_gan, seeded

from wavewright import models
from wavewright.families import loading
from wavewright.models.card import Card
from wavewright.models.folder import ModelFolder, write_card
from wavewright.models.replacing import finish_replacing, replace_model

FILE_OPERATIONS = ("rename", "replace", "link", "unlink", "rmdir", "mkdir")


class Killed(BaseException):
    """Stands for the end of a process in the tests; nothing catches it."""


class Killer:
    """Simulates a process that dies before or after its ``k``-th file operation: no later operation has an effect."""

    def __init__(self, monkeypatch, at: int, is_done: bool):
        self.n_left, self.is_done, self.is_dead = at, is_done, False
        for name in FILE_OPERATIONS:
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, operation):
        def run(*arguments, **options):
            if self.is_dead:
                raise Killed
            self.n_left -= 1
            self.is_dead = self.n_left < 0
            if self.is_dead and not self.is_done:
                raise Killed
            result = operation(*arguments, **options)
            if self.is_dead:
                raise Killed
            return result

        return run


def folder_of(root: Path, contents: dict[str, bytes], description: str) -> Path:
    """A folder with files and a card that lists them."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (root / name).write_bytes(content)
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    write_card(root, Card(name="m", family="gan", description=description, sample_rate=8_000, files=files))
    return root


OLD = {
    "weights.safetensors": b"old",
    "generator.onnx": b"old graph",
    "sample.wav": b"old sound",
    "extra.safetensors": b"x",
}
NEW = {"weights.safetensors": b"new", "generator.onnx": b"new graph", "sample.ogg": b"new sound"}


def replaced_until_it_dies(root, at, is_done):
    """Replace OLD by NEW; True where that was not cut off."""
    folder_of(root, OLD, "old")
    (root / "notes.txt").write_text("of the user", encoding="utf-8")
    prepared = folder_of(root / ".export-x", NEW, "new")
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(patch, at, is_done)
        try:
            replace_model(root, prepared)
        except Killed:
            assert killer.is_dead
            return False
    return True


@pytest.mark.parametrize("is_done", [False, True])
def test_whenever_it_dies_one_model_is_whole_and_the_next_call_finishes(tmp_path, is_done):
    at, states = 0, []
    while True:
        root = tmp_path / f"{is_done}{at}"
        is_over = replaced_until_it_dies(root, at, is_done)
        folder = ModelFolder(models.find(root))
        folder.verify()
        expected = {"old": OLD, "new": NEW}[folder.card.description]
        assert {name: folder.file(name).read_bytes() for name in folder.card.files} == expected
        states.append(folder.card.description)
        finish_replacing(root)
        ModelFolder(root).verify()
        expected_files = {"old": OLD, "new": NEW}[ModelFolder(root).card.description]
        assert {path.name for path in root.iterdir()} == {*expected_files, "card.json", "notes.txt"}
        if is_over:
            break
        at += 1
    assert at >= 12
    assert states == sorted(states, reverse=True)  # first the old one, then the new one for good
    assert states[-1] == "new"


def test_a_replacement_that_was_cut_off_does_not_hinder_the_next(tmp_path):
    for at in range(0, 16, 3):
        root = tmp_path / f"{at}"
        replaced_until_it_dies(root, at, is_done=False)
        newest = {"weights.safetensors": b"newest"}
        replace_model(root, folder_of(root / ".export-y", newest, "newest"))
        assert {path.name for path in root.iterdir()} == {*newest, "card.json", "notes.txt"}
        ModelFolder(root).verify()


def test_disks_without_links_get_copies(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    root = folder_of(tmp_path / "m", OLD, "old")
    replace_model(root, folder_of(root / ".export-x", NEW, "new"))
    ModelFolder(root).verify()
    assert {path.name for path in root.iterdir()} == {*NEW, "card.json"}


@pytest.mark.parametrize("at", [0, 5, 9, 13, 17])
def test_an_export_that_dies_leaves_a_model_that_plays(tmp_path, at):
    folder = make_gan(tmp_path)
    old = loading.load(folder).generate("kick")
    other = seeded(TinySpectral, 1)
    new = loading.load(make_gan(tmp_path / "other", module=other)).generate("kick")
    with pytest.MonkeyPatch.context() as patch:
        Killer(patch, at, is_done=False)
        with pytest.raises(Killed):
            make_gan(tmp_path, module=other)
    waves = loading.load(folder).generate("kick")
    assert any(np.array_equal(waves, known) for known in (old, new))
    make_gan(tmp_path, module=other)
    np.testing.assert_array_equal(loading.load(folder).generate("kick"), new)
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json",
        "generator.onnx",
        "sample.ogg",
        "weights.safetensors",
    ]


def test_folders_with_a_sample_of_earlier_versions_play(tmp_path):
    folder = make_gan(tmp_path)
    shutil.move(folder / "sample.ogg", folder / "sample.wav")
    card = Card.read(folder)
    files = {name.replace(".ogg", ".wav"): digest for name, digest in card.files.items()}
    write_card(folder, card.model_copy(update={"files": files}))
    assert loading.load(folder).generate("kick")[0].shape == (1, 1600)
    make_gan(tmp_path)
    assert not (folder / "sample.wav").exists()


def test_sigterm_before_any_change_leaves_the_new_model_and_nothing_else(tmp_path):
    number = 0
    is_over = False
    while not is_over:
        number += 1
        root = folder_of(tmp_path / str(number), OLD, "old")
        prepared = folder_of(root / ".export-x", NEW, "new")
        is_over = not terminated_before_change(
            number, lambda root=root, prepared=prepared: replace_model(root, prepared)
        )
        assert {path.name for path in root.iterdir()} == {*NEW, "card.json"}, number
        ModelFolder(root).verify()
    assert number > 10
