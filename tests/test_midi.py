"""MIDI files: exact round trips, mido as an oracle, damaged files."""

from __future__ import annotations

import io
import random
import warnings
from collections import Counter

import mido
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wavewright.base.errors import BadScore, ScoreWarning
from wavewright.data.scores import scan_scores
from wavewright.music.formats import read_score, read_tunes, write_score
from wavewright.music.formats.midi_reading import read_midi
from wavewright.music.formats.midi_writing import channels_of, write_midi
from wavewright.music.score import (
    CONTROL,
    CONTROL_CHANGE,
    KEY,
    METRE,
    PITCH_BEND,
    PROGRAM,
    Chord,
    MetaEvent,
    Score,
    Track,
    notes_of,
)
from wavewright.music.timing import TEMPO


def random_file(seed: int, midi_format: int = 1) -> bytes:
    """Return a file in which all notes have ends, written by mido."""
    rng = random.Random(seed)
    file = mido.MidiFile(type=midi_format, ticks_per_beat=rng.choice([1, 96, 480, 32767]))
    for index in range(4 if midi_format else 1):
        track = mido.MidiTrack()
        file.tracks.append(track)
        held: Counter[tuple[int, int]] = Counter()
        for _ in range(150 if index or not midi_format else 0):
            track.append(random_message(rng, held))
        for (channel, key), count in held.items():
            track.extend(mido.Message("note_off", channel=channel, note=key, time=5) for _ in range(count))
        if index == 0:
            track.insert(0, mido.MetaMessage("set_tempo", tempo=rng.randrange(1, 2**24)))
            track.insert(1, mido.MetaMessage("time_signature", numerator=7, denominator=16, time=3))
            track.insert(2, mido.MetaMessage("key_signature", key="Ebm", time=2))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def random_message(rng: random.Random, held: Counter[tuple[int, int]]) -> mido.Message | mido.MetaMessage:
    channel, time, key = rng.randrange(16), rng.choice([0, 0, 1, 127, 128, 20_000, 3_000_000]), rng.randrange(60, 63)
    if rng.random() < 0.6:
        if held[channel, key] and rng.random() < 0.5:
            held[channel, key] -= 1
            kind, velocity = rng.choice([("note_on", 0), ("note_off", rng.randrange(128))])
            return mido.Message(kind, channel=channel, note=key, velocity=velocity, time=time)
        held[channel, key] += 1
        return mido.Message("note_on", channel=channel, note=key, velocity=rng.randrange(1, 128), time=time)
    return rng.choice(
        [
            mido.Message("control_change", channel=channel, control=rng.randrange(128), value=7, time=time),
            mido.Message("pitchwheel", channel=channel, pitch=rng.randrange(-8192, 8192), time=time),
            mido.Message("program_change", channel=channel, program=rng.randrange(128), time=time),
            mido.Message("aftertouch", channel=channel, value=rng.randrange(128), time=time),
            mido.Message("polytouch", channel=channel, note=key, value=rng.randrange(128), time=time),
            mido.Message("sysex", data=(1, 2, 3), time=time),
            mido.MetaMessage("lyrics", text="né", time=time),
            mido.MetaMessage("sequencer_specific", data=(200, 1), time=time),
        ]
    )


def events_of(contents: bytes) -> Counter[tuple[int, bytes]]:
    """Return all events but the ends of tracks, with their ticks, as mido reads them."""
    events: Counter[tuple[int, bytes]] = Counter()
    for track in mido.MidiFile(file=io.BytesIO(contents)).tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity == 0:
                events[tick, bytes([0x80 | message.channel, message.note, 64])] += 1
            elif message.type != "end_of_track":
                events[tick, bytes(message.bytes())] += 1
    return events


