"""The journeys of the tutorials in the studio: each from its first click to what is saved, without leaving the page."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from local_server import request
from studio_browser import PLAYED, reason_to_skip, running_browser

from wavewright import Clip, speak
from wavewright.audio.sound_file import open_sound
from wavewright.synth.banks import read_bank

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("drums", "drum-classifier", "morph-drums", "en", "vocoder", "denoise-16k", "denoise-48k", "gan"),
]

RATE = 16_000
SENTENCES = 8


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser whose microphone hears a sentence."""
    path = tmp_path_factory.mktemp("microphone") / "sentence.wav"
    speak("The yellow ferry leaves the island at noon.", out=path)
    clip = Clip.read(path)
    Clip(np.repeat(0.7 * clip.wave / np.abs(clip.wave).max(), 2, axis=0), clip.sample_rate).resample(48_000).write(path)
    with running_browser(path) as browser:
        yield browser


@pytest.fixture
def studio_script() -> str:
    return f"({PLAYED.strip()})()"


@pytest.fixture
def loop(tmp_path):
    """Two bars of kicks and hats, the hits of each the same samples, as a drum machine plays them."""
    time = np.arange(RATE // 4) / RATE
    kick = 0.8 * np.sin(2 * np.pi * (50 * time + 3 * (1 - np.exp(-30 * time)))) * np.exp(-18 * time)
    hat = 0.3 * np.diff(np.random.default_rng(0).standard_normal(len(time) + 1)) * np.exp(-80 * time)
    path = tmp_path / "machine.wav"
    soundfile.write(path, np.concatenate([kick, hat] * 8), RATE)
    return path


@pytest.fixture
def speakers(tmp_path):
    """Two noisy recordings of one talk: tones of two pitches in turn."""
    time = np.arange(12 * RATE) / RATE
    rng = np.random.default_rng(1)
    for name, frequency, start in (("anna", 220, 0), ("ben", 140, 6)):
        wave = sum(np.sin(2 * np.pi * k * frequency * time) / k for k in range(1, 12)) * (1 + np.sin(8 * np.pi * time))
        wave = 0.05 * np.where((time >= start + 0.5) & (time < start + 5), wave, 0)
        soundfile.write(tmp_path / f"{name}.wav", wave + 1e-3 * rng.standard_normal(len(time)), RATE)
    return [tmp_path / "anna.wav", tmp_path / "ben.wav"]


def wait_for_sound(studio) -> None:
    """Wait until a sound is started, however short it is, since the last call."""
    studio.page.wait_for_function("() => window.played.length")
    studio.page.evaluate("() => { window.played = []; }")


def test_a_musician_slices_a_loop_plays_it_and_saves_the_kit(studio, loop, tmp_path):
    panel = studio.open("kit")
    panel.locator("input[type=file]").set_input_files(str(loop))
    panel.locator(".slot:has-text('machine.wav, ')").wait_for()
    panel.get_by_role("button", name="Slice", exact=True).click()
    studio.status("of 2 sounds")
    assert panel.locator(".pads .clip").count() == 2  # copies are one take
    studio.page.locator("body").press("1")
    wait_for_sound(studio)
    files = zipfile.ZipFile(io.BytesIO(studio.download(panel.get_by_role("button", name="Save the kit"))))
    assert {"kit.sfz", "kit.sf2", "pattern.mid", "manifest.jsonl"} < set(files.namelist())
    files.extractall(tmp_path / "kit")
    read_bank(tmp_path / "kit" / "kit.sfz")
    panel.get_by_role("button", name="Play it as a beat").click()
    studio.status("played by its kit")
    sequence = studio.page.locator("[data-panel=sequence][data-ready]")
    studio.holds(sequence.get_by_label("Instrument"), "soundfont:")
    assert sequence.get_by_label("Track", exact=True).locator("option").first.text_content().endswith("(16)")
    sequence.get_by_role("button", name="Play", exact=True).click()
    wait_for_sound(studio)
    studio.page.keyboard.press("Escape")
    panel = studio.open("kit")
    panel.get_by_role("button", name="Put it on the pads").click()
    pads = studio.page.locator("[data-panel=generate][data-ready]")
    pads.wait_for()
    assert pads.locator(".pads:not(.small) .clip").count() == 2


def test_a_podcaster_makes_an_episode_of_two_recordings(studio, speakers, tmp_path):
    panel = studio.open("podcast")
    for number, path in enumerate(speakers):
        panel.locator(".slot input[type=file]").nth(number).set_input_files(str(path))
        panel.locator(f".slot:has-text('{path.name}, ')").wait_for()
    panel.get_by_label("Title").fill("Two tones")
    panel.get_by_label("Chapters: a line").fill("0:00 Anna\n0:06 Ben")
    (tmp_path / "cover.png").write_bytes(PNG)
    panel.get_by_label("Cover").set_input_files(str(tmp_path / "cover.png"))
    panel.get_by_role("button", name="Make the episode").click()
    studio.status("The episode is ready")
    report = panel.locator("ul").inner_text()
    assert "-16.0 LUFS" in report
    assert "anna.wav: noise from" in report
    assert "Chapter at 0:00.0: Anna" in report
    (tmp_path / "episode.mp3").write_bytes(studio.download(panel.get_by_role("button", name="Save the episode")))
    metadata = open_sound(tmp_path / "episode.mp3").metadata
    assert metadata.tags["title"] == "Two tones"
    assert [marker.label for marker in metadata.markers] == ["Anna", "Ben"]
    assert metadata.pictures
    panel.get_by_label("Title").fill("Other tones")  # what is shown is of the settings that are shown
    panel.get_by_label("Title").press("Tab")
    panel.get_by_role("button", name="Save the episode").wait_for(state="hidden")


def record(studio, panel, seconds: float) -> str:
    """Record for some seconds; return what is wrong with the recording."""
    panel.get_by_role("button", name="Record", exact=True).click()
    studio.status("Recording.")
    studio.page.wait_for_timeout(1_000 * seconds)
    panel.get_by_role("button", name="Stop", exact=True).click()
    studio.page.locator("#error:not(:empty), #status:not(:empty)").first.wait_for()
    return studio.page.inner_text("#error")


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738"
    "550000000049454e44ae426082"
)
"""One black pixel."""


