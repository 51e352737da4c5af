"""The verb transcribe: beats, bars, scores, files, errors."""

from __future__ import annotations

import contextlib
import itertools
import json

import numpy as np
import pytest
from command_line import refused
from test_transcription import RATE, SCALE, melody

import wavewright
from wavewright import Clip
from wavewright.apps.cli import run
from wavewright.base import runner
from wavewright.base.errors import BadAudio, BadFolder, BadSetting, ScoreWarning
from wavewright.inference.transcription import MelodyNote, score_of, track_beats
from wavewright.music.bars import bars_of
from wavewright.music.formats import read_score
from wavewright.outputs.manifest_file import add_records
from wavewright.plots import read_png_title

BEAT_S = 0.5


def notes_of_beats(lengths, pitches=SCALE, start_s=0.0, beat_s=BEAT_S, deviation_s=0.0, seed=0) -> list[MelodyNote]:
    """Notes whose lengths are beats, each a little early or late."""
    rng, notes, time = np.random.default_rng(seed), [], start_s
    for index, length in enumerate(lengths):
        onset = max(0.0, time + deviation_s * rng.standard_normal())
        end = time + length * beat_s
        notes.append(MelodyNote(onset, end, pitches[index % len(pitches)], 0.0, 100))
        time = end
    return notes


LENGTHS = (1, 1, 0.5, 0.5, 1, 2, 1, 1, 1.5, 0.5, 2, 2) * 3


@pytest.mark.parametrize("beat_s", [0.46, 0.5, 0.65])
@pytest.mark.parametrize("start_s", [0.0, 0.13, 2.2])
def test_beats_are_tracked(beat_s, start_s):
    notes = notes_of_beats(LENGTHS, start_s=start_s, beat_s=beat_s, deviation_s=0.01)
    beats = track_beats(notes, notes[-1].end_s + 0.2)
    assert beats.tempo == pytest.approx(60 / beat_s, rel=0.03)
    expected = np.arange(start_s, notes[-1].end_s, beat_s)
    errors = np.abs(beats.times_s[:, None] - expected).min(axis=0)
    assert np.quantile(errors, 0.95) < 0.05
    assert (np.diff(beats.times_s) > 0).all()


@pytest.mark.parametrize("bpm", [72, 84, 96, 108, 120, 132])
@pytest.mark.parametrize("lengths", [LENGTHS, (1, 1, 0.5, 0.5, 1) * 9, (1.5, 0.5, 1, 1) * 9])
def test_the_tempo_is_that_of_the_beat(bpm, lengths):
    notes = notes_of_beats(lengths, start_s=0.3, beat_s=60 / bpm, deviation_s=0.01)
    assert track_beats(notes, notes[-1].end_s + 0.2).tempo == pytest.approx(bpm, rel=0.03)


def test_beats_follow_a_tempo_that_changes():
    times = np.cumsum(np.linspace(0.6, 0.45, 48))
    notes = [MelodyNote(a, b, 60 + i % 5, 0.0, 90) for i, (a, b) in enumerate(itertools.pairwise(times))]
    beats = track_beats(notes, float(times[-1]))
    errors = np.abs(beats.times_s[:, None] - times[:-1]).min(axis=0)
    assert np.quantile(errors, 0.9) < 0.04


@pytest.mark.parametrize("beats_per_bar", [3, 4])
def test_bars_begin_with_long_loud_notes(beats_per_bar):
    notes = []
    for bar in range(10):
        for beat in range(beats_per_bar):
            start = 0.25 + BEAT_S * (1 + bar * beats_per_bar + beat)  # after an upbeat
            notes.append(MelodyNote(start, start + 0.4, 60 + beat, 0.0, 110 if beat == 0 else 60))
    notes = [MelodyNote(0.25, 0.7, 55, 0.0, 60), *notes]
    beats = track_beats(notes, notes[-1].end_s)
    assert beats.beats_per_bar == beats_per_bar
    score = score_of(notes, beats, 16)
    first = score.tracks[0].notes["start"][1]
    assert any(bar.start == first and bar.numerator == beats_per_bar for bar in bars_of(score))