def assert_same(one: Score, other: Score) -> None:
    for name in ("ticks_per_quarter", "chords", "metas", "title", "length"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("tempos", "metres", "keys"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for track, again in zip(one.tracks, other.tracks, strict=True):
        assert np.array_equal(track.notes, again.notes)
        assert np.array_equal(track.controls, again.controls)
        assert (track.name, track.channel, track.port) == (again.name, again.channel, again.port)
        assert (track.metas, track.is_drum) == (again.metas, again.is_drum)


@pytest.mark.parametrize("seed", range(8))
def test_a_file_read_and_written_has_the_same_events(seed):
    contents = random_file(seed, seed % 2)
    (score,), problems = read_midi(contents)
    assert problems == ()
    written = write_midi(score)
    assert events_of(written) == events_of(contents)
    assert_same(read_midi(written)[0][0], score)
    assert write_midi(read_midi(written)[0][0]) == written


@pytest.mark.parametrize("seed", range(4))
def test_long_runs_of_messages_are_the_same_as_short_ones(seed, monkeypatch):
    rng = random.Random(seed)
    track, held = mido.MidiTrack(), []
    for _ in range(800):
        time = rng.choice([0, 1, 127, 128, 16_383, 16_384, 2_097_152])
        if rng.random() < 0.01:
            track.append(mido.Message("program_change", channel=rng.randrange(3), program=5, time=time))
        elif held and rng.random() < 0.5:
            channel, key = held.pop()
            track.append(mido.Message("note_on", channel=channel, note=key, velocity=0, time=time))
        else:
            held.append((rng.randrange(3), rng.randrange(128)))
            track.append(mido.Message("note_on", channel=held[-1][0], note=held[-1][1], velocity=9, time=time))
    track.extend(mido.Message("note_off", channel=channel, note=key, time=1) for channel, key in held)
    buffer = io.BytesIO()
    mido.MidiFile(tracks=[track]).save(file=buffer)
    (score,), problems = read_midi(buffer.getvalue())
    assert problems == ()
    assert events_of(write_midi(score)) == events_of(buffer.getvalue())
    monkeypatch.setattr("wavewright.music.formats.midi_reading.MIN_RUN_BYTES", 10**9)
    assert_same(read_midi(buffer.getvalue())[0][0], score)


def test_the_last_status_of_a_run_lasts_over_a_text():
    run = b"".join(b"\x01%c%c\x40" % (0x90 | number % 2, 32 + number) for number in range(80))
    rest = b"\x00\xff\x01\x02la" + b"\x05\x10\x40" + b"\x00\xff\x2f\x00"  # the third message has no status
    track = run + rest
    contents = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk" + len(track).to_bytes(4, "big") + track
    (score,), _ = read_midi(contents)
    (last,) = (each for each in score.tracks if 0x10 in each.notes["pitch"])
    assert last.channel == 1
    assert int(last.notes["start"][last.notes["pitch"] == 0x10][0]) == 85


times = st.integers(0, 100_000)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(times, times, st.integers(0, 127), st.integers(1, 127)), max_size=30, unique_by=lambda row: row[2]
    ),
    st.lists(st.tuples(times, st.sampled_from([CONTROL_CHANGE]), st.integers(0, 127), st.integers(0, 127)), max_size=9),
    st.lists(st.tuples(times, st.integers(1, 2**24 - 1)), max_size=5),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_a_score_written_and_read_is_the_same(notes, controls, tempos, name):
    rows = sorted((*row, 0) for row in controls)
    track = Track(notes_of(notes), name, channel=3, controls=np.array(rows, CONTROL))
    score = Score((track,), 96, np.array(sorted(tempos), TEMPO), title=name)
    again = read_midi(write_midi(score))[0][0]
    assert np.array_equal(again.tempos, score.tempos)
    assert again.title == name
    if notes or controls:
        assert_same(again, score)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(60, 61)), min_size=1, max_size=8))
