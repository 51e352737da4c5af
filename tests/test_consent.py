"""Consent to train a voice: asked for before anything is written, kept by a run, shown on the card."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import refused
from tiny_voice import SAMPLE_RATE, tiny_recipe, use_front_end, write_folder

from wavewright import families
from wavewright.apps.cli import run as wavewright
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.data import consent as given_consent
from wavewright.data.consent import consent_of
from wavewright.data.folder import scan
from wavewright.models import consent as model_consent
from wavewright.models.card import Card, Source
from wavewright.models.consent import Consent, Permission, Statement, required_consent, terms_of
from wavewright.training import run as runs
from wavewright.training.parameters import Call, TrainParameters
from wavewright.training.provenance import Provenance, provenance_of
from wavewright.training.run_file import RUN_FILE, read_run_file
from wavewright.training.train import train

WORDING = "I, Ann, agree that a voice is trained on my recordings."
TODAY = "2026-03-14"
LENGTH = ("--max-minutes", "1", "--quiet")


def tone(seconds: float = 2.5, level: float = 0.3) -> Clip:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return Clip(level * np.sin(2 * np.pi * 220 * time)[None].astype(np.float32), SAMPLE_RATE)


class FixedDate(date):
    """A date whose today is fixed, so that no test fails because midnight passes."""

    @classmethod
    def today(cls) -> FixedDate:
        return cls.fromisoformat(TODAY)


@pytest.fixture(autouse=True)
def _fixed_date(monkeypatch):
    for module in (given_consent, model_consent):
        monkeypatch.setattr(module, "date", FixedDate)


@pytest.fixture
def voice(tmp_path, monkeypatch):
    """Recordings in the layout of LJSpeech, and the front end of their letters."""
    use_front_end(monkeypatch)
    return write_folder(tmp_path / "mine")


# -------------------------------------------------------------------------------------------------- what is asked for


def test_a_voice_is_not_trained_without_consent(voice, tmp_path, capsys):
    for command in ("train", "tune"):
        call = (command, str(voice), "--family", "acoustic", "--out", str(tmp_path / "run"))
        message = refused(capsys, *call, *LENGTH, *(["--trial-minutes", "0.5"] if command == "tune" else []))
        assert "needs the consent of its speaker" in message
        assert "--i-have-consent" in message
    call = ("train", str(voice), "--family", "acoustic", "--out", str(tmp_path / "run"), *LENGTH)
    assert "given: 'CC-BY-ND-4.0'" in refused(capsys, *call, "--licence", "CC-BY-ND-4.0")
    assert not (tmp_path / "run").exists()


def test_other_families_are_not_asked():
    assert [name for name, family in families.FAMILIES.items() if family.imitates_voices] == ["acoustic"]


def test_statements_are_read_and_checked(tmp_path):
    recording = tone().write(tmp_path / "ann.wav")
    text = tmp_path / "ann.txt"
    text.write_text(f"\ufeff{WORDING}\n\n", encoding="utf-8")
    other = tmp_path / "bob.TXT"
    other.write_text("我同意用我的录音训练一个合成的声音", encoding="utf-8")
    consent = consent_of([text, recording, other], is_declared=False)
    assert consent.date == TODAY
    ann, bob = consent.statements
    assert (ann.name, ann.wording, ann.recording) == ("ann", WORDING, "ann.wav")
    assert ann.sha256 == hashlib.sha256(recording.read_bytes()).hexdigest()
    assert (bob.recording, bob.sha256) == ("", hashlib.sha256(other.read_bytes()).hexdigest())
    assert consent_of([], is_declared=False) is None
    assert consent_of([], is_declared=True) == Consent(basis="declared", date=TODAY)


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("a.txt", b"ok", "too short for a statement"),
        ("a.txt", b"\xff\xfe" * 30, "no text in UTF-8"),
        ("a.txt", b"I agree to all of it \x1b[2J", "no statement"),
        ("a.txt", b"I agree. " * 4_000, "at most 20,000 bytes"),
    ],
)
def test_texts_that_are_no_statements(tmp_path, name, contents, message):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(BadSetting, match=message):
        consent_of([tmp_path / name], is_declared=False)


def test_recordings_that_are_no_statements(tmp_path):
    with pytest.raises(BadSetting, match=r"0\.50 s long"):
        consent_of([tone(0.5).write(tmp_path / "short.wav")], is_declared=False)
    with pytest.raises(BadSetting, match="is silent"):
        consent_of([tone(level=0.0).write(tmp_path / "silent.wav")], is_declared=False)
    with pytest.raises(BadAudio):
        consent_of([tmp_path / "none.wav"], is_declared=False)
    with pytest.raises(BadSetting, match="names 'a' twice"):
        consent_of([tone().write(tmp_path / "a.wav"), tone().write(tmp_path / "a.flac")], is_declared=False)


# ------------------------------------------------------------------------------------------------------ what counts


@pytest.mark.parametrize(
    ("licence", "adaptation"),
    [
        ("CC0-1.0", True),
        ("cc-by 4.0", True),
        ("CC-BY-SA-3.0-US", True),
        ("CC-BY-NC-4.0", True),
        ("Public domain", True),
        ("GPL-3.0", True),
        ("MIT-CMU", True),
        ("CC-BY-NC-ND-4.0", False),
        ("CC-BY-ND-2.0", False),
        ("unknown", False),
        ("all rights reserved", False),
        ("CC-BYE", False),
    ],
)
def test_licences_by_which_anybody_may_adapt(licence, adaptation):
    assert terms_of(licence).adaptation is adaptation
    if adaptation:
        assert required_consent(None, licence, ["ann"]).model_dump() == {
            "basis": "licence",
            "date": TODAY,
            "speakers": ["ann"],
            "statements": [],
            "licence": licence,
        }
    else:
        with pytest.raises(BadSetting, match="needs the consent"):
            required_consent(None, licence)


def test_terms():
    assert terms_of("CC-BY-NC-SA-4.0") == terms_of("cc-by-nc-sa")
    terms = terms_of("CC-BY-NC-SA-4.0")
    assert (terms.attribution, terms.share_alike, terms.non_commercial, terms.source_code) == (True, True, True, False)
    assert terms_of("LGPL-2.1").source_code
    assert not terms_of("CC0-1.0").attribution
    assert not terms_of("my own").is_known


def test_a_statement_of_each_speaker():
    one = Consent(basis="statement", date=TODAY, statements=[Statement(name="ann")])
    assert required_consent(one, "unknown", ["ann"]).speakers == ["ann"]
    with pytest.raises(BadSetting, match=r"has 1 statement, and the recordings are of 2 speakers \(ann, bob\)"):
        required_consent(one, "unknown", ["ann", "bob"])
    assert required_consent(Consent(basis="declared", date=TODAY), "unknown", ["ann", "bob"]).speakers == ["ann", "bob"]


def test_lines_for_the_card_are_checked():
    with pytest.raises(BadSetting, match="--licence is 'CC0"):
        Permission("CC0\x1b")
    with pytest.raises(BadSetting, match="--credit is "):
        Permission(credit="a" * 201)
    with pytest.raises(BadSetting, match="--licence is ' '; give one line of 1 to 200"):
        Permission(" ")


# ---------------------------------------------------------------------------------------------------- what is kept


def run_of(voice, out, provenance, steps):
    base = tiny_recipe()
    training = replace(base.training, steps=steps)
    scanned = scan(voice)
    return runs.Run(out, "acoustic", replace(base, training=training), scanned, provenance, out.parent / "cache")


def test_a_run_keeps_the_consent_and_the_card_has_it(voice, tmp_path, capsys):
    (tmp_path / "ann.txt").write_text(WORDING)
    consent = consent_of([tmp_path / "ann.txt"], is_declared=False)
    out = tmp_path / "run"
    with pytest.raises(BadSetting, match="needs the consent"):
        run_of(voice, out, Provenance("ann"), 1).train(Call(quiet=True))
    assert not out.exists()
    source = Source(name="mine", licence="my own", n_clips=6)
    run_of(voice, out, Provenance("ann", licence="my own", sources=(source,), consent=consent), 1).train(
        Call(quiet=True)
    )
    run_of(voice, out, Provenance("ann"), 2).train(Call(quiet=True, resume=True))  # what the first call gave stays
    card = Card.read(out)
    assert card.consent == consent
    assert (card.licence, card.sources) == ("my own", [source])
    assert wavewright(["models", "show", str(out)]) == 0
    shown = capsys.readouterr().out
    assert f"consent     statement of the speaker, {TODAY}; ann (SHA-256 " in shown
    assert WORDING in shown
    run_of(voice, out, Provenance("ann", licence="CC0-1.0"), 3).train(
        Call(quiet=True, resume=True)
    )  # now it is published
    assert Card.read(out).consent.basis == "licence"
    assert read_run_file(out / RUN_FILE)["provenance"]["licence"] == "CC0-1.0"


def test_a_damaged_record_is_refused(voice, tmp_path):
    path = tmp_path / RUN_FILE
    path.write_text(json.dumps({"family": "acoustic", "recipe": {}, "provenance": {"consent": {"basis": "none"}}}))
    with pytest.raises(BadSetting, match="has a damaged provenance"):
        Provenance("ann").or_stored(path)


def test_sources_of_the_base_are_sources(tmp_path):
    card = Card(name="base", family="gan", sample_rate=8_000, licence="CC-BY-SA-3.0")
    base = SimpleNamespace(card=card)
    scanned = SimpleNamespace(entries=(1, 2))
    own, other = provenance_of(tmp_path / "run", "gan", scanned, tmp_path / "kit", base=base).sources
    assert (own.name, own.licence, own.n_clips, own.via) == ("kit", "unknown", 2, "")
    assert (other.name, other.licence, other.via) == ("base", "CC-BY-SA-3.0", "base")
    card.sources = [Source(name="avl", licence="CC0-1.0", credit="AVL", n_clips=9)]
    permission = Permission("CC-BY-4.0", "me")
    own, other = provenance_of(tmp_path / "run", "gan", scanned, tmp_path / "kit", permission, base).sources
    assert (own.name, own.licence, own.credit, own.n_clips, own.via) == ("kit", "CC-BY-4.0", "me", 2, "")
    assert (other.name, other.credit, other.n_clips, other.via) == ("avl", "AVL", 9, "base")


@pytest.mark.parametrize(
    ("family", "setting", "licence"), [("codec", "background", "unknown"), ("denoiser", "speech", "CC0-1.0")]
)
def test_folders_of_settings_are_sources(tmp_path, family, setting, licence):
    folder, other = tmp_path / "kit", tmp_path / "other"
    rng = np.random.default_rng(0)
    for path in (folder / "noise", other / ("speech" if family == "denoiser" else "noise")):
        path.mkdir(parents=True)
        for index in range(3):
            Clip(0.1 * rng.standard_normal((1, 16_000)).astype(np.float32), 16_000).write(path / f"{index}.wav")
    settings = (f"data.{setting}={other}", "data.valid_fraction=0", "training.batch_size=1", "training.steps=1")
    out = tmp_path / "run"
    train(TrainParameters(folder, family=family, size="tiny", out=out, set=settings, licence=licence, quiet=True))
    own, others = Card.read(out).sources
    assert (own.name, own.licence, own.n_clips) == ("kit", licence, 3)
    assert (others.name, others.licence, others.n_clips) == ("other", "unknown", 3)
    assert others.origin == f"recordings of data.{setting}"
