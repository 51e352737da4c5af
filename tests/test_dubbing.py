"""Dubbing: times of lines, projects, recognisers and translators of other programs, and the result."""

from __future__ import annotations

import csv
import itertools
import json
import math
import shutil
import subprocess
import sys
import tomllib
import types
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st
from tiny_speech import install
from tiny_subtitles import ASS, SRT

from wavewright import Clip, dub, mix
from wavewright.apps.cli import run
from wavewright.audio.clip import write_blocks
from wavewright.audio.file_formats.metadata import Marker, Picture, SoundMetadata
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadModel, BadSetting, BadText, MissingExtra, SkippedText, SoundWarning
from wavewright.dubbing import stretches, translation
from wavewright.dubbing.assembly import original_levels
from wavewright.dubbing.commands import words_of
from wavewright.dubbing.drafting import lines_of, timed_cues
from wavewright.dubbing.project import DubLine, DubProject, read_dub, write_dub
from wavewright.dubbing.recognition import open_recogniser, parse_segments
from wavewright.dubbing.stretches import speech_stretches
from wavewright.dubbing.subtitle_files import RecognisedWord, SpeechSegment, read_cues, written_cues
from wavewright.dubbing.timing import GAP_SECONDS, LineSlot, Rates, SpokenTime, fit, next_starts, slots
from wavewright.dubbing.translation import matched, open_translator, read_glossary, translated
from wavewright.families import loading
from wavewright.speech.synthesis import FASTEST
from wavewright.tasks.dub import _unused as unused_files
from wavewright.tasks.separate import DEFAULT_MODEL as SEPARATOR

TIMES = st.lists(st.tuples(st.floats(0.05, 20), st.floats(0.05, 5)), min_size=1, max_size=20)


@given(TIMES, st.lists(st.floats(0.05, 30), min_size=20, max_size=20))
def test_no_line_reaches_into_the_next_one(steps, lengths):
    times, start = [], 0.0
    for gap, length in steps:
        start += gap
        times.append((start, start + length))
    rates = Rates()
    for index, (slot, usual) in enumerate(
        zip(slots([SpokenTime(*time) for time in times], times[-1][1] + 1), lengths, strict=False)
    ):
        found = fit(usual, slot, 20, rates)
        room = (times[index + 1][0] if index + 1 < len(times) else times[-1][1] + 1) - times[index][0]
        if found is None:
            assert room < 0.1 + GAP_SECONDS + 1e-9
            continue
        assert found.rate == pytest.approx(usual / found.seconds)
        assert found.seconds <= room or found.is_cut
        assert found.rate <= FASTEST + 1e-9
        if not math.isclose(usual, rates.fastest * slot.limit_seconds, rel_tol=1e-4):
            assert bool(found.too_long) == (usual > rates.fastest * slot.limit_seconds)
        if not found.too_long:
            assert rates.slowest - 1e-9 <= found.rate <= rates.fastest + 1e-9
            assert found.seconds <= slot.limit_seconds


@given(st.floats(0.2, 10), st.floats(0.86, 1.14))
def test_a_line_that_fills_its_time_is_not_too_long(seconds, rate):
    found = fit(seconds * rate, LineSlot(seconds, seconds), 20, Rates())
    assert (found.too_long, found.seconds, found.rate) == (0, pytest.approx(seconds), pytest.approx(rate))
    assert found.seconds <= seconds


def test_speakers_are_heard_at_once_where_they_are_in_the_original():
    both = [SpokenTime(1, 3, "Anna"), SpokenTime(1, 2, "Ben"), SpokenTime(2.9, 4, "ben"), SpokenTime(6, 7, "Anna")]
    assert next_starts(both, 9.0) == [2.9, 2.9, 6, 9.0]
    assert next_starts(both[:2]) == [math.inf, math.inf]
    nobody = [SpokenTime(1, 3), SpokenTime(1, 3), SpokenTime(1, 3, "Ben")]
    assert next_starts(nobody, 4.0) == [1, 4.0, 4.0]
    assert [slot.limit_seconds for slot in slots(both, 9.0)] == pytest.approx([1.86, 1.86, 3.06, 3.0])


def test_how_a_line_is_fitted():
    rates = Rates(0.9, 1.1)
    assert fit(2.0, LineSlot(2.0, 3.0), 20, rates).rate == 1.0
    assert fit(2.1, LineSlot(2.0, 3.0), 20, rates).seconds == pytest.approx(2.0)
    slow = fit(1.0, LineSlot(2.0, 3.0), 20, rates)
    assert (slow.rate, slow.borrowed_seconds) == (0.9, 0.0)
    borrowing = fit(2.75, LineSlot(2.0, 3.0), 20, rates)
    assert (borrowing.rate, borrowing.borrowed_seconds) == (1.1, pytest.approx(0.5))
    long = fit(3.6, LineSlot(2.0, 3.0), 24, rates)
    assert (long.rate, long.seconds, long.is_cut) == (pytest.approx(1.2), 3.0, False)
    assert long.too_long == math.ceil(24 * (1 - 3.0 * 1.1 / 3.6))
    cut = fit(6.5, LineSlot(2.0, 3.0), 30, rates)
    assert (cut.rate, cut.seconds, cut.is_cut) == (FASTEST, pytest.approx(5.0), True)
    assert fit(1.0, LineSlot(0.0, 0.05), 5, rates) is None
    with pytest.raises(BadSetting, match=r"0\.8 to 1, and 1 to 1\.3"):
        Rates(0.7, 1.1)


def project_of(*lines: DubLine, **changes: object) -> DubProject:
    return DubProject(source="scene.srt", to_language="en", cast=({"voice": "en-ruth"},), lines=lines, **changes)


def test_a_project_is_written_and_read(tmp_path):
    lines = (
        DubLine(
            number=1, start=0.5, end=2, original='Sie sagte: "Nein"\\.', text="She said \x7f\u2028no\ttab", rate=1.1
        ),
        DubLine(number=2, start=12.0, end=13.25, speaker="Ann", problem="It is too long."),
    )
    project = project_of(*lines, slowest=0.9, background="bed.wav", from_language="de")
    write_dub(tmp_path / "dub.toml", project)
    assert read_dub(tmp_path / "dub.toml") == project
    text = (tmp_path / "dub.toml").read_text(encoding="utf-8")
    assert "fastest" not in text
    for broken, message in (
        (text.replace("number = 2", "number = 1"), "Two lines have the number 1"),
        (text.replace("end = 13.25", "end = 11.0"), "Line 2 ends at 11 s, and starts at 12 s"),
        (text.replace("slowest = 0.9", "slowest = 0.5"), "The rates are 0.5 to 1.15"),
        (text.replace("voice =", "voise ="), "voice is missing"),
        ("a = = b", "This is no TOML"),
    ):
        (tmp_path / "broken.toml").write_text(broken, encoding="utf-8")
        with pytest.raises(BadSetting, match=message):
            read_dub(tmp_path / "broken.toml")
    with pytest.raises(BadSetting, match="Line 2 is spoken by 'Ann', and the cast has Ben"):
        project_of(*lines).model_copy(
            update={"cast": (project.cast[0].model_copy(update={"speaker": "Ben"}),)}
        ).member_of(lines[1])


