"""What all effects have in common: their table, their settings and their memory."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass

import numpy as np
import pytest

from tests.effect_streams import check_edges, check_streams, noise
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.base.ranges import ranges_of
from wavewright.effects import EFFECTS, ConvolutionReverb, Effect, MakeLoop, Pan, ToStereo, TwoPassEffect

RATE = 48_000
MONO = (Pan, ToStereo)
DEFAULTS = {name: effect for name, effect in EFFECTS.items() if effect is not ConvolutionReverb}
WHOLE = (TwoPassEffect, MakeLoop)  # effects that depend on the whole sound
STREAMED = {name: effect for name, effect in DEFAULTS.items() if not issubclass(effect, WHOLE)}


@pytest.mark.parametrize("effect", STREAMED.values(), ids=STREAMED)
def test_effects_with_their_defaults_are_streams(effect):
    n_channels = 1 if effect in MONO else 2
    check_streams(effect(), RATE, n_channels, 2_000)
    check_edges(effect(), RATE, n_channels)


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_effects_are_frozen_settings_with_ranges(effect):
    assert is_dataclass(effect)
    assert issubclass(effect, Effect)
    assert effect.__doc__
    assert not effect.__doc__.startswith(f"{effect.__name__}(")
    numbers = [field.name for field in fields(effect) if field.type in ("int", "float")]
    assert {*numbers} - {"response_rate"} <= {*ranges_of(effect)}
    for name, (low, high) in ranges_of(effect).items():
        assert low <= high
        for value in (low - 1, high * 2 + 1, float("nan")):
            if effect is not ConvolutionReverb and not isinstance(getattr(effect(), name), tuple):
                with pytest.raises(BadSetting, match=name):
                    effect(**{name: value})


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        EFFECTS["gain"]().gain_db = 1.0


@pytest.mark.parametrize("effect", STREAMED.values(), ids=STREAMED)
def test_streams_of_the_same_settings_are_independent(effect):
    wave = noise(500, 1 if effect in MONO else 2)
    settings = effect()
    first, second = (settings.stream(SoundFormat(RATE, len(wave))) for _ in range(2))
    np.testing.assert_array_equal(first.push(wave), second.push(wave))


@pytest.mark.parametrize("effect", DEFAULTS.values(), ids=DEFAULTS)
def test_sounds_that_are_not_finite_are_refused(effect):
    wave = noise(100, 1 if effect in MONO else 2)
    wave[0, 50] = np.nan
    with pytest.raises(BadAudio, match="not finite"):
        effect()(wave, RATE)


@pytest.mark.parametrize("name", ["vibrato", "limit", "saturate"])
def test_the_latency_is_removed(name):
    """A quiet click comes out where it went in."""
    wave = np.zeros((1, 4_000), np.float32)
    wave[0, 2_000] = 0.1
    settings = {"vibrato": {"depth_cents": 0.0}}.get(name, {})
    assert np.argmax(np.abs(EFFECTS[name](**settings)(wave, RATE))) == 2_000


def test_the_package_lists_its_public_names():
    """They are imported when they are asked for; completion and a star know them all the same."""
    from wavewright import effects

    names: dict[str, object] = {}
    exec("from wavewright.effects import *", names)
    assert dir(effects) == sorted(effects.__all__) == sorted(names.keys() - {"__builtins__"})
    assert {effect.__name__ for effect in EFFECTS.values()} <= names.keys()
