"""Speech markup: its text, its spans, and what is refused."""

from __future__ import annotations

import math

import pytest

from wavewright import phonemes
from wavewright.base.errors import BadSetting, BadText
from wavewright.text import front_end, prosody, ssml

ENGLISH = front_end()


def read(inside):
    return ssml.parse(f"<speak>{inside}</speak>", ENGLISH)


def spoken(inside):
    return " ".join(str(sentence) for sentence in ENGLISH.sentences(read(inside).text))


def test_spans_cover_the_text_and_nest():
    markup = read(
        'Hello <prosody rate="50%" pitch="+2st">slow <prosody rate="2" volume="-6dB">quick</prosody></prosody> '
        '<voice name="ann">Ann</voice>'
    )
    assert markup.text == "Hello slow quick Ann"
    assert [(span.text, span.rate, span.pitch_semitones, span.volume_db, span.voice) for span in markup.spans] == [
        ("Hello ", 1.0, 0.0, 0.0, None),
        ("slow ", 0.5, 2.0, 0.0, None),
        ("quick", 1.0, 2.0, -6.0, None),
        (" ", 1.0, 0.0, 0.0, None),
        ("Ann", 1.0, 0.0, 0.0, "ann"),
    ]
    assert [markup.span_at(position).text for position in (0, 6, 11, 17)] == ["Hello ", "slow ", "quick", "Ann"]
    assert all(markup.text[span.start : span.end] == span.text for span in markup.spans)


def test_pauses_and_marks_have_positions():
    markup = read('One<break time="250ms"/>two <mark name="here"/>three<break/>')
    assert markup.text == "One two three "
    between = [(span.start, span.pause_seconds, span.mark) for span in markup.spans if not span.text]
    assert between == [(4, 0.25, None), (8, 0.0, "here"), (14, 0.5, None)]


def test_words_are_replaced():
    assert spoken('<sub alias="World Wide Web">WWW</sub>') == "world wide web."
    assert spoken('<say-as interpret-as="characters">NASA4</say-as>') == "n a s a four."
    assert spoken('<say-as interpret-as="ordinal">3</say-as> <say-as interpret-as="cardinal">1984</say-as>') == (
        "third one thousand nine hundred eighty four."
    )
    assert spoken('<say-as interpret-as="date" format="dmy">3/4/2020</say-as>') == "april third twenty twenty."
    assert spoken('<say-as interpret-as="telephone">+1 555</say-as>') == "plus one five five five."
    assert spoken('<say-as interpret-as="fraction">3/4</say-as>') == "three quarters."


def test_phones_in_two_alphabets():
    for attributes in ('alphabet="ipa" ph="təˈmɑtoʊ"', 'alphabet="x-arpabet" ph="T AH0 M AA1 T OW0"'):
        markup = read(f"<phoneme {attributes}>tomato</phoneme>")
        assert markup.spans[0].written == "tomato"
        (sentence,) = ENGLISH.sentences(markup.text)
        assert sentence.words[0].phones == ("T", "AH0", "M", "AA1", "T", "OW0")


def test_paragraphs_and_sentences_end():
    assert [str(sentence) for sentence in ENGLISH.sentences(read("<p>one<s>two</s></p><p>three</p>").text)] == [
        "one.",
        "two.",
        "three.",
    ]


