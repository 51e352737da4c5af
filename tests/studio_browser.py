"""Debian's Chromium or Firefox driven by Playwright: pages of a studio, what they ask for, and what they play.

`WAVEWRIGHT_BROWSER=firefox` takes Firefox, over WebDriver BiDi; Firefox ESR wants Playwright 1.60 or older.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IS_FIREFOX = os.environ.get("WAVEWRIGHT_BROWSER", "chromium") == "firefox"
PROGRAM = shutil.which("firefox-esr") if IS_FIREFOX else shutil.which("chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required"),
]
FIREFOX_PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
}
FAKE_DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PANELS = (
    *("start", "generate", "morph", "map", "kit", "speech", "enhance", "podcast", "dub", "mix", "editor", "sequence"),
    "training",
)
BROKEN_FETCH = "Failed to load resource|ERR_|net::"
"""Messages of the browser for requests that are refused, which the page answers for itself."""

AXE_VARIABLE = "WAVEWRIGHT_AXE"
"""Environment variable with the path of axe-core's axe.min.js."""

PLAYED = """
() => {
  window.played = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...times) {
    if (this.buffer.getChannelData(0).some(sample => Math.abs(sample) > 1e-3)) window.played.push(this.buffer.duration);
    return start.apply(this, times);
  };
}
"""
"""Note the lengths of the sounds that are played."""

WATCH_LEVEL = """
async () => {
  if (window.loudest !== undefined) return;
  window.loudest = 0;
  const { audio, output } = await import("/player.js");
  const last = audio().createAnalyser();
  last.fftSize = 32768; // the last 0.7 s, so that nothing is missed while the page is busy
  output().connect(last);
  const samples = new Float32Array(last.fftSize);
  setInterval(() => {
    last.getFloatTimeDomainData(samples);
    for (const sample of samples) if (Math.abs(sample) > window.loudest) window.loudest = Math.abs(sample);
  }, 100);
}
"""
"""Keep the peak of what passes the page's AnalyserNode."""


def reason_to_skip() -> str:
    """Return why no browser can be driven here; empty if it can."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "Playwright is not installed"
    return "" if PROGRAM else f"{'Firefox' if IS_FIREFOX else 'Chromium'} is not installed"


def axe_script() -> str | None:
    """Return the source of axe-core, or None where it is not installed."""
    path = os.environ.get(AXE_VARIABLE, "")
    return Path(path).read_text(encoding="utf-8") if path and Path(path).is_file() else None


@contextmanager
def running_browser(microphone: Path | None = None) -> Iterator[object]:
    """Run a browser, whose microphone hears a WAV file again and again."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=120_000)
    devices = [] if microphone is None else [*FAKE_DEVICES, f"--use-file-for-fake-audio-capture={microphone}"]
    with sync_playwright() as playwright:
        if IS_FIREFOX:
            browser = playwright.firefox.launch(
                channel="moz-firefox", executable_path=PROGRAM, firefox_user_prefs=FIREFOX_PREFERENCES
            )
        else:
            browser = playwright.chromium.launch(executable_path=PROGRAM, args=[*ARGUMENTS, *devices])
        yield browser
        browser.close()


class Studio:
    """A page of a studio in a context of its own.

    Attributes
    ----------
    page
        The page of Playwright.
    requests, faults
        Addresses that the page asked for; errors in its scripts.
    """

    def __init__(self, browser, url: str, **context) -> None:
        self.url = url
        self.context = browser.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(300_000)
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message) -> None:
        if message.type == "error" and not re.search(BROKEN_FETCH, message.text):
            self.faults.append(message.text)

    def open(self, panel: str) -> object:
        """Show a panel; return its locator once it is ready."""
        self.page.goto(f"{self.url}/#{panel}")
        found = self.page.locator(f"[data-panel={panel}][data-ready]")
        found.wait_for()
        self.page.evaluate(WATCH_LEVEL)
        return found

    def status(self, text: str) -> None:
        """Wait until the status line contains a text."""
        self.page.locator("#status", has_text=text).wait_for()

    def error(self) -> str:
        """Return the sentence of the error that is shown, once there is one."""
        self.page.locator("#error:not(:empty)").wait_for()
        return self.page.inner_text("#error")

    def holds(self, field, value: str) -> None:
        """Wait until a field has a value: panels fill their fields when replies come."""
        from playwright.sync_api import expect

        expect(field).to_have_value(value)

    def loudest(self) -> float:
        """Return the peak of what was played since the last call, once there is some sound."""
        self.page.wait_for_function("() => window.loudest > 1e-3")
        return self.page.evaluate("() => { const peak = window.loudest; window.loudest = 0; return peak; }")

    def act(self, number: int, name: str) -> None:
        """Choose a pad by its number, and press a button of the bar."""
        self.page.locator(".pads:not(.small) .pad").nth(number).click()
        self.page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()

    def download(self, button) -> bytes:
        """Press a button that saves a file; return the file."""
        with self.page.expect_download() as caught:
            button.click()
        return Path(caught.value.path()).read_bytes()

    def close(self) -> None:
        """Close the page, which must have had no fault and asked nobody else."""
        self.context.close()
        assert not self.faults, self.faults
        outside = [url for url in self.requests if not url.startswith((self.url, "blob:", "data:"))]
        assert not outside, outside