def test_a_voice_developer_records_trains_corrects_and_serves_a_voice(studio, studio_server, tmp_path):
    panel = studio.open("training")
    panel.get_by_text("Record a voice").click()
    panel.get_by_role("button", name="Train on these recordings").click()
    assert "No sentence is recorded yet" in studio.error()
    sentence = "The yellow ferry leaves the island at noon."
    for text, n_sentences in (("long " * 10_000, 1), (f"{sentence}\n" * SENTENCES, SENTENCES)):
        (tmp_path / "sentences.txt").write_text(text)
        field = studio.asked_by(panel.get_by_role("button", name="Open other sentences"))
        field.set_input_files(str(tmp_path / "sentences.txt"))
        studio.status(f"{n_sentences} sentence")
        if n_sentences == 1:
            assert "shorter than the sentence" in record(studio, panel, 0.5)
    for number in range(SENTENCES):
        tries = iter((3, 10, 30, 100, 300))  # a busy machine records less than passes
        while record(studio, panel, next(tries)):
            pass
        studio.status("All sentences" if number == SENTENCES - 1 else f"Sentence {number + 1} is recorded")
        if number == 1:  # the browser keeps them
            studio.page.reload()
            panel = studio.page.locator("[data-panel=training][data-ready]")
            panel.get_by_text("Record a voice").click()
            panel.get_by_text(f"Sentence 3 of {SENTENCES}, 2 recorded").wait_for()
    saved = zipfile.ZipFile(io.BytesIO(studio.download(panel.get_by_role("button", name="Save the recordings"))))
    assert len(saved.read("my-voice/metadata.csv").splitlines()) == SENTENCES
    assert soundfile.info(io.BytesIO(saved.read("my-voice/wavs/001.wav"))).duration > 0.9
    panel.get_by_role("button", name="Train on these recordings").click()
    panel.get_by_text(f"{SENTENCES} recordings with their texts.").wait_for()
    studio.status("tick the box")
    studio.holds(panel.get_by_label("Start from"), "en")
    panel.get_by_label("Settings, separated").fill("training.steps=2")
    panel.get_by_role("button", name="Start training").click()
    assert "needs the consent" in studio.error()
    panel.get_by_label("I have the consent").check()
    panel.get_by_role("button", name="Start training").click()
    studio.page.get_by_text("my-voice is a model now").wait_for()
    speech = studio.open("speech")
    voice = speech.get_by_label("Voice", exact=True).locator("option[value^=my-voice]").first.get_attribute("value")
    speech.get_by_label("Voice", exact=True).select_option(voice)
    speech.get_by_label("Text, or SSML").fill("Wawrzyniak")
    speech.get_by_text("Lexicon", exact=True).click()
    speech.get_by_label("Word", exact=True).fill("Wawrzyniak")
    speech.get_by_label("Phones", exact=True).fill("V AA0 V ZH IH1 N Y AA0 K")
    speech.get_by_role("button", name="Add", exact=True).click()
    studio.status("Voices of this language say Wawrzyniak as")
    speech.get_by_role("button", name="Speak", exact=True).click()
    speech.get_by_text("First sound after").wait_for()
    wave, _ = soundfile.read(io.BytesIO(studio.download(speech.get_by_role("button", name="Save WAV"))))
    assert np.abs(wave).max() > 0.01
    body = {"model": "tts-1", "voice": "my-voice", "input": "Hello.", "response_format": "wav"}
    reply = request(studio_server, "POST", "/v1/audio/speech", body)  # as a client of OpenAI's asks
    assert reply.status == 200
    assert reply.body[:4] == b"RIFF"


def test_a_student_trains_in_the_page_and_reads_what_went_wrong(studio, studio_server):
    panel = studio.open("training")
    panel.get_by_role("button", name="Inspect").click()
    panel.get_by_role("cell", name="20", exact=True).wait_for()
    panel.get_by_label("Size").select_option("tiny")
    panel.get_by_label("Settings, separated").fill("training.steps=4 training.evaluate_every=2")
    panel.get_by_role("button", name="Start training").click()
    studio.page.get_by_text("example-drums is a model now").wait_for()
    panel.get_by_role("button", name="▶ step 4").wait_for()
    wrong = panel.get_by_role("list", name="What went wrong").inner_text()
    assert "a plan of 4 steps is short" in wrong
    assert request(studio_server, "GET", "/studio/runs/example-drums").json["warnings"]
    assert panel.get_by_role("img", name="Curves of example-drums").count() == 1
