"""The command line: one sentence and exit code 2 for bad input, pure JSON on request, a quick start without torch."""

from __future__ import annotations

import ast
import dataclasses
import errno
import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from command_line import refused
from pydantic import Field
from tiny_models import change_card, make_gan
from typer.testing import CliRunner

import wavewright
from wavewright import __version__, models
from wavewright.apps.cli import command, run
from wavewright.base import errors
from wavewright.base.errors import BadSetting, WavewrightError
from wavewright.base.parameters import POSITIONAL
from wavewright.base.task_parameters import checked
from wavewright.families.loading import load, models_stay_open
from wavewright.tasks import demo, generate
from wavewright.tasks.catalogue import function_of
from wavewright.tasks.commands import all_commands
from wavewright.tasks.json_results import plain
from wavewright.training import export


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A working folder with one model called ``tiny`` in the user's model folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    make_gan(tmp_path / "home")
    return tmp_path


def test_generate_writes_files_and_names_them(home, capsys):
    assert run(["generate", "tiny", "--label", "snare", "--count", "2", "--seed", "7", "--out", "sounds"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["  tiny-snare-s7-000.wav", "  tiny-snare-s7-001.wav"]
    assert lines[2].startswith("2 files, 0.40 s by tiny (")
    assert sorted(path.name for path in Path("sounds").iterdir()) == [
        "manifest.jsonl",
        "tiny-snare-s7-000.wav",
        "tiny-snare-s7-001.wav",
    ]


def test_json_is_one_object_on_standard_output(home, capsys):
    assert run(["generate", "tiny", "--interpolate", "7", "9", "--count", "3", "--out", "sounds", "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert (result["by"].split()[0], result["details"]["interpolate"], result["out"]) == ("tiny", [7, 9], "sounds")
    assert [file["path"] for file in result["files"]] == [f"sounds/tiny-kick-s7to9x3-00{step}.wav" for step in range(3)]
    assert captured.err == ""


def test_models_are_listed_and_shown(home, capsys):
    damaged = make_gan(home / "runs", "broken")
    (damaged / "card.json").write_text("{", encoding="utf-8")
    assert run(["models"]) == 0
    broken, tiny = capsys.readouterr().out.splitlines()
    assert tiny.split() == ["tiny", "gan", "8000", "Hz", "kick,", "snare,", "hat"]
    assert "cannot be read as a model card" in broken
    assert run(["models", "--json"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out)["details"]["models"]] == ["broken", "tiny"]
    assert run(["models", "show", "tiny", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["details"]
    assert shown["card"]["labels"] == ["kick", "snare", "hat"]
    assert shown["hash"] == models.ModelFolder(home / "home" / "tiny").hash
    change_card(home / "home" / "tiny", training={"steps": 12}, metrics={"agreement": 0.9})
    assert run(["models", "show", "tiny"]) == 0
    text = capsys.readouterr().out
    assert "trained     steps: 12" in text
    assert "measured    agreement: 0.9" in text
    assert "learned from nothing (0 clips, CC0-1.0, nobody)" in text
    assert "problem" not in text
    with models_stay_open():  # as in a worker that has the model open
        load("tiny")
        (home / "home" / "tiny" / "generator.onnx").unlink()
        assert run(["models", "show", "tiny"]) == 0
    assert "  problem     " in capsys.readouterr().out


def test_a_model_without_labels_is_refused(home, capsys):
    make_gan(home / "runs", "plain", labels=())
    assert run(["models"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["plain", "gan", "8000", "Hz", "no", "labels"]


def test_without_models_the_list_has_advice(home, capsys, monkeypatch):
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(home / "empty"))
    assert run(["models"]) == 0
    assert capsys.readouterr().out == "No models yet; `wavewright train FOLDER` makes one.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["generate", "tinny"], "There is no model 'tinny'; the nearest are tiny; `wavewright models` lists all."),
        (["generate", "tiny", "--label", "bell"], "tiny has no label 'bell'; its labels are kick, snare, hat."),
        (["generate", "tiny", "--format", "mp4"], "--format is mp4; it must be 'wav', 'flac' or 'ogg'."),
        (["synthesis"], "No such command 'synthesis'. Did you mean 'synthesise'? See `wavewright --help`."),
        (["data"], "Missing command. See `wavewright data --help`."),
        (["train", "nowhere", "--max-minutes", "0"], "--max-minutes is 0; it must be more than 0."),
        (
            ["models", "show", "x/y"],
            "There is no model folder x/y; give a folder that training wrote, or a name from `wavewright models`.",
        ),
    ],
)
def test_bad_input_is_one_sentence(home, capsys, arguments, sentence):
    assert refused(capsys, *arguments) == sentence.replace("x/y", str(Path("x/y")))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: wavewright.recognise("a.wav"), "recognise: file is missing; give it."),
        (wavewright.recognise, "recognise: model is missing; give it."),
        (lambda: wavewright.edit("a.wav", gain=3), "edit: gain is 3; unexpected keyword argument."),
    ],
)
def test_calls_from_python_name_what_is_missing_and_what_is_too_much(call, sentence):
    with pytest.raises(WavewrightError) as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate"], ["MODEL", "wavewright generate --help"]),
        (["generate", "tiny", "--count", "0"], ["--count is 0; it must be at least 1"]),
        (["generate", "tiny", "--count", "many"], ["--count is many; it must be a whole number"]),
        (["generate", "tiny", "--interpolate", "7", "x"], ["--interpolate is x; it must be a whole number"]),
        (["generate", "tiny", "--min-confidence", "nan"], ["--min-confidence is nan; it must be"]),
        (["generate", "tiny", "--count"], ["--count"]),
        (["generate", "tiny", "--interpolate", "7"], ["--interpolate", "2"]),
        (["generate", "tiny", "--nonsense"], ["--nonsense"]),
        (["generate", "tiny", "extra"], ["extra"]),
    ],
)
def test_usage_errors_name_the_option_and_the_help(home, capsys, arguments, words):
    sentence = refused(capsys, *arguments)
    assert all(word in sentence for word in words)


