"""Markdown and HTML as plain text: the words, their positions in the original text, and segments read in order."""

from __future__ import annotations

import json
import random
import sys

import numpy as np
import pytest
from byte_streams import ByteStream
from hypothesis import given, settings, strategies as st
from tiny_speech import stand_in_voice

from wavewright import phonemes
from wavewright.apps.cli import run
from wavewright.audio.pcm import read_pcm
from wavewright.base.errors import BadSetting, BadText, NothingToSpeak
from wavewright.base.parameters import STANDARD_STREAM
from wavewright.speech.chapters import find_chapters
from wavewright.speech.reading import segment_lines
from wavewright.tasks.narrate import narrate
from wavewright.tasks.speak import speak
from wavewright.text import front_end
from wavewright.text.markup import MarkupReader

ENGLISH = front_end()
PIECES = (
    *(
        "# ",
        "\n",
        "\n\n",
        "**",
        "*",
        "_",
        "~~",
        "`",
        "```\n",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](x)",
        "|",
        "|--|--|\n",
        "---\n",
        "- ",
        "1. ",
    ),
    *(
        "> ",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<br>",
        "&amp;",
        "&#39;",
        "&#x",
        "word ",
        "Two. ",
        "\\",
        "<",
        "[^1]",
        "[^1]: ",
        "[x]: y\n",
    ),
    *("<script>", "</script>", "===\n", " ", "\r\n", "<p title='", "3.5", "\u05d0\u05d1", "\ud800", "<li>", "é", "😀"),
)

MARKDOWN = """---
title: not spoken
---
# The *Title* #

Some **bold**, *slanted*, ***both***, ~~struck~~ and `coded` words; snake_case stays, and 2 * 3 * 4.
A [link](https://example.org/a_b "tip"), a [reference over
two lines][1], ![a picture](cat.png), [![badge](b.svg)](http://x.y) and <https://example.org>.

- one
- [x] two **bold**
  that goes on
1. first
2) second
   - nested

> quoted
> words

| Name | Value |
|------|:-----:|
| a    | 1     |
| b \\| c | *2* |

```python
print("code is left out.")

x = 1
```

Under
=====

After<br>it &amp; more &lt; &#57; \\*starred\\*.[^1] <!-- hidden

still --> Seen. a*b is no mark.

***
[1]: http://example.org "tip"
[^1]: A note.
"""
SPOKEN_MARKDOWN = [
    "the title.",
    "some bold, slanted, both, struck and coded words; snake case stays, and two times three times four.",
    "a link, a reference over two lines, a picture, badge and example dot org.",
    *("one.", "two bold that goes on.", "one.", "first.", "two.", "second.", "nested.", "quoted words."),
    *(
        "name, value.",
        "a, one.",
        "b c, two.",
        "under.",
        "after, it and more is less than nine starred.",
        "seen.",
        "a b is no mark.",
    ),
    "a note.",
]
HTML = """<!DOCTYPE html><html><head><title>Not spoken</title><style>p { color: red }</style></head><body>
<h1 class="a > b">Big title</h1>
<p>Tom &amp; Jerry <b>bold</b>ness&nbsp;and 2 &lt; 3.<br/>Next

line</p><ul><li>One<li>Two</ul><table><tr><td>a</td><td>b</td></tr></table>
<script>alert("<p>not spoken</p>")</script><img src=x alt="a cat"> 5 < 6 &#8364;5 <!-- not
spoken --> the <a href='x"y'>end</a></body></html>
"""
SPOKEN_HTML = [
    *("big title.", "tom and jerry boldness and two is less than three.", "next line.", "one.", "two.", "a, b."),
    "a cat five is less than six five euros the end.",
]


def read(text, markup):
    return [str(sentence) for sentence in ENGLISH.sentences(MarkupReader(markup).read(text).text)]


def test_markdown_is_read_without_its_signs():
    assert read(MARKDOWN, "markdown") == SPOKEN_MARKDOWN
    assert read(MARKDOWN.replace("\n", "\r\n"), "markdown") == SPOKEN_MARKDOWN


def test_html_is_read_without_its_tags():
    assert read(HTML, "html") == SPOKEN_HTML


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**a *b c* d** e", "a b c d e."),
        ("*a **b***", "a b."),
        ("[a [b] c](x)", "a, b, c."),
        ("[a](<x y> 'tip') [b][] [c]", "a b, c."),
        ("[a](x(y)z)", "a."),
        ("- > # Deep", "deep."),
        ("1. > - **x**", "one. x."),
        ("``a ` b``", "a b."),
        ("~~~\ncode\n~~~\nword", "word."),
        ("```\nunclosed code\n", None),
        ("a | b\n--|--\n1 | 2", "a, b. one, two."),
        ("# A\ntext\n## B ##\nmore", "a. text. b. more."),
        ("x\n---\ny", "x. y."),
        ("see [this](http://a.b/c_d_e) **now**", "see this now."),
        ("a &nbsp;b &copy; &unknown; &#x41;", "a b copyright and unknown; a."),
        ("5 * 3 and 2*3", "five times three and two times three."),
        ("__init__ and _it_", "init and it."),
        ("none", "none."),
    ],
)
def test_nested_and_broken_markdown(text, spoken):
    if spoken is None:
        with pytest.raises(NothingToSpeak):
            read(text, "markdown")
    else:
        assert " ".join(read(text, "markdown")) == spoken


