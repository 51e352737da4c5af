"""`wavewright play` and `wavewright live` on devices that tests turn by hand."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import numpy as np
import pytest

from wavewright import Clip, live, play, write_score
from wavewright.apps.live.devices import MidiInput, OpenOutput, SoundOutput, SystemMidi, SystemOutput, chosen
from wavewright.apps.live.performer import BlockPlayer, LivePerformer, Playable
from wavewright.base.errors import BadScore, BadSetting, MissingExtra
from wavewright.music.score import Score, Track, notes_of
from wavewright.synth.soundfont import SoundFontEngine, open_soundfont, read_soundfont
from wavewright.synth.soundfont.player import BUNDLED_BANK

RATE = 48_000


class FakeOutput(SoundOutput):
    """Fills blocks while somebody waits, and keeps them."""

    def __init__(self, n_block: int = 100, n_most: int = 400) -> None:
        self.n_block, self.n_most = n_block, n_most
        self.blocks: list[np.ndarray] = []
        self.before_each = lambda number: None
        self.opened_with: tuple[object, ...] = ()

    def names(self) -> list[str]:
        return ["Speakers", "Headphones"]

    @contextmanager
    def opened(self, name, sample_rate, n_channels, n_block, fill):
        chosen(name, self.names(), "sound output")
        self.opened_with = (sample_rate, n_channels, n_block)
        output = self

        class Opened(OpenOutput):
            latency_seconds = 0.01

            def wait(self, seconds: float) -> bool:
                for number in range(output.n_most):
                    output.before_each(number)
                    block = np.zeros((n_channels, n_block or output.n_block), np.float32)
                    has_more = fill(block)
                    output.blocks.append(block)
                    if not has_more:
                        return True
                return True

        yield Opened()

    @property
    def wave(self) -> np.ndarray:
        return np.concatenate(self.blocks, axis=1)


class FakeMidi(MidiInput):
    """A port whose messages a test sends."""

    def __init__(self) -> None:
        self.send = lambda message: None

    def names(self) -> list[str]:
        return ["Keys 1"]

    @contextmanager
    def opened(self, name, receive):
        chosen(name, self.names(), "MIDI input")
        self.send = receive
        yield "Keys 1"


@pytest.fixture
def sound(tmp_path):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 8_000)).astype(np.float32)
    return Clip(wave, 8_000).write(tmp_path / "a.wav", "FLOAT"), wave


@pytest.mark.parametrize(("start", "end"), [(0.0, None), (0.25, None), (0.25, 0.5), (0.0, 5.0)])
def test_a_part_of_a_sound_is_played(sound, start, end):
    file, wave = sound
    output = FakeOutput()
    result = play(file, start=start, end=end, output=output, quiet=True)
    expected = wave[:, round(start * 8_000) : None if end is None else round(end * 8_000)]
    assert output.opened_with == (8_000, 2, 0)
    assert np.array_equal(output.wave[:, : expected.shape[1]], expected)
    assert not output.wave[:, expected.shape[1] :].any()
    assert result.seconds == pytest.approx(expected.shape[1] / 8_000)


def test_a_loop_repeats_without_a_gap(sound):
    file, wave = sound
    output = FakeOutput(n_block=333, n_most=20)
    play(file, start=0.5, end=0.6, loop=True, output=output, quiet=True)
    part = wave[:, 4_000:4_800]
    assert np.array_equal(output.wave, np.tile(part, 9)[:, : 20 * 333])


def test_gain_is_limited_to_full_scale(sound):
    file, wave = sound
    output = FakeOutput()
    play(file, gain_db=12, output=output, quiet=True)
    assert np.allclose(output.wave[:, : wave.shape[1]], np.clip(wave * 10**0.6, -1, 1), atol=1e-6)


def test_scores_are_played_by_instruments(tmp_path):
    write_score(Score((Track(notes_of([(0, 480, 69, 100), (480, 480, 71, 100)])),)), tmp_path / "a.mid")
    output = FakeOutput(n_block=4_800)
    result = play(tmp_path / "a.mid", instrument="reed-organ", end=0.4, output=output, quiet=True)
    assert output.opened_with == (RATE, 2, 0)
    assert result.seconds == pytest.approx(0.4)
    part = output.wave[0, 4_800:14_400]
    hertz = np.fft.rfftfreq(1 << 17, 1 / RATE)[np.abs(np.fft.rfft(part * np.hanning(9_600), 1 << 17))[:4_000].argmax()]
    assert hertz == pytest.approx(440.0, rel=0.01)
    write_score(Score((Track(),)), tmp_path / "empty.mid")
    with pytest.raises(BadScore, match="no notes"):
        play(tmp_path / "empty.mid", output=output, quiet=True)


def test_what_cannot_be_played_is_refused(sound):
    file, _ = sound
    output = FakeOutput()
    for options, sentence in (
        ({"start": 2.0}, "start is 2 s, and the sound ends at 1.000 s"),
        ({"start": 0.5, "end": 0.5}, "the end must be the later one"),
        ({"instrument": "reed-organ"}, "is a sound"),
        ({"device": "Phones 9"}, "There is no sound output 'Phones 9'"),
    ):
        with pytest.raises(BadSetting, match=sentence):
            play(file, output=output, quiet=True, **options)
    assert output.blocks == []


def test_an_empty_sound_ends_a_loop():
    player = BlockPlayer(Playable(8_000, 1, None, lambda start: iter(())), is_loop=True)
    assert not player.fill(np.ones((1, 10), np.float32))


def test_keys_are_heard_with_the_next_block():
    output, keys = FakeOutput(n_most=12), FakeMidi()
    output.before_each = lambda number: keys.send(bytes([0x90, 69, 100])) if number == 3 else None
    result = live(program=16, output=output, input_=keys, block=256, quiet=True)
    assert not np.concatenate(output.blocks[:3], axis=1).any()
    assert output.blocks[3].any()
    assert (result.n_notes, result.n_blocks, result.input) == (1, 12, "Keys 1")
    assert result.latency_ms == pytest.approx(1_000 * (256 / RATE + 0.01))
    assert output.opened_with == (RATE, 2, 256)


def test_a_live_note_is_that_of_the_engine():
    engine, reference = open_soundfont(None, RATE), open_soundfont(None, RATE)
    performer = LivePerformer(engine)
    for message in ([0xB0, 0, 0], [0xC0, 40], [0xE0, 0, 80], [0xD0, 30], [0x90, 60, 90], [0x90, 64, 80], [0x90, 60, 0]):
        performer.receive(bytes(message))
    reference.program(0, 0, 40)
    reference.pitch_bend(0, (80 << 7) - 8_192)
    reference.pressure(0, 30)
    reference.note_on(0, 60, 90)
    reference.note_on(0, 64, 80)
    reference.note_off(0, 60)
    block = np.zeros((2, 1_000), np.float32)
    assert performer.fill(block)
    assert np.array_equal(block, reference.process(1_000))


@pytest.fixture
def decoded(monkeypatch):
    """The bundled bank as a new process has it, and the names of the threads that decode its samples."""
    font, threads = read_soundfont(BUNDLED_BANK), []
    decode = font.decoded
    font.decoded = lambda index: (threads.append(threading.current_thread().name), decode(index))[1]
    monkeypatch.setattr("wavewright.synth.banks.default_soundfont", lambda: font)
    return font, threads


def test_samples_are_there_before_the_first_block(decoded):
    _, threads = decoded
    output, keys, n_decoded = FakeOutput(n_most=130), FakeMidi(), []

    def play_key(number: int) -> None:
        n_decoded.append(len(threads))
        for channel, velocity in ((0, 1 + number % 127), (9, 100)):
            keys.send(bytes([0x90 | channel, number % 128, velocity]))

    output.before_each = play_key
    live(program=24, output=output, input_=keys, quiet=True)
    assert n_decoded[0]
    assert n_decoded[-1] == n_decoded[0]


def test_an_instrument_that_is_read_at_the_start_is_named(capsys):
    live("reed-organ", output=FakeOutput(n_most=1), input_=FakeMidi())
    assert capsys.readouterr().err.startswith("reading reed-organ\nKeys 1: latency ")


def test_samples_of_a_new_program_are_decoded_beside_the_sound(decoded):
    font, threads = decoded
    performer = LivePerformer(SoundFontEngine(font, RATE))
    block = np.zeros((2, 64), np.float32)
    performer.receive(bytes([0xC3, 24]))
    performer.fill(block)
    performer._loader.shutdown()
    assert threads
    assert threading.current_thread().name not in threads
    for key in range(128):
        performer.receive(bytes([0x93, key, 100]))
        performer.fill(block)
    assert threading.current_thread().name not in threads
    assert block.any()


def test_samples_decoded_by_several_threads_at_once_stay_whole():
    font, alone = read_soundfont(BUNDLED_BANK), read_soundfont(BUNDLED_BANK)
    indices = np.arange(40)
    threads = [threading.Thread(target=font.samples.load, args=(np.roll(indices, 7 * turn),)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in indices.tolist():
        start, end = font.samples.position(index)
        assert np.array_equal(font.samples.wave[start:end], alone.decoded(index))


def test_channels_are_joined_but_for_drums():
    engine = open_soundfont(None, RATE)
    performer = LivePerformer(engine, channel=3)
    for channel in (0, 5, 9):
        performer.receive(bytes([0x90 | channel, 60, 100]))
    performer.fill(np.zeros((1, 64), np.float32))
    channels = engine._voices["channel"][engine._voices["is_active"] != 0]
    assert set(channels.tolist()) == {3, 9}


def test_no_note_of_random_messages_is_missed():
    rng = np.random.default_rng(2)
    engine = open_soundfont(None, 8_000)
    performer = LivePerformer(engine)
    started = []
    note_on = engine.note_on
    engine.note_on = lambda *note: (started.append(note), note_on(*note))
    engine.load = lambda channel: None
    messages = []
    for _ in range(10_000):
        size = int(rng.integers(0, 5))
        messages.append(bytes(rng.integers(0, 256, size).tolist()))
        status = int(rng.choice([0x80, 0x90, 0xB0, 0xC0, 0xE0])) | int(rng.integers(16))
        messages.append(bytes([status, *rng.integers(0, 128, 1 if status >> 4 == 0xC else 2).tolist()]))
    expected = [
        (message[0] & 15, message[1] & 127, message[2] & 127)
        for message in messages
        if len(message) == 3 and message[0] >> 4 == 9 and message[2] & 127
    ]
    block = np.zeros((2, 16), np.float32)
    sender = threading.Thread(target=lambda: [performer.receive(message) for message in messages])
    sender.start()
    while sender.is_alive():
        performer.fill(block)
    performer.fill(block)
    assert started == expected
    assert performer.n_notes == len(expected)
    assert np.isfinite(block).all()


def test_loud_blocks_are_clipped():
    performer = LivePerformer(open_soundfont(None, RATE), gain=1_000.0)
    performer.receive(bytes([0x90, 60, 127]))
    block = np.zeros((2, 4_096), np.float32)
    performer.fill(block)
    assert np.abs(block).max() == 1.0
    assert performer.n_clipped == 1


def test_devices_are_listed_and_chosen():
    listed = live(list_=True, output=FakeOutput(), input_=FakeMidi())
    assert str(listed) == "Sound outputs:\n  Speakers\n  Headphones\nMIDI inputs:\n  Keys 1"
    assert chosen("phones", ["Speakers", "Headphones"], "sound output") == 1
    assert chosen(None, [], "sound output") is None
    with pytest.raises(BadSetting, match="There is no MIDI input 'Pads'"):
        live(midi="Pads", output=FakeOutput(), input_=FakeMidi(), quiet=True)
    with pytest.raises(BadSetting, match="notes is a model, which `wavewright render` plays"):
        live("notes", output=FakeOutput(), input_=FakeMidi(), quiet=True)


def test_a_missing_extra_is_named(monkeypatch, sound):
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(MissingExtra, match=r"sounddevice.*\[live\]"):
        SystemOutput().names()
    with pytest.raises(MissingExtra, match="rtmidi"):
        SystemMidi().names()
