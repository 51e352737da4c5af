"""Random sequences of user actions in the studio, and what must hold after each of them.

python tests/studio_sequences.py 0 500          # first seed and number; needs Playwright and Chromium or Firefox
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from studio_browser import BROKEN_FETCH, LIMIT_MS, PANELS, give_folder
from waiting import wait_until

RATE = 16_000
SETTLE_MS = LIMIT_MS
HASTY = 0.15
"""Fraction of the actions that do not wait for the one before."""

LOST = r"does not answer|lost this job|broke off"
"""Errors of a server that is started again."""

WATCH = """
addEventListener("DOMContentLoaded", () => {
  Object.assign(window, { messageAt: 0, actionAt: 0 });
  const watcher = new MutationObserver(() => { window.messageAt = performance.now(); });
  for (const id of ["status", "error"]) watcher.observe(document.getElementById(id), { childList: true });
  for (const type of ["click", "change", "drop", "keydown"]) {
    addEventListener(type, event => {
      const isTyping = type === "keydown" && event.target.matches("input:not([type=checkbox], [type=range]), textarea");
      if (event.isTrusted && event.key !== "Tab" && !isTyping) window.actionAt = event.timeStamp;
    }, true);
  }
});
"""
"""Note when a message is shown, and when the user does something; typing in a field is not yet something."""

IDLE = """
() => !document.querySelector(".job, [aria-busy=true]")
  && document.querySelector("main > section:not([hidden])")?.dataset.ready === "true"
"""

QUIET_MS = 200
"""How long nothing may run until all is taken as done; a row of a job is shown after 150 ms."""

SETTLED = f"""
([quiet, most]) => new Promise((resolve, reject) => {{
  const isIdle = {IDLE.strip()};
  const start = performance.now();
  let since = null;
  const timer = setInterval(() => {{
    const now = performance.now();
    since = isIdle() ? since ?? now : null;
    if (since !== null && now - since >= quiet) {{ clearInterval(timer); resolve(); }}
    else if (now - start > most) {{ clearInterval(timer); reject(new Error(`not idle after ${{most}} ms`)); }}
  }}, 20);
}})
"""
"""Wait until nothing has run for a while."""

STORED = """
() => new Promise(resolve => {
  const opening = indexedDB.open("wavewright-studio", 1);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction(["clips", "sounds"]);
    const clips = transaction.objectStore("clips").getAll();
    const sounds = transaction.objectStore("sounds").getAllKeys();
    transaction.oncomplete = () => {
      opening.result.close();
      resolve({ clips: clips.result.map(clip => [clip.id, clip.isFavourite]), sounds: sounds.result });
    };
  };
})
"""
"""Ids of the clips in the browser's store, whether they are favourites, and of their sounds."""

PADS = """
() => [...document.querySelectorAll("[data-panel=generate] .pads:not(.small) .clip")].map(pad => pad.dataset.clip)
"""

COMPARED = """
() => {
  const panel = document.querySelector("[data-panel=enhance]:not([hidden])");
  const box = panel?.querySelector(".compare");
  if (!box?.offsetParent) return null;
  return [panel.querySelector(".slot span.soft").textContent, box.querySelector(".side").textContent];
}
"""
"""The recording and the side A of a shown result of the panel Enhance."""


class Broken(AssertionError):
    """Something that must hold does not, after the actions that the message lists."""


@dataclass(frozen=True)
class Files:
    """Files that a user opens."""

    sounds: tuple[Path, ...]
    wrong: tuple[Path, ...]
    score: Path
    wrong_score: Path
    folder: Path
    wrong_folder: Path


def make_files(folder: Path) -> Files:
    """Write sounds of several formats, files that are none, a score, and folders."""
    from wavewright.apps.studio.scores import Roll, RollNote, RollTrack, midi_of_roll

    rng = np.random.default_rng(0)
    noise = 0.05 * rng.standard_normal(RATE)
    tone = noise + 0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    soundfile.write(folder / "tone.wav", tone, RATE, "PCM_16")
    soundfile.write(folder / "Zwei Töne: 1?.flac", np.stack([tone, noise], 1), 44_100)
    soundfile.write(folder / "tone-edited.ogg", tone, RATE)
    soundfile.write(folder / "Take 2.aiff", tone, 48_000, "PCM_24")
    (folder / "text.wav").write_text("no sound")
    (folder / "empty.flac").write_bytes(b"")
    (folder / "cut.mp3").write_bytes((folder / "tone.wav").read_bytes()[:40])
    notes = [RollNote(start=0.5 * number, length=0.5, pitch=60 + number) for number in range(8)]
    (folder / "score.mid").write_bytes(midi_of_roll(Roll(tracks=[RollTrack(notes=notes)])))
    (folder / "broken.mid").write_bytes(b"MThd no score")
    for label in ("high", "low"):
        (folder / "clips" / label).mkdir(parents=True)
        for number in range(2):
            soundfile.write(folder / "clips" / label / f"{number}.wav", 0.3 * tone[: 4_000 * (number + 1)], RATE)
    (folder / "papers").mkdir()
    (folder / "papers" / "letter.pdf").write_bytes(b"%PDF")
    return Files(
        tuple(folder / name for name in ("tone.wav", "Zwei Töne: 1?.flac", "tone-edited.ogg", "Take 2.aiff")),
        tuple(folder / name for name in ("text.wav", "empty.flac", "cut.mp3")),
        folder / "score.mid",
        folder / "broken.mid",
        folder / "clips",
        folder / "papers",
    )