def test_without_markup_a_text_stays_as_it_is():
    assert MarkupReader("none").read(MARKDOWN).text == MARKDOWN


@pytest.mark.parametrize(("text", "markup"), [(MARKDOWN, "markdown"), (HTML, "html")])
def test_words_stand_where_they_are_written(text, markup):
    plain = MarkupReader(markup).read(text)
    words = [word for sentence in ENGLISH.sentences(plain.text) for word in sentence.words]
    written = [text[plain.position(word.start) : plain.position(word.end - 1) + 1] for word in words]
    others = {word.text: original for word, original in zip(words, written, strict=True) if original != word.text}
    assert set(others) <= {"&", "<", "9", "boldness", "€5", "a", "cat"}
    assert others.get("boldness", "bold</b>ness") == "bold</b>ness"


@settings(derandomize=True, max_examples=400)
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=12), min_size=1, max_size=3),
    st.sampled_from(["markdown", "html"]),
)
def test_any_markup_is_read_and_positions_never_decrease(segments, markup):
    reader = MarkupReader(markup)
    for segment in ("".join(pieces) for pieces in segments):
        ahead = reader.peek(segment).text
        converted = reader.read(segment)
        assert converted.text == ahead
        positions = [converted.position(index) for index in range(len(converted.text) + 1)]
        assert positions == sorted(positions)
        assert all(0 <= position < max(len(segment), 1) for position in positions[:-1])
        assert positions[-1] == len(segment)
        for sentence in ENGLISH.stream(f"word. {converted.text}", None, lambda passage: None):
            assert sentence.words


@pytest.mark.parametrize("markup", ["markdown", "html"])
@pytest.mark.parametrize(
    "piece", [*PIECES, "[a](", '<a "', "*a ", "`a``b", "<!-- ", "|a", "a|b\n", "- - ", "[a]: ", "(("]
)
def test_much_of_one_sign_is_read(markup, piece):
    converted = MarkupReader(markup).read(piece * 2_000)
    assert converted.position(len(converted.text)) == len(piece) * 2_000


def test_words_of_markup_have_their_positions_in_the_text(players, capsys, tmp_path):
    text = "# Title\n\nSome **bold** words.\n"
    assert (
        run(["speak", text, "--voice", "en-kathleen", "--markup", "markdown", "--json", "--subtitles", "a.json"]) == 0
    )
    words = json.loads(capsys.readouterr().out)["details"]["words"]
    assert [(word["text"], word["from_character"], word["to_character"]) for word in words] == [
        *[("Title", 2, 7), ("Some", 9, 13), ("bold", 16, 20), ("words", 23, 28)],
    ]
    shown = phonemes("<b>two</b> &amp; three", markup="html")
    assert [(word.text, word.start, word.end) for word in shown.sentences[0].words] == [
        ("two", 3, 6),
        ("&", 11, 12),
        ("three", 17, 22),
    ]
    with pytest.raises(BadSetting, match="ssml and markup exclude each other"):
        speak("<speak>a</speak>", voice="en-kathleen", ssml=True, markup="html")


def test_paragraphs_of_markup_are_apart():
    voice = stand_in_voice()
    one = voice.speak("<p>One.</p><p>Two.</p>", markup="html").clip
    other = voice.speak("One.\n\nTwo.").clip
    assert np.array_equal(one.wave, other.wave)


def test_markdown_of_a_stream_sounds_as_the_whole(players, monkeypatch):
    text = (
        MARKDOWN.replace("---\ntitle: not spoken\n---\n", "")
        + "\n```\nNo.\n\nNot this. Nor\nthis.\n```\nI saw Dr.\nSmith. **Yes.**\nSo\n"
    )
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdout", sink)
    monkeypatch.setattr(sys, "stdin", ByteStream(text.encode()))
    speak(voice="en-kathleen", out=STANDARD_STREAM, markup="markdown", watermark=False)
    sink.buffer.seek(0)
    wave = np.concatenate(list(read_pcm(sink.buffer, 8_000).waves), axis=1)
    whole = stand_in_voice().speak(text, markup="markdown")
    assert [word.text for word in whole.words][-6:] == ["I", "saw", "Dr.", "Smith", "Yes", "So"]
    assert wave.shape == whole.clip.wave.shape
    assert np.abs(wave - whole.clip.wave).max() <= 0.5 / 32_768 + 1e-9


