"""Cues of one sentence are one line of a dub, and its subtitles again."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from wavewright.dubbing.captions import subtitle_rows
from wavewright.dubbing.drafting import (
    MAX_PAUSE_SECONDS,
    MAX_SENTENCE_SECONDS,
    Draft,
    join_sentences,
    lines_of,
    subtitle_cues,
)
from wavewright.dubbing.subtitle_files import SpeechSegment, written_cues

TEXTS = ("I went", "to town", "and back.", "Did you?", "No...", "- Yes!", "...or not", 'He said "no."', "Then I left,")
CUES = st.lists(
    st.tuples(st.floats(-0.2, 1), st.floats(0.1, 6), st.sampled_from(TEXTS), st.sampled_from(["", "", "Ann"])),
    max_size=12,
)


def cues_of(rows):
    end, cues = 1.0, []
    for pause, seconds, text, speaker in rows:
        cues.append(SpeechSegment(end + pause, end + pause + seconds, text, speaker))
        end = cues[-1].end
    return sorted(cues, key=lambda cue: cue.start)


@given(CUES)
def test_sentences_lose_no_word_and_start_with_their_first_cue(rows):
    cues = cues_of(rows)
    joined = join_sentences(cues)
    assert " ".join(each.text for each in joined) == " ".join(cue.text for cue in cues)
    waiting = iter(cues)
    for sentence in joined:
        parts = [next(waiting)]
        while len(" ".join(part.text for part in parts)) < len(sentence.text):
            parts.append(next(waiting))
        assert (sentence.start, sentence.end) == (parts[0].start, parts[-1].end)
        assert {part.speaker for part in parts} == {sentence.speaker}
        assert len(parts) == 1 or sentence.end - sentence.start <= MAX_SENTENCE_SECONDS
        for before, after in pairwise(parts):
            assert after.start - before.end <= MAX_PAUSE_SECONDS
            is_open = before.text.endswith("...") and (after.text.startswith("...") or after.text[0].islower())
            assert is_open or not before.text.endswith((".", "?", "!", '."'))
            assert not after.text.startswith("-")


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["I went", "to town."], ["I went to town."]),
        (["I went...", "to town."], ["I went... to town."]),
        (["I went...", "To town?"], ["I went...", "To town?"]),
        (["I went", "- To town?"], ["I went", "- To town?"]),
        (["Er sagte:", "Nein."], ["Er sagte:", "Nein."]),
        (["Er kam (spät)", "nach Haus.", "Dann"], ["Er kam (spät) nach Haus.", "Dann"]),
        (["all of this", "is heard by", "a machine"], ["all of this", "is heard by", "a machine"]),
    ],
)
def test_where_a_sentence_goes_on(texts, joined):
    cues = [SpeechSegment(2.0 * number, 2.0 * number + 1.9, text) for number, text in enumerate(texts)]
    assert [each.text for each in join_sentences(cues)] == joined


def test_subtitles_and_recognisers_become_sentences_and_phrases_stay(tmp_path, monkeypatch):
    rows = [(1.0, 2.5, "This is what"), (2.6, 4.0, "they said."), (4.2, 5.0, "All of"), (7.0, 8.0, "them.")]
    subtitles = tmp_path / "a.srt"
    subtitles.write_text(written_cues(rows), encoding="utf-8")
    expected = [(1.0, 4.0, "This is what they said."), (4.2, 5.0, "All of"), (7.0, 8.0, "them.")]
    assert [(line.start, line.end, line.original) for line in lines_of(subtitle_cues(subtitles, subtitles))] == expected

    class Found:
        def __init__(self, gives_sentences: bool) -> None:
            self.gives_sentences = gives_sentences

        def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
            return [SpeechSegment(*row) for row in rows]

    monkeypatch.setattr("wavewright.dubbing.drafting.shown_seconds", lambda path: 9.0)
    for gives_sentences, n_lines in ((False, 3), (True, 4)):
        found = Found(gives_sentences)
        monkeypatch.setattr("wavewright.dubbing.drafting.open_recogniser", lambda name, found=found: found)
        draft = Draft(tmp_path / "a.wav", "de", recogniser="a program {file}", voice="en-kathleen")
        lines = draft.project(tmp_path)[0].lines
        assert len(lines) == n_lines
        assert " ".join(line.original for line in lines) == "This is what they said. All of them."


@given(st.lists(st.sampled_from(["a", "word", "sentences,", "end.", "42"]), min_size=1, max_size=80))
def test_a_long_line_is_shown_in_parts(words):
    text = " ".join(words)
    rows = subtitle_rows(3.0, 15.0, text)
    assert " ".join(row[2] for row in rows).replace("\n", " ") == text
    assert rows[0][0] == 3.0
    assert rows[-1][1] == 15.0
    for start, end, shown in rows:
        assert start < end
        assert len(rows) == 1 or all(len(line) <= 42 for line in shown.split("\n"))
    for before, after in pairwise(rows):
        assert before[1] <= after[0] + 1e-3