Outcome = str | None
"""Pattern of the errors that an action may show; None for none."""

_actions: dict[str | None, list[Callable[[Walk], Outcome]]] = {}


def action(panel: str | None = None, weight: int = 1) -> Callable[[Callable[[Walk], Outcome]], Callable]:
    """Add an action of a panel, or of all panels, to those that are drawn."""

    def add(function: Callable[[Walk], Outcome]) -> Callable[[Walk], Outcome]:
        _actions.setdefault(panel, []).extend([function] * weight)
        return function

    return add


class Walk:
    """One user with one browser: actions drawn by a seed.

    Parameters
    ----------
    browser
        Of Playwright.
    server
        A `RestartableStudio`.
    files
        What the user opens.
    seed
        Same seed, same actions.
    """

    def __init__(self, browser, server, files: Files, seed: int) -> None:
        self.server = server
        self.files = files
        self.rng = random.Random(seed)
        self.context = browser.new_context(viewport={"width": 1200, "height": 1000}, accept_downloads=True)
        self.context.set_default_timeout(SETTLE_MS)
        self.context.add_init_script(WATCH)
        self.faults: list[str] = []
        self.n_actions = 0
        self.is_settled = True
        self.trail: list[str] = [f"seed {seed}"]
        self.allowed: list[str] = []
        self.last_errors: dict[object, tuple[str, float]] = {}  # of each tab
        self.wrong: Path | None = None
        self.is_removal = False
        self.known: dict[str, bool] = {}
        self.pages: list = []
        self.open_tab()

    def open_tab(self) -> None:
        """Open a tab and use it."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{self.server.url}/#generate")
        self.pages.append(page)
        self.page = page

    def _note(self, message) -> None:
        if message.type == "error" and not re.search(BROKEN_FETCH, message.text):
            self.faults.append(message.text)

    @property
    def panel(self):
        """The panel that is shown."""
        return self.page.locator("main > section:not([hidden])")

    @property
    def panel_name(self) -> str:
        """Its name."""
        return self.panel.get_attribute("data-panel")

    def press(self, name: str, **options) -> None:
        """Press the first button of the panel with a name."""
        self.panel.get_by_role("button", name=name, **options).first.click()

    def draw(self, options: Sequence):
        """Return one of some options."""
        return self.rng.choice(list(options))

    def choose(self, label: str, matching: str = "") -> str:
        """Choose one of the options of a list; return it."""
        field = self.panel.get_by_label(label, exact=True).first
        field.locator("option").first.wait_for(state="attached")
        values = field.locator("option").evaluate_all("options => options.map(each => each.value)")
        value = self.draw([each for each in values if re.search(matching, each)] or values)
        field.select_option(value)
        return value

    # ------------------------------------------------------------------------------------------------ one action

    def walk(self, n_actions: int) -> None:
        """Do so many actions."""
        self.settle()
        for _ in range(n_actions):
            self.step()
        if not self.is_settled:
            self.settle()

    def step(self) -> None:
        """Do one action, and check what must hold."""
        self.n_actions += 1
        kind = self.rng.random()
        if kind < 0.2:
            chosen = self.draw(_actions[None])
        elif kind < 0.45:
            chosen = show_panel
        else:
            chosen = self.draw(_actions[self.panel_name])
        self.trail.append(f"{self.panel_name}: {chosen.__name__}")
        others = {page: page.evaluate(PADS) for page in self.pages if page is not self.page}
        self.wrong = None
        if self.is_settled:
            self.allowed, self.is_removal = [], False
        try:
            allowed = chosen(self)
        except Exception as error:
            raise Broken(f"{self._trail()}: the action cannot be done: {error}") from error
        if allowed is not None:
            self.allowed.append(allowed)
        self.is_settled = self.rng.random() >= HASTY
        if self.is_settled:
            self.settle()
        for page, pads in others.items():
            if page in self.pages and not self.is_removal:
                self.require(page.evaluate(PADS) == pads, "another tab changed the pads of this one")

    def settle(self) -> None:
        """Wait until nothing runs, and check what must hold then."""
        try:
            self.page.evaluate(SETTLED, [QUIET_MS, SETTLE_MS])
        except Exception as error:
            rows = self.page.locator(".job, [aria-busy=true]").all_inner_texts()
            raise Broken(f"{self._trail()}: the page stays busy with {rows}: {error}") from error
        self.require(not self.faults, f"the page has errors: {self.faults}")
        self._check_messages()
        self._check_clips()
        self._check_jobs()
        compared = self.page.evaluate(COMPARED)
        if compared is not None:
            shown, side = compared
            self.require(shown.startswith(side.removeprefix("A: ")), f"the result of {side} is shown for {shown}")
        self.is_settled = True

    def _check_messages(self) -> None:
        """A message is not older than the last action; an error is expected, and one sentence."""
        status, error = self.page.inner_text("#status"), self.page.inner_text("#error")
        at, since = self.page.evaluate("() => [window.messageAt, window.actionAt]")
        if status or error:
            self.require(at >= since, f"the message {status or error!r} is older than the last action")
        # An action that did nothing leaves the message of the last one.
        if error and (error, at) != self.last_errors.get(self.page):
            is_allowed = any(re.search(pattern, error) for pattern in self.allowed)
            self.require(is_allowed, f"the error {error!r} is none of {self.allowed}")
            self.require(error.endswith((".", "?")) and "\n" not in error, f"the error {error!r} is no sentence")
        if self.wrong is not None and len(self.allowed) == 1:
            self.require(bool(error), f"{self.wrong.name} was taken without a word")
        self.last_errors[self.page] = (error, at)

    def _check_clips(self) -> None:
        """No clip is lost unless it was removed, and each has its sound."""
        stored = self.page.evaluate(STORED)
        clips = dict(stored["clips"])
        self.require(set(clips) == set(stored["sounds"]), "clips and sounds of the store differ")
        lost = set(self.known) - set(clips)
        self.require(not lost or self.is_removal, f"{len(lost)} clips are lost")
        self.known = clips

    def _check_jobs(self) -> None:
        """No job runs that no page shows."""
        if any(page.locator(".job").count() for page in self.pages):
            return

        def running() -> list[str]:
            reply = self.context.request.get(f"{self.server.url}/v1/jobs").json()
            return [job["task"] for job in reply["jobs"] if job["state"] in ("queued", "running")]

        try:
            wait_until(lambda: not running(), running)  # a job that was cancelled ends
        except AssertionError as error:
            raise Broken(f"{self._trail()}: {error} run, and nothing shows it") from error

    def require(self, holds: bool, sentence: str) -> None:
        """Raise Broken with all actions unless something holds."""
        if not holds:
            raise Broken(f"{self._trail()}: {sentence}")

    def _trail(self) -> str:
        return " > ".join(self.trail)

    def close(self) -> None:
        """Close the browser's context."""
        with suppress(Exception):
            self.context.close()

    # ---------------------------------------------------------------------------------------------------- inputs

    def give(self, path: Path, number: int = 0, accept: str = "audio") -> Outcome:
        """Give a file to a field of the panel; return the errors that may follow."""
        self.panel.locator(f"input[type=file][accept*='{accept}']").nth(number).set_input_files(str(path))
        if path in self.files.wrong:
            self.wrong = path
            return re.escape(path.name)
        return None

    def a_sound(self) -> Path:
        """Return a sound file, now and then one that is none."""
        return self.draw(self.files.wrong if self.rng.random() < 0.3 else self.files.sounds)


