"""Scores that a model continues, fills in or varies: everything else stays, as mido reads the files."""

from __future__ import annotations

from collections import Counter

import mido
import numpy as np
import pytest

from wavewright import write_score
from wavewright.base.errors import BadSetting
from wavewright.contracts.composition import CompositionSettings
from wavewright.families import loading
from wavewright.music.bars import bars_of, with_bar_lines
from wavewright.music.score import (
    CONTROL_CHANGE,
    METRE,
    PITCH_BEND,
    PROGRAM,
    Chord,
    MetaEvent,
    Score,
    Track,
    controls_of,
    notes_of,
)
from wavewright.music.timing import TEMPO
from wavewright.tasks.compose import compose
from wavewright.tasks.revise import revise

QUARTER = 96
MODELS = ("chorales", "folk-tunes", "drum-patterns")
COMPOSED = {"chorales": (0, 1, 2), "folk-tunes": (0, 1, 2), "drum-patterns": (3,)}
"""Tracks of the score that a model composes: all with pitches, or the drums."""


def band(seed: int, metre=(3, 4), pickup: int = 1, n_bars: int = 6) -> Score:
    """Return a score as people play it: off the grid, overlapping, with controls, tempos, chords and a pickup."""
    rng = np.random.default_rng(seed)
    whole = 4 * QUARTER * metre[0] // metre[1]
    start = pickup * QUARTER
    lines = [0] * bool(pickup) + [*range(start, start + n_bars * whole + 1, whole)]
    tracks = []
    for index, (name, low, program) in enumerate((("lead", 72, 73), ("piano", 50, 0), ("bass", 36, 32))):
        n = 10 * n_bars
        rows = [
            (int(tick), int(rng.integers(10, 3 * QUARTER)), low + int(rng.integers(0, 14)), int(rng.integers(40, 120)))
            for tick in rng.integers(0, lines[-1] - 3 * QUARTER, n)
        ]
        rows = list({(tick, pitch): (tick, length, pitch, loud) for tick, length, pitch, loud in rows}.values())
        controls = [(0, PROGRAM, 0, program), (50, CONTROL_CHANGE, 7, 90 + index), (500, PITCH_BEND, 0, 300)]
        metas = (MetaEvent(60, 5, b"la"),)
        tracks.append(Track(notes_of(_apart(rows)), name, channel=index, controls=controls_of(controls), metas=metas))
    hits = [(tick, 20, int(rng.choice([36, 38, 42, 54])), 90) for tick in range(0, lines[-1], QUARTER // 2)]
    tracks.append(Track(notes_of(hits), "drums", is_drum=True, channel=9))
    score = Score(
        tuple(tracks),
        QUARTER,
        tempos=np.array([(0, 480_000), (7 * QUARTER, 520_000)], TEMPO),
        metres=np.array([(0, *metre, 24, 8)], METRE),
        chords=tuple(Chord(line, name) for line, name in zip(lines[:-1], "CFGCAEDGCF", strict=False)),
        metas=(MetaEvent(100, 6, b"verse"),),
        title="A band",
        length=lines[-1],
    )
    return with_bar_lines(score, lines)


def _apart(rows):
    """Return notes of which those of one pitch do not overlap, as MIDI has them."""
    ends, apart = {}, []
    for start, length, pitch, velocity in sorted(rows):
        if ends.get(pitch, 0) <= start:
            apart.append((start, length, pitch, velocity))
            ends[pitch] = start + length
    return apart


def contents(path):
    """Return the notes of each track, ``(start, end, pitch, velocity)``, and all its other messages, by mido."""
    notes, others = [], []
    for track in mido.MidiFile(path).tracks:
        tick, held, of_track, rest = 0, {}, Counter(), []
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                held.setdefault((message.channel, message.note), []).append((tick, message.velocity))
            elif message.type in ("note_on", "note_off"):
                start, velocity = held[message.channel, message.note].pop(0)
                of_track[start, tick, message.note, velocity] += 1
            elif message.type != "end_of_track":
                rest.append((tick, message.copy(time=0)))
        notes.append(of_track)
        others.append(rest)
    return notes, others


def files(score, changed, tmp_path):
    """Return what mido reads of a score and of its revision."""
    for name, each in (("before.mid", score), ("after.mid", changed)):
        write_score(each, tmp_path / name)
    return contents(tmp_path / "before.mid"), contents(tmp_path / "after.mid")


def outside(notes, start, end):
    return Counter({note: count for note, count in notes.items() if note[0] < start or note[1] > end})


def without_chords(messages):
    return [each for each in messages if getattr(each[1], "text", "")[:6] != "chord:"]


@pytest.mark.filterwarnings("ignore:.*lengths of notes.:wavewright.base.errors.ScoreWarning")  # new ones in old ones
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("metre", [(3, 4), (4, 4), (6, 8)])
def test_what_is_outside_of_the_bars_stays(model, metre, tmp_path):
    composer = loading.load_composer(model)
    for seed, (first, last) in enumerate([(2, 3), (1, 1), (0, 2)]):
        score = band(seed, metre)
        changed = composer.infill(score, first, last, CompositionSettings(seed=seed))
        bars = {bar.number: bar for bar in bars_of(score)}
        span = bars[first].start, bars[last].end
        (notes, others), (new_notes, new_others) = files(score, changed, tmp_path)
        assert [without_chords(each) for each in new_others] == [without_chords(each) for each in others]
        for index, (before, after) in enumerate(zip(notes[1:], new_notes[1:], strict=True)):
            assert outside(after, *span) == outside(before, *span)
            if index not in COMPOSED[model]:
                assert after == before
        assert any(after != before for before, after in zip(notes, new_notes, strict=True))
        chords = [[c for c in each.chords if not span[0] <= c.tick < span[1]] for each in (score, changed)]
        assert [c for c in chords[1] if c.tick != span[1]] == [c for c in chords[0] if c.tick != span[1]]


@pytest.mark.parametrize("model", MODELS)
def test_a_continued_score_begins_with_the_score(model, tmp_path):
    composer = loading.load_composer(model)
    for seed, metre in enumerate([(3, 4), (6, 8), (4, 4)]):
        score = band(seed, metre, pickup=seed)
        longer = composer.continue_score(score, 2, CompositionSettings(seed=seed))
        (notes, others), (new_notes, new_others) = files(score, longer, tmp_path)
        end = bars_of(score)[-1].end
        for before, after in zip(notes, new_notes, strict=False):
            assert not before - after
            assert all(note[0] >= end for note in after - before)
        assert [without_chords(each) for each in new_others[: len(others)]] == [*map(without_chords, others)]
        bars = bars_of(longer, to_end=True)
        assert len(bars) == len(bars_of(score)) + 2
        assert {bar.metre for bar in bars} == {f"{metre[0]}/{metre[1]}"}


@pytest.mark.parametrize("model", MODELS)
def test_a_variation_replaces_notes_of_its_voices_alone(model, tmp_path):
    composer = loading.load_composer(model)
    score = band(3)
    assert composer.vary(score, 0.0).tracks[0].notes.tolist() == score.tracks[0].notes.tolist()
    varied = composer.vary(score, 0.3, CompositionSettings(seed=1))
    (notes, others), (new_notes, new_others) = files(score, varied, tmp_path)
    assert [*map(without_chords, new_others)] == [*map(without_chords, others)]
    for index, (before, after) in enumerate(zip(notes[1:], new_notes[1:], strict=True)):
        if index not in COMPOSED[model]:
            assert after == before
    kept = sum((before & after).total() for before, after in zip(notes, new_notes, strict=True))
    assert 0.45 < kept / score.n_notes < 1


def test_a_voice_that_is_composed_anew_leaves_the_others():
    composer = loading.load_composer("folk-tunes")
    score = band(4)
    changed = composer.replace_voices(score, ("melody",), CompositionSettings(seed=1))
    assert [track.notes.tolist() for track in changed.tracks[1:]] == [
        track.notes.tolist() for track in score.tracks[1:]
    ]
    assert changed.tracks[0].notes.tolist() != score.tracks[0].notes.tolist()
    assert changed.chords == score.chords


def test_the_command_keeps_tempo_instruments_and_drums_through_two_files(tmp_path):
    write_score(band(5), tmp_path / "band.mid")
    revise("melody", tmp_path / "band.mid", tmp_path / "longer.mid", bars=2)
    revise("chorales", tmp_path / "longer.mid", tmp_path / "again.mid", infill="1")
    notes, others = contents(tmp_path / "band.mid")
    new_notes, new_others = contents(tmp_path / "again.mid")
    assert not notes[4] - new_notes[4]
    assert [*map(without_chords, new_others)] == [*map(without_chords, others)]


@pytest.mark.parametrize("metre", ["6/8", "12/8", "3/4", "2/2", "7/8", "5/16"])
def test_a_new_score_has_the_metre_that_was_asked_for(metre, tmp_path):
    compose("folk-tunes", tmp_path / "new.mid", metre=metre, bars=2)
    signatures = [each for each in mido.MidiFile(tmp_path / "new.mid").tracks[0] if each.type == "time_signature"]
    assert [f"{each.numerator}/{each.denominator}" for each in signatures] == [metre]


def test_bars_that_are_no_sixteenths_are_refused():
    score = Score((Track(notes_of([(0, 240, 60, 80)])),), metres=np.array([(0, 5, 32, 24, 8)], METRE))
    with pytest.raises(BadSetting, match="A score in 5/32 cannot be continued"):
        loading.load_composer("folk-tunes").continue_score(score, 1)


@pytest.mark.filterwarnings("ignore:density is asked for:wavewright.base.errors.ScoreWarning")  # a piece is near it
def test_drums_are_as_dense_as_was_asked_for():
    composer = loading.load_composer("drum-patterns")
    sparse, dense = (composer.compose(4, CompositionSettings(density=each, seed=1)) for each in (0.1, 0.9))
    assert dense.n_notes > 2 * sparse.n_notes
