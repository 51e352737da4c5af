"""The descriptions of tasks: which parameters are files to read, to write, and names of models."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from wavewright.base.errors import BadSetting
from wavewright.base.parameters import OF_FILES
from wavewright.base.rules import Needs, OneOf, Without
from wavewright.tasks.catalogue import PROCESSING, describe
from wavewright.tasks.commands import all_commands
from wavewright.tasks.description import CommandTask

WRITTEN = {
    "speak": {"out", "subtitles"},
    "narrate": {"out", "audiobook"},
    "dub": {"out"},
    "mix": {"out", "stems"},
    "render": {"out", "stems"},
    "accompany": {"out", "save_style"},
    "transcribe": {"out", "plot"},
    "align": {"out", "page"},
    "recognise": {"plot"},
    "analyse": {"plot"},
    "similar": set(),
    "soundfont": set(),
    "effects": set(),
    "phonemes": set(),
    "detect": set(),
    "verify": set(),
}
"""Keys of the paths that a task writes; of those not listed, ``out``."""

PICTURES_AND_PAGES = {
    ("accompany", "save_style"),
    ("align", "page"),
    ("analyse", "plot"),
    ("audit", "html"),
    ("check-settings", "image"),
    ("map", "out"),
    ("recognise", "plot"),
    ("runs", "html"),
    ("speechd", "nvda_addon"),
    ("transcribe", "plot"),
}
"""Parameters whose files are of one kind: tasks and keys."""


def test_files_of_one_kind_have_no_other_ending():
    tasks = [CommandTask(*each).description for each in all_commands()]
    of_one = {(each.name, own.key) for each in tasks for own in each.of_role("output") if own.writes.is_only}
    assert of_one == PICTURES_AND_PAGES


@pytest.mark.parametrize("name", PROCESSING)
def test_paths_are_read_or_written(name):
    task = describe(name)
    written = {parameter.key for parameter in task.of_role("output")}
    assert written == WRITTEN.get(name, {"out"})
    paths = {key for key, parameter in task.parameters.items() if "Path" in str(parameter.type)}
    assert {parameter.key for parameter in task.of_role("input")} == paths - written
    assert all(parameter.field.description for parameter in task.parameters.values())


@pytest.mark.parametrize("name", PROCESSING)
def test_parameters_that_name_models_say_so(name):
    named = {"model", "vocoder", "classifier", "embedding"} | (
        {"voice", "dialogue_voice"} if name in ("speak", "narrate", "speak-lines", "dub") else set()
    )
    task = describe(name)
    assert {parameter.key for parameter in task.of_role("model")} == named & task.parameters.keys()
    assert all(str in (p.type, *get_args(p.type)) for p in task.of_role("model"))


def _required(task):
    """Return a value of the first of those parameters of which one must be given."""
    rules = [(each.name, rule) for each in task.parameters.values() for rule in each.markers]
    return {name: "given" for name, rule in rules if isinstance(rule, OneOf)}


@pytest.mark.parametrize("name", [name for name in PROCESSING if describe(name).of_role("output")])
def test_no_file_that_is_read_is_written(name, tmp_path):
    """Neither by a task whose author thought of it nor by another; a link is no way around it."""
    task = describe(name)
    path, linked = tmp_path / "same.wav", tmp_path / "linked.wav"
    path.write_bytes(b"")
    linked.symlink_to(path)
    required = _required(task)
    rules = [rule for each in task.parameters.values() for rule in each.markers if isinstance(rule, OneOf)]
    alone = [
        each
        for each in (*task.of_role("output"), *task.of_role("input"))
        if not any(isinstance(marker, Needs | Without) for marker in each.markers)
        and not any(each.name in rule.others for rule in rules)
    ]
    for written in (each for each in alone if each.role == "output"):
        for read in (each for each in alone if each.role == "input"):
            given = (path,) if "tuple" in str(read.type) else path
            with pytest.raises(BadSetting, match="never replaced"):
                task.check_together({**required, written.name: linked, read.name: given})
        name = tmp_path / f"new{written.writes.suffix}" if written.writes.is_only else linked
        if written.writes.suffix or written.writes.or_file:
            task.check_together({**required, written.name: name})
        if written.writes.is_only:
            with pytest.raises(BadSetting, match=f"a.b; give a name that ends in {written.writes.suffix}"):
                task.check_together({**required, written.name: tmp_path / "a.b"})


@pytest.mark.parametrize("name", [name for name in PROCESSING if describe(name).of_role("output")])
def test_no_new_folder_has_the_name_of_a_file(name, tmp_path):
    """A beginner writes ``generate drums --out drums.wav``, and looks for a sound."""
    task = describe(name)
    for written in task.of_role("output"):
        source = {written.writes.like: tmp_path} if written.writes.like else {}
        if (written.writes.suffix and not source) or written.writes.or_file:
            continue
        needed = _required(task) | {rule.other: True for rule in written.markers if isinstance(rule, Needs)}
        for ending in (".wav", ".MP3", ".mid"):
            with pytest.raises(BadSetting, match="the name of a file, and a folder is written"):
                task.check_together({**needed, **source, written.name: tmp_path / f"new{ending}"})
        (tmp_path / "old.wav").mkdir(exist_ok=True)
        for folder in ("old.wav", "new", "v1.2"):
            task.check_together({**needed, **source, written.name: tmp_path / folder})


def test_the_main_input_is_the_file_to_work_on():
    main = {name: task.main_input for name in PROCESSING if (task := describe(name))}
    assert {name: parameter.key for name, parameter in main.items() if parameter and parameter.key != "file"} == {
        "dub": "source",
        "morph": "file_a",
        "map": "folder",
        "edit": "source",
        "mix": "project",
        "accompany": "melody",
        "render": "score",
        "revise": "score",
        "enhance": "source",
        "separate": "source",
        "podcast": "recordings",
        "cancel-echo": "mic",
    }
    assert {name for name, parameter in main.items() if parameter is None} == {
        "speak",
        "generate",
        "layer",
        "synthesise",
        "compose",
        "compose-by-rule",
        "phonemes",
        "effects",
    }


def test_a_task_is_described_from_its_annotations():
    task = describe("cancel_echo")
    assert (task.name, task.summary[:6]) == ("cancel-echo", "Remove")
    assert task.parameter("mic").is_required
    assert task.parameter("mic").is_argument
    assert not task.parameter("out").is_argument
    assert describe("dub").parameter("from").name == "from_"
    assert describe("edit").parameter("source").is_argument
    assert describe("split").parameter("at").is_repeated
    assert not describe("split").parameter("every").is_repeated
    assert describe("edit").parameter("no-tags").name == "no_tags"


def test_a_task_is_called_by_its_description(tmp_path: Path):
    result = describe("synthesise").call(name="laser", out=tmp_path / "zap.wav", seconds=None, quiet=True)
    assert (tmp_path / "zap.wav").is_file()
    assert "zap" in str(result)
    with pytest.raises(BadSetting, match=r"^seed is -1; "):
        describe("synthesise").call(name="laser", seed=-1)


@pytest.mark.parametrize(
    ("name", "key", "sentence"),
    [
        ("enhanse", "", "There is no task 'enhanse'; the nearest is enhance."),
        ("tune", "", "There is no task 'tune'; give one of speak, "),
        ("enhance", "modle", "enhance has no parameter 'modle'; the nearest is model."),
        ("enhance", "x", "enhance has no parameter 'x'; give one of source, out, "),
    ],
)
def test_unknown_names_are_refused(name, key, sentence):
    with pytest.raises(BadSetting) as refusal:
        describe(name).parameter(key)
    assert str(refusal.value).startswith(sentence)


RELATIONS = [
    pytest.param(task.description, each, marker, id=f"{task.name}-{each.key}-{type(marker).__name__}")
    for task in (CommandTask(*each) for each in all_commands())
    for each in task.description.parameters.values()
    for marker in each.markers
    if isinstance(marker, Needs | Without | OneOf)
]


OF_STREAMS = [
    pytest.param(task.description, each, id=f"{task.name}-{each.key}")
    for task in (CommandTask(*each) for each in all_commands())
    for each in task.description.parameters.values()
    if OF_FILES in each.markers
]


@pytest.mark.parametrize(("task", "parameter"), OF_STREAMS)
def test_what_a_stream_does_not_have_is_refused(task, parameter):
    values = {each.name: each.default for each in task.parameters.values()} | _required(task)
    values[parameter.name] = "given"
    task.check_together(values)
    for streamed in (Path("-"), (Path("-"),)):
        with pytest.raises(BadSetting, match=f"{parameter.key} is for files, and a stream is none"):
            task.check_together(values | {"file": streamed})


def test_no_command_has_more_than_fifteen_options_that_no_other_has():
    options = {
        task.name: [(each.name, each.help) for each in task.description.parameters.values() if not each.is_argument]
        for task in (CommandTask(*each) for each in all_commands())
    }
    n_commands = Counter(option for own in options.values() for option in own)
    n_own = {name: sum(n_commands[option] == 1 for option in own) for name, own in options.items()}
    assert max(n_own.values()) <= 15, n_own


def _needed(by_name, name):
    """Return values of all parameters that one needs."""
    rules = [marker for marker in by_name[name].markers if isinstance(marker, Needs)]
    return {
        key: value
        for rule in rules
        for key, value in {rule.other: rule.value or "given", **_needed(by_name, rule.other)}.items()
    }


@pytest.mark.parametrize(("task", "parameter", "relation"), RELATIONS)
def test_what_parameters_say_of_each_other_holds_however_a_task_is_called(task, parameter, relation):
    by_name = {each.name: each for each in task.parameters.values()}
    values = {name: each.default for name, each in by_name.items()} | _required(task)
    written = parameter.writes
    anything = f"given{written.suffix}" if written and written.is_only else "given"
    given = {parameter.name: getattr(relation, "value", None) or anything}
    if isinstance(relation, Needs):
        other = by_name[relation.other]
        shown = other.key if relation.value is None else f"{other.key}={relation.value}"
        given = {parameter.name: anything}
        with pytest.raises(BadSetting, match=f"{parameter.key} belongs to {shown}; give both"):
            task.check_together(values | given)
        task.check_together(values | given | _needed(by_name, parameter.name))
        return
    if isinstance(relation, OneOf):
        choices = [by_name[name].key for name in (parameter.name, *relation.others)]
        with pytest.raises(BadSetting, match=f"Give one of {', '.join(choices[:-1])} and {choices[-1]}"):
            task.check_together(values | {parameter.name: None})
    given |= _needed(by_name, parameter.name)
    task.check_together(values | given)
    shown = parameter.key if getattr(relation, "value", None) is None else f"{parameter.key}={relation.value}"
    for other in relation.others:
        with pytest.raises(BadSetting, match=f"{shown} and {by_name[other].key} exclude each other"):
            task.check_together(values | given | {other: "given"})
