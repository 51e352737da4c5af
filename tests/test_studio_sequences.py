"""The studio, the second action: after reloads and restarts, in two tabs, with wrong files, at random."""

from __future__ import annotations

import re

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from local_server import jobs_held
from studio_browser import PANELS, Studio, give_folder, reason_to_skip
from studio_sequences import Walk, make_files
from test_studio_page import choose_file, wave_of

from wavewright.music.theory import MusicalKey

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("drums", "morph-drums", "notes", "en", "vocoder", "denoise-16k"),
]

RATE = 16_000
FINGER = 40  # pixels
SEEDS = (3, 4, 7)
N_ACTIONS = 7
PENDING = "Object.keys(localStorage).some(key => key.startsWith('wavewright-studio-job-'))"
LOUDEST_SAMPLE = """
async name => {
  const { library } = await import("/library.js");
  const sound = await library.sound(library.all().find(clip => clip.name === name));
  return sound.getChannelData(0).reduce((most, sample) => Math.max(most, sample), 0);
}
"""
SHAPE = """
async name => {
  const { library } = await import("/library.js");
  const sound = await library.sound(library.all().find(clip => clip.name === name));
  return [sound.numberOfChannels, sound.sampleRate, sound.length];
}
"""
STORED_BYTES = """
async name => {
  const { library } = await import("/library.js");
  return (await library.blob(library.all().find(clip => clip.name === name))).size;
}
"""
SMALL = """
least => [...document.querySelectorAll(
  "main > section:not([hidden]) :is(button, select, input, summary), nav a, header :is(a, button)"
)].map(each => [each, (each.type === "checkbox" ? each.closest("label") : each).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < least || box.height < least))
  .map(([each, box]) => `${each.outerHTML.slice(0, 80)} ${box.width} x ${box.height}`)
"""
"""Controls that are smaller than a number of pixels."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_files(tmp_path_factory.mktemp("files"))


def generate(studio, count: int, panel=None):
    panel = panel or studio.open("generate")
    panel.get_by_label("Clips", exact=True).fill(str(count))
    panel.locator("#generate-button").click()
    studio.status(f"{count} clips in")
    return panel


@pytest.mark.parametrize("seed", SEEDS)
def test_what_must_hold_after_each_of_random_actions(studio_server, browser, files, seed):
    walk = Walk(browser, studio_server, files, seed)
    try:
        walk.walk(N_ACTIONS)
    finally:
        walk.close()


# ------------------------------------------------------------------------------------------------- second actions


def test_a_chain_is_applied_to_its_own_result(studio, files):
    panel = studio.open("editor")
    name = files.sounds[1].name  # letters, blanks and signs that no file name of the server has
    choose_file(panel, files.sounds[1])
    before = wave_of(files.sounds[1].read_bytes())
    for number in ("", "-2", ""):
        panel.get_by_label("The chain as text").fill("invert")
        panel.get_by_label("The chain as text").press("Tab")
        panel.get_by_role("button", name="Preview").click()
        studio.status("This is the preview")
        panel.get_by_role("button", name="Apply").click()
        studio.status(f"Zwei_Töne_1_-edited{number}.wav is a new clip")
    edited = wave_of(studio.download(panel.get_by_role("button", name="Save", exact=True)))
    assert np.abs(edited + before).max() < 1e-3
    for _ in range(6):  # each result, and each chain
        panel.get_by_role("button", name="Undo").click()
    panel.get_by_role("group", name="Sound", exact=True).get_by_text(f"{name}, ").wait_for()


@pytest.mark.parametrize("model", ["morph-drums", "morph-textures", "notes"])
def test_every_option_that_is_shown_for_a_model_is_accepted(studio, model):
    panel = studio.open("generate")
    panel.get_by_label("Model", exact=True).select_option(model)
    panel.get_by_text("More settings").click()
    panel.get_by_label("seamless loops").check()
    if panel.get_by_label("Temperature", exact=True).is_visible():
        panel.get_by_label("Temperature", exact=True).press("ArrowRight")
    generate(studio, 2, panel)
    assert panel.locator(".pads:not(.small) .clip").count() == 2


def test_composing_while_music_plays_plays_the_new_piece(studio):
    panel = studio.open("sequence")
    panel.get_by_label("Compose by").select_option("rule:counterpoint-1")
    panel.get_by_role("spinbutton", name="Bars").fill("4")
    tracks = panel.get_by_label("Track", exact=True)
    for _ in range(2):
        panel.get_by_role("button", name="Compose").click()
        studio.status("notes in 4 bars")
        panel.get_by_role("button", name="Stop", exact=True).wait_for()
        assert studio.loudest() > 1e-3
        notes = tracks.text_content()
    panel.get_by_role("button", name="New score").click()  # the loop goes on, for what is set next
    panel.get_by_role("button", name="Stop", exact=True).wait_for()
    assert tracks.text_content() != notes


def test_clips_are_sent_again_to_a_server_that_lost_them(studio, studio_server, files):
    panel = studio.open("enhance")
    choose_file(panel, files.sounds[0])
    for _ in range(2):
        panel.get_by_role("button", name="Enhance", exact=True).click()
        studio.status("Enhanced.")
        studio_server.restart()
    assert len(wave_of(studio.download(panel.get_by_role("button", name="Save the enhanced file")))) == RATE


def test_a_generation_outlasts_a_reload(studio):
    panel = studio.open("generate")
    panel.get_by_label("Model", exact=True).select_option("ambience")
    panel.get_by_label("Clips", exact=True).fill("2")
    panel.get_by_label("Seconds", exact=True).fill("8")
    with jobs_held():
        panel.locator("#generate-button").click()
        studio.page.locator(".job").wait_for()
        studio.page.wait_for_function(f"() => {PENDING}")
        studio.page.reload()
    pads = studio.page.locator(".pads:not(.small) .clip")
    pads.nth(1).wait_for()
    studio.status("2 clips of before the page was loaded")
    assert not studio.page.evaluate(PENDING)
    studio.page.reload()
    pads.nth(1).wait_for()
    assert pads.count() == 2


def test_a_server_that_ends_is_noticed_and_found_again(studio, studio_server):
    panel = studio.open("generate")
    panel.get_by_label("Model", exact=True).select_option("ambience")
    panel.get_by_label("Seconds", exact=True).fill("60")
    with jobs_held():
        panel.locator("#generate-button").click()
        studio.page.locator(".job").wait_for()
        studio_server.stop()
    try:
        assert "The server does not answer" in studio.error()
        assert not studio.page.inner_text("#status")
        studio.page.locator("nav a[href*='#speech']").click()
        failed = studio.page.locator("[data-panel=speech]")
        failed.get_by_role("button", name="Try again").wait_for()
    finally:
        studio_server.start()
    studio.page.locator("[data-panel=speech][data-ready]").wait_for()
    found = studio.page.locator("#status, #error", has_text=re.compile("The server answers again|lost this job"))
    found.wait_for()
    assert failed.get_by_role("button", name="Speak", exact=True).is_visible()


@pytest.mark.parametrize("ending", ["aiff", "caf", "w64"])
def test_a_sound_that_the_browser_does_not_decode_is_converted_and_kept_as_it_is(studio, tmp_path, ending):
    path = tmp_path / f"tone.{ending}"
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    soundfile.write(path, np.stack([tone, tone], 1), RATE)
    panel = studio.open("editor")
    panel.locator("input[type=file]").first.set_input_files(str(path))
    panel.get_by_text(f"tone.{ending}, 1.00 s").wait_for()
    peak = studio.page.evaluate(LOUDEST_SAMPLE, path.name)
    assert peak == pytest.approx(0.25, abs=0.01)
    studio.page.reload()  # the clip is the file of the user, which is converted again
    panel = studio.open("enhance")
    panel.get_by_label("a clip of the history").first.select_option(label=path.name)
    panel.get_by_text(f"tone.{ending}, 1.00 s").wait_for()
    assert studio.page.evaluate(STORED_BYTES, path.name) == path.stat().st_size


def test_a_long_sound_is_played_at_a_lower_rate_and_kept_as_it_is(studio, tmp_path):
    path = tmp_path / "lecture.wav"
    seconds, rate = 2_401, 8_000
    soundfile.write(path, np.tile(0.25 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate), seconds), rate)
    panel = studio.open("enhance")
    panel.locator("input[type=file]").first.set_input_files(str(path))
    panel.get_by_text(f"lecture.wav, {seconds}.00 s").wait_for()
    studio.status("lecture.wav is long")
    shape = studio.page.evaluate(SHAPE, path.name)
    assert shape == [1, 12_000, 12_000 * seconds]
    assert studio.page.evaluate(LOUDEST_SAMPLE, path.name) == pytest.approx(0.25, abs=0.01)
    assert studio.page.evaluate(STORED_BYTES, path.name) == path.stat().st_size


def test_a_wrong_file_is_named_and_not_kept_and_clips_are_removed(studio, files):
    panel = studio.open("enhance")
    panel.locator("input[type=file]").set_input_files(str(files.wrong[0]))
    assert studio.error().startswith("text.wav is not a sound file;")
    choose_file(panel, files.sounds[0])
    assert studio.page.inner_text("#error") == ""
    studio.page.locator("nav a[href*='#generate']").click()
    history = studio.page.locator("[data-panel=generate][data-ready] ol.past")
    studio.page.get_by_text("History", exact=True).click()
    assert "tone.wav" in history.inner_text()
    assert "text.wav" not in history.inner_text()
    history.get_by_role("button", name="Remove 1 clip of tone.wav").click()
    studio.status("tone.wav is removed.")
    assert "No clips yet." in history.inner_text()
    studio.page.locator("nav a[href*='#enhance']").click()
    assert "Drop a sound file" in panel.locator(".slot").inner_text()


def test_the_result_of_a_recording_is_not_shown_for_the_next_one(studio, files):
    panel = studio.open("enhance")
    choose_file(panel, files.sounds[0])
    panel.get_by_role("button", name="Enhance", exact=True).click()
    studio.status("Enhanced.")
    save = panel.get_by_role("button", name="Save the enhanced file")
    assert save.is_visible()
    choose_file(panel, files.sounds[1])
    assert not save.is_visible()
    assert studio.page.inner_text("#status") == ""


def test_two_tabs_have_their_own_pads_and_one_history(studio):
    first = generate(studio, 2)
    pads = [pad.get_attribute("data-clip") for pad in first.locator(".pads:not(.small) .clip").all()]
    page = studio.context.new_page()
    page.goto(f"{studio.url}/#generate")
    other = page.locator("[data-panel=generate][data-ready]")
    other.wait_for()
    other.get_by_label("Seed", exact=True).fill("7")
    other.locator("#generate-button").click()
    page.locator("#status", has_text="seed 7").wait_for()
    studio.page.reload()
    shown = studio.page.locator("[data-panel=generate][data-ready] .pads:not(.small) .clip")
    shown.nth(1).wait_for()
    assert [pad.get_attribute("data-clip") for pad in shown.all()] == pads
    other.get_by_role("button", name="Favourite: Kick").first.click()
    studio.page.locator("details .pads.small .clip").wait_for()
    page.close()


def test_a_variation_is_one_of_the_adjusted_sound(studio):
    generate(studio, 2)
    panel = studio.open("morph")
    panel.get_by_label("Brightness", exact=True).press("ArrowRight")
    panel.get_by_text("Played after").wait_for()
    field = panel.get_by_label("Amount of variation", exact=True)
    sent = studio.post_of(lambda: field.press("ArrowRight"), "/v1/tasks/vary")
    assert set(sent["file"]) == {"job", "file"}
    panel.locator(".command code", has_text="wavewright adjust").filter(has_text="wavewright vary").wait_for()
    asked_for = []
    studio.page.on("request", lambda request: asked_for.append(request.url.split("/v1/tasks/")[-1].split("?")[0]))
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):  # the last two are known
        with studio.page.expect_response("**/files/*.wav"):
            field.press(key)
    studio.page.wait_for_load_state("networkidle")
    assert asked_for.count("vary") <= 4
    assert asked_for.count("adjust") <= 1
    panel.get_by_role("button", name="Reset").click()
    assert panel.get_by_role("button", name="Keep in history").last.is_disabled()


def test_malformed_ssml_is_shown_as_it_is_and_refused(studio):
    panel = studio.open("speech")
    panel.get_by_label("Text, or SSML").fill("<speak>One <b>two &amp; three</speak>")
    panel.get_by_role("button", name="Speak", exact=True).click()
    assert studio.error().endswith(".")
    assert panel.locator(".spoken").inner_text() == "One two & three"


def test_the_lexicon_confirms_only_what_is_spoken(studio):
    panel = studio.open("speech")
    panel.get_by_text("Lexicon", exact=True).click()
    panel.get_by_label("Word", exact=True).fill("New York")
    panel.get_by_label("Phones", exact=True).fill("N UW1")
    panel.get_by_role("button", name="Add").click()
    assert "single words" in studio.error()
    assert panel.locator("tbody tr").count() == 0


def test_pads_are_dragged_to_another_panel(studio):
    generate(studio, 2)
    pad = studio.page.locator(".pads .clip .pad").first
    pad.hover()
    studio.page.mouse.down()
    link = studio.page.locator("nav a[href*='#enhance']").bounding_box()
    for offset in (0, 2, 4):
        studio.page.mouse.move(link["x"] + 20 + offset, link["y"] + 10)
    slot = studio.page.locator("[data-panel=enhance][data-ready] .slot")
    slot.wait_for()
    slot.hover()
    slot.hover(position={"x": 20, "y": 20})
    studio.page.mouse.up()
    studio.page.locator("[data-panel=enhance] .slot", has_text="drums-").wait_for()


@pytest.mark.parametrize("width", [360, 390])
def test_every_target_is_as_large_as_a_finger(studio_server, browser, width):
    studio = Studio(browser, studio_server.url, has_touch=True)
    studio.page.set_viewport_size({"width": width, "height": 700})
    generate(studio, 8)
    for panel in PANELS:
        studio.open(panel)
        studio.page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
        small = studio.page.evaluate(SMALL, FINGER - 0.5)
        assert small == [], panel
    studio.close()


def test_a_long_sound_is_drawn_as_its_extremes(studio):
    """The envelope of 3 million samples, which is drawn from an overview, against NumPy."""
    studio.open("generate")
    rng = np.random.default_rng(0)
    peaks = rng.uniform(0.1, 0.9, 64)
    drawn = studio.page.evaluate(
        """async peaks => {
          const { overviewOf } = await import("/drawing.js");
          const { audio } = await import("/player.js");
          const buffer = audio().createBuffer(2, 64 * 50000, 48000);
          for (const channel of [0, 1]) {
            const samples = buffer.getChannelData(channel);
            peaks.forEach((peak, i) => { samples[50000 * i + 777] = peak; samples[50000 * i + 40000] = -peak / 2; });
          }
          const overview = await overviewOf(buffer);
          const size = overview.length / 64;
          return peaks.map((_, i) => {
            const part = overview.slice(Math.floor(size * i), Math.floor(size * (i + 1)));
            return [Math.max(...part), Math.min(...part)];
          });
        }""",
        peaks.tolist(),
    )
    assert np.allclose(drawn, np.stack([peaks, -peaks / 2], 1), atol=1e-6)


def test_a_chain_that_does_not_fit_the_sound_is_said_at_once_and_fits_by_what_is_said(studio, files):
    panel = studio.open("editor")
    problem, text = panel.locator(".problem"), panel.get_by_label("The chain as text")
    choose_file(panel, files.sounds[1])  # stereo
    text.fill("swap; gain -1dB")
    text.press("Tab")
    panel.locator("ol.chain li").nth(1).wait_for()
    assert problem.inner_text() == ""
    choose_file(panel, files.sounds[0])  # mono
    problem.get_by_text("write 'stereo' before it").wait_for()
    for wrong, word in (("no-such 3", "no-such"), ("gain 99dB", "60"), ("convolve", "needs file")):
        text.fill(wrong)
        text.press("Tab")
        problem.filter(has_text=word).wait_for()
    text.fill("stereo; swap")
    text.press("Tab")
    problem.filter(has_text="chain").wait_for(state="hidden")
    panel.get_by_role("button", name="Apply").click()
    studio.status("is a new clip")


@pytest.mark.parametrize(
    ("name", "label", "wrong", "right"),
    [
        ("generate", "Clips", "17", "2"),
        ("generate", "Seed", "-1", "5"),
        ("sequence", "Tempo", "9999", "90"),
        ("sequence", "Bars", "", "8"),
        ("training", "Minutes", "0", "3"),
    ],
)
def test_a_number_that_a_field_does_not_take_is_said_at_once(studio, name, label, wrong, right):
    panel = studio.open(name)
    field = panel.get_by_role("spinbutton", name=label, exact=True)
    for value in (wrong, right):
        field.click()
        field.press("Control+A")
        field.press("Delete")
        field.press_sequentially(value)
        field.press("Tab")
        if value == wrong:
            kind, range_ = r"((whole )?number|multiple of 4)", r"(from [\d.]+ to [\d.]+|of at least [\d.]+)"
            assert re.match(rf"{label} must be a {kind} {range_}\.$", studio.error())
            assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-invalid") == "false"
    assert studio.page.inner_text("#error") == ""


def test_every_key_that_is_shown_is_one_and_drums_have_none(studio):
    panel = studio.open("sequence")
    composer, key = panel.get_by_label("Compose by"), panel.get_by_label("Key", exact=True)
    keys = key.locator("option").evaluate_all("options => options.map(each => each.value)")
    assert len({MusicalKey.parse(each) for each in keys if each}) == 24
    composer.select_option("model:drum-patterns")
    key.wait_for(state="hidden")
    composer.select_option("rule:counterpoint-1")
    key.wait_for()
    key.select_option("F#m")
    panel.get_by_role("button", name="Compose").click()
    studio.status("notes in ")
    assert "--key F#m" in panel.locator(".command code").first.inner_text().replace("'", "")


def test_settings_of_a_training_are_checked_when_they_are_typed(studio):
    panel = studio.open("training")
    field = panel.get_by_label("Settings, separated by spaces")
    field.press_sequentially("training.steps=none")
    field.press("Tab")
    assert "training.steps" in studio.error()
    field.fill("training.steps=3")
    field.press("Tab")
    studio.page.locator("#error:empty").wait_for(state="attached")


def test_wrong_settings_of_a_training_are_found_at_once(studio, files):
    panel = studio.open("training")
    give_folder(panel.locator("input[type=file]"), files.folder)
    studio.status("4 clips inspected.")
    panel.get_by_label("Settings, separated by spaces").fill("no_such=3")
    asked: list[str] = []
    studio.page.on("request", lambda request: asked.append(request.url))
    panel.get_by_role("button", name="Start training").click()
    assert "no_such" in studio.error()
    assert not [url for url in asked if "/v1/tasks/train" in url]
