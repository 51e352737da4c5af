"""Melodies of tones whose notes are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from wavewright import Clip
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.inference.transcription import TranscriptionSettings, transcribe_file, transcribe_wave
from wavewright.inference.transcription.notes import NotePath
from wavewright.inference.transcription.salience import HOP_LENGTH, MelodyFrameMeter

RATE = 22_050
SCALE = (60, 62, 64, 65, 67, 65, 64, 62)


def tone(
    pitch: float,
    seconds: float,
    sample_rate: int = RATE,
    n_harmonics: int = 12,
    vibrato_cents: float = 0.0,
    attack_s: float = 0.01,
    release_s: float = 0.02,
    decay: float = 1.0,
) -> np.ndarray:
    """A harmonic tone, ``(time,)``."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    cents = vibrato_cents * np.sin(2 * np.pi * 5.5 * time)
    f0_hz = 440 * 2 ** ((pitch - 69 + cents / 100) / 12)
    phase = 2 * np.pi * np.cumsum(f0_hz) / sample_rate
    orders = [order for order in range(1, n_harmonics + 1) if order * f0_hz.max() < 0.45 * sample_rate]
    wave = sum(np.sin(order * phase) / order for order in orders)
    envelope = np.minimum(1, np.minimum(time / attack_s, (seconds - time) / release_s)) * np.exp(-decay * time)
    return 0.2 * wave * envelope


