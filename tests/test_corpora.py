"""The corpora keep apart what nothing may learn from, and say of every clip where it comes from."""

from __future__ import annotations

import gzip
import importlib
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_voice import SAMPLE_RATE, TEXTS, tiny_run, use_front_end, write_folder

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.data.folder import scan
from wavewright.dsp.mel import features_to_mel, speech_mel
from wavewright.families.acoustic.config import SPEAKERS_FILE
from wavewright.families.acoustic.modules import frame_mask, symbol_mask
from wavewright.families.acoustic.training import to_tensors
from wavewright.families.vocoder.recipe import with_mel_files
from wavewright.models.folder import ModelFolder
from wavewright.nn.aligner import frame_positions
from wavewright.text import front_end as front_end_of
from wavewright.text.espeak import EspeakFrontEnd
from wavewright.training.parameters import Call

CORPORA = Path(__file__).parents[1] / "recipes" / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the recipes are not beside the tests")


def tone(path: Path, seconds: float = 0.5, silence: float = 0.0, sample_rate: int = 16_000) -> Path:
    """A file with a tone between two silences."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.3 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * sample_rate)) / sample_rate)
    n_silent = int(silence * sample_rate)
    return Clip(np.pad(wave, n_silent)[None], sample_rate).write(path)


def gathered(out: Path, *arguments: object) -> dict[str, dict]:
    """The manifest's rows by clip, after a run of the command line."""
    command = [sys.executable, str(CORPORA), *map(str, arguments), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in (out / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all((out / row["audio_filepath"]).is_file() for row in rows)
    return {row["audio_filepath"].removesuffix(".flac"): row for row in rows}


def test_digits_are_split_by_take(tmp_path):
    for take in (4, 5, 44, 45):
        tone(tmp_path / "pack" / "7" / f"theo_{take}.flac", sample_rate=8_000)
    rows = gathered(tmp_path / "out", "digits", "--pack", tmp_path / "pack")
    assert {name: row["split"] for name, row in rows.items()} == {
        "7/theo_5": "train",
        "7/theo_44": "train",
        "7/theo_45": "valid",
    }
    assert rows["7/theo_5"]["label"] == "7"
    assert rows["7/theo_5"]["speaker"] == "theo"
    (source,) = json.loads((tmp_path / "out" / "sources.json").read_text(encoding="utf-8"))
    assert (source["clips"], source["seconds"], source["licence"]) == (3, 1.5, "CC-BY-SA-4.0")


def sound_font(path: Path, samples: dict[str, np.ndarray], kits: list[tuple[str, int, list[tuple[int, int]]]]) -> Path:
    """A SoundFont of 16-bit samples by name and of kits: name, bank, and the (key, sample) pairs of each."""
    chunk = lambda name, data: name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)  # noqa: E731
    waves = [(32_767 * wave).astype("<i2").tobytes() for wave in samples.values()]
    ends = np.cumsum([len(wave) // 2 for wave in waves])
    tables = dict.fromkeys((b"phdr", b"pbag", b"pgen", b"inst", b"ibag", b"igen", b"shdr"), b"")
    n_zones = 0
    for number, (name, bank, keys) in enumerate([*kits, ("EOP", 0, [])]):
        tables[b"phdr"] += struct.pack("<20sHHHIII", name.encode(), 0, bank, number, 0, 0, 0)
        tables[b"pbag"] += struct.pack("<HH", number, 0)
        tables[b"pgen"] += struct.pack("<HH", 41, number)
        tables[b"inst"] += struct.pack("<20sH", name.encode(), n_zones)
        for key, sample in keys:
            tables[b"ibag"] += struct.pack("<HH", 2 * n_zones, 0)
            tables[b"igen"] += struct.pack("<HBBHH", 43, key, key, 53, sample)
            n_zones += 1
    tables[b"ibag"] += struct.pack("<HH", 2 * n_zones, 0)
    for name, end, wave in zip(samples, ends, waves, strict=True):
        tables[b"shdr"] += struct.pack(
            "<20sIIIIIBbHH", name.encode(), end - len(wave) // 2, end, 0, 0, 22_050, 60, 0, 0, 1
        )
    pdta = b"pdta" + b"".join(chunk(name, data) for name, data in tables.items())
    sdta = b"sdta" + chunk(b"smpl", b"".join(waves))
    path.write_bytes(chunk(b"RIFF", b"sfbk" + chunk(b"LIST", sdta) + chunk(b"LIST", pdta)))
    return path


def test_a_sound_font_gives_its_percussion_as_it_was_recorded(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(CORPORA))
    drums = importlib.import_module("drums")
    rng = np.random.default_rng(0)
    names = ("Snr 1-1(L)", "Snr 1-1(R)", "Snr 1-2(L)", "Hi-Hat Foot(L)", "Clave", "Piano")
    samples = {name: rng.uniform(-0.5, 0.5, 400 + 10 * number) for number, name in enumerate(names)}
    kits = [
        ("Standard", 128, [(38, 0), (38, 1), (40, 2), (44, 3), (75, 4)]),
        ("Jazz", 128, [(38, 0)]),
        ("Piano", 0, [(60, 5)]),
    ]
    path = sound_font(tmp_path / "tiny.sf2", samples, kits)
    items = list(drums.from_fluid(path))
    left_out = [item for item in items if isinstance(item, drums.Failed)]
    assert [Path(item.what).name for item in left_out] == ["Clave"]
    taken = {item.stem: item for item in items if not isinstance(item, drums.Failed)}
    assert {stem: (item.label, item.group) for stem, item in taken.items()} == {
        "Snr_1_1": ("snare", "fluid/Snr 1"),
        "Snr_1_2": ("snare", "fluid/Snr 1"),  # another layer of the same drum
        "Hi_Hat_Foot": ("hat", "fluid/Hi-Hat"),
    }
    both = drums.recorded(taken["Snr_1_1"])
    assert both.sample_rate == 22_050
    expected = [samples["Snr 1-1(L)"], samples["Snr 1-1(R)"][:400]]
    np.testing.assert_allclose(both.wave, expected, atol=1e-4)
    with pytest.raises(BadAudio, match="is not a SoundFont file"):
        drums.SoundFont(tone(tmp_path / "a.wav"))


def test_kits_of_the_judge_are_none_that_the_model_learns_from_or_is_tested_by(monkeypatch):
    monkeypatch.syspath_prepend(str(CORPORA))
    drums, judge = importlib.import_module("drums"), importlib.import_module("drum_judge")
    assert not judge.HYDROGEN_SOURCES.keys() & drums.HYDROGEN_SOURCES.keys()
    known = [*drums.PACK_SOURCES.values(), *drums.HYDROGEN_SOURCES.values(), drums.SONIC_PI_SOURCE, drums.FLUID_SOURCE]
    assert not any("GPL" in source.licence for source in known)


def test_drum_machines_of_one_maker_are_in_one_split_and_those_of_other_corpora_in_none(tmp_path):
    machines = tmp_path / "machines"
    for machine, drum, names in (
        ("YamahaRX5", "bd", [f"Kick-{number}" for number in range(8)]),
        ("YamahaRX5", "cb", ["Cowbell"]),
        ("BossDR55", "oh", ["Open"]),
        ("BossDR55", "hh", ["Open", "909 Closed", "Hat 9091"]),
        ("RolandTR808", "sd", ["Snare"]),
    ):
        for number, name in enumerate(names):
            tone(machines / machine / f"{machine.lower()}-{drum}" / f"{name}.wav", 0.3 + 0.01 * number)
    rows = gathered(tmp_path / "out", "drum-machines", "--machines", machines)
    found = {name: (row["label"], row["kit"], row["split"]) for name, row in rows.items()}
    assert found == {
        **{f"kick/yamaharx5_bd_Kick_{number}": ("kick", "yamaharx5", "test") for number in range(6)},
        "hat/bossdr55_oh_Open": ("hat", "bossdr55", "valid"),
        "hat/bossdr55_hh_Open": ("hat", "bossdr55", "valid"),
        "hat/bossdr55_hh_Hat_9091": ("hat", "bossdr55", "valid"),
    }
    assert {row["licence"] for row in rows.values()} == {"not stated"}


def test_ambience_keeps_folds_and_licences_apart_and_cuts_silence(tmp_path):
    pack = tmp_path / "pack"
    for name in ("1-10-A", "4-11-A", "5-12-A", "2-13-A"):
        tone(pack / "rain" / f"{name}.ogg", silence=0.5)
    credit = [
        f"{name}.ogg,x,someone,{'CC-BY' if name != '2-13-A' else 'CC-BY-NC'},link"
        for name in ("1-10-A", "4-11-A", "5-12-A", "2-13-A")
    ]
    (pack / "CREDITS.csv").write_text("clip,derived_from,author,licence,source\n" + "\n".join(credit), encoding="utf-8")
    rows = gathered(tmp_path / "out", "ambience", "--pack", pack)
    assert {name: row["split"] for name, row in rows.items()} == {"rain/1-10-A": "train", "rain/4-11-A": "valid"}
    assert rows["rain/1-10-A"]["duration"] == pytest.approx(1.0, abs=0.15)  # the silence before stays
    assert rows["rain/1-10-A"]["group"] == "10"


def test_textures_of_games_are_cut_into_excerpts_and_split_by_recording(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(CORPORA))
    games = importlib.import_module("games")
    credit = "clip,derived_from,author,licence,source\n1-10-A.ogg,x,someone,CC0,link"
    tone(tmp_path / "pack" / "rain" / "1-10-A.ogg")
    (tmp_path / "pack" / "CREDITS.csv").write_text(credit, encoding="utf-8")
    folders = {"zero-ad": tmp_path / "audio", "megaglest": tmp_path / "megaglest"}
    for folder, textures in (
        (folders["zero-ad"] / "ambient", games.ZERO_AD_TEXTURES),
        (folders["megaglest"] / "tilesets", games.MEGAGLEST_TEXTURES),
    ):
        for by_label in textures.values():
            for name in (name for names in by_label.values() for name in names):
                tone(folder / f"{name}.ogg", 17.0 if name.endswith("snowstorm_11") else 0.5)
    tone(folders["zero-ad"] / "actor/singlesteps/fs_sand1.ogg")
    arguments = ("--pack", tmp_path / "pack", *(item for name in folders for item in (f"--{name}", folders[name])))
    rows = gathered(tmp_path / "ambience", "ambience", *arguments)
    assert rows["wind/weather-snowstorm_11-0"]["duration"] == rows["wind/weather-snowstorm_11-9"]["duration"] == 8.0
    assert {row["licence"] for name, row in rows.items() if name != "rain/1-10-A"} == {"CC-BY-SA-3.0"}
    splits = {}
    for row in rows.values():
        splits.setdefault((row["label"], row["group"]), set()).add(row["split"])
    assert all(len(each) == 1 for each in splits.values())
    labels = {label for label, _ in splits}
    assert labels >= {"rain", "wind", "stream", "birds", "insects"}
    assert rows["wind/weather-windstorm_11-0"]["split"] == "valid"
    effects = gathered(tmp_path / "effects", "effects", *arguments)
    assert effects.keys() == rows.keys() | {"steps/singlesteps-fs_sand1"}
    assert not any("label" in row for row in effects.values())


def test_speech_never_gives_away_the_test_sentences(tmp_path):
    source = tmp_path / "kathleen" / "data"
    for name in (
        "arctic_b0500_1",
        "arctic_b0539_2",
        "arctic_b0539_3",
        "arctic_b0499_1",
        "arctic_b0540_1",
        "arctic_a0500_1",
    ):
        tone(source / f"{name}.wav", silence=1.0, sample_rate=48_000)
        (source / f"{name}.txt").write_text("Words.", encoding="utf-8")
    rows = gathered(tmp_path / "out", "speech", "--kathleen", tmp_path / "kathleen", "--sample-rate", 16_000)
    tests = {name for name, row in rows.items() if row["split"] == "test"}
    assert tests == {"kathleen/arctic_b0500_1", "kathleen/arctic_b0539_2", "kathleen/arctic_b0539_3"}
    assert rows["kathleen/arctic_a0500_1"]["duration"] == pytest.approx(
        0.7, abs=0.02
    )  # a tenth of a second stays on both sides
    assert Clip.read(tmp_path / "out" / "kathleen" / "arctic_a0500_1.flac").sample_rate == 16_000


def test_speakers_of_speechocean_are_split_whole_and_only_named_recordings_used(tmp_path):
    folder = tmp_path / "speechocean"
    lines = {"train": [], "test": []}
    for number in range(60):
        for take in range(2):
            name = f"WAVE/SPEAKER{number:04}/{number:04}{take}.WAV"
            tone(folder / name, sample_rate=16_000)
            lines["test" if number % 2 else "train"].append(f"{number:04}{take} {name}")
    tone(folder / "WAVE/SPEAKER0000/spare.WAV", sample_rate=16_000)
    for table, named in lines.items():
        (folder / table).mkdir()
        (folder / table / "wav.scp").write_text("\n".join(named), encoding="utf-8")
    rows = gathered(tmp_path / "out", "speech", "--speechocean", folder)
    assert len(rows) == 120
    splits = {row["speaker"]: set() for row in rows.values()}
    for row in rows.values():
        splits[row["speaker"]].add(row["split"])
    assert all(len(of_speaker) == 1 for of_speaker in splits.values())
    assert {next(iter(of_speaker)) for of_speaker in splits.values()} == {"train", "valid", "test"}


GERMAN_PHONES = {"Köche": "kˈœçə", "möchten": "mˈœçtən", "Wein": "vˈaɪn", "Qi": "ǃ"}


def test_denoisers_learn_neither_from_tests_nor_from_human_sounds(tmp_path):
    speech, pack, audio = tmp_path / "speech", tmp_path / "esc10", tmp_path / "audio"
    source = {"licence": "CC0-1.0", "credit": "Ann", "origin": "example"}
    rows = []
    for name, split in (("a", "train"), ("b", "valid"), ("c", "test")):
        tone(speech / "ann" / f"{name}.flac", sample_rate=48_000)
        facts = {"audio_filepath": f"ann/{name}.flac", "duration": 0.5, "speaker": "ann", "split": split}
        rows.append(facts | {"licence": source["licence"], "credit": source["credit"], "source": source["origin"]})
    (speech / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (speech / "sources.json").write_text(json.dumps([{"name": "ann", "changes": "none", **source}]))
    credits = ["clip,derived_from,author,licence,source"]
    for name in ("1-1-A.ogg", "4-2-A.ogg", "5-3-A.ogg"):
        tone(pack / "rain" / name, sample_rate=44_100)
        credits.append(f"{name},x,bob,CC0,freesound")
    (pack / "CREDITS.csv").write_text("\n".join(credits))
    for name in (
        "ambient/wind.ogg",
        "actor/fauna/horse.ogg",
        "attack/human_cry.ogg",
        "voice/global/hello.ogg",
        "voice/greek/civ/civ_female_hello.ogg",
        "music/song.ogg",
    ):
        tone(audio / name, sample_rate=44_100)
    rain = tone(tmp_path / "megaglest/tilesets/desert/sounds/rain.ogg", 0.7, sample_rate=44_100)
    (tmp_path / "megaglest/tilesets/forest/sounds").mkdir(parents=True)
    shutil.copy(rain, tmp_path / "megaglest/tilesets/forest/sounds/rain.ogg")
    commons = tmp_path / "megaglest/techs/megapack/commondata/sounds"
    for seconds, name in enumerate(("axe_hit1.wav", "guard_ack.wav", "technician_build.wav"), start=1):
        tone(commons / name, seconds, sample_rate=22_050)
    arguments = ("--speech", speech, "--esc10", pack, "--zero-ad", audio, "--sample-rate", 24_000)
    tone(tmp_path / "words" / "audio" / "view glass" / "x.wav", sample_rate=16_000)
    for name in ("rain", "train", "white-noise"):
        tone(tmp_path / "blanket" / "data" / "resources" / "sounds" / f"{name}.ogg", sample_rate=44_100)
    arguments += ("--megaglest", tmp_path / "megaglest", "--wake-words", tmp_path / "words")
    rows = gathered(tmp_path / "out", "denoise", *arguments, "--blanket", tmp_path / "blanket")
    kinds = {name: (row["label"], row["split"]) for name, row in rows.items()}
    assert {name for name, (kind, _) in kinds.items() if kind == "speech"} == {
        *("speech/ann/a", "speech/ann/b", "speech/0ad/greek/civ_female_hello", "speech/wake-words/view-glass/x")
    }
    assert {name: split for name, (_, split) in kinds.items() if "blanket" in name} == {
        "noise/blanket/rain": "train",
        "noise/blanket/train": "valid",
    }
    assert rows["speech/0ad/greek/civ_female_hello"]["speaker"] == "0ad-greek-female"
    assert kinds["noise/esc10/rain/1-1-A"] == ("noise", "train")
    assert kinds["noise/esc10/rain/4-2-A"] == ("noise", "valid")
    assert {name for name in kinds if "megaglest" in name} == {
        "noise/megaglest/tilesets/desert/rain",
        "noise/megaglest/techs/megapack/commondata/axe_hit1",
    }
    assert {name for name, (kind, _) in kinds.items() if "0ad" in name and kind != "speech"} == {
        "noise/0ad/ambient/wind",
        "noise/0ad/actor/fauna/horse",
        "music/0ad/music/song",
    }
    assert Clip.read(tmp_path / "out" / "speech/ann/a.flac").sample_rate == 24_000
    assert rows["speech/ann/a"]["credit"] == "Ann"


class PhonemizedGerman:
    """Stands for eSpeak NG: what it says of a few words."""

    def phonemize(self, words, strip):
        return [" ".join(GERMAN_PHONES[word.strip(".")] for word in text.split()) for text in words]


def test_texts_of_other_languages_are_read_in_phones_of_english(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(CORPORA))
    readers = importlib.import_module("readers")
    espeak = EspeakFrontEnd("de", PhonemizedGerman())
    monkeypatch.setattr(readers, "front_end", lambda name: espeak if name == "espeak:de" else front_end_of(name))
    speech = tmp_path / "speech"
    rows = []
    for speaker, language, text in (
        *(("kathleen", "en", "Wine."), ("kerstin", "de", "Köche möchten Wein."), ("kerstin", "de", "Qi")),
        ("", "en", "No reader is known."),
    ):
        path = tone(speech / (speaker or "others") / f"{len(rows)}.flac")
        rows.append(
            {"audio_filepath": path.relative_to(speech).as_posix(), "duration": 0.5, "split": "train", "text": text}
        )
        rows[-1] |= {"speaker": speaker, "language": language}
    (speech / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (speech / "sources.json").write_text("[]", encoding="utf-8")
    assert readers.gather_readers(speech, tmp_path / "out") == (2, 1)
    entries = scan(tmp_path / "out", manifest=tmp_path / "out" / "manifest.jsonl").entries
    assert [(entry.speaker, entry.text) for entry in entries] == [
        ("kathleen", "Wine."),
        ("kerstin", "[[K ER1 HH AH0]] [[M ER1 HH T AH0 N]] [[V AY1 N]]."),
    ]
    assert {entry.language for entry in entries} == {"en"}
    words = front_end_of("en").sentences(entries[1].text)[0].words
    assert [word.phones for word in words][2] == ("V", "AY1", "N")
    assert readers.gather_readers(speech, tmp_path / "more", ["en"], [0.8, 1.25]) == (4, 1)
    entries = scan(tmp_path / "more", manifest=tmp_path / "more" / "manifest.jsonl").entries
    assert [(entry.speaker, entry.seconds) for entry in entries] == [
        *(("kathleen", 0.5), ("kathleen_80", 0.625), ("kathleen_125", 0.4), ("kerstin", 0.5)),
    ]
    for entry in entries[:3]:
        wave = Clip.read(entry.path).wave[0]
        spectrum = np.abs(np.fft.rfft(wave))
        assert spectrum.argmax() * entry.sample_rate / len(wave) == pytest.approx(300 * 0.5 / entry.seconds, rel=0.02)


def test_prompts_are_decoded_with_their_text(tmp_path):
    av = pytest.importorskip("av")
    sounds = tmp_path / "usr/share/asterisk/sounds/en_US_f_Allison/digits"
    sounds.mkdir(parents=True)
    wave = (8_000 * np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000)).astype(np.int16)
    with av.open(str(sounds / "7.g722"), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    (sounds / "8.g722").write_bytes((sounds / "7.g722").read_bytes())
    texts = tmp_path / "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
    texts.parent.mkdir(parents=True)
    texts.write_bytes(gzip.compress(b"; comment: none\ndigits/7: seven [7]\ndigits/8: [a tone]\ndigits/9: no file\n"))
    rows = gathered(tmp_path / "out", "prompts", "--asterisk", tmp_path)
    assert {name: (row["text"], row["split"]) for name, row in rows.items()} == {"digits/7": ("seven", "test")}
    clip = Clip.read(tmp_path / "out" / "digits" / "7.flac")
    power = np.abs(np.fft.rfft(clip.wave[0, 2_000:14_000]))
    assert clip.sample_rate == 16_000
    assert np.argmax(power) == 500 * 12_000 // 16_000


def test_a_missing_folder_is_one_sentence(tmp_path):
    command = [sys.executable, str(CORPORA), "digits", "--pack", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "does not exist; give the one that holds" in process.stderr
    assert not (tmp_path / "out").exists()


def predicts_alone_what_it_does_among_others(predicted, voice, clips):
    rows = clips.lengths.argsort()[[0, -1]]
    batch = to_tensors(clips.of(rows), voice)  # of clips of different lengths, with padding
    with torch.no_grad():
        durations, prosody, _ = voice.targets(batch)
        usual = voice.usual_style[batch["speaker"]]
        encoded, _, _ = voice.encode(batch["symbols"], batch["speaker"], usual, symbol_mask(batch))
        positions, features = frame_positions(durations, batch["mel"].shape[1])
        together = voice.decode(encoded, prosody, positions, features, frame_mask(batch)).numpy()
    for row, expected in zip(rows, together, strict=True):
        actual = predicted.predicted_frames(voice, clips.clips[row])
        assert actual.shape == clips.clips[row].mel.T.shape
        np.testing.assert_allclose(actual, features_to_mel(expected[: actual.shape[1]]), atol=1e-3)


def test_what_is_usual_can_be_moved_and_recordings_stand_beside_predicted_frames(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(CORPORA.parent)
    predicted = importlib.import_module("predicted_frames")
    use_front_end(monkeypatch)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    run = tiny_run(write_folder(tmp_path / "mine"), tmp_path / "run", tmp_path / "cache")
    run.train(Call(quiet=True))
    corpus = tmp_path / "mine"
    rows = [
        {"audio_filepath": f"wavs/clip-{n}.wav", "text": text, "speaker": "voice", "language": "en", "split": "train"}
        for n, text in enumerate(TEXTS)
    ]
    rows[1]["speaker"] = "stranger"
    rows[2]["split"] = "test"
    (corpus / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (corpus / "sources.json").write_text("[]", encoding="utf-8")
    usual_style = importlib.import_module("usual_style")
    before = ModelFolder(tmp_path / "run").tensors(SPEAKERS_FILE)["usual_style"][0]
    after = usual_style.move(ModelFolder(tmp_path / "run"), "voice", {"style-2": 0.25, "style-4": 0.5})
    np.testing.assert_allclose(after, 0.25 * before / before.sum() + np.array([0, 0.25, 0, 0.5]), atol=1e-3)
    ModelFolder(tmp_path / "run").verify()
    voice = predicted.stored_voice(ModelFolder(tmp_path / "run"))
    np.testing.assert_allclose(voice.usual_style[0], after, atol=1e-3)
    predicts_alone_what_it_does_among_others(predicted, voice, run.prepared.batches)
    assert predicted.gather(corpus, voice, tmp_path / "out") == (5, 4)
    entries = scan(tmp_path / "out", manifest=tmp_path / "out" / "manifest.jsonl").entries
    kept, failed = with_mel_files(entries)
    assert (len(kept), failed) == (9, ())
    own, predicted_mel = (
        np.load(tmp_path / "out" / "wavs" / f"clip-0{ending}.npy") for ending in ("", predicted.SUFFIX)
    )
    wave = Clip.read(tmp_path / "out" / "wavs" / "clip-0-spoken.flac").wave[0]
    np.testing.assert_allclose(own, speech_mel(wave, SAMPLE_RATE), atol=0.05)
    assert own.shape == predicted_mel.shape
    assert not np.allclose(own, predicted_mel, atol=0.1)
    assert not (tmp_path / "out" / "wavs" / "clip-1-spoken.npy").exists()


def write_checkpoint(run: Path, decoder: float, encoder: float) -> Path:
    """Write a run folder with the weights of two modules."""
    weights = {"average/decoder.x": decoder, "network/coder.decoder.x": decoder, "network/coder.encoder.x": encoder}
    tensors = {name: torch.full((2,), value) for name, value in weights.items()}
    (run / "checkpoints").mkdir(parents=True)
    save_file(
        tensors | {"optimizer/decoder.x": torch.full((2,), encoder)},
        run / "checkpoints/last.safetensors",
        {"progress": run.name},
    )
    for name in ("run.json", "log.jsonl"):
        (run / name).write_text(run.name, encoding="utf-8")
    return run


def test_the_weights_of_a_module_are_interpolated_between_two_runs(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(CORPORA.parent))
    between = importlib.import_module("between")
    first, second = write_checkpoint(tmp_path / "first", 1.0, 1.0), write_checkpoint(tmp_path / "second", 2.0, 3.0)
    assert between.interpolate_runs(first, second, {"decoder": 0.4}, tmp_path / "out") == 2
    tensors = load_file(tmp_path / "out/checkpoints/last.safetensors")
    assert {name: round(float(tensor[0]), 6) for name, tensor in tensors.items()} == {
        "average/decoder.x": 1.4,
        "network/coder.decoder.x": 1.4,
        "network/coder.encoder.x": 3.0,
        "optimizer/decoder.x": 3.0,
    }
    assert (tmp_path / "out/run.json").read_text(encoding="utf-8") == "second"
    with pytest.raises(BadSetting, match="exists; give a folder to write"):
        between.interpolate_runs(first, second, {"decoder": 0.4}, tmp_path / "out")
    with pytest.raises(BadSetting, match="has no module 'nose'"):
        between.interpolate_runs(first, second, {"nose": 0.4}, tmp_path / "other")
    with pytest.raises(BadModel, match="There is no checkpoint in"):
        between.interpolate_runs(tmp_path, second, {"decoder": 0.4}, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_hiss_is_removed_and_speech_stays(monkeypatch):
    monkeypatch.syspath_prepend(str(CORPORA))
    without_hiss = importlib.import_module("hiss").without_hiss
    sample_rate = 16_000
    time = np.arange(2 * sample_rate) / sample_rate
    is_voiced = time % 0.5 < 0.3
    voice = 0.2 * is_voiced * sum(np.sin(2 * np.pi * 150 * harmonic * time) / harmonic for harmonic in range(1, 20))
    noise = 0.002 * np.random.default_rng(0).standard_normal(len(time))
    result = without_hiss(Clip((voice + noise)[None].astype(np.float32), sample_rate)).wave[0]
    inside = is_voiced & (time % 0.5 > 0.05) & (time % 0.5 < 0.25)
    pause = (time % 0.5 > 0.36) & (time % 0.5 < 0.48)
    assert rms(result[pause]) < 0.3 * rms(noise[pause])
    assert rms((result - voice)[inside]) < 1.2 * rms(noise[inside])
    assert not without_hiss(Clip(np.zeros((1, 9_000), np.float32), sample_rate)).wave.any()
    assert without_hiss(Clip(np.ones((1, 3), np.float32), sample_rate)).wave.shape == (1, 3)


def rms(wave):
    return float(np.sqrt(np.mean(np.square(wave))))


FLITE = """#!{python}
import pathlib, shutil, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if "fail" in options["-t"]:
    sys.exit(3)
shutil.copy({clip!r}, options["-o"])
"""


def script_of_flite(folder):
    clip = tone(folder / "clip.wav")
    flite = folder / "flite"
    flite.write_text(FLITE.format(python=sys.executable, clip=str(clip)))
    flite.chmod(0o755)
    return flite


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")
def test_words_are_said_by_two_voices_and_none_sounds_like_a_digit(tmp_path):
    flite = script_of_flite(tmp_path)
    speech = tmp_path / "speech"
    speech.mkdir()
    row = {"text": "Eight men ate for one; he won two, too.", "language": "en", "split": "train"}
    (speech / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    rows = gathered(tmp_path / "drawn", "words", "--flite", flite, "--speech", speech)
    assert {row["text"] for row in rows.values()} == {"men"}
    assert len(rows) == 6
    assert {row["speaker"].split("-")[0] for row in rows.values()} == {"en", "flite"}
    rows = gathered(tmp_path / "given", "words", "--flite", flite, "--speech", speech, "--words", "2", "--count", "4")
    assert [row["label"] for row in rows.values()] == ["2"] * 4


def test_takes_of_a_sound_have_one_text(tmp_path):
    audio, glest, samples = (tmp_path / name for name in ("audio", "megaglest", "samples"))
    tone(audio / "attack" / "impact" / "arrow_wood_01.ogg", 0.5)
    tone(audio / "attack" / "impact" / "arrow_wood_02b.ogg", 0.6)
    tone(audio / "music" / "march.ogg", 0.7)
    tone(audio / "voice" / "greek" / "civ" / "civ_move1.ogg", 0.8)
    sounds = glest / "techs" / "megapack" / "commondata" / "sounds"
    for number, name in enumerate(("cow_select1", "cow_select2", "guard_select1")):
        tone(sounds / f"{name}.wav", 0.3 + 0.1 * number)
    shutil.copy(sounds / "cow_select1.wav", sounds / "cow_select9.wav")
    tone(samples / "bd_808.flac", 0.9)
    folders = ("--zero-ad", audio, "--megaglest", glest, "--sonic-pi", samples)
    rows = gathered(tmp_path / "out", "sounds", *folders)
    assert {Path(name).name: row.get("text") for name, row in rows.items()} == {
        "arrow_wood_01": "0ad/arrow_wood",
        "arrow_wood_02b": "0ad/arrow_wood",
        "cow_select1": "megaglest/cow_select",
        "cow_select2": "megaglest/cow_select",
        "guard_select1": None,  # says something
        "bd_808": "sonic-pi/bd",
    }
    assert len({row["split"] for row in rows.values() if row.get("text") == "0ad/arrow_wood"}) == 1


def test_doppelgangers_differ_little_from_each_other_and_much_from_others(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(CORPORA)
    doppelgangers = importlib.import_module("doppelgangers")
    rows = gathered(tmp_path / "out", "doppelgangers", "--count", "30")
    assert {row["text"] for row in rows.values()} == {f"pair {pair}" for pair in range(30)}
    waves = np.stack([[doppelgangers.render(pair, take) for take in range(2)] for pair in range(30)])
    assert np.isfinite(waves).all()
    assert not np.array_equal(waves[:, 0], waves[:, 1])
    np.testing.assert_array_equal(waves[7, 1], doppelgangers.render(7, 1))
    np.testing.assert_allclose(np.abs(waves).max(2), 0.7)
    power = np.square(np.abs(np.fft.rfft(waves)))[..., :16_000].reshape(30, 2, 40, -1).sum(3)  # of bands
    levels = np.log(power / power.sum(2, keepdims=True) + 1e-4)
    distances = np.linalg.norm(levels[:, None, 0] - levels[None, :, 1], axis=2)
    assert np.median(distances.diagonal()) < 0.5 * np.median(distances)
    assert np.mean(distances.argmin(1) == np.arange(30)) > 0.3  # one in thirty by chance


def test_a_setting_of_a_doppelganger_stays_in_its_range(monkeypatch):
    monkeypatch.syspath_prepend(CORPORA)
    dials = importlib.import_module("doppelgangers").Dials(3, 1)
    drawn = np.array([dials.scale(0.5, 8.0) for _ in range(2_000)])
    assert drawn.min() >= 0.5
    assert drawn.max() <= 8.0
    assert abs(np.log2(drawn).mean() - 1.0) < 0.15  # the middle of -1 and 3


ESPEAK = """#!{python}
import shutil, sys
options, text = sys.argv[1:-1], sys.argv[-1]
if "-x" in options:
    print(text.replace(".", "").replace("a", "'aI").replace("e", "s'Iks"))
else:
    shutil.copy({clip!r}, options[options.index("-w") + 1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")
def test_many_languages_read_words_that_are_no_digits(tmp_path, monkeypatch):
    espeak = tmp_path / "espeak-ng"
    espeak.write_text(ESPEAK.format(python=sys.executable, clip=str(tone(tmp_path / "clip.wav"))))
    espeak.chmod(0o755)
    keys = ("--words", "4", "7", "--count", "3")
    rows = gathered(tmp_path / "keys", "languages", "--espeak", espeak, *keys)
    assert sorted(row["label"] for row in rows.values()) == ["4"] * 3 + ["7"] * 3
    assert {row["language"] for row in rows.values()} == {"en"}
    monkeypatch.syspath_prepend(CORPORA)
    languages = importlib.import_module("languages")
    assert languages.without_digits(espeak, "de+m1", "ha e hem fav n") == "ha hem n"
    monkeypatch.setattr(languages, "LANGUAGES", "de fi")
    monkeypatch.setattr(languages, "N_LINES", 2)
    lines = list(languages.find(espeak, [], 0))
    assert [line.facts["language"] for line in lines] == ["de", "de", "fi", "fi"]
    assert len({line.facts["text"] for line in lines}) == 4
    with pytest.raises(BadAudio, match="could not speak"):
        languages.without_digits(tmp_path / "none", "de", "ha")


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")
def test_a_synthesiser_reads_each_english_sentence_once(tmp_path):
    flite = script_of_flite(tmp_path)
    speech = tmp_path / "speech"
    speech.mkdir()
    texts = ["One.", "Two.", "Three.", "Four.", "Five.", "It will fail."]
    rows = [{"text": text, "language": "en", "split": "train"} for text in (*texts, "One.")]
    rows += [{"text": "Eins.", "language": "de", "split": "train"}, {"text": "Six.", "language": "en", "split": "test"}]
    (speech / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rows = gathered(tmp_path / "out", "synthetic", "--flite", flite, "--speech", speech)
    assert {row["text"] for row in rows.values()} == set(texts[:-1])
    assert len({row["speaker"] for row in rows.values()}) >= 3
    assert {row["split"] for row in rows.values()} == {"train"}