def test_cues_become_lines():
    cues = [
        SpeechSegment(1.0, 2.0, "One"),
        SpeechSegment(1.0, 2.5, "and a half.", ""),
        SpeechSegment(3.0, 3.0, "Without an end"),
        SpeechSegment(3.5, 3.2, "Ends before it starts"),
        SpeechSegment(90.0, 91.0, "Beyond the end"),
    ]
    with pytest.warns(SkippedText, match="a.srt: 1 of 5 cues start after the end of the sound") as named:
        lines = lines_of(timed_cues(cues, "a.srt", 60.0), are_sentences=True)
    assert len(named) == 1
    assert [(line.start, line.end, line.original) for line in lines] == [
        (1.0, 2.5, "One and a half."),
        (3.0, 3.5, "Without an end"),
        (3.5, pytest.approx(3.5 + len("Ends before it starts") / 14), "Ends before it starts"),
    ]
    with pytest.raises(BadText, match=r"a.srt: no subtitle lies within the sound, which is 0.5 s long"):
        timed_cues(cues, "a.srt", 0.5)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(0, 50), st.floats(-1, 9), st.sampled_from(["", "ann"]), st.sampled_from(["a", "b c"])),
        min_size=1,
        max_size=6,
    )
)
def test_lines_have_whole_milliseconds_and_lose_no_word(rows):
    cues = [SpeechSegment(start, start + length, text, speaker) for start, length, speaker, text in sorted(rows)]
    lines = lines_of(timed_cues(cues, "a.srt", None))
    assert [line.number for line in lines] == [*range(1, len(lines) + 1)]
    assert " ".join(line.original for line in lines) == " ".join(cue.text for cue in cues)
    for line in lines:
        assert (line.start, line.end) == (round(line.start, 3), round(line.end, 3))
        assert line.end > line.start
        assert min(abs(line.start - cue.start) for cue in cues if cue.speaker == line.speaker) <= 0.0005 + 1e-9
    for before, after in itertools.pairwise(lines):
        assert before.start <= after.start


def python(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


def test_recognisers_that_print_subtitles_or_json(tmp_path):
    (tmp_path / "a b.srt").write_text(SRT, encoding="utf-8")
    code = "import sys; print(open(sys.argv[1], encoding='utf-8').read())"
    segments = open_recogniser(f"{python(code)} {{file}}").segments(tmp_path / "a b.srt", "")
    assert [(segment.start, segment.text) for segment in segments][1] == (2.4, "- Ja!")
    rows = [
        {"start": 2, "end": 3, "text": " b ", "speaker": "B", "words": [{"word": "b", "start": 2.1, "end": 2.9}]},
        {"start": 0.5, "end": 1, "text": "a", "avg_logprob": -1},
    ]
    for contents in (rows, {"segments": rows, "language": "de"}):
        found = parse_segments(json.dumps(contents), "it")
        assert [segment.text for segment in found] == ["a", "b"]
        assert found[1].words == (RecognisedWord("b", 2.1, 2.9),)
        assert found[1].speaker == "B"
    assert found[0].language == "de"
    for wrong in ("[1]", '{"text": "a"}', '[{"start": 2, "end": 1, "text": "a"}]', "[{", "[[]]"):
        with pytest.raises(BadSetting, match="it is JSON of another form"):
            parse_segments(wrong, "it")


def test_command_lines_of_windows():
    command = r'"C:\My Programs\translate.exe" --to en'
    assert words_of(command, is_windows=True) == [r"C:\My Programs\translate.exe", "--to", "en"]
    assert words_of(r"a\ b 'c #d'", is_windows=False) == ["a b", "c #d"]


def test_programs_that_fail(tmp_path):
    with pytest.raises(BadSetting, match=r"failed with exit code 3 \(broken model\)"):
        open_translator(python("import sys; sys.exit(print('a\\nbroken model', file=sys.stderr) or 3)")).translate(
            ["a"]
        )
    with pytest.raises(BadSetting, match="The program 'no-such-program' cannot be run"):
        open_translator("no-such-program --fast").translate(["a"])
    with pytest.raises(BadSetting, match="was given 2 lines and printed 1"):
        open_translator(python("print('a')")).translate(["a", "b"])
    slow = translation.CommandTranslator([sys.executable, "-c", "import time; time.sleep(6_000)"], timeout_seconds=0.2)
    with pytest.raises(BadSetting, match=r"gave no answer in 0.2 s and was stopped"):
        slow.translate(["a"])
    with pytest.raises(BadSetting, match="printed no UTF-8"):
        open_translator(python("import sys; sys.stdout.buffer.write(bytes([255]))")).translate(["a"])
    with pytest.raises(BadSetting, match="a quote without an end"):
        open_translator("translate 'a")
    with pytest.raises(
        BadSetting, match=r"it can be moonshine:FOLDER, faster-whisper:FOLDER, table:FILE .*, or a command with .file"
    ):
        open_recogniser("whisper")
    with pytest.raises(BadSetting, match=r"give moonshine:FOLDER"):
        open_recogniser("moonshine:nowhere")


def test_recognisers_by_packages(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingExtra, match="needs the package of that name"):
        open_recogniser(f"faster-whisper:{tmp_path}")
    calls = []

    class WhisperModel:
        def __init__(self, *given, **options):
            calls.append((given, options))

        def transcribe(self, sound, **options):
            assert options["language"] == "de"
            words = [types.SimpleNamespace(word=" Ja.", start=1.1, end=1.4)]
            rows = [types.SimpleNamespace(start=1.0, end=1.5, text=" Ja.", words=words)]
            return iter(rows), types.SimpleNamespace(language="de")

    monkeypatch.setitem(sys.modules, "faster_whisper", types.SimpleNamespace(WhisperModel=WhisperModel))
    segments = open_recogniser(f"faster-whisper:{tmp_path}").segments(tmp_path / "a.wav", "de-AT")
    assert segments == [SpeechSegment(1.0, 1.5, "Ja.", language="de", words=(RecognisedWord("Ja.", 1.1, 1.4),))]
    assert calls[0][1]["local_files_only"]


def test_stretches_of_speech(tmp_path):
    rate = 22_050
    wave = 1e-4 * np.random.default_rng(0).standard_normal(40 * rate)
    for start, end in ((1.0, 3.0), (3.2, 4.0), (6.0, 34.0)):
        tone = np.sin(2 * np.pi * 200 * np.arange(int((end - start) * rate)) / rate)
        wave[int(start * rate) : int(start * rate) + len(tone)] += 0.2 * tone
    soundfile.write(tmp_path / "a.wav", wave, rate)
    found = [(start, start + len(wave) / stretches.RATE) for start, wave in speech_stretches(tmp_path / "a.wav")]
    assert found[0] == (pytest.approx(1.0, abs=0.2), pytest.approx(4.0, abs=0.2))
    assert found[1][0] == pytest.approx(6.0, abs=0.2)
    assert found[-1][1] == pytest.approx(34.0, abs=0.2)
    assert all(end - start <= stretches.MAX_STRETCH_SECONDS + 0.1 for start, end in found)
    soundfile.write(tmp_path / "silence.wav", np.zeros(rate), rate)
    assert list(speech_stretches(tmp_path / "silence.wav")) == []


class Upper:
    """Upper case; loses brackets in texts with ``lost``."""

    def translate(self, texts):
        return [[text.upper().replace("[", "").replace("]", "") if "lost" in text else text.upper()] for text in texts]


@pytest.fixture(scope="module")
def toy_model(tmp_path_factory):
    """A German and English model of random weights, with the vocabularies of a few sentences, as OPUS-MT's folders."""
    sentencepiece = pytest.importorskip("sentencepiece")
    specs = pytest.importorskip("ctranslate2.specs")
    folder = tmp_path_factory.mktemp("toy") / "opus"
    folder.mkdir()
    texts = {"source": "guten morgen wie geht es dir heute", "target": "good morning how are you today"}
    pieces = {}
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(f"{text}\n" * 20)
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / f"{name}.txt"),
            model_prefix=str(folder / name),
            vocab_size=24,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        (folder / f"{name}.model").rename(folder / f"{name}.spm")
        vocabulary = sentencepiece.SentencePieceProcessor(str(folder / f"{name}.spm"))
        pieces[name] = ["<unk>", "<s>", "</s>", *(vocabulary.id_to_piece(each) for each in range(3, len(vocabulary)))]
    spec = specs.TransformerSpec.from_config(num_layers=1, num_heads=2)
    random, width = np.random.default_rng(3), 8
    rows = {"encoder/embeddings": len(pieces["source"]), "decoder/embeddings": len(pieces["target"])}
    rows |= {"projection": len(pieces["target"]), "ffn/linear_0": 2 * width, "self_attention/linear_0": 3 * width}
    rows |= {"layer_0/attention/linear_1": 2 * width}

    def fill(layer, name, _):
        n_rows = next((count for part, count in rows.items() if part in name), width)
        n_columns = 2 * width if "ffn/linear_1" in name else width
        shapes = {"weight": (n_rows, n_columns), "bias": (n_rows,), "gamma": (width,), "beta": (width,)}
        shapes["encodings"] = (2 * translation.MAX_PIECES, width)
        last = name.rpartition("/")[2]
        if last in shapes:
            setattr(layer, last, random.standard_normal(shapes[last]).astype(np.float32))

    specs.model_spec.visit_spec(spec, fill)
    spec.register_source_vocabulary(pieces["source"])
    spec.register_target_vocabulary(pieces["target"])
    spec.validate()
    spec.save(str(folder))
    return folder