def test_notes_that_exchange_their_ends_are_named(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("nested") / "a.mid"
    score = Score((Track(notes_of([(*row, 80) for row in rows]), channel=0),), 96)
    with warnings.catch_warnings(record=True) as named:
        warnings.simplefilter("always")
        write_score(score, path)
    (again,) = read_score(path).tracks
    is_same = sorted(again.notes["duration"].tolist()) == sorted(row[1] for row in rows) and sorted(
        zip(*(again.notes[name].tolist() for name in ("start", "duration", "pitch")), strict=True)
    ) == sorted(rows)
    assert ["lengths of notes" in str(each.message) for each in named] == [True] * (not is_same)


def test_all_that_a_score_has_is_kept(tmp_path):
    rows = [(0, PROGRAM, 0, 40, 0), (10, PITCH_BEND, 0, -8192, 0), (480, CONTROL_CHANGE, 7, 99, 1)]
    rows += [(480, CONTROL_CHANGE, 64, 1, 2), (481, CONTROL_CHANGE, 64, 0, 0)]
    notes = notes_of([(0, 480, 60, 80), (480, 480, 60, 90), (480, 0, 64, 1)])
    violin = Track(notes, "Violin", channel=2, controls=np.array(rows, CONTROL), metas=(MetaEvent(5, 5, b"la"),))
    drums = Track(notes_of([(0, 1, 36, 127)]), "", is_drum=True, channel=9, port=3)
    score = Score(
        (violin, drums),
        480,
        np.array([(0, 400_000), (960, 1)], TEMPO),
        np.array([(0, 6, 8, 36, 8)], METRE),
        np.array([(0, -7, "minor"), (480, 7, "dorian")], KEY),
        (Chord(0, "Am7"), Chord(480, "D/F#")),
        (MetaEvent(0, 0xF0, b"~\x7f\t\x01\xf7"), MetaEvent(9, 2, "© né".encode()), MetaEvent(9, 2, b"\xe9")),
        "Prélude",
        4_000,
    )
    write_score(score, tmp_path / "x.mid")
    assert_same(read_score(tmp_path / "x.mid"), score)


def test_names_in_latin_1_keep_their_bytes():
    track = b"\0\xff\x03\x02n\xe9\0\x90<@\x10\x80<@\0\xff/\0"
    contents = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track
    (score,), problems = read_midi(contents)
    assert problems == ()
    assert score.title == "né"
    assert b"\xff\x03\x02n\xe9" in write_midi(score)
    assert_same(read_midi(write_midi(score))[0][0], score)


def file_of(*tracks: bytes, midi_format: int = 1, n_tracks: int | None = None, division: int = 96) -> bytes:
    header = (6).to_bytes(4, "big") + midi_format.to_bytes(2, "big")
    header += (len(tracks) if n_tracks is None else n_tracks).to_bytes(2, "big") + division.to_bytes(2, "big")
    chunks = [b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks]
    return b"MThd" + header + b"".join(chunks)


def riff_of(midi, *chunks):
    """Return a RIFF file of the kind RMID."""
    body = b"RMIDdata" + len(midi).to_bytes(4, "little") + midi + b"\0" * (len(midi) % 2) + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


END = b"\0\xff/\0"
NOTE = b"\0\x90<@\x60\x80<@"


@pytest.mark.parametrize(
    ("contents", "expected", "words"),
    [
        (file_of(b"\0\x90<@\x60\x90<\0" + END), [(0, 96, 60, 64)], None),
        (file_of(b"\0\x90<@\x60<\0\0>@\x60>\0" + END), [(0, 96, 60, 64), (96, 96, 62, 64)], None),
        (file_of(b"\0\x90<@\x10<A\x10\x80<@\x10<@" + END), [(0, 32, 60, 64), (16, 32, 60, 65)], None),
        (file_of(b"\0\x90<@\x60\xff/\0"), [(0, 96, 60, 64)], "1 notes have no end"),
        (file_of(b"\0\x80<@" + NOTE + END), [(0, 96, 60, 64)], "1 ends of notes have no start"),
        (file_of(NOTE), [(0, 96, 60, 64)], "has no end"),
        (file_of(NOTE + b"\0\x90<"), [(0, 96, 60, 64)], "in the middle"),
        (file_of(NOTE + b"\0\x90<\x90" + END), [(0, 96, 60, 64)], "is damaged"),
        (file_of(NOTE + b"\0\xf5" + END), [(0, 96, 60, 64)], "0xf5"),
        (file_of(b"\0\x90<@\x60\xff\1\1x\0\x80<@" + END), [(0, 96, 60, 64)], None),
        (file_of(b"\0\x90<@\x60\xff\1\1x\0<\0" + END), [(0, 96, 60, 64)], None),
        (file_of(NOTE + END, n_tracks=40_000), [(0, 96, 60, 64)], "40000 tracks"),
        (file_of(NOTE + END, midi_format=7), [(0, 96, 60, 64)], "format is 7"),
        (file_of(b"\0\xff\x51\3\0\0\0" + NOTE + END), [(0, 96, 60, 64)], "tempo at tick 0 is 0"),
        (file_of(NOTE + END)[:-2], [(0, 96, 60, 64)], "after the end of the file"),
        (file_of(NOTE + END) + b"\0" * 20, [(0, 96, 60, 64)], "no chunk"),
        (file_of(NOTE + END) + b"XFIH\0\0\0\4abcd", [(0, 96, 60, 64)], "not read: XFIH"),
        (b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + file_of(NOTE + END), [(0, 96, 60, 64)], None),
        (riff_of(file_of(NOTE + END), b"LIST\4\0\0\0INFO", b"DISP\4\0\0\0abcd"), [(0, 96, 60, 64)], "read: INFO, DISP"),
        (riff_of(file_of(NOTE + END), b"RIFF\4\0\0\0DLS "), [(0, 96, 60, 64)], "not read: DLS."),
        (riff_of(file_of(NOTE + END)), [(0, 96, 60, 64)], None),
        (file_of(b"\0\xff\x59\2\x09\0" + NOTE + END), [(0, 96, 60, 64)], None),
    ],
)
def test_damaged_files_give_what_is_there(contents, expected, words):
    (score,), problems = read_midi(contents)
    assert [tuple(note)[:4] for note in score.tracks[0].notes.tolist()] == expected
    assert any(words in problem for problem in problems) if words else problems == ()
    assert_same(read_midi(write_midi(score))[0][0], score)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"MThd", "ends in its header"),
        (b"hello, world, this is no score", "no MIDI file"),
        (file_of(), "no track"),
        (file_of(END, division=0), "0 ticks"),
        (file_of(END, division=0x9900), "frames"),
        (file_of(b"\xff\xff\xff\x7f\x90<@" * 1100 + END), "ticks; at most"),
    ],
)
def test_files_that_are_no_scores_are_refused(contents, words, tmp_path):
    with pytest.raises(BadScore, match=words):
        read_midi(contents)
    (tmp_path / "x.mid").write_bytes(contents)
    with pytest.raises(BadScore, match=r"x\.mid cannot be read"):
        read_score(tmp_path / "x.mid")