# ------------------------------------------------------------------------------------------------ on every panel


@action(weight=3)
def reload_page(walk: Walk) -> Outcome:
    """Load the page again; its panel is there again."""
    walk.page.reload()
    return LOST


@action(weight=1)
def restart_server(walk: Walk) -> Outcome:
    """End the server and start it again."""
    walk.server.restart()
    return LOST


@action(weight=2)
def second_tab(walk: Walk) -> Outcome:
    """Open a second tab, or use the other one."""
    walk.settle()  # what runs in a tab is checked in it
    if len(walk.pages) < 2:
        walk.open_tab()
    else:
        walk.page = next(page for page in walk.pages if page is not walk.page)
        walk.page.bring_to_front()
    return None


@action(weight=1)
def close_tab(walk: Walk) -> Outcome:
    """Close a tab where there are two."""
    if len(walk.pages) == 2:
        walk.settle()
        walk.pages.remove(walk.page)
        walk.page.close()
        walk.page = walk.pages[0]
        return None


@action(weight=1)
def stop_sound(walk: Walk) -> Outcome:
    """Press Escape."""
    walk.page.keyboard.press("Escape")
    return None


@action(weight=1)
def press_keys(walk: Walk) -> Outcome:
    """Press keys that play or compare."""
    walk.page.locator("body").press(walk.draw(["1", "2", "q", "x"]))
    return None


