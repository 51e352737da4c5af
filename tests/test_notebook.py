"""Representations for notebooks and prompts: a player for a clip, one line for clips, voices and models."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from test_runs import write_run
from tiny_models import make_gan

import wavewright
from wavewright import models
from wavewright.audio.clip import MAX_PLAYER_WAV_BYTES, Clip
from wavewright.base.errors import BadSetting
from wavewright.families import loading
from wavewright.inference.recognition.results import LabelConfidence, RecognisedFile, RecognisedFiles
from wavewright.models.folder import ModelFolder, describe_model
from wavewright.music.score import NOTE, Track
from wavewright.tasks.train import Trained

LABELS = tuple("abcdefghij")


def noise(seconds, sample_rate, n_channels=1, level=0.1):
    rng = np.random.default_rng(0)
    return Clip(level * rng.standard_normal((n_channels, int(seconds * sample_rate))), sample_rate)


def player_of(clip):
    """The kind, the samples and the rate that a browser gets, and the text beside."""
    html = clip._repr_html_()
    match = re.fullmatch(
        r'<div><audio controls src="data:audio/(wav|ogg);base64,([^"]+)"></audio><br>([^<]*)</div>', html
    )
    contents = base64.b64decode(match[2], validate=True)
    wave, sample_rate = soundfile.read(io.BytesIO(contents), always_2d=True)
    return match[1], wave.T, sample_rate, match[3]


@pytest.mark.parametrize("format", ["wav", "flac", "aiff"])
def test_bytes_are_those_of_a_file(tmp_path, format):
    clip = noise(0.5, 22_050, 2)
    for subtype in (None, "PCM_24"):
        path = clip.write(tmp_path / f"clip.{format}", subtype, {"comment": "mine"})
        assert clip.to_bytes(format, subtype, {"comment": "mine"}) == path.read_bytes()


@pytest.mark.parametrize("format", ["ogg", "opus", "mp3"])
def test_bytes_of_compressed_formats_are_those_of_a_file(tmp_path, format):
    clip = noise(0.5, 24_000)
    expected = soundfile.read(clip.write(tmp_path / f"clip.{format}"))
    decoded = soundfile.read(io.BytesIO(clip.to_bytes(format)))
    np.testing.assert_array_equal(decoded[0], expected[0])
    assert decoded[1] == expected[1]


@pytest.mark.parametrize("format", ["", "wave", ".wav", "../wav", "WAV "])
def test_other_formats_are_refused(format):
    with pytest.raises(BadSetting, match="it must be one of wav, flac"):
        noise(0.1, 8_000).to_bytes(format)


def test_a_clip_has_a_player_in_a_notebook():
    clip = noise(1.5, 16_000)
    kind, wave, sample_rate, text = player_of(clip)
    assert (kind, sample_rate, text) == ("wav", 16_000, "1.50 s, 16000 Hz, 1 channel")
    np.testing.assert_allclose(wave, clip.wave, atol=1 / 32_000)


@pytest.mark.parametrize(
    ("seconds", "sample_rate", "n_channels", "player_seconds"),
    [
        (6, 48_000, 2, 6),
        (61, 12_000, 1, 60),
        (1, 192_000, 1, 1),
        (0.5, 1_000, 1, 0.5),
        (1, 8_000, 8, 1),
        (0.001, 8_000, 1, 0.001),
    ],
)
def test_players_are_of_bounded_size_and_of_rates_that_browsers_know(seconds, sample_rate, n_channels, player_seconds):
    clip = noise(seconds, sample_rate, n_channels, level=0.3)
    kind, wave, read_rate, text = player_of(clip)
    assert 8_000 <= read_rate <= 48_000
    assert wave.shape == (1 if n_channels > 2 else n_channels, round(player_seconds * read_rate))
    assert kind == ("wav" if 2 * wave.size <= MAX_PLAYER_WAV_BYTES else "ogg")
    assert len(clip._repr_html_()) < 2_500_000
    assert text.startswith(f"{seconds:.2f} s, {sample_rate} Hz, ")
    assert ("the first 60 s" in text) == (seconds > 60)


def test_unplayable_clips_have_no_player():
    for wave in (np.zeros((1, 0)), np.full((1, 10), np.nan)):
        html = Clip(wave, 8_000)._repr_html_()
        assert "audio" not in html
        assert "nothing that can be played" in html


def test_clips_and_models_are_one_line(tmp_path):
    assert repr(noise(1.5, 16_000)) == "<Clip: 1.50 s, 16000 Hz, 1 channel>"
    assert repr(noise(0.25, 8_000, 2)) == "<Clip: 0.25 s, 8000 Hz, 2 channels>"
    folder = make_gan(tmp_path, labels=LABELS)
    n_bytes = sum(path.stat().st_size for path in folder.iterdir() if path.name != "card.json")
    shown = f"<tiny: gan, 8000 Hz, labels a, b, c, d, e, f, g, h and 2 more, {n_bytes / 1e6:.1f} MB>"
    assert repr(loading.load(folder)) == shown


@pytest.mark.uses("vocoder")
def test_bundled_models_and_voices_are_one_line():
    for name in models.bundled():
        assert re.fullmatch(rf"<{name}: \w+, \d+ Hz.*, \d+\.\d MB>", describe_model(ModelFolder(models.find(name))))
    voice = wavewright.Voice.load("en-kathleen")
    assert re.fullmatch(
        r"<en-kathleen: voice, en, 24000 Hz, speaker kathleen, of en through vocoder, \d+\.\d MB>", repr(voice)
    )


def players_in(html):
    return html.count("<audio controls")


@pytest.mark.uses("vocoder")
def test_speech_shows_its_words_with_their_times(tmp_path):
    speech = wavewright.Voice.load("en-kathleen").speak("One & two.")
    html = speech._repr_html_()
    first = speech.words[0]
    assert players_in(html) == 1
    assert f'<span title="{first.start:.2f} to {first.end:.2f} s">One</span>' in html
    assert "<p>" in html
    assert "&amp;" in html or "and" in html
    spoken = wavewright.speak("Hello.", out=tmp_path / "hello.wav")
    assert players_in(spoken._repr_html_()) == 1
    assert "hello.wav: " in spoken._repr_html_()


def test_files_have_players_until_they_are_removed(tmp_path):
    made = wavewright.synthesise("click", variations=6, out=tmp_path / "clicks", quiet=True)
    assert players_in(made._repr_html_()) == 4
    assert made._repr_html_().count("<figcaption>click_") == 4
    assert "6 files, 0.38 s by click" in made._repr_html_()
    for path in made.sound_files[:5]:
        path.unlink()
    assert players_in(made._repr_html_()) == 0
    edited = wavewright.edit(made.sound_files[5], do="gain -6", out=tmp_path / "<b>.wav", quiet=True)
    html = edited._repr_html_()
    assert players_in(html) == 1
    assert "<figcaption>&lt;b&gt;.wav" in html
    assert "<b>" not in html


def test_an_analysis_shows_the_sound_and_the_report(tmp_path):
    path = noise(0.5, 16_000).write(tmp_path / "a.wav")
    analysis = wavewright.analyse(path, quiet=True)
    html = analysis._repr_html_()
    assert players_in(html) == 1
    assert html.count("data:image/png;base64,iVBORw0KGgo") == 1
    assert "<pre>" in html
    assert "LUFS" in html
    path.unlink()
    assert analysis._repr_html_().startswith("<pre>")


def test_a_score_is_a_piano_roll():
    notes = np.zeros(3, NOTE)
    notes["start"], notes["duration"], notes["pitch"], notes["velocity"] = [0, 480, 960], 480, [60, 62, 72], 90
    score = wavewright.Score(tracks=(Track(notes), Track()), title="<Tune>")
    html = score._repr_html_()
    root = ElementTree.fromstring(re.search(r"<svg.*</svg>", html)[0])
    (path, _) = root.iter("path")
    corners = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", path.get("d"))
    assert len(corners) == 3
    lefts, tops, widths, heights = np.array(corners, float).T
    np.testing.assert_allclose(widths, 632 / 3, atol=0.1)
    np.testing.assert_allclose(np.diff(lefts), 632 / 3, atol=0.1)
    row = 172 / 13
    np.testing.assert_allclose(heights, row, atol=0.06)
    np.testing.assert_allclose(tops[0] - tops, [0, 2 * row, 12 * row], atol=0.1)
    assert "&lt;Tune&gt;: 1.5 s, 3 notes, 1 tracks" in html
    assert wavewright.Score()._repr_html_().count("<path") == 0


def test_labels_are_a_table(tmp_path):
    path = noise(0.1, 8_000).write(tmp_path / "a.wav")
    labels = (LabelConfidence("kick", 0.75), LabelConfidence("<hat>", 0.25))
    file = RecognisedFile("kick", 0.75, labels, 1.0, 0.1, file=path)
    result = RecognisedFiles(model="judge", model_hash="0123", sounds=(file,))
    html = result._repr_html_()
    assert players_in(html) == 1
    assert "<tr><td>a.wav</td><td>kick</td><td>0.75</td><td>&lt;hat&gt; 0.25</td></tr>" in html
    assert "judge (0123)" in html


def test_a_training_shows_its_curves(tmp_path):
    run = write_run(tmp_path / "run", {0: 2.0, 5: 1.0})
    html = Trained(out=run, lines=("5 of 10 steps",))._repr_html_()
    assert html.endswith("<pre>5 of 10 steps</pre>")
    assert html.count('aria-label="valid/loss by step"') == 1
    assert html.count("<svg") == html.count("<polyline") == 2  # of one value there is no curve
