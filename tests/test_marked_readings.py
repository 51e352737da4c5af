"""What is raised, lowered, hidden, highlighted or cited, and headings of books, as they are read."""

from __future__ import annotations

import pytest

import wavewright
from wavewright.text.espeak import EspeakFrontEnd

READINGS = [
    ("html", "E = mc<sup>2</sup>.", "e equals m c squared"),
    ("html", "10<sup>6</sup> cells", "ten to the power of six cells"),
    ("html", "1<sup>1</sup>/<sub>2</sub> cups", "one and a half cups"),
    ("html", "v<sub>1</sub> is the speed", "v one is the speed"),
    ("html", "H<sub>2</sub>O", "h two o"),
    ("html", "the 20<sup>th</sup> day", "the twentieth day"),
    ("html", "in 1945<sup>3</sup> it ended", "in nineteen forty five it ended"),
    ("html", 'said.<sup><a href="#n">[3]</a></sup> Next', "said / next"),
    ("html", "<div hidden>a <div>b</div> c</div>d e", "d e"),
    ("html", '<p>to the <span class="pagenum">[Pg 16]</span>station</p>', "to the station"),
    ("html", "a <ruby>word<rt>reading</rt></ruby> here", "a word here"),
    ("markdown", "This is ==important== text.", "this is important text"),
    ("markdown", "if a == b or c==d", "if a equals b or c equals d"),
    ("markdown", "According to sources [1][2], yes.", "according to sources yes"),
    ("none", "See [1], [2] and [5–7].", "see one two and five to seven"),
    ("none", "Others [6–8] agreed.", "others agreed"),
    ("none", "CHAPTER V. Advice from a Friend\n\nIt began.", "chapter five / advice from a friend / it began"),
    ("none", "ACT I.\n\nHe came.", "act one / he came"),
    ("none", "IV\n\nThen it rained.", "four / then it rained"),
    ("none", "Me and\nI went.", "me and i went"),
    ("none", "GUID 4E57", "g u i d four e fifty seven"),
    ("none", "2m users, 2m high", "two million users two meters high"),
]


@pytest.mark.parametrize(("markup", "text", "reading"), READINGS)
def test_a_text_is_read_as_it_is_meant(markup, text, reading):
    sentences = wavewright.phonemes(text, markup=markup).sentences
    assert " / ".join(" ".join(word.spoken for word in sentence.words) for sentence in sentences) == reading


def test_espeak_gets_numbers_whole_and_goes_on_after_what_is_shortened():
    """Another backend stands for eSpeak NG, which need not be installed."""
    given = []

    class Backend:
        def phonemize(self, text, *, strip):
            given.extend(text)
            return ["a" for _ in text]

    sentences = EspeakFrontEnd("de", Backend()).sentences("Um 17:45 kam Dr. Ott mit 1.000 Stück zu 24,50. Gut.")
    assert len(sentences) == 2
    assert {"17:45", "1.000", "24,50"} <= {*given}
