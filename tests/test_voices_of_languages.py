"""Voices of several languages: phones that these share, a tiny model that learns two, and who speaks what."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_families import recordings, tiny_run, trained
from tiny_speech import StandInAcoustic, install

from wavewright.base.errors import BadSetting
from wavewright.data.entry import Scan
from wavewright.families import loading
from wavewright.families.acoustic import ACOUSTIC
from wavewright.families.acoustic.config import AcousticConfig
from wavewright.families.acoustic.recipe import crossed_rows
from wavewright.models.folder import ModelFolder
from wavewright.speech.narration.narrator import NarratorLoader
from wavewright.speech.narration.settings import NarrationSettings
from wavewright.speech.voice import Voice
from wavewright.speech.voice_names import find_voice, language_of_voice, voices, voices_of
from wavewright.text import front_end
from wavewright.text.shared_symbols import nearest_vowels, shared_signs
from wavewright.training.parameters import Call

LANGUAGES = ("de", "en")


def test_phones_of_one_sign_are_one_symbol():
    signs = shared_signs(LANGUAGES)
    assert signs.keys() == {*front_end("de").symbols, *front_end("en").symbols}
    same = {"T": "t", "AY1": "aɪ1", "IY2": "iː2", "AH0": "ə", "NG": "ŋ", "CH": "tʃ", "_": "_"}
    assert {english: signs[english] for english in same} == {english: signs[german] for english, german in same.items()}
    own = {"TH", "DH", "W", "R", "AE1", "AH1", "OW1", "ER0"}
    assert not {signs[english] for english in own} & {signs[german] for german in front_end("de").symbols}
    assert [*shared_signs(("de",)).values()] == [*front_end("de").symbols]


@pytest.mark.parametrize("languages", [LANGUAGES, ("de", "en", "it", "es", "fr")])
def test_the_nearest_vowel_is_one_of_the_language(languages):
    signs = [*dict.fromkeys(shared_signs(languages).values())]
    for language in languages:
        own = {*shared_signs((language,)).values()}
        nearest = nearest_vowels(language, signs)
        assert {*nearest.values()} <= own
        assert not nearest.keys() & own
        assert {sign[-1] for sign in nearest} <= {*"012ɚəɐ"}
    assert nearest_vowels("en", signs)["aː1"] == "ɑː1"
    assert nearest_vowels("de", signs)["ɚ"] == "ɐ"


def config_of(**changes) -> AcousticConfig:
    signs = tuple(dict.fromkeys(shared_signs(LANGUAGES).values()))
    return dataclasses.replace(AcousticConfig(language="de", languages=LANGUAGES, symbols=signs), **changes)


def test_symbols_of_each_language_have_their_rows():
    config = config_of()
    assert config.rows.keys() == shared_signs(LANGUAGES).keys()
    assert {*config.rows.values()} == {*range(len(config.symbols))}
    assert config.rows["T"] == config.rows["t"] == config.symbols.index("t")
    for language, rows in zip(LANGUAGES, crossed_rows(config), strict=True):
        moved = {config.symbols[row] for row in np.flatnonzero(rows != np.arange(len(rows)))}
        assert moved == nearest_vowels(language, config.symbols).keys()
    with pytest.raises(BadSetting, match="language is 'fr' and languages are de, en"):
        config_of(language="fr")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny model that starts from one of English; one speaker reads German, the other English."""
    entries = tuple(
        dataclasses.replace(entry, language="de", text="Das ist Öl." if entry.speaker == "ann" else None)
        if entry.speaker == "ann"
        else entry
        for entry in recordings().entries
    )
    out = tmp_path_factory.mktemp("two") / "run"
    made = tiny_run(
        "acoustic",
        out,
        "model.language=de",
        "model.languages=de,en",
        "model.speakers=ann,bob",
        base=ModelFolder(trained("acoustic").out),
        scan=Scan(entries),
    )
    made.train(Call(quiet=True))
    return made


def test_a_model_of_two_languages_learns_and_speaks_both(run):
    model = loading.load_acoustic_model(run.out)
    assert (model.language, model.languages, model.speakers) == ("de", LANGUAGES, ("ann", "bob"))
    for language, text in (("de", "Schöne Straße."), ("en", "The other weather.")):
        (sentence,) = front_end(language).sentences(text)
        for speaker in model.speakers:
            assert model.speak_symbols(sentence.symbols, speaker).mel.shape[0] == model.n_mels
    same = (("_", "t", "aɪ1", "_"), ("_", "T", "AY1", "_"))
    german, english = (model.speak_symbols(symbols, "bob").mel for symbols in same)
    np.testing.assert_array_equal(german, english)
    with pytest.raises(BadSetting, match="has no symbol 'Q'"):
        model.speak_symbols(("Q",))


def test_each_recording_is_read_in_its_language(run):
    config = run.recipe.model
    for clip in run.prepared.batches.clips:
        (sentence,) = front_end(clip.entry.language).sentences(clip.entry.text)
        assert [config.rows[symbol] for symbol in sentence.symbols] == clip.symbols.tolist()


