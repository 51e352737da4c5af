"""The forms of the studio: they repeat nothing that the tasks say, and their main buttons do something."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn")

from local_server import request
from studio_browser import PANELS, give_folder, reason_to_skip
from test_studio import page_texts

from wavewright import render
from wavewright.apps.server.jobs.request import parameters_of
from wavewright.base.parameters import InForm
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.timing import TEMPO
from wavewright.tasks.description import form_of, http_tasks, schema_of

pytestmark = pytest.mark.uses(
    "drums", "morph-drums", "en", "vocoder", "denoise-16k", "denoise-48k", "folk-tunes", "ambience", "de"
)

RATE = 16_000
STRIPS = ("Beat", "Rain", "Voice", "master")
REGION = ("Start (s)", "Length (s)", "From in the file (s)", "Fade in (s)", "Fade out (s)", "Level (dB)", "Speed")
OWN = {
    "morph": {"Position", "Brightness", "Loudness", "Length"},
    "editor": {
        *("Region from (s)", "to (s)", "Selection from (s)", "Selection to (s)", "From (Hz)", "To (Hz)"),
        *("Harmonics", "Level (dB)", "Paste at (s)"),
    },
    "mix": {"Tempo", "Gain (dB)", "Position", *REGION}
    | {f"{what} of {strip}" for what in ("Gain", "Position") for strip in STRIPS},
}
"""Labels of the numbers that are no parameters of a task: of a model's attributes, of a sound, and of a project."""

OWN_FIRST = {"morph": {"vary.amount"}}
"""Parameters whose fields begin with another value than the default: a slider at rest."""

RANGE_IN_SCRIPT = re.compile(r"\b(min|max|step|minimum|maximum)\s*:\s*-?[\d.]")
OWN_RANGES = {"morph.js": 1, "editor.js": 2, "tray.js": 1, "ui.js": 1}
"""Lines of scripts with ranges: positions between two clips and in one, the region, the bar of a job."""

FIELDS = """
panel => [...panel.querySelectorAll(
  "input[type=number], input[type=range], select, input[data-parameter]"
)].map(each => ({
  parameter: each.dataset.parameter ?? null,
  label: each.labels?.[0]?.textContent ?? each.getAttribute("aria-label"),
  help: each.title,
  type: each.type,
  low: each.min === "" ? null : Number(each.min), high: each.max === "" ? null : Number(each.max), step: each.step,
  value: each.type === "checkbox" ? each.checked : each.value,
  told: each.getAttribute("aria-valuetext"),
  names: [...each.options ?? []].map(option => option.value),
}))
"""
"""The numbers, lists and boxes of a panel."""


WATCH_METER = """
() => {
  const meter = document.getElementById("meter");
  const context = meter.getContext("2d");
  const fillRect = context.fillRect;
  context.fillRect = (...box) => {
    fillRect.apply(context, box);
    const { data } = context.getImageData(0, meter.height / 2, 2, 1);
    if (data[0] - data[2] > 60) window.meterHasShown = true;
  };
}
"""
"""Note when the left end of the level meter has the colour of sound, which is red; its ground is grey."""


def in_browser(test):
    """Run a test in a browser, where one is installed."""
    skipped = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "-")
    return pytest.mark.browser(skipped(test))


@pytest.fixture(scope="module")
def described(studio_server):
    """Return the parameters of all tasks, as the server describes them."""
    tasks = request(studio_server, "GET", "/v1/tasks").json["tasks"]
    return {task["name"]: task["parameters"]["properties"] for task in tasks}


# ---------------------------------------------------------------------------------------------- without a browser


def test_what_a_form_shows_lies_in_the_range_of_its_parameter():
    hinted = [
        (task.name, each)
        for task in http_tasks().values()
        for each in parameters_of(task)
        if any(isinstance(marker, InForm) for marker in each.markers)
    ]
    assert len(hinted) >= 15
    for task, parameter in hinted:
        schema, form = schema_of(parameter), form_of(parameter)
        lowest = schema.get("minimum", schema.get("exclusiveMinimum", -np.inf))
        highest = schema.get("maximum", np.inf)
        low, high = form.get("minimum", lowest), form.get("maximum", highest)
        assert lowest <= low < high <= highest, (task, parameter.key)
        rest = form.get("value", schema["default"])
        if rest is not None:
            parameter.check(rest)
            assert low <= rest <= high, (task, parameter.key)
        if "step" in form:
            steps = np.array([high - low, *([] if rest is None else [rest - low])]) / form["step"]
            assert np.allclose(steps, np.round(steps)), (task, parameter.key)


