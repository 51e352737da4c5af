"""The first view of the studio, and the examples with which its panels open."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from local_server import request
from studio_browser import PLAYED, reason_to_skip
from test_studio import page_texts

from wavewright.apps.studio.examples import DUB_LINES, SENTENCES, example_file
from wavewright.apps.studio.scores import roll_of_midi
from wavewright.dubbing.subtitle_files import read_cues

in_browser = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.uses("drums", "ambience", "morph-drums", "en", "de", "vocoder", "denoise-16k", "denoise-48k"),
]

MAX_FIRST_VIEW_BYTES = 200_000
CARDS = ("kit", "rain", "speech", "tune", "clean", "german")
WEIGHT = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, entry) => sum + entry.transferSize, 0)
"""
"""Bytes that have been sent for the page, compressed as they are, with the headers."""


@pytest.fixture
def studio_script() -> str:
    return f"({PLAYED.strip()})()"


def wave_of(name: str) -> np.ndarray:
    return soundfile.read(io.BytesIO(example_file(name)), dtype="float64", always_2d=True)[0][:, 0]


# ---------------------------------------------------------------------------------------------- without a browser


def test_every_file_that_the_page_names_is_an_example(studio_server):
    texts = page_texts()
    lines = [line for name in ("dub.js", "map.js", "sequence.js") for line in texts[name].splitlines()]
    named = [line for line in lines if line.startswith("const ") or "exampleFile(" in line]  # others are made there
    names = set(re.findall(r'"([\w.-]+\.(?:wav|mid|srt|json))"', "\n".join([texts["examples.js"], *named])))
    names |= {"drums-0.wav", "drums-19.wav"}
    assert {"map.json", "tune.mid", "morning.de.srt"} <= names
    assert len(names) >= 9
    for name in names:
        reply = request(studio_server, "GET", f"/studio/examples/{name}")
        assert (reply.status, reply.body) == (200, example_file(name)), name
        if name.endswith(".wav"):
            assert reply.headers["Content-Type"] == "audio/wav"
            assert 0.05 < np.abs(wave_of(name)).max() <= 1
    assert request(studio_server, "GET", "/studio/examples/none.wav").status == 404