def test_nothing_is_written_for_bad_input(home, capsys):
    refused(capsys, "generate", "tiny", "--label", "bell", "--out", "sounds")
    assert sorted(path.name for path in home.iterdir()) == ["home"]


def test_a_full_disk_and_a_refusing_system_are_sentences(home, capsys, monkeypatch):
    for number, file, words in (
        (errno.ENOSPC, "sounds", "There is no space left to write sounds; free some, or write to another disk."),
        (errno.ENOSPC, None, "There is no space left; free some, or write to another disk."),
        (errno.EACCES, "sounds", "The system refused sounds: Permission denied."),
    ):
        error = OSError(number, os.strerror(number), file)

        def refuse(*arguments, error=error):
            raise error

        monkeypatch.setattr(generate, "write_clips", refuse)
        assert refused(capsys, "generate", "tiny") == words


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="paths there are Unicode, and folders in use stay")
def test_bytes_that_are_not_utf8_are_a_sentence(home, capsys):
    other = os.fsdecode(b"caf\xe9")
    for arguments in (["speak", other, "--out", "a.wav"], ["generate", "tiny", "--out", other]):
        assert "is not valid UTF-8" in refused(capsys, *arguments)
    assert not Path(other).exists()
    Path(f"{other}.wav").write_bytes(b"")
    assert "rename the file" in refused(capsys, "analyse", f"{other}.wav")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that is in use")
def test_a_deleted_working_folder_is_a_sentence(home, capsys, monkeypatch):
    gone = home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "was deleted; change to another one" in refused(capsys, "studio", "--port", "0")


def test_an_interruption_is_130(home, capsys, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "write_clips", interrupt)
    assert run(["generate", "tiny"]) == 130
    assert capsys.readouterr().out == ""


