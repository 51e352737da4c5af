"""Stand-ins for an acoustic model and a vocoder, whose frames and samples follow from symbols and seeds by formulas."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from wavewright.contracts.runtime import NEUTRAL, AcousticModel, Utterance, Vocoder
from wavewright.models.card import Card
from wavewright.speech.voice import Voice
from wavewright.text import front_end

FLOOR = float(np.log(1e-5))
PHONE_FRAMES, PAUSE_FRAMES, SILENCE_FRAMES = 5, 6, 9
LOUD = -3.0


class StandInAcoustic(AcousticModel):
    """A phone lasts PHONE_FRAMES over its rate, a pause PAUSE_FRAMES, silence SILENCE_FRAMES, a boundary nothing."""

    n_mels, sample_rate, hop_length = 80, 24_000, 384

    def __init__(self, speakers=("kathleen", "ruth"), language="en", name="en", languages=()):
        self.speakers, self.language, self.styles = speakers, language, ("style-1", "style-2")
        self.languages = languages or (language,)
        self.symbols = tuple(symbol for each in self.languages for symbol in front_end(each).symbols)
        self.folder, self.card = (
            SimpleNamespace(hash=hashlib.sha256(name.encode()).hexdigest()[:12], n_bytes=0),
            SimpleNamespace(name=name, family="acoustic", config={}),
        )
        self.calls = []

    def speak_symbols(self, symbols, speaker=None, seed=0, controls=NEUTRAL, style=None, variation=0):
        assert set(symbols) <= set(self.symbols)
        self.calls.append(SimpleNamespace(symbols=symbols, speaker=speaker, style=style, **vars(controls)))
        frames = {"_": SILENCE_FRAMES, "|": 0} | dict.fromkeys(",;.?!", PAUSE_FRAMES)
        plain = np.array([frames.get(symbol, PHONE_FRAMES) for symbol in symbols])
        durations = np.round(plain / np.broadcast_to(controls.rate, plain.shape)).astype(np.int64)
        level = np.where([symbol in "_|,;.?!" for symbol in symbols], FLOOR, LOUD)
        mel = np.repeat(np.broadcast_to(level, (80, len(symbols))), durations, axis=1).astype(np.float32)
        return Utterance(mel, durations, np.zeros(len(symbols)), level)


class StandInVocoder(Vocoder):
    """A tone and noise, as loud as each frame is, in chunks of two sizes; silence is faint noise."""

    n_mels, sample_rate, hop_length = 80, 24_000, 384

    def __init__(self):
        self.card = SimpleNamespace(name="stand-in", family="vocoder", config={})
        self.folder = SimpleNamespace(hash="0123456789ab", n_bytes=0)

    def mel_of(self, wave):
        raise NotImplementedError

    def vocode_stream(self, mel, seed=0):
        n_samples = mel.shape[1] * self.hop_length
        time = np.arange(n_samples) / self.hop_length - 0.5
        level = np.interp(time, np.arange(mel.shape[1]), np.exp(0.5 * mel[0]))
        noise = np.random.default_rng(seed).standard_normal(n_samples)
        tone = np.sin(2 * np.pi * 200 * np.arange(n_samples) / self.sample_rate)
        wave = (level * (tone + 0.1 * noise)).astype(np.float32)[None]
        cut = 8 * self.hop_length
        yield wave[:, :cut]
        for start in range(cut, n_samples, 5_000):
            yield wave[:, start : start + 5_000]


def stand_in_voice(speaker="kathleen") -> Voice:
    return Voice(StandInAcoustic(), StandInVocoder(), speaker, f"en-{speaker}")


def install(monkeypatch, folder, german=None) -> dict[str, object]:
    """Models ``en``, ``vocoder``, and ``de`` or another in the user's model folder, whose runtimes are stand-ins."""
    german = german or StandInAcoustic(("kerstin",), "de", "de")
    players = {
        "en": StandInAcoustic(),
        german.card.name: german,
        "vocoder": StandInVocoder(),
    }
    for name, player in players.items():
        (folder / name).mkdir()
        family = "vocoder" if name == "vocoder" else "acoustic"
        is_voice = family == "acoustic"
        config = (
            {"speakers": list(player.speakers), "language": player.language, "languages": list(player.languages)}
            if is_voice
            else {}
        )
        card = Card(name=name, family=family, sample_rate=24_000, config=config)
        (folder / name / "card.json").write_text(card.to_json(), encoding="utf-8")
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(folder))
    monkeypatch.setattr("wavewright.models.BUNDLED_FOLDER", folder / "bundled")  # none
    monkeypatch.setattr("wavewright.families.loading.load", lambda name: players[Path(name).name])
    return players
