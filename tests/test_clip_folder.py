"""Clips that several calls write into one folder are all there, all listed and all whole."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavewright.base.errors import BadFolder
from wavewright.base.names import MAX_STEM_BYTES, file_stem
from wavewright.data import manifest
from wavewright.outputs.clip_folder import OutputClip, write_clips
from wavewright.outputs.manifest_file import MANIFEST_FILE

WRITE = """
import sys
from pathlib import Path
from test_clip_folder import write_often
write_often(Path(sys.argv[1]), sys.argv[2])
"""

STOP = """
import signal
import sys
import time
from pathlib import Path
from wavewright.apps import cli
from test_clip_folder import made

def clips():
    yield from made("stopped", 3)
    print("three", flush=True)
    while True:
        time.sleep(0.02)  # a signal just before a long sleep would wait for its end

def run(arguments):
    from wavewright.outputs.clip_folder import write_clips
    write_clips(clips(), 8_000, Path(arguments[0]), "wav")

signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run where these are ignored
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
cli.group = lambda *_: type("Command", (), {"main": lambda self, arguments, *_, **__: run(arguments)})()
cli.main()
"""


def made(name, count):
    for index in range(count):
        wave = np.full((1, 50 + index), 0.25, np.float32)
        yield OutputClip(wave, f"{name}-{index}", {"model": "m", "model_hash": "0", "name": name, "index": index})


def write_often(out, name):
    rng = random.Random(name)
    for call in range(4):
        write_clips(made(f"{name}-{call}", rng.randint(1, 4)), 8_000, out, rng.choice(("wav", "flac")))
        write_clips(made("shared", rng.randint(1, 4)), 8_000, out, "wav")


def python(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_and_threads_write_into_one_folder(tmp_path):
    out = tmp_path / "out"
    processes = [python(WRITE, str(out), f"process{number}") for number in range(3)]
    threads = [threading.Thread(target=write_often, args=(out, f"thread{number}")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3
    records = [json.loads(line) for line in (out / MANIFEST_FILE).read_text().split("\n")[:-1]]
    names = sorted(record["audio_filepath"] for record in records)
    assert names == sorted(path.name for path in out.iterdir() if path.name != MANIFEST_FILE)
    for record in records:
        assert soundfile.read(out / record["audio_filepath"])[0].shape == (50 + record["index"],)
    assert len(manifest.read(out / MANIFEST_FILE).entries) == len(names) > 7 * 4


def test_two_clips_of_one_name_are_not_written_over_each_other(tmp_path):
    def clips(origin):
        yield OutputClip(np.zeros((1, 50), np.float32), "same", {"model": "m", "model_hash": origin})

    def meanwhile():
        yield from clips("first")
        write_clips(clips("second"), 8_000, tmp_path, "wav")

    with pytest.raises(BadFolder, match=r"same\.wav exists already and is another clip"):
        write_clips(meanwhile(), 8_000, tmp_path, "wav")
    assert json.loads((tmp_path / MANIFEST_FILE).read_text())["model_hash"] == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST_FILE, "same.wav"]


def test_lines_of_others_stay_as_they_are(tmp_path):
    before = '{"audio_filepath":"a\u2028b.wav",  "pitch": 1e308, "more": [1, {"a": null}]}\r\n'
    (tmp_path / MANIFEST_FILE).write_bytes(before.encode())
    write_clips(made("new", 1), 8_000, tmp_path, "wav")
    lines = (tmp_path / MANIFEST_FILE).read_text().split("\n")
    assert lines[0] == before.rstrip()
    assert json.loads(lines[1])["audio_filepath"] == "new-0.wav"


@pytest.mark.parametrize(
    "line", ['{"audio_filepath": 5}', "[" * 100_000, "9" * 5_000, '{"a": 1}', "[]", "audio_filepath"]
)
def test_a_manifest_of_another_kind_is_refused_before_there_is_any_work(tmp_path, line):
    (tmp_path / MANIFEST_FILE).write_text(line)
    with pytest.raises(BadFolder, match="is not a manifest of clips, so it cannot be added to"):
        write_clips(iter([]), 8_000, tmp_path, "wav")
    assert [path.read_text() for path in tmp_path.iterdir()] == [line]


@pytest.mark.parametrize(
    "names", [("m" * 300, "kick", "s0", "000"), ("ü" * 150, "000"), ("\U0001f600" * 90,), ("a/../b", "\u2028")]
)
def test_names_are_short_enough_for_every_file_system(tmp_path, names):
    stem = file_stem(*names)
    assert len(stem.encode()) <= MAX_STEM_BYTES
    assert file_stem(*names) == stem
    (tmp_path / f"{stem}.flac").touch()
    assert [path.name for path in tmp_path.iterdir()] == [f"{stem}.flac"]
    assert file_stem("m" * 300, "a") != file_stem("m" * 301, "a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without telling them")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_an_ended_call_leaves_nothing(tmp_path, number):
    out = tmp_path / "out"
    with python(STOP, str(out)) as process:
        assert process.stdout.readline() == "three\n"
        assert len(list(out.rglob("*.wav"))) == 3
        process.send_signal(number)
        assert process.wait() == 128 + number
        assert process.stderr.read() == ""
    assert not out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_next_call_removes_what_a_killed_one_left(tmp_path):
    out = tmp_path / "out"
    with python(STOP, str(out)) as killed, python(STOP, str(out)) as living:
        for process in (killed, living):
            assert process.stdout.readline() == "three\n"
        killed.kill()
        killed.wait()
        write_clips(made("next", 2), 8_000, out, "wav")
        hidden = {path.name for path in out.iterdir()} - {MANIFEST_FILE, "next-0.wav", "next-1.wav"}
        assert {name.split("-")[1] for name in hidden} == {str(living.pid)}, "only the living call's are there"
        living.kill()
    write_clips(made("last", 1), 8_000, out, "wav")
    assert {path.name for path in out.iterdir()} == {MANIFEST_FILE, "next-0.wav", "next-1.wav", "last-0.wav"}


@pytest.mark.parametrize("peak", [0.99, 2.0])
def test_clipped_samples_are_reported(tmp_path, peak):
    wave = np.zeros((1, 800), np.float32)
    wave[0, :3] = peak
    clip = OutputClip(wave, "loud", {"model": "m", "model_hash": "0"})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        write_clips(iter([clip]), 8_000, tmp_path / "out", "wav")
    sentences = [str(each.message) for each in said]
    assert [sentence.partition(" and ")[0] for sentence in sentences] == (
        [f"{tmp_path / 'out' / 'loud.wav'}: 3 samples (0.38 %) exceeded full scale by up to 6.0 dB"] if peak > 1 else []
    )
