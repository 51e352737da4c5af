"""What languages of eSpeak NG read: whole sentences, as eSpeak NG reads them by itself."""

from __future__ import annotations

import ctypes
import re

import pytest

from wavewright.text import front_end
from wavewright.text.espeak import EspeakFrontEnd

CORPUS = {
    "de": [
        "Es sind 1.000 Stück, z. B. am 21. März um 17:45 Uhr. Dr. Müller (Arzt) sagt: „Das kostet 24,50 €!“ Gut.",
        "Siehe S. 14 f., Abb. 3 und Nr. 5; d. h. bzw. u. a. 30 °C. Prof. Dr. H. Meier kam am 3. 5. 2024 an.",
        "Er war – na ja – 1,80 m groß und wog 80 kg. Danach... nichts. Ende der 2. Halbzeit: 2:1!",
        "Heute 5 % auf alles (außer Tiernahrung): nur 9,99 €/kg. Mehr auf www.beispiel.de, Tel. 030/123456.",
    ],
    "fr-fr": [
        "M. Dupont est arrivé à 17h45. Il a payé 24,50 €. Les amis s'en vont à l'école; c'est-à-dire demain.",
        "Mme Martin, 21 ans, a dit : « Bonjour ! » Puis elle partit… Le 1er mai 2024.",
        "Il y a 1 000 000 d'habitants, p. ex. à Paris (75). L’homme n’en sait rien. Qu'est-ce que c'est ?",
    ],
    "es": [
        "El Sr. García pagó 1.000 € el 3 de mayo. ¿Qué tal? ¡Bien! EE. UU. y p. ej. esto.",
        "La Sra. López llegó a las 17:45 h; costó 24,50 €. Vive en la C/ Mayor n.º 5, 2.º piso. Fin.",
    ],
    "en-us": [
        "I said of the man, in the house. It costs 1.5 dollars. Mr. Smith went to the U.S. yesterday. Then we go."
    ],
    "pt": ["O Sr. João comprou 1.000 maçãs às 17:45 h por 24,50 €. Foi bom."],
    "pl": ["Dnia 3. maja o godz. 17:45 dr Nowak zapłacił 24,50 zł. Potem poszedł."],
    "nl": ["Dr. De Vries kwam om 17.45 uur met bijv. 1.000 stuks. Hij betaalde € 24,50."],
}


@pytest.fixture(scope="module")
def read():
    """Return what eSpeak NG itself says of a text, without this package or phonemizer."""
    loader = pytest.importorskip("espeakng_loader")
    library = ctypes.CDLL(loader.get_library_path())
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    assert library.espeak_Initialize(2, 0, loader.get_data_path().encode(), 0) > 0

    def whole(language, text):
        assert library.espeak_SetVoiceByName({"fr-fr": "fr"}.get(language, language).encode()) == 0
        rest, said = ctypes.c_char_p(text.encode()), []
        while rest.value is not None:
            said.append((library.espeak_TextToPhonemes(ctypes.byref(rest), 1, 2) or b"").decode())
        return re.sub(r"\([a-z-]+\)|[\s_-]", "", "".join(said)).replace("g", "ɡ")

    return whole


@pytest.mark.parametrize("language", CORPUS)
def test_phones_are_those_of_espeak(language, read):
    ours = front_end(f"espeak:{language}")
    for text in CORPUS[language]:
        words = [word for sentence in ours.sentences(text) for word in sentence.words]
        assert "".join(phone for word in words for phone in word.phones) == read(language, text)
        assert all(text[word.start : word.end] == word.text for word in words)
        assert [word.start for word in words] == sorted(word.start for word in words)
    assert all("€" not in word.text or len(word.phones) > 3 for word in words)


