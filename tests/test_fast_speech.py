"""Speech faster than an acoustic model can make it: the wave along a map of its time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tiny_speech import stand_in_voice

from wavewright.dsp.time_scale import SpeedUpStream, frame_lengths
from wavewright.speech.prosody import Pauses, Prosody
from wavewright.speech.synthesis import FASTEST_OF_MODELS

RATE = 16_000


def tone(hz, seconds):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def sped_up(wave, inputs, outputs, lengths=(4_000,)):
    stream = SpeedUpStream(np.array(inputs), np.array(outputs), RATE)
    starts = np.cumsum(np.resize(lengths, len(wave)))
    return np.concatenate(list(stream.outputs(np.split(wave[None], starts[starts < len(wave)], axis=1))), axis=1)[0]


def test_a_map_of_the_same_speed_changes_nothing():
    wave = np.random.default_rng(0).standard_normal(5_000).astype(np.float32)
    np.testing.assert_allclose(sped_up(wave, [0, 3_000, 5_000], [0, 3_000, 5_000]), wave, atol=1e-6)


@pytest.mark.parametrize("speed", [1.3, 2.0, 2.7])
@pytest.mark.parametrize("hz", [90.0, 210.0, 1_900.0])
def test_pitch_and_level_stay(hz, speed):
    wave = tone(hz, 2)
    n_output = round(len(wave) / speed)
    inner = sped_up(wave, [0, len(wave)], [0, n_output])[1_000:-1_000]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)), 1 << 17))
    assert spectrum.argmax() * RATE / (1 << 17) == pytest.approx(hz, abs=1)
    assert np.std(inner) == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_what_happens_in_the_wave_happens_where_the_map_has_it():
    wave = np.concatenate([tone(300, 0.5), 0 * tone(1, 0.3), tone(700, 0.7)])
    output = sped_up(wave, [0, 8_000, 12_800, len(wave)], [0, 4_000, 5_000, 12_000])
    assert len(output) == 12_000
    quiet = np.flatnonzero(np.abs(output) < 1e-4)
    longest = max(np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1), key=len)
    assert longest[0] == pytest.approx(4_000, abs=0.016 * RATE)
    assert longest[-1] == pytest.approx(5_000, abs=0.016 * RATE)


@settings(deadline=None)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=5), st.integers(0, 400), st.floats(1.0, 4.0))
def test_chunks_of_any_length_give_the_same_samples(lengths, n_samples, speed):
    wave = np.random.default_rng(n_samples).standard_normal(20 * n_samples).astype(np.float32)
    positions = [0, 7 * n_samples, 20 * n_samples], [0, 7 * n_samples, round((7 + 13 / speed) * n_samples)]
    whole = sped_up(wave, *positions, [len(wave) or 1])
    assert len(whole) == positions[1][-1]
    np.testing.assert_array_equal(sped_up(wave, *positions, lengths), whole)


speeds_in_turn = st.lists(st.tuples(st.sampled_from([1.0, 1.3, 2.5, 4.0]), st.integers(1, 30)), min_size=1, max_size=4)


@given(speeds_in_turn, st.integers(0, 9), st.floats(0.0, 20.0))
def test_frames_share_the_time_of_their_speed_and_none_is_longer_than_before(parts, seed, spread):
    speeds = np.concatenate([np.full(n, speed) for speed, n in parts])
    mel = spread * np.random.default_rng(seed).standard_normal((4, len(speeds)))
    lengths = frame_lengths(mel, speeds)
    assert lengths.min() > 0
    assert lengths.max() <= 1 + 1e-9
    starts = np.append(0, np.flatnonzero(np.diff(speeds)) + 1)
    np.testing.assert_allclose(np.add.reduceat(lengths, starts), np.add.reduceat(1 / speeds, starts))


def test_a_change_of_the_spectrum_keeps_its_time_longer_than_a_steady_one():
    mel = np.repeat([[0.0, 5.0], [5.0, 0.0]], 20, axis=1)  # one change, between the frames 19 and 20
    lengths = frame_lengths(mel, np.full(40, 2.0))
    np.testing.assert_array_equal(lengths[18:22] > 1.5 * lengths[0], True)
    np.testing.assert_allclose(np.delete(lengths, range(18, 22)), lengths[0])
    np.testing.assert_allclose(frame_lengths(0 * mel, np.full(40, 2.0)), 0.5)


TEXT = "Big cats, small dogs; and red birds."


def test_a_voice_speaks_at_any_rate_and_its_model_at_those_it_can():
    voice = stand_in_voice()
    usual, fast = voice.speak(TEXT), voice.speak(TEXT, Prosody(rate=3.0))
    (_, call) = voice.acoustic.calls
    rates = [rate for rate, symbol in zip(call.rate, call.symbols, strict=True) if symbol not in "_|,;.?!"]
    assert set(rates) == {FASTEST_OF_MODELS}
    spoken = [speech.words[-1].end - speech.words[0].start for speech in (usual, fast)]
    assert spoken[0] / spoken[1] == pytest.approx(3.0, rel=0.15)  # durations of the stand-in are rounded to frames
    assert all(word.start < word.end for word in fast.words)
    assert [word.spoken for word in fast.words] == [word.spoken for word in usual.words]
    joined = np.concatenate([chunk.wave for chunk in voice.stream(TEXT, Prosody(rate=3.0))], axis=1)
    np.testing.assert_array_equal(joined, fast.clip.wave)
    assert fast.clip.wave[0, 0] == 0.0


@pytest.mark.parametrize("rate", [FASTEST_OF_MODELS, 1.5, 1.8, 4.0])
def test_words_are_as_fast_as_asked_for_beyond_their_model(rate):
    limit, fast = (stand_in_voice().speak(TEXT, Prosody(rate=each)) for each in (FASTEST_OF_MODELS, rate))
    before, after = (sum(word.end - word.start for word in speech.words) for speech in (limit, fast))
    assert before / after == pytest.approx(rate / FASTEST_OF_MODELS, rel=0.01)


def test_given_lengths_of_pauses_stay_at_high_rates():
    speech = stand_in_voice().speak(TEXT, Prosody(rate=3.0), pauses=Pauses(clause=0.4))
    assert speech.words[2].start - speech.words[1].end == pytest.approx(0.4, abs=0.001)


def test_one_word_may_be_faster_than_the_others():
    text = "<speak>one <prosody rate='300%'>two</prosody> three.</speak>"
    usual, fast = (stand_in_voice().speak(each) for each in (text.replace("300", "100"), text))
    before, after = ([word.end - word.start for word in speech.words] for speech in (usual, fast))
    assert after[0] == before[0]
    assert after[2] == pytest.approx(before[2])
    assert after[1] == pytest.approx(before[1] / 3, rel=0.15)  # durations of the stand-in are rounded to frames


def test_a_volume_that_changes_follows_the_words():
    text = (
        '<speak><prosody rate="300%">one two three <prosody volume="-20dB">four five six.</prosody></prosody></speak>'
    )
    speech = stand_in_voice().speak(text)
    boundary = round(speech.words[3].start * speech.clip.sample_rate)
    wave, margin = speech.clip.wave[0], round(0.02 * speech.clip.sample_rate)
    first, second = (round(speech.words[word].start * speech.clip.sample_rate) for word in (0, 5))
    loud, soft = wave[first + margin : boundary - margin], wave[boundary + margin : second]
    assert 20 * np.log10(np.std(loud) / np.std(soft)) == pytest.approx(20, abs=1.5)
