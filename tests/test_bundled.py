"""The bundled models: whole, small enough, each with a sound to listen to."""

from __future__ import annotations

import pytest

from wavewright import models
from wavewright.audio.clip import Clip
from wavewright.contracts.family import Capability
from wavewright.families.loading import load_by_hash, load_codec
from wavewright.models.card import CARD_FILE
from wavewright.models.folder import SAMPLE_FILE, ModelFolder

MAX_BYTES = 60_000_000  # of all of them
MAX_UNEXPLAINED_BYTES = 5_000_000  # of one


def n_bytes_of(name: str) -> int:
    return sum(path.stat().st_size for path in (models.BUNDLED_FOLDER / name).rglob("*") if path.is_file())


def test_all_models_together_keep_to_the_budget():
    assert sum(map(n_bytes_of, models.bundled())) <= MAX_BYTES


@pytest.mark.parametrize("name", models.bundled())
def test_a_bundled_model_is_whole_and_says_why_it_is_large(name):
    folder = ModelFolder(models.BUNDLED_FOLDER / name)
    folder.verify()
    assert {path.name for path in folder.path.iterdir()} == {*folder.card.files, CARD_FILE}
    assert folder.card.size_reason or n_bytes_of(name) <= MAX_UNEXPLAINED_BYTES
    sample = Clip.read(folder.file(SAMPLE_FILE))
    assert 0.1 < sample.seconds < 60
    assert 0.05 < abs(sample.wave).max() <= 1.0


def test_codes_that_carry_a_former_hash_are_still_decoded():
    folder = ModelFolder(models.BUNDLED_FOLDER / "speech-codec")
    for known in folder.hashes:
        assert load_by_hash(known, None, "a.wwc", Capability.CODE, load_codec)[0] == "speech-codec"
        assert load_by_hash(known, "speech-codec", "a.wwc", Capability.CODE, load_codec)[0] == "speech-codec"