def test_words_that_espeak_joins_keep_their_own_phones():
    (sentence,) = EspeakFrontEnd("en-us", Joining()).sentences("one of the 1.5 men")
    assert [(word.text, "".join(word.phones)) for word in sentence.words] == [
        ("one", "wˈʌn"),
        ("of", "ʌv"),
        ("the", "ðə"),
        ("1.5", "wˈʌnfˈaɪv"),
        ("men", "mˈɛn"),
    ]


ALONE = {"one": "wˈʌn", "of": "ˈʌv", "the": "ðə", "1.5": "wˈʌn pɔɪnt fˈaɪv", "men": "mˈɛn"}


class Joining:
    """Stands for eSpeak NG: it joins two words, and leaves out one that it says where a number is alone."""

    def phonemize(self, texts, *, strip):
        return [ALONE.get(text, "wˈʌn ʌvðə wˈʌn fˈaɪv mˈɛn") for text in texts]


class Echo:
    """Stands for eSpeak NG: every word is one phone; keeps the sentences that it was given."""

    def __init__(self):
        self.given = []

    def phonemize(self, texts, *, strip):
        self.given += texts[:1] if len(texts) > 1 else []
        return [" ".join("a" if word in ("Dann", "Der") else "ˈa" for word in text.split()) for text in texts]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Um 17:45 kam Dr. Ott mit 1.000 Stück zu 24,50.|Gut."),
        ("de", "Das ist z. B. am 21. März so, d. h. bald.|Sie ging."),
        ("de", "Am 3. 5. kam J. S. Bach mit Prof. Ott.|Dann wog er 80 kg.|Es reichte."),
        ("de", "Wir haben Plan B.|Dann kam er um 5.|Der 2. Mann und Karl K. Meier gingen."),
        ("en-us", "I have plan B.|Then we go."),
        ("en-us", "It was 1945.|He is 21.|Then J. Smith came.|What?!|Well... no."),
        ("en-us", "He lives at 10 St. James Street.|It is 5 cm.|OK?"),
        ("es", "El Sr. García vive en EE. UU. desde 1990.|La Sra. no."),
        ("hi", "नमस्ते।|आप"),
        ("fa", "می‌خواهم بروم.|خوب"),
    ],
)
def test_sentences_are_given_whole(language, text):
    backend = Echo()
    sentences = EspeakFrontEnd(language, backend).sentences(text.replace("|", " "))
    assert backend.given == text.split("|")
    assert len(sentences) == text.count("|") + 1
    assert all(sentence.words[-1].mark_after in ".?!" for sentence in sentences)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Nimm Vitamin C.|Das hilft am 3. Tag.|Er kam um 7.|Ich sah Otto B. Klein nicht."),
        ("fr-fr", "Il lit le tome B.|Les amis de Jean P. Martin partent du Quai C.|Il part."),
        ("en-us", "We use Plan B.|It is by George W. Bush.|He took Route A.|The end."),
        ("sv", "Den 3. maj tog hon Vitamin C.|Det var bra, sa Karl B. Nilsson."),
    ],
)
def test_function_words_begin_sentences_after_single_letters_and_ordinals(language, text, read):
    sentences = front_end(f"espeak:{language}").sentences(text.replace("|", " "))
    assert [" ".join(word.text for word in sentence.words) for sentence in sentences] == [
        re.sub(r"[.,](?!\S)", "", each) for each in text.split("|")
    ]


def test_empty_lines_end_a_sentence_and_lines_do_not():
    sentences = EspeakFrontEnd("de", Echo()).sentences("Titel\n\nEin Satz\nin zwei Zeilen")
    assert [[word.text for word in sentence.words] for sentence in sentences] == [
        ["Titel"],
        ["Ein", "Satz", "in", "zwei", "Zeilen"],
    ]


def test_a_text_without_ends_is_cut():
    sentences = EspeakFrontEnd("de", Echo()).sentences("ja, " * 100 + "so " * 300)
    assert max(len(sentence.words) for sentence in sentences) <= 2 * 60 + 1
    assert sum(len(sentence.words) for sentence in sentences) == 400
