"""Scores rendered to sound files: exact starts, stems, swing, the same samples again, errors."""

from __future__ import annotations

import json
from dataclasses import replace

import mido
import numpy as np
import pytest
from command_line import refused

from wavewright import Clip, Score, analyse, read_score, render, write_score
from wavewright.apps.cli import run
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder, BadScore, BadSetting, ScoreWarning
from wavewright.music.accompaniment.chord_text import with_chord_track
from wavewright.music.score import CONTROL_CHANGE, PROGRAM, MetaEvent, Track, controls_of, detail_event, notes_of
from wavewright.synth.soundfont import generators as gen
from wavewright.synth.soundfont.writing import NewEntry, NewSample, write_soundfont
from wavewright.synth.soundfont.zones import Zone

RATE = 8_000


@pytest.fixture
def song(tmp_path):
    organ = controls_of([(0, PROGRAM, 0, 16)])
    melody = Track(notes_of([(480 * index, 240, 60 + index, 100) for index in range(4)]), "Melody", controls=organ)
    drums = Track(notes_of([(240 * index, 60, 42, 100) for index in range(8)]), is_drum=True)
    write_score(Score((melody, drums), title="A song"), tmp_path / "song.mid")
    return tmp_path / "song.mid"


def onsets(wave: np.ndarray) -> np.ndarray:
    """Return the samples at which sound begins after at least 50 ms of less than a thousandth of the peak."""
    is_loud = np.flatnonzero(np.abs(wave[0]) > np.abs(wave).max() / 1_000)
    return is_loud[np.diff(is_loud, prepend=-RATE) > RATE // 20]


def test_a_score_becomes_a_sound_file_of_its_notes(song, tmp_path):
    result = render(song, tmp_path / "out.wav", sample_rate=RATE, quiet=True)
    clip = Clip.read(result.out)
    assert (clip.sample_rate, clip.n_channels, result.details["n_notes"], result.details["n_tracks"]) == (
        RATE,
        2,
        12,
        2,
    )
    assert clip.n_samples == round(result.seconds * RATE) > 2 * RATE
    assert 20 * np.log10(np.abs(clip.wave).max()) == pytest.approx(result.details["peak_db"], abs=0.01)
    comment = json.loads(open_sound(result.out).tags["comment"])
    assert (comment["score"], comment["swing"], comment["seed"]) == ("song.mid", 0.5, 0)
    assert open_sound(result.out).tags["title"] == "A song"
    again = render(song, tmp_path / "again.wav", sample_rate=RATE, quiet=True)
    assert again.out.read_bytes() == result.out.read_bytes()


@pytest.mark.parametrize(("options", "expected"), [({}, [0, 4_000]), ({"swing": 0.75}, [0, 6_000])])
def test_starts_are_exact_and_swing_moves_every_second_eighth(song, tmp_path, options, expected):
    rows = [(0, PROGRAM, 0, 16), (0, CONTROL_CHANGE, 91, 0), (0, CONTROL_CHANGE, 93, 0)]
    notes = notes_of([(0, 60, 90, 100), (240, 60, 90, 100)])
    score = Score((Track(notes, controls=controls_of(rows)),))
    write_score(score, song)
    render(song, tmp_path / "out.wav", tempo=60, sample_rate=RATE, quiet=True, **options)
    assert np.abs(onsets(Clip.read(tmp_path / "out.wav").wave) - expected).max() <= 3


@pytest.mark.parametrize("tempo", [None, 60])
def test_texts_of_a_score_are_those_of_its_sound(tmp_path, tempo):
    """At 120 quarters a minute the marker of the third quarter is at 1 s, at 60 at 2 s."""
    details = (("composer", "Ann"), ("arranger", "Bob"), ("rights", "all"))
    metas = (
        MetaEvent(0, 2, b"(c) me"),
        *(detail_event(*each) for each in details),
        MetaEvent(960, 6, "Réfrain".encode()),
    )
    words = tuple(MetaEvent(480 * n, 5, text) for n, text in enumerate((b"Hal- ", b"lo ", b"you\r", b"there")))
    notes = notes_of([(480 * n, 480, 60, 80) for n in range(4)])
    write_score(Score((Track(notes, metas=words),), 480, metas=metas), tmp_path / "a.mid")
    out = render(tmp_path / "a.mid", tmp_path / "a.flac", sample_rate=RATE, tempo=tempo, quiet=True).out
    found = open_sound(out).metadata
    wanted = {"composer": "Ann", "arranger": "Bob", "copyright": "all; (c) me", "lyrics": "Hallo you\nthere"}
    assert {name: found.tags[name] for name in wanted} == wanted
    assert [(marker.start, marker.label) for marker in found.markers] == [(1.0 if tempo is None else 2.0, "Réfrain")]


def test_stems_add_up_to_the_dry_mix(song, tmp_path):
    result = render(
        song, tmp_path / "out.wav", stems=tmp_path / "stems", gain_db=0, sample_rate=RATE, subtype="FLOAT", quiet=True
    )
    assert [stem.path.name for stem in result.files[1:]] == ["01-Melody.wav", "02-drums.wav"]
    stems = [Clip.read(stem.path).wave for stem in result.files[1:]]
    assert np.allclose(sum(stems), Clip.read(result.out).wave, atol=1e-5)


def test_stems_replace_those_of_an_earlier_call_and_no_other_file(song, tmp_path):
    for _ in range(2):
        render(song, tmp_path / "out.wav", stems=tmp_path / "stems", sample_rate=RATE, tempo=240, quiet=True)
    Clip(np.zeros((1, 8)), RATE).write(tmp_path / "stems" / "02-drums.wav")
    before = {path.name: path.read_bytes() for path in (tmp_path / "stems").iterdir()}
    with pytest.raises(BadSetting, match=r"stem .*02-drums\.wav would replace a file of that name, which is no stem"):
        render(song, tmp_path / "out.wav", stems=tmp_path / "stems", sample_rate=RATE, tempo=240, quiet=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "stems").iterdir()} == before


