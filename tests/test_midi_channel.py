"""The controllers of a MIDI channel, by the formulas of the General MIDI standard."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.music.midi_channel import DATA, FINE_DATA, RPN_COARSE, RPN_FINE, WHEEL_RANGE, MidiChannel


def test_gains_have_constant_power_over_the_pan_and_the_square_of_volume_and_expression():
    channel = MidiChannel()
    for controller, value in ((7, 127), (11, 127)):
        channel.control(controller, value)
    for pan in (0, 1, 32, 64, 100, 127):
        channel.control(10, pan)
        assert np.sum(channel.gains() ** 2) == pytest.approx(1)
    np.testing.assert_allclose(channel.gains(), [0, 1], atol=1e-12)
    channel.control(10, 64)
    assert channel.gains()[0] == pytest.approx(np.sqrt(0.5))
    channel.control(7, 64)
    assert np.sum(channel.gains() ** 2) == pytest.approx((64 / 127) ** 4)


def test_the_range_of_the_bend_is_registered_parameter_0():
    channel = MidiChannel()
    channel.pitch_bend(8_191)
    assert channel.bend_semitones == pytest.approx(2, abs=1e-3)
    channel.control(DATA, 12)  # of no parameter
    assert channel.row[WHEEL_RANGE] == 2
    for controller, value in ((RPN_COARSE, 0), (RPN_FINE, 0), (DATA, 12), (FINE_DATA, 50)):
        channel.control(controller, value)
    assert channel.row[WHEEL_RANGE] == 12.5
    channel.control(RPN_FINE, 1)  # the fine tuning
    channel.control(DATA, 3)
    assert channel.row[WHEEL_RANGE] == 12.5
    channel.control(DATA, 64)
    channel.pitch_bend(-9_000)
    assert channel.bend_semitones == -12.5


def test_controller_121_resets_what_it_should():
    channel = MidiChannel()
    for controller in (1, 7, 10, 11, 64):
        channel.control(controller, 90)
    channel.pitch_bend(100)
    channel.control(121, 0)
    assert (channel.modulation, channel.bend_semitones, channel.is_sustained) == (0, 0, False)
    kept = MidiChannel()
    kept.control(7, 90)
    kept.control(10, 90)
    np.testing.assert_array_equal(channel.gains(), kept.gains())


@pytest.mark.parametrize(
    ("controls", "semitones"),
    [
        (((101, 0), (100, 0), (6, 12), (99, 1), (98, 8), (6, 80)), 12),  # after NRPN, 6 sets no range
        (((99, 1), (98, 8), (6, 80), (101, 0), (100, 0), (6, 7)), 7),
        (((101, 0), (100, 0), (98, 8), (6, 80), (100, 0), (6, 3)), 3),
        (((101, 0), (100, 1), (38, 90), (6, 64), (100, 0), (6, 5)), 5),  # 38 belonged to the tuning
        (((38, 90), (101, 0), (100, 0), (6, 5)), 5),
        (((101, 0), (100, 0), (6, 5), (38, 25)), 5.25),
        (((101, 0), (100, 0), (6, 5), (38, 25), (6, 6)), 6),
        (((101, 0), (100, 0), (6, 5), (101, 127), (100, 127), (6, 9)), 5),
        (((101, 0), (100, 2), (6, 64), (100, 0), (38, 50)), 2.5),  # 38 alone leaves the semitones
        (((101, 0), (100, 0), (6, 9), (121, 0), (6, 1)), 9),
    ],
)
def test_data_belong_to_the_parameter_that_was_selected_last(controls, semitones):
    channel = MidiChannel()
    for controller, value in controls:
        channel.control(controller, value)
    assert channel.row[WHEEL_RANGE] == pytest.approx(semitones)
    assert channel.bend_semitones == pytest.approx(0)


def test_tunings_add_up_and_end_with_controller_121():
    channel = MidiChannel()
    for controller, value in ((101, 0), (100, 2), (6, 69), (100, 1), (6, 32), (38, 64)):
        channel.control(controller, value)
    assert channel.bend_semitones == pytest.approx(5 + (32 * 128 + 64 - 8_192) / 8_192)
    channel.control(121, 0)
    assert channel.bend_semitones == 0


def test_the_balance_takes_from_one_side():
    channel = MidiChannel()
    left, right = channel.gains()
    channel.control(8, 96)
    np.testing.assert_allclose(channel.gains(), [left / 4, right])  # -12 dB, as in FluidSynth
    channel.control(8, 0)
    np.testing.assert_allclose(channel.gains(), [left, 0], atol=1e-12)
