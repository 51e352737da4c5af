"""Voices: pieces, joins, prosody, times, SSML and names, with stand-ins for the models."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from tiny_speech import LOUD, PHONE_FRAMES, StandInAcoustic, StandInVocoder, install, stand_in_voice

from wavewright.apps.cli import run
from wavewright.base.errors import BadModel, BadSetting, BadText, SkippedText, WavewrightError
from wavewright.speech.narration.narrator import NarratorLoader
from wavewright.speech.narration.settings import NarrationSettings
from wavewright.speech.plan import FIRST_SYMBOLS, MAX_SYMBOLS, plan_text, split_long_words
from wavewright.speech.prosody import SECONDS as PAUSE_SECONDS, STYLES, Pauses, Prosody, parse_style
from wavewright.speech.steps import Pause, Piece
from wavewright.speech.subtitles import cues
from wavewright.speech.synthesis import FADE_SECONDS, LEAD_FRAMES, MIN_TAIL_FRAMES, trim_silence
from wavewright.speech.voice import Voice
from wavewright.speech.voice_names import voices
from wavewright.text import front_end
from wavewright.text.sentence import Word

FRAME = 384 / 24_000
LONG = (
    "When the last visitors had gone, the keeper of the old lighthouse walked slowly down the stairs, "
    "counted the lamps that were "
    "still burning, and wrote their number into a thick green book; nobody but him ever read it. He was tired."
)


@pytest.fixture
def voice():
    return stand_in_voice()


def spoken_words(speech):
    return [word.spoken for word in speech.words]


def test_a_whole_text_is_its_chunks_joined_bit_for_bit(voice):
    whole = voice.speak(LONG, seed=3)
    chunks = list(voice.stream(LONG, seed=3))
    assert len(chunks) > 10
    assert np.array_equal(whole.clip.wave, np.concatenate([chunk.wave for chunk in chunks], axis=1))
    assert whole.words == tuple(word for chunk in chunks for word in chunk.words)
    assert np.array_equal(voice.speak(LONG, seed=3).clip.wave, whole.clip.wave)
    assert not np.array_equal(voice.speak(LONG, seed=4).clip.wave, whole.clip.wave)


def test_the_first_chunk_is_a_clause_and_no_words_are_lost(voice):
    words = next(iter(voice.stream(LONG))).words
    assert " ".join(word.spoken for word in words) == "when the last visitors had gone"
    front = [word.spoken for sentence in front_end("en").sentences(LONG) for word in sentence.words]
    assert spoken_words(voice.speak(LONG)) == front


def test_short_sentences_are_spoken_whole(voice):
    voice.speak("Hello, dear world.")
    assert len(voice.acoustic.calls) == 1
    assert len(voice.acoustic.calls[0].symbols) <= FIRST_SYMBOLS + 2


def test_no_piece_is_longer_than_it_may_be(voice):
    voice.speak("and so the river goes on " * 40)
    assert max(len(call.symbols) for call in voice.acoustic.calls) <= MAX_SYMBOLS + 2


def test_a_word_of_five_thousand_letters_is_spoken_in_full():
    steps = [step for step in plan_text("strength" * 625, front_end("en")) if isinstance(step, Piece)]
    assert max(len(step.sentence.symbols) for step in steps) <= MAX_SYMBOLS + 2
    phones = [phone for step in steps for word in step.words for phone in word.phones]
    sentences = front_end("en").sentences("strength" * 625)
    assert phones == [phone for sentence in sentences for word in sentence.words for phone in word.phones]
    assert len(phones) > 2_500


def test_a_word_of_many_phones_is_split():
    word = Word("x", "x", ("K", "S") * 250, 0, 1, ".")
    pieces = list(split_long_words([word]))
    assert [len(piece.phones) for piece in pieces] == [MAX_SYMBOLS - 1, MAX_SYMBOLS - 1, 500 - 2 * (MAX_SYMBOLS - 1)]
    assert sum((piece.phones for piece in pieces), ()) == word.phones
    assert [piece.mark_after for piece in pieces] == ["", "", "."]


def test_words_and_phones_have_the_durations_of_the_model(voice):
    speech = voice.speak("Big cats, small dogs.")
    words = speech.words
    start = LEAD_FRAMES * FRAME
    for word, n_phones in zip(words, (3, 4, 4, 4), strict=True):
        assert len(word.phones) == n_phones
        assert word.start == pytest.approx(start)
        assert word.end == pytest.approx(start + n_phones * PHONE_FRAMES * FRAME)
        for phone, after in itertools.pairwise(word.phones):
            assert phone.end == after.start
        start = word.end + (6 * FRAME if word.mark_after else 0)
    assert speech.clip.seconds == pytest.approx(words[-1].end + PAUSE_SECONDS["."], abs=1e-4)
    assert "Big cats, small dogs."[words[1].from_character : words[1].to_character] == "cats"


def test_times_of_words_match_the_level_of_the_audio(voice):
    speech = voice.speak(LONG)
    level = np.abs(speech.clip.wave[0])
    for word in speech.words:
        middle = round((word.start + word.end) / 2 * 24_000)
        assert level[middle - 120 : middle + 120].max() > 0.5 * np.exp(0.5 * LOUD)
    for before, after in itertools.pairwise(speech.words):
        if after.start - before.end > 0.3:
            middle = round((before.end + after.start) / 2 * 24_000)
            assert level[middle - 240 : middle + 240].max() < 0.01


def test_joins_do_not_click(voice):
    class Hum(StandInVocoder):
        """Never silent, so that a cut would click."""

        def vocode_stream(self, mel, seed=0):
            time = np.arange(mel.shape[1] * self.hop_length) / self.sample_rate
            yield 0.5 * np.cos(2 * np.pi * 300 * time)[None].astype(np.float32)

    speech = Voice(StandInAcoustic(), Hum(), "ruth").speak(LONG)
    frames = np.lib.stride_tricks.sliding_window_view(speech.clip.wave[0], 480)[::120] * np.hanning(480)
    size = np.abs(np.fft.rfft(frames))
    flux = np.maximum(np.diff(size[:, 40:], axis=0), 0).sum(axis=1)  # above 2 kHz, where a click is and the tone is not
    assert flux.max() < 0.05 * size.sum(axis=1).max()
    steps = np.abs(np.diff(speech.clip.wave[0]))
    assert steps.max() < 1.2 * 0.5 * 2 * np.pi * 300 / 24_000


def test_spectral_flux_where_pieces_meet_is_no_higher_than_elsewhere(voice):
    chunks = list(voice.stream(LONG))
    starts = np.cumsum([0, *(chunk.wave.shape[1] for chunk in chunks)])
    joins = [start for start, chunk in zip(starts[1:-1], chunks[1:], strict=True) if chunk.words]
    assert len(joins) == 2
    wave = np.concatenate([chunk.wave[0] for chunk in chunks])
    size = np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(wave, 480)[::240] * np.hanning(480)))
    flux = np.maximum(np.diff(size, axis=0), 0).sum(axis=1)
    is_join = np.zeros(len(flux), bool)
    for join in joins:
        is_join[join // 240 - 3 : join // 240 + 1] = True
    assert flux[is_join].max() < np.median(flux[~is_join])


def test_silence_around_a_piece_is_trimmed():
    symbols = ("_", "HH", "AY1", ".", "_")
    word_indices = (-1, 0, 0, -1, -1)
    durations = np.array([9, 5, 5, 6, 9])
    assert trim_silence(symbols, word_indices, durations, 10).tolist() == [LEAD_FRAMES, 5, 5, 6, 4]
    assert trim_silence(symbols, word_indices, durations, 0).tolist() == [LEAD_FRAMES, 5, 5, MIN_TAIL_FRAMES, 0]
    assert trim_silence(symbols, word_indices, durations, 99).tolist() == [LEAD_FRAMES, 5, 5, 6, 9]


def test_paragraphs_are_further_apart_than_sentences():
    def gap(between):
        first, second = stand_in_voice().speak(f"One.{between}Two.").words
        return second.start - first.end

    assert gap("\n\n") - gap(" ") == pytest.approx(0.4, abs=1e-4)


def test_segments_are_one_text():
    voice = stand_in_voice()
    segments = ["Hello there.\n", "* * *\n", "Good bye.\n"]
    chunks = list(voice.stream(iter(segments)))
    words = [word for chunk in chunks for word in chunk.words]
    assert ["".join(segments)[word.from_character : word.to_character] for word in words] == [
        "Hello",
        "there",
        "Good",
        "bye",
    ]


@pytest.mark.parametrize("between", ["\n", "\n\n", "\n* * *\n", "\n \n* * *\n"])
def test_segments_are_as_far_apart_as_in_the_whole_text(between):
    segments = ["Hello there.", *between.splitlines(keepends=True), "Good bye, dear.\n", "Yes."]
    streamed = np.concatenate([chunk.wave for chunk in stand_in_voice().stream(iter(segments))], axis=1)
    assert np.array_equal(streamed, stand_in_voice().speak("".join(segments)).clip.wave)


def test_a_second_paragraph_is_read_after_the_first_was_spoken():
    read = []

    def paragraphs():
        for text in ("Hello there.", "Good bye."):
            read.append(text)
            yield text

    stream = stand_in_voice().stream(paragraphs())
    next(stream)
    assert read == ["Hello there."]


@pytest.mark.parametrize(
    ("prosody", "name", "expected"),
    [
        (Prosody(rate=1.1), "rate", 1.1),
        (Prosody(pitch_semitones=12), "pitch", 2.0),
        (Prosody(energy=1.3), "energy", 1.3),
        (STYLES["angry"], "energy", 1.4),
    ],
)
def test_prosody_reaches_the_model(voice, prosody, name, expected):
    voice.speak("Hello.", prosody)
    values = getattr(voice.acoustic.calls[0], name)
    assert values[:-2] == pytest.approx([expected] * len(values[:-2]))  # without punctuation and silence


def test_volume_is_exact(voice):
    loud, soft = (voice.speak("Hello.", Prosody(volume_db=level)).clip.wave for level in (0, -20))
    assert np.allclose(0.1 * loud, soft, atol=1e-6)


def test_prosodies_combine_within_their_limits():
    both = Prosody(rate=2, pitch_semitones=3, volume_db=-6).combine(
        Prosody(rate=4, pitch_semitones=-1, volume_db=-6, pauses=2)
    )
    assert both == Prosody(rate=4, pitch_semitones=2, volume_db=-12, pauses=2)
    assert Prosody(rate=1.44, pitch_semitones=2).scaled(0.5) == Prosody(rate=1.2, pitch_semitones=1)
    for preset in STYLES.values():
        assert preset.scaled(0) == Prosody()
        assert preset.scaled(1) == preset


def test_styles_are_presets_or_what_the_model_learned(voice):
    assert parse_style("sad:0.5").prosody.pitch_semitones == pytest.approx(0.5 * STYLES["sad"].pitch_semitones)
    voice.speak("Hello.", style="style-2:0.5")
    assert voice.acoustic.calls[0].style == {"style-2": 0.5}
    for wrong in ("merry", "sad:7", "sad:x", "style-1:1.5"):
        with pytest.raises(BadSetting, match=r"sad|style-1"):
            voice.stream("Hello.", style=wrong)


MARKUP = (
    '<speak>One <mark name="here"/>two<break time="500ms"/>three '
    '<prosody rate="50%" pitch="+12st" volume="-20dB">four</prosody> '
    '<voice name="ruth">five</voice> <emphasis level="strong">six</emphasis> <sub alias="seven">VII</sub>.'
    '<mark name="end"/></speak>'
)


def test_ssml_sets_prosody_voices_pauses_and_marks(voice):
    speech = voice.speak(MARKUP, is_ssml=True)
    words = {word.spoken: word for word in speech.words}
    assert list(words) == ["one", "two", "three", "four", "five", "six", "seven"]
    silent = speech.clip.wave[0, round((words["two"].end + MIN_TAIL_FRAMES * FRAME) * 24_000) :][:12_000]
    assert not silent.any()
    assert words["three"].start - words["two"].end == pytest.approx(
        0.5 + (MIN_TAIL_FRAMES + LEAD_FRAMES) * FRAME, abs=1e-5
    )
    assert {mark.name: mark.seconds for mark in speech.marks} == {
        "here": words["two"].start,
        "end": pytest.approx(speech.clip.seconds),
    }
    assert words["four"].end - words["four"].start == pytest.approx(2 * 3 * PHONE_FRAMES * FRAME)
    assert words["seven"].text == "VII"
    calls = voice.acoustic.calls
    assert [call.speaker for call in calls] == ["kathleen", "kathleen", "ruth", "kathleen"]
    assert calls[1].pitch[-2] == pytest.approx(2.0)
    assert calls[3].energy[1] == pytest.approx(1.25)
    middle = {name: round((words[name].start + words[name].end) / 2 * 24_000) for name in ("three", "four")}
    peaks = [np.abs(speech.clip.wave[0, at - 200 : at + 200]).max() for at in middle.values()]
    assert peaks[1] / peaks[0] == pytest.approx(0.1, rel=0.4)


def test_a_text_that_starts_like_ssml_is_ssml_unless_overridden(voice):
    text = " <speak>One <sub alias='two'>2nd</sub></speak>"
    assert spoken_words(voice.speak(text)) == ["one", "two"]
    assert "speak" in spoken_words(voice.speak(text, is_ssml=False))
    with pytest.raises(BadText, match="SSML"):
        voice.speak("One", is_ssml=True)


def test_a_break_after_a_sentence_replaces_its_pause(voice):
    speech = voice.speak('<speak>One. <break time="1s"/> Two.</speak>', is_ssml=True)
    one, two = speech.words
    assert two.start - one.end == pytest.approx(1.0 + (MIN_TAIL_FRAMES + LEAD_FRAMES) * FRAME, abs=1e-5)


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("<s>One.</s><s>Two.</s>", "One. Two."),
        ("<s>One.</s>\n  <s>Two.</s>", "One. Two."),
        ("<s>One</s><mark name='m'/><s>Two</s>", "One. Two."),
        ("<p><s>One.</s></p> <p><s>Two.</s></p>", "One.\n\nTwo."),
        ("<p>One</p>Two", "One.\n\nTwo."),
    ],
)
def test_sentences_of_markup_are_as_far_apart_as_plain_ones(markup, plain):
    speech = stand_in_voice().speak(f"<speak>{markup}</speak>")
    assert np.array_equal(speech.clip.wave, stand_in_voice().speak(plain).clip.wave)


def test_a_break_alone_is_silence(voice):
    wave = voice.speak('<speak><break time="1500ms"/></speak>', is_ssml=True).clip.wave
    assert wave.shape == (1, 36_000)
    assert not wave.any()


@pytest.mark.parametrize(
    "text", ["<speak>Hello", "<speak><b>Hello</b></speak>", "Hello", "<speak></speak>", '<speak rate="2">a</speak>']
)
def test_broken_ssml_is_refused_in_a_sentence(voice, text):
    with pytest.raises(BadText):
        voice.speak(text, is_ssml=True)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x01", "...", "\ufeff"])
def test_nothing_to_speak_is_refused(voice, text):
    with pytest.raises(BadText):
        voice.speak(text)


@pytest.mark.filterwarnings("ignore::wavewright.base.errors.SkippedText")
def test_random_strings_are_spoken_or_refused_and_as_long_as_they_are(voice):
    draw = random.Random(7)
    pools = [
        "abcdefghijklmnop .,;!?",
        "0123456789$%.,:-/ ",
        "aA1 \x00\x1b\u200b\ud800\u2028éß😀",
        "привет 你好 abc ",
        "<speak>&/\"' abc",
    ]
    n_spoken = 0
    for _ in range(150):
        text = "".join(draw.choices(draw.choice(pools), k=draw.randint(1, 60)))
        try:
            speech = voice.speak(text)
        except WavewrightError:
            continue
        n_spoken += 1
        n_phones = sum(len(word.phones) for word in speech.words)
        assert n_phones > 0
        assert (
            n_phones * PHONE_FRAMES * FRAME
            <= speech.clip.seconds
            <= n_phones * PHONE_FRAMES * FRAME + 0.6 * len(speech.words) + 0.1
        )
    assert n_spoken > 50


def test_a_long_text_is_spoken_piece_by_piece(voice):
    text = "The tide comes in, and the tide goes out. " * 25_000  # 1 MB
    stream = voice.stream(text)
    n_words = sum(len(chunk.words) for chunk in itertools.islice(stream, 400))
    assert n_words > 100
    assert len(voice.acoustic.calls) < 400


def test_voices_have_the_names_of_model_and_speaker(tmp_path, monkeypatch):
    players = install(monkeypatch, tmp_path)
    assert voices() == ["de-kerstin", "en-kathleen", "en-ruth"]
    voice = Voice.load("en-ruth")
    assert (voice.speaker, voice.acoustic, voice.sample_rate) == ("ruth", players["en"], 24_000)
    assert Voice.load("en").speaker == "kathleen"
    assert Voice.load(str(tmp_path / "de")).speaker == "kerstin"
    for wrong in ("en-anna", "vocoder", "fr", "kathleen"):
        with pytest.raises(BadModel, match="en-kathleen"):
            Voice.load(wrong)
    with pytest.raises(
        BadModel, match=r"'en-rut'; give one of de-kerstin, en-kathleen, en-ruth, .*did you mean en-ruth\?"
    ):
        Voice.load("en-rut")
    with pytest.raises(BadModel, match="takes no mel frames"):
        Voice.load("en", "de")
    players["vocoder"].n_mels = 100
    with pytest.raises(BadModel, match="of 100 bands"):
        Voice.load("en")


def test_the_list_of_models_has_the_voices(tmp_path, monkeypatch, capsys):
    install(monkeypatch, tmp_path)
    assert run(["models"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("en ", "vocoder "))]
    assert [line.split("Hz  ")[1] for line in lines] == ["voices en-kathleen, en-ruth", "no labels"]


def test_a_voice_in_ssml_must_exist_and_share_the_frames(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path)
    voice = Voice.load("en-ruth")
    voice.speak('<speak>a <voice name="en-kathleen">b</voice></speak>', is_ssml=True)
    assert [call.speaker for call in voice.acoustic.calls] == ["ruth", "kathleen"]
    with pytest.raises(BadModel, match="'anna'"):
        voice.stream('<speak><voice name="anna">b</voice></speak>', is_ssml=True)
    voice.acoustic.n_mels = voice.vocoder.n_mels = 100
    with pytest.raises(BadModel, match=r"voices have 62\.5 of 80"):
        voice.stream('<speak><voice name="de-kerstin">b</voice></speak>', is_ssml=True)


def test_a_document_may_change_its_language(tmp_path, monkeypatch):
    players = install(monkeypatch, tmp_path)
    english, german = players["en"], players["de"]
    voice = Voice.load("en-ruth")
    text = 'She said <lang xml:lang="de-AT">guten Tag, Frau Yen</lang> and left. <s xml:lang="de">Es ist 3 Uhr.</s>'
    speech = voice.speak(f'<speak>{text}<voice name="de-kerstin">Danke</voice></speak>', style="style-1:0.5")
    assert [word.spoken for word in speech.words][:7] == ["she", "said", "guten", "tag", "frau", "yen", "and"]
    assert [(call.speaker, "".join(call.symbols)) for call in english.calls] == [
        ("ruth", "_SHIY1|SEH1D,_"),
        ("ruth", "_AH0ND|LEH1FT._"),
    ]
    assert [call.speaker for call in german.calls] == ["kerstin"] * len(german.calls)
    read = "".join("".join(call.symbols) for call in german.calls)
    assert read.startswith("_ɡuː1tən|taː1k,")
    assert read.count(".") == 2
    german.calls.clear()
    english.calls.clear()
    voice.speak('<speak xml:lang="de">Guten Tag <voice name="en-ruth">Ruth</voice></speak>')
    assert (len(german.calls), len(english.calls)) == (1, 1)
    with pytest.warns(SkippedText, match=r"'fr' at character 1 \(a language without a voice\)"):
        voice.speak('<speak xml:lang="fr">a</speak>')  # of the whole document: without effect
    with pytest.raises(BadText, match=r"'fr'.*a language without a voice"):
        voice.speak('<speak xml:lang="fr">a</speak>', strict=True)
    with pytest.raises(BadSetting, match=r"at line 1, column 8: No voice speaks the language 'fr'; .* for de, en"):
        voice.stream('<speak><p xml:lang="fr">a</p></speak>', is_ssml=True)


def test_positions_and_marks_hold_across_languages(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path)
    inside = 'One <lang xml:lang="de">zwei <mark name="here"/>drei</lang><break time="1s"/>four'
    speech = Voice.load("en").speak(f"<speak>{inside}</speak>")
    text = "One zwei drei four"
    assert [(text[word.from_character : word.to_character]) for word in speech.words] == text.split()
    assert speech.marks[0].seconds == speech.words[2].start
    assert speech.words[3].start - speech.words[2].end > 1


def test_a_fade_is_shorter_than_the_silence_around_it():
    assert FADE_SECONDS <= LEAD_FRAMES * FRAME
    assert FADE_SECONDS <= MIN_TAIL_FRAMES * FRAME


def test_pauses_can_be_longer():
    steps = list(plan_text("One. Two.\n\nThree.", front_end("en"), Prosody(pauses=2.0)))
    assert [step.pause_seconds for step in steps if isinstance(step, Piece)] == [2 * PAUSE_SECONDS["."]] * 3
    assert [step.seconds for step in steps if isinstance(step, Pause)] == [pytest.approx(0.8)]


def pieces_of(text, prosody=None, **lengths):
    return list(plan_text(text, front_end("en"), prosody, pauses=Pauses(**lengths)))


@pytest.mark.parametrize("rate", [0.5, 1.0, 1.6, 4.0])
def test_the_rate_scales_the_pauses_between_sentences_and_paragraphs(rate):
    steps = pieces_of("One. Two.\n\nThree.", Prosody(rate=rate))
    assert [step.pause_seconds for step in steps if isinstance(step, Piece)] == [pytest.approx(0.36 / rate)] * 3
    assert [step.seconds for step in steps if isinstance(step, Pause)] == [pytest.approx(0.4 / rate)]


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_given_lengths_are_exact_at_any_rate(rate):
    steps = pieces_of("One. Two.\n\nThree.", Prosody(rate=rate, pauses=3.0), sentence=0.7, paragraph=1.5)
    assert [step.pause_seconds for step in steps if isinstance(step, Piece)] == [0.7] * 3
    assert [step.seconds for step in steps if isinstance(step, Pause)] == [1.5]
    with pytest.raises(BadSetting, match="The sentence pause is 11 seconds; it can be 0 to 10"):
        Pauses(sentence=11)


def gaps(speech):
    return [round(second.start - first.end, 3) for first, second in itertools.pairwise(speech.words)]


@pytest.mark.parametrize("seconds", [0.0, 0.032, 0.096, 0.4, 2.0])
def test_clauses_within_a_piece_are_as_far_apart_as_given(voice, seconds):
    text = "Big cats, small dogs; red birds. We saw them."
    usual, speech = voice.speak(text), voice.speak(text, pauses=Pauses(clause=seconds))
    frames = round(seconds / FRAME) * FRAME
    expected = [frames if gap == pytest.approx(6 * FRAME) else gap for gap in gaps(usual)]
    assert gaps(speech) == pytest.approx(expected, abs=1e-3)
    change = 2 * (frames - 6 * FRAME)
    assert speech.clip.seconds == pytest.approx(usual.clip.seconds + change, abs=1e-3)
    assert speech.words[-1].end == pytest.approx(usual.words[-1].end + change, abs=1e-3)


def test_ssml_sets_lengths_of_pauses(voice):
    plain = voice.speak("One. Two. Three.", pauses=Pauses(sentence=0.5))
    ssml = voice.speak('<speak sentence-pause="500ms">One. Two. Three.</speak>', pauses=Pauses(sentence=2))
    assert np.array_equal(plain.clip.wave, ssml.clip.wave)
    with pytest.raises(BadText, match=r"The clause-pause of <speak>.*the length is '11s'"):
        voice.speak('<speak clause-pause="11s">One.</speak>')


SHOWN = (
    "\u201cWait!\u201d she said; \u201cDr. Smith (the old one) paid $5.50 \u2014 in 1984.\u201d Yes. Well-known facts, "
    "e.g. [A], are: listed here... Really? Fine! It\u2019s OK\u2014or not; THE END"
)


def test_subtitles_show_the_text_as_it_is_written(voice):
    shown = cues(voice.speak(SHOWN).words)
    assert " ".join(" ".join(cue.lines) for cue in shown) == SHOWN
    assert min(len(" ".join(cue.lines).split()) for cue in shown) > 1


@pytest.mark.parametrize("seed", range(20))
def test_subtitles_show_every_word_and_sign(voice, seed):
    draw = random.Random(seed)
    pieces = [
        "cat",
        "Dog",
        "(big)",
        "\u201cno\u201d",
        "one, two",
        "$5",
        "3rd",
        "so;",
        "end.",
        "yes!",
        "a\u2014b",
        "\u2014",
        "1984",
        "U.S.",
    ]
    text = "Here " + " ".join(draw.choices(pieces, k=40)) + " it ends."
    shown = cues(voice.speak(text).words)
    assert " ".join(" ".join(cue.lines) for cue in shown) == text
    assert all(len(line) <= 42 for cue in shown for line in cue.lines)
    assert all(first.end <= second.start for first, second in itertools.pairwise(shown))


def test_subtitles_of_ssml_and_markup_have_the_words_of_the_text(voice):
    spoken = voice.speak(
        '<speak>The <sub alias="World Wide Web Consortium">W3C</sub> met in <b></b>May.</speak>'.replace("<b></b>", "")
    )
    assert [cue.lines for cue in cues(spoken.words)] == [("The W3C met in May.",)]
    spoken = voice.speak("The **bold** [link](a.b), `code`.", markup="markdown")
    assert [cue.lines for cue in cues(spoken.words)] == [("The bold link, code.",)]


def test_phones_may_be_ipa_inline(voice):
    arpabet, ipa = voice.speak("say [[HH AH0 L OW1]] now"), voice.speak("say [[/h\u0259\u02c8lo\u028a/]] now")
    assert [word.phones for word in arpabet.words] == [word.phones for word in ipa.words]
    assert voice.speak("say [[h\u0259\u02c8lo\u028a]] now").words[1].phones == ipa.words[1].phones
    with pytest.raises(BadText, match="stands for no phone"):
        voice.speak("say [[\u0416]] now", strict=True)


def test_the_usual_voice_gives_way_to_one_that_speaks_the_language(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path)
    load = NarratorLoader().load
    chosen = {language: load(NarrationSettings(language=language)).voice.name for language in (None, "en-GB", "de-AT")}
    assert chosen == {None: "en-kathleen", "en-GB": "en-kathleen", "de-AT": "de-kerstin"}
    with pytest.raises(BadSetting, match="The language is 'fr', and en-kathleen speaks 'en'"):
        load(NarrationSettings(language="fr"))
    with pytest.raises(BadSetting, match="The language is 'de', and en-ruth speaks 'en'"):
        load(NarrationSettings(voice="en-ruth", language="de"))
