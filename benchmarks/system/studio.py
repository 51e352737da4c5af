"""Drive the studio in a browser: weight and load time of the page, time to sounds, and cancelling.

python -m benchmarks system.studio                 # needs Playwright and Chromium or Firefox
python -m benchmarks system.studio --only live     # from a cell or a key of the sequencer to its sound
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.servers import serving

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from studio_browser import Studio

TESTS = Path(__file__).parents[2] / "tests"
sys.path.append(str(TESTS))

PANELS = ("generate", "morph", "map", "kit", "speech", "enhance", "podcast", "editor", "sequence", "training")
PARTS = ("page", "sounds", "live")
CHROMIUM = Peer("Chromium", "apt install chromium", program="chromium")
PLAYWRIGHT = Peer("Playwright", "pip install playwright", module="playwright")

PAGE = Table("page", columns(part="s", value=".3f", unit="s"), is_optional=True)
SOUNDS = Table("time to sounds", columns(action="s", median_ms=".0f", slowest_ms=".0f", n="d"), is_optional=True)
LIVE = Table(
    "live sequencer", columns(action="s", median_ms=".1f", slowest_ms=".1f", n="d", late="d"), is_optional=True
)

LOADED = """
() => {
  const { loadEventEnd } = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { load: loadEventEnd, paint: paint ? paint.startTime : 0 };
}
"""

WEIGHT = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(entry => /(\\/|\\.js|\\.css|\\.svg)(#.*)?$/.test(entry.name))
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0)
"""
"""Bytes of the page's own files that were loaded."""

WATCH_ANSWERS = """
() => {
  let last = performance.now();
  setInterval(() => { window.longest = Math.max(window.longest ?? 0, -last + (last = performance.now())); });
}
"""
"""Note the milliseconds of the longest time between two answers to a timer; Firefox reports no long tasks."""

LONG_SECONDS = 1_040  # of stereo at 48 kHz, 200 MB


def measure_page(studio: Studio, report: Report, _: int) -> None:
    """Measure the first visit, up to its first sound, the weight of all panels, and a long file that is added."""
    page = studio.page
    studio.open("start")
    loaded, first_bytes = page.evaluate(LOADED), page.evaluate(WEIGHT)
    started = time.monotonic()
    page.locator("#play-button").click()
    studio.loudest()
    sound_seconds = time.monotonic() - started
    page.keyboard.press("Escape")
    for panel in PANELS:
        studio.open(panel)
    parts = (
        ("load event", loaded["load"] / 1000, "s", 1.0),
        ("first paint", loaded["paint"] / 1000, "s", None),
        ("first view", first_bytes / 1000, "kB", 350.0),
        ("first sound after Play", sound_seconds, "s", 3.0),
        ("all panels", page.evaluate(WEIGHT) / 1000, "kB", 500.0),
        ("longest task while 200 MB are added", longest_task_ms(studio), "ms", 200.0),
    )
    for part, value, unit, limit in parts:
        report.add(PAGE, part=part, value=value, unit=unit)
        report.target("studio", f"{part}, {unit}", None if limit is None else value, at_most=limit)


def longest_task_ms(studio: Studio) -> float:
    """Add a WAV of 200 MB to the editor; return the longest time without an answer of the page, up to its picture."""
    panel = studio.open("editor")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "long.wav"
        noise = np.random.default_rng(0).integers(-9_000, 9_000, (48_000 * LONG_SECONDS, 2), np.int16)
        soundfile.write(path, noise, 48_000)
        studio.page.evaluate(WATCH_ANSWERS)
        panel.locator("input[type=file]").first.set_input_files(path)
        panel.get_by_role("img", name=f"of {LONG_SECONDS}.00 s").wait_for()
    return studio.page.evaluate("window.longest")


