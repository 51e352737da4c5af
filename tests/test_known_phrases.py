"""Phrases of a table are recognised in recordings: over pauses, in any order, at another rate and pitch."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import wavewright
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadSetting, SkippedText
from wavewright.dubbing.phrases import cepstra, dtw_distance, features_of
from wavewright.dubbing.recognition import open_recogniser
from wavewright.speech.prosody import Prosody

PHRASES = {
    "Please enter your password.": "Bitte geben Sie Ihr Kennwort ein.",
    "The conference is full.": "Die Konferenz ist voll.",
    "All circuits are busy now. Please try your call again later.": "Alle Leitungen sind besetzt.",
    "You have new messages.": "Sie haben neue Nachrichten.",
    "Goodbye.": "Auf Wiedersehen.",
    "Press the star key.": "Drücken Sie die Sterntaste.",
}


@pytest.fixture(scope="module")
def voice():
    return wavewright.Voice.load("en-kathleen")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "phrases.csv"
    path.write_text("".join(f"{text}\t{answer}\n" for text, answer in PHRASES.items()), encoding="utf-8")
    return path


def test_a_distance_is_that_of_the_cheapest_path():
    """All paths of small sequences, by enumeration."""
    rng = np.random.default_rng(3)

    def paths(i, j):
        if (i, j) == (0, 0):
            yield ((0, 0, 2),)
        for di, dj, weight in ((1, 1, 2), (1, 0, 1), (0, 1, 1)):
            if i >= di and j >= dj:
                for path in paths(i - di, j - dj):
                    yield (*path, (i, j, weight))

    for n, m in itertools.product((1, 2, 4), (1, 3, 5)):
        a, b = rng.standard_normal((n, 3)).astype(np.float32), rng.standard_normal((m, 3)).astype(np.float32)
        costs = np.linalg.norm(a[:, None] - b[None], axis=2)
        cheapest = min(sum(weight * costs[i, j] for i, j, weight in path) for path in paths(n - 1, m - 1))
        assert dtw_distance(a, b) == pytest.approx(cheapest / (n + m), rel=1e-5)
        assert dtw_distance(a, a) == 0


@settings(max_examples=25)
@given(st.floats(-40, 20), st.floats(-3, 3), st.integers(0, 99))
def test_features_are_invariant_to_level_and_tilt(gain_db, tilt, seed):
    """A level and a filter add a constant to each cepstrum, which its mean takes away."""
    found = np.random.default_rng(seed).standard_normal((40, 13))
    moved = found + gain_db + tilt * np.arange(13)
    np.testing.assert_allclose(features_of(moved), features_of(found), atol=1e-3)


def test_pauses_are_no_part_of_a_phrase():
    wave = (0.2 * np.random.default_rng(1).standard_normal(16_000)).astype(np.float32)
    paused = np.concatenate([wave[:8_000], np.zeros(16_000, np.float32), wave[8_000:]])
    assert abs(len(cepstra(paused)) - len(cepstra(wave))) <= 5


def test_phrases_are_recognised_at_another_rate_and_pitch(voice, table, tmp_path):
    order = random.Random(4).sample([*PHRASES], len(PHRASES))
    rows = []
    starts = []
    for number, text in enumerate(order):
        clip = voice.speak(text, Prosody((0.8, 1.0, 1.25)[number % 3], (-4.0, 0.0, 3.0)[number // 2])).clip
        starts.append(sum(map(len, rows)) / clip.sample_rate)
        rows += [clip.mono().wave[0], np.zeros(clip.sample_rate, np.float32)]
    sound = Clip(np.concatenate(rows)[None], clip.sample_rate).write(tmp_path / "talk.wav")
    found = open_recogniser(f"table:{table}").segments(sound, "en")
    assert [segment.text for segment in found] == order
    np.testing.assert_allclose([segment.start for segment in found], starts, atol=0.25)
    assert {segment.language for segment in found} == {"en"}
    path = wavewright.caption(sound, out=tmp_path / "talk.txt", recogniser=f"table:{table}", language="en").out
    assert path.read_text(encoding="utf-8").split() == " ".join(order).split()


def test_a_prompt_is_dubbed_by_a_table_alone(voice, table, tmp_path):
    sound = voice.speak("You have new messages.", Prosody(1.1)).clip.write(tmp_path / "prompt.wav")
    given = {"recogniser": f"table:{table}", "translator": f"table:{table}", "from_": "en", "to": "de", "quiet": True}
    made = wavewright.dub(sound, out=tmp_path / "prompt-de.wav", **given)
    assert [line.text for line in made.details["lines"]] == ["Sie haben neue Nachrichten."]


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="eSpeak NG is not installed")
def test_the_nearest_phrase_of_another_speaker_is_right(table, tmp_path, monkeypatch):
    """By eSpeak NG, a man of formants, who is farther away than recordings are."""
    monkeypatch.setattr("wavewright.dubbing.phrases.MAX_DISTANCE", np.inf)
    recogniser = open_recogniser(f"table:{table}")
    for text in PHRASES:
        sound = tmp_path / "heard.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-w", sound, text], check=True)
        assert [segment.text for segment in recogniser.segments(sound, "en")] == [text]


def test_capitals_and_punctuation_make_no_other_phrase(voice, tmp_path, recwarn):
    table = tmp_path / "phrases.csv"
    table.write_text("Thank you very much.\ta\nthank you very much\tb\nGoodbye.\tc\n")
    sound = voice.speak("Thank you very much.").clip.write(tmp_path / "a.wav")
    (segment,) = open_recogniser(f"table:{table}").segments(sound, "en")
    assert segment.text == "Thank you very much."
    assert not [each for each in recwarn if issubclass(each.category, SkippedText)]


def test_phrases_that_sound_alike_are_doubtful(voice, tmp_path):
    table = tmp_path / "alike.csv"
    table.write_text("The two of them.,a\nThe too of them.,b\nSomething else again.,c\n")
    sound = voice.speak("The two of them.").clip.write(tmp_path / "a.wav")
    with pytest.warns(SkippedText, match=r"a\.wav: 1 of 1 phrases are doubtful, at 0\.\d s, since others are"):
        (segment,) = open_recogniser(f"table:{table}").segments(sound, "en")
    assert segment.text in ("The two of them.", "The too of them.")


def test_what_is_no_phrase_is_left_out_and_named(voice, table, tmp_path):
    spoken = voice.speak("The conference is full.").clip
    burst = 0.2 * np.random.default_rng(2).standard_normal(spoken.sample_rate).astype(np.float32)
    silence = np.zeros(spoken.sample_rate, np.float32)
    sound = Clip(np.concatenate([burst, silence, spoken.wave[0]])[None], spoken.sample_rate).write(tmp_path / "b.wav")
    with pytest.warns(
        SkippedText, match=r"b\.wav: 1 of 2 stretches of sound are none of the phrases, at 0\.0 s, and are left"
    ):
        (segment,) = open_recogniser(f"table:{table}").segments(sound, "en")
    assert segment.text == "The conference is full."
    assert segment.start == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize(
    ("contents", "language", "message"),
    [
        ("a,b\n", "", r"its language is unknown; give --from or --language"),
        ("a,b\n", "nl", r"no voice speaks 'nl'; the voices are .*en-kathleen"),
        ("# nothing\n", "en", r"has no phrases; write one a line"),
        ("a\n", "en", r"line 1: write a text and its translation"),
    ],
)
def test_tables_and_languages_without_a_voice_are_refused(tmp_path, contents, language, message):
    table = tmp_path / "phrases.csv"
    table.write_text(contents)
    sound = Clip(0.1 * np.sin(np.arange(16_000) / 9)[None].astype(np.float32), 16_000).write(tmp_path / "a.wav")
    with pytest.raises(BadSetting, match=message):
        open_recogniser(f"table:{table}").segments(sound, language)