def test_a_model_of_ctranslate2_is_loaded_and_used(toy_model, tmp_path, monkeypatch):
    translator = open_translator(f"ctranslate2:{toy_model}")
    found = translator.translate(["guten morgen", "wie geht es dir"])
    assert [len(options) for options in found] == [translation.N_ALTERNATIVES] * 2
    assert all(isinstance(option, str) and "\u2581" not in option for options in found for option in options)
    assert translator.translate(["wie geht es dir"]) == found[1:]
    package = tmp_path / "translate-de_en"  # as Argos Translate's packages are
    shutil.copytree(toy_model, package / "model")
    for name in ("source.spm", "target.spm"):
        (package / "model" / name).unlink()
    shutil.copy(toy_model / "source.spm", package / "sentencepiece.model")
    assert open_translator(f"ctranslate2:{package}").translate(["guten morgen"])
    (package / "sentencepiece.model").unlink()
    with pytest.raises(BadSetting, match=r"lacks model\.bin, or source\.spm and target\.spm"):
        open_translator(f"ctranslate2:{package}")
    with pytest.raises(BadSetting, match="give ctranslate2:FOLDER"):
        open_translator("ctranslate2:nowhere")
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(MissingExtra, match="translate"):
        open_translator(f"ctranslate2:{toy_model}")
    assert translation.describe(f"ctranslate2:{toy_model}") == 'ctranslate2 "opus"'


def test_subtitles_are_dubbed_by_a_model_of_ctranslate2(toy_model, scene):
    (scene.folder / "short.srt").write_text(written_cues([(0.0, 3.0, "guten morgen"), (4.0, 9.0, "wie geht es dir")]))
    texts = open_translator(f"ctranslate2:{toy_model}").translate(["guten morgen", "wie geht es dir"])
    made = dub(scene.folder / "short.srt", translator=f"ctranslate2:{toy_model}", draft=True, **scene.options)
    assert all(line.text in options for line, options in zip(made.details["lines"], texts, strict=True))
    assert read_dub(made.details["project"]).translator == 'ctranslate2 "opus"'


@pytest.mark.skipif(not shutil.which("apertium"), reason="apertium with apertium-eng-spa is not installed")
def test_spanish_subtitles_are_dubbed_by_apertium(scene):
    modes = subprocess.run(["apertium", "-l"], capture_output=True, text=True, check=False).stdout.split()
    if "spa-eng" not in modes:
        pytest.skip("apertium-eng-spa is not installed")
    rows = [
        (0.5, 2.0, "La casa es grande."),
        (2.4, 4.9, "El libro es rojo."),
        (5.2, 7.5, "El perro come."),
    ]
    (scene.folder / "es.srt").write_text(written_cues(rows), encoding="utf-8")
    given = {"to": "en", "from_": "es", "translator": "apertium:spa-eng", "quiet": True}
    track = dub(scene.folder / "es.srt", **given)
    assert [line.text for line in track.details["lines"]] == ["The house is big.", "The book is red.", "The dog eats."]
    assert track.out.suffix == ".wav"
    assert track.details["n_new"] == 3
    av = pytest.importorskip("av")
    video = write_video(scene.folder / "scene.mp4")
    made = dub(video, subtitles=scene.folder / "es.srt", tracks="both", captions="embedded", **given)
    with av.open(str(made.out)) as opened:
        streams = [(stream.type, stream.language) for stream in opened.streams][1:]
    assert streams == [("audio", "eng"), ("audio", "spa"), ("subtitle", "eng"), ("subtitle", "spa")]
    project = made.details["project"]
    project.write_text(project.read_text().replace("The house", "This house"))
    again = dub(project, quiet=True)
    with av.open(str(again.out)) as opened:
        assert len(opened.streams) == 1 + len(streams)  # as the first time


