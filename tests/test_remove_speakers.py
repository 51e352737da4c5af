"""A voice without one of its speakers: the others sound the same sample for sample, and nothing of that one is left."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_voice import TEXTS, front_end, tiny_recipe, use_front_end, write_folder

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.contracts.runtime import Controls
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.families.acoustic import ACOUSTIC
from wavewright.families.acoustic.config import SPEAKERS_FILE, AcousticConfig
from wavewright.models.folder import SAMPLE_FILE, WEIGHTS_FILE, ModelFolder
from wavewright.speech.voice_names import voices
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

RECIPES = Path(__file__).parents[1] / "recipes"
pytestmark = pytest.mark.skipif(not RECIPES.is_dir(), reason="the recipes are not beside the tests")

SPEAKERS = ("ann", "bob", "cid")
SENTENCES = [("_", *text, ".", "_") for text in ("ab|cd", "dab,ca", "a", "bad|cab,abc")]


@pytest.fixture(scope="module")
def removing(tmp_path_factory):
    """The recipe's module, a tiny voice of three speakers and the folder with the recordings."""
    folder = tmp_path_factory.mktemp("three")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(RECIPES))
        module = importlib.import_module("remove_speakers")
        patch.setattr(module, "front_end", front_end)
        patch.setattr(module, "SAMPLE_TEXT", "ab cd, dab.")
        use_front_end(patch)
        texts = (*TEXTS, *TEXTS[:3])
        corpus = write_folder(folder / "mine", texts)
        rows = [
            {"audio_filepath": f"wavs/clip-{n}.wav", "text": text, "speaker": SPEAKERS[n % 3], "split": split}
            for n, (text, split) in enumerate(zip(texts, ["train"] * 6 + ["valid"] * 3, strict=True))
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (corpus / "manifest.jsonl").write_text(lines, encoding="utf-8")
        scanned = scan(corpus, manifest=corpus / "manifest.jsonl")
        Run(
            folder / "run", "acoustic", tiny_recipe(), scanned, Provenance("tiny", licence="CC0-1.0"), folder / "cache"
        ).train(Call(quiet=True))
        yield module, folder / "run", corpus


@pytest.mark.parametrize("removed", [("bob",), ("ann",), ("ann", "cid")])
def test_the_other_speakers_sound_the_same_sample_for_sample(removing, tmp_path, removed):
    module, run, corpus = removing
    made = module.remove_speakers(ModelFolder(run), removed, tmp_path / "fewer", corpus)
    kept = tuple(name for name in SPEAKERS if name not in removed)
    before, after = loading.load(run), loading.load(made.path)
    assert after.speakers == kept
    for speaker in kept:
        for symbols in SENTENCES:
            expected, actual = (
                voice.speak_symbols(symbols, speaker, controls=Controls(rate=1.3), style="style-2")
                for voice in (before, after)
            )
            for name in ("mel", "durations", "pitch", "energy"):
                np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))


def test_a_speaker_moves_towards_another_alone(removing, tmp_path):
    nearer = importlib.import_module("nearer_speaker")
    shutil.copytree(removing[1], tmp_path / "run")
    folder = ModelFolder(tmp_path / "run")
    nearer.move(folder, "ann", "cid", embedding=0.25, style=0.25)
    tables = [ModelFolder(path).tensors(SPEAKERS_FILE)["pace"] for path in (removing[1], tmp_path / "run")]
    assert tables[1][0] == pytest.approx(0.75 * tables[0][0] + 0.25 * tables[0][2], rel=1e-3)
    nearer.move(ModelFolder(tmp_path / "run"), "ann", "cid", embedding=1.0, style=1.0)
    ModelFolder(tmp_path / "run").verify()
    before, after = loading.load(removing[1]), loading.load(tmp_path / "run")
    for speaker, same in (("ann", "cid"), ("bob", "bob"), ("cid", "cid")):
        for symbols in SENTENCES:
            np.testing.assert_array_equal(
                after.speak_symbols(symbols, speaker).mel, before.speak_symbols(symbols, same).mel
            )
    with pytest.raises(BadSetting, match=r"A share is 1\.5; it must lie"):
        nearer.move(folder, "ann", "cid", embedding=1.5)


def test_no_number_of_a_removed_speaker_is_left(removing, tmp_path):
    module, run, _ = removing
    made = module.remove_speakers(ModelFolder(run), ("bob",), tmp_path / "fewer")
    before = ModelFolder(run)
    rows = (
        before.weights()["voice.speaker_embedding.weight"],
        before.weights()["voice.aligner.speaker_embedding.weight"],
    )
    contents = (made.path / WEIGHTS_FILE).read_bytes()
    for table, file_name in zip(
        rows, ("voice.speaker_embedding.weight", "voice.aligner.speaker_embedding.weight"), strict=True
    ):
        np.testing.assert_array_equal(made.weights()[file_name], table[[0, 2]])
        assert table[0].astype(np.float16).tobytes() in contents
        assert table[1].astype(np.float16).tobytes() not in contents
    for name, table in before.tensors(SPEAKERS_FILE).items():
        np.testing.assert_array_equal(made.tensors(SPEAKERS_FILE)[name], table[[0, 2]])
    assert made.config(AcousticConfig).speakers == ("ann", "cid")
    assert (made.path / SAMPLE_FILE).read_bytes() != (run / SAMPLE_FILE).read_bytes()


def test_the_card_says_who_was_removed_and_what_was_measured(removing, tmp_path):
    module, run, corpus = removing
    before = ModelFolder(run).card
    made = module.remove_speakers(ModelFolder(run), ("bob",), tmp_path / "fewer", corpus)
    made.verify()
    assert made.card.training == before.training | {"removed_speakers": ["bob"]}
    assert made.card.sources == before.sources
    assert made.card.metrics.keys() == before.metrics.keys()
    assert made.card.metrics != before.metrics
    again = module.remove_speakers(made, ("ann",), tmp_path / "one")
    assert again.card.training["removed_speakers"] == ["bob", "ann"]
    assert again.card.metrics == {}
    state = ACOUSTIC.initial_weights(again, AcousticConfig(**{**again.card.config, "speakers": ("eve",)}))
    np.testing.assert_array_equal(
        state["speaker_embedding.weight"], ModelFolder(run).weights()["voice.speaker_embedding.weight"][2:]
    )


def test_what_cannot_be_removed_is_refused_and_leaves_nothing(removing, tmp_path):
    module, run, _ = removing
    with pytest.raises(BadSetting, match="dan"):
        module.remove_speakers(ModelFolder(run), ("dan",), tmp_path / "fewer")
    with pytest.raises(BadSetting, match="No speaker would remain of ann, bob, cid"):
        module.remove_speakers(ModelFolder(run), SPEAKERS, tmp_path / "fewer")
    assert not (tmp_path / "fewer").exists()
    (tmp_path / "fewer").mkdir()
    with pytest.raises(BadFolder, match="exists already"):
        module.remove_speakers(ModelFolder(run), ("bob",), tmp_path / "fewer")


WITHDRAWN = ("dc_tts", "en-lj")


def test_bundled_voices_were_given_for_speech_synthesis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path))
    assert voices() == ["de-kerstin", "en-kathleen", "en-kerstin", "de-kathleen"]
    files = [path for name in ("recipes", "docs", "benchmarks", "src") for path in (RECIPES.parent / name).rglob("*.*")]
    texts = [path for path in [*files, RECIPES.parent / "README.md"] if path.suffix in (".py", ".md", ".txt")]
    assert len(texts) > 100
    assert [path for path in texts if any(word in path.read_text(encoding="utf-8") for word in WITHDRAWN)] == []
