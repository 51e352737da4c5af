"""The room of a dub: the decays of speech in simulated rooms, and the reverb that is found for a voice."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve

from wavewright import speak
from wavewright.audio.sound_file import SoundFormat
from wavewright.dsp.rooms import Room
from wavewright.dubbing.project import CastMember, DubLine, DubProject
from wavewright.dubbing.rooms import LAGS, band_powers, decay_curves, matched_reverb, with_rooms
from wavewright.dubbing.speaking import line_file
from wavewright.dubbing.stretches import RATE
from wavewright.tasks.dub import dub

TEXTS = (
    "The kettle is on the stove, and nobody looks at it.",
    "Two boats left the harbour before the storm came up.",
    "Ask him again tomorrow; he will have forgotten the story.",
)
OTHER_TEXTS = (
    "What they found under the old bridge was a box of letters.",
    "She opens the window, listens, and closes it again.",
    "Nine people waited at the stop, and the bus did not come.",
)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """Lines of the bundled voice, and others, ``(time,)`` at 16 kHz."""
    out = tmp_path_factory.mktemp("voice") / "line.wav"
    spoken = [speak(text, out=out).clip.resample(RATE).wave[0] for text in (*TEXTS, *OTHER_TEXTS)]
    return spoken[: len(TEXTS)], spoken[len(TEXTS) :]


def in_room(waves, t60, seed=1, noise=1e-4):
    """Lines as they sound in a simulated room, two metres away."""
    rng = np.random.default_rng(seed)
    response = dataclasses.replace(Room(np.array([5.0, 4.0, 2.7]), t60)).response(rng, RATE)
    heard = [
        fftconvolve(np.pad(wave, (0, round(0.4 * RATE))), response)[: len(wave) + round(0.4 * RATE)] for wave in waves
    ]
    return [(wave + noise * rng.standard_normal(len(wave))).astype(np.float32) for wave in heard]


def test_noise_that_decays_has_the_curve_of_its_time():
    seconds, t60 = 40, 0.5
    rng, period = np.random.default_rng(0), RATE // 2
    time = np.arange(seconds * RATE) % period / RATE
    wave = rng.standard_normal(seconds * RATE) * 10 ** (-3 * time / t60)
    curves = decay_curves(band_powers(wave), np.full(4, 1e-9)).reshape(4, 2, len(LAGS))
    expected = -60 * LAGS * 128 / RATE / t60
    np.testing.assert_allclose(np.diff(curves[:, 0]).mean(0), np.diff(expected), atol=1.2)
    assert (curves[:, 1] <= curves[:, 0]).all()


@pytest.mark.parametrize("t60", [0.35, 0.8])
def test_a_voice_gets_the_reverberation_time_of_the_original(voice, t60):
    lines, others = voice
    reverb = matched_reverb(in_room(others, t60), lines)
    assert abs(np.log2(reverb.seconds / t60)) < 0.5
    again = matched_reverb(
        in_room(others, t60), [reverb.stream(SoundFormat(RATE, 1)).push(line[None])[0] for line in lines]
    )
    assert again is None or again.mix < reverb.mix / 2  # it is there by now


def test_a_dry_original_gets_no_reverb(voice):
    lines, others = voice
    dry = [np.pad(wave, (0, round(0.4 * RATE))) for wave in others]
    assert matched_reverb(dry, lines) is None
    short = [wave[: 3 * RATE] for wave in in_room(others, 0.8)[:1]]
    assert matched_reverb(short, lines) is None  # too little speech
    assert matched_reverb([], []) is None


def test_each_member_of_the_cast_gets_its_room(voice, tmp_path):
    lines, others = voice
    folder = tmp_path / "lines"
    folder.mkdir()
    project = DubProject(
        source="scene.wav",
        to_language="en",
        cast=(
            CastMember(speaker="Ann", voice="en-kathleen"),
            CastMember(speaker="Ben", voice="en-kathleen", effects="highpass 80Hz"),
            CastMember(speaker="Cid", voice="en-kathleen", effects="reverb seconds=2 mix=0.5"),
        ),
        lines=tuple(
            DubLine(
                number=3 * member + index + 1,
                start=9.0 * (3 * member + index),
                end=9.0 * (3 * member + index) + len(others[index]) / RATE,
                speaker=name,
                text="x",
                seconds=len(lines[index]) / RATE,
            )
            for member, name in enumerate(("Ann", "Ben", "Cid"))
            for index in range(3)
        ),
    )
    scene = np.zeros(round(9.0 * RATE * len(project.lines)), np.float32)
    for line in project.lines:
        index = (line.number - 1) % 3
        soundfile.write(line_file(folder, line), lines[index], RATE)
        (heard,) = in_room([others[index]], 0.7) if line.speaker != "Ann" else [others[index]]
        start = round(line.start * RATE)
        scene[start : start + len(heard)] = heard
    soundfile.write(tmp_path / "scene.wav", scene, RATE)
    ann, ben, cid = with_rooms(project, tmp_path / "scene.wav", folder).cast
    assert ann.effects == ""
    assert ben.effects.startswith("highpass 80Hz; reverb seconds=0.")
    assert ben.chain(tmp_path) is not None
    assert cid.effects == "reverb seconds=2 mix=0.5"


def test_subtitles_alone_have_no_room(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHallo.\n", encoding="utf-8")
    made = dub(tmp_path / "a.srt", to="en", translation=tmp_path / "a.srt", room=True, draft=True, quiet=True)
    assert made.notes == ("a.srt has no sound, and so no room to put the voices into.",)
