"""The panel Mix: regions dragged by pointer and key, fades by their formula, projects that `mix` renders alike."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from local_server import request
from studio_browser import Studio, axe_script, reason_to_skip

from wavewright import mix
from wavewright.apps.studio.mixes import describe_sections, movable_settings, read_mix
from wavewright.base.errors import BadSetting
from wavewright.dsp.assembly import fade_gains

pytestmark = pytest.mark.uses("drums", "ambience", "en", "vocoder", "de")

RATE = 48_000
PROJECT = """
tempo = 90
[[tracks]]
effects = "lowpass 500Hz; convolve \\"room.wav\\""
automation.gain_db = [["250ms", "-6dB"], ["0:03", 0]]
automation.effects = [
  { step = 1, setting = "frequency", points = [[0, "200Hz"], ["0:08", "8kHz"]] },
  { step = 1, setting = "order", lfo = { low = 1, high = 2 } },
]
regions = [{ file = "a.wav", fade_in = "250ms" }]
"""


# ---------------------------------------------------------------------------------------------- without a browser


def test_a_project_is_read_as_data_without_its_files():
    project = read_mix(PROJECT)
    [track] = project["tracks"]
    assert project["tempo"] == 90
    assert track["automation"]["gain_db"] == [[0.25, -6.0], [3.0, 0.0]]
    assert track["automation"]["effects"][0]["points"] == [[0.0, 200.0], [8.0, 8000.0]]
    assert track["automation"]["effects"][1]["lfo"] == {"low": 1.0, "high": 2.0}
    assert track["regions"] == [{"file": "a.wav", "fade_in": 0.25}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[tracks]]\nname = 3", "track 1: name is 3"),
        ("", "tracks is missing"),
        ('[[tracks]]\nautomation.effects = [{ step = 1, setting = "a", points = [[0, 1]] }]', "track 1: step is 1"),
    ],
)
def test_what_is_no_project_is_said(text, words):
    with pytest.raises(BadSetting, match=words):
        read_mix(text)


def test_the_server_answers_what_moves_and_what_is_wrong(studio_server):
    reply = request(studio_server, "POST", "/studio/mix", b"tracks = 1")
    assert reply.status == 400
    assert "tracks" in reply.json["error"]["message"]
    assert request(studio_server, "POST", "/studio/mix", b"\xff\xfe").status == 400
    call = {"chain": "lowpass 500Hz; loudness; equaliser", "channels": 2, "sample_rate": RATE}
    settings = request(studio_server, "POST", "/studio/movable", call).json["settings"]
    assert [(each["step"], each["setting"]) for each in settings] == [
        (1, "frequency"),
        *((3, f"bands.{number}") for number in range(1, 11)),
    ]
    assert (settings[0]["unit"], settings[0]["curve"], settings[0]["value"]) == ("Hz", "exponential", 500)


def test_a_chain_that_is_none_has_nothing_that_moves():
    answer = movable_settings({"chain": "nothing", "channels": 2, "sample_rate": RATE})
    assert answer["settings"] == []
    assert "nothing" in answer["problem"]


def test_ranges_are_those_of_the_format():
    ranges = describe_sections()
    assert ranges["region"]["gain_db"] == {"minimum": -120, "maximum": 60, "default": 0}
    assert ranges["project"]["tempo"]["maximum"] == 1000


# ------------------------------------------------------------------------------------------------- in the browser


def in_browser(test):
    """Run a test in a browser, where one is installed."""
    skipped = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-")
    return pytest.mark.browser(skipped(test))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A constant, by which gains are seen, and noise in stereo at another rate."""
    folder = tmp_path_factory.mktemp("sounds")
    soundfile.write(folder / "one.wav", np.full(2 * RATE, 0.5), RATE, "FLOAT")
    soundfile.write(folder / "noise.wav", 0.1 * np.random.default_rng(0).standard_normal((44_100, 2)), 44_100, "PCM_16")
    return folder


def open_new(studio, *paths):
    """Begin a project with sounds, one after the other, on its first track."""
    panel = studio.open("mix")
    panel.get_by_role("button", name="New project").click()
    panel.get_by_label("Snap to").select_option("0.1")
    if paths:
        panel.locator("input[type=file][accept^='audio/*']").set_input_files([str(path) for path in paths])
        panel.locator(".region").nth(len(paths) - 1).wait_for()
    return panel