def test_no_script_types_a_range_again():
    found = {
        name: len([line for line in text.splitlines() if RANGE_IN_SCRIPT.search(line)])
        for name, text in page_texts().items()
    }
    assert {name: count for name, count in found.items() if count and name.endswith(".js")} == OWN_RANGES


# ------------------------------------------------------------------------------------------------- in the browser


@in_browser
@pytest.mark.parametrize("name", PANELS)
def test_every_field_is_as_its_task_says(studio, described, name):
    fields = studio.open(name).evaluate(FIELDS)
    choices = {frozenset(each["enum"]) for task in described.values() for each in task.values() if "enum" in each}
    numbers = [each for each in fields if each["type"] in ("number", "range") and not each["parameter"]]
    assert {each["label"] for each in numbers} == OWN.get(name, set())
    for each in fields:
        if not each["parameter"]:
            assert frozenset(filter(None, each["names"])) not in choices, each
            continue
        task, key = each["parameter"].split(".")
        if task not in described:
            assert each["parameter"] == "style.strength"
            continue
        schema = described[task][key]
        assert each["help"] == schema["description"]
        if each["type"] in ("number", "range"):
            check_number(name, each, schema)
        elif each["type"] == "checkbox":
            assert schema["type"] == "boolean"
        else:
            assert [*filter(None, each["names"])] == schema["enum"]
            assert each["value"] == (schema["default"] or "")


def check_number(panel: str, field: dict, schema: dict) -> None:
    """Check the range and the first value of a field."""
    form = schema.get("form", {})
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    if field["type"] == "range":
        assert (field["low"], field["high"]) == (form.get("minimum", lowest), form.get("maximum", schema["maximum"]))
        assert float(field["step"]) == form["step"]
    else:
        assert field["low"] >= lowest
        assert field["high"] is None or field["high"] <= schema["maximum"]
        assert ("maximum" in schema) == (field["high"] is not None)
    if field["parameter"] in OWN_FIRST.get(panel, ()):
        return
    if schema["default"] is not None:
        assert float(field["value"]) == schema["default"]
    elif field["type"] == "range":
        assert (field["told"], float(field["value"])) == ("default", form["value"])


@in_browser
def test_a_slider_without_a_default_is_left_out_until_it_is_moved(studio, recording):
    panel = studio.open("enhance")
    panel.locator("input[type=file]").set_input_files(str(recording))
    panel.locator(".slot", has_text="noisy.wav, ").wait_for()
    most = panel.get_by_label("Largest attenuation", exact=True)
    for is_moved in (False, True, False):
        if is_moved:
            most.press("ArrowRight")
        elif panel.get_by_role("button", name="Leave out Largest attenuation").is_visible():
            panel.get_by_role("button", name="Leave out Largest attenuation").click()
            assert most.evaluate("slider => slider === document.activeElement")
        assert most.get_attribute("aria-valuetext") == (None if is_moved else "default")
        sent = studio.post_of(panel.get_by_role("button", name="Enhance", exact=True).click, "/v1/tasks/enhance")
        assert sent.get("max_attenuation_db") == (25 if is_moved else None)
        assert {"mix", "dereverb", "separate"}.isdisjoint(sent)
        studio.status("Enhanced.")


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """One second of noise with a tone."""
    path = tmp_path_factory.mktemp("sounds") / "noisy.wav"
    noise = np.random.default_rng(0).standard_normal(RATE)
    soundfile.write(path, 0.05 * noise + 0.3 * np.sin(np.arange(RATE) / 8), RATE)
    return path


# ---------------------------------------------------------------------------------- main buttons, nothing done before