def show_panel(walk: Walk) -> Outcome:
    """Go to another panel."""
    walk.page.locator(f"nav a[href*='#{walk.draw(PANELS)}']").click()
    return None


# ----------------------------------------------------------------------------------------------------- generate


@action("generate", weight=4)
def generate(walk: Walk) -> Outcome:
    """Generate clips of a model and label that are shown."""
    walk.choose("Model", r"^(drums|morph-drums|notes)$")
    walk.panel.get_by_label("Clips", exact=True).fill(str(walk.rng.randint(1, 4)))
    label = walk.panel.get_by_label("Label", exact=True)
    if label.is_visible():
        walk.choose("Label")
    walk.panel.locator("#generate-button").click()
    return None


@action("generate")
def generate_with_wrong_seed(walk: Walk) -> Outcome:
    """Give a seed that is too large."""
    walk.panel.get_by_label("Seed", exact=True).fill("99999999999")
    walk.panel.locator("#generate-button").click()
    walk.page.wait_for_function(IDLE)
    walk.panel.get_by_label("Seed", exact=True).fill("3")
    return "(?i)seed"


@action("generate", weight=3)
def use_pad(walk: Walk) -> Outcome:
    """Play, mark, lock, vary, compare or remove a pad."""
    pads = walk.panel.locator(".pads:not(.small) .clip")
    if not pads.count():
        return None
    pad = pads.nth(walk.rng.randrange(pads.count()))
    name = walk.draw(["Play", "Favourite", "Lock", "Vary", "Compare as A", "Compare as B", "Remove", "Save"])
    walk.trail[-1] += f" ({name})"
    walk.is_removal = name == "Remove"
    if name == "Favourite":
        pad.locator(".star").click()
        return None
    pad.locator(".pad").click()
    if name != "Play":
        walk.panel.get_by_role("toolbar").get_by_role("button", name=re.compile(f"^{name}")).click()
    return None


@action("generate", weight=2)
def send_pad(walk: Walk) -> Outcome:
    """Send a pad to a field of another panel."""
    lists = walk.panel.locator("select.send")
    if lists.count() and lists.first.is_visible():
        lists.first.select_option(str(walk.rng.randrange(11)))
    return None


@action("generate", weight=2)
def change_board(walk: Walk) -> Outcome:
    """Undo, redo or clear the pads."""
    name = walk.draw(["Undo", "Redo", "Clear pads"])
    button = walk.panel.get_by_role("button", name=name).first
    if button.is_enabled():
        button.click()
    return None


@action("generate")
def clear_history(walk: Walk) -> Outcome:
    """Remove all clips that are no favourites."""
    walk.is_removal = True
    walk.press("Clear history")
    return None


# ------------------------------------------------------------------------------------------------ morph and map


def _lacks_clip(walk: Walk, *titles: str) -> Outcome:
    """Return the error of an empty field, None if all have a clip."""
    names = [walk.panel.get_by_role("group", name=title, exact=True).locator("span.soft") for title in titles]
    return "Choose a clip first" if any("Drop a" in name.inner_text() for name in names) else None


@action("morph", weight=2)
def morph(walk: Walk) -> Outcome:
    """Morph, or move the slider."""
    if walk.rng.random() < 0.5:
        walk.press("Morph", exact=True)
    else:
        walk.panel.get_by_label("Position", exact=True).press(walk.draw(["ArrowRight", "ArrowLeft"]))
    return None


@action("morph", weight=2)
def adjust(walk: Walk) -> Outcome:
    """Move a slider of the sound."""
    name = walk.draw(["Brightness", "Loudness", "Amount of variation"])
    walk.panel.get_by_label(name, exact=True).press(walk.draw(["ArrowRight", "ArrowLeft"]))
    return _lacks_clip(walk, "Sound")


@action("morph")
def change_morph(walk: Walk) -> Outcome:
    """Choose another model or path, or reset the sliders."""
    name = walk.draw(["Model", "Path", "Reset"])
    if name == "Reset":
        walk.press("Reset")
    else:
        walk.choose(name)
    return None


@action("morph")
def open_clip(walk: Walk) -> Outcome:
    """Open a file in a field."""
    return walk.give(walk.a_sound(), walk.rng.randrange(3))


