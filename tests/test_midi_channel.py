"""The controllers of a MIDI channel, by the formulas of the General MIDI standard."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.music.midi_channel import DATA, FINE_DATA, RPN_COARSE, RPN_FINE, MidiChannel


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
    assert channel.bend_range == 2
    for controller, value in ((RPN_COARSE, 0), (RPN_FINE, 0), (DATA, 12), (FINE_DATA, 50)):
        channel.control(controller, value)
    assert channel.bend_range == 12.5
    channel.control(RPN_FINE, 1)  # the fine tuning
    channel.control(DATA, 3)
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