@pytest.mark.parametrize(("division", "seconds"), [(0xE728, 0.001), (0xE250, 1 / 2400), (0xE364, 1.001 / 3000)])
def test_times_in_frames_of_film_are_exact(division, seconds):
    (score,), problems = read_midi(file_of(b"\0\xff\x51\3\7\xa1\x20" + NOTE + END, division=division))
    assert "does not apply" in problems[0]
    assert float(score.tempo_map.seconds(96_000)) == pytest.approx(96_000 * seconds, rel=1e-12)


def test_tracks_of_format_2_are_tunes_of_their_own(tmp_path):
    (tmp_path / "x.mid").write_bytes(file_of(NOTE + END, b"\0\x90>@\x60\x80>@" + END, midi_format=2))
    assert [tune.tracks[0].notes["pitch"].tolist() for tune in read_tunes(tmp_path / "x.mid")] == [[60], [62]]
    assert read_score(tmp_path / "x.mid", 2).n_notes == 1
    with pytest.raises(BadScore, match="no tune 3; give a number from 1 to 2"):
        read_score(tmp_path / "x.mid", 3)


def test_two_thousand_tracks_are_read_and_written():
    contents = file_of(*[NOTE + END] * 2_000)
    (score,), problems = read_midi(contents)
    assert (len(score.tracks), score.n_notes, problems) == (2_000, 2_000, ())
    assert read_midi(write_midi(score))[0][0].n_notes == 2_000


def test_tracks_without_channels_get_their_own():
    melodies = [Track(notes_of([(0, 1, 60, 1)])) for _ in range(20)]
    drums = Track(notes_of([(0, 1, 36, 1)]), is_drum=True)
    given = Track(notes_of([(0, 1, 36, 1)]), channel=0)
    places = channels_of([*melodies, drums, given])
    assert places[20:] == [(0, 9), (0, 0)]
    assert len(set(places)) == 22
    assert all(channel != 9 for _, channel in places[:20])


@pytest.mark.parametrize("row", [(-1, 1, 60, 1), (0, -1, 60, 1), (0, 1, 128, 1), (0, 1, 60, 0), (0, 2**39, 60, 1)])
def test_impossible_notes_are_not_written(row, tmp_path):
    with pytest.raises(BadScore, match=r"must lie between|a pause of"):
        write_score(Score((Track(notes_of([row])),)), tmp_path / "x.mid")
    assert list(tmp_path.iterdir()) == []


def test_problems_of_a_file_are_warned_of_one_by_one(tmp_path):
    (tmp_path / "x.mid").write_bytes(file_of(*[NOTE] * 30))
    with pytest.warns(ScoreWarning) as warned:
        read_score(tmp_path / "x.mid")
    assert len(warned) == 21
    assert str(warned[-1].message).endswith("10 more problems.")


def test_files_of_other_kinds_and_missing_ones_are_refused(tmp_path):
    (tmp_path / "empty.mid").touch()
    (tmp_path / "folder.mid").mkdir()
    for name, words in (("x.txt", "must end with .mid"), ("x.mid", "no such file"), ("empty.mid", "empty")):
        with pytest.raises(BadScore, match=words):
            read_score(tmp_path / name)
    with pytest.raises(BadScore, match="folder"):
        read_score(tmp_path / "folder.mid")
    with pytest.raises(BadScore, match=r"must end with \.mid"):
        write_score(Score(), tmp_path / "x.wav")