@pytest.mark.parametrize("n_notes", [0, 1, 2])
def test_few_notes_have_beats(n_notes):
    notes = notes_of_beats((1,) * n_notes, start_s=0.3)
    beats = track_beats(notes, 2.0)
    assert len(beats.times_s) >= 2
    assert score_of(notes, beats).n_notes == n_notes


def test_exact_scores_keep_the_times():
    notes = notes_of_beats(LENGTHS, start_s=0.37, deviation_s=0.03)
    score = score_of(notes, track_beats(notes, 30.0))
    rows = score.tracks[0].notes
    starts = score.tempo_map.seconds(rows["start"])
    ends = score.tempo_map.seconds(rows["start"] + rows["duration"])
    np.testing.assert_allclose(starts, [note.start_s for note in notes], atol=1e-3)
    np.testing.assert_allclose(ends[-1], notes[-1].end_s, atol=1e-3)
    assert (rows["start"][1:] >= (rows["start"] + rows["duration"])[:-1]).all()


@pytest.mark.parametrize("quantise", [4, 8, 12, 16, 24, 32])
def test_quantised_notes_lie_on_the_grid(quantise):
    notes = notes_of_beats(LENGTHS, deviation_s=0.02)
    score = score_of(notes, track_beats(notes, 30.0), quantise)
    rows, step = score.tracks[0].notes, 4 * score.ticks_per_quarter // quantise
    assert (rows["start"] % step == 0).all()
    assert (rows["duration"] % step == 0).all()
    assert (rows["duration"] > 0).all()
    assert (np.diff(rows["start"]) > 0).all()


def test_quantised_lengths_are_those_that_were_played():
    notes = notes_of_beats(LENGTHS, deviation_s=0.015)
    score = score_of(notes, track_beats(notes, 30.0), 16)
    lengths = np.diff(score.tracks[0].notes["start"]) / score.ticks_per_quarter
    assert lengths.tolist() == [*LENGTHS[:-1]]


def test_other_quantisations_are_refused():
    with pytest.raises(BadSetting, match="7"):
        score_of([], track_beats([], 1.0), 7)


@pytest.fixture
def recording(tmp_path):
    wave = np.concatenate([melody(SCALE, 0.4), melody(SCALE[::-1], 0.4)], axis=1)
    return Clip(wave, RATE).write(tmp_path / "scale.wav")


@pytest.mark.parametrize("ending", ["mid", "musicxml", "mxl", "abc"])
def test_scores_are_written(recording, tmp_path, ending):
    out = tmp_path / f"tune.{ending}"
    loud = pytest.warns(ScoreWarning, match=r"Left out: velocities of notes\.")
    with loud if ending == "abc" else contextlib.nullcontext():
        result = wavewright.transcribe(recording, out, quiet=True)
    pitches = read_score(out).tracks[0].notes["pitch"].tolist()
    assert pitches == [note.pitch for note in result.details["notes"]] == [*SCALE, *SCALE[::-1]]
    assert result.details["key"] == "C major"
    assert str(result).startswith(f"{out}: {result.seconds:.2f} s\n  16 notes from C4 to G4\n")


def test_a_midi_file_is_in_time_with_the_recording(recording, tmp_path):
    result = wavewright.transcribe(recording, tmp_path / "tune.mid", quiet=True)
    score = read_score(tmp_path / "tune.mid")
    starts = score.tempo_map.seconds(score.tracks[0].notes["start"])
    np.testing.assert_allclose(starts, [note.start_s for note in result.details["notes"]], atol=2e-3)


def test_json_has_notes_and_beats_and_the_plot_its_title(recording, tmp_path, capsys):
    out, plot = tmp_path / "tune.json", tmp_path / "tune.png"
    assert run(["transcribe", str(recording), "--out", str(out), "--plot", str(plot), "--quiet", "--json"]) == 0
    printed, written = json.loads(capsys.readouterr().out), json.loads(out.read_text())
    assert written["notes"] == printed["details"]["notes"]
    assert written["notes"][0]["pitch"] == 60
    assert written["beats_s"] == sorted(written["beats_s"])
    assert read_png_title(plot) == "scale.wav"