@in_browser
@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("enhance", "Switch between before and after while", "wavewright enhance voice-in-noise.wav"),
        ("dub", "2 lines. Change them", "wavewright dub morning.wav --to de"),
        ("editor", "kit-edited.wav is a new clip", "wavewright edit kit.wav"),
        ("training", "Training example-drums", "wavewright train folder --family gan --out example-drums"),
        ("generate", "8 clips in", "wavewright generate drums"),
        ("map", "40 clips on the map.", "wavewright map folder --label-from folder --embedding log-mel"),
        ("speech", "Speaking", "wavewright speak"),
        ("sequence", "notes in 8 bars", "wavewright compose-by-rule band --bars 8"),
        (
            "morph",
            "Step 9 of 17",
            "wavewright morph drums-0.wav drums-1.wav --steps 17",
        ),
    ],
)
def test_a_main_button_works_where_nothing_was_done_before(studio, name, text, command):
    panel = studio.open(name)
    studio.page.evaluate(WATCH_METER)
    panel.locator("button.primary").first.click()
    if name == "sequence":
        panel.get_by_role("button", name="Stop", exact=True).wait_for()
        assert studio.loudest() > 1e-3
        panel.get_by_role("button", name="Compose").click()
    studio.page.get_by_text(text).first.wait_for()
    if name == "speech":
        studio.page.wait_for_function("() => window.meterHasShown")
    elif name in ("generate", "sequence", "morph"):
        assert studio.loudest() > 1e-3
    assert panel.locator(".command code").first.inner_text().startswith(command)
    assert studio.page.inner_text("#error") == ""
    if name == "dub":
        panel.get_by_role("button", name="Dub", exact=True).click()
        studio.status("0 lines with a note.")
        assert studio.loudest() > 1e-3
    if name == "training":
        studio.page.locator("#jobs", has_text=re.compile(r"step [1-9]\d* of")).wait_for()
        panel.get_by_role("button", name="Stop and save").click()
        studio.status("example-drums is a model now")


@in_browser
def test_sliders_and_further_buttons_work_where_nothing_was_done_before(studio):
    panel = studio.open("morph")
    for name, task in (("Brightness", "adjust"), ("Amount of variation", "vary")):
        with studio.page.expect_response(re.compile(f"/v1/tasks/{task}")):
            panel.get_by_label(name, exact=True).press("ArrowRight")
        panel.get_by_text(re.compile("^Played after")).first.wait_for()
    for name in ("One clip that changes over time", "Rhythm of the first, sound of the second"):
        with studio.page.expect_response(re.compile("/v1/jobs/[^/]+/files/|/v1/tasks/morph")):
            panel.get_by_role("button", name=name).click()
        studio.page.locator("button[aria-busy=true]").wait_for(state="detached")
    for panel_name, button in (("editor", "Preview"), ("sequence", "Play"), ("training", "Inspect")):
        studio.open(panel_name).get_by_role("button", name=button, exact=True).first.click()
        studio.page.locator("button[aria-busy=true]").wait_for(state="detached")
    assert studio.page.inner_text("#error") == ""


@in_browser
@pytest.mark.parametrize(
    ("name", "text"),
    [("enhance", "Enhanced."), ("editor", "noisy-edited.wav is a new clip; Undo goes back to noisy.wav.")],
)
def test_a_main_button_asks_for_a_sound_and_goes_on(studio, recording, name, text):
    panel = studio.open(name)
    panel.locator("input[type=file]").first.set_input_files(str(recording))
    panel.locator(".slot", has_text="noisy.wav, ").first.wait_for()
    generate = studio.open("generate")
    generate.get_by_text("History", exact=True).click()
    generate.get_by_role("button", name="Remove 1 clip of noisy.wav").click()
    panel = studio.open(name)
    panel.locator(".slot", has_text="Drop a sound file").first.wait_for()
    for _ in range(2):  # the first time no file is chosen
        field = studio.asked_by(panel.locator("button.primary").first)
        studio.status("Choose a ")
    field.set_input_files(str(recording))
    studio.status(text)
    assert studio.page.inner_text("#error") == ""


