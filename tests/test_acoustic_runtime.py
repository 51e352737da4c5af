"""Inference of a voice: controls, exact durations, long texts in chunks, and refused arguments."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_voice import SYMBOLS, trained_voice

from wavewright.base.errors import BadModel, BadSetting
from wavewright.contracts.runtime import Controls
from wavewright.dsp.mel import mel_to_features, speech_mel
from wavewright.dsp.pitch import track_pitch
from wavewright.families import loading
from wavewright.families.acoustic import synthesis
from wavewright.families.acoustic.config import AcousticConfig
from wavewright.families.acoustic.synthesis import chunk_ends, round_durations, scale_pitch
from wavewright.families.acoustic.training import mel_to_wave

SENTENCE = ("_", "a", "b", "|", "c", "d", ",", "a", ".", "_")


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """The runtime of a tiny voice, hardly trained."""
    with trained_voice(tmp_path_factory.mktemp("voice")) as run:
        return loading.load(run.out)


def test_a_sentence_has_exact_durations(voice):
    spoken = voice.speak_symbols(SENTENCE)
    assert spoken.mel.shape == (80, spoken.durations.sum())
    assert spoken.mel.dtype == np.float32
    assert len(spoken.durations) == len(spoken.pitch) == len(spoken.energy) == len(SENTENCE)
    assert all(frames >= 1 for symbol, frames in zip(SENTENCE, spoken.durations, strict=True) if symbol != "|")
    again = voice.speak_symbols(list(SENTENCE), speaker="voice", seed=5)
    assert np.array_equal(spoken.mel, again.mel)


def test_variation_moves_the_style_by_the_seed(voice):
    mels = [
        voice.speak_symbols(SENTENCE, seed=seed, variation=2.0, controls=Controls(rate=0.5)).mel for seed in (1, 1, 2)
    ]
    assert np.array_equal(mels[0], mels[1])
    assert mels[0].shape != mels[2].shape or not np.array_equal(mels[0], mels[2])


def test_rate_pitch_and_energy_are_factors(voice):
    plain = voice.speak_symbols(SENTENCE, controls=Controls(rate=0.5))
    slow = voice.speak_symbols(SENTENCE, controls=Controls(rate=0.25))
    assert slow.durations.sum() == pytest.approx(2 * plain.durations.sum(), abs=len(SENTENCE))
    high = voice.speak_symbols(SENTENCE, controls=Controls(rate=0.5, pitch=1.5))
    voiced = plain.pitch > 0
    np.testing.assert_allclose(high.pitch[voiced], 1.5 * plain.pitch[voiced], rtol=1e-4)
    loud = voice.speak_symbols(SENTENCE, controls=Controls(rate=0.5, energy=2.0))
    np.testing.assert_allclose(loud.energy - plain.energy, 2 * np.log(2), rtol=1e-3)
    assert not np.array_equal(loud.mel, plain.mel)


def test_controls_may_differ_from_symbol_to_symbol(voice):
    rates = np.ones(len(SENTENCE)) * 0.5
    plain = voice.speak_symbols(SENTENCE, controls=Controls(rate=rates))
    rates[4] = 0.25
    longer = voice.speak_symbols(SENTENCE, controls=Controls(rate=rates))
    assert longer.durations[4] == pytest.approx(2 * plain.durations[4], abs=1)
    np.testing.assert_allclose(np.delete(longer.durations, 4), np.delete(plain.durations, 4), atol=1)


def test_rounded_durations_do_not_accumulate_errors():
    durations = np.array([2.4, 2.4, 2.4, 0.2, 0.3, 900.0])
    skippable = np.array([False, False, False, True, False, False])
    whole = round_durations(durations, skippable)
    np.testing.assert_array_equal(whole, [2, 3, 2, 0, 1, synthesis.MAX_SYMBOL_FRAMES])


def test_the_pitch_range_is_about_the_mean():
    octaves, weights = np.array([0.0, 1.0, 5.0]), np.array([1.0, 1.0, 0.0])
    np.testing.assert_allclose(scale_pitch(octaves, weights, 2.0, 2.0)[:2], [-0.5 + 1, 1.5 + 1])
    np.testing.assert_allclose(scale_pitch(octaves, weights, 1.0, 0.0), 0.5)


def test_long_texts_are_split_at_pauses():
    symbols = ["a", "|"] * 400
    symbols[201] = ","
    symbols[401] = "."
    ends = chunk_ends(symbols)
    assert ends[0] == 202
    assert ends[-1] == len(symbols)
    starts = [0, *ends[:-1]]
    assert all(0 < end - start <= synthesis.MAX_CHUNK_SYMBOLS for start, end in zip(starts, ends, strict=True))
    assert all(symbols[end - 1] != "a" for end in ends)
    assert chunk_ends(["a"] * 500) == [240, 480, 500]


def test_a_long_text_is_its_chunks(voice, monkeypatch):
    monkeypatch.setattr(synthesis, "MAX_CHUNK_SYMBOLS", 8)
    whole = voice.speak_symbols(SENTENCE)
    chunks = [voice.speak_symbols(SENTENCE[:7]), voice.speak_symbols(SENTENCE[7:])]
    assert np.array_equal(whole.mel, np.concatenate([chunk.mel for chunk in chunks], axis=1))
    assert whole.durations.sum() == whole.mel.shape[1]


def test_styles_replace_a_part_of_the_usual_one(voice):
    usual = voice._style_weights(0, None, 0.0, 0)
    assert usual.sum() == pytest.approx(1.0)
    mixed = voice._style_weights(0, {"style-2": 0.6}, 0.0, 0)
    expected = 0.4 * usual
    expected[1] += 0.6
    np.testing.assert_allclose(mixed, expected, rtol=1e-5)
    assert voice._style_weights(0, "style-1", 0.0, 0)[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbols": []}, "There are 0 symbols to speak; tiny speaks 1 to 20000"),
        ({"symbols": ["_", "x"]}, "tiny has no symbol 'x'; its symbols are _ |"),
        ({"speaker": "ann"}, "tiny has no speaker 'ann'"),
        ({"controls": Controls(rate=0.0)}, "rate is 0; it must lie between 0.25 and 4"),
        ({"controls": Controls(pitch=float("nan"))}, "pitch is nan; it must lie between"),
        (
            {"controls": Controls(energy=[1.0, 2.0])},
            r"energy has shape \(2,\); it must be one number, or one for each of the 10 symbols",
        ),
        ({"controls": Controls(pitch_range="wide")}, "pitch_range is 'wide'; it must be a number"),
        ({"style": "angry"}, "tiny has no style 'angry'; its styles are style-1"),
        ({"style": {"style-1": 0.7, "style-2": 0.7}}, "The weights of the styles sum to 1.4"),
        ({"style": {"style-1": -1.0}}, "The weight of style-1 is -1.0"),
        ({"variation": 9.0}, "The variation is 9.0; it must lie between 0 and 3"),
    ],
)
def test_invalid_arguments_are_refused(voice, arguments, message):
    with pytest.raises(BadSetting, match=message):
        voice.speak_symbols(**{"symbols": SENTENCE, **arguments})


@pytest.mark.parametrize("session", ["_encoder", "_decoder"])
def test_nan_from_a_graph_is_a_damaged_model(voice, monkeypatch, session):
    run = getattr(voice, session).run
    monkeypatch.setattr(getattr(voice, session), "run", lambda *inputs: [np.nan * output for output in run(*inputs)])
    with pytest.raises(BadModel, match="produced NaN or infinite values"):
        voice.speak_symbols(SENTENCE)


def test_no_torch_is_needed(voice):
    assert voice.symbols == SYMBOLS
    assert isinstance(voice.config, AcousticConfig)
    assert not isinstance(voice.speak_symbols(SENTENCE).mel, torch.Tensor)


def test_griffin_lim_keeps_frames_and_pitch():
    config = AcousticConfig(sample_rate=24_000)
    time = np.arange(12_000) / 24_000
    wave = sum(0.2 / partial * np.sin(2 * np.pi * 220 * partial * time) for partial in range(1, 9)).astype(np.float32)
    mel = speech_mel(wave, 24_000)
    rebuilt = mel_to_wave(mel, config)
    assert rebuilt.shape == (mel.shape[1] * config.hop_length,)
    inside = slice(4, -4)
    assert np.abs(mel_to_features(speech_mel(rebuilt, 24_000))[inside] - mel_to_features(mel)[inside]).mean() < 0.2
    f0_hz = track_pitch(rebuilt, 24_000, config.hop_length, 65.0, 500.0).f0_hz[inside]
    assert np.median(f0_hz[f0_hz > 0]) == pytest.approx(220, rel=0.05)