def test_terms_of_a_glossary_are_kept(tmp_path):
    (tmp_path / "terms.csv").write_text("# names\nFrau Meyer,Mrs Meyer\n\nBahn, rail \n", encoding="utf-8")
    terms = read_glossary(tmp_path / "terms.csv")
    assert terms == {"Frau Meyer": "Mrs Meyer", "Bahn": "rail"}
    texts = ["frau meyer mag die Bahn und Autobahn", "lost Bahn", "nichts"]
    assert translated(texts, Upper(), terms, lambda _: 99) == [
        "Mrs Meyer MAG DIE rail UND AUTOBAHN",
        "LOST BAHN",
        "NICHTS",
    ]
    (tmp_path / "terms.csv").write_text("Bahn\n", encoding="utf-8")
    with pytest.raises(BadSetting, match="line 1"):
        read_glossary(tmp_path / "terms.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_spreadsheets_are_read(tmp_path, encoding, delimiter):
    rows = [["Grüße, allen; allen", 'the "greeting"'], ["Bahn", "rail"]]
    with (tmp_path / "terms.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    with pytest.warns(SkippedText, match="read as Windows-1252") if encoding == "cp1252" else nullcontext():
        assert read_glossary(tmp_path / "terms.csv") == dict(rows)


def test_a_table_is_a_translator(tmp_path):
    table = tmp_path / "phrases.csv"
    table.write_text(
        '# prompts\n"Guten Tag, Frau Meyer.","Hello, Mrs Meyer."\nJa,Certainly\nJa,Yes\n', encoding="utf-8"
    )
    translator = open_translator(f"table:{table}")
    assert translator.translate(["guten tag  Frau Meyer!", "Ja?", "Nein"]) == [
        ["Hello, Mrs Meyer."],
        ["Certainly", "Yes"],
        [],
    ]
    assert translated(["Ja", "Nein"], translator, {}, [5, 5].__getitem__) == ["Yes", ""]
    assert translation.describe(f"table:{table}") == 'table "phrases.csv"'
    (tmp_path / "huge.csv").write_text(f"{'a' * 200_000},b\n", encoding="utf-8")
    for name in ("no.csv", "huge.csv", ""):
        with pytest.raises(BadSetting, match=r"The table .* cannot be read"):
            open_translator(f"table:{tmp_path / name}")


def test_languages_in_the_name_of_a_translator(tmp_path):
    (tmp_path / "de-en.csv").write_text("Ja,Yes\n", encoding="utf-8")
    name = f"table:{tmp_path}/{{from}}-{{to}}.csv"
    assert open_translator(name, "de-AT", "en-GB").translate(["ja"]) == [["Yes"]]
    with pytest.raises(BadSetting, match="the language of the original is unknown; give --from"):
        open_translator(name, "", "en")
    assert translation.checked_translator(name) == name
    assert translation.checked_translator("apertium:spa-eng") == "apertium:spa-eng"
    with pytest.raises(BadSetting, match="cannot be run"):
        translation.checked_translator("no-such-program {from}")


def test_the_first_alternative_that_is_short_enough():
    class Several:
        def translate(self, texts):
            return [["a long answer", "short one", "a", ""] for _ in texts]

    assert translated(["x", "y", "z"], Several(), {}, [20, 10, 0].__getitem__) == ["a long answer", "short one", "a"]


def test_translated_subtitles_find_their_lines():
    lines = [DubLine(number=n, start=s, end=e) for n, s, e in ((1, 0.5, 2.0), (2, 2.4, 4.9), (3, 5.0, 6.0))]
    cues = [
        SpeechSegment(0.6, 1.2, "a"),
        SpeechSegment(1.3, 2.1, "b"),
        SpeechSegment(5.2, 5.8, "d"),
        SpeechSegment(2.0, 5.1, "c"),
    ]
    assert matched(lines, cues) == ["a b", "c", "d"]


def test_a_long_line_takes_no_text_of_those_within_it():
    lines = [DubLine(number=1, start=0, end=600)]
    lines += [DubLine(number=2 + n, start=10 * n + 5, end=10 * n + 7) for n in range(50)]
    cues = [
        SpeechSegment(0.0, 600.0, "sign"),
        *(SpeechSegment(line.start, line.end, str(line.number)) for line in lines[1:]),
    ]
    cues += [SpeechSegment(600.5, 601.0, "near"), SpeechSegment(900.0, 905.0, "Subtitles by nobody")]
    with pytest.warns(SkippedText, match=r"1 of the translated subtitles are far from any line .* 900.000 s"):
        texts = matched(lines, cues)
    assert texts == ["sign near", *(str(line.number) for line in lines[1:])]


@pytest.mark.parametrize(
    ("subtitles", "translation", "named"),
    [
        ("Ja.", "Yes.", []),
        ("Nein.", "Yes.", ["de.srt"]),
        ("Ja.", "No.", ["en.srt"]),
        ("Nein.", "No.", ["de.srt", "en.srt"]),
        (None, None, []),
    ],
)
def test_files_that_differ_from_the_lines_of_a_project_are_named(tmp_path, subtitles, translation, named):
    srt = "1\n00:00:01,000 --> 00:00:02,500\n{}\n"
    (tmp_path / "scene.srt").write_text(srt.format("Ja."), encoding="utf-8")
    line = DubLine(number=1, start=1.0, end=2.5, original="Ja.", text="Yes.")
    project = DubProject(source="scene.srt", to_language="en", lines=(line,))
    paths = []
    for name, text in (("de.srt", subtitles), ("en.srt", translation)):
        paths.append(None if text is None else tmp_path / name)
        if text is not None:
            (tmp_path / name).write_text(srt.format(text), encoding="utf-8")
    note = unused_files(project, tmp_path / "my.toml", *paths)
    assert [name for name in ("de.srt", "en.srt") if name in note] == named
    assert bool(note) == bool(named)


def sound_file(folder: Path, name: str = "scene.wav", seconds: float = 8.0, channels: int = 2) -> Path:
    """Noise as music, with louder dialogue where the lines of SRT are, the second one quieter."""
    rate = 16_000
    rng = np.random.default_rng(1)
    wave = 0.01 * rng.standard_normal((int(seconds * rate), channels))
    for start, end, level in ((0.5, 2.0, 0.2), (2.4, 4.9, 0.15)):
        wave[int(start * rate) : int(end * rate)] += level * rng.standard_normal(
            (int(end * rate) - int(start * rate), 1)
        )
    soundfile.write(folder / name, wave.clip(-1, 1), rate)
    return folder / name


DENOISER = loading.load(SEPARATOR)


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """Stand-in voices, a sound with two lines, its subtitles and their translation."""
    players = install(monkeypatch, tmp_path)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "de.srt").write_text(SRT, encoding="utf-8")
    english = SRT.replace("Guten <i>Morgen</i>,\n{\\an8}Frau Meyer &amp; Sohn.", "Good morning.").replace(
        "- Ja!", "Yes."
    )
    (folder / "en.srt").write_text(english, encoding="utf-8")
    sound_file(folder)
    return types.SimpleNamespace(folder=folder, players=players, options={"to": "en", "from_": "de", "quiet": True})


def test_a_sound_is_dubbed(scene):
    folder = scene.folder
    made = dub(folder / "scene.wav", subtitles=folder / "de.srt", translation=folder / "en.srt", **scene.options)
    assert (made.details["project"], made.out) == (folder / "scene-en.toml", folder / "scene-en.wav")
    assert (made.details["n_new"], made.details["n_kept"], len(made.failed), made.exit_code) == (2, 0, 0, 0)
    before, rate = soundfile.read(folder / "scene.wav")
    after, after_rate = soundfile.read(made.out)
    assert (after.shape, after_rate) == (before.shape, rate)
    np.testing.assert_allclose(after[6 * rate :], before[6 * rate :], atol=2e-4)  # outside of lines as it was
    project = read_dub(made.details["project"])
    assert [line.text for line in project.lines] == ["Good morning.", "Yes."]
    assert project.source == "scene.wav"
    levels = original_levels(folder / "scene.wav", [(line.start, line.end) for line in project.lines])
    assert levels[0] - levels[1] == pytest.approx(20 * math.log10(0.2 / 0.15), abs=0.3)
    comment = json.loads(soundfile.SoundFile(made.out).comment)
    assert comment["dub"] == "scene.wav"
    assert (comment["from"], comment["to"], comment["voices"]) == ("de", "en", ["en-kathleen"])


@pytest.mark.parametrize("name", ["scene-en.flac", "scene-en.wav", "scene-en.mp3", "scene-en.m4a"])
def test_tags_chapters_and_cover_are_those_of_the_source(scene, name):
    """Read by FFmpeg; the language is that of the dub."""
    foreign = pytest.importorskip("tests.foreign_files")
    folder = scene.folder
    cover = Picture(3, "image/png", "", b"\x89PNG\r\n\x1a\n" + bytes(40))
    markers = (Marker(0.0, 3.0, "One"), Marker(3.0, 8.0, "Two"))
    fields = (("title", "Szene"), ("artist", "Jemand"), ("language", "deu"), ("comment", "a remark"))
    pictures = (cover,) if name.endswith(("flac", "mp3", "m4a")) else ()
    source = folder / "scene.flac"
    write_blocks(source, [Clip.read(folder / "scene.wav")], None, SoundMetadata(fields, pictures, markers))
    given = {"subtitles": folder / "de.srt", "translation": folder / "en.srt", **scene.options}
    made = dub(source, out=folder / name, **given)  # a loss would be a warning, and fail
    tags = {key.lower(): text for key, text in foreign.tags_of(made.out).items()}
    assert (tags["title"], tags["artist"]) == ("Szene", "Jemand")
    written = open_sound(made.out)
    assert (written.tags["language"], written.origin["dub"]) == ("en", "scene.flac")
    assert written.origin["source_comment"] == "a remark"
    assert [(marker.start, marker.label) for marker in written.metadata.markers] == [(0.0, "One"), (3.0, "Two")]
    assert [picture.content for picture in written.metadata.pictures] == [each.content for each in pictures]
    if not name.endswith("wav"):
        assert [title for _, _, title in foreign.chapters_of(made.out)] == ["One", "Two"]


def test_the_speech_of_the_original_is_taken_out(scene):
    folder = scene.folder
    given = {**scene.options, "subtitles": folder / "de.srt", "translation": folder / "en.srt"}
    scene.players[SEPARATOR] = DENOISER
    made = dub(folder / "scene.wav", original="separate", **given)
    background = folder / "scene-en-lines" / "scene-background.wav"
    bed, rate = soundfile.read(background)
    after = soundfile.read(made.out)[0]
    np.testing.assert_allclose(after[6 * rate :], bed[6 * rate :], atol=2e-4)
    time = background.stat().st_mtime_ns
    again = dub(folder / "scene-en.toml", quiet=True)
    assert (again.details["n_new"], background.stat().st_mtime_ns) == (0, time)
    assert np.array_equal(soundfile.read(again.out)[0], after)


def test_the_mix_of_a_dub_is_a_project_that_renders_the_same(scene):
    folder = scene.folder
    (folder / "cast.toml").write_text('[[cast]]\nvoice = "en-kathleen"\npan = -0.3\neffects = "highpass 300Hz"\n')
    made = dub(
        folder / "scene.wav",
        subtitles=folder / "de.srt",
        translation=folder / "en.srt",
        cast=folder / "cast.toml",
        **scene.options,
    )
    _set(made.details["project"], "duck_db = 9.0")
    made = dub(made.details["project"], quiet=True)
    project = folder / "scene-en-lines" / "mix.toml"
    tracks = tomllib.loads(project.read_text(encoding="utf-8"))["tracks"]
    assert [track["name"] for track in tracks] == ["voice 1", "original"]
    assert tracks[1]["regions"][0]["file"] == "../scene.wav"
    assert tracks[1]["duck"] == {"by": "dialogue", "depth_db": 9.0}
    again = mix(project, folder / "again.wav", quiet=True)
    np.testing.assert_array_equal(*(soundfile.read(path, dtype="int32")[0] for path in (made.out, again.out)))


def test_the_original_is_ducked_kept_or_left_out(scene):
    folder = scene.folder
    given = {**scene.options, "subtitles": folder / "de.srt", "translation": folder / "en.srt"}
    levels = {}
    for original in ("duck", "keep", "remove"):
        made = dub(folder / "scene.wav", original=original, out=folder / f"{original}.wav", **given)
        levels[original] = original_levels(made.out, [(6.0, 8.0), (4.5, 4.8)])
    assert levels["duck"][0] == pytest.approx(levels["keep"][0], abs=0.1)
    assert levels["remove"] == pytest.approx([-120, -120], abs=1)
    assert levels["keep"][1] - levels["duck"][1] >= 0
    _set(folder / "duck.toml", "duck_db = 60.0")
    quiet = dub(folder / "duck.toml", quiet=True)
    deep = original_levels(quiet.out, [(0.7, 0.9)])
    assert deep[0] < original_levels(folder / "keep.wav", [(0.7, 0.9)])[0] + 1
    bed = sound_file(folder, "bed.wav", channels=1)
    made = dub(folder / "keep.toml", background=bed, quiet=True)
    assert read_dub(made.details["project"]).background == "bed.wav"


def test_one_line_is_made_again(scene):
    folder = scene.folder
    given = {**scene.options, "subtitles": folder / "de.srt", "translation": folder / "en.srt"}
    made = dub(folder / "scene.wav", **given)
    files = sorted((folder / "scene-en-lines").glob("*.wav"))
    stamps = [path.stat().st_mtime_ns for path in files]
    again = dub(made.details["project"], quiet=True)
    assert (again.details["n_new"], again.details["n_kept"]) == (0, 2)
    assert dub(folder / "scene.wav", **given).details["n_new"] == 0
    text = made.details["project"].read_text(encoding="utf-8").replace('text = "Yes."', 'text = "Yes, gladly."')
    made.details["project"].write_text(text, encoding="utf-8")
    changed = dub(made.details["project"], quiet=True)
    assert (changed.details["n_new"], changed.details["n_kept"]) == (1, 1)
    assert [path.stat().st_mtime_ns == stamp for path, stamp in zip(files, stamps, strict=True)] == [True, False]
    files[0].unlink()
    assert dub(made.details["project"], quiet=True).details["n_new"] == 1
    with pytest.raises(BadSetting, match="is a dub into 'en'"):
        dub(made.details["project"], to="de", quiet=True)
    with pytest.raises(BadSetting, match=r"is the project of scene\.wav"):
        dub(folder / "de.srt", out=folder / "scene-en.wav", to="en", quiet=True)


def test_a_killed_dub_goes_on(scene, monkeypatch):
    folder = scene.folder
    given = {**scene.options, "subtitles": folder / "de.srt", "translation": folder / "en.srt"}
    speak = scene.players["en"].speak_symbols

    def dies(symbols, *rest, **controls):
        if "Y" in symbols:  # of Yes
            raise KeyboardInterrupt
        return speak(symbols, *rest, **controls)

    monkeypatch.setattr(scene.players["en"], "speak_symbols", dies)
    with pytest.raises(KeyboardInterrupt):
        dub(folder / "scene.wav", **given)
    assert not (folder / "scene-en.wav").exists()
    assert [path.name for path in (folder / "scene-en-lines").glob("*.wav")] == ["0001.wav"]
    monkeypatch.setattr(scene.players["en"], "speak_symbols", speak)
    made = dub(folder / "scene-en.toml", quiet=True)
    assert (made.details["n_new"], made.details["n_kept"]) == (1, 1)
    assert [line.text for line in made.details["lines"]] == ["Good morning.", "Yes."]


def test_a_cast_by_the_actors_of_subtitles(scene):
    folder = scene.folder
    (folder / "a.ass").write_text(ASS, encoding="utf-8")
    (folder / "cast.toml").write_text(
        '[[cast]]\nspeaker = "anna"\nvoice = "en-ruth"\npan = -1.0\n\n[[cast]]\nvoice = "en-kathleen"\npitch = -3\n'
    )
    given = {**scene.options, "translator": python("import sys; print(sys.stdin.read().upper(), end='')")}
    made = dub(folder / "scene.wav", subtitles=folder / "a.ass", cast=folder / "cast.toml", original="remove", **given)
    assert [line.speaker for line in made.details["lines"]] == ["Anna", "Ben"]
    assert [call.speaker for call in scene.players["en"].calls if "M" in call.symbols][:1] == ["ruth"]
    left, right = soundfile.read(made.out)[0].T
    anna, ben = slice(int(0.6 * 16_000), int(1.5 * 16_000)), slice(int(2.6 * 16_000), 3 * 16_000)
    assert np.abs(right[anna]).max() < 1e-4 < np.abs(left[anna]).max()
    np.testing.assert_allclose(left[ben], right[ben], atol=1e-6)
    assert read_dub(made.details["project"]).translator == Path(sys.executable).name


def test_a_voice_has_effects(scene):
    folder = scene.folder
    given = {"subtitles": folder / "de.srt", "translation": folder / "en.srt", "original": "remove", **scene.options}
    plain = dub(folder / "scene.wav", **given)
    before, _ = soundfile.read(plain.out)
    text = plain.details["project"].read_text(encoding="utf-8")
    plain.details["project"].write_text(
        text.replace("[[cast]]\n", '[[cast]]\neffects = "gain -6.0206dB"\n'), encoding="utf-8"
    )
    quieter = dub(plain.details["project"], quiet=True)
    assert quieter.details["n_new"] == 0
    np.testing.assert_allclose(soundfile.read(quieter.out)[0], before / 2, atol=1e-4)
    plain.details["project"].write_text(text.replace("[[cast]]\n", '[[cast]]\neffects = "reverbb"\n'), encoding="utf-8")
    with pytest.raises(BadSetting, match=r"the effects of en-kathleen.*reverbb"):
        dub(plain.details["project"], quiet=True)


def test_two_speakers_at_once_are_mixed(scene):
    text = "WEBVTT\n\n00:00.500 --> 00:02.000\n<v Anna>Good morning.\n\n00:00.500 --> 00:02.000\n<v Ben>Good evening.\n"
    (scene.folder / "both.vtt").write_text(text)
    (scene.folder / "cast.toml").write_text('[[cast]]\nvoice = "en-ruth"\n')
    given = {"to": "en", "from_": "en", "original": "remove", "quiet": True}
    both = dub(scene.folder / "scene.wav", subtitles=scene.folder / "both.vtt", **given)
    assert [(line.problem, line.start) for line in both.details["lines"]] == [("", 0.5), ("", 0.5)]
    waves = []
    for number in (1, 2):
        text = both.details["project"].read_text(encoding="utf-8").split("[[lines]]")
        (scene.folder / f"only-{number}.toml").write_text("[[lines]]".join([text[0], text[number]]), encoding="utf-8")
        waves.append(soundfile.read(dub(scene.folder / f"only-{number}.toml", quiet=True).out)[0])
    together, _ = soundfile.read(both.out)
    np.testing.assert_allclose(together, waves[0] + waves[1], atol=1e-3)
    same = dub(
        scene.folder / "scene.wav",
        subtitles=scene.folder / "both.vtt",
        cast=scene.folder / "cast.toml",
        out=scene.folder / "same.wav",
        **given,
    )
    assert (len(same.failed), same.details["n_new"]) == (0, 2)


def test_a_line_that_does_not_fit_is_listed_and_cut(scene, capsys):
    folder = scene.folder
    long = (folder / "en.srt").read_text().replace("Good morning.", "Good morning, my dear old friend. " * 4)
    (folder / "en.srt").write_text(long)
    given = [folder / "scene.wav", "--to", "en", "--subtitles", folder / "de.srt", "--translation", folder / "en.srt"]
    assert run([*map(str, ["dub", *given]), "--original", "remove", "--captions", "beside"]) == 0
    shown = capsys.readouterr().out
    assert "line 1: It is spoken at 1.30 times the usual rate and its end is cut off; shorten it by" in shown
    wave, rate = soundfile.read(folder / "scene-en.wav")
    spoken = np.abs(wave)
    assert spoken[int(2.3 * rate) : int(2.35 * rate)].max() > 0.1
    assert spoken[int(2.399 * rate) : int(2.4 * rate)].max() < 0.02  # faded out
    captions = read_cues(folder / "scene-en.en.srt")
    assert len(captions) > 2  # the long text in parts
    assert (captions[-1].start, captions[-1].text) == (2.4, "Yes.")
    assert read_cues(folder / "scene-en.original.srt")[0].text.startswith("Guten Morgen")


def test_lines_that_fail_do_not_stop_the_others(scene, capsys):
    folder = scene.folder
    dub(folder / "de.srt", draft=True, translation=folder / "en.srt", **scene.options)
    path = folder / "de-en.toml"
    text = path.read_text(encoding="utf-8").replace('text = "Yes."', 'text = ""')
    path.write_text(text, encoding="utf-8")
    assert run(["dub", str(path)]) == 2
    assert "line 2: It has no text; write its translation." in capsys.readouterr().out
    assert (folder / "de-en.wav").is_file()
    assert read_dub(path).lines[1].problem


def test_a_wrong_voice_loses_no_line(scene):
    folder = scene.folder
    dub(folder / "scene.wav", subtitles=folder / "de.srt", translation=folder / "en.srt", **scene.options)
    before = (folder / "scene-en.toml").read_bytes()
    with pytest.raises(BadModel, match="There is no voice 'en-kathlen'"):
        dub(folder / "scene-en.toml", voice="en-kathlen", quiet=True)
    assert (folder / "scene-en.toml").read_bytes() == before
    mixed = (folder / "scene-en.wav").read_bytes()
    failed = dub(folder / "scene-en.toml", voice="de-kerstin", quiet=True)
    assert (len(failed.failed), failed.out, failed.exit_code) == (2, None, 2)
    assert "no line could be spoken, so nothing was mixed" in str(failed)
    assert (folder / "scene-en.wav").read_bytes() == mixed
    again = dub(folder / "scene-en.toml", voice="en-kathleen", quiet=True)
    assert (again.details["n_new"], again.details["n_kept"]) == (0, 2)


def test_a_project_in_another_folder(scene, monkeypatch):
    folder = scene.folder
    (folder.parent / "out").mkdir()
    monkeypatch.chdir(folder.parent)
    given = {"subtitles": Path("work/de.srt"), "translation": Path("work/en.srt"), **scene.options}
    made = dub(Path("work/scene.wav"), out=Path("out/dubbed.wav"), **given)
    assert Path(read_dub(made.details["project"]).source).parts == ("..", folder.name, "scene.wav")
    again = dub(Path("out/dubbed.toml"), quiet=True)
    assert (again.out, again.details["n_new"]) == (Path("out/dubbed.wav"), 0)
    assert sorted(path.name for path in folder.iterdir()) == ["de.srt", "en.srt", "scene.wav"]


def test_what_is_read_is_never_replaced(scene):
    folder = scene.folder
    given = {"subtitles": folder / "de.srt", "translation": folder / "en.srt", **scene.options}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(BadSetting, match=r"scene\.wav is a file that is read, and is never replaced"):
        dub(folder / "scene.wav", out=folder / "scene.wav", original="remove", **given)
    for name in ("de", "en"):
        (folder / f"my.{name}.srt").write_bytes(before[f"{name}.srt"])
    with pytest.raises(BadSetting, match=r"my\.de\.srt is a file that is read, and is never replaced"):
        dub(folder / "my.de.srt", out=folder / "my.wav", captions="beside", **scene.options)
    drafted = dub(folder / "scene.wav", original="remove", draft=True, **given)
    made = dub(drafted.details["project"].rename(folder / "scene.toml"), quiet=True)
    assert made.out == folder / "scene-en.wav"
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_files_that_a_project_differs_from_are_named(scene):
    folder = scene.folder
    given = {"subtitles": folder / "de.srt", "translation": folder / "en.srt", **scene.options}
    dub(folder / "scene.wav", **given)
    assert not dub(folder / "scene.wav", **given).notes
    (folder / "en.srt").write_text((folder / "en.srt").read_text().replace("Yes.", "No."))
    changed = dub(folder / "scene.wav", **given)
    assert f"scene-en.toml differs from {folder / 'en.srt'}, and its lines are dubbed as they are there" in str(changed)
    (folder / "de.srt").write_text((folder / "de.srt").read_text().replace("Ja", "Nein"))
    assert f"{folder / 'de.srt'} and {folder / 'en.srt'}" in str(dub(folder / "scene.wav", **given))


def test_a_recogniser_that_has_nothing_to_do_is_named(scene):
    """Who names both knows which one was used; who gives what made the lines once more reads nothing of it."""
    folder = scene.folder
    table = python("print('1\\n00:00:00,500 --> 00:00:02,000\\nHallo.')") + " {file}"
    given = {"recogniser": table, "draft": True, **scene.options}
    both = dub(folder / "scene.wav", subtitles=folder / "de.srt", **given)
    assert both.notes == (f"The lines are those of {folder / 'de.srt'}, and the recogniser is not used.",)
    assert dub(folder / "de.srt", **given).notes == both.notes
    again = dub(folder / "scene.wav", speakers=3, **given)
    assert f"scene-en.toml differs from --recogniser {Path(sys.executable).name!r} and --speakers 3," in str(again)
    (folder / "scene-en.toml").unlink()
    assert not dub(folder / "scene.wav", **given).notes
    assert not dub(folder / "scene.wav", **given).notes


def test_a_translator_that_has_nothing_to_do_is_named(scene):
    folder = scene.folder
    given = {"to": "de", "from_": "de", "translator": python("print('Yes.')"), "draft": True}
    made = dub(folder / "scene.wav", subtitles=folder / "de.srt", **scene.options | given)
    assert made.notes == ("The lines are spoken as they are, in de, and the translator is not used.",)


def test_times_with_many_digits_are_those_of_the_project(scene):
    folder = scene.folder
    rows = [(0.5123456, 1.9876543, "One."), (2.0000004, 3.3333333, "Two."), (7.99, 8.5, "Three."), (9.0, 9.5, "Four.")]
    segments = [{"start": start, "end": end, "text": text} for start, end, text in rows]
    (folder / "it.json").write_text(json.dumps({"segments": segments, "language": "no code"}))
    (folder / "cast.toml").write_text('[[cast]]\nvoice = "en-ruth"\npitch = 1.23456\n')
    given = {"cast": folder / "cast.toml", "to": "en", "quiet": True}
    code = f"import pathlib; print(pathlib.Path({str(folder / 'it.json')!r}).read_text())"
    upper = python("import sys; print(sys.stdin.read().upper(), end='')")
    with pytest.warns(SkippedText, match="1 of 4 cues start after the end of the sound"):
        made = dub(folder / "scene.wav", recogniser=f"{python(code)} {{file}}", translator=upper, **given)
    assert [line.text for line in made.details["lines"]] == ["ONE.", "TWO.", "THREE."]
    assert made.details["lines"][2].problem.startswith(
        "The next line or the end of the sound is 0.01 s after its start"
    )
    assert read_dub(made.details["project"]).lines == made.details["lines"]
    again = dub(made.details["project"], quiet=True)
    assert (again.details["n_new"], again.details["n_kept"], len(again.failed)) == (0, 2, 1)


def test_many_channels(scene):
    folder = scene.folder
    sound_file(folder, "scene.wav", channels=6)
    made = dub(folder / "scene.wav", subtitles=folder / "de.srt", translation=folder / "en.srt", **scene.options)
    assert made.n_channels == 6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"to": None}, "The language of the dub is missing; give --to"),
        ({"to": "../en"}, "to"),
        ({"to": "fr"}, "No voice speaks 'fr'; there are de-kerstin, en-kathleen, en-ruth"),
        ({"voice": "nobody"}, "There is no voice 'nobody'"),
        ({"voice": "de-kerstin"}, "The voice de-kerstin speaks 'de', and the dub is in 'en'"),
        ({"glossary": "en.srt"}, "glossary belongs to translator; give both"),
        ({"subtitles": None}, "give its subtitles with --subtitles, or a recogniser"),
        ({"translation": None}, "No line has a translation; give --translator or --translation"),
        ({"source": "missing.wav"}, "does not exist; give a sound, a video, subtitles or a project"),
        ({"source": "missing.toml"}, "There is no project"),
        ({"source": "en.srt"}, "en.srt has the lines to dub; leave --subtitles out"),
    ],
)
def test_what_cannot_be_dubbed_is_refused(scene, given, message):
    folder = scene.folder
    options = {"source": "scene.wav", "subtitles": "de.srt", "translation": "en.srt", **scene.options, **given}
    paths = {
        name: folder / options[name] for name in ("source", "subtitles", "translation", "glossary") if options.get(name)
    }
    others = {name: value for name, value in options.items() if name not in (*paths, "subtitles", "translation")}
    if "voice" in given and given["voice"] == "de-kerstin":
        made = dub(**paths, **others)
        assert {line.problem for line in made.details["lines"]} == {message + "; give a voice of that language."}
        assert made.exit_code == 2
        return
    with pytest.raises((BadSetting, BadModel), match=message):
        dub(**paths, **others)
    assert not (folder / "scene-en.wav").exists()