def test_context_reaches_over_elements():
    assert "R EH1 D" in " ".join(ENGLISH.sentences(read("She has <emphasis>read</emphasis> it.").text)[0].symbols)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<speak>a", "not well-formed at line 1, column 9"),
        ("<speak>\n a & b</speak>", "not well-formed at line 2"),
        ("<speak>a</s></speak>", "not well-formed"),
        ("hello", "not well-formed at line 1, column 1"),
        ("<p>a</p>", "one <speak> must enclose everything"),
        ("<speak><speak>a</speak></speak>", "one <speak> must enclose everything"),
        ("<speak><video src='x'/></speak>", "<video> at line 1, column 8, which is not supported; use speak, p"),
        (
            "<speak><prosody contour='x'>a</prosody></speak>",
            "the attribute 'contour', which is not supported; use rate, pitch",
        ),
        ("<speak><prosody rate='soon'>a</prosody></speak>", "the rate is 'soon'; it can be x-slow"),
        (
            "<speak><prosody rate='900%'>a</prosody></speak>",
            "makes the rate 9 times the usual; it must lie between 0.25 and 4",
        ),
        ("<speak><prosody pitch='100Hz'>a</prosody></speak>", "the pitch is '100hz'"),
        ("<speak><prosody volume='11dBm'>a</prosody></speak>", "the volume is '11dbm'"),
        ("<speak><break time='2h'/></speak>", "the time is '2h'; it can be up to 60 seconds"),
        ("<speak><break strength='huge'/></speak>", "the strength is 'huge'"),
        ("<speak><break>a</break></speak>", "<break> at line 1, column 16 contains text"),
        ("<speak><emphasis level='very'>a</emphasis></speak>", "it can be strong, moderate, none, reduced"),
        ("<speak><say-as>a</say-as></speak>", "lacks the attribute interpret-as"),
        ("<speak><say-as interpret-as='song'>a</say-as></speak>", "interpret-as is 'song'"),
        ("<speak><say-as interpret-as='cardinal'>x</say-as></speak>", "which is not a number"),
        ("<speak><phoneme ph='Ж'>a</phoneme></speak>", "the sign 'Ж'"),
        ("<speak><phoneme alphabet='sampa' ph='a'>a</phoneme></speak>", "'ipa' or 'x-arpabet'"),
        ("<speak><sub alias='a'><s>a</s></sub></speak>", "<sub> contains <s>"),
        ("<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "entities of its own"),
        ("<!DOCTYPE speak SYSTEM 'file:///etc/passwd'><speak>a &b; c</speak>", "entities of its own"),
        ("<speak>&nbsp;</speak>", "undefined entity"),
        ("<speak>" + "<prosody>" * 200 + "a" + "</prosody>" * 200 + "</speak>", "nested deeper than 100"),
    ],
)
def test_errors_have_the_line_and_column(document, message):
    with pytest.raises(BadText) as refused:
        ssml.parse(document, ENGLISH)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("attributes", "pitch_semitones", "volume_db", "rate"),
    [
        ("pitch='+0Hz' rate='+0%' volume='+0%'", 0.0, 0.0, 1.0),  # what clients of Edge send for every text
        ("pitch='+165Hz' volume='100'", 12.0, 0.0, 1.0),
        ("pitch='-82.5Hz' volume='-50%'", -12.0, -6.0206, 1.0),
        ("pitch='-50%' volume='10' rate='-20.00%'", -12.0, -20.0, 0.8),
        ("volume='0'", 0.0, -60.0, 1.0),
    ],
)
def test_changes_are_read_as_other_engines_read_them(attributes, pitch_semitones, volume_db, rate):
    (span,) = read(f"<prosody {attributes}>a</prosody>").spans
    assert (span.pitch_semitones, span.volume_db, span.rate) == pytest.approx(
        (pitch_semitones, volume_db, rate), abs=1e-3
    )


def test_text_within_a_sound_file_is_spoken_and_the_file_is_named():
    document = read("One <audio src='bell.mp3'>two <desc>a bell</desc> three</audio> <w role='x'>four</w>.")
    skipped = []
    (sentence,) = document.sentences(ENGLISH, None, skipped.append)
    assert str(sentence) == "one two three four."
    assert [(passage.text, passage.start, passage.reason) for passage in skipped] == [("bell.mp3", 4, "a sound file")]
    with pytest.raises(BadText, match="bell"):
        list(document.sentences(ENGLISH))


def test_a_language_that_nobody_speaks_may_be_ignored():
    def nobody(voice, language):
        if language is not None:
            raise BadSetting(f"No voice speaks {language}.")
        return ENGLISH, voice

    document = "<speak>a <lang xml:lang='xx' onlangfailure='{}'>b</lang></speak>"
    assert ssml.parse(document.format("ignorelang"), ENGLISH, nobody).text == "a b"
    with pytest.raises(BadSetting, match="xx"):
        ssml.parse(document.format("changevoice"), ENGLISH, nobody)


def test_ssml_is_detected():
    assert ssml.looks_like_ssml(' <?xml version="1.0"?><speak>a</speak>')
    assert ssml.looks_like_ssml("<speak>a</speak>")
    assert not ssml.looks_like_ssml("a < b, <speaker>")


def test_values_of_prosody():
    assert prosody.parse_rate("+20%") == pytest.approx(1.2)
    assert prosody.parse_rate("80%") == pytest.approx(0.8)
    assert prosody.parse_pitch("+100%") == pytest.approx(12)
    assert prosody.parse_pitch("-50%") == pytest.approx(-12)
    assert prosody.parse_volume("+6dB") == 6
    assert math.isclose(prosody.parse_range("-30%"), 0.7)


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?>', "<!-- a -->", '<?xml version="1.0"?><!-- a -->'])
@pytest.mark.parametrize(
    "kind", ["", '<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "http://example.org/s.dtd">\n']
)
def test_a_document_of_the_type_of_the_standard_is_read(declaration, kind):
    sentences = phonemes(f"{declaration}{kind}<speak>Hi there</speak>").sentences
    assert [word.spoken for each in sentences for word in each.words] == ["hi", "there"]
