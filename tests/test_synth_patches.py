"""The patches that come with Wavewright: valid, audible, equally loud, without clipping, without endless notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wavewright.base.errors import BadSetting
from wavewright.synth import SynthEngine, general_midi, load_patch, parse_patch, patch_names
from wavewright.synth.engine import GENERAL_MIDI
from wavewright.synth.patch import CATEGORIES, STREAMING_EFFECTS

RATE = 22_050
SEVERAL = {name: [other for other in patch_names() if load_patch(other).category == name][:1] for name in CATEGORIES}


def test_there_are_many_patches_of_all_categories():
    assert len(patch_names()) >= 60
    assert all(SEVERAL.values())
    assert len({load_patch(name).title for name in patch_names()}) == len(patch_names())


def test_every_program_of_general_midi_has_a_patch():
    assert len(GENERAL_MIDI) == 128
    assert {*general_midi().values()} <= {*patch_names()}
    assert load_patch(general_midi()[-1]).category == "drums"
    kit = {drum.key for drum in load_patch("acoustic-kit").drums}
    assert {35, 36, 38, 39, 42, 46, 49, 51, 56} <= kit


@pytest.mark.parametrize("name", [name for names in SEVERAL.values() for name in names])
def test_patches_sound_stay_below_full_scale_and_end(name):
    patch = load_patch(name)
    engine = SynthEngine(patch, RATE)
    keys = (36, 38, 42, 49) if patch.category == "drums" else (43, 50, 55, 59, 62, 67, 71, 74)
    for key in keys:
        engine.note_on(0, key, 127)
    wave = engine.process(RATE)
    assert np.isfinite(wave).all()
    assert 0.005 < np.abs(wave).max() < 1.0
    for key in keys:
        engine.note_off(0, key)
    for _ in range(40):
        engine.process(RATE)
        if engine.is_silent():
            break
    assert engine.is_silent()


def test_effects_that_are_allowed_can_be_opened():
    for kind in STREAMING_EFFECTS:
        text = f'title = "x"\ncategory = "lead"\noscillators = [{{}}]\neffects = [{{ kind = "{kind}" }}]'
        engine = SynthEngine(parse_patch(text), RATE)
        engine.note_on(0, 60, 100)
        assert np.abs(engine.process(2_000)).max() > 0


def test_a_patch_of_ones_own_is_loaded_from_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "Mine"\ncategory = "lead"\noscillators = [{ wave = "saw" }]', encoding="utf-8")
    assert load_patch(path).title == "Mine"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSetting, match="cannot be read"):
        load_patch(path)
    with pytest.raises(BadSetting, match="warm-pad"):
        load_patch("warm-pda")
    with pytest.raises(BadSetting, match="cannot be read"):
        load_patch(Path("missing.toml"))


def test_broken_patches_give_a_clear_error():
    text = Path(load_patch.__code__.co_filename).parent.joinpath("patches", "saw-lead.toml").read_text(encoding="utf-8")
    rng = np.random.default_rng(6)
    for _ in range(400):
        characters = list(text)
        for _ in range(rng.integers(1, 6)):
            position = rng.integers(len(characters))
            characters[position] = rng.choice([*'0123456789-."[]{}=\n abc', "\x00", "9e9", "nan"])
        try:
            parse_patch("".join(characters))
        except BadSetting:
            continue
