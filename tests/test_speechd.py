"""The module of Speech Dispatcher: exchanges by its manual, readings of all texts, and the program itself."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fuzz import mutate
from fuzz.texts import BOMBS, MARKUP
from module_exchange import Audio, Exchange, samples_of
from tiny_speech import StandInVocoder, install
from waiting import LIMIT_SECONDS, wait_until

from wavewright.apps.cli import run
from wavewright.apps.speechd import message
from wavewright.apps.speechd.command import install as install_module, speechd
from wavewright.apps.speechd.message import MessageWriter, message_forms
from wavewright.apps.speechd.module_settings import ModuleSettings
from wavewright.apps.speechd.module_voices import ModuleVoices
from wavewright.apps.speechd.protocol import audio_and_marks, audio_event
from wavewright.apps.speechd.sign_names import LEVELS, sign_names
from wavewright.audio.pcm import to_pcm
from wavewright.base.errors import BadFolder, BadModel, BadSetting, BadText, NothingToSpeak
from wavewright.speech.chunk import Chunk, TimedMark
from wavewright.speech.synthesis import FASTEST_OF_MODELS
from wavewright.text import front_end, ssml

FRONT_ENDS = {language: front_end(language) for language in ("en", "de", "es", "it", "fr")}
HELLO = '<speak>Hello world.<mark name="__spd_0"/> This is it.</speak>'


@pytest.fixture
def players(monkeypatch, tmp_path):
    """Install stand-in voices of two languages."""
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    players = install(monkeypatch, tmp_path / "models")
    for language in ("en", "de"):
        path = tmp_path / "models" / language / "card.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        card["config"]["language"] = language
        path.write_text(json.dumps(card), encoding="utf-8")
    return players


@pytest.fixture
def exchange(players):
    exchange = Exchange()
    yield exchange
    exchange.close()


def words_of(kind: str, text: str, language: str = "en", **settings) -> str:
    """Return the words that are spoken of a message."""
    writer = MessageWriter(sign_names(language), ModuleSettings(**settings))
    for form in message_forms(writer, kind, text):
        try:
            document = ssml.parse(form, FRONT_ENDS[language])
            sentences = FRONT_ENDS[language].sentences(document.text, None, lambda _: None)
            return " ".join(word.spoken for sentence in sentences for word in sentence.words)
        except (BadText, NothingToSpeak):
            continue
    return ""


def speak(text: str) -> str:
    return f"<speak>{text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</speak>"


# --------------------------------------------------------------------------------------------- exchanges


def test_a_session_has_the_replies_of_the_manual(exchange):
    assert exchange.ask("INIT\n") == "299-Wavewright speaks with en-kathleen.\n299 OK LOADED SUCCESSFULLY\n"
    audio = exchange.ask("AUDIO\naudio_output_method=server\n.\n", 2)
    assert audio == "207 OK RECEIVING AUDIO SETTINGS\n203 OK AUDIO INITIALIZED\n"
    levels = exchange.ask("LOGLEVEL\nlog_level=3\n.\n", 2)
    assert levels == "207 OK RECEIVING LOGLEVEL SETTINGS\n203 OK LOGLEVEL SET\n"
    listed = exchange.ask("LIST VOICES\n")
    assert listed.startswith("200-en-kathleen\ten\tnone\n")
    assert listed.endswith("200 OK VOICE LIST SENT\n")
    assert exchange.set(rate=20, pitch=-10, punctuation_mode="all", spelling_mode="on", punctuation_some="NULL") == (
        "203 OK RECEIVING SETTINGS\n203 OK SETTINGS RECEIVED\n"
    )
    events = exchange.spoken("<speak>\nHello, GNU!\n</speak>")
    assert events[0].startswith("701 BEGIN")
    assert events[-1] == "702 END\n"
    assert exchange.ask("QUIT\n") == "210 OK QUIT\n"


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        ("HELLO\n", "300 ERR UNKNOWN COMMAND\n"),
        ("SPEAK NOW\n", "300 ERR UNKNOWN COMMAND\n"),
        ("SET\nrate=fast\n.\n", "203 OK RECEIVING SETTINGS\n303 ERROR INVALID PARAMETER OR VALUE\n"),
        ("SET\npunctuation_mode=few\n.\n", "203 OK RECEIVING SETTINGS\n303 ERROR INVALID PARAMETER OR VALUE\n"),
        ("SET\nrate\n.\n", "203 OK RECEIVING SETTINGS\n302 ERROR BAD SYNTAX\n"),
        ("SET\nunheard_of=1\n.\n", "203 OK RECEIVING SETTINGS\n203 OK SETTINGS RECEIVED\n"),
        ("SPEAK\n.\n", "202 OK RECEIVING MESSAGE\n301 ERROR CANT SPEAK\n"),
        ("KEY\na\nb\n.\n", "202 OK RECEIVING MESSAGE\n305 DATA MORE THAN ONE LINE\n"),
        ("LIST VOICES xx\n", "304 CANT LIST VOICES\n"),
        ("DEBUG\n", "302 ERROR BAD SYNTAX\n"),
        ("DEBUG ON /no/such/folder/log\n", "303 CANT OPEN CUSTOM DEBUG FILE\n"),
        ("DEBUG OFF \n", "200 OK DEBUGGING OFF\n"),
    ],
)
def test_wrong_commands_get_their_code_and_the_module_goes_on(exchange, sent, reply):
    exchange.started()
    assert exchange.ask(sent, reply.count("\n")) == reply
    assert exchange.spoken(HELLO)[-1] == "702 END\n"


def test_a_server_that_does_not_play_audio_is_refused(exchange):
    exchange.ask("INIT\n")
    reply = exchange.ask("AUDIO\naudio_output_method=alsa\naudio_alsa_device=default\n.\n", 2)
    assert reply.endswith("300 MODULE ERROR\n")


def test_a_voice_that_does_not_exist_fails_the_start(players):
    exchange = Exchange(lambda: ModuleVoices("nobody"))
    assert exchange.ask("INIT\n").endswith("399 ERR CANT INIT MODULE\n")
    assert exchange.ask("SPEAK\nHello.\n.\n", 2).endswith("301 ERROR CANT SPEAK\n")
    exchange.close()


def test_the_end_of_the_input_ends_the_module(exchange):
    exchange.started()


def test_debugging_writes_commands_and_replies_but_no_audio(exchange, tmp_path):
    log = tmp_path / "module.log"
    exchange.started()
    assert exchange.ask(f"DEBUG ON {log} \n") == "200 OK DEBUGGING ON\n"
    exchange.spoken(HELLO)
    written = log.read_text(encoding="utf-8")
    assert "< SPEAK\n> 202 OK RECEIVING MESSAGE\n" in written
    assert "705" not in written


# ------------------------------------------------------------------------------------------------ audio


def test_the_audio_is_that_of_the_narrator_without_silence_at_its_end(exchange):
    exchange.started()
    played = samples_of(exchange.spoken(HELLO))
    voices = ModuleVoices("en-kathleen")
    chunks = voices.narrator(ModuleSettings()).chunks(HELLO, lambda _: None)
    whole = np.frombuffer(to_pcm(np.concatenate([chunk.wave for chunk in chunks], axis=1)), "<i2")
    assert len(whole) - 12_000 < len(played) <= len(whole)
    assert np.array_equal(played, whole[: len(played)])
    assert np.abs(whole[len(played) :]).max() <= 4


def test_bytes_that_would_end_a_line_are_escaped():
    wave = (np.array([[0x0A0A, 0x7D7D, 0x0A7D, 0, -1]]) / 32_768).astype(np.float32)
    event = audio_event(wave, 8_000)
    assert event.endswith(b"705-AUDIO\0}*}*}]}]}]}*\0\0\xff\xff\n705 AUDIO\n")


def test_marks_are_at_their_sample(exchange):
    exchange.started()
    events = exchange.spoken(
        '<speak><mark name="a"/>One <mark name="b"/>two.<mark name="__spd_0"/> Three.<mark name="c"/></speak>'
    )
    voice = ModuleVoices("en-kathleen").narrator(ModuleSettings()).voice
    speech = voice.speak(
        '<speak><mark name="a"/>One <mark name="b"/>two.<mark name="__spd_0"/> Three.<mark name="c"/></speak>'
    )
    at = {mark.name: round(mark.seconds * voice.sample_rate) for mark in speech.marks}
    n_samples, positions = 0, {}
    for event in events:
        if isinstance(event, Audio):
            n_samples += len(event.samples)
        elif event.startswith("700"):
            positions[event.removeprefix("700-").partition("\n")[0]] = n_samples
    assert list(positions) == ["a", "b", "__spd_0", "c"]
    assert {name: at[name] for name in ("a", "b", "__spd_0")} == {
        name: positions[name] for name in ("a", "b", "__spd_0")
    }
    assert 0 < positions["a"] < positions["b"] < positions["__spd_0"] < positions["c"] == n_samples


def test_marks_split_chunks_and_those_in_silence_at_the_end_are_kept():
    rate = 100
    waves = [np.full((1, 30), 0.5, np.float32), np.zeros((1, 30), np.float32), np.zeros((1, 10), np.float32)]
    marks = (TimedMark("a", 0.1), TimedMark("b", 0.4), TimedMark("c", 2.0))
    chunks = [Chunk(waves[0], marks=marks), Chunk(waves[1]), Chunk(waves[2])]
    items = [item if isinstance(item, str) else item.shape[1] for item in audio_and_marks(chunks, rate)]
    assert items == [10, "a", 20, "b", "c"]


def test_settings_change_rate_pitch_volume_and_voice(exchange, players):
    exchange.started()
    usual = samples_of(exchange.spoken(speak("Hello world.")))
    exchange.set(rate=50, pitch=50, volume=0, synthesis_voice="en-ruth", language="en-US")
    changed = samples_of(exchange.spoken(speak("Hello world.")))
    call = players["en"].calls[-1]
    assert call.speaker == "ruth"
    assert set(np.ravel(call.rate)) == {FASTEST_OF_MODELS, 2.0}  # of words, whose wave is sped up, and of pauses
    assert np.allclose(call.pitch, 2**0.5)
    assert len(changed) < 0.65 * len(usual)
    assert 0.4 < np.abs(changed).max() / np.abs(usual).max() < 0.6


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rate": "100"}, {"rate": 4.0}),
        ({"rate": "-100"}, {"rate": 0.25}),
        ({"rate": "1000", "pitch": "-100"}, {"rate": 4.0, "pitch": -12.0}),
        ({"volume": "100"}, {"volume_db": 0.0}),
        ({"volume": "-100"}, {"volume_db": -60.0}),
        ({"pitch_range": "100"}, {"range": 2.0}),
    ],
)
def test_numbers_mean_what_speak_allows(values, expected):
    prosody = ModuleSettings().with_values(values).prosody
    assert {name: prosody[name] for name in expected} == pytest.approx(expected)


def test_a_voice_is_chosen_by_name_then_by_language(players):
    voices = ModuleVoices("en-ruth")
    assert voices.find(ModuleSettings()) == "en-ruth"
    assert voices.find(ModuleSettings(voice="en-kathleen")) == "en-kathleen"
    assert voices.find(ModuleSettings(voice="unknown", language="de-AT")) == "de-kerstin"
    assert voices.find(ModuleSettings(language="fr")) == "en-ruth"
    assert [row[0] for row in voices.rows("de_DE")] == ["de-kerstin"]
    assert voices.rows()[0] == ("en-ruth", "en", "none")
    assert voices.rows("en", "male1") == []
    assert voices.language("en-ruth", ModuleSettings(language="en-GB")) == "en-GB"
    with pytest.raises(BadModel):
        ModuleVoices("nobody")


# ----------------------------------------------------------------------------------------- stop and pause


class HeldVocoder(StandInVocoder):
    """A vocoder that waits after its first chunk until it is released."""

    def __init__(self):
        super().__init__()
        self.is_free, self.waits = threading.Event(), threading.Event()
        self.is_free.set()

    def vocode_stream(self, mel, seed=0):
        first, *others = super().vocode_stream(mel, seed)
        yield first
        self.waits.set()
        self.is_free.wait()
        yield from others


@pytest.fixture
def held(players):
    players["vocoder"] = HeldVocoder()
    return players["vocoder"]


def test_a_stop_is_answered_while_speech_is_computed_and_nothing_follows_it(held):
    exchange = Exchange().started()
    exchange.spoken(HELLO)
    held.is_free.clear()
    held.waits.clear()
    exchange.begin(HELLO)
    assert held.waits.wait(LIMIT_SECONDS)
    exchange.send("STOP\n")
    assert exchange.events()[-1] == "703 STOP\n"  # the vocoder still waits
    held.is_free.set()
    assert exchange.spoken(HELLO)[-1] == "702 END\n"
    exchange.send("STOP\n")  # not an error
    assert exchange.ask("LOGLEVEL\n.\n", 2).startswith("207")
    assert exchange.close() == ""


def test_a_second_message_is_refused_while_one_is_spoken(held):
    exchange = Exchange().started()
    exchange.spoken(HELLO)
    held.is_free.clear()
    held.waits.clear()
    exchange.begin(HELLO)
    assert held.waits.wait(LIMIT_SECONDS)
    exchange.send("SPEAK\nOther.\n.\n")
    assert exchange.until(b"3")[-1] == b"301 ERROR CANT SPEAK\n"
    held.is_free.set()
    assert exchange.events()[-1] == "702 END\n"
    exchange.close()


def test_a_pause_ends_the_message_after_the_next_mark_of_the_server(held):
    exchange = Exchange().started()
    exchange.spoken(HELLO)
    held.is_free.clear()
    held.waits.clear()
    exchange.begin('<speak>One <mark name="own"/>two.<mark name="__spd_0"/> Three.<mark name="__spd_1"/> Four.</speak>')
    assert held.waits.wait(LIMIT_SECONDS)
    exchange.send("PAUSE\nLOGLEVEL\n.\n")
    before = exchange.until(b"203")  # the pause was read; events of the message come before the reply
    held.is_free.set()
    messages = [*before, *exchange.until((b"702", b"704"))]
    marks = [line for line in messages if line.startswith(b"700")]
    assert marks[-1] == b"700-__spd_0\n700 INDEX MARK\n"
    assert messages[-1] == b"704 PAUSE\n"
    exchange.close()


# ---------------------------------------------------------------------------------------------- readings


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("Hello, World! (x)", "none", "hello world x"),
        ("Hello, World! (x)", "most", "hello world left paren x right paren"),
        ("Hello, World! (x)", "all", "hello comma world exclamation mark left paren x right paren"),
        ("a_b #1", "some", "a underscore b number sign one"),
        ("...", "none", "three dot"),
        ("-----", "none", "five dash"),
        ("Save 😀 file", "none", "save grinning face file"),
        ("👩‍💻", "none", "woman personal computer"),
        ("Open שלום now", "none", "open hebrew script now"),
        ("中文", "none", "chinese script"),
        ("привет", "none", "privet"),
        (":D", "none", "colon d iy1"),
    ],
)
def test_signs_of_a_text_are_named_by_level(text, level, words):
    assert words_of("SPEAK", speak(text), punctuation=level) == words


@pytest.mark.parametrize(
    ("kind", "text", "english", "german"),
    [
        ("CHAR", "a", "ey1", "ʔ aː1"),
        ("CHAR", "A", "capital ey1", "groß ʔ aː1"),
        ("CHAR", "é", "iy1 acute", "ʔ eː1 akut"),
        ("CHAR", "ß", "latin letter sharp s", "ʔ ɛ0 s ts ɛ1 t"),
        ("CHAR", "5", "five", "fünf"),
        ("CHAR", "!", "exclamation mark", "ausrufezeichen"),
        ("CHAR", " ", "space", "leerzeichen"),
        ("CHAR", "\x01", "control character", "steuerzeichen"),
        ("KEY", "control_alt_delete", "control alt delete", "steuerung alt entfernen"),
        ("KEY", "kp-*", "keypad star", "ziffernblock stern"),
        ("KEY", "f12", "eh1 f twelve", "ʔ ɛ1 f zwölf"),
        ("SOUND_ICON", "new-message", "new message", None),
    ],
)
def test_characters_and_keys_have_names_in_the_language(kind, text, english, german):
    assert words_of(kind, text, capitals="spell") == english
    if german is not None:
        assert words_of(kind, text, "de", capitals="spell") == german


@pytest.mark.parametrize(
    ("kind", "text", "spanish"),
    [
        ("CHAR", "Ñ", "mayúscula e1 ɲ e0"),
        ("CHAR", "é", "e1 acento agudo"),
        ("CHAR", "¿", "abrir interrogación"),
        ("KEY", "control_alt_delete", "control alt suprimir"),
        ("KEY", "kp-*", "teclado numérico asterisco"),
    ],
)
def test_characters_and_keys_have_names_in_spanish(kind, text, spanish):
    assert words_of(kind, text, "es", capitals="spell") == spanish


def test_capitals_are_named_or_higher_and_texts_are_spelled():
    assert words_of("SPEAK", speak("Hello world"), capitals="spell") == "capital hello world"
    assert (
        words_of("SPEAK", speak("Ab 1!"), spelling=True, capitals="spell") == "capital ey1 b iy1 one exclamation mark"
    )
    written = MessageWriter(sign_names("en"), ModuleSettings(capitals="icon")).text(speak("Hello world"))
    assert written == '<speak><prosody pitch="+4st">Hello</prosody> world</speak>'


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("broken <b>text & more <mark name='__spd_0'/> end", "broken text and more end"),
        ("<speak><voice name='nobody'>hi</voice> <prosody rate='weird'>there</prosody></speak>", "hi there"),
        ("<speak><audio src='x'>one</audio> <lang xml:lang='fr'>two</lang></speak>", "one two"),
        ("<speak><sub alias='W three C'>W3C</sub>, <emphasis>yes</emphasis></speak>", "w three c yes"),
        ("<speak>a\x01b</speak>", "a b"),
    ],
)
def test_ssml_that_is_not_supported_is_read_as_text(players, document, words):
    assert words_of("SPEAK", document) == words


@pytest.mark.parametrize("element", ["voice name='nobody'", "lang xml:lang='xx'", "lang xml:lang='espeak:xx'"])
def test_an_unknown_voice_or_language_in_ssml_does_not_silence_it(exchange, element):
    exchange.started()
    events = exchange.spoken(f"<speak><{element}>hi</{element.split()[0]}><mark name='m'/></speak>")
    assert len(samples_of(events)) > 0
    assert "700-m\n700 INDEX MARK\n" in events


def test_all_that_is_visible_is_spoken():
    rng = random.Random(1)
    codes = [*range(0x250), *rng.sample(range(0x250, 0x3_0000), 150), *range(0x1_F600, 0x1_F610)]
    for character in map(chr, codes):
        category = unicodedata.category(character)
        if category in ("Cs", "Cn"):
            continue
        assert words_of("CHAR", character), repr(character)
        is_silent = category[0] in "ZC" or character in "\u00ad\u034f" or message._INVISIBLE.match(character)
        if not (is_silent and category != "Co") and category[0] != "M":
            for level in ("none", "all"):
                assert words_of("SPEAK", speak(character), punctuation=level), repr(character)


@pytest.mark.parametrize("text", ["", " ", "\n \t", "\x00\x1f", "\u200b\ufeff"])
def test_what_is_not_visible_is_silent_and_its_marks_are_reported(exchange, text):
    exchange.started()
    events = exchange.spoken(f"<speak>{text.replace(chr(10), ' ')}<mark name='m'/></speak>")
    assert events == ["701 BEGIN\n", "700-m\n700 INDEX MARK\n", "702 END\n"]


def test_messages_of_any_text_are_read(exchange):
    rng = random.Random(3)
    for _ in range(100):
        document = mutate.text_of(rng, rng.choice(MARKUP))[:500]
        words_of("SPEAK", document, punctuation=rng.choice(LEVELS), spelling=rng.random() < 0.2)
    exchange.started()
    for document in BOMBS:
        assert exchange.spoken(document[:300])[-1] == "702 END\n"


# --------------------------------------------------------------------------------------------- the command


def test_the_script_is_written_once_and_never_over_another_file(players, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "my home" / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    script = tmp_path / "my home" / "libexec" / "speech-dispatcher-modules" / "sd_wavewright"
    assert run(["speechd", "--install-module", "--voice", "en-ruth", "--no-watermark"]) == 0
    assert os.access(script, os.X_OK)
    before = script.read_text(encoding="utf-8")
    assert before.endswith("-m wavewright speechd --voice en-ruth --no-watermark\n")
    out = capsys.readouterr().out
    assert f'AddModule "wavewright" "{script}" "wavewright.conf"' in out
    assert not (tmp_path / "settings").exists()
    assert run(["speechd", "--install-module", "--voice", "en-ruth", "--no-watermark"]) == 0
    assert "(kept, it is up to date)" in capsys.readouterr().out
    assert run(["speechd", "--install-module"]) == 2
    assert script.read_text(encoding="utf-8") == before
    script.unlink()
    script.symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadFolder):
        install_module([])
    assert not (tmp_path / "nowhere").exists()


def test_wrong_options_are_refused_before_anything_is_written(players, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert run(["speechd", "--install-module", "--voice", "nobody"]) == 2
    assert run(["speechd", "--install-module", "--lexicon", str(tmp_path / "missing.txt")]) == 2
    assert not (tmp_path / "share").exists()


def test_a_terminal_is_told_how_to_install(players, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(BadSetting, match="--install-module"):
        speechd()


def test_the_process_speaks_and_writes_nothing_else(tmp_path):
    sent = "INIT\nAUDIO\naudio_output_method=server\n.\nCHAR\na\n.\nQUIT\n"
    command = [sys.executable, "-m", "wavewright", "speechd"]
    done = subprocess.run(command, input=sent.encode(), capture_output=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split(b"\n")
    assert lines[1] == b"299 OK LOADED SUCCESSFULLY"
    assert lines[-2] == b"210 OK QUIT"
    assert all(line[:3].isdigit() for line in lines[:-1])


# ------------------------------------------------------------------------------------- Speech Dispatcher

ALSA = """
pcm.null { type null }
pcm.!default { type file slave.pcm "null" file "FILE" format "raw" }
"""
SETTINGS = """
LogLevel 3
AudioOutputMethod "alsa"
AudioALSADevice "default"
DefaultVolume 100
AddModule "wavewright" "SCRIPT"
DefaultModule wavewright
DisableAutoSpawn
"""


@pytest.fixture
def dispatcher(tmp_path, monkeypatch):
    """Run Speech Dispatcher with our module; its audio is written to a file."""
    home, audio = tmp_path / "home", tmp_path / "audio.raw"
    for folder in (home, tmp_path / "settings", tmp_path / "log", tmp_path / "run"):
        folder.mkdir(mode=0o700)
    (tmp_path / "alsa.conf").write_text(ALSA.replace("FILE", str(audio)), encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))
    socket = tmp_path / "run" / "socket"
    monkeypatch.setenv("SPEECHD_ADDRESS", f"unix_socket:{socket}")
    script = install_module([]).files[0].path
    (tmp_path / "settings" / "speechd.conf").write_text(SETTINGS.replace("SCRIPT", str(script)), encoding="utf-8")
    options = ["-s", "-t", "0", "-c", "unix_socket", "-S", socket, "-C", tmp_path / "settings", "-L", tmp_path / "log"]
    process = subprocess.Popen(["speech-dispatcher", *map(str, options)])
    try:
        wait_until(lambda: process.poll() is not None or socket.exists())
        while subprocess.run(["spd-say", "-O"], capture_output=True, check=False).returncode != 0:
            assert process.poll() is None
        yield audio
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_SECONDS)


@pytest.mark.skipif(not (shutil.which("speech-dispatcher") and shutil.which("spd-say")), reason="no Speech Dispatcher")
def test_spd_say_speaks_through_the_module(dispatcher: Path):
    def say(*arguments: str) -> str:
        command = ["spd-say", "-o", "wavewright", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def said(*arguments: str) -> np.ndarray:
        before = dispatcher.stat().st_size if dispatcher.exists() else 0
        say("-w", *arguments)
        wait_until(lambda: dispatcher.exists() and dispatcher.stat().st_size > before)  # it closes the file later
        return np.frombuffer(dispatcher.read_bytes()[before:], "<i2")

    assert "wavewright" in say("-O")
    assert "en-kathleen" in say("-L")
    usual = said("Hello world. This is a test.")
    voices = ModuleVoices("en-kathleen")
    document = speak("Hello world.").replace("</speak>", '<mark name="__spd_0"/> This is a test.</speak>')
    chunks = voices.narrator(ModuleSettings()).chunks(document, lambda _: None)
    whole = np.frombuffer(to_pcm(np.concatenate([chunk.wave for chunk in chunks], axis=1)), "<i2")
    assert len(usual) > 24_000
    gains = usual[np.abs(usual) > 1_000] / whole[: len(usual)][np.abs(usual) > 1_000]
    assert np.ptp(gains) < 0.002  # the server has a volume of its own
    assert len(said("-r", "50", "Hello world. This is a test.")) < 0.75 * len(usual)
    assert len(said("-m", "all", "Hello world. This is a test.")) > len(usual)
    assert len(said("!")) > 2_000