def test_training_without_torch_names_the_extra(home, capsys, monkeypatch):
    monkeypatch.setattr(errors, "find_spec", lambda name: name != "torch" or None)
    sentence = refused(capsys, "train", "folder")
    assert (
        sentence
        == 'Training needs PyTorch, which is not installed: run pip install ".[train]" in the folder of Wavewright.'
    )


@pytest.mark.parametrize("command", ["train", "check-settings", "tune"])
def test_torch_alone_is_not_the_extra(home, capsys, monkeypatch, command):
    monkeypatch.setattr(errors, "find_spec", lambda name: name == "torch" or None)
    (home / "folder").mkdir()
    minutes = ["--max-minutes", "1"] if command == "tune" else []
    sentence = refused(capsys, command, "folder", *minutes)
    assert "onnx" in sentence
    assert "threadpoolctl" in sentence
    assert "PyTorch" not in sentence
    assert sentence.endswith('which are not installed: run pip install ".[train]" in the folder of Wavewright.')


def test_every_package_that_training_imports_is_looked_up_first():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = {requirement.partition(">=")[0] for requirement in project["dependencies"]} | {"typing_extensions"}
    allowed |= {*sys.stdlib_module_names, *errors.TRAINING_PACKAGES, "optuna", "sqlalchemy"}  # the last: a search
    for file in (Path(wavewright.__file__).parent / "training").rglob("*.py"):
        for line in ast.parse(file.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in line.names] if isinstance(line, ast.Import) else []
            if isinstance(line, ast.ImportFrom) and line.level == 0:
                names = [line.module]
            assert {name.partition(".")[0] for name in names} <= allowed, file


def test_train_passes_every_option_on(home, capsys, monkeypatch):
    from wavewright.training import checkpoint, train as training
    from wavewright.training.parameters import TrainParameters

    calls = []

    def trained(given, started):
        calls.append(given)
        assert time.monotonic() >= started
        return checkpoint.Progress(step=5, steps=9, minutes=1.5, metrics={"distance": 0.25})

    monkeypatch.setattr(training, "train", trained)
    options = ["--label-from", "folder", "--max-minutes", "2.5", "--resume", "--set", "a=1", "--set", "b=2", "--quiet"]
    Path("kit.v1").mkdir()
    assert run(["train", "kit.v1", "--size", "tiny", *options]) == 0
    assert capsys.readouterr().out == f"{Path('runs/kit.v1')}: 5 of 9 steps in 1.5 min, distance 0.25\n"
    expected = {"label_from": "folder", "max_minutes": 2.5, "resume": True, "set": ("a=1", "b=2"), "quiet": True}
    assert calls == [TrainParameters(Path("kit.v1"), size="tiny", **expected)]


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 26 GB"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_a_network_that_does_not_fit_into_memory_is_a_sentence(home, capsys, monkeypatch, error, is_memory):
    from wavewright.training import train as training

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(training, "train", fail)
    if is_memory:
        assert "not enough memory for this network" in refused(capsys, "train", "kit")
    else:
        with pytest.raises(RuntimeError, match="shapes"):
            run(["train", "kit"])


