"""Speech of a length that was asked for: rates, pauses and the rest of silence; what cannot be reached is refused."""

import numpy as np
import pytest
from tiny_speech import stand_in_voice

from wavewright import narrate, speak, speak_lines
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadSetting, BadText
from wavewright.speech.prosody import Prosody
from wavewright.speech.steps import Mark, Pause, Piece
from wavewright.speech.synthesis import FASTEST, SLOWEST, at_rate, fitted_steps
from wavewright.speech.voice import Voice
from wavewright.text.sentence import Word

TEXTS = (
    "Yes.",
    "It is ten past six.",
    "The kettle is on, and on 3 May the ferry leaves at noon. Did you record the violin?",
    "One paragraph is here.\n\nAnother one is there, and more.",
)
RATE, FRAME = 1_000, 16


def piece(n_frames, pause_seconds=0.3):
    word = Word("a" * n_frames, "a", ("AH0",) * n_frames, 0, n_frames)
    return Piece((word,), (Prosody(),), pause_seconds)


def length(steps):
    """Return the samples of steps whose words have a frame for each letter at the usual rate."""
    n_samples = 0
    for step in steps:
        if isinstance(step, Piece):
            n_samples += FRAME * int(len(step.words[0].text) / step.prosody[0].rate + 0.5)
        if not isinstance(step, Mark):
            n_samples += round(RATE * (step.pause_seconds if isinstance(step, Piece) else step.seconds))
    return n_samples


@pytest.mark.parametrize("factor", [SLOWEST + 0.01, 0.9, 1.0, 1.17, FASTEST - 0.01])
@pytest.mark.parametrize("n_frames", [(30,), (7, 5), (400, 900, 20)])
def test_steps_take_the_samples_that_are_asked_for(n_frames, factor):
    steps = [Mark("start"), *(piece(n) for n in n_frames), Pause(0.5), piece(11, 0.0)]
    wanted = int(length(steps) / factor)
    fitted = fitted_steps(steps, wanted, RATE, FRAME, length)
    assert length(fitted) == wanted
    assert fitted[-1].seconds <= FRAME / RATE
    assert isinstance(fitted[0], Mark)


def test_a_rate_changes_words_and_pauses_and_no_silence_is_last():
    first, pause, last = at_rate([piece(10), Pause(0.6), piece(10)], 2.0)
    assert (first.prosody[0].rate, first.pause_seconds, pause.seconds, last.pause_seconds) == (2.0, 0.15, 0.3, 0.0)


@pytest.mark.parametrize("factor", [SLOWEST, FASTEST])
def test_the_slowest_and_fastest_rate_are_reached_in_whole_samples(factor):
    for n_frames in range(20, 120):
        steps = [piece(n_frames, 0.0)]
        assert fitted_steps(steps, round(length(steps) / factor), RATE, FRAME, length)


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_what_cannot_be_reached_is_refused_with_what_can(factor):
    steps = [piece(100, 0.0)]  # 1.6 s
    with pytest.raises(BadSetting, match=r"The text takes 1\.60 s.*: 1\.24 to 2\.00 s"):
        fitted_steps(steps, int(1_600 / factor), RATE, FRAME, length)


@pytest.mark.uses("en", "vocoder")
@pytest.mark.parametrize("text", TEXTS)
def test_the_voice_ends_when_it_should(text):
    voice = Voice.load()
    usual = voice.speak(text).words[-1].end + 0.064  # in which the last phone decays
    for factor in (0.85, 1.0, 1.25):
        seconds = usual / factor
        speech = voice.speak(text, seconds=seconds)
        assert speech.clip.wave.shape[1] == round(seconds * voice.sample_rate)
        assert speech.clip.wave[0, -1] == pytest.approx(0, abs=1e-3)
        assert seconds - 0.1 < speech.words[-1].end < seconds - 0.04
    chunks = [chunk.wave for chunk in voice.stream(text, seconds=seconds)]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), speech.clip.wave)