def test_random_markdown_sounds_the_same_line_by_line_and_whole():
    draw = random.Random(3)
    lines = [
        "# Head\n",
        "\n",
        "- One.\n",
        "- two\n",
        "Some *text.*\n",
        "```\n",
        "It ends.\n",
        "| a. | b |\n",
        "> He said.\n",
    ]
    voice = stand_in_voice()
    for _ in range(25):
        text = "Start.\n" + "".join(draw.choices(lines, k=12))
        parts = segment_lines(text.splitlines(keepends=True), "here", ENGLISH.sentences, "markdown")
        chunks = list(voice.stream(parts, markup="markdown"))
        wave = np.concatenate([chunk.wave for chunk in chunks], axis=1)
        assert np.array_equal(wave, voice.speak(text, markup="markdown").clip.wave)


def test_books_may_be_markdown_or_html(players, tmp_path):
    path = tmp_path / "book.md"
    path.write_text(
        "# One **bold**\n\n- a\n- b\n\n```\ncode\n\n# no heading\n```\n\n## Two\n\nWords.\n", encoding="utf-8"
    )
    assert [chapter.title for chapter in find_chapters(path, None, "markdown")] == ["One bold", "Two"]
    book = narrate(path, voice="en-kathleen", markup="markdown", subtitles="json", quiet=True)
    assert [chapter.path.name for chapter in book.files] == ["01-one-bold.wav", "02-two.wav"]
    words = json.loads((tmp_path / "book" / "01-one-bold.json").read_text(encoding="utf-8"))["words"]
    assert [word["text"] for word in words] == ["One", "bold", "a", "b"]
    path.write_text("<h1>One</h1>\n<p>a</p><p>b &amp; c</p>\n<h2>Two</h2>\n<p>d</p>\n", encoding="utf-8")
    book = narrate(path, voice="en-kathleen", markup="html", quiet=True, out=tmp_path / "html")
    assert [chapter.details["title"] for chapter in book.files] == ["One", "Two"]


def formula(source, depth=0):
    """Return random MathML and the numbers in it."""
    kind = source.choice(("mn", "mn", "mrow", "msup", "mfrac", "msqrt", "munder")) if depth < 3 else "mn"
    if kind == "mn":
        number = str(source.randint(2, 9))
        return f"<mn>{number}</mn>", [number]
    n_parts = {"msqrt": 1, "mrow": 3}.get(kind, 2)
    parts = [formula(source, depth + 1) for _ in range(n_parts)]
    joined = "<mo>+</mo>".join(inside for inside, _ in parts) if kind == "mrow" else "".join(each[0] for each in parts)
    return f"<{kind}>{joined}</{kind}>", [number for _, numbers in parts for number in numbers]


@pytest.mark.parametrize("markup", ["html", "markdown"])
def test_a_formula_is_spoken_whole_or_named(markup, recwarn):
    source = random.Random(markup)
    n_spoken = 0
    for _ in range(150):
        inside, numbers = formula(source)
        plain = MarkupReader(markup).read(f"It is <math><mrow>{inside}</mrow></math> here.").text
        skipped = phonemes(f"It is <math><mrow>{inside}</mrow></math> here.", markup=markup).skipped
        assert [each for each in plain if each.isdigit()] == ([] if skipped else numbers)
        assert len(skipped) == ("\N{OBJECT REPLACEMENT CHARACTER}" in plain)
        n_spoken += not skipped
    assert 30 < n_spoken < 120
    assert recwarn


@pytest.mark.parametrize("markup", ["html", "markdown"])
@pytest.mark.parametrize(
    ("element", "said"),
    [
        ('<math alttext="root of x"><msqrt><mi>x</mi></msqrt></math>', "root of x"),
        ('<m:math alttext="\\sqrt{x}"><m:msqrt><m:mi>x</m:mi></m:msqrt></m:math>', None),
        ('<svg><title>red arrow</title><path d="M0"/></svg>', "red arrow"),
        ('<svg aria-label="sales"><text>2020</text></svg>', "sales"),
        ("<svg><text>2020</text></svg>", None),
        ('<svg><style>a{fill:red}</style><path d="M0"/></svg>', ""),
        ('<span aria-hidden="true"><math><mi>x</mi></math></span>', ""),
    ],
)
def test_formulas_and_drawings_have_their_description_or_are_named(markup, element, said, recwarn):
    text = f"See {element} here."
    spoken = [word.spoken for sentence in phonemes(text, markup=markup).sentences for word in sentence.words]
    assert spoken == ["see", *(said or "").split(), "here"]
    assert ["a formula or drawing" in str(each.message) for each in recwarn] == [True] * (said is None)
    if said is None:
        with pytest.raises(BadText, match=r"formula or drawing at character [56]"):
            phonemes(text, markup=markup, strict=True)