@in_browser
def test_a_training_asks_for_a_folder_where_one_had_no_sounds(studio, tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.pdf").write_bytes(b"%PDF")
    (tmp_path / "clips").mkdir()
    for number in range(2):
        soundfile.write(tmp_path / "clips" / f"{number}.wav", 0.1 * np.ones(4_000), RATE)
    panel = studio.open("training")
    give_folder(panel.locator("input[type=file]"), tmp_path / "papers")
    studio.status("There is no sound file in that folder.")
    for button in ("Inspect", "Start training"):
        field = studio.asked_by(panel.get_by_role("button", name=button))
        studio.status("Choose the folder of recordings")
    give_folder(field, tmp_path / "clips")
    studio.status("2 clips inspected.")


@in_browser
@pytest.mark.parametrize("composer", ["model:folk-tunes", "rule:band"])
def test_a_form_says_of_how_many_sections_the_bars_are(studio, composer):
    panel = studio.open("sequence")
    panel.get_by_label("Compose by").select_option(composer)
    bars = panel.get_by_role("spinbutton", name="Bars")
    bars.fill("7")
    panel.get_by_label("Form").select_option("AABA")
    assert (bars.input_value(), bars.get_attribute("step"), bars.get_attribute("min")) == ("8", "4", "4")
    panel.get_by_role("button", name="Compose").click()
    studio.status("in 8 bars")
    assert "--form AABA" in panel.locator(".command code").first.inner_text()


@in_browser
def test_traits_in_which_the_scores_of_a_model_differ_can_be_asked_for(studio):
    panel = studio.open("sequence")
    traits = panel.get_by_role("group", name="Traits of what is composed")
    panel.get_by_label("Compose by").select_option("model:folk-tunes")
    traits.get_by_label("Polyphony").wait_for(state="hidden")
    traits.get_by_label("Density").select_option("most")
    traits.get_by_label("Register").select_option("least")
    panel.get_by_role("spinbutton", name="Bars").fill("2")
    panel.get_by_role("button", name="Compose").click()
    studio.status("in 2 bars")
    command = panel.locator(".command code").first.inner_text()
    assert "--density 0.9" in command
    assert "--register 0.1" in command
    assert "--polyphony" not in command
    panel.get_by_label("Compose by").select_option("model:drum-patterns")
    traits.get_by_label("Register").wait_for(state="hidden")
    panel.get_by_label("Compose by").select_option("rule:band")
    traits.wait_for(state="hidden")


@in_browser
def test_a_model_composes_too_and_an_edited_score_has_another_command(studio):
    panel = studio.open("sequence")
    panel.get_by_label("Compose by").select_option("model:folk-tunes")
    panel.get_by_role("spinbutton", name="Bars").fill("2")
    panel.get_by_role("button", name="Compose").click()
    studio.status("in 2 bars")
    command = panel.locator(".command code").first
    assert command.inner_text() == "wavewright compose folk-tunes --bars 2"
    panel.get_by_role("button", name="Add track").click()
    studio.download(panel.get_by_role("button", name="Save WAV"))
    command.filter(has_text="wavewright render score.mid --out score.wav").wait_for()


@in_browser
def test_a_recording_becomes_a_score_and_a_score_takes_its_tempo(studio, tmp_path):
    notes = [(480 * index, 480, pitch, 90) for index, pitch in enumerate((60, 64, 67, 72, 71, 67, 65, 62))]
    score = Score((Track(notes_of(notes)),), 480, np.array([(0, 625_000)], TEMPO))
    write_score(score, tmp_path / "tune.mid")
    render(tmp_path / "tune.mid", tmp_path / "tune.wav", quiet=True)
    panel = studio.open("sequence")
    panel.get_by_role("button", name="Open MIDI").click()
    panel.locator("input[accept='.mid,.midi']").set_input_files(str(tmp_path / "tune.mid"))
    tempo = panel.get_by_label("Tempo", exact=True)
    studio.holds(tempo, "96")  # the score is there
    tempo.fill("120")
    tempo.press("Enter")
    panel.get_by_text("From a recording", exact=True).click()
    field = studio.asked_by(panel.get_by_role("button", name="Fit the score to it"))
    field.set_input_files(str(tmp_path / "tune.wav"))
    studio.status("The score in the tempo of tune.wav")
    assert abs(float(tempo.input_value()) - 96) < 3
    page = studio.download(panel.get_by_role("button", name="Save a page that follows it"))
    assert page.startswith(b"<!doctype html>")
    panel.get_by_role("button", name="Find its notes").click()
    studio.status("8 notes of tune.wav")
    (tmp_path / "found.mid").write_bytes(studio.download(panel.get_by_role("button", name="Save MIDI")))
    found = read_score(tmp_path / "found.mid")
    assert found.tracks[0].notes["pitch"].tolist() == [pitch for _, _, pitch, _ in notes]
    command = panel.locator(".command code").first
    assert command.inner_text() == "wavewright transcribe tune.wav --out notes.mid"
    panel.get_by_label("several voices").check()
    panel.get_by_role("button", name="Find its notes").click()
    command.filter(has_text="wavewright transcribe tune.wav --out notes.mid --polyphonic").wait_for()