def test_lengths_and_the_usual_samples_stay_without_it():
    voice = stand_in_voice()
    text = "One, two. Three four five, six seven eight nine ten."
    assert voice.speak(text, seconds=3.3).clip.wave.shape[1] == 3.3 * voice.sample_rate
    usual = voice.speak(text).clip.wave.shape[1]
    assert usual == len(np.concatenate([chunk.wave[0] for chunk in voice.stream(text)]))


def test_commands_and_columns(players, tmp_path):
    text = "One, two. Three four five, six seven eight nine ten."
    speak(text, seconds=3.3, out=tmp_path / "fitted.wav")
    assert Clip.read(tmp_path / "fitted.wav").wave.shape[1] == 3.3 * 24_000
    table = tmp_path / "lines.csv"
    table.write_text(f"name,text,seconds\na,{text!r},3.4\nb,{text!r},\nc,{text!r},60\n".replace("'", '"'))
    spoken = speak_lines(table, out=tmp_path / "lines", quiet=True)
    assert Clip.read(tmp_path / "lines" / "a.wav").wave.shape[1] == 3.4 * 24_000
    assert [(each.what, "times as fast" in each.reason) for each in spoken.failed] == [("line 4", True)]
    again = speak_lines(table, out=tmp_path / "lines", seconds=3.5, quiet=True)  # for the line without a length
    assert [each.is_new for each in again.files] == [False, True]
    assert Clip.read(tmp_path / "lines" / "b.wav").wave.shape[1] == 3.5 * 24_000
    with pytest.raises(BadSetting, match="unexpected keyword"):
        narrate(table, seconds=3)


class TestDurationsInSsml:
    TEXT = "One, two. Three four five, six seven eight nine ten."

    def test_a_part_takes_its_duration_and_the_rest_stays(self):
        voice = stand_in_voice()

        def wave(text):
            return voice.speak(f"<speak>{text}</speak>").clip.wave

        before, after = wave("Before it."), wave("After it.")
        fitted = f'<prosody duration="3.2s">{self.TEXT}</prosody>'
        alone = wave(fitted).shape[1] / voice.sample_rate
        assert alone == pytest.approx(3.2 + 0.36, abs=1e-3)  # and the pause after a sentence
        whole = wave(f"Before it. {fitted} After it.").shape[1]
        assert whole == before.shape[1] + round(alone * voice.sample_rate) + after.shape[1]

    def test_neighbours_and_inner_elements_have_durations_of_their_own(self):
        voice = stand_in_voice()
        text = f'<prosody duration="3s">{self.TEXT}</prosody>'
        both = voice.speak(f"<speak>{text}{text}</speak>")
        assert both.clip.seconds == pytest.approx(2 * 3.36, abs=1e-3)
        inner = f'<prosody duration="600s">Hidden. <prosody duration="3s">{self.TEXT}</prosody></prosody>'
        with pytest.raises(BadSetting, match=r"600\.00 s are"):
            voice.speak(f"<speak>{inner}</speak>")

    def test_pauses_and_marks_belong_to_their_part(self):
        voice = stand_in_voice()
        inside = f'<prosody duration="4s">{self.TEXT}<break time="500ms"/><mark name="m"/>Ten.</prosody>'
        speech = voice.speak(f'<speak>{inside}<break time="1s"/><mark name="end"/>End.</speak>')
        times = {mark.name: mark.seconds for mark in speech.marks}
        assert 0 < times["m"] < 4
        assert times["end"] == pytest.approx(5.0, abs=0.1)
        last = next(word for word in speech.words if word.text == "Ten")
        assert 3.9 <= last.end <= 4.0

    @pytest.mark.parametrize("duration", ["0s", "2", "601s", "fast", "-1s", ""])
    def test_other_durations_are_refused_with_their_place(self, duration):
        with pytest.raises(BadText, match=r"line 1, column 8: the duration is .*up to 600 seconds"):
            stand_in_voice().speak(f'<speak><prosody duration="{duration}">Yes.</prosody></speak>')