def test_settings_reach_the_transcription(recording, tmp_path):
    result = wavewright.transcribe(
        recording, tmp_path / "a.mid", pitches="E4..G4", metre="3/4", tempo=75, quantise=8, quiet=True
    )
    assert {note.pitch for note in result.details["notes"]} == {64, 65, 67}
    assert result.details["metre"] == "3/4"
    score = read_score(tmp_path / "a.mid")
    assert (score.tracks[0].notes["start"] % (score.ticks_per_quarter // 2) == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "tune.doc"], "no score"),
        (["--out", "missing/tune.mid"], "does not exist"),
        (["--quantise", "5"], "quantised to 5"),
        (["--metre", "6/8"], "no metre"),
        (["--pitches", "G4..C4"], "begins above"),
        (["--plot", "tune.jpg"], ".png"),
        (["--min-note", "7"], "--min-note"),
    ],
)
def test_wrong_options_give_one_sentence(recording, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, "transcribe", str(recording), *options)
    assert [path.name for path in tmp_path.iterdir()] == ["scale.wav"]


def test_recordings_without_notes_are_refused(tmp_path):
    noise = np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)
    for wave in (np.zeros((2, RATE), np.float32), 0.1 * noise):
        path = Clip(wave, RATE).write(tmp_path / "nothing.wav")
        with pytest.raises(BadAudio, match="no notes"):
            wavewright.transcribe(path, tmp_path / "a.mid", quiet=True)
    with pytest.raises(BadFolder):
        wavewright.transcribe(path, tmp_path, quiet=True)
    with pytest.raises(BadAudio):
        wavewright.transcribe(tmp_path / "none.wav", tmp_path / "a.mid", quiet=True)
    assert not (tmp_path / "a.mid").exists()


def test_a_score_that_was_not_named_is_not_replaced(recording, tmp_path, monkeypatch, capsys):
    """That of the song from which the recording was rendered, for instance."""
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / f"{recording.stem}.mid"
    mine.write_bytes(b"mine")
    assert f"{mine.name} exists" in refused(capsys, "transcribe", str(recording))
    assert mine.read_bytes() == b"mine"
    assert run(["transcribe", str(recording), "--out", mine.name, "--quiet"]) == 0
    assert mine.read_bytes().startswith(b"MThd")


# --- folders


@pytest.fixture
def folder(recording, tmp_path):
    songs = tmp_path / "songs"
    (songs / "more").mkdir(parents=True)
    Clip.read(recording).write(songs / "scale.wav")
    Clip(melody(SCALE[:5], 0.3), RATE).write(songs / "scale.flac")  # would have the same score
    Clip(melody(SCALE[2:6], 0.5), RATE).write(songs / "more" / "part.wav")
    return songs


def test_a_folder_is_transcribed_once(folder, tmp_path):
    result = wavewright.transcribe(folder, quiet=True, workers=1)
    out = tmp_path / "songs-transcribed"
    scores = {str(path.relative_to(out)) for path in out.rglob("*.mid")}
    assert scores == {"scale.mid", "scale.wav.mid", "more/part.mid"}
    assert not result.failed
    pitches = read_score(out / "more" / "part.mid").tracks[0].notes["pitch"].tolist()
    assert pitches == [*SCALE[2:6]]
    lines = (out / "manifest.jsonl").read_text().splitlines()
    records = {json.loads(line)["audio_filepath"]: json.loads(line) for line in lines}
    assert records["more/part.mid"]["n_notes"] == 4
    assert records["more/part.mid"]["source"] == "more/part.wav"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.mid")}
    again = wavewright.transcribe(folder, quiet=True, workers=1)
    assert [file.is_new for file in again.files] == [False] * 3
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*.mid")}


def test_a_kill_loses_no_scores_of_a_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "KEEP_SECONDS", 0.0)
    records = []
    with monkeypatch.context() as context:
        context.setattr(
            "wavewright.outputs.converted_folder.add_records",
            lambda out, added: records.append(added) or (len(records) < 5 and add_records(out, added)),
        )  # the last call, with all, never comes
        wavewright.transcribe(folder, tmp_path / "scores", quiet=True, workers=1)
    assert [len(each) for each in records] == [0, 1, 1, 1, 3]
    again = wavewright.transcribe(folder, tmp_path / "scores", quiet=True, workers=1)
    assert sum(file.is_new for file in again.files) == 0