@action("map", weight=2)
def draw_map(walk: Walk) -> Outcome:
    """Draw a map of the history or of favourites."""
    walk.choose("Clips", "history|favourites")
    walk.choose("Compare by", "log-mel|drum|encoder")
    walk.press("Draw the map")
    return None


@action("map")
def move_on_map(walk: Walk) -> Outcome:
    """Go to other clips by keys."""
    walk.panel.locator("canvas").press(walk.draw(["ArrowLeft", "ArrowRight", "ArrowUp", "Enter"]))
    return None


@action("map")
def map_of_folder(walk: Walk) -> Outcome:
    """Draw a map of a folder, with sounds or without."""
    folder = walk.draw([walk.files.folder, walk.files.wrong_folder])
    give_folder(walk.panel.locator("input[type=file]"), folder)
    return "There is no sound file" if folder == walk.files.wrong_folder else None


# ------------------------------------------------------------------------------------------ speech and recordings

TEXTS = ("Hello.", "It is 1984 & five < six.", "<speak>One <break time='100ms'/> two.</speak>")
MALFORMED = "<speak>One <b>two.</speak>"


@action("speech", weight=2)
def speak(walk: Walk) -> Outcome:
    """Speak a text, now and then SSML that is malformed."""
    text = walk.draw([*TEXTS, MALFORMED])
    walk.panel.get_by_label("Text, or SSML").fill(text)
    walk.choose("Voice")
    walk.press("Speak", exact=True)
    return "SSML|XML|tag|element" if text == MALFORMED else None


@action("speech")
def add_word(walk: Walk) -> Outcome:
    """Add a word to the lexicon, which may be none."""
    if not walk.panel.get_by_label("Word", exact=True).is_visible():
        walk.panel.get_by_text("Lexicon", exact=True).click()
    word, phones, error = walk.draw(
        [("two", "N AY1 N", None), ("x", "QQ", "QQ"), ("New York", "N UW1", "single words"), ("", "", "Give a word")]
    )
    walk.panel.get_by_label("Word", exact=True).fill(word)
    walk.panel.get_by_label("Phones", exact=True).fill(phones)
    walk.press("Add", exact=True)
    return error


@action()
def use_tray(walk: Walk) -> Outcome:
    """Open or close the tray, and play the newest clip."""
    walk.page.locator("#tray-toggle").click()
    player = walk.page.locator("#clips").get_by_role("button", name=re.compile("^Play ")).first
    if player.is_visible():
        player.click()
    return None


@action("kit", weight=2)
def open_loop(walk: Walk) -> Outcome:
    """Open a loop."""
    return walk.give(walk.a_sound())


@action("kit", weight=2)
def slice_loop(walk: Walk) -> Outcome:
    """Slice what is shown; without a loop it asks for one."""
    walk.press("Slice", exact=True)
    return "has no transient"


@action("kit")
def use_kit(walk: Walk) -> Outcome:
    """Take a kit elsewhere."""
    button = walk.panel.get_by_role(
        "button", name=walk.draw(["Play it as a beat", "Put it on the pads", "Save the kit"])
    )
    if button.is_visible():
        button.click()
    return None


@action("podcast", weight=2)
def open_speaker(walk: Walk) -> Outcome:
    """Open the recording of a speaker."""
    return walk.give(walk.a_sound(), walk.rng.randrange(2))


@action("podcast")
def make_episode(walk: Walk) -> Outcome:
    """Make an episode; without a recording it asks for one."""
    walk.press("Make the episode")
    return "same recording|Nothing is heard"


@action("enhance", weight=2)
def open_recording(walk: Walk) -> Outcome:
    """Open a recording."""
    return walk.give(walk.a_sound())


@action("enhance", weight=2)
def enhance(walk: Walk) -> Outcome:
    """Enhance with settings that are shown."""
    for name in ("remove noise", "remove reverberation", "each channel by itself"):
        walk.panel.get_by_label(name).set_checked(walk.rng.random() < 0.5)
    walk.choose("Model")
    walk.press("Enhance")  # without a recording it asks for one
    return None


@action("enhance")
def compare_recordings(walk: Walk) -> Outcome:
    """Switch between before and after, or save."""
    button = walk.panel.get_by_role("button", name=walk.draw(["Switch A/B", "Save the enhanced"])).first
    if button.is_visible():
        button.click()
    return None


# ------------------------------------------------------------------------------------------------ start and dubs


@action("start", weight=2)
def open_card(walk: Walk) -> Outcome:
    """Press a card, which sounds and opens its panel."""
    cards = walk.panel.locator("button.card")
    cards.nth(walk.rng.randrange(cards.count())).click()
    return LOST


@action("start")
def play_all(walk: Walk) -> Outcome:
    """Begin or stop to play the cards in turn."""
    walk.panel.locator("#play-button").click()
    return None


