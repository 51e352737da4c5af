"""Recognition of files and streams: windows, events, spotting, thresholds, and the command."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.pcm import to_pcm
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.contracts.recognition import Calibration
from wavewright.data.folder import scan
from wavewright.inference.recognition.recogniser import RecordingRecogniser, SlidingWindows, events_of
from wavewright.inference.recognition.spotting import (
    KeywordSpotter,
    SpotterSettings,
    calibrate_spotter,
    card_settings,
    count_alarms,
)
from wavewright.tasks.recognise import recognise

RATE = 8_000


class ToneClassifier:
    """Recognises tones of 1 kHz (low) and 2 kHz (high), and noise (_noise), by their share of the power."""

    name = "tones"
    labels = ("low", "high", "_noise")
    sample_rate = RATE
    window_samples = 4_000
    output = "softmax"
    frame_samples = 0
    is_aligned = False
    calibration = Calibration(temperature=1.0, min_fit=4.0, n_clips=50)
    card = SimpleNamespace(metrics={"spotting": {"threshold": 0.9}})
    folder = SimpleNamespace(hash="0123456789ab")

    def logits(self, wave: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.rfft(wave, 4_000)) ** 2
        shares = np.array([power[495:506].sum(), power[995:1_006].sum()]) / power.sum()
        return np.array([*(10 * shares), 4.5 - 10 * shares.sum()])


def tone(hz: float, seconds: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.01 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def chunks_of(wave: np.ndarray, seed: int) -> list[np.ndarray]:
    """A wave cut at random places."""
    cuts = np.sort(np.random.default_rng(seed).integers(0, len(wave), 40))
    return np.split(wave, cuts)


@pytest.mark.parametrize(("n", "n_window", "n_hop"), [(10, 4, 2), (11, 4, 4), (3, 4, 1), (8, 4, 4), (1, 4, 2)])
def test_windows_cover_every_sample_once_or_more(n, n_window, n_hop):
    wave = np.arange(1, n + 1, dtype=np.float32)
    windows = SlidingWindows(n_window, n_hop)
    cut = [*windows.push(wave[:3]), *windows.push(wave[3:]), *windows.finish()]
    padded = np.concatenate([wave, np.zeros(n_window)])
    for index, window in enumerate(cut):
        np.testing.assert_array_equal(window, padded[index * n_hop :][:n_window])
    assert set(np.concatenate(cut)) >= set(wave)
    assert len(cut) == 1 + max(0, -(-(n - n_window) // n_hop))


def test_a_recording_has_the_label_of_most_of_its_windows():
    wave = np.concatenate([tone(1_000, 3), tone(2_000, 1)])
    result = RecordingRecogniser(ToneClassifier(), n_labels=2).recognise([wave[None, :9_000], wave[None, 9_000:]])
    assert [each.label for each in result.labels] == ["low", "high"]
    assert result.label == "low"
    assert result.seconds == 4


def test_silence_around_a_sound_does_not_count():
    wave = np.concatenate([np.zeros(5 * RATE), tone(2_000, 1), np.zeros(5 * RATE)]).astype(np.float32)
    result = RecordingRecogniser(ToneClassifier()).recognise([wave[None]])
    assert (result.label, result.confidence > 0.9) == ("high", True)


def test_silence_is_refused():
    with pytest.raises(BadAudio, match="silent"):
        RecordingRecogniser(ToneClassifier()).recognise([np.zeros((1, RATE), np.float32)])


def test_what_fits_no_label_is_rejected_unless_all_are_accepted():
    model = ToneClassifier()
    model.calibration = Calibration(min_fit=20.0, n_clips=50)
    assert RecordingRecogniser(model).recognise([tone(1_000, 1)[None]]).label is None
    assert RecordingRecogniser(model, rejects=False).recognise([tone(1_000, 1)[None]]).label == "low"


def test_events_have_onsets_and_offsets_within_half_a_window():
    wave = np.concatenate([noise(2), tone(1_000, 1.5), noise(2, 1), tone(2_000, 1), noise(1, 2)])
    result = RecordingRecogniser(ToneClassifier(), event_threshold=0.5).recognise([wave[None]])
    assert [event.label for event in result.events] == ["low", "high"]
    for event, (onset, offset) in zip(result.events, [(2, 3.5), (5.5, 6.5)], strict=True):
        assert abs(event.onset - onset) < 0.25
        assert abs(event.offset - offset) < 0.25


def test_events_join_rows_and_reach_the_ends():
    probabilities = np.array([[0.9, 0.9], [0.8, 0.1], [0.1, 0.9], [0.6, 0.2]])
    events = events_of(probabilities, ("a", "_b"), hop=0.5, first=0.25, seconds=2.5, threshold=0.5)
    assert [(event.onset, event.offset, event.confidence) for event in events] == [(0.0, 1.25, 0.9), (1.75, 2.5, 0.6)]
    (event,) = events_of(probabilities, ("a", "_b"), hop=0.5, first=0.25, seconds=2.5, threshold=0.8)
    assert (event.onset, event.offset) == (0.0, 1.25)


def test_no_recordings_are_refused():
    with pytest.raises(BadSetting, match="file is empty; give at least one"):
        recognise("drum-classifier", ())


def test_a_threshold_asks_for_the_events_of_files(tmp_path):
    wave = np.concatenate([np.zeros(22_050), 0.7 * np.random.default_rng(0).uniform(-1, 1, 22_050)]).astype(np.float32)
    file = Clip(wave[None], 44_100).write(tmp_path / "a.wav")
    events = recognise("drum-classifier", file, events=True).sounds[0].events
    assert recognise("drum-classifier", file, threshold=0.5).sounds[0].events == events
    lower, highest = (recognise("drum-classifier", file, threshold=each).sounds[0].events for each in (0.05, 1.0))
    assert {each.label for each in events} <= {each.label for each in lower}
    assert len(lower) > len(highest)
    assert all(each.confidence >= 0.05 for each in lower)


@pytest.fixture
def stream() -> np.ndarray:
    """Noise with four tones, the first two closer to each other than the refractory time."""
    tones = [
        tone(1_000, 0.6),
        noise(0.2),
        tone(1_000, 0.6),
        noise(4, 1),
        tone(2_000, 0.7),
        noise(2, 2),
        tone(1_000, 0.7),
    ]
    return np.concatenate([noise(1), *tones, noise(1, 3)])


def spotted(wave: np.ndarray, chunks: list[np.ndarray]) -> list:
    settings = SpotterSettings(threshold=0.8, smoothed_fraction=0.4, refractory_seconds=2.0)
    spotter = KeywordSpotter(ToneClassifier(), settings)
    return [event for chunk in chunks for event in spotter.push(chunk)] + spotter.finish()


def test_a_spotter_reports_each_word_once(stream):
    events = spotted(stream, [stream])
    assert [event.label for event in events] == ["low", "high", "low"]
    for event, start in zip(events, [1.0, 6.4, 9.1], strict=True):
        assert start < event.seconds < start + 0.5 + 0.4


@pytest.mark.parametrize("seed", range(4))
def test_chunks_of_any_length_give_the_same_events(stream, seed):
    assert spotted(stream, chunks_of(stream, seed)) == spotted(stream, [stream])


@pytest.mark.parametrize("cut", [1, 12_345, 60_001])
def test_a_restored_spotter_continues_as_if_nothing_had_happened(stream, cut):
    first, second = KeywordSpotter(ToneClassifier()), KeywordSpotter(ToneClassifier())
    head = first.push(stream[:cut])
    second.restore(first.state())
    tail = [*second.push(stream[cut:]), *second.finish()]
    whole = KeywordSpotter(ToneClassifier())
    assert head + tail == [*whole.push(stream), *whole.finish()]


def test_the_threshold_of_the_card_is_used():
    assert card_settings(ToneClassifier()).threshold == 0.9


def test_a_window_that_fits_no_label_counts_as_silence_unless_there_is_background():
    with_background, without = ToneClassifier(), ToneClassifier()
    without.labels = ("low", "high", "middle")
    for model in (with_background, without):
        model.calibration = Calibration(temperature=1.0, min_fit=100.0, n_clips=50)
    stream = np.concatenate([noise(1), tone(1_000, 2), noise(1)])
    assert [event.label for event in KeywordSpotter(with_background).push(stream)] == ["low", "low"]
    assert not KeywordSpotter(without).push(stream)


def test_confidences_have_a_geometric_mean():
    class Steps(ToneClassifier):
        def logits(self, wave):
            return np.array([wave[-1], 0.0, -50.0])

    spotter = KeywordSpotter(Steps(), SpotterSettings(hop_seconds=0.25, smoothed_fraction=1.0))
    wave = np.repeat(np.array([0.1, 1.0, 2.0], np.float32), 2_000)
    probabilities = 1 / (1 + np.exp(-np.array([1.0, 2.0])))
    found = spotter.smoothed_confidences([wave[None]])
    assert found[1, 0] == pytest.approx(np.sqrt(probabilities.prod()), rel=1e-5)


def test_a_model_of_background_alone_spots_nothing():
    model = ToneClassifier()
    model.labels = ("_a", "_b", "_c")
    with pytest.raises(BadSetting, match="background"):
        KeywordSpotter(model)


def test_alarms_within_the_refractory_time_count_once():
    scores = np.array([0.9, 0.9, 0.9, 0.2, 0.9, 0.1, 0.9])
    assert [count_alarms(scores, 0.5, n) for n in (0, 1, 3, 10)] == [5, 4, 2, 1]


def test_a_calibrated_threshold_keeps_the_rate_of_false_alarms(tmp_path):
    rng = np.random.default_rng(1)
    for index in range(6):  # tones in noise, so that confidences differ
        gains = np.repeat(rng.random(20), RATE // 2)
        wave = noise(10, index) * 3 + 0.02 * gains * tone(1_000, 10)
        soundfile.write(tmp_path / f"{index}.wav", wave, RATE, subtype="FLOAT")
    entries = scan(tmp_path, "none").entries
    rates = {}
    for allowed in (60, 600):
        found = calibrate_spotter(ToneClassifier(), entries, allowed)
        spotter = KeywordSpotter(ToneClassifier(), SpotterSettings(threshold=found.threshold))
        n_alarms = sum(
            len([*spotter.push(soundfile.read(e.path, dtype="float32")[0]), *spotter.finish()]) for e in entries
        )
        assert n_alarms / found.hours == pytest.approx(found.measured_per_hour)
        assert found.measured_per_hour <= allowed
        rates[allowed] = found.threshold
    assert rates[600] < rates[60]


@pytest.fixture
def drum(tmp_path) -> Path:
    """A decaying tone of 60 Hz at 22.05 kHz after half a second of silence."""
    seconds = np.arange(11_025) / 22_050
    wave = 0.8 * np.sin(2 * np.pi * 60 * seconds) * np.exp(-12 * seconds)
    path = tmp_path / "drums" / "boom.wav"
    path.parent.mkdir()
    soundfile.write(path, np.concatenate([np.zeros(11_025), wave]), 22_050)
    return path


def test_the_command_prints_files_as_json(drum, capsys):
    assert run(["recognise", "drum-classifier", str(drum.parent), "--json", "--top", "2", "--quiet"]) == 0
    printed = json.loads(capsys.readouterr().out)["details"]
    [file] = printed["sounds"]
    assert (file["file"], file["label"]) == (str(drum), "kick")
    assert file["confidence"] == file["labels"][0]["confidence"] > 0.5
    assert file["labels"][0]["label"] == "kick"
    assert file["seconds"] == 1.0


def test_the_position_in_a_file_changes_nothing_for_a_model_of_one_shots(drum, tmp_path):
    wave, rate = soundfile.read(drum)
    later = tmp_path / "later.wav"
    soundfile.write(later, np.concatenate([np.zeros(3 * rate), wave]), rate)
    first, second = recognise("drum-classifier", (drum, later), quiet=True).sounds
    assert first.label == second.label == "kick"
    assert abs(first.confidence - second.confidence) < 0.02


def test_a_broken_file_among_others_is_named(drum, capsys):
    broken = drum.with_name("broken.wav")
    broken.write_bytes(b"RIFFxx")
    result = recognise("drum-classifier", (drum, broken), quiet=True)
    assert (len(result.sounds), result.exit_code) == (1, 2)
    assert [each.what for each in result.failed] == [broken]
    assert run(["recognise", "drum-classifier", str(broken), "--quiet"]) == 2
    assert "broken.wav" in capsys.readouterr().err


@pytest.fixture
def labelled(tmp_path) -> Path:
    """Six low tones labelled kick, three of noise labelled hat, a low tone labelled hat, and two of label dog."""
    rng = np.random.default_rng(0)
    seconds = np.arange(20_000) / 44_100
    sounds = {
        "low": np.sin(2 * np.pi * 60 * seconds) * np.exp(-12 * seconds),
        "noise": rng.uniform(-1, 1, 20_000) * np.exp(-60 * seconds),
    }
    noisy = np.diff(np.diff(sounds["noise"], prepend=0), prepend=0) / 4
    files = [("kick", sounds["low"])] * 6 + [("hat", noisy)] * 3 + [("hat", sounds["low"])] + [("dog", noisy)] * 2
    for index, (label, wave) in enumerate(files):
        path = tmp_path / "labelled" / label / f"{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.8 * wave, 44_100)
    return tmp_path / "labelled"


def test_a_report_compares_with_the_labels(labelled, tmp_path, capsys):
    plot = tmp_path / "report.png"
    assert run(["recognise", "drum-classifier", str(labelled), "--report", "--plot", str(plot), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["details"]
    assert (report["n_files"], report["n_unknown"], report["unknown_rejected"]) == (10, 2, 0)
    assert report["accuracy"]["value"] == 0.9
    confusion = dict(zip(report["labels"], report["confusion"], strict=True))
    assert confusion["kick"] == [6, 0, 0, 0, 0]
    assert confusion["hat"] == [1, 0, 3, 0, 0]
    [mistake] = report["mistakes"]
    assert (mistake["label"], mistake["recognised"]) == ("hat", "kick")
    assert mistake["file"].endswith("9.wav")
    assert [score["label"] for score in report["scores"]] == ["kick", "hat"]
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_report_names_what_cannot_be_read(labelled, capsys):
    (labelled / "kick" / "bad.wav").write_bytes(b"RIFF, but no more")
    (labelled / "hat" / "empty.flac").write_bytes(b"")
    assert run(["recognise", "drum-classifier", str(labelled), "--report", "--json"]) == 2
    result = json.loads(capsys.readouterr().out)
    assert result["details"]["n_files"] == 10
    assert [Path(each["what"]).name for each in result["failed"]] == ["empty.flac", "bad.wav"]


def test_a_report_in_words(labelled):
    text = str(recognise("drum-classifier", labelled, report=True, quiet=True))
    assert "accuracy 0.900 (0.596 to 0.982)" in text
    assert "most confident mistakes" in text
    assert "2 recordings of other labels" in text


def test_a_report_needs_labels_that_the_model_knows(labelled, capsys):
    assert run(["recognise", "drum-classifier", str(labelled / "kick"), "--report"]) == 2
    assert "no labels to compare with" in capsys.readouterr().err
    assert run(["recognise", "drum-classifier", str(labelled / "kick"), "--plot", "a.png"]) == 2
    assert "--plot belongs to --report" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["speech-codec", "x.wav"], "recognises no labels"),
        (["drum-classifier", "-", "x.wav"], "recognised alone"),
        (["drum-classifier", "missing.wav"], "missing.wav"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments, message, capsys):
    assert run(["recognise", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_stream_prints_events_as_they_come(monkeypatch, capsys):
    wave = np.concatenate([np.zeros(44_100), 0.7 * np.random.default_rng(0).uniform(-1, 1, 44_100)]).astype(np.float32)
    data = io.BytesIO(to_pcm(wave[None]))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data, isatty=lambda: False))
    assert run(["recognise", "drum-classifier", "-", "--threshold", "0.2"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events
    assert all(set(event) == {"label", "seconds", "confidence"} for event in events)
