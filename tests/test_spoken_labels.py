"""Labels spoken by a voice: drawn speakers, seeds, texts, and training with a voice beside recordings."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadModel
from wavewright.families import loading
from wavewright.speech import voice_names
from wavewright.speech.spoken_labels import DrawnSpeaker, SpokenLabels
from wavewright.speech.voice import Voice
from wavewright.training import train as trainings

RATE = 16_000
VOICE_HZ, VOICE_SECONDS = 200.0, 0.6


class ToneVoice:
    """Speaks any text as a tone between silences, whose pitch and length follow the prosody."""

    sample_rate = RATE
    acoustic = SimpleNamespace(
        folder=SimpleNamespace(hash="0123456789abcdef", card=SimpleNamespace(name="tone", sample_rate=RATE, labels=()))
    )

    def __init__(self):
        self.texts = []

    def speak(self, text, prosody, *, seed, is_ssml):
        self.texts.append(text)
        time = np.arange(round(VOICE_SECONDS / prosody.rate * RATE)) / RATE
        tone = 0.5 * np.sin(2 * np.pi * VOICE_HZ * prosody.pitch * time)
        return SimpleNamespace(clip=Clip(np.pad(tone, 2_000)[None].astype(np.float32), RATE))


def frequency_hz(wave: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 17))
    return float(spectrum.argmax() * RATE / (1 << 17))


def test_clips_have_the_pitch_and_the_length_of_the_drawn_speaker():
    spoken = SpokenLabels(ToneVoice(), {"yes": ["yes"], "no": ["no"]})
    for index in range(12):
        wave = spoken.generate("no", 1, 7, index)[0]
        speaker = DrawnSpeaker.draw(spoken.clip_rng(7, index, 1))
        expected_hz = VOICE_HZ * speaker.prosody.pitch * speaker.formants
        assert wave.shape[0] == 1
        assert wave.dtype == np.float32
        assert frequency_hz(wave[0]) == pytest.approx(expected_hz, rel=0.02)
        seconds = VOICE_SECONDS / speaker.prosody.rate / speaker.formants
        assert wave.shape[1] / RATE == pytest.approx(seconds, rel=0.02)


def test_speakers_range_from_low_to_high_voices_and_differ():
    rng = np.random.default_rng(0)
    speakers = [DrawnSpeaker.draw(rng) for _ in range(400)]
    pitches = np.array([12 * np.log2(speaker.prosody.pitch * speaker.formants) for speaker in speakers])
    formants = np.array([speaker.formants for speaker in speakers])
    assert pitches.min() < -8
    assert pitches.max() > 8
    assert np.corrcoef(pitches, np.log(formants))[0, 1] > 0.8  # larger bodies have lower voices
    rates = np.array([speaker.prosody.rate * speaker.formants for speaker in speakers])
    assert 0.9 <= rates.min() < 1.0
    assert 2.0 < rates.max() <= 2.2


def test_a_clip_depends_on_seed_index_and_label_alone():
    spoken = SpokenLabels(ToneVoice(), {"yes": ["yes"], "no": ["no"]})
    several = spoken.generate(None, 4, 3, 1)
    for offset, wave in enumerate(several):
        label = spoken.labels[(1 + offset) % 2]
        np.testing.assert_array_equal(wave, spoken.generate(label, 1, 3, 1 + offset)[0])
    assert not np.array_equal(several[0], spoken.generate("no", 1, 4, 1)[0])


def test_each_text_of_a_label_is_spoken():
    voice = ToneVoice()
    SpokenLabels(voice, {"on": ["switch on", "turn on"]}).generate(count=40)
    assert 10 <= voice.texts.count("turn on") <= 30
    assert set(voice.texts) == {"switch on", "turn on"}


@pytest.mark.parametrize(
    ("label_map", "expected"),
    [
        ((), {"4": ["4"], "light_on": ["light on"]}),
        ((("switch on", "light_on"), ("turn on", "light_on")), {"4": ["4"], "light_on": ["switch on", "turn on"]}),
        ((("apple", "_other"),), {"4": ["4"], "light_on": ["light on"], "_other": ["apple"]}),
    ],
)
def test_a_voice_speaks_labels_or_mapped_texts_and_background_only_by_the_map(monkeypatch, label_map, expected):
    monkeypatch.setattr(voice_names, "is_voice", lambda name: name == "some-voice")
    monkeypatch.setattr(Voice, "load", lambda name: ToneVoice())
    source = trainings.open_source("some-voice", ("4", "light_on", "_other"), label_map)
    assert source.texts == expected
    assert source.labels == tuple(expected)


def test_other_models_are_opened_as_generators(monkeypatch):
    monkeypatch.setattr(loading, "load_generator", lambda name: f"generator {name}")
    assert trainings.open_source("drums", ("kick",), ()) == "generator drums"
    monkeypatch.undo()
    with pytest.raises(BadModel):
        trainings.open_source("no-such-model", ("kick",), ())