def melody(pitches, seconds=0.3, sample_rate=RATE, gap_s=0.0, **options) -> np.ndarray:
    """Tones one after the other, a tenth of a second of silence before and after, ``(1, time)``."""
    silence, gap = np.zeros(sample_rate // 10), np.zeros(round(gap_s * sample_rate))
    tones = [part for pitch in pitches for part in (tone(pitch, seconds - gap_s, sample_rate, **options), gap)]
    return np.concatenate([silence, *tones, silence]).astype(np.float32)[None]


def pitches_of(wave: np.ndarray, sample_rate: int = RATE, **settings) -> list[int]:
    return [note.pitch for note in transcribe_wave(wave, sample_rate, TranscriptionSettings(**settings)).notes]


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_pitches_and_times_of_a_scale_at_any_rate(sample_rate):
    notes = transcribe_wave(melody(SCALE, sample_rate=sample_rate), sample_rate).notes
    assert [note.pitch for note in notes] == [*SCALE]
    for index, note in enumerate(notes):
        assert note.start_s == pytest.approx(0.1 + 0.3 * index, abs=0.04)
        assert note.end_s == pytest.approx(0.4 + 0.3 * index, abs=0.06)
        assert abs(note.cents) < 10
        assert 60 <= note.velocity <= 110


@pytest.mark.parametrize("start", [28, 40, 60, 72, 96])
def test_octaves_are_not_confused(start):
    pitches = [start, start + 12, start, start + 7, start + 12, start + 5]
    assert pitches_of(melody(pitches, 0.4)) == pitches


@pytest.mark.parametrize("n_harmonics", [1, 2, 4, 30])
def test_dull_and_bright_tones(n_harmonics):
    assert pitches_of(melody((57, 64, 61, 69, 73), 0.4, n_harmonics=n_harmonics)) == [57, 64, 61, 69, 73]


def test_only_odd_harmonics_and_no_fundamental():
    time = np.arange(RATE) / RATE
    odd = sum(np.sin(2 * np.pi * order * 220 * time) / order for order in (1, 3, 5, 7, 9))
    none = sum(np.sin(2 * np.pi * order * 220 * time) for order in (2, 3, 4, 5))
    for wave in (odd, none):
        assert pitches_of((0.1 * wave).astype(np.float32)[None]) == [57]


@pytest.mark.parametrize(("cents", "seconds"), [(20, 1.0), (50, 0.8)])
def test_vibrato_is_one_note(cents, seconds):
    wave = melody((62, 65, 69), seconds, vibrato_cents=cents)
    notes = transcribe_wave(wave, RATE).notes
    assert [note.pitch for note in notes] == [62, 65, 69]
    assert all(abs(note.cents) < 15 for note in notes)


@pytest.mark.parametrize("gap_s", [0.03, 0.1])
def test_repeated_notes_are_separate(gap_s):
    wave = melody((67,) * 4 + (64,) * 3, 0.35, gap_s=gap_s)
    notes = transcribe_wave(wave, RATE).notes
    assert [note.pitch for note in notes] == [67] * 4 + [64] * 3
    assert [note.start_s for note in notes] == pytest.approx(0.1 + 0.35 * np.arange(7), abs=0.04)


@pytest.mark.parametrize("cents", [-40, -20, 25, 45])
def test_the_tuning_is_found(cents):
    found = transcribe_wave(melody([pitch + cents / 100 for pitch in SCALE]), RATE)
    assert found.tuning_cents == pytest.approx(cents, abs=4)
    assert [note.pitch for note in found.notes] == [*SCALE]
    assert all(note.cents == pytest.approx(cents, abs=6) for note in found.notes)


def test_silence_and_noise_have_no_notes():
    noise = np.random.default_rng(0).standard_normal((1, 3 * RATE)).astype(np.float32)
    for wave in (np.zeros((1, RATE), np.float32), 0.1 * noise, np.zeros((1, 0), np.float32), np.full((1, 9), 0.5)):
        assert transcribe_wave(wave, RATE).notes == ()


@pytest.mark.parametrize("snr_db", [10, 20])
def test_notes_in_noise(snr_db):
    wave = melody(SCALE)
    noise = np.random.default_rng(1).standard_normal(wave.shape).astype(np.float32)
    noise *= np.sqrt(np.mean(wave**2)) * 10 ** (-snr_db / 20)
    assert pitches_of(wave + noise) == [*SCALE]


def test_long_recordings_are_transcribed_in_blocks():
    pitches = [*SCALE] * 26  # more than two blocks of the network
    notes = transcribe_wave(melody(pitches), RATE).notes
    assert [note.pitch for note in notes] == pitches
    np.testing.assert_allclose([note.start_s for note in notes], 0.1 + 0.3 * np.arange(len(pitches)), atol=0.04)


def f_of_notes(pitches: Sequence[int], starts_s: np.ndarray, wave: np.ndarray) -> float:
    """F of the notes that are found, whose pitch is right and whose onset is within 50 ms (mir_eval)."""
    notes = transcribe_wave(wave, RATE).notes
    found = [(note.pitch, note.start_s) for note in notes]
    n_matched = 0
    for pitch, start_s in zip(pitches, starts_s, strict=True):
        near = [each for each in found if each[0] == pitch and abs(each[1] - start_s) < 0.05]
        n_matched += bool(near)
        found = [each for each in found if each not in near[:1]]
    return 2 * n_matched / (len(pitches) + len(notes))


def overlapping(
    pitches: Sequence[int], step_s: float, attack_s: float, release_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tones that swell from the start of each step, while the one before fades; and the starts."""
    wave = np.zeros(round(RATE * (0.6 + step_s * len(pitches))))
    starts_s = 0.2 + step_s * np.arange(len(pitches))
    for pitch, start_s in zip(pitches, starts_s, strict=True):
        note = tone(pitch, step_s + release_s, attack_s=attack_s, release_s=release_s, decay=0.0)
        start = round(start_s * RATE)
        wave[start : start + len(note)] += note[: len(wave) - start]
    return wave.astype(np.float32)[None], starts_s


def random_melody(lowest: int, n_notes: int, seed: int) -> list[int]:
    """Pitches of which no two neighbours are the same."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([-3, -2, -1, 1, 2, 3], n_notes)
    return [int(lowest + abs(each) % 20) for each in 10 + np.cumsum(steps)]


@pytest.mark.parametrize(("lowest", "attack_s"), [(36, 0.12), (48, 0.12), (60, 0.08), (36, 0.04)])
def test_slow_attacks_over_releases_begin_where_they_were_bowed(lowest, attack_s):
    pitches = random_melody(lowest, 24, seed=lowest)
    wave, starts_s = overlapping(pitches, 0.3, attack_s, 0.15)
    assert f_of_notes(pitches, starts_s, wave) > 0.85


@pytest.mark.parametrize(("lowest", "step_s"), [(72, 0.1), (60, 0.12), (48, 0.12)])
def test_fast_notes_over_releases_are_all_found(lowest, step_s):
    pitches = random_melody(lowest, 40, seed=lowest)
    wave, starts_s = overlapping(pitches, step_s, 0.02, 0.1)
    assert f_of_notes(pitches, starts_s, wave) > 0.85


def test_clipping_and_level_change_nothing():
    wave = melody(SCALE)
    assert pitches_of(np.clip(20 * wave, -1, 1)) == [*SCALE]
    assert pitches_of(0.003 * wave) == [*SCALE]


def test_channels_are_mixed_and_blocks_change_nothing(tmp_path):
    wave = melody(SCALE)
    stereo = np.concatenate([wave, 0.5 * wave])
    assert pitches_of(stereo) == [*SCALE]
    path = Clip(stereo, RATE).write(tmp_path / "scale.wav", "FLOAT")
    assert transcribe_file(path).notes == transcribe_wave(stereo, RATE).notes
    whole, parts = MelodyFrameMeter(), MelodyFrameMeter()
    whole.add(wave)
    for start in range(0, wave.shape[1], 777):
        parts.add(wave[:, start : start + 777])
    frames, in_parts = whole.result(), parts.result()
    np.testing.assert_allclose(frames.rise_db, in_parts.rise_db, atol=1e-3)
    np.testing.assert_allclose(frames.begins, in_parts.begins, atol=0.05)


def test_louder_notes_have_higher_velocities():
    wave = np.concatenate([melody((60,)) * gain for gain in (0.1, 0.3, 1.0)], axis=1)
    velocities = [note.velocity for note in transcribe_wave(wave, RATE).notes]
    assert velocities == sorted(velocities)
    assert velocities[2] / velocities[1] == pytest.approx((1 / 0.3) ** 0.5, rel=0.05)


def test_notes_outside_the_limits_are_left_out():
    assert pitches_of(melody((40, 60, 80)), lowest_pitch=50, highest_pitch=70) == [60]


@pytest.mark.parametrize(
    "settings", [{"lowest_pitch": 70, "highest_pitch": 60}, {"onset_db": 0.0}, {"min_clarity": float("nan")}]
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(BadSetting):
        TranscriptionSettings(**settings)


def test_no_sound_file_is_refused(tmp_path):
    (tmp_path / "text.wav").write_text("words")
    with pytest.raises(BadAudio):
        transcribe_file(tmp_path / "text.wav")


@pytest.mark.parametrize("n_samples", [1, 159, 160, 5_000])
def test_frames_are_centred_on_every_hop_up_to_the_end(n_samples):
    meter = MelodyFrameMeter()
    meter.add(np.zeros((1, n_samples), np.float32))
    assert len(meter.result()) == n_samples // HOP_LENGTH + 1


def test_the_path_of_blocks_is_that_of_the_whole():
    rng = np.random.default_rng(3)
    scores = np.full((5_000, 6), -0.3)
    position = 0
    while position < len(scores):
        length = int(rng.integers(8, 200))
        scores[position : position + length, rng.integers(6)] = rng.uniform(0.1, 0.6)
        position += length + int(rng.integers(0, 40))
    starts = np.where(rng.random(scores.shape) < 0.02, rng.uniform(-0.5, 1, scores.shape), -1.0)
    whole = NotePath(6, 5)
    expected = whole.add(scores, starts) + whole.rest()
    path, found = NotePath(6, 5), []
    for start in range(0, len(scores), 700):
        block = slice(start, start + 700)
        found += path.add(scores[block], starts[block])
    assert len(found) > 10  # settled before the end
    assert found + path.rest() == expected
    assert all(note.end - note.start >= 6 for note in expected)
