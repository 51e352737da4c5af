"""The command that shows words and phones, and front ends of other languages by a stand-in for eSpeak NG."""

from __future__ import annotations

import json
import re

import pytest

from wavewright import phonemes
from wavewright.apps.cli import run
from wavewright.base.errors import BadSetting, BadText, MissingExtra
from wavewright.text import espeak
from wavewright.text.espeak import EspeakFrontEnd


def test_words_and_phones_are_listed():
    assert str(phonemes("Hello, Dr. No.")) == "hello,  HH AH0 L OW1\ndoctor  D AA1 K T ER0\nno.     N OW1"


def test_the_command_prints_json(capsys):
    assert run(["phonemes", "<speak>two <sub alias='three'>3rd</sub></speak>", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["details"]
    assert shown["text"] == "two three"
    assert [word["phones"] for word in shown["sentences"][0]["words"]] == [["T", "UW1"], ["TH", "R", "IY1"]]
    assert shown["sentences"][0]["symbols"] == ["_", "T", "UW1", "|", "TH", "R", "IY1", ".", "_"]


def test_wrong_input_is_refused(tmp_path, capsys):
    assert run(["phonemes", "..."]) == 2
    assert "nothing to speak" in capsys.readouterr().err
    with pytest.raises(BadSetting, match="There is no lexicon"):
        phonemes("a", lexicon=tmp_path / "none.txt")
    (tmp_path / "mine.txt").write_text("a B\n", encoding="utf-8")
    assert str(phonemes("a", lexicon=tmp_path / "mine.txt")) == "a.  B"


class Backend:
    """Stands in for eSpeak NG: every word is its letters behind a stress."""

    def phonemize(self, words, strip):
        assert strip
        return [" ".join(f"ˈ{word}" for word in re.findall(r"\w+", text.lower())) for text in words]


def test_another_language_has_symbols_of_its_own():
    german = EspeakFrontEnd("de", Backend())
    first, second = german.sentences("Ja, [[naɪn]]. Oh!")
    assert first.symbols == ("_", "ˈ", "j", "a", ",", "n", "a", "ɪ", "n", ".", "_")
    assert second.words[0].mark_after == "!"
    assert {*first.symbols} <= {*german.symbols}
    assert german.symbols[0] == "_"
    assert [(word.text, word.start, word.end) for word in first.words] == [("Ja", 0, 2), ("[[naɪn]]", 4, 12)]
    with pytest.raises(BadText, match="nothing to speak"):
        german.sentences(" . ")
    with pytest.raises(BadText, match="the character '€'"):
        german.phones("€")


def test_espeak_is_required_by_name(monkeypatch):
    def missing(language):
        raise MissingExtra(f"The language {language!r} needs eSpeak NG.")

    monkeypatch.setattr(espeak, "_espeak_backend", missing)
    with pytest.raises(MissingExtra, match=re.escape("The language 'de' needs eSpeak NG")):
        phonemes("Hallo", language="espeak:de")
