"""The studio: every panel driven, judged by what it plays, saves and shows; nothing asks another host."""

from __future__ import annotations

import io
import json
import re
import zipfile

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from local_server import jobs_held
from studio_browser import PANELS, Studio, axe_script, give_folder, reason_to_skip

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("drums", "morph-drums", "en", "vocoder", "denoise-16k", "ambience", "de"),
]

RATE = 16_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Two seconds of noise with a tone in the second one."""
    rng = np.random.default_rng(0)
    wave = 0.05 * rng.standard_normal(2 * RATE)
    wave[RATE:] += 0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    path = tmp_path_factory.mktemp("sounds") / "noisy.wav"
    soundfile.write(path, wave, RATE, "PCM_16")
    return path


def wave_of(contents: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(contents), dtype="float64")[0]


def choose_file(panel, path) -> None:
    """Give a file to the first field of a panel that takes one."""
    panel.locator("input[type=file]").first.set_input_files(str(path))
    panel.locator(f".slot:has-text('{path.name}, ')").wait_for()


# ------------------------------------------------------------------------------------------------------- generate


def test_a_first_visitor_hears_a_sound_and_keeps_it(studio):
    panel = studio.open("generate")
    assert panel.locator("#generate-button").evaluate("button => button === document.activeElement")
    studio.page.keyboard.press("Enter")
    studio.has_shown(".clip.playing")
    assert studio.loudest() > 1e-3
    assert panel.locator(".pads .clip").count() == 8
    studio.status("8 clips in")
    assert panel.locator(".command code").first.inner_text() == "wavewright generate drums"
    panel.get_by_role("button", name="Favourite: Kick 1").first.click()
    panel.locator("details .clip").wait_for()  # shown once it is stored
    panel = reload(studio)
    assert panel.locator("details .clip").count() == 1
    studio.page.locator("body").press("1")
    studio.has_shown(".clip.playing")


def reload(studio):
    """Load the page again; its pads are there again."""
    studio.page.reload()
    panel = studio.page.locator("[data-panel=generate][data-ready]")
    panel.wait_for()
    assert panel.locator(".pads:not(.small) .clip").count() == 8
    return panel


def pads_of(panel) -> list[str]:
    return [pad.get_attribute("data-clip") for pad in panel.locator(".pads:not(.small) .clip").all()]


def test_locked_pads_stay_and_changes_are_undone(studio):
    panel = studio.open("generate")
    panel.get_by_label("Clips", exact=True).fill("3")
    panel.get_by_label("Label", exact=True).select_option("snare")
    panel.locator("#generate-button").click()
    studio.status("seed 0")
    first = pads_of(panel)
    studio.act(1, "Lock")
    assert panel.get_by_role("button", name="Play Snare 2, locked").count() == 1
    panel.locator("#generate-button").click()
    studio.status("2 clips in")
    second = pads_of(panel)
    assert first[1] in second
    assert len({*first, *second}) == 5
    studio.act(second.index(first[1]), "Vary")
    studio.status("2 variations")
    assert first[1] in pads_of(panel)
    for _ in range(2):
        panel.get_by_role("button", name="Undo").click()
    assert pads_of(panel) == first
    panel.get_by_role("button", name="Redo").click()
    assert pads_of(panel) == second


def test_two_clips_are_compared_at_equal_loudness_and_exported(studio):
    panel = studio.open("generate")
    panel.get_by_label("Clips", exact=True).fill("2")
    panel.locator("#generate-button").click()
    studio.status("2 clips in")
    assert not panel.locator(".compare").is_visible()
    studio.act(0, "Compare as A")
    studio.act(1, "Compare as B")
    panel.locator(".compare", has_text="LU louder").wait_for()
    studio.page.keyboard.press("x")
    panel.locator(".side.on").wait_for()
    contents = studio.download(panel.get_by_role("button", name="Export pads"))
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        assert archive.testzip() is None
        lines = [json.loads(line) for line in archive.read("manifest.jsonl").decode().splitlines()]
        assert [line["label"] for line in lines] == ["kick", "snare"]
        for line in lines:
            assert np.abs(wave_of(archive.read(line["file"]))).max() > 0.01


def test_the_loudness_is_that_of_the_standard(studio):
    import pyloudnorm

    studio.open("generate")
    rng = np.random.default_rng(1)
    wave = np.concatenate([0.3 * rng.standard_normal(24_000), 1e-3 * rng.standard_normal(24_000)]).astype(np.float32)
    measured = studio.page.evaluate(
        """async wave => {
          const { loudness, audio } = await import("/player.js");
          const buffer = audio().createBuffer(1, wave.length, 48000);
          buffer.copyToChannel(Float32Array.from(wave), 0);
          return loudness(buffer);
        }""",
        wave.tolist(),
    )
    assert measured == pytest.approx(pyloudnorm.Meter(48_000).integrated_loudness(wave), abs=0.15)


@pytest.mark.parametrize(
    ("rate", "subtype", "layout"),
    [(48_000, "FLOAT", "WAV"), (44_100, "PCM_24", "WAVEX")],
    ids=["float", "24 bits"],
)
def test_a_large_wav_is_decoded_by_pieces_into_the_same_samples(studio, tmp_path, rate, subtype, layout):
    path = tmp_path / "large.wav"
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (50 * rate + 7, 2))
    soundfile.write(path, wave, rate, subtype, format=layout)
    panel = studio.open("start")
    panel.evaluate("panel => panel.append(Object.assign(document.createElement('input'), { type: 'file' }))")
    panel.locator("input[type=file]").set_input_files(path)
    length, difference = panel.locator("input[type=file]").evaluate(
        """async field => {
          const { audio } = await import("/player.js");
          const { decodedByPieces } = await import("/wav.js");
          const whole = await audio().decodeAudioData(await field.files[0].arrayBuffer());
          const sound = await decodedByPieces(field.files[0], audio());
          const pairs = [0, 1].map(channel => [sound.getChannelData(channel), whole.getChannelData(channel)]);
          const larger = a => (most, value, i) => Math.max(most, Math.abs(value - a[i]));
          const differences = pairs.map(([a, b]) => b.subarray(0, -1).reduce(larger(a), 0));
          return [sound.length - whole.length, Math.max(...differences)];
        }"""
    )
    assert length in (0, 1)  # the browser cuts off what is left of a sample at its rate
    assert difference < 1e-6


def test_a_job_is_cancelled_and_an_error_is_one_sentence(studio):
    panel = studio.open("generate")
    panel.get_by_label("Model", exact=True).select_option("ambience")
    panel.get_by_label("Seconds", exact=True).fill("60")
    with jobs_held():
        panel.locator("#generate-button").click()
        studio.page.get_by_role("button", name="Cancel").click()
        studio.status("Cancelled.")
    panel.get_by_label("Model", exact=True).select_option("drums")
    panel.get_by_label("Seed", exact=True).fill("99999999999")
    panel.locator("#generate-button").click()
    assert "seed" in studio.error()
    assert studio.error().endswith(".")


# ------------------------------------------------------------------------------------------ speech and recordings


def test_speech_is_marked_word_by_word_and_saved(studio):
    panel = studio.open("speech")
    panel.get_by_label("Text, or SSML").fill("One two three.")
    panel.get_by_role("button", name="Speak", exact=True).click()
    studio.has_shown(".spoken mark")
    save = panel.get_by_role("button", name="Save WAV")
    studio.page.wait_for_function("() => !document.querySelector('.spoken mark')")
    spoken = wave_of(studio.download(save))
    reply = studio.context.request.post(
        f"{studio.url}/v1/audio/speech",
        data={"input": "One two three.", "voice": "en-kathleen", "response_format": "pcm"},
    )
    assert np.array_equal(np.frombuffer(reply.body(), "<i2"), np.round(32_768 * spoken))


def test_a_word_of_the_lexicon_is_spoken_by_its_phones(studio):
    panel = studio.open("speech")
    panel.get_by_text("Lexicon", exact=True).click()
    panel.get_by_label("Word", exact=True).fill("two")
    panel.get_by_role("button", name="Look up").click()
    studio.holds(panel.get_by_label("Phones", exact=True), "T UW1")
    panel.get_by_label("Phones", exact=True).fill("N AY1 N")
    panel.get_by_role("button", name="Add").click()
    studio.status("Voices of this language say two as N AY1 N.")
    panel.get_by_label("Text, or SSML").fill("Two.")
    sent = studio.post_of(panel.get_by_role("button", name="Speak", exact=True).click, "/v1/audio/speech")
    assert sent["lexicon"] == {"two": "N AY1 N"}
    panel.get_by_label("Word", exact=True).fill("x")
    panel.get_by_label("Phones", exact=True).fill("QQ")
    panel.get_by_role("button", name="Add").click()
    assert "QQ" in studio.error()
    panel.get_by_label("Voice").select_option("de-kerstin")
    assert panel.locator("tbody tr").count() == 0
    panel.get_by_label("Word", exact=True).fill("Haus")
    panel.get_by_role("button", name="Look up").click()
    studio.holds(panel.get_by_label("Phones", exact=True), "h aʊ1 s")
    panel.get_by_label("Phones", exact=True).fill("h aʊ1 m")
    panel.get_by_role("button", name="Add").click()
    studio.status("Voices of this language say Haus as h aʊ1 m.")
    sent = studio.post_of(panel.get_by_role("button", name="Speak", exact=True).click, "/v1/audio/speech")
    assert sent["lexicon"] == {"Haus": "h aʊ1 m"}
    assert panel.get_by_role("button", name="Edit two").count() == 0
    panel.get_by_label("Voice").select_option("en-kathleen")
    panel.get_by_role("button", name="Edit two").wait_for()


def test_a_recording_is_enhanced_and_compared(studio, recording):
    panel = studio.open("enhance")
    choose_file(panel, recording)
    panel.get_by_role("button", name="Enhance").click()
    studio.status("Enhanced.")
    enhanced = wave_of(studio.download(panel.get_by_role("button", name="Save the enhanced file")))
    assert len(enhanced) == 2 * RATE
    before, _ = soundfile.read(recording)
    assert np.square(enhanced[: RATE // 2]).mean() < 0.2 * np.square(before[: RATE // 2]).mean()
    studio.page.keyboard.press("x")
    panel.locator(".side.on").wait_for()
    studio.page.keyboard.press("x")
    assert studio.loudest() > 1e-3


# ------------------------------------------------------------------------------------------------- morph and map


def make_clips(studio, count: int = 4) -> None:
    panel = studio.open("generate")
    panel.get_by_label("Clips", exact=True).fill(str(count))
    panel.locator("#generate-button").click()
    studio.status(f"{count} clips in")


def test_sliders_morph_adjust_and_vary(studio):
    make_clips(studio, 2)
    panel = studio.open("morph")
    panel.get_by_role("button", name="Morph", exact=True).click()
    panel.get_by_text("Step 9 of 17").wait_for()
    assert studio.loudest() > 1e-3
    panel.get_by_label("Position", exact=True).press("ArrowRight")
    panel.get_by_text("Step 10 of 17").wait_for()
    for name, task in (("Brightness", "adjust"), ("Amount of variation", "vary")):
        with studio.page.expect_response(re.compile(f"/v1/tasks/{task}")):
            panel.get_by_label(name, exact=True).press("ArrowRight")
        panel.get_by_text(re.compile("^Played after")).first.wait_for()
        assert studio.loudest() > 1e-3
    panel.get_by_role("button", name="Keep in history").last.click()
    studio.status("is in the history")


def test_the_map_plays_clips_by_pointer_and_keys(studio):
    make_clips(studio)
    panel = studio.open("map")
    panel.get_by_role("button", name="Draw the map").click()
    panel.get_by_text("4 clips on the map.").wait_for()
    canvas = panel.locator("canvas")
    box = canvas.bounding_box()
    here = panel.locator("p[aria-live]")
    for x in np.linspace(0.02, 0.98, 60):
        for y in (0.1, 0.5, 0.9):
            studio.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    assert "drums-" in here.inner_text()
    assert studio.loudest() > 1e-3
    visited = set()
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
        canvas.press(key)
        visited.add(here.inner_text())
    assert len(visited) > 1


# --------------------------------------------------------------------------------------------- editor and scores


def test_effects_change_the_selected_region_alone(studio, recording):
    panel = studio.open("editor")
    choose_file(panel, recording)
    panel.get_by_label("Region from (s)").fill("0.5")
    panel.get_by_label("to (s)", exact=True).fill("1.5")
    panel.get_by_label("to (s)", exact=True).press("Tab")
    panel.get_by_label("The chain as text").fill("gain -6dB; invert")
    panel.get_by_label("The chain as text").press("Tab")
    assert panel.locator("ol.chain li").count() == 2
    panel.get_by_role("button", name="Preview").click()
    studio.status("This is the preview")
    assert studio.loudest() > 1e-3
    panel.get_by_role("button", name="Apply").click()
    studio.status("is a new clip")
    edited = wave_of(studio.download(panel.get_by_role("button", name="Save", exact=True)))
    before, _ = soundfile.read(recording)
    assert len(edited) == len(before)
    inside, margin = slice(int(0.51 * RATE), int(1.49 * RATE)), int(0.49 * RATE)
    assert np.array_equal(edited[:margin], before[:margin])
    assert np.array_equal(edited[-margin:], before[-margin:])
    assert np.abs(edited[inside] + 10 ** (-6 / 20) * before[inside]).max() < 2e-4
    panel.get_by_role("button", name="Undo").click()
    panel.locator(".slot", has_text="noisy.wav, 2.00 s").wait_for()


def test_an_effect_brings_in_a_second_sound(studio, recording, tmp_path):
    click = np.zeros(RATE // 10)
    click[100] = 0.5
    soundfile.write(tmp_path / "my click.flac", click, RATE)
    panel = studio.open("editor")
    choose_file(panel, recording)
    panel.get_by_label("Effect", exact=True).select_option("append")
    panel.get_by_role("button", name="Add effect").click()
    studio.holds(panel.get_by_label("The chain as text"), "append file=second-rain.wav")  # the example
    panel.locator("input[type=file]").nth(1).set_input_files(str(tmp_path / "my click.flac"))
    panel.locator(".slot:has-text('my click.flac, ')").wait_for()
    studio.holds(panel.get_by_label("The chain as text"), "append file=second-my-click.flac")
    panel.get_by_role("button", name="Apply").click()
    studio.status("noisy-edited.wav is a new clip")
    joined = wave_of(studio.download(panel.get_by_role("button", name="Save", exact=True)))
    assert np.array_equal(joined, np.concatenate([wave_of(recording.read_bytes()), click]))
    panel.get_by_role("button", name="Undo").click()
    studio.holds(panel.get_by_label("The chain as text"), "append file=second-my-click.flac")


def test_the_region_is_selected_by_pointer(studio, recording):
    panel = studio.open("editor")
    choose_file(panel, recording)
    panel.get_by_role("button", name="Zoom to the region").click()
    studio.status("Select a region first")
    undo = panel.get_by_role("button", name="Undo")
    undo.click()  # of the file that was chosen
    panel.get_by_role("button", name="No region").click()  # nothing changes, and what was undone can be done again
    panel.get_by_role("button", name="Redo").click()
    panel.get_by_text("noisy.wav").first.wait_for()
    box = panel.locator(".stage canvas").bounding_box()
    studio.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 50)
    studio.page.mouse.down()
    studio.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60, steps=4)
    studio.page.mouse.up()
    assert float(panel.get_by_label("Region from (s)").input_value()) == pytest.approx(0.5, abs=0.01)
    assert float(panel.get_by_label("to (s)", exact=True).input_value()) == pytest.approx(1.0, abs=0.01)


FAKE_MIDI = """
navigator.requestMIDIAccess = async () => {
  const input = { name: "Test keys" };
  window.sendMidi = (...bytes) => input.onmidimessage({ data: Uint8Array.from(bytes) });
  return { inputs: new Map([["1", input]]) };
};
"""


def test_scores_are_drawn_played_and_saved(studio):
    studio.context.add_init_script(FAKE_MIDI)
    panel = studio.open("sequence")
    panel.get_by_role("button", name="New score").click()
    panel.get_by_label("Track", exact=True).select_option("1")
    for cell in ("36-0", "36-8", "38-4"):
        panel.locator(f"[data-cell='{cell}']").click()
    panel.get_by_label("Track", exact=True).select_option("0")
    panel.get_by_label("record what is played").check()
    panel.get_by_role("button", name="Connect MIDI keyboard").click()
    panel.get_by_text("MIDI: Test keys").wait_for()
    for message in ([0x90, 64, 100], [0x80, 64, 0], [0x90, 67, 80], [0x90, 67, 0]):
        studio.page.evaluate("message => sendMidi(...message)", message)
    roll = panel.locator("canvas[aria-label^='Piano roll']")
    roll.press("Enter")  # at the start, C4
    midi = studio.download(panel.get_by_role("button", name="Save MIDI"))
    from wavewright.apps.studio.scores import roll_of_midi

    melody, drums = roll_of_midi(midi).tracks
    assert {(note.start, note.pitch) for note in melody.notes} == {(0, 64), (0.25, 67), (0, 60)}
    assert {(note.start, note.pitch) for note in drums.notes} == {(0, 36), (2, 36), (1, 38)}
    panel.get_by_role("button", name="Undo").click()
    assert panel.get_by_label("Track", exact=True).locator("option").first.text_content() == "1 Melody (2)"


# ------------------------------------------------------------------------------------------- training and access


def test_a_folder_is_inspected_with_its_labels(studio, tmp_path):
    rng = np.random.default_rng(2)
    for label in ("high", "low"):
        (tmp_path / "my-sounds" / label).mkdir(parents=True)
        for number in range(2):
            soundfile.write(tmp_path / "my-sounds" / label / f"{number}.wav", 0.1 * rng.standard_normal(8_000), RATE)
    panel = studio.open("training")
    give_folder(panel.locator("input[type=file]"), tmp_path / "my-sounds")
    studio.status("4 clips inspected.")
    assert "high 2, low 2" in panel.inner_text()
    assert "high (2), low (2)" in panel.locator("table").inner_text()
    studio.holds(panel.get_by_label("Name of the model"), "my-sounds")


def test_a_training_is_stopped_resumed_and_played(studio, tmp_path):
    """Before and after a reload; the new model is in the lists of panels that were open before."""
    pytest.importorskip("torch")
    from playwright.sync_api import expect

    times = np.arange(800) / 8_000
    for label, hz in (("high", 880), ("low", 110)):
        (tmp_path / "beeps" / label).mkdir(parents=True)
        for number in range(4):
            soundfile.write(
                tmp_path / "beeps" / label / f"{number}.wav", 0.3 * np.sin(hz * (number + 6) * times), 8_000
            )
    panel = studio.open("training")
    give_folder(panel.locator("input[type=file]"), tmp_path / "beeps")
    studio.status("8 clips inspected.")
    panel.get_by_label("Size").select_option("tiny")
    panel.get_by_label("Minutes").fill("30")
    settings = "training.evaluate_every=2 training.save_every=2 training.threads=1 training.batch_size=4"
    panel.get_by_label("Settings, separated by spaces").fill(settings)
    panel.get_by_role("button", name="Start training").click()
    panel.locator("button[data-name]").first.wait_for()
    studio.page.reload()  # the training goes on, and the page finds it again
    studio.open("generate")
    stop = studio.open("training").get_by_role("button", name="Stop and save")
    studio.page.locator(".legend span").first.wait_for()
    stop.click()
    studio.status("The training of beeps was stopped; Resume continues it. beeps is a model now")
    assert stop.is_disabled()
    stopped_at = int(re.search(r"beeps: step (\d+)", panel.inner_text())[1])
    studio.page.reload()  # folder, size and settings are gone; the run says how it was begun
    panel = studio.open("training")
    panel.get_by_label("Runs on this machine").select_option("beeps")
    studio.page.wait_for_function("() => [...document.querySelectorAll('input')].some(each => each.value === 'beeps')")
    expect(panel.get_by_label("Size")).to_have_value("tiny")
    panel.get_by_label("Minutes").fill("0.02")  # less than the plan has left
    panel.get_by_role("button", name="Resume").click()
    studio.status("Training beeps")
    assert "--max-minutes 0.02" in panel.locator(".command code").inner_text()
    studio.page.locator("#status", has_text=re.compile("^beeps is a model now")).wait_for()
    assert int(re.search(r"beeps: step (\d+)", panel.inner_text())[1]) >= stopped_at
    for _ in range(2):
        generate = studio.open("generate")
        generate.get_by_label("Model", exact=True).select_option("beeps")
        generate.locator("#generate-button").click()
        assert studio.loudest() > 1e-3
        studio.page.reload()


CONTROLS = "a, button, input, select, textarea, summary, [role=button], [role=slider], canvas:not([aria-hidden=true])"
UNCLEAR = """
controls => {
  const all = selector => [...document.querySelectorAll(selector)];
  const shown = selector => all(selector).filter(each => each.checkVisibility());
  const textOf = each => each.matches("input, select, textarea") ? "" : each.textContent;
  const nameOf = each => [each.ariaLabel, ...[...each.labels ?? []].map(label => label.textContent), textOf(each)];
  const hasEmpty = each => [...each.attributes].some(({ name, value }) => name.startsWith("aria-") && !value);
  const levels = shown("h1, h2, h3, h4").map(each => Number(each.tagName[1]));
  return [
    ...shown(controls).filter(each => !nameOf(each).join("").trim()).map(each => `no name: ${each.outerHTML}`),
    ...all("*").filter(hasEmpty).map(each => `no value: ${each.outerHTML}`),
    ...levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1).map(level => `h${level} is out of order`),
    ...levels.filter(level => level === 1).length === 1 ? [] : ["not one h1"],
    ...shown("main").length === 1 ? [] : ["not one main"],
  ];
}
"""
"""Controls without a name, ARIA attributes without a value, and headings and landmarks that are out of order."""


def test_every_control_has_a_name_and_every_panel_its_place(studio):
    make_clips(studio, 2)
    studio.page.locator("#tray-toggle").click()
    for panel in PANELS:
        studio.open(panel)
        studio.page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert studio.page.evaluate(UNCLEAR, CONTROLS) == [], panel


def test_keys_press_the_control_that_has_the_focus(studio):
    from playwright.sync_api import expect

    panel = studio.open("editor")
    studio.page.locator(".skip").press("Enter")
    expect(studio.page.locator("main")).to_be_focused()
    assert studio.page.url.endswith("#editor")
    loop = panel.get_by_label("loop")
    loop.press("Space")
    expect(loop).to_be_checked()
    panel.get_by_role("button", name="No region").click()
    studio.page.keyboard.press("Space")  # after the pointer, it plays
    assert studio.loudest() > 1e-3
    studio.page.keyboard.press("Escape")
    sequence = studio.open("sequence")
    key = sequence.locator(".keys button").first
    key.focus()
    studio.page.keyboard.press("Shift+Tab")
    studio.page.keyboard.press("Tab")
    studio.page.keyboard.down("Space")
    expect(key).to_have_class("down")
    studio.page.keyboard.press("Tab")
    expect(key).not_to_have_class("down")
    studio.page.keyboard.up("Space")
    sequence.get_by_role("button", name="Add drums").click()
    assert sequence.locator(".steps button:not([tabindex='-1'])").count() == 1


def test_the_focus_stays_where_a_control_is_taken_away(studio):
    from playwright.sync_api import expect

    panel = studio.open("editor")
    panel.get_by_label("The chain as text").fill("gain -6dB; invert; reverb")
    panel.get_by_label("The chain as text").press("Tab")
    field = panel.get_by_label("gain", exact=True)
    field.fill("-3dB")
    field.press("Tab")
    expect(panel.get_by_label("2. invert: on")).to_be_focused()
    panel.get_by_role("button", name="Move 1. gain down").press("Enter")
    expect(panel.get_by_role("button", name="Move 2. gain down")).to_be_focused()
    panel.get_by_role("button", name="Remove 1. invert").press("Enter")
    expect(panel.get_by_role("button", name="Remove 1. gain")).to_be_focused()
    make_clips(studio, 3)
    studio.page.locator("#tray-toggle").click()
    removers = studio.page.locator(".tray-clip").get_by_role("button", name=re.compile("^Remove"))
    last = removers.nth(1).get_attribute("aria-label")
    removers.first.press("Enter")
    expect(studio.page.get_by_role("button", name=last, exact=True)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_panel_has_a_moderate_finding_of_axe(studio_server, browser, scheme):
    script = axe_script()
    if script is None:
        pytest.skip("axe-core is not installed; WAVEWRIGHT_AXE names its axe.min.js")
    studio = Studio(browser, studio_server.url, color_scheme=scheme, bypass_csp=True)
    make_clips(studio, 2)
    studio.page.locator("#tray-toggle").click()
    for panel in PANELS:
        studio.open(panel)
        studio.page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
        studio.page.evaluate(script)
        found = []
        for width in (1200, 390):
            studio.page.set_viewport_size({"width": width, "height": 900})
            found += studio.page.evaluate("() => axe.run()")["violations"]
        assert [each["id"] for each in found if each["impact"] in ("moderate", "serious", "critical")] == [], panel
    studio.close()


def test_every_panel_fits_360_pixels(studio_server, browser):
    studio = Studio(browser, studio_server.url)
    studio.page.set_viewport_size({"width": 360, "height": 700})
    make_clips(studio, 2)
    for panel in PANELS:
        studio.open(panel)
        assert studio.page.evaluate("document.documentElement.scrollWidth") == 360, panel
    studio.close()
