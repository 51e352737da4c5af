"""The tray of the studio: clips played, sought, renamed, sent, removed and kept; jobs of all tabs; messages."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")

from studio_browser import reason_to_skip

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("drums", "en", "vocoder"),
]

ADD = """
async ([name, seconds]) => {
  const { library } = await import("/library.js");
  const { wavFile } = await import("/wav.js");
  await library.opened;
  const samples = Int16Array.from({ length: Math.round(16000 * seconds) }, (_, i) => 8000 * Math.sin(i / 8));
  await library.add(wavFile([samples], 16000), { name, task: "file", label: null });
  library.changed();
}
"""
"""Add a clip of a tone."""

JOB = """
async title => {
  const { jobRow } = await import("/ui.js");
  window.controller = new AbortController();
  window.row = jobRow(title, window.controller);
}
"""

PAINTED = """
() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve))))
"""
"""Wait until the page is laid out and painted."""


def open_tray(page):
    page.locator("#tray-toggle").click()
    return page.locator("#clips")


def names(clips) -> list[str]:
    return [field.input_value() for field in clips.get_by_role("textbox").all()]


def test_clips_are_played_paused_and_sought(studio):
    studio.open("start")
    studio.page.evaluate(ADD, ["tone.wav", 300])  # which does not end while a busy machine looks for its buttons
    clips = open_tray(studio.page)
    clips.get_by_role("button", name="Play tone.wav").click()
    assert studio.loudest() > 1e-3
    studio.page.wait_for_function("() => document.querySelector('.wave input').value > 0")
    clips.get_by_role("button", name="Pause tone.wav").click()
    paused = int(clips.get_by_label("Position in tone.wav").input_value())
    assert paused > 0
    clips.get_by_label("Position in tone.wav").fill("500")
    clips.get_by_role("button", name="Play tone.wav").click()
    studio.page.wait_for_function(
        "() => { const { value } = document.querySelector('.wave input'); return value > 500 && value < 900; }"
    )
    studio.page.keyboard.press("Escape")
    clips.get_by_role("button", name="Play tone.wav").wait_for()


def test_clips_are_renamed_kept_and_removed_in_all_tabs(studio):
    studio.open("start")
    for name in ("a.wav", "b.wav"):
        studio.page.evaluate(ADD, [name, 0.1])
    clips = open_tray(studio.page)
    assert names(clips) == ["b.wav", "a.wav"]
    other = studio.context.new_page()
    other.goto(f"{studio.url}/#editor")
    other_clips = open_tray(other)
    clips.get_by_label("Name of a.wav").fill("My tone / 1")
    clips.get_by_label("Name of a.wav").press("Enter")
    other_clips.get_by_label("Name of My tone _ 1.wav").wait_for()
    studio.page.reload()
    clips.get_by_label("Name of My tone _ 1.wav").wait_for()  # the tray stays open
    clips.get_by_role("button", name="Favourite: b.wav").click()
    other_clips.get_by_role("button", name="Favourite: b.wav", pressed=True).wait_for()
    other_clips.get_by_role("button", name="Remove My tone _ 1.wav").click()
    clips.get_by_label("Name of My tone _ 1.wav").wait_for(state="detached")
    assert studio.page.inner_text("#tray-toggle") == "Clips (1)"
    clips.get_by_label("Send b.wav to").select_option(label="Editor")
    studio.page.locator("[data-panel=editor] .slot:has-text('b.wav, ')").wait_for()


def test_a_clip_is_dragged_from_the_tray_into_a_panel(studio):
    panel = studio.open("enhance")
    studio.page.evaluate(ADD, ["tone.wav", 0.5])
    row = open_tray(studio.page).locator("li[draggable=true]")
    row.wait_for()
    studio.drag(row, panel.locator(".slot").first, source_position={"x": 300, "y": 20})
    panel.locator(".slot:has-text('tone.wav, 0.50 s')").wait_for()


def test_a_job_says_how_long_it_takes_and_is_cancelled_in_another_tab(studio):
    studio.open("start")
    other = studio.context.new_page()
    other.goto(f"{studio.url}/#start")
    other.locator("[data-panel=start][data-ready]").wait_for()
    studio.page.evaluate(JOB, "Work")
    row = other.locator(".job", has_text="Work")
    row.wait_for()
    studio.page.evaluate(
        """() => {
          const now = performance.now.bind(performance);
          window.row.update({ progress: 0.1, state: "running", message: "step 1" });
          performance.now = () => now() + 20_000;
          window.row.update({ progress: 0.3, state: "running", message: "step 3" });
        }"""
    )
    studio.page.locator(".job", has_text="Work: step 3, about 70 s left").wait_for()
    other.locator(".job", has_text="Work: step 3, about 70 s left").wait_for()
    row.get_by_role("button", name="Cancel").click()
    studio.page.wait_for_function("() => window.controller.signal.aborted")
    studio.page.evaluate("() => window.row.close()")
    row.wait_for(state="detached")


def test_a_click_is_not_lost_when_a_job_ends_while_the_button_is_down(studio):
    page = studio.page
    page.set_viewport_size({"width": 1200, "height": 500})
    panel = studio.open("kit")
    page.evaluate(JOB, "Work")
    page.locator(".job", has_text="Work").wait_for()
    summary = panel.get_by_text("More settings", exact=True)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.evaluate(PAINTED)
    box = summary.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("window.row.close()")
    page.evaluate(PAINTED)
    before = page.evaluate("document.documentElement.scrollHeight")
    page.mouse.up()
    assert summary.evaluate("each => each.parentElement.open")
    summary.click()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(
        f"() => document.documentElement.scrollHeight < {before}"
    )  # the room of the row is given back


def test_messages_leave_and_the_connection_is_shown(studio, studio_server):
    studio.page.clock.install()
    studio.open("start")
    studio.page.evaluate("() => import('/ui.js').then(ui => ui.say('Done.'))")
    studio.page.locator("#status", has_text="Done.").wait_for()
    studio.page.clock.run_for(31_000)
    studio.page.locator("#status:empty").wait_for(state="attached")
    studio.page.locator("#connection", has_text="Connected").wait_for()
    studio_server.stop()
    try:
        studio.page.clock.run_for(11_000)
        studio.page.locator("#connection", has_text="No connection").wait_for()
    finally:
        studio_server.start()
    studio.page.clock.run_for(3_000)
    studio.page.locator("#connection", has_text="Connected").wait_for()


def test_an_open_tray_covers_nothing_for_good(studio):
    panel = studio.open("speech")
    for number in range(8):
        studio.page.evaluate(ADD, [f"tone{number}.wav", 0.1])
    panel.get_by_text("Lexicon", exact=True).click()
    open_tray(studio.page)
    studio.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last = panel.get_by_role("button", name="Add", exact=True).bounding_box()
    tray = studio.page.locator("#tray").bounding_box()
    assert tray["height"] > 300
    assert last["y"] + last["height"] < tray["y"]
