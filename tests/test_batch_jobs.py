"""Batches: lists of jobs, keys, exactly one output a job, failures, shards, workers that die, and kills."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command_line import refused
from waiting import LIMIT_SECONDS, wait_until

from wavewright import Clip
from wavewright.apps.batch_jobs import job as job_module, ray_lanes as ray_lanes_module, store as store_module
from wavewright.apps.batch_jobs.batch import batch, items_of, read_jobs
from wavewright.apps.batch_jobs.job import BatchJob, JobOutcome, ModelHashes, digest_of, job_key, local_files
from wavewright.apps.batch_jobs.ray_lanes import ray_lanes
from wavewright.apps.batch_jobs.store import FolderStore, RemoteStore
from wavewright.apps.batch_jobs.worker import JobWorker, begin_jobs
from wavewright.apps.cli import run
from wavewright.base import whole_file
from wavewright.base.errors import BadFolder, BadSetting, InUse, MissingExtra
from wavewright.base.result import Failed
from wavewright.base.runner import Answer, Item, Lane, Lanes, PlaceLost, answer_to, in_processes, outcomes
from wavewright.base.worker_process import WorkerLost
from wavewright.families import loading
from wavewright.outputs.made import Made
from wavewright.tasks.edit import edit

GAIN = {"task": "edit", "do": "gain -6dB"}


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder of eight short recordings, two of them in a folder of it."""
    folder = tmp_path / "sounds"
    (folder / "more").mkdir(parents=True)
    random = np.random.default_rng(0)
    for index in range(8):
        name = f"more/{index}.wav" if index > 5 else f"{index}.wav"
        soundfile.write(folder / name, random.uniform(-0.5, 0.5, 800), 8000)
    (folder / "notes.txt").write_text("no sound")
    return folder


def write_list(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files except the logs."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".wavewright-batch" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


DONE = JobOutcome("key", "folder", {}, {"result": {}, "warnings": [], "files": {}})


def these(lanes: list[Lane]) -> Lanes:
    """Return a source of given lanes, for all of which there is a place."""
    return Lanes(iter(lanes).__next__, lambda: len(lanes))


def test_what_is_left_out_is_named_alike_in_every_run(tmp_path):
    source = Clip(np.zeros((1, 800), np.float32), 8_000).write(tmp_path / "a.wav", metadata={"title": "T"})
    jobs = write_list(tmp_path / "jobs.jsonl", {"task": "encode", "file": str(source), "model": "speech-codec"})
    results = [Path(batch(jobs, tmp_path / name, on="serial", quiet=True).out) for name in ("one", "two")]
    lines = [(path / "results.jsonl").read_bytes() for path in results]
    assert lines[0] == lines[1]
    assert json.loads(lines[0])["warnings"] == [
        "a.wwc does not have all that its source has. Left out: the tag 'title'."
    ]


def results_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def _reasons(result: Made) -> dict[int, str]:
    """Return why lines failed, by their numbers."""
    return {int(str(each.what).removeprefix("line ").partition(" ")[0]): each.reason for each in result.failed}


def hidden_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*") if path.name != ".wavewright-batch"]


# ------------------------------------------------------------------------------------------------ lists of jobs


def test_a_list_names_tasks_and_values(tmp_path):
    path = write_list(
        tmp_path / "jobs.jsonl",
        {"task": "enhance", "file": "a.wav", "mix": "0.5", "model": None},
        {"task": "cancel-echo", "mic": "m.wav", "far": "f.wav", "unchecked": True},
        {"task": "split", "file": "a.wav", "at": [1, 2.5]},
        {"task": "revise", "model": "melody", "score": "a.mid"},
    )
    assert read_jobs(str(path)) == [
        BatchJob(1, "enhance", {"source": "a.wav", "mix": 0.5}, str(tmp_path)),
        BatchJob(2, "cancel-echo", {"mic": "m.wav", "far": "f.wav", "unchecked": True}, str(tmp_path)),
        BatchJob(3, "split", {"file": "a.wav", "at": [1.0, 2.5]}, str(tmp_path)),
        BatchJob(4, "revise", {"model": "melody", "score": "a.mid"}, str(tmp_path)),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "jobs.jsonl",
            '{"task": "edit", "file": "é.wav", "do": "gain 1dB"}\r\n{"task": "narrate", "file": "b.txt"}\r\n',
        ),
        ("jobs.json", '[{"task": "edit", "file": "é.wav", "do": "gain 1dB"},\n\n{"task": "narrate", "file": "b.txt"}]'),
        ("jobs.JSON", '{"task": "edit", "file": "é.wav", "do": "gain 1dB"}\n{"task": "narrate", "file": "b.txt"}'),
        ("jobs.csv", "task;file;do\r\nedit;é.wav;gain 1dB\r\nnarrate;b.txt;\r\n"),
        ("jobs.tsv", "file\tdo\ttask\né.wav\tgain 1dB\tedit\nb.txt\t\tnarrate\n"),
    ],
)
def test_lists_of_other_programs_have_the_same_jobs(tmp_path, name, text, encoding):
    (tmp_path / name).write_bytes(text.encode(encoding))
    jobs = read_jobs(str(tmp_path / name))
    assert [(job.task, job.values) for job in jobs] == [
        ("edit", {"source": "é.wav", "do": "gain 1dB"}),
        ("narrate", {"file": "b.txt"}),
    ]


def test_a_broken_array_is_one_problem(tmp_path):
    (tmp_path / "jobs.json").write_text('[{"task": "edit"},\n{"task": ]')
    (problem,) = read_jobs(str(tmp_path / "jobs.json"))
    assert problem.reason.startswith("It is not JSON (")