@action("dub")
def open_recording_to_dub(walk: Walk) -> Outcome:
    """Open another recording, whose subtitles are not there."""
    return walk.give(walk.a_sound())


@action("dub", weight=2)
def find_lines(walk: Walk) -> Outcome:
    """Find the lines of what is shown, now and then in a language that there is not."""
    into = walk.draw(["de", "de", "en", "xx"])
    walk.panel.get_by_label("Into", exact=True).fill(into)
    walk.press("Find the lines")
    return "No voice speaks|language|subtitles|recogniser|translat|speech"


@action("dub", weight=2)
def change_line(walk: Walk) -> Outcome:
    """Change the text or the border of a line, or play it."""
    lines = walk.panel.locator("ol.lines > li")
    if not lines.count():
        return None
    line = lines.nth(walk.rng.randrange(lines.count()))
    name = walk.draw(["text", "border", "Play"])
    if name == "text":
        line.locator("textarea").fill(
            walk.draw(["Guten Tag.", "", "Das ist viel mehr Text, als in diese kurze Zeit passt."])
        )
    elif name == "border":
        field = line.locator("input[type=number]").nth(walk.rng.randrange(2))
        field.fill(walk.draw(["0.5", "3", "-1", "1e9"]))
        field.press("Tab")
    else:
        line.get_by_role("button", name=re.compile("^Play")).click()
    return "no translation|could not be spoken|too long|times|overlap|language"


@action("dub")
def dub_lines(walk: Walk) -> Outcome:
    """Dub, open the dub on tracks, or save its project, once there are lines."""
    button = walk.panel.get_by_role("button", name=walk.draw(["Dub", "Open on tracks", "Save the project"]), exact=True)
    if button.is_visible():
        button.click()
    return "no translation|could be spoken|times|overlap|language|was removed"


# ---------------------------------------------------------------------------------------------------------- mixes


@action("mix", weight=2)
def add_sound(walk: Walk) -> Outcome:
    """Put a file or a clip of the history on a track."""
    if walk.rng.random() < 0.5:
        return walk.give(walk.a_sound(), accept="audio/*")
    walk.choose("Add a clip of the history", "^(?!$)")
    return None


@action("mix", weight=3)
def change_region(walk: Walk) -> Outcome:
    """Choose a region; move, trim, fade, split, copy, repeat or delete it."""
    regions = walk.panel.locator(".region")
    if not regions.count():
        return None
    regions.nth(walk.rng.randrange(regions.count())).focus()
    form = walk.panel.get_by_role("group", name="Region", exact=True)
    names = ["key", "field", "repeat", "Split at the cursor", "Copy", "Paste at the cursor", "Duplicate", "Delete"]
    name = walk.draw(names)
    walk.trail[-1] += f" ({name})"
    if name == "key":
        walk.page.keyboard.press(walk.draw(["ArrowRight", "ArrowLeft", "Shift+ArrowRight", "Delete", "Control+z"]))
    elif name == "field":
        label = walk.draw(["Start (s)", "Length (s)", "Fade in (s)", "Fade out (s)", "Level (dB)", "Speed"])
        field = form.get_by_label(label, exact=True)
        if field.is_visible():
            field.fill(walk.draw(["0", "0.3", "2", "-3", "1000", ""]))
            field.press("Tab")
    elif name == "repeat":
        if form.get_by_label("repeat", exact=True).is_visible():
            form.get_by_label("repeat", exact=True).click()
    elif form.get_by_role("button", name=name, exact=True).is_enabled():
        form.get_by_role("button", name=name, exact=True).click()
    return "must be a number" if name == "field" else None


@action("mix", weight=2)
def change_strip(walk: Walk) -> Outcome:
    """Add, move, mute or remove a track or bus; set its level, send or sender."""
    name = walk.draw(["Add track", "Add bus", "M", "S", "Move up", "Move down", "Remove", "level", "To", "Lowered by"])
    walk.trail[-1] += f" ({name})"
    if name == "level":
        walk.panel.get_by_label("Gain (dB)", exact=True).first.fill(walk.draw(["-6", "0", "500"]))
        walk.panel.get_by_label("Gain (dB)", exact=True).first.press("Tab")
    elif name in ("To", "Lowered by"):
        field = walk.panel.get_by_label(name, exact=True).first
        if field.is_visible():
            walk.choose(name)
    else:
        buttons = walk.panel.get_by_role("button", name=re.compile(f"^{name}\\b"))
        buttons = [each for each in buttons.all() if each.is_visible() and each.is_enabled()]
        if buttons:
            walk.draw(buttons).click()
    return None