def test_a_translator_that_stops_loses_nothing(scene, monkeypatch):
    folder = scene.folder
    monkeypatch.setattr("wavewright.dubbing.drafting.CHUNK_LINES", 1)
    once = folder / "once"
    code = f"import pathlib; pathlib.Path({str(once)!r}).mkdir(); print('Hi.')"  # fails the second time
    with pytest.raises(BadSetting, match="failed with exit code 1"):
        dub(folder / "de.srt", translator=python(code), **scene.options)
    assert [line.text for line in read_dub(folder / "de-en.toml").lines] == ["Hi.", ""]
    made = dub(folder / "de-en.toml", translator=python("print('Yes.')"), quiet=True)
    assert [line.text for line in made.details["lines"]] == ["Hi.", "Yes."]


def test_the_same_language_needs_no_translation(scene):
    made = dub(scene.folder / "en.srt", to="en", from_="en-GB", quiet=True)
    assert [line.text for line in made.details["lines"]] == ["Good morning.", "Yes."]


def test_a_region_is_that_of_dates(scene):
    (scene.folder / "date.srt").write_text(written_cues([(0.0, 5.0, "On 1/2/2020.")]))
    made = dub(scene.folder / "date.srt", to="en-GB", from_="en", quiet=True)
    assert made.out.name == "date-en-GB.wav"
    british = [call.symbols for call in scene.players["en"].calls]
    dub(scene.folder / "date.srt", to="en-US", from_="en", quiet=True)
    american = [call.symbols for call in scene.players["en"].calls[len(british) :]]
    assert british[-1] != american[-1]


