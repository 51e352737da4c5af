"""The family transcriber: spectra, targets, decoding, streams; and recordings of several voices as scores."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from command_line import refused
from tiny_families import SAMPLE_RATE, trained

import wavewright
from wavewright import Clip
from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder, BadModel, BadSetting, ScoreWarning
from wavewright.contracts.note_detection import DetectedNote, NoteDetector
from wavewright.data.folder import scan
from wavewright.dsp.stream import ChunkStream
from wavewright.families import loading
from wavewright.families.transcriber.batches import ONSET_FRAMES, Example, targets_of
from wavewright.families.transcriber.config import LOWEST_PITCH, N_PITCHES, STEPS_PER_SEMITONE, TranscriberConfig
from wavewright.families.transcriber.decoding import GAP_SECONDS, NoteDecoder, NoteThresholds, decode, matches
from wavewright.families.transcriber.features import SpectrumStream, db_of_bytes, levels_of
from wavewright.families.transcriber.recipe import notes_beside, prepare, recipe
from wavewright.families.transcriber.runtime import BLOCK_FRAMES
from wavewright.inference.transcription import (
    MelodyNote,
    PolyphonicSettings,
    detect_file,
    detect_wave,
    files,
    onsets_of,
    score_of,
    track_beats,
)
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import Score, Track, notes_of

CONFIG = TranscriberConfig()


def tones(pitches, seconds=1.0):
    time = np.arange(round(seconds * CONFIG.sample_rate)) / CONFIG.sample_rate
    return np.float32(sum(0.2 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) for pitch in pitches))


# --- spectra


@pytest.mark.parametrize("pitch", [33, 45, 57, 69, 81, 93, 105])
def test_a_sine_is_loudest_at_its_pitch(pitch):
    level_db = db_of_bytes(levels_of(5 * tones([pitch]), CONFIG))[20:-20].mean(axis=0)
    middle = STEPS_PER_SEMITONE * (pitch - LOWEST_PITCH) + 1
    assert abs(int(level_db[0].argmax()) - middle) <= (1 if pitch >= 45 else 3)
    assert level_db[0].max() == pytest.approx(0.0, abs=2.0)  # a full sine is 0 dB


def test_levels_are_decibels():
    loud, soft = (db_of_bytes(levels_of(gain * tones([69]), CONFIG))[25, 0].max() for gain in (1.0, 0.1))
    assert loud - soft == pytest.approx(20.0, abs=0.5)


def test_pieces_have_the_spectra_of_the_whole():
    wave = np.random.default_rng(0).standard_normal(9_000).astype(np.float32) * 0.1
    stream = SpectrumStream(CONFIG)
    pieces = [stream.push(piece) for piece in np.split(wave, [1, 700, 4_321, 4_322])]
    np.testing.assert_array_equal(np.concatenate([*pieces, stream.finish()]), levels_of(wave, CONFIG))
    assert len(levels_of(wave, CONFIG)) == 9_000 // CONFIG.hop_length + 1


# --- targets


def test_targets_are_those_of_the_notes():
    targets, weight = targets_of(np.array([[10.2, 20.0, 48, 0.5]], np.float32), 40)
    onset, note, velocity = targets[:, :, 48]
    assert int(onset.argmax()) == 10
    assert onset.max() == 1
    assert not onset[[t for t in range(40) if abs(t - 10.2) >= ONSET_FRAMES]].any()
    assert np.flatnonzero(note).tolist() == list(range(10, 20))
    assert velocity[weight[:, 48] > 0].tolist() == [0.5] * int(weight[:, 48].sum())
    assert targets.sum() == targets[:, :, 48].sum()


def test_a_crop_is_transposed_with_its_notes():
    example = Example(levels_of(tones([60, 67]), CONFIG), np.array([[0, 50, 39, 0.7], [0, 50, 46, 0.7]], np.float32))
    level_db, notes = example.crop(10, 20, 2)
    plain, _ = example.crop(10, 20, 0)
    np.testing.assert_array_equal(level_db[:, :, 6:], plain[:, :, :-6])
    assert notes[:, 2].tolist() == [41, 48]
    assert notes[:, :2].tolist() == [[-10, 40], [-10, 40]]
    assert len(example.crop(10, 20, 12)[1]) == 2
    high = Example(example.levels, np.array([[0, 50, N_PITCHES - 1, 0.5]], np.float32))
    assert not len(high.crop(0, 20, 1)[1])


# --- decoding


def perfect(notes, n_frames):
    """Return the probabilities that a perfect network would give."""
    rows = [(a / CONFIG.frame_seconds, b / CONFIG.frame_seconds, p - LOWEST_PITCH, v / 127) for a, b, p, v in notes]
    return targets_of(np.array(rows, np.float32), n_frames)[0]


NOTES = [(0.2, 0.7, 60, 80), (0.21, 1.4, 64, 90), (0.7, 1.1, 60, 70), (1.5, 1.9, 21, 50), (1.5, 1.92, 108, 120)]


def test_notes_of_perfect_probabilities_are_those_that_were_played():
    found = decode(perfect(NOTES, 120), NoteThresholds(), CONFIG.frame_seconds)
    assert [(note.pitch, note.velocity) for note in found] == [(p, v) for _, _, p, v in NOTES]
    np.testing.assert_allclose([note.start_s for note in found], [row[0] for row in NOTES], atol=0.02)
    np.testing.assert_allclose([note.end_s for note in found], [row[1] for row in NOTES], atol=0.04)
    reference = np.array([row[:3] for row in NOTES])
    for with_ends in (False, True):
        assert matches(reference, found, with_ends=with_ends) == len(NOTES)
    assert matches(np.add(reference, (0.06, 0, 0)), found) == 0
    assert matches(np.add(reference, (0, 0, 1)), found) == 0
    assert matches(np.add(reference, (0, 0.17, 0)), found) == len(NOTES)
    assert matches(np.add(reference, (0, 0.17, 0)), found, with_ends=True) == 1  # a fifth of 1.36 s is 0.27 s


def test_a_note_that_is_improbable_for_a_moment_goes_on():
    probabilities = perfect([(0.2, 2.0, 60, 80), (0.2, 1.0, 70, 80)], 140)
    n_gap = round(GAP_SECONDS / CONFIG.frame_seconds)
    probabilities[1, 30 : 30 + n_gap - 1, 60 - LOWEST_PITCH] = 0
    found = decode(probabilities, NoteThresholds(), CONFIG.frame_seconds)
    assert [(note.pitch, note.end_s) for note in found] == [(60, 2.0), (70, 1.0)]
    probabilities[1, 30 : 30 + n_gap, 60 - LOWEST_PITCH] = 0
    found = decode(probabilities, NoteThresholds(), CONFIG.frame_seconds)
    assert [(note.pitch, note.end_s) for note in found] == [(60, 0.6), (70, 1.0)]


@pytest.mark.parametrize("step", [1, 3, 50])
def test_the_sizes_of_the_pieces_change_no_note(step):
    rng = np.random.default_rng(3)
    probabilities = rng.random((3, 200, N_PITCHES)).astype(np.float32) ** 2
    decoder, thresholds = NoteDecoder(NoteThresholds(), 0.02), NoteThresholds()
    pieces = [decoder.push(probabilities[:, start : start + step]) for start in range(0, 200, step)]
    found = [note for piece in pieces for note in piece] + decoder.finish()
    expected = decode(probabilities, thresholds, 0.02)
    assert len(expected) > 100
    assert sorted(found, key=lambda note: (note.start_s, note.pitch)) == expected


def test_an_onset_without_a_note_is_none():
    probabilities = perfect(NOTES, 120)
    probabilities[1] = 0
    assert decode(probabilities, NoteThresholds(), CONFIG.frame_seconds) == []


# --- models


def test_a_stream_finds_the_notes_of_the_whole():
    model = loading.load_note_detector(trained("transcriber").out)
    model.thresholds = NoteThresholds(0.02, 0.02, 0.01)
    wave = np.concatenate([tones([60, 64], 7.0), tones([62, 67], 6.0)])
    wave += 0.02 * np.random.default_rng(1).standard_normal(len(wave)).astype(np.float32)
    whole = model.detect(wave)
    stream = model.stream()
    pieces = [stream.push(piece) for piece in np.split(wave, [3, 50_000, 50_001, 190_000])]
    found = [note for piece in pieces for note in piece] + stream.finish()
    assert whole
    assert sorted(found, key=lambda note: (note.start_s, note.pitch)) == whole


@pytest.mark.parametrize("n_more", [-1, 0, 1, 4, 5, 6, 11, 12, 13])
def test_recordings_of_every_length_are_read_to_their_end(n_more):
    """The last block may lack its context, or be followed by a part of it."""
    model = loading.load_note_detector(trained("transcriber").out)
    model.thresholds = NoteThresholds(0.02, 0.02, 0.01)
    context, config = model.config.context_frames, model.config
    n_frames = BLOCK_FRAMES + n_more * context // 6
    wave = np.random.default_rng(n_frames).standard_normal((n_frames - 1) * config.hop_length).astype(np.float32)
    levels = np.pad(levels_of(wave, config), ((context, context), (0, 0), (0, 0)))
    expected = decode(model.activations(levels), model.thresholds, config.frame_seconds)
    assert expected
    assert model.detect(wave) == expected


def test_blocks_have_the_outputs_of_all_frames_at_once():
    model = loading.load_note_detector(trained("transcriber").out)
    levels = np.random.default_rng(0).integers(0, 255, (90, 2, CONFIG.n_bins), dtype=np.uint8)
    context = model.config.context_frames
    whole = model.activations(levels)
    part = model.activations(levels[20 : 20 + 2 * context + 7])
    np.testing.assert_allclose(part, whole[:, 20:27], atol=1e-5)


def test_other_models_are_refused():
    with pytest.raises(BadModel, match="finds no notes of several voices; give a transcriber"):
        loading.load_note_detector("drum-classifier")


def test_recordings_without_scores_are_refused(tmp_path):
    Clip(tones([60])[None], CONFIG.sample_rate).write(tmp_path / "a.wav")
    with pytest.raises(BadFolder, match=r"take\.flac and take\.mid"):
        prepare(recipe("tiny"), scan(tmp_path).entries, tmp_path / "cache")


def test_the_notes_of_a_score_are_in_frames(tmp_path):
    sound = Clip(tones([60])[None], CONFIG.sample_rate).write(tmp_path / "a.wav")
    write_score(Score((Track(notes_of([(480, 480, 60, 127)])),)), tmp_path / "a.mid")
    notes = notes_beside(tmp_path / "a.mid", scan(tmp_path).entries[0], 0.02)
    np.testing.assert_allclose(notes, [[25, 50, 39, 1.0]])
    assert sound.exists()


def test_notes_keep_their_times_after_silence(tmp_path):
    """A recording that begins with silence is not cut: its score counts from its first sample."""
    rest = np.zeros(CONFIG.sample_rate // 2, np.float32)
    for name in ("a", "b"):
        Clip(np.concatenate([rest, tones([60])])[None], CONFIG.sample_rate).write(tmp_path / f"{name}.wav")
        write_score(Score((Track(notes_of([(480, 960, 60, 127)])),)), tmp_path / f"{name}.mid")
    (example,) = prepare(recipe("tiny"), scan(tmp_path).entries, tmp_path / "cache").batches.examples[:1]
    (onset,) = example.notes[:, 0]
    level_db = db_of_bytes(example.levels)[:, 0].max(axis=-1)
    assert onset == 25
    assert np.flatnonzero(level_db > level_db.max() - 20)[0] == pytest.approx(onset, abs=5)  # half a window


# --- recordings


class Chords(NoteDetector):
    """Stands for a model: it finds the chords that are played, whatever the wave."""

    sample_rate = SAMPLE_RATE

    def __init__(self):
        pass

    def stream(self):
        return ChordStream()


class ChordStream(ChunkStream[list[DetectedNote]]):
    def push(self, wave):
        return []

    def finish(self):
        chords = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67)) * 2
        return [
            DetectedNote(0.5 * beat, 0.5 * beat + 0.45, pitch, 100 if beat % 4 == 0 else 70)
            for beat in range(32)
            for pitch in chords[beat // 4]
        ]


@pytest.fixture
def recording(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "load_note_detector", lambda name: Chords())
    files.opened_detector.cache_clear()
    yield Clip(tones([60, 64, 67], 16.0)[None], CONFIG.sample_rate).write(tmp_path / "song.wav")
    files.opened_detector.cache_clear()


@pytest.mark.parametrize("ending", ["mid", "musicxml", "abc"])
def test_chords_are_written_to_scores(recording, tmp_path, ending):
    out = tmp_path / f"song.{ending}"
    loud = pytest.warns(ScoreWarning, match=r"Left out: velocities of notes\.")
    with loud if ending == "abc" else contextlib.nullcontext():
        result = wavewright.transcribe(recording, out, polyphonic=True, chords=True, metre="4/4", quiet=True)
    assert [chord.symbol for chord in result.details["chords"]] == ["C", "F", "G", "C", "F", "G", "C"]
    np.testing.assert_allclose(
        [chord.start_s for chord in result.details["chords"]], [0, 2, 4, 6, 10, 12, 14], atol=0.05
    )
    assert result.details["tempo"] == pytest.approx(120, rel=0.02)
    assert (result.details["key"], result.details["tuning_cents"], len(result.details["notes"])) == (
        "C major",
        None,
        96,
    )
    assert "chords: C F G C F G C" in str(result)
    score = read_score(out)
    pitches = sorted(np.concatenate([track.notes["pitch"] for track in score.tracks]).tolist())
    assert pitches == sorted(note.pitch for note in result.details["notes"])
    if ending == "musicxml":
        assert [chord.symbol for chord in score.chords] == [chord.symbol for chord in result.details["chords"]]


def test_notes_of_a_range_are_written_as_json(recording, tmp_path):
    out = tmp_path / "song.json"
    assert run(["transcribe", str(recording), "--polyphonic", "--out", str(out), "--pitches", "C4..E4"]) == 0
    contents = json.loads(out.read_text())
    assert {note["pitch"] for note in contents["notes"]} == {60, 64}
    assert contents["chords"] is None


def test_a_folder_is_transcribed_once(recording, tmp_path):
    out = tmp_path / "scores"
    result = wavewright.transcribe(recording.parent, out, polyphonic=True, workers=1, quiet=True)
    assert [file.details["n_notes"] for file in result.files] == [96]
    again = wavewright.transcribe(recording.parent, out, polyphonic=True, workers=1, quiet=True)
    assert [file.is_new for file in again.files] == [False]
    other = wavewright.transcribe(recording.parent, out, polyphonic=True, pitches="C4..E4", workers=1, quiet=True)
    assert [file.is_new for file in other.files] == [True]


def test_a_file_is_found_like_its_wave(recording):
    wave = Clip.read(recording)
    assert detect_file(recording, Chords()).notes == detect_wave(wave.wave, wave.sample_rate, Chords()).notes
    assert not detect_wave(wave.wave, wave.sample_rate, Chords(), PolyphonicSettings(min_note_seconds=0.5)).notes


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "polyphonic"], "--model belongs to --polyphonic; give both, or leave --model out"),
        (["--polyphonic", "--onset-db", "5"], "--polyphonic and --onset-db exclude each other"),
        (["--polyphonic", "--model", "drum-classifier"], "finds no notes of several voices; give a transcriber"),
        (["--polyphonic", "--model", "no-such-model"], "no-such-model"),
    ],
)
def test_wrong_options_are_refused(tmp_path, capsys, options, sentence):
    sound = Clip(tones([60])[None], CONFIG.sample_rate).write(tmp_path / "song.wav")
    files.opened_detector.cache_clear()
    assert sentence in refused(capsys, "transcribe", str(sound), "--out", str(tmp_path / "song.mid"), *options)
    assert not (tmp_path / "song.mid").exists()


# --- scores


def test_notes_that_begin_together_are_one_onset():
    notes = [MelodyNote(0.0, 1.0, 60, 0.0, 60), MelodyNote(0.02, 0.5, 64, 0.0, 80), MelodyNote(0.5, 1.0, 62, 0.0, 70)]
    onsets = onsets_of(notes)
    assert [(note.start_s, note.end_s, note.velocity) for note in onsets] == [(0.01, 1.0, 100), (0.5, 1.0, 70)]


def test_voices_of_a_score_overlap_and_notes_of_a_pitch_do_not():
    notes = [MelodyNote(0.5 * n, 0.5 * n + 0.9, pitch, 0.0, 80) for n in range(12) for pitch in (60, 64)]
    notes += [MelodyNote(0.25, 3.0, 55, 0.0, 80)]
    notes.sort(key=lambda note: (note.start_s, note.pitch))
    rows = score_of(notes, track_beats(onsets_of(notes), 7.0), is_polyphonic=True).tracks[0].notes
    assert len(rows) == len(notes)
    for pitch in (60, 64):
        own = rows[rows["pitch"] == pitch]
        assert (own["start"][1:] >= (own["start"] + own["duration"])[:-1]).all()
    low = rows[rows["pitch"] == 55]
    assert low["duration"][0] == pytest.approx(2.75 / 0.5 * 960, rel=0.1)


def test_too_narrow_a_range_is_refused():
    with pytest.raises(BadSetting, match="the second must be the higher"):
        PolyphonicSettings(lowest_pitch=60, highest_pitch=60)