def test_task_and_settings_are_for_lines_that_say_nothing_else(tmp_path):
    path = write_list(tmp_path / "jobs.jsonl", {"text": "One."}, {"text": "Two.", "rate": 2}, {**GAIN, "file": "a.wav"})
    lines = read_jobs(str(path), "speak", ["rate=0.5", "seed=7"])
    assert [line.values for line in lines[:2]] == [
        {"text": "One.", "rate": 0.5, "seed": 7},
        {"text": "Two.", "rate": 2.0, "seed": 7},
    ]
    assert isinstance(lines[2], Failed)  # edit has no rate
    repeated = read_jobs(str(tmp_path / "jobs.jsonl"), "edit", ["tag=title=a", "tag=artist=b"])[2]
    assert repeated.values["tag"] == ["title=a", "artist=b"]


def test_a_folder_lists_its_sounds(sounds):
    jobs = read_jobs(str(sounds), "edit", ["do=gain 3dB"])
    assert [job.values["source"] for job in jobs] == [*(f"{i}.wav" for i in range(6)), "more/6.wav", "more/7.wav"]
    assert [job.line for job in jobs] == list(range(1, 9))
    assert [job.values["file"] for job in read_jobs(str(sounds), "narrate", pattern="*.txt")] == ["notes.txt"]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ([1], 'It is no JSON object; write {"task": ..., "file": ...}.'),
        ({"file": "a.wav"}, 'It names no task; write "task": "enhance" for example, or give --task for all lines.'),
        ({"task": "enhance"}, "enhance needs source; add it to the line."),
        ({"task": "train", "folder": "x"}, "There is no task 'train'; "),
        ({"task": "enhance", "file": "a", "mixx": 1}, "enhance has no parameter 'mixx'; the nearest is mix."),
        ({"task": "enhance", "file": "a", "mix": 2}, "mix is 2; it must be at most 1."),
        ({"task": "enhance", "file": "-"}, "source is '-'; give the path of a file."),
        ({"task": "enhance", "file": 3}, "source is '3'; give the path of a file."),
        ({"task": "enhance", "file": "a", "workers": 2}, "enhance has no workers in a batch; leave it out."),
        ({"task": "split", "file": "a", "at": [1], "padding": 0.2}, "at and padding exclude each other; leave one of"),
        ({"task": "encode", "file": "a", "tokens": 4, "kbps": 2}, "tokens and kbps exclude each other; leave one of"),
        ({"task": "transcribe", "file": "a", "model": "polyphonic"}, "model belongs to polyphonic; give both"),
        ({"task": "edit", "file": "a", "out": "../b.wav"}, "out is '../b.wav', which contains a path separator; "),
        ({"task": "edit", "file": "a", "out": ".b.wav"}, "out is '.b.wav', which starts with a dot or a dash; "),
        ({"task": "edit", "file": "a", "out": 1}, "out is '1', which is not text; give the name of a file alone, "),
    ],
)
def test_lines_that_are_no_jobs_say_why(tmp_path, record, sentence):
    (line,) = read_jobs(str(write_list(tmp_path / "jobs.jsonl", record)))
    assert isinstance(line, Failed)
    assert line.reason.startswith(sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.jsonl"], "nothing.jsonl is neither a folder nor a .jsonl, .json or .csv file of jobs; give one."),
        (["empty.jsonl"], "empty.jsonl lists no job; write "),
        (["sound.jsonl"], "sound.jsonl is no text (byte 4); save it as UTF-8."),
        (["empty.jsonl", "--pattern", "*.mid"], "empty.jsonl is no folder, whose files --pattern *.mid could choose; "),
        (["folder"], "folder is a folder; name the task for its files with --task."),
        (["folder", "--task", "enhance"], "folder contains no sound file; give another folder, or --pattern."),
        (["folder", "--task", "edit", "--pattern", "*.x"], "folder contains no file that matches *.x; "),
        (["folder", "--task", "generate"], "generate works on no file; list its jobs in a .jsonl file."),
        (["folder", "--task", "enhanced"], "There is no task 'enhanced'; the nearest is enhance."),
        (["empty.jsonl", "--task", "edit", "--set", "d=1"], "edit has no parameter 'd'; "),
        (["empty.jsonl", "--set", "x"], "--set is 'x'; write name=value, such as model=denoise-16k."),
        (["empty.jsonl", "--shard", "3/2"], "--shard is '3/2'; write 2/3 for the second of three, at most 10000."),
        (["empty.jsonl", "--jobs", "-1"], "--jobs is -1; it must be at least 0."),
    ],
)
def test_calls_that_cannot_run_are_refused(tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    Path("empty.jsonl").write_text("\n\n")
    Path("sound.jsonl").write_bytes(b"RIFF\xff\x00\x00\x01")
    Path("folder").mkdir()
    assert refused(capsys, "batch", *arguments).startswith(sentence)
    assert not Path("wavewright-batch").exists()


# --------------------------------------------------------------------------------------------------------- keys


def key_of(job: BatchJob, hashes: dict[str, str] | None = None) -> str:
    with local_files(job) as files:
        return job_key(job, files.inputs, ModelHashes().of_job(job) if hashes is None else hashes)


def test_a_key_depends_on_contents_not_on_folders(tmp_path, sounds, monkeypatch):
    job = BatchJob(1, "enhance", {"source": "0.wav", "mix": 0.5}, str(sounds))
    key = key_of(job)
    shutil.copytree(sounds, tmp_path / "copy")
    same = BatchJob(9, "enhance", {"mix": 0.5, "source": "copy/0.wav"}, str(tmp_path))
    assert key_of(same) == key
    others = [
        replace(job, task="edit", values={"source": "0.wav"}),
        replace(job, values={**job.values, "mix": 0.6}),
        replace(job, values={**job.values, "source": "1.wav"}),
        replace(job, values={**job.values, "out": "x.wav"}),
    ]
    found = {key, *map(key_of, others)}
    (tmp_path / "copy" / "0.wav").write_bytes((sounds / "1.wav").read_bytes())
    found.add(key_of(same))
    found.add(key_of(job, {**ModelHashes().of_job(job), "bundled": "other"}))
    monkeypatch.setattr(job_module, "__version__", "99.0")
    found.add(key_of(job))
    assert len(found) == 8


def test_a_key_names_models_by_their_hash(copied_gan, tmp_path):
    moved = shutil.copytree(copied_gan, tmp_path / "elsewhere" / copied_gan.name)
    first, second = (BatchJob(1, "generate", {"model": str(path)}, ".") for path in (copied_gan, moved))
    assert ModelHashes().of_job(first)["model"] == ModelHashes().of_job(second)["model"] != ""
    assert key_of(first) == key_of(second)
    speaking = BatchJob(1, "speak", {"text": "Hello."}, ".")
    hashes = ModelHashes().of_job(speaking)
    assert hashes["voice"] == job_module._hash_of("en") != ""
    assert hashes["vocoder"] == job_module._hash_of("vocoder")
    assert ModelHashes().of_job(BatchJob(1, "generate", {"model": "no such model"}, "."))["model"] == ""


def test_a_folder_is_identified_by_all_of_its_files(sounds):
    digest = job_module.file_digest(sounds)
    (sounds / "more" / "6.wav").rename(sounds / "more" / "8.wav")
    assert job_module.file_digest(sounds) != digest


# ---------------------------------------------------------------------------------------------------- one batch


def test_outputs_are_those_of_the_task(sounds, tmp_path):
    result = batch(sounds, tmp_path / "out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    assert (result.details["n_jobs"], result.details["n_done"], result.details["n_new"], result.exit_code) == (
        8,
        8,
        8,
        0,
    )
    for line, name in zip(results_of(Path(result.out)), [*(f"{i}.wav" for i in range(6)), "more/6.wav"], strict=False):
        edit(sounds / name, tmp_path / Path(name).name, do="gain -6dB", quiet=True)
        ((file, digest),) = line["files"].items()
        assert (Path(result.out) / file).read_bytes() == (tmp_path / Path(name).name).read_bytes()
        assert digest == job_module.file_digest(Path(result.out) / file)
        assert line["values"] == {"do": "gain -6dB", "source": name}
        assert (line["result"]["files"][0]["source"], line["result"]["out"]) == (name, Path(name).name)
    assert hidden_in(Path(result.out)) == []


def test_a_batch_runs_what_is_missing(sounds, tmp_path):
    out = tmp_path / "out"
    call = partial(batch, sounds, out, "edit", ("do=gain -6dB",), on="serial", quiet=True)
    call()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.wav")}
    first = files_of(out)
    assert call().details["n_new"] == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.wav")} == before
    soundfile.write(sounds / "0.wav", np.full(900, 0.25), 8000)
    shutil.rmtree(next(out.glob("1-*")))
    result = call()
    assert (result.details["n_done"], result.details["n_new"]) == (8, 2)
    kept = {name for name in first if not name.startswith(("0-", "results"))}
    assert {name: contents for name, contents in files_of(out).items() if name in kept} == {
        name: first[name] for name in kept
    }
    shutil.rmtree(out / ".wavewright-batch")  # the folders alone say what is done
    assert call().details["n_new"] == 0


def test_outputs_below_the_folder_of_files_are_no_jobs(sounds, monkeypatch):
    monkeypatch.chdir(sounds)
    for n_new in (8, 0):
        result = batch(".", task="edit", set=("do=gain -6dB",), on="serial", quiet=True)
        assert (result.details["n_jobs"], result.details["n_new"], result.out) == (8, n_new, "wavewright-batch")


def test_jobs_of_all_kinds(sounds, tmp_path):
    path = write_list(
        sounds / "jobs.jsonl",
        {"task": "phonemes", "text": "Hello 你"},
        {"task": "synthesise", "name": "laser", "variations": 2},
        {"task": "split", "file": "0.wav", "every": 0.05},
        {"task": "edit", "file": "0.wav", "do": "gain 1dB", "out": "louder.flac"},
        {"task": "edit", "file": "0.wav", "do": "gain 1dB", "out": "louder.flac"},
        {"task": "edit", "file": "0.wav", "do": "gian 1dB"},
        {"task": "edit", "file": "more", "do": "gain 1dB"},
        {"task": "edit", "file": "none.wav", "do": "gain 1dB"},
        {"task": "analyse", "file": "notes.txt"},
        {"task": "edit"},
    )
    result = batch(path, tmp_path / "out", on="serial", retries=0, quiet=True)
    lines = results_of(Path(result.out))
    assert [line["status"] for line in lines] == ["done"] * 5 + ["failed"] * 5
    assert (result.details["n_done"], result.details["n_new"], len(result.failed), result.exit_code) == (5, 5, 5, 2)
    assert "(none.wav)" in str(result.failed[-3].what)
    names = [sorted(Path(file).name for file in line.get("files", ())) for line in lines]
    assert names[0] == []
    assert names[1] == ["laser_01.wav", "laser_02.wav", "manifest.jsonl"]
    assert names[2] == ["0_01.wav", "0_02.wav", "manifest.jsonl"]
    assert names[3] == names[4] == ["louder.flac"]
    assert lines[3]["files"] == lines[4]["files"]
    assert "你" in lines[0]["warnings"][0]
    assert "did you mean gain" in _reasons(result)[6]
    assert (
        _reasons(result)[7]
        == f"{sounds / 'more'} is a folder, and a job works on one file; list its files, one a line."
    )
    assert _reasons(result)[8] == f"{sounds / 'none.wav'} does not exist; correct source."
    assert _reasons(result)[10] == "edit needs source; add it to the line."
    begin = f"5 of 10 jobs are done in {result.out}: 5 new, 5 failed\n  line 6 (0.wav): The chain has no"
    assert str(result).startswith(begin)


def test_a_text_stands_for_a_score(tmp_path):
    """Notes are jobs of their own with keys of their own, wherever their list lies."""
    lines = [{"task": "render", "score": note, "seconds": 0.5, "instrument": "sin(2*pi*f*t)"} for note in ("A4", "C5")]
    path = write_list(tmp_path / "notes.jsonl", *lines)
    result = batch(path, tmp_path / "out", on="serial", retries=0, quiet=True)
    files = [next(iter(record["files"])) for record in results_of(Path(result.out))]
    clips = [soundfile.read(Path(result.out) / file, always_2d=True) for file in files]
    heard = [np.abs(np.fft.rfft(samples[: rate // 2, 0])).argmax() * 2 for samples, rate in clips]
    assert heard == pytest.approx([440.0, 523.25], abs=2)
    assert batch(path, tmp_path / "out", on="serial", retries=0, quiet=True).details["n_new"] == 0
    (tmp_path / "elsewhere").mkdir()
    moved = write_list(tmp_path / "elsewhere" / "notes.jsonl", *lines)
    assert [key_of(job) for job in read_jobs(str(moved))] == [key_of(job) for job in read_jobs(str(path))]
    assert len({key_of(job) for job in read_jobs(str(path))}) == 2


def test_several_files_of_a_job_are_drawn_into_its_folder(sounds, tmp_path):
    path = write_list(
        sounds / "jobs.jsonl",
        {"task": "plot", "file": ["0.wav", "1.wav"]},
        {"task": "plot", "file": ["0.wav", "1.wav"], "out": "one.png"},
    )
    result = batch(path, tmp_path / "out", on="serial", retries=0, quiet=True)
    (names, failed) = results_of(Path(result.out))
    assert [Path(file).name for file in names["files"]] == ["0-plot.png", "1-plot.png"]
    assert failed["error"] == "There are 2 files, and one.png is one image; give a folder with --out."


def test_recordings_of_a_job_become_one_file(sounds, tmp_path):
    records = [
        {"task": "podcast", "keep_noise": True, **files}
        for files in ({"file": "0.wav"}, {"recordings": ["0.wav", "1.wav"]})
    ]
    result = batch(write_list(sounds / "jobs.jsonl", *records), tmp_path / "out", on="serial", quiet=True)
    assert not result.failed
    assert [[Path(file).name for file in each["files"]] for each in results_of(Path(result.out))] == [
        ["0.mp3"],
        ["0.mp3"],
    ]


def test_many_failures_are_counted(tmp_path):
    path = write_list(tmp_path / "jobs.jsonl", *({"task": "analyse", "file": f"{i}.wav"} for i in range(22)))
    result = batch(path, tmp_path / "out", on="serial", retries=0, quiet=True)
    assert len(str(result).splitlines()) == 22
    assert str(result).endswith(f"and 2 more; {result.details['results']} lists all")


def test_the_command_prints_counts_and_fails_with_its_jobs(sounds, tmp_path, capsys):
    arguments = ["batch", str(sounds), "--task", "edit", "--set", "do=gain 1dB", "--on", "serial", "--out"]
    assert run([*arguments, str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["details"]["n_done"] == 8
    (sounds / "3.wav").write_bytes(b"no sound")
    assert run([*arguments, str(tmp_path / "out"), "--retries", "0"]) == 2
    assert capsys.readouterr().out.startswith(f"7 of 8 jobs are done in {tmp_path / 'out'}: 0 new, 7 kept, 1 failed")


def test_models_stay_open(copied_gan):
    model = loading.load(copied_gan)
    assert loading.load(copied_gan) is not model
    with loading.models_stay_open():
        opened = loading.load(copied_gan)
        assert loading.load(copied_gan / ".") is opened
        card = copied_gan / "card.json"
        changed = json.loads(card.read_text())
        changed["files"].pop("sample.ogg")  # which the hash leaves out
        card.write_text(json.dumps(changed))
        assert loading.load(copied_gan) is opened
    assert loading.load(copied_gan) is not opened


def test_the_end_of_a_block_closes_its_own_models(copied_gan):
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(loading.models_stay_open())
        second.enter_context(loading.models_stay_open())
        opened = loading.load(copied_gan)
        first.close()  # as empty as the other one
        assert loading.load(copied_gan) is opened
        second.close()
        assert loading.load(copied_gan) is not opened


def test_a_batch_in_this_process_leaves_no_model_open(sounds, tmp_path, copied_gan):
    batch(sounds, tmp_path / "out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    assert loading.load(copied_gan) is not loading.load(copied_gan)


def test_the_model_that_was_used_longest_ago_is_closed(copied_gan, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "N_OPEN", 1)
    other = shutil.copytree(copied_gan, tmp_path / "other")
    with loading.models_stay_open():
        opened = loading.load(copied_gan)
        loading.load(other)
        assert loading.load(copied_gan) is not opened


# ------------------------------------------------------------------------------------------------------- shards


def test_shards_give_the_results_of_one_machine(sounds, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"

    def call(out, shard=None):
        return batch(sounds, out, "edit", ("do=gain -6dB",), shard=shard, on="serial", quiet=True)

    call(whole)
    first = call(parts, "2/3")
    assert (first.details["n_done"], first.details["n_waiting"]) == (3, 5)
    assert str(first).endswith("3 new, 5 wait for other shards")
    assert [line["status"] for line in results_of(parts)] == ["waiting", "done", "waiting"] * 2 + ["waiting", "done"]
    call(parts, "3/3")
    last = call(parts, "1/3")
    assert (last.details["n_done"], last.details["n_new"], last.details["n_waiting"]) == (8, 3, 0)
    assert files_of(parts) == files_of(whole)


def test_a_shard_runs_once_at_a_time(sounds, tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()
    with store.log("1-of-2"), pytest.raises(InUse):
        batch(sounds, tmp_path / "out", "edit", ("do=gain 1dB",), shard="1/2", on="serial", quiet=True)


# -------------------------------------------------------------------------------------------------------- store


def test_the_first_of_two_equal_jobs_stays(tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()
    with store.new("a-1") as slow:
        with store.new("a-1") as quick:
            (quick / "result.json").write_text('{"by": "quick"}')
        (slow / "result.json").write_text('{"by": "slow"}')
    assert store.output("a-1") == {"by": "quick"}
    assert store.names() == {"a-1"}
    assert store.output("a-2") is None
    assert hidden_in(store.folder) == []


def test_a_worker_remembers_no_folder_of_its_jobs(sounds, tmp_path):
    before = len(whole_file._swept)
    batch(sounds, tmp_path / "out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    assert len(whole_file._swept) <= before + 2  # the folder of the batch, and that of its logs


def test_a_job_that_fails_leaves_nothing(tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()

    def fail() -> None:
        with store.new("a-1") as folder:
            (folder / "half.wav").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.names() == set()
    assert hidden_in(store.folder) == []


def test_a_log_with_an_unfinished_line_is_read(tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()
    with store.log("1-of-1") as add:
        add({"job": "a", "time": 2.0})
    path = store.folder / ".wavewright-batch" / "1-of-1.jsonl"
    path.write_bytes(path.read_bytes() + b'{"job": "b", "ti')
    with store.log("1-of-1") as add:
        add({"job": "c", "time": 1.0})
    assert [record["job"] for record in store.records()] == ["c", "a"]


def test_a_folder_that_is_not_of_a_job_is_refused(tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()
    (store.folder / "a-1").mkdir()
    (store.folder / "a-1" / "result.json").write_text("{")
    with pytest.raises(BadFolder, match=r"is not the folder of a job; remove it"):
        store.output("a-1")


# ------------------------------------------------------------------------------------------- lanes and order


class ScriptedLane(Lane):
    """A lane whose jobs end as their values say: how often they are lost, then how often they fail."""

    def __init__(self, log: list[tuple[str, str]], tries: dict[str, int]) -> None:
        self.log, self.tries, self.is_stopped = log, tries, False
        self.n_running = 0

    def run(self, item: Item[str]) -> Answer:
        name = item.given
        self.tries[name] = self.tries.get(name, 0) + 1
        n_lost, n_failed = (int(digit) for digit in name[-2:])
        if self.tries[name] <= n_lost:
            self.log.append((name, "lost"))
            raise WorkerLost("Its process ended.")
        state = "failed" if self.tries[name] <= n_lost + n_failed else "done"
        self.log.append((name, state))
        return (Failed(item.what, "It fails.") if state == "failed" else DONE), {}

    def stop(self) -> None:
        self.is_stopped = True


def test_failures_and_losses_run_again_after_the_others():
    items = [Item(name, name) for name in ("a00", "b10", "c01", "d09", "e00")]
    lane = ScriptedLane([], {})
    ended = [(item.given, getattr(outcome, "reason", "")) for item, outcome in outcomes(items, these([lane]), 1)]
    assert ended == [("a00", ""), ("e00", ""), ("b10", ""), ("c01", ""), ("d09", "It fails.")]
    assert lane.tries == {"a00": 1, "b10": 2, "c01": 2, "d09": 2, "e00": 1}
    assert lane.is_stopped


def test_the_first_job_of_each_task_runs_alone(monkeypatch):
    jobs = [BatchJob(i, task, {"text": "x"}, ".") for i, task in enumerate(["speak", "speak", "phonemes", "speak"])]
    items, n_firsts = items_of(jobs)
    running, most, order = set(), {}, []
    lock = threading.Lock()

    class CountingLane(Lane):
        def run(self, item: Item[tuple[BatchJob, str]]) -> Answer:
            job = item.given[0]
            with lock:
                running.add(job.line)
                most[job.line] = len(running)
                order.append(job.line)
            time.sleep(0.02)  # in which one that must wait would begin
            with lock:
                running.discard(job.line)
            return DONE, {}

        def stop(self) -> None: ...

    monkeypatch.setattr("wavewright.base.runner.WARM_UP_SECONDS", LIMIT_SECONDS)
    assert len([*outcomes(items, these([CountingLane(), CountingLane(), CountingLane()]), 0, n_firsts)]) == 4
    assert order[:2] == [0, 2]
    assert most[0] == most[2] == 1
    assert sorted(order) == [0, 1, 2, 3]


def test_a_long_first_job_does_not_hold_the_others_back(monkeypatch):
    monkeypatch.setattr("wavewright.base.runner.WARM_UP_SECONDS", 0.0)
    barrier = threading.Barrier(2, timeout=LIMIT_SECONDS)

    class MeetingLane(Lane):
        def run(self, item: Item[int]) -> Answer:
            barrier.wait()  # both must run at once
            return DONE, {}

        def stop(self) -> None: ...

    items = [Item(f"line {i}", i) for i in range(2)]
    ended = [item.given for item, _ in outcomes(items, these([MeetingLane(), MeetingLane()]), n_alone=1)]
    assert sorted(ended) == [0, 1]


class LostLane(Lane):
    """A lane whose place is gone when it gets its first job."""

    def __init__(self, lost: set[int]) -> None:
        self.lost = lost

    def run(self, item: Item[int]) -> Answer:
        if item.given in self.lost:
            self.lost.discard(item.given)
            raise PlaceLost("gone")
        return DONE, {}

    def stop(self) -> None: ...


def test_jobs_of_a_lost_place_run_again_and_have_not_failed():
    items = [Item(f"line {i}", i) for i in range(6)]
    lost, counts = {1, 3}, iter([2, 1, 0, *[2] * 100])
    ended = [*outcomes(items, Lanes(lambda: LostLane(lost), lambda: next(counts)))]
    assert sorted(item.given for item, _ in ended) == [*range(6)]
    assert all(outcome is DONE for _, outcome in ended)


def test_without_a_place_a_batch_ends_with_a_sentence(monkeypatch):
    monkeypatch.setattr("wavewright.base.runner.NO_PLACE_SECONDS", 0.0)
    with pytest.raises(BadSetting, match="There has been no processor"):
        next(outcomes([Item("line 1", 1)], Lanes(lambda: LostLane(set()), lambda: 0)))


def test_a_worker_with_other_models_refuses(tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()
    job = BatchJob(1, "phonemes", {"text": "x"}, ".")
    with closing(JobWorker(store)) as worker:
        outcome, _ = answer_to(Item("line 1", (job, digest_of({"bundled": "other"}))), worker.run)
    assert outcome.reason == "The models of this worker are not those of the machine that started the batch."


def test_a_fault_of_a_task_fails_its_job_only(tmp_path, monkeypatch):
    from wavewright.apps.batch_jobs import worker

    store = FolderStore(tmp_path / "out")
    store.prepare()
    ((item,), _) = items_of([BatchJob(1, "phonemes", {"text": "x"}, ".")])
    faults = [(MemoryError(), "There is not enough memory"), (OSError(28, "x", "f"), "There is no space left")]
    for fault, sentence in [*faults, (ZeroDivisionError("by zero"), "Wavewright failed at line 1 (ZeroDiv")]:

        def fail(*_: object, fault: Exception = fault) -> None:
            raise fault

        monkeypatch.setattr(worker, "_call", fail)
        with closing(JobWorker(store)) as job_worker:
            assert answer_to(item, job_worker.run)[0].reason.startswith(sentence)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_dies_loses_only_its_job(tmp_path):
    store = FolderStore(tmp_path / "out")
    store.prepare()
    lane = in_processes(partial(begin_jobs, store)).new()
    first_job = BatchJob(1, "phonemes", {"text": "Hello."}, ".")
    endless_job = BatchJob(2, "synthesise", {"name": "rain", "seconds": 3600.0}, ".")
    again_job = BatchJob(3, "phonemes", {"text": "Again."}, ".")
    quick, endless, again = (items_of([job])[0][0] for job in (first_job, endless_job, again_job))
    try:
        assert isinstance(lane.run(quick)[0], JobOutcome)
        first = lane.process_id
        lost: list[str] = []

        def run_endless() -> None:
            with pytest.raises(WorkerLost) as caught:
                lane.run(endless)
            lost.append(str(caught.value))

        thread = threading.Thread(target=run_endless)
        thread.start()
        wait_until(lambda: any(path.is_dir() for path in store.folder.glob(".wavewright-*-*")))
        os.kill(first, signal.SIGKILL)
        thread.join(LIMIT_SECONDS)
        assert lost == ["Its process was ended by SIGKILL; the memory may be too small for it."]
        assert isinstance(lane.run(again)[0], JobOutcome)
        assert lane.process_id != first
    finally:
        lane.stop()
    store.sweep()
    assert hidden_in(store.folder) == []
    with pytest.raises(WorkerLost, match="stopped"):
        lane.run(quick)


KILLED_AFTER_3_JOBS = """
import os, signal
from wavewright.apps.batch_jobs import batch
from wavewright.apps.cli import main
outcomes = batch.outcomes

def outcomes_until_killed(*given):
    for number, ended in enumerate(outcomes(*given)):
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield ended

batch.outcomes = outcomes_until_killed
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_at_any_moment_a_batch_loses_and_repeats_nothing(sounds, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    path = write_list(
        sounds / "jobs.jsonl",
        *({"task": "edit", "file": f"{i % 6}.wav", "do": f"gain -{i + 1}dB"} for i in range(40)),
    )
    batch(path, whole, on="serial", quiet=True)
    arguments = ["batch", str(path), "--out", str(killed), "--jobs", "2", "--quiet"]
    with subprocess.Popen([sys.executable, "-c", KILLED_AFTER_3_JOBS, *arguments], start_new_session=True) as process:
        pass  # the workers end by themselves
    assert process.returncode == -signal.SIGKILL
    command = [sys.executable, "-m", "wavewright", *arguments]
    done = {name: (killed / name).stat().st_mtime_ns for name in FolderStore(killed).names()}
    assert 3 <= len(done) < 40
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert files_of(killed) == files_of(whole)
    assert {name: (killed / name).stat().st_mtime_ns for name in done} == done
    assert hidden_in(killed) == []


def catch_ctrl_c() -> None:
    """Let SIGINT end a process even if the tests run in the background, where a shell has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_the_workers_and_writes_the_results(sounds, tmp_path):
    out = tmp_path / "out"
    path = write_list(
        sounds / "jobs.jsonl",
        {"task": "phonemes", "text": "Hello."},
        {"task": "synthesise", "name": "rain", "seconds": 3600},
    )
    command = [sys.executable, "-m", "wavewright", "batch", str(path), "--out", str(out), "--jobs", "2", "--quiet"]
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stderr=subprocess.PIPE,
        preexec_fn=catch_ctrl_c,  # noqa: PLW1509 - it takes no lock
    )
    wait_until(
        lambda: (
            process.poll() is not None
            or (list(out.glob("phonemes-*")) and any(each.is_dir() for each in out.glob(".wavewright-*-*")))
        )
    )
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert (process.returncode, errors) == (130, b"")
    assert [line["status"] for line in results_of(out)] == ["done", "waiting"]
    assert hidden_in(out) == []


def test_a_shard_that_is_none_is_refused(sounds, tmp_path):
    with pytest.raises(BadSetting):
        batch(sounds, tmp_path / "out", "edit", shard="0/1")


# ----------------------------------------------------------------------------------------------- object storage


@pytest.fixture
def bucket(sounds):
    """A folder of sounds in fsspec's memory, and its file system."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    system.put(str(sounds), "/bucket", recursive=True)
    yield system
    system.store.clear()


def objects_of(system, folder: str) -> dict[str, bytes]:
    paths = [path for path in system.find(folder) if ".wavewright-batch" not in path]
    return {path.removeprefix(folder).lstrip("/"): system.cat_file(path) for path in paths}


def test_objects_are_those_of_a_folder(bucket, sounds, tmp_path):
    local = batch(sounds, tmp_path / "out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    remote = batch("memory://bucket", "memory://out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    assert (remote.details["n_done"], remote.details["n_new"], remote.details["results"]) == (
        8,
        8,
        "memory://out/results.jsonl",
    )
    assert objects_of(bucket, "/out") == files_of(Path(local.out))
    for n_new in (8, 0):
        inside = batch("memory://bucket", "memory://bucket/out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
        assert (inside.details["n_jobs"], inside.details["n_new"]) == (8, n_new)
    bucket.rm("/bucket/out", recursive=True)
    again = batch("memory://bucket", "memory://out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    assert (again.details["n_done"], again.details["n_new"]) == (8, 0)
    bucket.rm("/out/.wavewright-batch", recursive=True)  # the objects alone say what is done
    bucket.pipe_file("/bucket/0.wav", (sounds / "1.wav").read_bytes())
    changed = batch("memory://bucket", "memory://out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    assert (changed.details["n_done"], changed.details["n_new"]) == (8, 1)


def test_a_job_without_its_last_object_is_not_done(bucket, monkeypatch):
    call = partial(batch, "memory://bucket", "memory://out", "edit", ("do=gain -6dB",), on="serial", quiet=True)
    call()
    whole = objects_of(bucket, "/out")
    bucket.rm_file(next(path for path in bucket.find("/out") if "/3-" in path and path.endswith("result.json")))
    assert call().details["n_new"] == 1
    assert objects_of(bucket, "/out") == whole


def test_lists_and_files_at_urls(bucket, sounds, tmp_path):
    records = [{**GAIN, "file": "0.wav"}, {**GAIN, "file": "memory://bucket/more/6.wav"}, {**GAIN, "file": "no.wav"}]
    bucket.pipe_file("/bucket/jobs.jsonl", "".join(json.dumps(each) + "\n" for each in records).encode())
    result = batch("memory://bucket/jobs.jsonl", (tmp_path / "out").as_uri(), on="serial", retries=0, quiet=True)
    assert (result.details["n_done"], _reasons(result)) == (2, {3: "memory://bucket/no.wav does not exist."})
    edit(sounds / "0.wav", tmp_path / "0.wav", do="gain -6dB", quiet=True)
    assert next((tmp_path / "out").glob("0-*/0.wav")).read_bytes() == (tmp_path / "0.wav").read_bytes()
    mixed = write_list(tmp_path / "jobs.jsonl", {**GAIN, "file": "memory://bucket/0.wav"})
    assert batch(mixed, tmp_path / "out", on="serial", quiet=True).details["n_new"] == 0  # the same content


def test_many_records_are_objects_of_their_own(bucket, monkeypatch):
    monkeypatch.setattr(store_module, "N_BUFFERED", 3)
    store = RemoteStore("memory://out")
    with store.log("1-of-1") as add:
        for index in range(7):
            add({"job": str(index), "time": index})
    assert len(bucket.ls("/out/.wavewright-batch")) == 3
    assert [record["job"] for record in store.records()] == [str(index) for index in range(7)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["memory://nothing", "--task", "edit"],
            "memory://nothing is neither a folder nor a .jsonl, .json or .csv file",
        ),
        (["memory://none.jsonl"], "memory://none.jsonl does not exist."),
        (["nix://a.jsonl"], "nix://a.jsonl cannot be used (ValueError: Protocol not known: nix)."),
        (
            ["memory://bucket", "--task", "edit", "--out", "memory://out"],
            "memory://out is in the memory of this process",
        ),
        (["memory://bucket", "--task", "edit", "--on", "spark"], "--on is spark; string should match pattern"),
    ],
)
def test_urls_that_cannot_be_used_are_refused(bucket, capsys, arguments, sentence):
    assert refused(capsys, "batch", *arguments).startswith(sentence)


def test_without_fsspec_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert refused(capsys, "batch", "s3://a/b.jsonl").startswith("s3://a/b.jsonl is in object storage; run pip install")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="--on ray needs the extra ray"), ray_lanes("ray", 1, lambda: len):
        pass


# ---------------------------------------------------------------------------------------------------------- Ray


class FakeRay:
    """What `RayLane` uses of Ray, with actors in this process; the first job that says so ends its actor."""

    class exceptions:
        class RayActorError(Exception): ...

        class WorkerCrashedError(Exception): ...

        class NodeDiedError(Exception): ...

    def __init__(self) -> None:
        self.killed: list[object] = []
        self.calls: list[object] = []
        self.n_actors = 0
        self.lost = {"die"}
        self.is_running = False

    def init(self, address, **options):
        self.calls.append((address, options))
        if address == "ray://nowhere:1":
            raise ConnectionError("ray client connection timeout")
        self.is_running = True

    def is_initialized(self):
        return self.is_running

    def shutdown(self):
        self.is_running = False

    def nodes(self):
        return [{"NodeID": "a", "Alive": True, "Resources": {"CPU": 3.0}}, {"NodeID": "b", "Alive": False}]

    def wait(self, references, timeout):
        return references, []

    def remote(self, **options):
        fake = self

        class Method:
            def __init__(self, function):
                self.remote = function

        class Actor:
            def __init__(self, worker):
                def run_job(item):
                    if item.given[0].values.get("text") in fake.lost:
                        fake.lost.clear()
                        raise fake.exceptions.RayActorError
                    return worker.run(item)

                self.run, self.node = Method(run_job), Method(lambda: "a")

        def actor_class(of):
            def start(*arguments):
                fake.n_actors += 1
                return Actor(of(*arguments))

            return Method(start)

        return actor_class

    def get(self, outcome):
        return outcome

    def kill(self, actor):
        self.killed.append(actor)


def test_actors_run_jobs_and_are_replaced(monkeypatch, tmp_path):
    fake = FakeRay()
    monkeypatch.setattr(ray_lanes_module, "LOSS_SECONDS", 0.0)
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(loading, "_shelves", [])  # actors are in this process, and killed with the models they opened
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    path = write_list(tmp_path / "jobs.jsonl", *({"task": "phonemes", "text": text} for text in ("a", "die", "b")))
    result = batch(path, tmp_path / "out", on="ray", jobs=1, retries=1, quiet=True)
    assert (result.details["n_done"], result.details["n_new"], fake.n_actors, len(fake.killed)) == (3, 3, 2, 1)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    ((address, options),) = fake.calls
    assert (address, options["num_cpus"], options["include_dashboard"]) == (None, 1, False)
    assert not fake.is_running
    fake.lost.add("die again")
    path = write_list(tmp_path / "jobs.jsonl", {"task": "phonemes", "text": "die again"})
    failed = batch(path, tmp_path / "out", on="ray://head:10001", retries=0, quiet=True)
    assert _reasons(failed) == {1: "Its worker on the cluster ended; the memory may be too small for it."}
    assert fake.calls[1] == ("ray://head:10001", {"logging_level": "ERROR", "log_to_driver": False})
    with pytest.raises(BadSetting, match=r"^No Ray cluster answers for --on ray://nowhere:1 \(ray client"):
        batch(path, tmp_path / "other", on="ray://nowhere:1", quiet=True)
    with ray_lanes("ray", 0, lambda: len) as lanes:
        assert lanes.count() == 3
        lane = lanes.new()
        lane.stop()
        with pytest.raises(WorkerLost, match="stopped"):
            lane.run(Item("line 1", ()))


@pytest.fixture
def cluster(monkeypatch):
    """A cluster of two nodes of one processor each on this machine; its address is in the environment."""
    if "WAVEWRIGHT_TEST_RAY" not in os.environ:
        pytest.skip("a cluster needs some gigabytes; set WAVEWRIGHT_TEST_RAY")
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.second = nodes.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    yield nodes
    nodes.shutdown()


IMPATIENT = """
from wavewright.apps.batch_jobs import ray_lanes
from wavewright.apps.cli import main
ray_lanes.SILENT_SECONDS = 5.0
main()
"""


def started_on_ray(jobs, out):
    command = [sys.executable, "-c", IMPATIENT, "batch", str(jobs), "--out", str(out), "--on", "ray"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_folders(out, n, process):
    """Wait until a batch has made so many folders of outputs, or ended."""
    while len(list(out.glob("*/result.json"))) < n and process.poll() is None:
        time.sleep(0.1)


def sentences(path, count):
    """Write a list of sentences to speak."""
    return write_list(path, *({"task": "speak", "text": f"Sentence {n}.", "out": f"{n}.flac"} for n in range(count)))


def test_jobs_survive_the_loss_of_a_node_and_of_actors_and_a_new_node_helps(cluster, tmp_path):
    jobs = sentences(tmp_path / "jobs.jsonl", 120)
    process = started_on_ray(jobs, tmp_path / "cluster")
    wait_for_folders(tmp_path / "cluster", 20, process)
    cluster.remove_node(cluster.second, allow_graceful=False)
    wait_for_folders(tmp_path / "cluster", 50, process)
    cluster.add_node(num_cpus=1)
    for n in (70, 90):
        wait_for_folders(tmp_path / "cluster", n, process)
        actors = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if is_actor(path)]
        os.kill(actors[0], signal.SIGKILL)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    batch(jobs, tmp_path / "serial", on="serial", quiet=True)
    assert files_of(tmp_path / "cluster") == files_of(tmp_path / "serial")


def is_actor(path):
    """Whether a process has the name that Ray gives to the process of an actor of ours."""
    try:
        return path.read_bytes().startswith(b"ray::RayWorker")
    except OSError:
        return False


def test_a_head_that_is_gone_is_a_sentence_and_nothing_is_lost(cluster, tmp_path):
    process = started_on_ray(sentences(tmp_path / "jobs.jsonl", 600), tmp_path / "cluster")
    wait_for_folders(tmp_path / "cluster", 20, process)
    cluster.head_node.kill_gcs_server()
    output, _ = process.communicate()
    assert (process.returncode, "does not answer any more" in output) == (2, True), output
    n_kept = len(list((tmp_path / "cluster").glob("*/result.json")))
    result = batch(sentences(tmp_path / "jobs.jsonl", n_kept + 5), tmp_path / "cluster", on="serial", quiet=True)
    assert n_kept >= 20
    assert result.details["n_done"] == n_kept + 5
    assert 5 <= result.details["n_new"] <= 10  # those that ran as the head went are not the first ones of the list
