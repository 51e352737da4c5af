"""Drive the studio in Chromium: weight and load time of the page, time to sounds, and cancelling.

python -m benchmarks system.studio                 # needs Playwright and Chromium
python -m benchmarks system.studio --only live     # from a cell or a key of the sequencer to its sound
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns

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
  const { loadEventEnd, domContentLoadedEventEnd } = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { load: loadEventEnd, ready: domContentLoadedEventEnd, paint: paint ? paint.startTime : 0 };
}
"""

WEIGHT = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(entry => /(\\/|\\.js|\\.css|\\.svg)(#.*)?$/.test(entry.name))
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0)
"""
"""Bytes of the page's own files that were loaded."""

WATCH_TASKS = """
() => {
  window.tasks = [];
  const note = list => { for (const entry of list.getEntries()) window.tasks.push(entry.duration); };
  new PerformanceObserver(note).observe({ type: "longtask" });
}
"""
"""Note the milliseconds of each task of more than 50 ms."""

LONG_SECONDS = 1_040  # of stereo at 48 kHz, 200 MB


@contextmanager
def running_command(folder: Path) -> Iterator[str]:
    """Run `wavewright studio` in a folder; yield its address."""
    command = [sys.executable, "-m", "wavewright", "studio", "--port", "0", "--no-browser"]
    environment = {**os.environ, "WAVEWRIGHT_HOME": str(folder / "models")}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        try:
            yield line.split()[4].rstrip(";")
        finally:
            process.terminate()


def measure_page(studio: Studio, report: Report) -> None:
    """Measure the first visit, up to its first sound, the weight of all panels, and a long file that is added."""
    page = studio.page
    studio.open("start")
    loaded = page.evaluate(LOADED)
    report.add(PAGE, part="load event", value=loaded["load"] / 1000, unit="s")
    report.add(PAGE, part="first paint", value=loaded["paint"] / 1000, unit="s")
    first_kilobytes = page.evaluate(WEIGHT) / 1000
    report.add(PAGE, part="first view", value=first_kilobytes, unit="kB")
    started = time.monotonic()
    page.locator("#play-button").click()
    studio.loudest()
    sound_seconds = time.monotonic() - started
    report.add(PAGE, part="first sound after Play", value=sound_seconds, unit="s")
    page.keyboard.press("Escape")
    for panel in PANELS:
        studio.open(panel)
    kilobytes = page.evaluate(WEIGHT) / 1000
    report.add(PAGE, part="all panels", value=kilobytes, unit="kB")
    task_ms = longest_task_ms(studio)
    report.add(PAGE, part="longest task while 200 MB are added", value=task_ms / 1000, unit="s")
    report.target("studio", "page is loaded, s", loaded["load"] / 1000, at_most=1.0)
    report.target("studio", "first view, kB", first_kilobytes, at_most=350)
    report.target("studio", "page with all panels, kB", kilobytes, at_most=500)
    report.target("studio", "first sound after Play, s", sound_seconds, at_most=3)
    report.target("studio", "longest task with 200 MB, ms", task_ms, at_most=200)


def longest_task_ms(studio: Studio) -> float:
    """Add a WAV of 200 MB to the editor; return the longest time without an answer of the page, up to its picture."""
    panel = studio.open("editor")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "long.wav"
        noise = np.random.default_rng(0).uniform(-0.3, 0.3, (48_000, 2))
        with soundfile.SoundFile(path, "w", 48_000, 2, "PCM_16") as file:
            for _ in range(LONG_SECONDS):
                file.write(noise)
        studio.page.evaluate(WATCH_TASKS)
        panel.locator("input[type=file]").first.set_input_files(path)
        panel.get_by_role("img", name=f"of {LONG_SECONDS}.00 s").wait_for()
    milliseconds: float = studio.page.evaluate("Math.max(0, ...window.tasks)")
    return milliseconds


def measure_sounds(studio: Studio, report: Report, repeats: int) -> None:
    """Measure the time from a change of a control to its sound, warm, and from Cancel to the end of a job."""
    page = studio.page
    generate = studio.open("generate")
    generate.get_by_label("Clips", exact=True).fill("2")
    add_times(report, "generate 2 clips", repeats, lambda: pressed(studio, "#generate-button", "2 clips in"))
    morph = studio.open("morph")
    morph.get_by_role("button", name="Morph", exact=True).click()
    morph.get_by_text("Step 9 of 17").wait_for()
    for name, label in (
        ("morph, a step of the slider", "Position"),
        ("adjust, while the slider moves", "Brightness"),
        ("vary, a step of the slider", "Amount of variation"),
    ):
        add_times(report, name, repeats, partial(slid, morph.get_by_label(label, exact=True)))
    page.keyboard.press("Escape")
    speech = studio.open("speech")
    speech.get_by_label("Text, or SSML").fill("Hello there.")
    add_times(report, "speech, first sound", repeats, lambda: spoken(speech))
    cancelled = studio.open("generate")
    cancelled.get_by_label("Model", exact=True).select_option("ambience")
    cancelled.get_by_label("Seconds", exact=True).fill("60")
    add_times(report, "cancel a job", repeats, lambda: cancelled_ms(studio))
    for row in report.rows[SOUNDS.name]:
        limit = 200 if row["action"] == "cancel a job" else 150
        if row["action"] != "generate 2 clips":
            report.target("studio", f"{row['action']}, ms", row["median_ms"], at_most=limit)


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
            median_ms = statistics.median(times)
            row = {"median_ms": median_ms, "slowest_ms": max(times), "n": len(times), "late": 0}
            report.add(LIVE, action=f"{name}, while the score is {state}", **row)
            report.target("studio", f"{name}, {state}, ms", median_ms, at_most=LIVE_MS)
    page.evaluate("window.struck = []")
    page.wait_for_timeout(10_000)
    ahead = [1000 * each["ahead"] for each in page.evaluate("window.struck")]
    row = {"median_ms": statistics.median(ahead), "slowest_ms": min(ahead), "n": len(ahead)}
    late = sum(each < 0 for each in ahead)
    report.add(LIVE, action="notes of a loop, scheduled ahead of their start", **row, late=late)
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


def add_times(report: Report, action: str, repeats: int, measured: Callable[[], float], skip: int = 1) -> None:
    """Add the median of repeated times, the first of which warm up."""
    times = [measured() for _ in range(repeats + skip)][skip:]
    row = {"median_ms": statistics.median(times), "slowest_ms": max(times), "n": len(times)}
    report.add(SOUNDS, action=action, **row)


def pressed(studio: Studio, selector: str, status: str) -> float:
    """Return the milliseconds from a button to the status line that says that it is done."""
    milliseconds: float = studio.page.evaluate(
        """async ([selector, status]) => {
          const line = document.getElementById("status");
          line.textContent = "";
          const started = performance.now();
          document.querySelector(selector).click();
          while (!line.textContent.includes(status)) await new Promise(resolve => setTimeout(resolve, 2));
          return performance.now() - started;
        }""",
        [selector, status],
    )
    return milliseconds


def slid(field: Locator) -> float:
    """Move a slider as if it were dragged; return the milliseconds up to the start of its sound."""
    milliseconds: float = field.evaluate(
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
    return milliseconds


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
    milliseconds: float = cancel.evaluate(
        """async button => {
          const started = performance.now();
          button.click();
          for (;;) {
            const { jobs } = await (await fetch("/v1/jobs")).json();
            if (!jobs.some(job => ["queued", "running"].includes(job.state))) return performance.now() - started;
          }
        }"""
    )
    return milliseconds


def measure(options: Options, report: Report) -> None:
    """Drive every part that was asked for."""
    from studio_browser import Studio, reason_to_skip, running_browser

    if reason_to_skip():
        report.has(CHROMIUM if PLAYWRIGHT.is_installed else PLAYWRIGHT, "The studio")
        return
    with tempfile.TemporaryDirectory() as name, running_command(Path(name)) as url, running_browser() as browser:
        studio = Studio(browser, url)
        if "page" in options.only:
            measure_page(studio, report)
        if "sounds" in options.only:
            measure_sounds(studio, report, options.repeats)
        if "live" in options.only:
            measure_live(studio, report, options.repeats)
        studio.close()


BENCHMARK = Benchmark(
    __doc__,
    (PAGE, SOUNDS, LIVE),
    measure,
    Option("only", list(PARTS), choices=PARTS, smoke=["page"]),
    Option("repeats", 11, smoke=1),
)
