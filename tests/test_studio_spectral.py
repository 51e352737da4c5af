"""The spectrogram of the editor: selections by pointer and by fields, and what they change."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from studio_browser import Studio, axe_script, reason_to_skip

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("drums", "morph-drums", "en", "vocoder", "denoise-16k", "ambience", "de"),
]

RATE = 16_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Two seconds of a tone with a whistle of 2.5 kHz from 0.8 to 1.2 s."""
    time = np.arange(2 * RATE) / RATE
    wave = 0.2 * np.sin(2 * np.pi * 440 * time)
    wave += 0.2 * np.sin(2 * np.pi * 2_500 * time) * ((time > 0.8) & (time < 1.2))
    path = tmp_path_factory.mktemp("sounds") / "whistle.wav"
    soundfile.write(path, wave, RATE, "PCM_16")
    return path


def opened(studio, recording):
    """Return the editor with the recording in its spectrogram."""
    panel = studio.open("editor")
    panel.locator("input[type=file]").first.set_input_files(str(recording))
    panel.locator(".slot:has-text('whistle.wav, ')").wait_for()
    panel.get_by_text("Edit in the spectrogram").click()
    panel.locator(".spectrum canvas[aria-label^='Spectrogram from']").wait_for()
    return panel


def select(panel, start, end, low, high) -> None:
    """Select by the fields."""
    for label, value in (
        *(("Selection from (s)", start), ("Selection to (s)", end)),
        *(("From (Hz)", low), ("To (Hz)", high)),
    ):
        panel.get_by_label(label, exact=True).fill(str(value))
        panel.get_by_label(label, exact=True).press("Tab")


def saved(studio, panel) -> np.ndarray:
    """Return the sound that the editor shows."""
    contents = studio.download(panel.get_by_role("button", name="Save", exact=True))
    return soundfile.read(io.BytesIO(contents))[0]


def whistle(wave) -> float:
    """Return the level of the whistle in its middle, 0.2 at first."""
    middle = wave[round(0.9 * RATE) : round(1.1 * RATE)]
    time = np.arange(len(middle)) / RATE
    return 2 * abs(np.mean(middle * np.exp(-2j * np.pi * 2_500 * time)))


def test_a_selection_is_changed_healed_and_undone(studio, recording):
    panel = opened(studio, recording)
    before = soundfile.read(recording)[0]
    select(panel, 0.75, 1.25, 2_000, 3_000)
    panel.get_by_role("button", name="Change level").click()
    studio.status("whistle-edited.wav is a new clip")
    changed = saved(studio, panel)
    assert 20 * np.log10(whistle(changed) / whistle(before)) == pytest.approx(-24.0, abs=0.2)
    np.testing.assert_array_equal(changed[: RATE // 2], before[: RATE // 2])
    assert panel.get_by_label("From (Hz)", exact=True).input_value() == "2000"  # the selection stays
    assert "spectralgain" in panel.locator(".command code").first.inner_text()
    panel.get_by_role("button", name="Undo").click()
    panel.locator(".slot", has_text="whistle.wav, 2.00 s").wait_for()
    panel.get_by_role("button", name="Heal").click()
    studio.status("whistle-edited.wav is a new clip")
    assert whistle(saved(studio, panel)) < 0.002
    panel.get_by_role("button", name="Change level").click()
    studio.status("whistle-edited-2.wav is a new clip")


def test_a_selection_is_heard_alone_and_pasted(studio, recording):
    panel = opened(studio, recording)
    select(panel, 0.75, 1.25, 2_000, 3_000)
    panel.get_by_role("button", name="Play selection").click()
    assert studio.loudest() == pytest.approx(0.2, abs=0.03)
    panel.get_by_role("button", name="Copy", exact=True).click()
    studio.status("The selection is copied")
    panel.get_by_label("Paste at (s)").fill("1.45")
    panel.get_by_role("button", name="Paste").click()
    studio.status("whistle-edited.wav is a new clip")
    pasted, before = saved(studio, panel), soundfile.read(recording)[0]
    assert whistle(np.roll(pasted, -round(0.7 * RATE))) == pytest.approx(whistle(before), rel=0.02)
    panel.get_by_label("Paste at (s)").fill("0.1")  # from the sound that it was copied from, into the new one
    panel.get_by_role("button", name="Paste").click()
    studio.status("whistle-edited-2.wav is a new clip")
    assert whistle(np.roll(saved(studio, panel), round(0.65 * RATE))) == pytest.approx(whistle(before), rel=0.02)


def test_rectangles_and_outlines_are_drawn_by_pointer(studio, recording):
    panel = opened(studio, recording)
    panel.get_by_label("Axis").select_option("linear")
    canvas = panel.locator(".spectrum canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def drag(*points):
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        studio.page.mouse.move(*at[0])
        studio.page.mouse.down()
        for point in at[1:]:
            studio.page.mouse.move(*point, steps=4)
        studio.page.mouse.up()

    drag((0.25, 0.25), (0.5, 0.75))
    values = [float(panel.get_by_label(label, exact=True).input_value()) for label in FIELDS]
    np.testing.assert_allclose(values, [0.5, 1.0, 2_000, 6_000], rtol=0.02)
    panel.get_by_label("Select by").select_option("lasso")
    drag((0.4, 0.6), (0.6, 0.6), (0.6, 0.8), (0.4, 0.8))
    panel.get_by_role("button", name="Heal").click()
    studio.status("whistle-edited.wav is a new clip")
    assert "outline=" in panel.locator(".command code").first.inner_text()
    assert whistle(saved(studio, panel)) < 0.01
    panel.get_by_role("button", name="Select nothing").click()
    panel.get_by_role("button", name="Heal").click()
    assert studio.error().startswith("Select something first")


FIELDS = ("Selection from (s)", "Selection to (s)", "From (Hz)", "To (Hz)")


def test_the_view_moves_in_time_and_frequency(studio, recording):
    panel = opened(studio, recording)
    canvas = panel.locator(".spectrum canvas")
    select(panel, 0.75, 1.25, 2_000, 3_000)
    panel.get_by_role("button", name="Show the selection").click()
    panel.locator(".spectrum canvas[aria-label*='from 0:00.6 to 0:01.4, 1750 to 3250 Hz']").wait_for()
    for name in ("Magnify time", "Magnify frequency", "Earlier in the spectrogram", "Higher frequencies"):
        panel.get_by_role("button", name=name).focus()
        studio.page.keyboard.press("Enter")
    panel.get_by_role("button", name="All times and frequencies").click()
    panel.locator(".spectrum canvas[aria-label*='from 0:00.0 to 0:02.0, 0 to 8000 Hz']").wait_for()
    for axis in ("mel", "linear", "log"):
        panel.get_by_label("Axis").select_option(axis)
    assert "selected 0.75 to 1.25 s, 2000 to 3000 Hz" in canvas.get_attribute("aria-label")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_spectrogram_fits_a_phone_and_has_no_finding_of_axe(studio_server, browser, recording, scheme):
    studio = Studio(browser, studio_server.url, color_scheme=scheme)
    studio.page.set_viewport_size({"width": 390, "height": 844})
    panel = opened(studio, recording)
    assert studio.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert panel.locator(".spectrum canvas").bounding_box()["width"] > 300
    if script := axe_script():
        studio.page.evaluate(script)
        found = studio.page.evaluate("() => axe.run()")["violations"]
        assert not [each["id"] for each in found if each["impact"] in ("serious", "critical", "moderate")]
    studio.close()