def test_humanised_scores_differ_by_seed_and_keep_their_length(song, tmp_path):
    waves = [
        Clip.read(render(song, tmp_path / "x.wav", humanise=True, seed=seed, sample_rate=RATE, quiet=True).out).wave
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(waves[0], waves[1])
    assert not np.array_equal(waves[0][:, : waves[2].shape[1]], waves[2][:, : waves[0].shape[1]])


@pytest.mark.parametrize("lufs", [-30.0, -18.0])
def test_the_mix_has_the_loudness_that_was_set(song, tmp_path, lufs):
    result = render(song, tmp_path / "x.wav", lufs=lufs, sample_rate=RATE, quiet=True)
    assert analyse(result.out).loudness.integrated_lufs == pytest.approx(lufs, abs=0.2)


def test_the_limiter_keeps_loud_scores_below_the_ceiling(song, tmp_path):
    result = render(song, tmp_path / "x.flac", lufs=-5, sample_rate=RATE, quiet=True)
    assert -2.5 < result.details["peak_db"] <= -1


def test_the_command_prints_the_file_and_its_stems(song, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["render", "song.mid", "--stems", "stems", "--sample-rate", "8000", "--tempo", "240", "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "song.wav: " in printed
    assert "stereo by the bundled General MIDI bank\n" in printed
    assert "12 notes of 2 tracks" in printed
    assert "stems/01-Melody.wav" in printed.replace("\\", "/")


def test_problems_of_a_score_are_printed_and_the_rest_is_rendered(song, tmp_path, capsys):
    song.write_bytes(song.read_bytes()[:-6])
    assert run(["render", str(song), "--out", str(tmp_path / "x.wav"), "--sample-rate", "8000", "--quiet"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("wavewright: ") and "after the end of the file" in line for line in lines)


def test_wrong_scores_and_targets_are_refused(song, tmp_path, capsys):
    assert "no such file" in refused(capsys, "render", str(tmp_path / "none.mid"))
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    assert "ends in its header" in refused(capsys, "render", str(tmp_path / "bad.mid"))
    write_score(Score(title="empty"), tmp_path / "empty.mid")
    with pytest.raises(BadScore, match="no notes"):
        render(tmp_path / "empty.mid", tmp_path / "x.wav")
    with pytest.raises(BadScore, match="no tune 2"):
        render(song, tmp_path / "x.wav", tune=2)
    with pytest.raises(BadFolder, match="does not exist"):
        render(song, tmp_path / "none" / "x.wav")
    assert not (tmp_path / "x.wav").exists()


def test_a_patch_renders_all_tracks_but_drums(song, tmp_path):
    options = {"reverb": 0, "sample_rate": RATE, "quiet": True}
    with pytest.warns(ScoreWarning, match=r"saw-lead plays no drums; \d+ of the \d+ notes of song\.mid are left out"):
        by_patch = render(song, tmp_path / "patch.wav", instrument="saw-lead", **options)
    assert (by_patch.details["n_notes"], by_patch.details["n_tracks"], by_patch.by) == (4, 1, "patch saw-lead")
    assert np.abs(Clip.read(by_patch.out).wave).max() > 0.01


@pytest.mark.parametrize("instrument", ["saw-lead", "notes"])
def test_a_score_of_drums_alone_is_left_to_the_soundfont(tmp_path, instrument):
    drums = Track(notes_of([(240 * index, 60, 42, 100) for index in range(8)]), is_drum=True)
    write_score(Score((drums,)), tmp_path / "drums.mid")
    with pytest.raises(BadScore, match=r"drums\.mid has no notes but drums, which .* does not play; choose the bank"):
        render(tmp_path / "drums.mid", tmp_path / "x.wav", instrument=instrument, sample_rate=RATE, quiet=True)
    assert render(tmp_path / "drums.mid", tmp_path / "x.wav", sample_rate=RATE, quiet=True).details["n_notes"] == 8


def test_a_soundfont_renders_its_samples(song, tmp_path):
    sine = 0.5 * np.sin(2 * np.pi * np.arange(4_410) / 44.1)
    samples = [NewSample("sine", sine, 44_100, 83, 0, (0, 4_410))]
    instruments = [NewEntry("i", (Zone(0, gen.FULL_RANGE, gen.FULL_RANGE, {gen.SAMPLE_MODES: 1}, {}),))]
    presets = [NewEntry("p", (Zone(0, gen.FULL_RANGE, gen.FULL_RANGE, {}, {}),), 0, 16)]
    write_soundfont(tmp_path / "sines.sf2", "sines", presets, instruments, samples)
    result = render(song, tmp_path / "x.wav", instrument=str(tmp_path / "sines.sf2"), sample_rate=44_100, quiet=True)
    first = Clip.read(result.out).wave[0, 2_000:10_000]
    spectrum = np.abs(np.fft.rfft(first * np.hanning(len(first)), 2**18))
    assert result.by == "sines.sf2"
    assert np.argmax(spectrum) * 44_100 / 2**18 == pytest.approx(1_000 * 2 ** ((60 - 83) / 12), rel=0.002)


def test_a_single_note_has_its_pitch_and_length(tmp_path):
    result = render("A4", seconds=1.5, out=tmp_path / "x.wav", reverb=0, sample_rate=RATE, quiet=True)
    wave = Clip.read(result.out).wave[0]
    spectrum = np.abs(np.fft.rfft(wave[:RATE] * np.hanning(RATE)))
    assert (int(np.argmax(spectrum[:600])), result.details["source"], result.details["n_notes"]) == (440, "note A4", 1)
    assert np.abs(wave[int(1.4 * RATE) : int(1.49 * RATE)]).max() > 20 * np.abs(wave[2 * RATE :]).max()


def test_a_wave_renders_notes(tmp_path):
    out = tmp_path / "wave.wav"
    result = render("A3", out, "sin(2*pi*f*t) + 0.3*saw(2*f*t)", seconds=1.0, reverb=0.0, quiet=True)
    wave = Clip.read(result.out).wave[0][:40_000]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    assert np.argmax(spectrum) * 44_100 / len(wave) == pytest.approx(220, abs=1)
    assert result.details["peak_db"] > -30


def test_the_synthesiser_renders_all_tracks(song, tmp_path):
    result = render(song, tmp_path / "all.wav", instrument="general-midi", quiet=True)
    assert result.details["n_tracks"] > 1
    assert result.details["peak_db"] > -40


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["H9"], "H9"),
        (["song.mid", "--instrument", "saw-leed"], "There is no patch or model 'saw-leed'; the nearest are saw-lead"),
        (["song.mid", "--instrument", "xyzzy"], "There is no patch or model 'xyzzy'; give a bank, a patch,"),
        (["A3", "--instrument", "sin(2*pi*"], "character 10"),
        (["A3", "--instrument", "x.svg"], "x.svg"),
        (["song.mid", "--instrument", "x.sf2"], "x.sf2"),
        (["song.mid", "--instrument", "runs/none"], "runs/none"),
        (["song.mid", "--instrument", "drums"], "plays no scores"),
        (["song.mid", "--timbre", "flute"], "--timbre belongs to --instrument"),
    ],
)
def test_wrong_instruments_are_refused(song, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refused(capsys, "render", *arguments)
    assert not list(tmp_path.glob("*.wav"))


@pytest.mark.parametrize(("number", "name"), [(7, "volume"), (11, "expression")])
def test_a_silent_mix_says_so(number, name, tmp_path):
    track = Track(notes_of([(0, 480, 60, 100)]), controls=controls_of([(0, CONTROL_CHANGE, number, 0)]))
    write_score(Score((track,)), tmp_path / "mute.mid")
    with pytest.warns(ScoreWarning, match=rf"is silent: the {name} \(controller {number}\) of its tracks is 0"):
        render(tmp_path / "mute.mid", tmp_path / "mute.wav", sample_rate=RATE, quiet=True)


def test_notes_that_a_kit_has_no_sound_for_are_counted(tmp_path):
    Clip(np.full((1, 4_000), 0.5, np.float32), RATE).write(tmp_path / "kick.wav")
    (tmp_path / "kit.sfz").write_text("<region> key=36 sample=kick.wav\n")
    rows = [(index * 480, 240, key, 100) for index, key in enumerate((36, 38, 42, 38))]
    write_score(Score((Track(notes_of(rows), is_drum=True),)), tmp_path / "beat.mid")
    result = render(
        tmp_path / "beat.mid", tmp_path / "a.wav", instrument=str(tmp_path / "kit.sfz"), sample_rate=RATE, quiet=True
    )
    assert result.details["unsounded"] == {38: 2, 42: 1}
    assert "3 notes without a sound there, of the keys 38, 42" in str(result)
    assert render(tmp_path / "beat.mid", tmp_path / "b.wav", sample_rate=RATE, quiet=True).details["unsounded"] == {}


def test_a_drum_part_of_gs_sounds_as_on_channel_10(tmp_path):
    """Block B of Roland's GS is part 12; mode 2 is a drum map."""
    for name, channel in (("gs", 11), ("ten", 9)):
        file = mido.MidiFile(ticks_per_beat=480)
        track = file.add_track()
        track.append(mido.Message("sysex", data=[0x41, 0x10, 0x42, 0x12, 0x40, 0x1B, 0x15, 0x02, 0x0E]))
        track.append(mido.Message("program_change", channel=channel, program=0))
        for key in (36, 38, 42):
            track.append(mido.Message("note_on", channel=channel, note=key, velocity=90))
            track.append(mido.Message("note_off", channel=channel, note=key, time=480))
        file.save(tmp_path / f"{name}.mid")
        assert read_score(tmp_path / f"{name}.mid").tracks[0].is_drum
        render(tmp_path / f"{name}.mid", tmp_path / f"{name}.wav", sample_rate=RATE, quiet=True)
    waves = [Clip.read(tmp_path / f"{name}.wav").wave for name in ("gs", "ten")]
    np.testing.assert_array_equal(*waves)


def test_without_reverb_the_sound_ends_with_its_notes(tmp_path):
    sends = controls_of([(0, PROGRAM, 0, 16), (0, CONTROL_CHANGE, 91, 127)])  # an organ ends at once
    score = Score((Track(notes_of([(0, 480, 76, 100)]), controls=sends),), length=4_800)
    write_score(score, tmp_path / "x.mid")
    levels = []
    for number, options in enumerate(({"reverb": 0}, {})):
        wave = Clip.read(render(tmp_path / "x.mid", tmp_path / f"{number}.wav", gain_db=0, **options).out).wave
        levels.append(np.abs(wave[:, 44_100:66_150]).max())
    assert levels[0] == 0
    assert levels[1] > 1e-3


def test_chord_symbols_are_played_as_their_notes_with_chords(tmp_path):
    """The notes of C, then of A minor 7 over two bars, silence, then F over A; the last one to the end of its bar."""
    text = 'X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\n"C"c2"Am7"e2|f4|"N.C."g4|"F/A"z2z2|'
    (tmp_path / "a.abc").write_text(text)
    played = with_chord_track(read_score(tmp_path / "a.abc"))
    quarter = played.ticks_per_quarter
    found = {}
    for row in played.tracks[-1].notes:
        key = (row["start"] / quarter, row["duration"] / quarter)
        found.setdefault(key, []).append(int(row["pitch"]))
    a_minor = [45, 52, 55, 57, 60]
    assert {key: sorted(pitches) for key, pitches in found.items()} == {
        (0, 2): [36, 52, 55, 60],
        (2, 2): a_minor,
        (4, 4): a_minor,
        (12, 4): [45, 53, 57, 60],
    }
    result = render(tmp_path / "a.abc", tmp_path / "a.wav", chords=True, sample_rate=RATE, quiet=True)
    assert (result.details["n_tracks"], result.details["n_notes"], result.details["n_chords"]) == (2, 4 + 18, 0)
    (tmp_path / "b.abc").write_text('X:1\nM:4/4\nL:1/4\nK:C\n"C"z4|"G7"z4|')
    alone = render(tmp_path / "b.abc", tmp_path / "b.wav", chords=True, sample_rate=RATE, quiet=True)
    assert (alone.details["n_tracks"], alone.details["n_notes"]) == (1, 9)
    (tmp_path / "c.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\ncdef|")
    with pytest.warns(ScoreWarning, match=r"^The score has no chord symbols to play"):
        result = render(tmp_path / "c.abc", tmp_path / "c.wav", chords=True, sample_rate=RATE, quiet=True)
    assert (result.details["n_tracks"], result.details["n_notes"]) == (1, 4)


@pytest.mark.parametrize(("suffix", "n_chords"), [(".abc", 3), (".musicxml", 3), (".mid", 3)])
def test_chord_symbols_over_a_melody_are_said_not_to_be_played(tmp_path, suffix, n_chords):
    (tmp_path / "score.abc").write_text('X:1\nM:4/4\nL:1/4\nK:C\n"C"c d "Am7"e f|"F/A"g4|')
    score = read_score(tmp_path / "score.abc")
    write_score(score, tmp_path / f"a{suffix}")
    shown = str(render(tmp_path / f"a{suffix}", tmp_path / "a.wav", sample_rate=RATE, quiet=True))
    assert f"{n_chords} chord symbols not played; --chords plays them" in shown
    write_score(replace(score, tracks=score.tracks * 2), tmp_path / f"b{suffix}")
    assert "chord symbol" not in str(render(tmp_path / f"b{suffix}", tmp_path / "b.wav", sample_rate=RATE, quiet=True))