def test_a_share_of_the_recordings_has_vowels_of_the_other_language(run):
    batches = run.prepared.batches
    share, rows_in = batches.crossing
    own = {clip.symbols.tobytes() for clip in batches.clips}
    crossed = {rows[clip.symbols].tobytes() for clip in batches.clips for rows in rows_in}
    met = []
    for step in range(60):
        batch = batches(step)
        met += [row[:n].tobytes() for row, n in zip(batch["symbols"], batch["n_symbols"], strict=True)]
    assert {*met} <= own | crossed
    fraction = np.mean([symbols in crossed - own for symbols in met])
    expected = share / len(rows_in) * (len(rows_in) - 1)
    assert abs(fraction - expected) < 4 * np.sqrt(expected * (1 - expected) / len(met))


def test_symbols_of_the_base_keep_their_weights(run):
    base = ModelFolder(trained("acoustic").out)
    config = run.recipe.model
    weights = ACOUSTIC.initial_weights(base, config)["symbol_embedding.weight"]
    table, base_rows = base.weights()["voice.symbol_embedding.weight"], base.config(AcousticConfig).rows
    for german, english in (("t", ("T",)), ("aɪ1", ("AY1",)), ("ts", ("T", "S")), ("ʁ", ("R",))):
        expected = np.mean([table[base_rows[phone]] for phone in english], axis=0)
        np.testing.assert_allclose(weights[config.rows[german]], expected, atol=1e-6)


def test_a_voice_reads_every_language_of_its_model(tmp_path, monkeypatch):
    players = install(monkeypatch, tmp_path, StandInAcoustic(("kerstin", "kathleen"), "de", "de", LANGUAGES))
    assert voices() == ["en-kathleen", "en-ruth", "de-kerstin", "en-kerstin", "de-kathleen"]
    assert voices_of("de") == ["de-kerstin", "de-kathleen"]
    assert voices_of("en-GB") == ["en-kathleen", "en-ruth", "en-kerstin"]
    english = Voice.load("de-kerstin", language="en")
    assert [word.spoken for word in english.speak("Two days.").words] == ["two", "days"]
    german = Voice.load("de-kerstin")
    speech = german.speak('<speak>Haus <lang xml:lang="en">house</lang></speak>', is_ssml=True)
    assert [word.spoken for word in speech.words] == ["haus", "house"]
    assert not players["en"].calls
    assert {call.speaker for call in players["de"].calls} == {"kerstin"}
    loader = NarratorLoader()
    assert loader.load(NarrationSettings(language="de")).voice.name == "de-kerstin"
    assert loader.load(NarrationSettings(voice="de-kathleen", language="en")).voice.front_end.language == "en"
    with pytest.raises(BadSetting, match="The language is 'fr', and de-kathleen speaks 'de' and 'en'"):
        loader.load(NarrationSettings(voice="de-kathleen", language="fr"))


def test_a_speaker_of_two_languages_has_a_name_for_each(tmp_path, monkeypatch):
    crossed = StandInAcoustic(("kerstin", "kathleen"), "de", "crossed", LANGUAGES)
    players = install(monkeypatch, tmp_path, crossed)
    assert voices() == ["en-kathleen", "en-ruth", "de-kerstin", "en-kerstin", "de-kathleen"]
    assert voices_of("de") == ["de-kerstin", "de-kathleen"]
    assert find_voice("en-kathleen") == ("en", "kathleen")  # the model of this name comes first
    assert find_voice("en-kerstin") == find_voice("crossed-kerstin") == ("crossed", "kerstin")
    assert [language_of_voice(name) for name in ("en-kerstin", "crossed-kerstin", "en-ruth")] == ["en", "de", "en"]
    english = Voice.load("en-kerstin")
    assert (english.language, english.speaker, english.name) == ("en", "kerstin", "en-kerstin")
    assert [word.spoken for word in english.speak("2 days.").words] == ["two", "days"]
    both = '<speak>2 <voice name="de-kathleen">2</voice> <voice name="en-ruth">2</voice></speak>'
    assert [word.spoken for word in english.speak(both, is_ssml=True).words] == ["two", "zwei", "two"]
    assert [call.speaker for call in players["crossed"].calls] == ["kerstin", "kerstin", "kathleen"]
    assert [call.speaker for call in players["en"].calls] == ["ruth"]


def test_a_voice_of_spanish_starts_from_one_of_english(tmp_path):
    entries = tuple(dataclasses.replace(entry, language="es", text="¿Qué jefe?") for entry in recordings().entries)
    base = ModelFolder(trained("acoustic").out)
    made = tiny_run("acoustic", tmp_path / "run", "model.language=es", base=base, scan=Scan(entries))
    made.train(Call(quiet=True))
    model = loading.load_acoustic_model(made.out)
    (sentence,) = front_end("es").sentences("Hola, niño.")
    assert model.speak_symbols(sentence.symbols, model.speakers[0]).mel.shape[0] == model.n_mels
    weights = ACOUSTIC.initial_weights(base, made.recipe.model)["symbol_embedding.weight"]
    table, base_rows = base.weights()["voice.symbol_embedding.weight"], base.config(AcousticConfig).rows
    for spanish, english in (("tʃ", ("CH",)), ("θ", ("TH",)), ("e1", ("EH1",)), ("ɲ", ("N", "Y"))):
        expected = np.mean([table[base_rows[phone]] for phone in english], axis=0)
        np.testing.assert_allclose(weights[made.recipe.model.rows[spanish]], expected, atol=1e-6)