def regions(panel) -> list[str]:
    return [region.get_attribute("aria-label") for region in panel.locator(".region").all()]


def drag(page, locator, x, dx, y=50, dy=0):
    """Press the pointer at a place of an element, and release it elsewhere."""
    page.evaluate("scrollTo(0, 0)")
    box = locator.bounding_box()
    start = box["x"] + (x if x >= 0 else box["width"] + x), box["y"] + y
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + dx / 2, start[1] + dy / 2)
    page.mouse.move(start[0] + dx, start[1] + dy, steps=3)
    page.mouse.up()


def archive_of(studio, panel, folder):
    """Save the project and unpack it; return the path of the project file."""
    contents = studio.download(panel.get_by_role("button", name="Save project"))
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder / "mix.toml"


def rendered(studio, panel) -> np.ndarray:
    """Render in the studio; return the samples of the newest clip."""
    n_before = panel.locator(".pads .clip").count()
    panel.get_by_role("button", name="Render").click()
    panel.locator(".pads .clip").nth(n_before).wait_for()
    panel.locator(".loudness").wait_for()
    tray = studio.page.locator("#clips")
    if not tray.is_visible():
        studio.page.locator("#tray-toggle").click()
    contents = studio.download(tray.get_by_role("button", name="Save").first)
    return soundfile.read(io.BytesIO(contents), dtype="float64", always_2d=True)[0].T


@in_browser
def test_the_example_plays_at_once_and_is_rendered(studio):
    panel = studio.open("mix")
    assert len(regions(panel)) == 4
    panel.get_by_role("button", name="Play", exact=True).click()
    assert studio.loudest() > 1e-3
    panel.get_by_role("button", name="Stop", exact=True).click()
    panel.get_by_role("button", name="Render").click()
    studio.status("Morning_rain-mix.wav is a clip")
    panel.locator(".loudness dd").first.wait_for()
    assert re.match(r"−\d+\.\d LUFS", panel.locator(".loudness dd").first.inner_text())
    assert panel.locator(".command code").inner_text() == "wavewright mix mix.toml --out Morning_rain-mix.wav"
    panel.get_by_role("button", name="Mute Rain").click()
    panel.get_by_text("The mix has changed since it was rendered.").wait_for()


@in_browser
def test_regions_are_dragged_trimmed_and_faded_by_pointer(studio, sounds):
    panel = open_new(studio, sounds / "one.wav")
    region = panel.locator(".region")
    scale = region.bounding_box()["width"] / 2
    drag(studio.page, region, 40, 0.5 * scale)
    assert regions(panel) == ["one, 0.50 to 2.50 s"]
    drag(studio.page, region, -3, -0.7 * scale)
    assert regions(panel) == ["one, 0.50 to 1.80 s"]
    drag(studio.page, region, 3, 0.3 * scale)
    assert regions(panel) == ["one, 0.80 to 1.80 s"]
    drag(studio.page, panel.locator("[data-part=fade_in]"), 8, 0.25 * scale, y=8)
    drag(studio.page, panel.locator("[data-part=fade_out]"), 8, -0.5 * scale, y=8)
    assert float(panel.get_by_label("Fade in (s)").input_value()) == pytest.approx(0.25, abs=0.02)
    assert float(panel.get_by_label("Fade out (s)").input_value()) == pytest.approx(0.5, abs=0.02)
    assert float(panel.get_by_label("From in the file (s)").input_value()) == pytest.approx(0.3)
    panel.get_by_role("button", name="Add track").click()
    drag(studio.page, region, 100, 0, dy=panel.locator(".track").first.bounding_box()["height"])
    assert panel.locator("[aria-label='Track Track 2'] .region").count() == 1
    for _ in range(7):
        studio.page.keyboard.press("Control+z")
    assert regions(panel) == ["one, 0.00 to 2.00 s"]
    for _ in range(2):
        studio.page.keyboard.press("Control+Shift+z")
    assert regions(panel) == ["one, 0.50 to 1.80 s"]
    panel.locator(".arranger").dispatch_event("pointercancel")  # of a finger that scrolls, long after those drags
    assert regions(panel) == ["one, 0.50 to 1.80 s"]