def measure_sounds(studio: Studio, report: Report, repeats: int) -> None:
    """Measure the time from a change of a control to its sound, warm, and from Cancel to the end of a job."""

    def add(action: str, measured: Callable[[], float], limit: float = 150.0) -> None:
        times = [measured() for _ in range(repeats + 1)][1:]  # the first warms up
        report.add(SOUNDS, times_of(times), action=action)
        report.target("studio", f"{action}, ms", statistics.median(times), at_most=limit)

    morph = studio.open("morph")
    morph.get_by_role("button", name="Morph", exact=True).click()
    morph.get_by_text("Step 9 of 17").wait_for()
    for name, label in (
        ("morph, a step of the slider", "Position"),
        ("adjust, while the slider moves", "Brightness"),
        ("vary, a step of the slider", "Amount of variation"),
    ):
        add(name, partial(slid, morph.get_by_label(label, exact=True)))
    studio.page.keyboard.press("Escape")
    speech = studio.open("speech")
    speech.get_by_label("Text, or SSML").fill("Hello there.")
    add("speech, first sound", lambda: spoken(speech))
    cancelled = studio.open("generate")
    cancelled.get_by_label("Model", exact=True).select_option("ambience")
    cancelled.get_by_label("Seconds", exact=True).fill("60")
    add("cancel a job", lambda: cancelled_ms(studio), 200.0)


def times_of(times: Sequence[float]) -> dict[str, float]:
    """Return the cells of repeated times."""
    return {"median_ms": statistics.median(times), "slowest_ms": max(times), "n": len(times)}


PROBE = """
(() => {
  window.struck = [];
  let event = 0;
  const note = ({ timeStamp }) => { event = timeStamp; };
  for (const type of ["pointerdown", "keydown"]) addEventListener(type, note, true);
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...more) {
    const now = this.context.currentTime;
    const ahead = when ? when - now : 0;
    const ms = performance.now() - event + 1000 * (Math.max(0, ahead) + this.context.baseLatency);
    window.struck.push({ ms, ahead });
    return start.call(this, when, ...more);
  };
})()
"""
"""Note the time from the last press to the start of each sound at the output, and how far ahead it was scheduled."""

LIMITER = """
async () => {
  const offline = new OfflineAudioContext(1, 4410, 44100);
  const source = offline.createBufferSource();
  source.buffer = offline.createBuffer(1, 1, 44100);
  source.buffer.getChannelData(0)[0] = 0.1;
  source.connect(new DynamicsCompressorNode(offline)).connect(offline.destination);
  source.start();
  return 1000 * (await offline.startRendering()).getChannelData(0).findIndex(sample => Math.abs(sample) > 0.01) / 44100;
}
"""
"""The delay of the browser's limiter in milliseconds, through which the notes pass."""

LIVE_MS = 30.0


def measure_live(studio: Studio, report: Report, repeats: int) -> None:
    """Measure the time from a press of a cell or of a key to its sound, and whether notes of a loop are in time."""
    panel = studio.open("sequence")
    page = studio.page
    page.evaluate(PROBE)
    limiter_ms: float = page.evaluate(LIMITER)
    base_ms = 1000 * page.evaluate("async () => (await import('/player.js')).audio().baseLatency")
    report.note(f"Of each time, the output takes {base_ms:.1f} ms and the limiter {limiter_ms:.1f} ms.")
    for state in ("stopped", "playing"):
        if state == "playing":
            panel.get_by_role("button", name="Play", exact=True).click()
            panel.get_by_role("button", name="Stop", exact=True).wait_for()
        tracks = panel.get_by_label("Track", exact=True)
        for name, track in (("cell", "drums"), ("key of the screen", "Melody"), ("key of the computer", "Melody")):
            tracks.select_option(tracks.locator("option", has_text=track).first.get_attribute("value"))
            page.locator("[data-panel=sequence][data-sounds=ready]").wait_for()
            times = [struck_ms(panel, name, number) + limiter_ms for number in range(repeats)]
            report.add(LIVE, times_of(times), action=f"{name}, while the score is {state}", late=0)
            report.target("studio", f"{name}, {state}, ms", statistics.median(times), at_most=LIVE_MS)
    page.evaluate("window.struck = []")
    page.wait_for_timeout(10_000)
    ahead = [1000 * each["ahead"] for each in page.evaluate("window.struck")]
    late = sum(each < 0 for each in ahead)
    report.add(
        LIVE,
        times_of(ahead) | {"slowest_ms": min(ahead)},
        action="notes of a loop, scheduled ahead of their start",
        late=late,
    )
    page.keyboard.press("Escape")