def test_lines_of_the_same_language_are_not_translated(scene):
    made = dub(scene.folder / "en.srt", to="en", from_="en", translator="no-such-program", quiet=True)
    assert [line.text for line in made.details["lines"]] == ["Good morning.", "Yes."]


@pytest.mark.parametrize("name", ["short.mp4", "short.mkv"])
def test_lines_after_the_end_of_the_sound_are_spoken_while_there_is_a_picture(scene, name):
    cues = [(0.5, 1.5, "Good morning."), (6.0, 7.0, "Yes."), (9.0, 9.5, "Too late.")]
    (scene.folder / "late.srt").write_text(written_cues(cues))
    video = write_video(scene.folder / name, seconds=3)
    with pytest.warns(SkippedText, match=r"1 of 3 cues start after the end of the sound \(8\.0 s\)"):
        made = dub(video, subtitles=scene.folder / "late.srt", from_="en", to="en", quiet=True)
    sound = Clip.read(made.out)
    assert sound.seconds == pytest.approx(8.0, abs=0.1)
    levels = [
        np.abs(sound.wave[:, round(start * sound.sample_rate) :][:, : sound.sample_rate]).max() for start in (4.5, 6)
    ]
    assert levels[0] < 0.001 < 0.01 < levels[1]


def test_a_video_keeps_its_picture(scene):
    av = pytest.importorskip("av")
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    folder = scene.folder
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=8"]
    encoding = ["-c:v", "mpeg4", "-c:a", "aac", "-shortest"]
    made = ["ffmpeg", "-v", "error", *picture, "-i", folder / "scene.wav", *encoding, folder / "scene.mp4"]
    subprocess.run(made, check=True)
    result = dub(folder / "scene.mp4", subtitles=folder / "de.srt", translation=folder / "en.srt", **scene.options)
    assert result.out == folder / "scene-en.mp4"

    def frames(path):
        with av.open(str(path)) as video:
            return [bytes(packet) for packet in video.demux(video.streams.video[0]) if packet.size]

    assert frames(result.out) == frames(folder / "scene.mp4")
    with av.open(str(result.out)) as video:
        assert [(stream.type, stream.language) for stream in video.streams][1] == ("audio", "eng")
        assert [stream.type for stream in video.streams] == ["video", "audio"]
        assert float(video.duration / 1e6) == pytest.approx(8.0, abs=0.2)