@in_browser
def test_everything_is_done_by_keys(studio, sounds):
    panel = open_new(studio, sounds / "one.wav")
    page = studio.page
    region = panel.locator(".region").first
    region.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Control+ArrowRight")
    assert regions(panel) == ["one, 0.30 to 2.10 s"]
    assert region.evaluate("element => element === document.activeElement")
    ruler = panel.get_by_role("slider", name="Position", exact=True).first
    ruler.focus()
    page.keyboard.press("PageUp")
    assert ruler.get_attribute("aria-valuetext") == "0:01.0"
    region.focus()
    page.keyboard.press("s")
    assert regions(panel) == ["one, 0.30 to 1.00 s", "one, 1.00 to 2.10 s"]
    page.keyboard.press("d")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    assert regions(panel)[2] == "one, 1.00 to 2.10 s"
    panel.get_by_role("button", name="Add track").click()
    region.focus()
    page.keyboard.press("ArrowDown")
    assert panel.locator("[aria-label='Track Track 2'] .region").count() == 1
    panel.get_by_label("Automate").select_option("gain_db")
    panel.get_by_role("button", name="Show lane").click()
    page.keyboard.press("Enter")  # Add point
    point = panel.get_by_role("slider", name="Gain, point 1")
    assert point.evaluate("element => element === document.activeElement")
    for key in ("ArrowDown", "PageDown", "ArrowRight"):
        page.keyboard.press(key)
    assert re.match(r"−7\.\d dB at 0:01\.1", point.get_attribute("aria-valuetext"))
    page.keyboard.press("Delete")
    assert panel.get_by_role("slider", name="Gain, point 1").count() == 0