@action("mix", weight=2)
def change_effects_of_strip(walk: Walk) -> Outcome:
    """Write a chain on a strip, or let one of its numbers move."""
    field = walk.panel.get_by_label("The chain as text", exact=True)
    kind = walk.rng.random()
    if kind < 0.5:
        field.fill(walk.draw(["", "lowpass 2kHz; gain -3dB", "reverb", "no-such 3", "pitch 3"]))
        field.press("Tab")
    else:
        walk.choose("Automate")
        walk.press("Show lane")
        walk.press(walk.draw(["Add point", "Hide"]), exact=True)
    return None


@action("mix", weight=2)
def play_mix(walk: Walk) -> Outcome:
    """Play, stop, go elsewhere, repeat."""
    name = walk.draw(["Play", "Stop", "To the start", "loop", "Whole mix", "Zoom in", "Zoom out"])
    if name == "loop":
        walk.panel.get_by_label("loop", exact=True).click()
    else:
        button = walk.panel.get_by_role("button", name=name, exact=True)
        if button.count():
            button.first.click()
    return "was removed"


@action("mix", weight=2)
def keep_mix(walk: Walk) -> Outcome:
    """Render, save or begin a project, undo or redo."""
    name = walk.draw(["Render", "Render", "Save project", "New project", "Undo", "Redo"])
    walk.trail[-1] += f" ({name})"
    button = walk.panel.get_by_role("button", name=name, exact=True).first
    if button.is_enabled():
        button.click()
    return "was removed|no-such"


@action("mix")
def open_mix(walk: Walk) -> Outcome:
    """Open a file that is no project."""
    field = walk.panel.locator("input[type=file][accept*='.toml']")
    field.set_input_files(str(walk.draw([walk.files.score, walk.files.wrong[0], walk.files.wrong[1]])))
    return "no project"


# --------------------------------------------------------------------------------------------- editor and scores


@action("editor", weight=2)
def open_sound(walk: Walk) -> Outcome:
    """Open a sound, or a second one."""
    return walk.give(walk.a_sound(), walk.rng.randrange(2))


@action("editor")
def choose_from_history(walk: Walk) -> Outcome:
    """Take a clip of the history."""
    walk.choose("Sound: a clip of the history")
    return None


@action("editor", weight=2)
def change_chain(walk: Walk) -> Outcome:
    """Write a chain, add an effect, or undo."""
    name = walk.draw(["text", "add", "Undo", "Redo"])
    if name == "text":
        field = walk.panel.get_by_label("The chain as text")
        field.fill(walk.draw(["gain -3dB", "highpass 80; invert", "reverse; gain -1dB; fade 0.01", '"', "no-such 3"]))
        field.press("Tab")
    elif name == "add":
        effect = walk.choose("Effect", "^(gain|reverb|highpass|width|swap|append)$")
        walk.press("Add effect")
        return "second sound" if effect == "append" else None
    elif walk.panel.get_by_role("button", name=name).first.is_enabled():
        walk.press(name)
    return None


@action("editor")
def select_region(walk: Walk) -> Outcome:
    """Select a region by its fields, or none."""
    if walk.rng.random() < 0.5:
        walk.press("No region")
        return None
    walk.panel.get_by_label("Region from (s)").fill("0.1")
    walk.panel.get_by_label("to (s)", exact=True).fill(walk.draw(["0.5", "0.05"]))
    walk.panel.get_by_label("to (s)", exact=True).press("Tab")
    return None


@action("editor", weight=3)
def edit(walk: Walk) -> Outcome:
    """Preview, apply, play or save: a chain of known effects on a sound succeeds however often."""
    chain = walk.panel.get_by_label("The chain as text").input_value()
    problem = _lacks_clip(walk, "Sound")
    if problem:
        problem = "Choose a sound first"
    elif not chain:
        problem = "second sound|All effects of the chain are off"
    elif "append" in chain:
        problem = "second sound"
    else:  # what is refused was said before, and nothing else is refused
        walk.page.wait_for_function("() => !document.querySelector('.problem[aria-busy]')")
        said = walk.panel.locator(".problem").inner_text()
        problem = re.escape(said) if said else None
    walk.press(walk.draw(["Apply", "Preview", "Play", "Save"]), exact=True)
    return problem