def write_video(video: Path, codec: str = "mpeg4", sound_codec: str = "aac", seconds: int = 8) -> Path:
    """Write a video of eight seconds with grey frames and noise of ``seconds``; skip where PyAV lacks the codecs."""
    av = pytest.importorskip("av")
    if not {codec, sound_codec} <= av.codecs_available:
        pytest.skip(f"this PyAV cannot write {codec} and {sound_codec}")
    with av.open(str(video), "w") as container:
        picture = container.add_stream(codec, rate=10)
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream(sound_codec, rate=48_000, layout="stereo")
        for number in range(80):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 3 * number, np.uint8), format="rgb24")
            frame.pts = number
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        wave = np.random.default_rng(0).uniform(-0.1, 0.1, (2, seconds * 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
        frame.rate, frame.pts = 48_000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return video


@pytest.mark.parametrize(
    ("ending", "codec", "sound_codec"),
    [
        ("mp4", "mpeg4", "aac"),
        ("mkv", "mpeg4", "ac3"),
        ("webm", "vp8", "libopus"),
    ],
)
def test_a_video_with_both_sounds_and_subtitles(scene, ending, codec, sound_codec):
    av = pytest.importorskip("av")
    folder = scene.folder
    video = write_video(folder / f"scene.{ending}", codec, sound_codec)
    given = {"subtitles": folder / "de.srt", "translation": folder / "en.srt", "captions": "embedded", **scene.options}
    made = dub(video, tracks="both", **given)

    def packets(path, kind, index=0):
        with av.open(str(path)) as opened:
            stream = getattr(opened.streams, kind)[index]
            return [bytes(packet) for packet in opened.demux(stream) if packet.size]

    assert packets(made.out, "video") == packets(video, "video")
    assert packets(made.out, "audio", 1) == packets(video, "audio")
    with av.open(str(made.out)) as opened:
        streams = [(stream.type, stream.language) for stream in opened.streams]
        second = opened.streams.audio[1].disposition
        assert float(opened.duration / 1e6) == pytest.approx(8.0, abs=0.2)
    assert streams == [
        ("video", None if ending != "mp4" else "und"),
        ("audio", "eng"),
        ("audio", "deu"),
        ("subtitle", "eng"),
        ("subtitle", "deu"),
    ]
    assert second & av.stream.Disposition.default == 0
    texts = [b"".join(packets(made.out, "subtitles", index)).decode() for index in (0, 1)]
    assert "Good morning." in texts[0]
    assert "Guten Morgen, Frau Meyer & Sohn." in texts[1]
    assert read_dub(made.details["project"]).tracks == "both"
    again = dub(made.details["project"], quiet=True)  # the second action: the project remembers its tracks
    assert len(packets(again.out, "audio", 1)) == len(packets(video, "audio"))
    with pytest.warns(SoundWarning, match="holds 2 tracks of sound; the first was read"):
        first_again = dub(made.out, subtitles=folder / "de.srt", translation=folder / "en.srt", **scene.options)
    assert first_again.seconds == pytest.approx(8.0, abs=0.2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"out": "a.xyz"}, "ends with '.xyz'; sound is written to"),
        ({"out": "a.mp4"}, "a.mp4 is a video, and scene.wav has no picture"),
        ({"tracks": "both"}, "--tracks both is for a video"),
        ({"captions": "embedded"}, "--captions embedded is for a video"),
    ],
)
def test_files_that_cannot_be_written_are_refused_at_once(scene, given, message):
    folder = scene.folder
    given = {name: folder / value if name == "out" else value for name, value in given.items()}
    with pytest.raises(BadSetting, match=message):
        dub(folder / "scene.wav", subtitles=folder / "de.srt", translation=folder / "en.srt", **given, **scene.options)
    assert sorted(path.name for path in folder.iterdir()) == ["de.srt", "en.srt", "scene.wav"]


