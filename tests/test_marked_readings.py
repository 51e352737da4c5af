"""What is raised, lowered, hidden, highlighted or cited, and headings of books, as they are read."""

from __future__ import annotations

import pytest

import wavewright

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
    ("markdown", "As said 【4†source】 and so【12:3†report.pdf】.", "as said and so"),
    ("none", "As said【4†source】. Then 【1†a】【2†b】 go on.", "as said / then go on"),
    ("markdown", "See [docs].\n\n[docs]:\n  https://example.org\n  'A title'\n\nEnd.", "see docs / end"),
    ("markdown", 'See [docs].\n\n[docs]: <https://example.org/a b>\n"T"\n\n"U" ends.', "see docs / u ends"),
    ("markdown", "+++\ntitle = 'x'\n+++\n\nText.", "text"),
    ("markdown", "[//]: # (a comment)\nText <!-- b\nc --> end.", "text end"),
    ("markdown", "<div style='display:none'>a\n\nb</div>Shown.", "shown"),
    ("markdown", "A <ruby>word<rt>gloss</rt></ruby> <span hidden>x</span>here.", "a word here"),
    ("markdown", "Write `<template>` and `<span hidden>` here.", "write template and span hidden here"),
    ("markdown", "An open <template> is text.", "an open is text"),
    ("markdown", "H~2~O, ~one~ and ~~two~~, about ~5 or ~6.", "h two o one and two about about five or about six"),
    ("markdown", "The 2^nd^, *x*^2^, 10^-3^ m", "the second x squared ten to the power of minus three meters"),
    ("markdown", "the word^1^ x~i~ of CO~2~ and e^x^.", "the word x i of c o two and e to the power of x"),
    ("markdown", "If x^2+y^2 is a~~b~~ and 2^10", "if x squared plus y squared is ab and two to the power of ten"),
    ("html", "<p>It ended.<a href='#fn1'>1</a> Next<a href='n.html#x'>*</a>.</p>", "it ended / next"),
    ("html", "<p>See chapter <a href='#c3'>3</a>, 1.<a href='#s2'>2</a></p>", "see chapter three one point two"),
    (
        "html",
        "e<sup>-x</sup>, a<sup>n</sup>, XIX<sup>e</sup>",
        "e to the power of minus x a to the power of n nineteen",
    ),
    ("html", "<noscript>Enable it.</noscript><p>Text.</p>", "text"),
    ("none", "See [1], [2] and [5–7].", "see one two and five to seven"),
    ("none", "Others [6–8] agreed.", "others agreed"),
    ("none", "CHAPTER V. Advice from a Friend\n\nIt began.", "chapter five / advice from a friend / it began"),
    ("none", "ACT I.\n\nHe came.", "act one / he came"),
    ("none", "IV\n\nThen it rained.", "four / then it rained"),
    ("none", "ACT III. SCENE I. Elsinore.", "act three / scene one / elsinore"),
    ("none", "LETTER IV.\n\nTo her.", "letter four / to her"),
    ("none", "STAVE I: GHOST\n\nHe came.", "stave one ghost / he came"),
    ("none", "CHAPTER XIV.—THE END\n\nHe came.", "chapter fourteen / the end / he came"),
    ("none", "V. Conclusion\n\nIt ends.", "five / conclusion / it ends"),
    ("html", "<h3>IV. The Return</h3><p>It began.</p>", "four / the return / it began"),
    ("none", "So did I.\n\nHe met Henry V.\n\nIt was plan C.", "so did i / he met henry v / it was plan c"),
    ("none", "Me and\nI went.", "me and i went"),
    ("none", "GUID 4E57", "g u i d four e fifty seven"),
    ("none", "2m users, 2m high", "two million users two meters high"),
    ("none", "1E6 cells in gate 4E57", "one times ten to the six cells in gate four e fifty seven"),
    (
        "none",
        "12,5 degrees, 0,5 liters, 3,2 percent",
        "twelve point five degrees zero point five liters three point two percent",
    ),
    ("none", "2,25 inches and pages 12,5", "two point two five inches and pages twelve five"),
    ("none", "SO₄²⁻ and PO₄³⁻", "s o four two minus and p o four three minus"),
    ("none", "Cl⁻, OH⁻ (CN⁻) and CH₃COO⁻", "c l minus o h minus c n minus and c h three c o o minus"),
    (
        "html",
        "<p>A Br<sup>−</sup> or I<sup>-</sup> ion, 10<sup>−3</sup></p>",
        "a b r minus or i minus ion ten to the power of minus three",
    ),
    ("none", "MnO₄⁻ and NO₃⁻ but NH₄⁺", "m n o four minus and n o three minus but n h four plus"),
    ("html", "SO<sub>4</sub><sup>2-</sup> ions", "s o four two minus ions"),
    (
        "none",
        "CA$22, AU$1.2 million, MX$3",
        "twenty two canadian dollars one point two million australian dollars three mexican pesos",
    ),
    ("none", "They are 10-2 ATS and 7-8 SU.", "they are ten and two a t s and seven and eight s u"),
    ("none", "See p. 45, n. 3 and nn. 4-6.", "see page forty five note three and notes four to six"),
    ("none", "an f/2.8L lens, a 2.8L engine", "an f two point eight l lens a two point eight liter engine"),
    ("none", "Area: 12 km2 in area 51", "area twelve square kilometers in area fifty one"),
    ("none", "tea, &c., and more &c. The end", "tea et cetera and more et cetera / the end"),
    ("none", "1,5 times, a 2,5-fold rise", "one point five times a two point five fold rise"),
    ("none", "1,5 million, but rows 1,5 and 2,6", "one point five million but rows one five and two six"),
    ("none", "+33 (0)1 23 45 67 89", "plus three three zero one two three four five six seven eight nine"),
    ("none", "+44 (0)20 7946 0958", "plus four four zero two zero seven nine four six zero nine five eight"),
    ("none", "key Ra1, board X-Nf3", "key r a one board x n f three"),
    ("none", "White played Qe4. 1. Nf3 Nc6", "white played queen e four / one / knight f three knight c six"),
    ("none", "call getElementById, getX, userId", "call get element by id get x user id"),
    ("none", "saveAsPng by McDonald on an iPhone", "save as png by mcdonald on an iphone"),
    ("none", "thx 4 ur help, waiting 4 u", "thanks for your help waiting for you"),
    ("none", "type >reload if x >5", "type reload if x is greater than five"),
]


@pytest.mark.parametrize(("markup", "text", "reading"), READINGS)
def test_a_text_is_read_as_it_is_meant(markup, text, reading):
    sentences = wavewright.phonemes(text, markup=markup).sentences
    assert " / ".join(" ".join(word.spoken for word in sentence.words) for sentence in sentences) == reading