def struck_ms(panel: Locator, name: str, number: int) -> float:
    """Press a cell or a key; return the milliseconds to its sound."""
    page = panel.page
    if name == "cell":
        target = panel.locator(f"[data-cell='49-{number % 16}']")  # the crash, which the score leaves alone
    else:
        target = panel.get_by_role("group", name="Keyboard").get_by_role("button").nth(12 + number % 12)
    page.evaluate("window.struck = []")
    if name == "key of the computer":
        page.locator("body").press("asdfghjk"[number % 8])
    else:
        target.click()
    page.wait_for_function("() => window.struck.some(each => each.ahead === 0)")
    milliseconds: float = page.evaluate("window.struck.find(each => each.ahead === 0).ms")
    if name == "cell" and target.get_attribute("aria-pressed") == "true":
        target.click()
    page.wait_for_timeout(200)
    return milliseconds


def slid(field: Locator) -> float:
    """Move a slider as if it were dragged; return the milliseconds up to the start of its sound."""
    return field.evaluate(
        """async field => {
          const { onPlaying } = await import("/player.js");
          const started = performance.now();
          const played = new Promise(resolve => onPlaying(isPlaying => isPlaying && resolve(performance.now())));
          const step = Math.max(Number(field.step), (field.max - field.min) / 20);
          const next = Number(field.value) + step;
          field.value = String(next > field.max ? Number(field.min) + step : next);
          field.dispatchEvent(new Event("input"));
          const ms = await played - started;
          await new Promise(resolve => setTimeout(resolve, 100));
          return ms;
        }"""
    )


def spoken(panel: Locator) -> float:
    """Speak; return the milliseconds up to the first samples, which the page reports."""
    panel.get_by_role("button", name="Speak", exact=True).click()
    note = panel.locator("span.soft", has_text="First sound after")
    note.wait_for()
    milliseconds = float(note.inner_text().split()[3])
    panel.page.wait_for_function("() => !document.querySelector('.spoken mark')")
    note.evaluate("note => { note.textContent = ''; }")
    panel.page.wait_for_timeout(500)  # a press before the end of the speech would do nothing
    return milliseconds


def cancelled_ms(studio: Studio) -> float:
    """Start a long job and cancel it; return the milliseconds from the button to the state of the job."""
    studio.page.locator("#generate-button").click()
    cancel = studio.page.get_by_role("button", name="Cancel")
    cancel.wait_for()
    studio.page.wait_for_timeout(300)
    return cancel.evaluate(
        """async button => {
          const started = performance.now();
          button.click();
          for (;;) {
            const { jobs } = await (await fetch("/v1/jobs")).json();
            if (!jobs.some(job => ["queued", "running"].includes(job.state))) return performance.now() - started;
          }
        }"""
    )


def measure(options: Options, report: Report) -> None:
    from studio_browser import Studio, reason_to_skip, running_browser

    if reason_to_skip():
        report.has(CHROMIUM if PLAYWRIGHT.is_installed else PLAYWRIGHT, "The studio")
        return
    parts = {"page": measure_page, "sounds": measure_sounds, "live": measure_live}
    with serving("studio", "--no-browser") as server, running_browser() as browser:
        studio = Studio(browser, f"http://127.0.0.1:{server.port}")
        for part in options.only:
            parts[part](studio, report, options.repeats)
        studio.close()


BENCHMARK = Benchmark(
    measure, Option("only", list(PARTS), choices=PARTS, smoke=["page"]), Option("repeats", 11, smoke=1)
)
