"""Debian's Chromium or Firefox driven by Playwright: pages of a studio, what they ask for, and what they play.

`WAVEWRIGHT_BROWSER=firefox` takes Firefox ESR, over WebDriver BiDi. Playwright reports there neither the
files that the page saves nor what it posts: the page notes them itself. Without a sound card its audio does not start:
let PulseAudio run with a null sink, as `.ci/full firefox` does.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from waiting import LIMIT_SECONDS, wait_until

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
    "ui.useOverlayScrollbars": 1,  # as Chromium without a window, and phones
}
LIMIT_MS = 1_000 * LIMIT_SECONDS
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
  const parts = Array.from({ length: 10 }, (_, index) => {
    const part = audio().createAnalyser();
    part.fftSize = 32768; // 0.7 s; all of them have the last 6 s, so that nothing is missed while the page is busy
    output().connect(new DelayNode(audio(), { maxDelayTime: 10, delayTime: 0.6 * index })).connect(part);
    return part;
  });
  const samples = new Float32Array(32768);
  setInterval(() => {
    for (const part of parts) {
      part.getFloatTimeDomainData(samples);
      for (const sample of samples) if (Math.abs(sample) > window.loudest) window.loudest = Math.abs(sample);
    }
  }, 300);
}
"""
"""Keep the peak of what passes the page's AnalyserNode."""

SEEN = """
(() => {
  window.seen = new Set();
  const look = () => { for (const each of SELECTORS) if (document.querySelector(each)) window.seen.add(each); };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
})()
"""
"""Note which elements have been there that come and go."""

NOTED = """
(() => {
  const [blobs, post, addressOf] = [new Map(), window.fetch, URL.createObjectURL];
  const { click } = HTMLElement.prototype;
  Object.assign(window, { posted: [], saved: [] });
  window.fetch = (address, options) => {
    if (typeof options?.body === "string") window.posted.push([String(address), options.body]);
    return post(address, options);
  };
  if (!IS_FIREFOX) return;
  HTMLInputElement.prototype.click = function () {
    if (this.type !== "file") click.call(this);
    else if (navigator.userActivation.isActive) window.asked = this;
  };
  URL.createObjectURL = blob => {
    const address = addressOf.call(URL, blob);
    blobs.set(address, blob);
    return address;
  };
  HTMLAnchorElement.prototype.click = function () {
    if (blobs.has(this.href)) window.saved.push(blobs.get(this.href)); else click.call(this);
  };
})()
"""
"""Note what the page posts and, in Firefox, the files that it saves and the fields in which it asks for files."""

SAVED = """
() => new Promise(resolve => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.readAsDataURL(window.saved.shift());
})
"""
"""Return the first file that the page has saved, in base64."""

FOLDER = """
(field, contents) => {
  const files = contents.map(([path, base64]) => {
    const file = new File([Uint8Array.from(atob(base64), each => each.charCodeAt(0))], path.split("/").at(-1));
    return Object.defineProperty(file, "webkitRelativePath", { value: path });
  });
  Object.defineProperty(field, "files", { value: files, configurable: true });
  field.dispatchEvent(new Event("change"));
}
"""
"""Let a field have the files of a folder, which are given with their paths."""

TRANSIENT = (
    ".clip.playing",
    ".card.playing[data-card=kit]",
    ".card.playing[data-card=rain]",
    ".spoken mark",
)
"""Elements that may be gone before a test looks: a sound ends also where the machine stalls."""

STAYING_MESSAGES = f"""
(() => {{
  const set = window.setTimeout;
  window.setTimeout = (action, ms, ...values) => set(action, ms === 30_000 ? {1_000 * LIMIT_SECONDS} : ms, ...values);
}})()
"""
"""Let messages stay longer than the 30 s of the page, which a test may miss."""


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

    expect.set_options(timeout=LIMIT_MS)
    devices = [] if microphone is None else [*FAKE_DEVICES, f"--use-file-for-fake-audio-capture={microphone}"]
    with sync_playwright() as playwright:
        if IS_FIREFOX:
            browser = playwright.firefox.launch(
                channel="moz-firefox",
                executable_path=PROGRAM,
                firefox_user_prefs=FIREFOX_PREFERENCES,
                timeout=LIMIT_MS,
            )
        else:
            browser = playwright.chromium.launch(executable_path=PROGRAM, args=[*ARGUMENTS, *devices], timeout=LIMIT_MS)
        yield browser
        browser.close()


def give_folder(field, folder: Path) -> None:
    """Choose a folder in a field; in Firefox WebDriver chooses none, and the field is given the files."""
    if not IS_FIREFOX:
        field.set_input_files(str(folder))
        return
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = [base64.b64encode(path.read_bytes()).decode() for path in paths]
    names = [path.relative_to(folder.parent).as_posix() for path in paths]
    field.evaluate(FOLDER, [list(pair) for pair in zip(names, contents, strict=True)])


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
        self.context.set_default_timeout(LIMIT_MS)
        self.context.add_init_script(STAYING_MESSAGES)
        self.context.add_init_script(NOTED.replace("IS_FIREFOX", json.dumps(IS_FIREFOX)))
        self.context.add_init_script(SEEN.replace("SELECTORS", json.dumps(TRANSIENT)))
        self.page = self.context.new_page()
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

    def has_shown(self, selector: str) -> None:
        """Wait until one of the elements TRANSIENT has been there since the page was loaded."""
        self.page.wait_for_function("selector => window.seen.has(selector)", arg=selector)

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

    def drag(self, source, target, **options) -> None:
        """Drag an element onto another one; Firefox ends no drag of WebDriver, and is given the events alone."""
        if not IS_FIREFOX:
            source.drag_to(target, **options)
            return
        carried = self.page.evaluate_handle("new DataTransfer()")
        for event, element in (("dragstart", source), ("dragover", target), ("drop", target)):
            element.dispatch_event(event, {"dataTransfer": carried})

    def asked_by(self, button) -> object:
        """Press a button that asks for a file; return the field that takes it."""
        if IS_FIREFOX:
            self.page.evaluate("window.asked = null")
            button.click()
            return self.page.wait_for_function("() => window.asked").as_element()
        with self.page.expect_file_chooser() as asked:
            button.click()
        return asked.value.element

    def download(self, button) -> bytes:
        """Press a button that saves a file; return the file."""
        if IS_FIREFOX:
            button.click()
            self.page.wait_for_function("() => window.saved.length")
            return base64.b64decode(self.page.evaluate(SAVED))
        with self.page.expect_download() as caught:
            button.click()
        return Path(caught.value.path()).read_bytes()

    def posts(self, path: str) -> list[dict]:
        """Return what the page has posted to addresses with a path since it was loaded."""
        return [json.loads(body) for address, body in self.page.evaluate("window.posted") if path in address]

    def post_of(self, act: Callable[[], object], path: str) -> dict:
        """Do something, such as pressing a button; return what the page posts to a path then."""
        n_before = len(self.posts(path))
        act()
        return wait_until(lambda: self.posts(path)[n_before:])[0]

    def close(self) -> None:
        """Close the page, which must have had no fault and asked nobody else."""
        self.context.close()
        assert not self.faults, self.faults
        outside = [url for url in self.requests if not url.startswith((self.url, "blob:", "data:"))]
        assert not outside, outside