def test_timing_of_many_lines(scene):
    rng = np.random.default_rng(5)
    starts = np.cumsum(rng.uniform(1.0, 4.0, 40))
    cues = [(start, start + rng.uniform(0.5, 1.5), "word " * rng.integers(1, 5)) for start in starts]
    (scene.folder / "many.srt").write_text(written_cues(cues))
    made = dub(scene.folder / "many.srt", to="en", from_="en", quiet=True)
    wave, rate = soundfile.read(made.out)
    for line, following in zip(made.details["lines"], [*made.details["lines"][1:], None], strict=True):
        assert line.seconds is not None
        if following is not None:
            assert line.start + line.seconds <= following.start
            silence = wave[int((line.start + line.seconds) * rate) + 200 : int(following.start * rate) - 200]
            assert np.abs(silence).max(initial=0.0) < 1e-3
        speech = np.flatnonzero(np.abs(wave[int(line.start * rate) :]) > 0.01)[0] / rate
        assert speech <= 0.1


def test_the_limits_of_rates_are_in_the_project(scene):
    given = {"subtitles": scene.folder / "de.srt", "translation": scene.folder / "en.srt", **scene.options}
    project = dub(scene.folder / "scene.wav", draft=True, **given).details["project"]
    for slowest in (0.8, 1.0):
        _set(project, f"slowest = {slowest}")
        assert dub(project, quiet=True).details["lines"][1].rate == pytest.approx(slowest)


def _set(project: Path, line: str) -> None:
    """Set a value of a project as a person does, in its text."""
    name = line.partition(" ")[0]
    rows = [row for row in project.read_text(encoding="utf-8").splitlines() if not row.startswith(f"{name} =")]
    project.write_text("\n".join([line, *rows]) + "\n", encoding="utf-8")