def test_what_another_track_sets_for_the_channel_counts(tmp_path):
    control, program = b"\x00\xb3", b"\x00\xc3"
    setup = control + b"\x07\x20" + program + b"\x2a\x00\xb4\x00\x7f\x00\xc4\x10"
    notes = b"".join(bytes([0, 0x90 | channel, 60, 90, 96, 0x80 | channel, 60, 64]) for channel in (3, 4))
    late = b"\x83\x00\xc3\x05"  # after the notes
    score = read_midi(file_of(b"", setup, notes, late))[0][0]
    _, _, melody, drums, _ = score.tracks
    assert (melody.program, melody.is_drum, melody.inherited[CONTROL_CHANGE, 7]) == (42, False, 0x20)
    assert drums.is_drum
    assert melody.with_program(3).program == 3
    with pytest.warns(ScoreWarning, match=r"Left out: controller 0\."):
        write_score(score, tmp_path / "x.musicxml")
    again = read_score(tmp_path / "x.musicxml").tracks[2]
    assert (again.program, again.controls["value"].tolist()) == (42, [42, 0x20])
    assert_same(read_midi(write_midi(score))[0][0], score)


@pytest.mark.parametrize("n_tunes", range(1, 4))
def test_tunes_after_the_first_are_named(tmp_path, n_tunes, recwarn):
    path = tmp_path / "a.mid"
    path.write_bytes(file_of(*[NOTE + END] * n_tunes, midi_format=2))
    read_score(path)
    tunes = "".join(f"X:{number}\nK:C\nCDE|\n\n" for number in range(n_tunes))
    (tmp_path / "b.abc").write_text(tunes)
    read_score(tmp_path / "b.abc")
    said = [f"{name} has {n_tunes} tunes, of which the first is read." for name in ("a.mid", "b.abc")]
    assert [str(each.message).rpartition("/")[2] for each in recwarn] == said * (n_tunes > 1)
    recwarn.clear()
    with warnings.catch_warnings(record=True) as named:
        warnings.simplefilter("always")
        assert len(scan_scores(tmp_path).entries) == 2
    assert [str(each.message).count("of which the first is read. (1 more)") for each in named] == [1] * (n_tunes > 1)


@pytest.mark.parametrize(("name", "title"), [("Soft Karaoke", "Sòng"), ("", "Sòng"), ("Ballads", "Ballads")])
def test_the_title_of_karaoke_stands_in_a_text_of_another_track(name, title):
    names = (MetaEvent(0, 3, name.encode()),) * bool(name)
    words = tuple(MetaEvent(0, 1, text.encode()) for text in ("@LENGL", "@TSòng", "@TBand", "\\Hel", "lo"))
    first = Score((Track(metas=words, name="Words"),), metas=(*names, MetaEvent(0, 1, b"@KMIDI KARAOKE FILE")))
    (score,), _ = read_midi(write_midi(first))
    (again,), _ = read_midi(write_midi(score))
    assert score.title == again.title == title
    assert score.metas == again.metas == first.metas[title == name :]
    assert score.tracks[0].metas == words


def test_the_name_of_a_file_of_format_0_is_the_title():
    track = b"\0\xff\x03\4Song\0\xff\x05\2la\0\x90<@\x10\x80<@\0\x91=@\x10\x81=@\0\xff/\0"
    (score,), _ = read_midi(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track)
    assert (score.title, [each.name for each in score.tracks], score.metas) == (
        "Song",
        ["", ""],
        (MetaEvent(0, 5, b"la"),),
    )
    (again,), _ = read_midi(write_midi(score))
    assert (again.title, again.metas) == (score.title, score.metas)
    assert [each.notes.tolist() for each in again.tracks] == [each.notes.tolist() for each in score.tracks]


def test_a_note_whose_end_comes_first_at_its_start_has_no_length():
    track = b"\0\x80<@\0\x90<@\0\x80>@\x10\x90>@\0\x90@@\x10\x80@@\x10\xff/\0"
    (score,), problems = read_midi(file_of(track))
    assert score.tracks[0].notes[["start", "duration", "pitch"]].tolist() == [(0, 0, 60), (16, 32, 62), (16, 16, 64)]
    assert problems == (
        "1 ends of notes have no start; they are left out.",
        "1 notes have no end; they end with their track.",
    )
