"""The panel Dub in a browser: lines of subtitles, their borders and translations, one played, all dubbed."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import soundfile
from studio_browser import Studio, reason_to_skip, running_browser
from test_studio import running_studio

pytestmark = [
    pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-"),
    pytest.mark.browser,
    pytest.mark.uses("en", "vocoder"),
]

SRT = "1\n00:00:00,500 --> 00:00:02,000\nGuten Morgen.\n\n2\n00:00:02,500 --> 00:00:04,500\nWie geht es dir?\n"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder / "models"))
        with running_studio(folder / "runs", job_workers=1) as server, running_browser() as browser:
            studio = Studio(browser, server.url)
            yield studio
            studio.close()


def test_lines_are_changed_played_and_dubbed(studio, tmp_path):
    from playwright.sync_api import expect

    soundfile.write(tmp_path / "scene.wav", 0.05 * np.random.default_rng(0).standard_normal(6 * 16_000), 16_000)
    (tmp_path / "de.srt").write_text(SRT)
    panel = studio.open("dub")
    panel.locator(".slot input[type=file]").set_input_files(str(tmp_path / "scene.wav"))
    panel.locator(".slot:has-text('scene.wav, ')").wait_for()
    panel.get_by_label("Subtitles", exact=True).set_input_files(str(tmp_path / "de.srt"))
    panel.get_by_label("Language").fill("de")
    panel.get_by_label("Into", exact=True).fill("en")
    panel.get_by_role("button", name="Find the lines").click()
    studio.status("2 lines. Change them, play them, then dub.")
    first = panel.get_by_label("Translation of line 1")
    expect(first).to_have_value("")
    panel.get_by_role("button", name="Play line 1").click()
    assert "Line 1 has no translation" in studio.error()
    first.fill("Good morning.")
    panel.get_by_label("Translation of line 2").fill("How are you?")
    panel.get_by_label("End of line 1 in s").fill("2.25")
    panel.get_by_label("End of line 1 in s").press("Enter")
    border = panel.locator(".mark").nth(1).locator("[data-side=start]").bounding_box()
    studio.page.mouse.move(border["x"] + 2, border["y"] + 20)
    studio.page.mouse.down()
    studio.page.mouse.move(border["x"] + 22, border["y"] + 20)
    studio.page.mouse.up()
    moved = float(panel.get_by_label("Start of line 2 in s").input_value())
    assert 2.5 < moved < 3.2
    panel.get_by_role("button", name="Play line 1").click()
    expect(panel.locator("li").first).to_contain_text("times the usual rate")
    project = tomllib.loads(studio.download(panel.get_by_role("button", name="Save the project")).decode())
    assert next((line["start"], line["text"]) for line in project["lines"]) == (0.5, "Good morning.")
    assert project["lines"][0]["end"] == 2.25
    assert project["lines"][1]["start"] == pytest.approx(moved, abs=0.006)
    panel.get_by_role("button", name="Dub", exact=True).click()
    studio.status("is in the history.")
    expect(panel.locator("li").nth(1)).to_contain_text("times the usual rate")
    assert studio.faults == []