def test_a_folder_of_somebody_s_scores_is_not_written_to(folder, tmp_path):
    mine = tmp_path / "scores" / "more" / "part.mid"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(BadFolder, match=r"part.mid exists, and no call made it"):
        wavewright.transcribe(folder, tmp_path / "scores", quiet=True, workers=1)
    assert mine.read_bytes() == b"mine"
    assert [path.name for path in (tmp_path / "scores").rglob("*") if path.is_file()] == ["part.mid"]


def test_other_settings_and_other_recordings_are_transcribed_again(folder, tmp_path):
    out = tmp_path / "notes"
    wavewright.transcribe(folder, out, format="json", quiet=True, workers=1)
    Clip(melody(SCALE[:2], 0.5), RATE).write(folder / "more" / "part.wav")
    changed = wavewright.transcribe(folder, out, format="json", quiet=True, workers=1)
    assert {file.source.name for file in changed.files if file.is_new} == {"part.wav"}
    assert len(json.loads((out / "more" / "part.json").read_text())["notes"]) == 2
    again = wavewright.transcribe(folder, out, format="json", tempo=80, quiet=True, workers=1)
    assert all(file.is_new for file in again.files)


def test_failures_of_a_folder_are_listed(folder, tmp_path, capsys):
    Clip(np.zeros((1, RATE), np.float32), RATE).write(folder / "silent.wav")
    (folder / "broken.wav").write_bytes(b"RIFF")
    out = tmp_path / "scores"
    code = run(["transcribe", str(folder), "--out", str(out), "--format", "abc", "--workers", "1", "--quiet"])
    printed = capsys.readouterr().out
    assert code == 2
    assert "\n3 of 5 files, " in printed
    assert "silent.wav has no notes" in printed
    assert len(list(out.rglob("*.abc"))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "a.png"], "is a folder; leave --plot out"),
        (["--quantise", "5"], "quantised to 5"),
        (["--out", "songs"], "never replaced"),
    ],
)
def test_wrong_options_of_a_folder_are_refused_before_any_work(folder, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, "transcribe", "songs", *options)
    assert not list(tmp_path.rglob("*.mid"))


def test_a_format_that_the_file_does_not_have_is_refused(recording, tmp_path, capsys):
    message = refused(capsys, "transcribe", str(recording), "--out", str(tmp_path / "a.mid"), "--format", "abc")
    assert "--format is abc" in message


# --- accompaniments of recordings


def test_a_recording_is_accompanied_in_time(recording, tmp_path):
    result = wavewright.accompany(recording, tmp_path / "a.mid", style="pop", quiet=True)
    assert "bass" in result.details["parts"]
    score = read_score(tmp_path / "a.mid")
    starts = score.tempo_map.seconds(score.tracks[0].notes["start"])
    expected = np.concatenate([0.1 + 0.4 * np.arange(8), 3.5 + 0.4 * np.arange(8)])
    np.testing.assert_allclose(starts, expected, atol=0.07)


def test_the_recording_is_in_the_mix(recording, tmp_path):
    out = tmp_path / "a.wav"
    wavewright.accompany(recording, out, style="pop", balance_db=-30, quiet=True)
    mixed, alone = Clip.read(out).mono().wave[0], Clip.read(recording).resample(44_100).wave[0]
    assert Clip.read(out).n_channels == 2
    mixed = mixed[: len(alone)]
    assert np.corrcoef(mixed, alone[: len(mixed)])[0, 1] > 0.98
    wavewright.accompany(recording, out, style="pop", balance_db=6, quiet=True)
    assert np.corrcoef(Clip.read(out).mono().wave[0][: len(alone)], alone)[0, 1] < 0.7


def test_recordings_that_cannot_be_accompanied_are_refused(tmp_path, capsys):
    silent = Clip(np.zeros((1, RATE), np.float32), RATE).write(tmp_path / "silent.wav")
    assert "no notes" in refused(capsys, "accompany", str(silent), "--out", str(tmp_path / "a.mid"), "--quiet")
    (tmp_path / "tune.abc").write_text("X:1\nK:C\nCDEF|\n")
    assert "--tempo" in refused(capsys, "accompany", str(tmp_path / "tune.abc"), "--tempo", "90")
    assert not (tmp_path / "a.mid").exists()
