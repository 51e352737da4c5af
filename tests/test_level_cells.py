"""The second layer of the mark: cells of levels in speech, and what they survive."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_watermark import speech_like

from wavewright.audio.sound_file import SoundFormat
from wavewright.effects.editing.chain import Chain
from wavewright.outputs.watermark.carrier import (
    CELL_GAIN_DB,
    CELL_S,
    MEAN_GAIN_DB,
    N_CELL_BANDS,
    N_CELLS,
    LevelCells,
    cell_signs,
    frame_grid,
)
from wavewright.outputs.watermark.detection import OFFSETS_PER_CELL, SLOPE, LevelFolds, detect_wave, search_windows
from wavewright.outputs.watermark.evidence import MAX_P_VALUE, p_value_of
from wavewright.outputs.watermark.marking import Watermark, mark_wave
from wavewright.outputs.watermark.payload import Payload

RATE = 16_000
PAYLOAD = Payload(0x123)


def edited(wave, text):
    return np.concatenate(
        list(Chain.parse(text).process_blocks([wave.astype(np.float32)], SoundFormat(RATE, 1))), axis=1
    )


@pytest.fixture(scope="module")
def marked():
    """Speech-like sound of 12 s with both layers."""
    return mark_wave(speech_like(12.0), RATE, PAYLOAD, has_levels=True)


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 24_000, 44_100])
def test_cells_have_their_gain_and_time(sample_rate):
    cells = LevelCells(frame_grid(sample_rate), "k")
    seconds = frame_grid(sample_rate).hop_length / sample_rate
    changes = cells.changes(0, 400)
    np.testing.assert_array_equal(changes[100:], cells.changes(100, 300))
    gains_db = 20 * np.log10(1 + changes)
    quieter, _, louder = np.unique(gains_db.round(4))
    assert louder - quieter == pytest.approx(2 * CELL_GAIN_DB, abs=1e-3)
    assert 10 ** (quieter / 10) + 10 ** (louder / 10) == pytest.approx(2.0, abs=1e-4)  # the power of the sound
    grid = frame_grid(sample_rate)
    for frame, hertz in ((0, 310.0), (57, 1_000.0), (399, 3_000.0)):
        band = math.floor(8 * math.log2(hertz / 300))
        cell = int((frame + 1) * seconds / CELL_S) % N_CELLS
        nearest = round(hertz * 2 * grid.hop_length / sample_rate) - grid.first_bin
        if math.floor(8 * math.log2((nearest + grid.first_bin) * sample_rate / (2 * grid.hop_length) / 300)) == band:
            expected = MEAN_GAIN_DB + CELL_GAIN_DB * cell_signs("k")[cell, band]
            assert gains_db[frame, nearest] == pytest.approx(expected, abs=1e-4)


def test_any_chunks_give_the_samples_of_the_whole_wave(marked):
    wave = speech_like(12.0)
    stream = Watermark(RATE, 1, PAYLOAD, has_levels=True)
    outputs = [stream.push(part) for part in np.array_split(wave, 37, axis=1)]
    np.testing.assert_array_equal(np.concatenate([*outputs, stream.finish()], axis=1), marked)


def test_pauses_stay_as_quiet_and_silence_silent():
    wave = speech_like(4.0)
    wave[:, 20_000:40_000] *= 1e-3
    wave[:, 45_000:50_000] = 0.0
    output = mark_wave(wave, RATE, has_levels=True)
    power = [np.square(each[:, 20_600:39_400]).mean() for each in (output, wave)]
    assert abs(10 * math.log10(power[0] / power[1])) < 0.3
    assert not output[:, 45_600:49_400].any()


@pytest.mark.parametrize(
    ("change", "speed", "semitones"),
    [
        ("stretch factor=1.1", 1 / 1.1, 0.0),
        ("pitch semitones=-1.5st", 1.0, -1.5),
    ],
)
def test_levels_survive_other_lengths_and_pitches(marked, change, speed, semitones):
    log_evidence, best = LevelFolds(edited(marked, change)[0].astype(float)).search("wavewright")
    assert p_value_of(log_evidence) < 1e-8
    assert best.speed == pytest.approx(speed, abs=0.004)
    assert best.semitones == semitones


def test_the_detector_reports_levels_alone_without_a_payload():
    cells = LevelCells(frame_grid(RATE), "wavewright")
    wave, hop = speech_like(12.0, seed=3), frame_grid(RATE).hop_length
    output, window = wave.astype(float), frame_grid(RATE).window
    for frame in range(wave.shape[1] // hop - 1):  # the second layer alone, by its definition
        part = slice(frame * hop, (frame + 2) * hop)
        spectrum = np.fft.rfft(wave[0, part] * window)
        spectrum[: frame_grid(RATE).first_bin] = spectrum[frame_grid(RATE).n_bins :] = 0.0
        spectrum[frame_grid(RATE).first_bin : frame_grid(RATE).n_bins] *= cells.changes(frame, 1)[0]
        output[0, part] += np.fft.irfft(spectrum) * window
    found = detect_wave(output, RATE, any_speed=False)
    assert found.is_marked
    assert found.payload is None
    assert (found.speed, found.semitones) == (1.0, 0.0)
    assert [(segment.start_s, segment.end_s) for segment in found.segments] == [(0.0, 12.0)]
    assert not detect_wave(output, RATE, "another", any_speed=False).is_marked


def test_e_values_of_levels_have_a_mean_of_at_most_one():
    """Average exp(a z - a^2 / 2) over keys at an ``a`` where the mean of as many numbers is near that of all."""
    folds = LevelFolds(speech_like(6.0, seed=5)[0].astype(float), any_speed=False)
    (fold,) = folds._folds
    periods = fold.reshape(N_CELLS, OFFSETS_PER_CELL, N_CELL_BANDS)
    scores = []
    for number in range(150):
        for phase in range(OFFSETS_PER_CELL):
            y = periods[:, phase]
            signs = cell_signs.__wrapped__(f"key {number}")
            scores += [
                float((np.roll(y, -shift, axis=0) * signs).sum() / np.linalg.norm(y)) for shift in range(0, 32, 5)
            ]
    assert np.exp(1.5 * np.array(scores) - 1.5**2 / 2).mean() < 1.1
    assert max(scores) < 5.5


def test_evidence_is_the_mean_over_all_hypotheses():
    folds = LevelFolds(speech_like(6.0)[0].astype(float), any_speed=False)
    (fold,) = folds._folds
    signs = cell_signs("k")
    scores = [
        float((np.roll(fold, -offset, axis=0)[::OFFSETS_PER_CELL, 0] * signs).sum())
        / np.linalg.norm(fold[offset % OFFSETS_PER_CELL :: OFFSETS_PER_CELL])
        for offset in range(len(fold))
    ]
    expected = np.log(np.mean(np.exp(SLOPE * np.array(scores) - SLOPE**2 / 2)))
    log_evidence, best = folds.search("k")
    assert log_evidence == pytest.approx(expected, abs=1e-9)
    assert best.score == pytest.approx(max(scores))


def test_short_windows_are_left_out_and_windows_averaged():
    windows = [speech_like(6.0, seed=index)[0].astype(float) for index in range(3)]
    assert search_windows([windows[0][:20_000]], {0}, "k", any_speed=False) is None
    logs = [LevelFolds(window, any_speed=False).search("k")[0] for window in windows]
    found = search_windows(windows, {0, 2}, "k", any_speed=False)
    assert found.log_evidence == pytest.approx(np.log(np.mean(np.exp([logs[0], logs[2]]))))
    assert found.spans == ()
    assert p_value_of(found.log_evidence) > MAX_P_VALUE