def test_the_noisy_example_is_cleaned():
    noisy, clean, both = (
        wave_of(name) for name in ("voice-in-noise.wav", "voice-in-noise-enhanced.wav", "cleaned.wav")
    )
    assert len(noisy) == len(clean) == len(both)
    start, end = both[: len(both) // 3], both[-len(both) // 3 :]
    assert np.array_equal(start, noisy[: len(start)])
    assert np.array_equal(end, clean[-len(end) :])
    gap = slice(-4_000, None)  # after the last word
    assert np.square(clean[gap]).mean() < 0.05 * np.square(noisy[gap]).mean()


def test_the_page_shows_what_the_voices_say():
    text = page_texts()["examples.js"]
    for name, (voice, sentence) in SENTENCES.items():
        assert f'file: "{name}",\n    voice: "{voice}", speech: "{sentence}"' in text


def test_the_beat_has_the_clips_of_the_kit():
    kick, beat = wave_of("drums-0.wav"), wave_of("kit.wav")
    n = 2_000  # the cymbal and the hat sound with the kick
    assert np.corrcoef(kick[:n], beat[:n])[0, 1] > 0.3


def test_the_tune_has_its_melody_and_an_accompaniment():
    tracks = roll_of_midi(example_file("tune.mid")).tracks
    assert len(tracks) >= 3
    assert [note.pitch for note in tracks[0].notes[:8]] == [64, 64, 65, 67, 67, 65, 64, 62]


def test_the_subtitles_of_the_recording_to_dub_match_by_time(tmp_path):
    found = []
    for language in ("en", "de"):
        path = tmp_path / f"{language}.srt"
        path.write_bytes(example_file(f"morning.{language}.srt"))
        found.append(read_cues(path))
    assert [(cue.start, cue.end) for cue in found[0]] == [(cue.start, cue.end) for cue in found[1]]
    assert [tuple(cue.text for cue in pair) for pair in zip(*found, strict=True)] == list(DUB_LINES)


# ------------------------------------------------------------------------------------------------- in the browser


@in_browser
def test_the_first_view_says_what_the_page_is_and_is_light(studio):
    studio.page.goto(studio.url)
    panel = studio.page.locator("[data-panel=start][data-ready]")
    panel.wait_for()
    assert panel.locator("h2").inner_text() == "Make sounds, speech and music on your own computer"
    assert panel.locator("button.card").count() == len(CARDS)
    assert 0 < studio.page.evaluate(WEIGHT) < MAX_FIRST_VIEW_BYTES
    assert not [url for url in studio.requests if "/studio/examples/" in url]


@in_browser
@pytest.mark.parametrize(
    ("card", "panel", "fields"),
    [
        ("kit", "generate", {"Model": "drums", "Clips": "8"}),
        ("rain", "generate", {"Model": "ambience", "Label": "rain", "Seconds": "6"}),
        ("speech", "speech", {"Voice": "en-kathleen"}),
        ("tune", "sequence", {"Tempo": "112"}),
        ("clean", "enhance", {}),
        ("german", "speech", {"Voice": "de-kerstin"}),
    ],
)
def test_a_card_sounds_after_one_click_and_its_panel_is_set(studio, card, panel, fields):
    studio.page.goto(studio.url)
    studio.page.locator(f"[data-card={card}]").click()
    opened = studio.page.locator(f"[data-panel={panel}][data-ready]")
    opened.wait_for()
    studio.page.wait_for_function("() => window.played.length > 0")
    for label, value in fields.items():
        studio.holds(opened.get_by_label(label, exact=True), value)
    assert studio.page.inner_text("#error") == ""
    if card in ("kit", "rain"):
        assert opened.locator(".pads:not(.small) .clip").count() == (8 if card == "kit" else 1)
    if card == "clean":
        opened.get_by_role("button", name="Save the enhanced file").wait_for()
    if card == "german":
        assert "Guten Tag" in opened.get_by_label("Text, or SSML").input_value()
    studio.page.keyboard.press("Escape")


STOP_AT_SECOND = """
() => {
  window.played.push = function (...each) {
    const n = Array.prototype.push.apply(this, each);
    if (n === 2) setTimeout(() => { document.getElementById("play-button").click(); window.isStopped = true; });
    return n;
  };
}
"""
"""Press the button as soon as a second sound plays, before it can have ended."""


@in_browser
def test_play_plays_the_examples_in_turn_and_stops(studio):
    studio.page.goto(studio.url)
    button = studio.page.locator("#play-button")
    button.wait_for()
    studio.page.evaluate(STOP_AT_SECOND)
    button.click()
    studio.has_shown(".card.playing[data-card=kit]")
    studio.has_shown(".card.playing[data-card=rain]")
    studio.page.wait_for_function("() => window.isStopped")
    assert studio.page.locator(".card.playing").count() == 0
    assert button.inner_text() == "Play"
    studio.page.wait_for_timeout(300)  # in which a third would begin
    assert studio.page.evaluate("window.played.length") == 2
    studio.page.evaluate("window.seen.clear()")
    button.click()  # from the first one again
    studio.has_shown(".card.playing[data-card=kit]")
    studio.page.keyboard.press("Escape")
    studio.page.locator(".card.playing").wait_for(state="detached")


@in_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_eight_pads_are_two_rows_and_one_bar_acts_on_the_chosen_one(studio, width):
    studio.page.set_viewport_size({"width": width, "height": 800})
    panel = studio.open("generate")
    pads = panel.locator(".pads:not(.small) .clip")
    assert len({round(pad.bounding_box()["y"]) for pad in pads.all()}) == 2
    names = [pad.locator("strong").inner_text() for pad in pads.all()]
    assert names == ["Kick 1", "Snare 1", "Hat 1", "Tom 1", "Cymbal 1", "Kick 2", "Snare 2", "Hat 2"]
    assert {pad.get_by_role("button").count() for pad in pads.all()} == {2}
    bar = panel.get_by_role("toolbar")
    assert bar.get_attribute("aria-label") == "Actions for Kick 1"
    studio.page.locator("body").press("4")
    assert bar.get_attribute("aria-label") == "Actions for Tom 1"
    pads.nth(1).locator(".pad").focus()
    assert bar.get_attribute("aria-label") == "Actions for Snare 1"
    bar.get_by_role("button", name="Lock").click()
    panel.get_by_role("button", name="Play Snare 1, locked").wait_for()
    assert bar.get_by_role("button", name="Locked").get_attribute("aria-pressed") == "true"


@in_browser
def test_a_clip_of_an_example_is_kept_as_favourite_and_taken_off_the_pads(studio):
    panel = studio.open("generate")
    panel.get_by_role("button", name="Favourite: Kick").first.click()
    panel.locator("details .clip").wait_for()
    studio.page.reload()
    panel = studio.open("generate")
    assert panel.locator("details .clip").count() == 1
    panel.get_by_role("button", name="Favourite: Kick").first.click()
    panel.locator("details .clip").wait_for(state="detached")
    studio.act(0, "Remove")
    studio.status("is removed")
    assert panel.locator(".pads:not(.small) .clip").count() == 7
    studio.page.reload()
    panel = studio.open("generate")
    assert panel.locator(".pads:not(.small) .clip").count() == 7