@action("editor", weight=3)
def edit_spectrum(walk: Walk) -> Outcome:
    """Select times and frequencies, and change, heal, copy or hear them."""
    if not walk.panel.get_by_label("Harmonics", exact=True).is_visible():
        walk.panel.get_by_text("Edit in the spectrogram").click()
    fields = ("Selection from (s)", "Selection to (s)", "From (Hz)", "To (Hz)")
    for label, value in zip(fields, walk.draw([("0.1", "0.3", "200", "900"), ("0.2", "0.1", "5", "50")]), strict=True):
        walk.panel.get_by_label(label, exact=True).fill(value)
        walk.panel.get_by_label(label, exact=True).press("Tab")
    name = walk.draw(["Change level", "Heal", "Copy", "Paste", "Play selection", "Select nothing"])
    walk.trail[-1] += f" ({name})"
    walk.press(name, exact=True)
    return "Select something first|Copy a selection first|Choose a sound first|too short|no sound|nothing"


@action("sequence", weight=2)
def compose(walk: Walk) -> Outcome:
    """Compose by a rule and play, now and then while the last piece plays."""
    walk.choose("Compose by", "^rule:")
    walk.press("Compose")
    return None


@action("sequence", weight=2)
def change_score(walk: Walk) -> Outcome:
    """Draw a note, add a track, undo, change the tempo, begin anew."""
    name = walk.draw(["note", "Add track", "Add drums", "Undo", "Redo", "New score", "tempo", "Clear track"])
    roll = walk.panel.locator("canvas[aria-label^='Piano roll']")
    if name == "note":
        if roll.is_visible():
            roll.press("Enter")
        else:
            walk.panel.locator(".steps button").nth(walk.rng.randrange(20)).click()
    elif name == "tempo":
        walk.panel.get_by_label("Tempo", exact=True).fill(str(walk.rng.randint(40, 200)))
        walk.panel.get_by_label("Tempo", exact=True).press("Tab")
    elif walk.panel.get_by_role("button", name=name).first.is_enabled():
        walk.press(name)
    return None


@action("sequence", weight=2)
def play_score(walk: Walk) -> Outcome:
    """Play, stop, render or save the score."""
    name = walk.draw(["Play", "Render to a clip", "Save MIDI", "Save WAV"])
    button = walk.panel.get_by_role("button", name=name, exact=True)
    if button.count():
        button.first.click()
    return "The score has no notes"


@action("sequence", weight=2)
def change_sound(walk: Walk) -> Outcome:
    """Choose an instrument, an accompaniment or the loop, now and then while the score plays."""
    name = walk.draw(["Instrument", "Accompaniment", "loop"])
    if name == "loop":
        walk.panel.get_by_label("loop", exact=True).click()
    elif name == "Instrument":
        walk.choose(name, "^$|general-midi|^piano")
    else:
        walk.choose(name, "^$|pop|rock")
    return None


@action("sequence")
def open_score(walk: Walk) -> Outcome:
    """Open a MIDI file, or one that is none."""
    path = walk.draw([walk.files.score, walk.files.wrong_score])
    walk.panel.locator("input[type=file][accept*='mid']").set_input_files(str(path))
    return "MIDI|score" if path == walk.files.wrong_score else None


# ----------------------------------------------------------------------------------------------------- training


@action("training", weight=2)
def inspect_folder(walk: Walk) -> Outcome:
    """Give a folder of recordings, or of other files."""
    give_folder(walk.panel.locator("input[type=file]"), walk.draw([walk.files.folder, walk.files.wrong_folder]))
    return None


@action("training")
def train_with_wrong_settings(walk: Walk) -> Outcome:
    """Start with a setting that does not exist, which is said at once."""
    walk.panel.get_by_label("Settings, separated by spaces").fill("no_such=3")
    walk.press("Start training")
    return "no_such"


@action("training")
def resume_nothing(walk: Walk) -> Outcome:
    """Resume a run that does not exist."""
    walk.panel.get_by_label("Settings, separated by spaces").fill("")
    walk.panel.get_by_label("Name of the model").fill("none-such")
    walk.press("Resume")
    return "There is no run 'none-such'"


def main(first: int, count: int) -> int:
    """Walk the sequences of some seeds until SIGINT, print what broke, and return 1 if anything did."""
    from studio_browser import running_browser
    from test_studio import running_studio

    n_walks, n_actions, n_broken = 0, 0, 0
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as name, chdir(name):
        folder = Path(name)
        os.environ["WAVEWRIGHT_HOME"] = str(folder / "models")
        files = make_files(folder)
        with running_studio(folder / "runs", job_workers=2) as server, running_browser() as browser:
            for seed in range(first, first + count):
                walk = Walk(browser, server, files, seed)
                try:
                    walk.walk(random.Random(seed).randint(5, 20))
                except Broken as error:
                    n_broken += 1
                    print(f"{seed}: {error}", flush=True)
                finally:
                    n_actions += walk.n_actions
                    walk.close()
                n_walks += 1
    print(f"{n_walks} sequences, {n_actions} actions, {n_broken} broken")
    return int(n_broken > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