@in_browser
def test_fades_and_splits_are_rendered_by_their_formula(studio, sounds):
    panel = open_new(studio, sounds / "one.wav")
    panel.locator(".region").click()
    panel.get_by_label("Curve of the fades").select_option("equal-power")
    for label, value in (("Fade in (s)", "0.5"), ("Fade out (s)", "0.75")):
        panel.get_by_label(label).fill(value)
        panel.get_by_label(label).press("Enter")
    panel.get_by_role("slider", name="Position", exact=True).first.press("PageUp")
    panel.get_by_role("button", name="Split at the cursor").click()
    wave = rendered(studio, panel)
    expected = np.full(2 * RATE, 0.5)
    expected[: RATE // 2] *= fade_gains(RATE // 2, "equal-power")
    expected[-3 * RATE // 4 :] *= fade_gains(3 * RATE // 4, "equal-power")[::-1]
    assert wave.shape == (2, 2 * RATE)
    assert np.abs(wave - expected).max() < 2**-22


@in_browser
def test_a_project_goes_round_and_mix_renders_the_same_samples(studio, sounds, tmp_path):
    panel = open_new(studio, sounds / "one.wav")
    panel.get_by_role("button", name="Add track").click()
    panel.locator("input[type=file][accept^='audio/*']").set_input_files(str(sounds / "noise.wav"))
    panel.locator(".region").nth(1).wait_for()
    panel.get_by_label("Name of track 2").fill("Hiss: left")
    panel.get_by_label("Name of track 2").press("Enter")
    panel.get_by_role("slider", name="Gain of Track 1").press("ArrowLeft")
    panel.get_by_role("slider", name="Position of Hiss left").press("ArrowLeft")  # which chooses that track
    panel.get_by_role("button", name="Add effect").click()
    panel.get_by_role("textbox", name="threshold").fill("-40dB")
    panel.get_by_role("textbox", name="threshold").press("Enter")
    panel.locator("option", has_text="1. compress threshold").wait_for(state="attached")
    panel.get_by_label("Automate").select_option("effect 1 threshold")
    panel.get_by_role("button", name="Show lane").click()
    lane = panel.locator(".automation").last
    drag(studio.page, lane, 30, 0, y=20)  # Firefox would show the middle of the lane before a click
    drag(studio.page, lane, 90, 0, y=70)
    first = rendered(studio, panel)
    path = archive_of(studio, panel, tmp_path)
    project = tomllib.loads(path.read_text())
    assert [track["name"] for track in project["tracks"]] == ["Track 1", "Hiss left"]
    assert project["tracks"][1]["pan"] == -0.05
    [moving] = project["tracks"][1]["automation"]["effects"]
    assert (moving["step"], moving["setting"], len(moving["points"])) == (1, "threshold", 2)
    mixed = mix(path, tmp_path / "again.wav", quiet=True)
    again = soundfile.read(mixed.out, dtype="float64", always_2d=True)[0].T
    assert np.array_equal(first, again)
    # and back into the studio, changed and rendered a second time
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (path, *path.parent.glob("sounds/*")):
            archive.write(file, file.relative_to(tmp_path))
    panel.get_by_role("button", name="New project").click()
    panel.locator("input[accept*='.zip']").set_input_files(str(packed))
    studio.status("2 tracks opened")
    assert regions(panel) == ["one, 0.00 to 2.00 s", "noise, 0.00 to 1.00 s"]
    assert np.array_equal(rendered(studio, panel), first)
    panel.get_by_role("button", name="Solo Hiss left").click()
    alone = rendered(studio, panel)
    assert alone.shape == (2, RATE)  # the track that is not heard does not prolong the mix
    solo = archive_of(studio, panel, tmp_path / "solo")
    assert tomllib.loads(solo.read_text())["tracks"][1]["solo"]
    again = soundfile.read(mix(solo, tmp_path / "solo.wav", quiet=True).out, dtype="float64", always_2d=True)[0].T
    assert np.array_equal(alone, again)


@in_browser
def test_what_plays_is_what_is_rendered(studio, sounds):
    """The nodes of the browser, rendered offline, against the server: within the steps of their curves."""
    panel = open_new(studio, sounds / "one.wav")
    panel.locator(".region").click()
    for label, value in (("Fade in (s)", "0.5"), ("Level (dB)", "-3"), ("Start (s)", "0.25")):
        panel.get_by_label(label).fill(value)
        panel.get_by_label(label).press("Enter")
    strip = panel.get_by_role("group", name="level, automation and effects")
    strip.get_by_label("Position").fill("-0.5")
    strip.get_by_label("Position").press("Enter")
    panel.get_by_label("Automate").select_option("gain_db")
    panel.get_by_role("button", name="Show lane").click()
    panel.get_by_role("button", name="Add point").click()
    panel.get_by_role("slider", name="Position", exact=True).first.press("PageUp")
    panel.get_by_role("button", name="Add point").click()
    panel.get_by_role("slider", name="Gain, point 2").press("PageDown")
    wave = rendered(studio, panel)
    for start in (0.0, 0.5):
        played = studio.page.evaluate(
            """
            async from => {
              const { scheduleMix } = await import("/mix_player.js");
              const { library } = await import("/library.js");
              const { states, position } = JSON.parse(sessionStorage.getItem("wavewright-studio-mix"));
              const { project, files } = states[position];
              const context = new OfflineAudioContext(2, 48000 * (2.25 - from), 48000);
              const sounds = new Map();
              for (const [path, id] of Object.entries(files)) {
                const blob = await library.blob(library.get(id));
                sounds.set(path, await context.decodeAudioData(await blob.arrayBuffer()));
              }
              scheduleMix(context, context.destination, project, path => sounds.get(path), { from, to: 2.25, when: 0 });
              const buffer = await context.startRendering();
              return [0, 1].map(channel => [...buffer.getChannelData(channel)]);
            }
            """,
            start,
        )
        expected = wave[:, round(start * RATE) :]
        assert np.abs(np.array(played)[:, : expected.shape[1]] - expected).max() < 2e-3


LATE = """
async work => {
  const { MixPlayer } = await import("/mix_player.js");
  const { audio } = await import("/player.js");
  const { states, position } = JSON.parse(sessionStorage.getItem("wavewright-studio-mix"));
  const { project } = states[position];
  const buffer = new AudioBuffer({ length: 96000, numberOfChannels: 1, sampleRate: 48000 });
  const starts = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, ...more) {
    starts.push({ late: audio().currentTime - when });
    return start.call(this, when, ...more);
  };
  const soundOf = () => {
    for (const until = performance.now() + work; performance.now() < until;);
    return buffer;
  };
  const player = new MixPlayer(() => ({ project, soundOf, frozen: new Map(), end: 2, loop: null }), () => {});
  await audio().resume();
  player.play(0);
  player.restart();
  const late = Math.max(...starts.slice(-2).map(each => each.late));
  const isPlaying = player.isPlaying;
  player.end(player.sound);
  return [isPlaying, late];
}
"""
"""Play a mix and restart it on a machine that needs milliseconds for each region; return when its sounds start."""


@in_browser
@pytest.mark.parametrize("work", [0, 100])
def test_a_busy_machine_begins_later_and_together(studio, sounds, work):
    """What is set after its time has come would sound late, and curves would overlap, which browsers refuse."""
    panel = open_new(studio, sounds / "one.wav", sounds / "noise.wav")
    for region in panel.locator(".region").all():
        region.click()
        for label in ("Fade in (s)", "Fade out (s)"):
            panel.get_by_label(label).fill("0.5")
            panel.get_by_label(label).press("Enter")
    is_playing, late = studio.page.evaluate(LATE, work)
    assert is_playing
    assert late < 0


@in_browser
def test_a_reload_keeps_the_project_and_clips_go_to_other_panels(studio, sounds):
    panel = open_new(studio, sounds / "one.wav")
    panel.locator(".region").focus()
    studio.page.keyboard.press("ArrowRight")
    studio.page.reload()
    panel = studio.page.locator("[data-panel=mix][data-ready]")
    panel.locator(".region[aria-label='one, 0.10 to 2.10 s']").wait_for()  # once its sound is decoded again
    studio.page.get_by_role("button", name="Undo").click()
    assert regions(panel) == ["one, 0.00 to 2.00 s"]
    panel.get_by_role("button", name="Render").click()
    panel.locator(".loudness").wait_for()
    studio.page.locator("#tray-toggle").click()
    sending = studio.page.locator("#clips select.send").first
    sending.select_option(label="Mix: a new track")
    studio.status("1 clip added, each on a track of its own.")
    assert len(regions(panel)) == 2
    studio.page.locator("#clips select.send").first.select_option(label="Editor")
    studio.page.locator("[data-panel=editor] .slot:has-text('mix-mix.wav, ')").wait_for()


@in_browser
def test_what_is_missing_is_named(studio, tmp_path):
    panel = studio.open("mix")
    panel.locator(".region[aria-label^='morning, 2.40 to 9']").wait_for()
    before = regions(panel)
    for name, text, words in (
        ("a.toml", '[[tracks]]\nregions = [{ file = "gone.wav" }]', "reads 1 file that is not there: gone.wav"),
        ("b.toml", "[[tracks]]\nnam = 1", "there is no setting 'nam'"),
        ("c.zip", "no archive", "no ZIP archive"),
        ("d.wav", "no project", "There is no project"),
    ):
        (tmp_path / name).write_text(text)
        panel.locator("input[accept*='.zip']").set_input_files(str(tmp_path / name))
        studio.page.locator("#error", has_text=words).wait_for()
    assert regions(panel) == before


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_is_accessible_and_fits_a_phone(studio_server, browser, scheme):
    studio = Studio(browser, studio_server.url, color_scheme=scheme, bypass_csp=True)
    panel = studio.open("mix")
    panel.locator(".region").first.click()
    script = axe_script()
    for width in (1200, 390):
        studio.page.set_viewport_size({"width": width, "height": 800})
        if script is not None:
            studio.page.evaluate(script)
            found = studio.page.evaluate("() => axe.run()")["violations"]
            assert [each["id"] for each in found if each["impact"] in ("moderate", "serious", "critical")] == []
    assert studio.page.evaluate("document.documentElement.scrollWidth") == 390
    small = panel.evaluate(
        """
        panel => [...panel.querySelectorAll("button, select, input:not([type=checkbox], [type=file])")]
          .filter(each => each.offsetParent && !each.closest("[aria-label=Position]"))
          .filter(each => each.offsetHeight < 39.5 || each.offsetWidth < 39.5).map(each => each.outerHTML.slice(0, 90))
        """
    )
    assert small == []
    studio.close()