def test_version_and_help(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"wavewright {__version__}\n"
    assert run([]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("generate", "demo", "models", "train", "evaluate", "data", "plot"))
    for flag in ("--help", "-h"):
        assert run(["generate", flag]) == 0
        assert "Same seed, same clips" in capsys.readouterr().out
        assert run(["models", flag]) == 0
        shown = capsys.readouterr().out
        assert "COMMAND" in shown
        assert "-h" in shown
        assert "<bool>" not in shown


def test_the_help_says_of_each_command_what_its_own_help_begins_with():
    for words, entry in all_commands():
        assert command._summary(entry) == command.command(function_of(entry), words[-1]).help, words


@dataclasses.dataclass(frozen=True)
class Spoken:
    text: str


@checked
def speak(
    words: Annotated[list[str], Field(description="What to say.")],
    rate: Annotated[float | None, Field(description="Speed.", ge=0.5, le=2)] = None,
    voice: Annotated[Literal["low", "high"], Field(description="Voice.")] = "low",
    loud: Annotated[bool, Field(description="Loud.")] = False,
    tags: Annotated[tuple[str, ...], Field(description="Tags.")] = (),
) -> Spoken:
    """Say ``words``.

    More about it.
    """
    return Spoken(" ".join([*words, str(rate), voice, str(loud), *tags]))


def test_a_command_is_read_from_its_task():
    spoken = command.command(speak, "speak")
    arguments = ["one", "two", "--rate", "1.5", "--voice", "high", "--loud", "--tags", "a", "--tags", "b"]
    text = invoke(spoken, arguments)
    assert text == "Spoken(text='one two 1.5 high True a b')\n"
    printed = json.loads(invoke(spoken, [*arguments[:2], "--json"]))
    assert printed["details"] == {"text": "one two None low False"}
    shown = invoke(spoken, ["--help"])
    assert "Say words." in shown
    assert "More about it" not in shown
    assert "NUMBER 0.5..2" in shown
    assert "low|high" in shown
    with pytest.raises(BadSetting, match=r"speak: rate is 3; it must be at most 2\."):
        speak(["one"], rate=3)


@checked
def hum(
    tune: Annotated[str | None, Field(description="What to hum."), POSITIONAL] = None,
    hush: Annotated[bool, Field(description="Do not.")] = False,
) -> Spoken | None:
    """Hum a tune."""
    return None if hush else Spoken(str(tune))


def test_an_argument_may_have_a_default_and_a_task_no_result():
    assert invoke(command.command(hum, "hum"), []) == "Spoken(text='None')\n"
    assert invoke(command.command(hum, "hum"), ["la"]) == "Spoken(text='la')\n"
    assert invoke(command.command(hum, "hum"), ["la", "--hush", "--json"]) == ""
    assert "[TUNE]" in invoke(command.command(hum, "hum"), ["--help"])


def invoke(built, arguments):
    """Return the output of a command."""
    runner = CliRunner()
    app = typer.Typer()
    app.command()(lambda: None)
    with runner.isolation() as streams:
        built.main(arguments, "x", standalone_mode=False)
        return streams[0].getvalue().decode().replace("\r\n", "\n")


def test_results_become_json():
    import numpy as np

    @dataclasses.dataclass
    class Inner:
        path: Path
        values: np.ndarray

    result = plain({"a": [Inner(Path("x"), np.arange(2))], 1: np.float32(0.5), "t": (None, True)})
    assert result == {"a": [{"path": "x", "values": [0, 1]}], "1": 0.5, "t": [None, True]}


HEAVY = ("torch", "scipy.signal", "matplotlib", "librosa", "numba", "onnx")


def python(*arguments, **settings):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **settings)


def test_inference_from_a_cold_start_loads_nothing_heavy(tmp_path):
    model = make_gan(tmp_path)
    program = (
        "import sys; from wavewright.apps.cli import run; "
        f"code = run(['generate', {str(model)!r}, '--out', {str(tmp_path / 'out')!r}]); "
        f"print([name for name in {HEAVY!r} if name in sys.modules]); sys.exit(code)"
    )
    done = python("-c", program)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"
    assert len(list((tmp_path / "out").glob("*.wav"))) == 8


def test_the_package_runs_as_a_module(tmp_path):
    done = python("-m", "wavewright", "generate", "no/such/model")
    assert done.returncode == 2
    assert done.stderr.startswith("wavewright: There is no model folder")
    assert done.stdout == ""


def test_demo_prints_where_its_page_is(home, capsys):
    make_gan(home / "bundled")
    assert run(["demo", "--json"]) == 0
    page = Path(json.loads(capsys.readouterr().out)["files"][0]["path"])
    assert page == Path("wavewright-demo/index.html")
    assert page.is_file()
    assert demo.demo.__name__ == "demo"
    assert export.OPSET == 17
