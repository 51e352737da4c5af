"""The codec: inference equals training, whatever the chunks; silence; gains; training stages; refusals."""

import dataclasses
import io
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import torch
from tiny_codec_model import TINY, export_codec, prepared, write_glides

from wavewright.audio.clip import Clip
from wavewright.audio.pcm import endless_wav_header, to_pcm
from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.folder import scan
from wavewright.dsp.tilt import tilt_spectrum
from wavewright.families import loading
from wavewright.families.codec import gains
from wavewright.families.codec.config import CONTEXTS_FILE, FREQUENCIES_FILE, CodecConfig
from wavewright.families.codec.gains import (
    GAINS,
    LIMITER_THRESHOLD,
    MAX_GAIN_DB,
    amplify,
    level_difference_db,
    linear_gains,
)
from wavewright.families.codec.modules import CodecAutoencoder
from wavewright.families.codec.recipe import CodecDataSettings, CodecRecipe, fine_tuning, initial_weights, prepare
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.families.codec.spectra import analysis_features, overlap_add, synthesis_frames
from wavewright.families.codec.training import CodecNetwork, CodecTraining, measure_gains
from wavewright.families.codec.wwc.header import CONTEXTUAL, STATIC
from wavewright.models.folder import ModelFolder, write_card
from wavewright.nn.spectral_losses import compressed_distances
from wavewright.tasks.decode import decode, decode_stream
from wavewright.tasks.encode import encode, encode_stream
from wavewright.training.export import replace_tensors
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_glides(tmp_path_factory.mktemp("glides"))


class Exported(NamedTuple):
    runtime: CodecRuntime
    module: CodecAutoencoder


@pytest.fixture(scope="module")
def exported(folder, tmp_path_factory):
    """A codec with fresh weights, exported and opened; one batch initialised its codebooks."""
    position = tmp_path_factory.mktemp("codec") / "tiny"
    module = export_codec(folder, tmp_path_factory.mktemp("cache"), position)
    return Exported(loading.load(str(position)), module)


@pytest.fixture(scope="module")
def runtime(exported):
    return exported.runtime


def sound(n_samples, seed=0):
    rng = np.random.default_rng(seed)
    return (0.3 * np.sin(np.arange(n_samples) * 0.05) + 0.05 * rng.standard_normal(n_samples)).astype(np.float32)


def test_spectra_in_numpy_equal_those_in_torch():
    module, wave = CodecAutoencoder(TINY), sound(3_200)
    features = analysis_features(np.pad(wave, (TINY.lead, 0)), TINY)
    np.testing.assert_allclose(module.frames.analyse(torch.from_numpy(wave)[None])[0].numpy(), features, atol=2e-4)
    described = np.random.default_rng(0).standard_normal((40, 2 * TINY.n_bins)).astype(np.float32)
    frames = np.pad(synthesis_frames(described, TINY), ((TINY.overlap - 1, 0), (0, 0)))
    expected = module.frames.synthesise(torch.from_numpy(described)[None])[
        0
    ].numpy()  # it starts where the first windows do no more
    np.testing.assert_allclose(overlap_add(frames, TINY)[TINY.lead :], expected[: 3_200 - TINY.lead], atol=2e-4)


def test_synthesis_inverts_analysis():
    wave = sound(3_200)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(wave, (TINY.lead, 0)), TINY.n_fft)[:: TINY.subframe_length]
    spectrum = np.fft.rfft(frames * np.hanning(TINY.n_fft + 1)[:-1])
    rooted = spectrum / np.sqrt(np.abs(spectrum) + 1e-12)
    described = np.concatenate([rooted.real, rooted.imag], axis=1).astype(np.float32)
    actual = overlap_add(np.pad(synthesis_frames(described, TINY), ((TINY.overlap - 1, 0), (0, 0))), TINY)
    np.testing.assert_allclose(actual[TINY.lead :], wave[: -TINY.lead], atol=1e-3)


def test_inference_equals_training(exported):
    runtime, module = exported
    wave = sound(80 * 320)
    codes = runtime.encode(wave)
    assert codes.shape == (4, 80)
    assert codes.dtype == np.int16
    with torch.no_grad():
        numbers = module.encode(torch.from_numpy(wave)[None])
        expected = module.decode(torch.from_numpy(codes.T.astype(np.int64))[None])[0].numpy()
    assert (codes == numbers[0].numpy().T).mean() > 0.995  # where two codes are as near, either may be taken
    end = 80 * 320 - TINY.lead  # after it the network in training has no windows any more
    np.testing.assert_allclose(runtime.decode(codes)[0, :end], amplify(expected[:end], runtime.gains[-1]), atol=2e-4)


@pytest.mark.parametrize("pieces", [[1] * 700 + [5_000], [320] * 20, [319, 321, 1_000, 17_000], [40_000]])
def test_chunks_of_audio_give_the_same_codes(runtime, pieces):
    wave = sound(36_123)
    whole = runtime.encode(wave)
    assert whole.shape == (4, 113)
    encoder, position, chunks = runtime.encoder(), 0, []
    for piece in pieces:
        chunks.append(encoder.push(wave[position : position + piece]))
        position += piece
    chunks += [encoder.push(wave[position:]), encoder.finish()]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), whole)


@pytest.mark.parametrize("n_codebooks", [1, 4])
@pytest.mark.parametrize("pieces", [[1] * 112, [0, 3, 50, 7], [112]])
def test_chunks_of_codes_give_the_same_samples_bit_for_bit(runtime, pieces, n_codebooks):
    codes = runtime.encode(sound(112 * 320))[:n_codebooks]
    whole = runtime.decode(codes)
    assert whole.shape == (1, 112 * 320)
    decoder, position, chunks, out = runtime.decoder(n_codebooks), 0, [], 0
    for piece in pieces:
        chunks.append(decoder.push(codes[:, position : position + piece]))
        position += piece
        out += len(chunks[-1])
        assert (
            position * 320 - out <= runtime.latency_samples - 320 or out == 0
        )  # its own frame is the rest of the latency
    chunks += [decoder.push(codes[:, position:]), decoder.finish()]
    np.testing.assert_array_equal(np.concatenate(chunks)[None], whole)


@pytest.mark.parametrize(("sample_rate", "n_channels", "n_samples"), [(16_000, 1, 20_123), (44_100, 2, 30_001)])
def test_files_equal_the_runtime(runtime, tmp_path, sample_rate, n_channels, n_samples):
    waves = np.stack([sound(n_samples, seed) for seed in range(n_channels)])
    Clip(waves, sample_rate).write(tmp_path / "given.wav", "FLOAT")
    coded = encode(tmp_path / "given.wav", kbps=0.8, out=tmp_path / "a.wwc", model=str(runtime.folder.path), quiet=True)
    assert coded.details["n_bytes"] == (tmp_path / "a.wwc").stat().st_size
    back = decode(coded.out, out=tmp_path / "back.wav", model=str(runtime.folder.path), quiet=True)
    again = Clip.read(tmp_path / "back.wav")
    assert not back.details["lost_seconds"]
    assert again.sample_rate == sample_rate
    assert again.wave.shape == (n_channels, n_samples)
    if sample_rate == runtime.sample_rate:
        output = runtime.decode(runtime.encode(waves[0])[: coded.details["n_codebooks"]])[0, :n_samples]
        np.testing.assert_allclose(again.wave[0], np.clip(output, -1, 1), atol=1e-4)


def test_evaluation_before_the_codebooks_are_initialised(folder, tmp_path):
    data = prepared(folder, tmp_path)
    metrics = CodecTraining().evaluate(CodecAutoencoder(TINY).eval(), data)
    assert set(metrics) == {"valid/mel", "valid/phase"}


def test_the_latency_holds(runtime):
    """A change of the input changes no output more than the latency before it."""
    config = runtime.config
    assert runtime.latency_samples == 3 * 320 + 240
    wave = sound(60 * 320)
    changed = wave.copy()
    changed[40 * 320 :] = sound(20 * 320, seed=1)
    one, other = (runtime.decode(runtime.encode(some))[0] for some in (wave, changed))
    same = int(np.argmax(one != other))
    ahead = config.encoder_look_ahead + config.look_ahead
    assert 40 * 320 - (ahead * 320 + config.lead) <= same < (41 - config.encoder_look_ahead) * 320


class Microphone(io.BytesIO):
    """Gives 2 ms of 16-bit samples at a time."""

    piece = 0

    def read1(self, n_bytes=-1):
        return self.read(min(n_bytes, self.piece))


class Wire(io.BytesIO):
    """Gives write by write what was written to it, and knows how far ``source`` had been read by then."""

    def __init__(self, source):
        super().__init__()
        self.source, self.writes, self.n_read, self.n_taken = source, [], [], 0

    def write(self, data):
        self.writes.append(bytes(data))
        self.n_read.append(self.source.tell())
        return len(data)

    def read(self, n_bytes=-1):
        self.n_taken += 1
        return self.writes[self.n_taken - 1] if self.n_taken <= len(self.writes) else b""

    read1 = read

    def tell(self):
        return self.n_read[min(self.n_taken, len(self.writes)) - 1]


@pytest.mark.uses("codec")
@pytest.mark.parametrize(("sample_rate", "latency_ms"), [(24_000, 50), (48_000, 110), (44_100, 110)])
def test_a_stream_has_the_documented_latency(sample_rate, latency_ms):
    """No sample waits longer than the latency; at another rate than the codec's, both resamplers wait as well."""
    runtime = loading.load("speech-codec")
    header = endless_wav_header(sample_rate)
    source = Microphone(header + to_pcm(sound(sample_rate)[None]))
    source.piece = 2 * sample_rate // 500
    encode_stream(source, coded := Wire(source), runtime, 1.6)
    decode_stream(coded, decoded := Wire(coded), str(runtime.folder.path))
    n_out = np.cumsum([0, *map(len, decoded.writes)]) // 2  # samples before each write
    assert n_out[-1] == sample_rate
    lags_ms = 1000 * ((np.array(decoded.n_read) - len(header)) // 2 - n_out[:-1]) / sample_rate
    assert latency_ms - 12 < lags_ms[:-1].max() <= latency_ms  # the last write is the end


def test_silence_is_exact_and_has_no_codes(runtime):
    wave = sound(30 * 320)
    wave[10 * 320 : 20 * 320] = 0
    codes = runtime.encode(wave)
    assert (codes[:, 10:20] == -1).all()
    assert (codes[:, :10] >= 0).all()
    assert (codes[:, 20:] >= 0).all()
    output = runtime.decode(codes)[0]
    assert not output[10 * 320 : 20 * 320].any()
    assert output[9 * 320 : 10 * 320].any()
    assert output[20 * 320 : 21 * 320].any()
    assert runtime.encode(np.zeros(0, np.float32)).shape == (4, 0)
    assert runtime.decode(np.zeros((2, 0), np.int16)).shape == (1, 0)


@pytest.mark.parametrize(
    "wrong", [sound(640).reshape(2, 320), sound(320)[:, None], (sound(320) * 2**15).astype(np.int16), np.inf, np.nan]
)
def test_invalid_waves_are_refused_and_leave_the_stream_as_it_was(runtime, wrong):
    wave, encoder = sound(700), runtime.encoder()
    wrong = np.append(wave, wrong) if np.ndim(wrong) == 0 else wrong
    for encode_ in (runtime.encode, encoder.push):
        with pytest.raises(
            BadAudio,
            match=r"it must be \(time,\) of floating-point numbers, without NaN or infinite values: mix channels first",
        ):
            encode_(wrong)
    codes = np.concatenate([encoder.push(wave), encoder.finish()], axis=1)
    np.testing.assert_array_equal(codes, runtime.encode(wave[None]))


def test_lost_frames_are_made_up_by_a_codec_that_learned_it(folder, tmp_path):
    export_codec(folder, tmp_path / "cache", tmp_path / "tiny", lost_fraction=0.2)
    codec = loading.load(str(tmp_path / "tiny"))
    codes = codec.encode(sound(320 * 40))
    lost, silent = codes.copy(), codes.copy()
    lost[:, 20:24], silent[:, 20:24] = -2, -1
    concealed, muted = codec.decode(lost)[0], codec.decode(silent)[0]
    gap = slice(20 * 320, 24 * 320)
    assert not muted[gap].any()
    assert np.abs(concealed[gap]).max() > 0
    np.testing.assert_array_equal(concealed[: 18 * 320], codec.decode(codes)[0][: 18 * 320])  # a look-ahead of 1
    decoder = codec.decoder()
    parts = [decoder.push(lost[:, first : first + 3]) for first in range(0, 40, 3)]
    np.testing.assert_array_equal(np.concatenate([*parts, decoder.finish()]), concealed)
    assert codec.n_concealed == 10


def test_lost_frames_are_silent_where_none_were_lost_in_training(runtime):
    codes = runtime.encode(sound(320 * 40))
    lost, silent = codes.copy(), codes.copy()
    lost[:, 20:24], silent[:, 20:24] = -2, -1
    assert runtime.n_concealed == 0
    np.testing.assert_array_equal(runtime.decode(lost), runtime.decode(silent))


def test_training_loses_as_many_frames_as_it_is_told():
    torch.manual_seed(0)
    network = CodecNetwork(dataclasses.replace(TINY, lost_fraction=0.1))
    latent = network._with_losses(torch.ones(2_000, 50, 3))
    is_lost = (latent == 0).all(-1)
    assert ((latent == 0).any(-1) == is_lost).all()
    assert abs(float(is_lost.float().mean()) - 0.1) < 0.01
    assert abs(float(is_lost.any(1).float().mean()) - 0.3) < 0.03
    assert CodecNetwork(TINY)._with_losses(latent) is latent


@pytest.mark.parametrize("kinds", [("noise", "music"), ("music",), ("speech", "noise")])
def test_a_background_is_behind_some_crops_and_coded_by_none(folder, tmp_path, kinds):
    rng = np.random.default_rng(0)
    for kind in kinds:
        (tmp_path / "sounds" / kind).mkdir(parents=True)
        for index in range(3):
            wave = 0.2 * rng.standard_normal((1, 16_000)).astype(np.float32)
            Clip(wave, 16_000).write(tmp_path / "sounds" / kind / f"{index}.wav")
    data = CodecDataSettings(
        crop_frames=12, valid_fraction=0.3, background=str(tmp_path / "sounds"), background_probability=1.0
    )
    made = prepare(CodecRecipe(TINY, data, TrainingSettings(batch_size=3)), scan(folder, "none").entries)
    plain = prepared(folder, tmp_path / "cache")
    assert len(made.batches.rows) == len(plain.batches.rows)
    np.testing.assert_array_equal(made.valid, plain.valid)
    background = [entry for entry in made.train_entries if "sounds" in entry.path.parts]
    assert {entry.path.parent.name for entry in background} == {*kinds} - {"speech"}
    batch = made.batches(0)["wave"]
    assert batch.shape == plain.batches(0)["wave"].shape
    assert np.isfinite(batch).all()
    assert (np.abs(batch).max(1) > 0).all()
    assert not np.array_equal(batch, plain.batches(0)["wave"])


def test_frequencies_are_whole_and_impossible_codes_are_refused(runtime):
    assert runtime.frequencies.shape == (4, 64)
    assert (runtime.frequencies.sum(1) == 2**16).all()
    assert runtime.frequencies.min() >= 1
    with pytest.raises(BadSetting, match="tiny has 4 codebooks, and 5 were asked for; take 1 to 4"):
        runtime.decode(np.zeros((5, 3), np.int16))
    with pytest.raises(BadSetting, match="The codes lie between 0 and 64; they must lie between -2 and 63"):
        runtime.decode(np.array([[0, 64]]))
    with pytest.raises(BadSetting, match=r"must be integers \(2 codebooks, frames\)"):
        runtime.decoder(2).push(np.zeros((1, 3), np.int16))


def test_gains_make_reconstructions_as_loud(exported, monkeypatch):
    runtime, module = exported
    monkeypatch.setattr(gains, "MAX_GAIN_DB", 60.0)  # what a network without training makes is far too quiet
    clips = [0.7**index * sound(40 * 320, seed=index) for index in range(5)]
    codes = [runtime.encode(clip) for clip in clips]
    gains_db, stored = measure_gains(module, clips, codes), runtime.folder.tensors(FREQUENCIES_FILE)
    np.testing.assert_allclose(runtime.gains, 10 ** (stored[GAINS] / 20), rtol=1e-6)
    opened = loading.load(runtime.folder.path)
    monkeypatch.setattr(type(opened.folder), "tensors", lambda *_: {"frequencies": stored["frequencies"]})
    assert (opened.gains == 1).all()  # a model from before there were any
    levelled = loading.load(runtime.folder.path)
    levelled.gains = linear_gains(gains_db, 4)
    assert len(set(gains_db.round(3))) == 4
    for n_codebooks in (1, 3, 4):
        plain = [opened.decode(each[:n_codebooks])[0] for each in codes]
        assert gains_db[n_codebooks - 1] == pytest.approx(level_difference_db(clips, plain), abs=0.05)
        loud = [levelled.decode(each[:n_codebooks])[0] for each in codes]
        np.testing.assert_array_equal(loud[0], amplify(plain[0], levelled.gains[n_codebooks - 1]))
        ratios = [np.square(made).mean() / np.square(clip).mean() for made, clip in zip(loud, clips, strict=True)]
        assert 10 * np.log10(np.median(ratios)) == pytest.approx(0.0, abs=0.5)


@pytest.mark.filterwarnings("error")
def test_amplified_samples_stay_below_full_scale():
    wave = np.linspace(-1.5, 1.5, 300_001).astype(np.float32)
    louder = amplify(wave, np.float32(1.3))
    quiet = np.abs(1.3 * wave) < LIMITER_THRESHOLD
    np.testing.assert_allclose(louder[quiet], 1.3 * wave[quiet], rtol=1e-6)
    assert np.all(np.diff(louder) >= 0)
    assert np.all(np.diff(louder[::1_000]) > 0)
    assert np.abs(louder).max() < 1
    np.testing.assert_array_equal(
        louder, np.concatenate([amplify(each, np.float32(1.3)) for each in np.split(wave, [1, 7, 200_000])])
    )
    np.testing.assert_array_equal(amplify(wave, np.float32(1.0)), wave)


def test_the_level_difference_is_a_clipped_median():
    waves = [np.full(100, level, np.float32) for level in (1.0, 0.5, 0.1)]
    assert level_difference_db(waves, [0.5 * waves[0], 0.25 * waves[1], 0.01 * waves[2]]) == pytest.approx(MAX_GAIN_DB)
    assert level_difference_db(waves, [0.8 * waves[0], 0.9 * waves[1], 1.1 * waves[2]]) == pytest.approx(
        -20 * np.log10(0.9), abs=1e-4
    )
    assert (
        level_difference_db([np.zeros(10)], [np.ones(10)]) == level_difference_db([np.zeros(0)], [np.zeros(0)]) == 0.0
    )
    np.testing.assert_allclose(linear_gains(np.array([0.0, 6.0], np.float32), 2), [1.0, 10**0.3], rtol=1e-6)


@pytest.mark.parametrize(
    "gains", [np.zeros(3, np.float32), np.zeros(4, np.int32), np.full(4, np.nan, np.float32), np.full(4, 20.0)]
)
def test_damaged_gains_are_refused(runtime, gains, monkeypatch):
    opened, frequencies = loading.load(runtime.folder.path), runtime.frequencies.astype(np.int32)
    monkeypatch.setattr(type(opened.folder), "tensors", lambda *_: {"frequencies": frequencies, GAINS: gains})
    with pytest.raises(BadModel, match=r"cannot be used \(The gains are .* copy the model again"):
        opened.decode(np.zeros((4, 3), np.int16))


def test_a_decoder_that_computes_nan_is_refused(runtime, monkeypatch):
    opened = loading.load(str(runtime.folder.path))
    run = type(opened.decoder_session).run

    def damaged(self, names, inputs):
        outputs = run(self, names, inputs)
        outputs[0][0, 0, 0] = np.nan
        return outputs

    monkeypatch.setattr(type(opened.decoder_session), "run", damaged)
    with pytest.raises(BadModel, match="tiny produced NaN or infinite values"):
        opened.decode(np.zeros((4, 3), np.int16))


def test_damaged_frequencies_are_refused(runtime, monkeypatch):
    frequencies = runtime.frequencies.astype(np.int32)
    frequencies[0, 0] += 1
    opened = loading.load(str(runtime.folder.path))
    monkeypatch.setattr(type(opened.folder), "tensors", lambda *_: {"frequencies": frequencies})
    with pytest.raises(BadModel, match="has no valid frequencies; copy the model again"):
        _ = opened.frequencies


def test_losses_fall_and_later_stages_train_the_decoder_then_the_encoder(folder, tmp_path):
    torch.manual_seed(0)
    second = TINY.unquantised_steps + 60
    data = prepared(folder, tmp_path, adversarial_from=second, encoder_from=second + 4)
    codec = CodecNetwork(data.recipe.model)
    assert codec.stage_starts() == (0, second, second + 4)
    optimizers = {name: torch.optim.AdamW(part.parameters(), 2e-3) for name, part in codec.players().items()}
    totals = []
    for step in range(TINY.unquantised_steps - 20, second + 8):
        batch = {name: torch.as_tensor(array) for name, array in data.batches(step).items()}
        before = (
            {name: tensor.clone() for name, tensor in codec.autoencoder.state_dict().items()}
            if step in (second, second + 4)
            else None
        )
        for player_name, losses_of in codec.turns(step):
            losses, weights = losses_of(batch), codec.loss_weights(step)
            assert losses.keys() <= weights.keys()
            total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
            total.backward(inputs=list(codec.players()[player_name].parameters()))
            optimizers[player_name].step()
            optimizers[player_name].zero_grad()
        if step < second:
            totals.append(float(losses["mel/l1"].detach()))
        if before is not None:
            moved = {
                name for name, tensor in codec.autoencoder.state_dict().items() if not torch.equal(tensor, before[name])
            }
            assert moved
            assert all(
                name.startswith("decoder") if step == second else name.startswith("encoder") or ".in_proj." in name
                for name in moved
            )
    assert np.mean(totals[-10:]) < 0.9 * np.mean(totals[:5])


SHORT = (
    "model.unquantised_steps=1",
    "data.crop_frames=12",
    "training.batch_size=2",
    "training.threads=1",
    "training.evaluate_every=2",
)


def test_a_finished_run_has_a_context_model(folder, tmp_path, monkeypatch):
    made = []
    final_files = CodecTraining.final_files
    monkeypatch.setattr(CodecTraining, "final_files", lambda *arguments: made.append(1) or final_files(*arguments))
    train(TrainParameters(folder, "codec", "tiny", tmp_path / "run", set=[*SHORT, "training.steps=5"], quiet=True))
    assert len(made) == 1  # not at every evaluation: it takes minutes
    runtime = loading.load(str(tmp_path / "run"))
    assert runtime.contexts is not None
    runtime.folder.verify()
    Clip(sound(9_000)[None], 16_000).write(tmp_path / "a.wav")
    result = encode(tmp_path / "a.wav", kbps=1, model=str(tmp_path / "run"))
    assert result.out.read_bytes()[3] == CONTEXTUAL
    decoded = Clip.read(decode(result.out, model=str(tmp_path / "run")).out).wave
    codes = runtime.encode(Clip.read(tmp_path / "a.wav").wave[0])[: result.details["n_codebooks"]]
    np.testing.assert_allclose(decoded, runtime.decode(codes)[:, :9_000], atol=2**-15)

    # A file that needs contexts is refused by a model without, in one sentence.
    monkeypatch.setattr(type(runtime), "contexts", None)
    with pytest.raises(
        BadModel, match=r"a\.wwc needs the context model of run, whose folder has none; copy the model again"
    ):
        decode(result.out, model=str(tmp_path / "run"))
    assert (
        encode(tmp_path / "a.wav", kbps=1, model=str(tmp_path / "run"), out=tmp_path / "c.wwc").out.read_bytes()[3]
        == STATIC
    )


def test_an_unfinished_run_has_no_context_model(folder, tmp_path):
    train(
        TrainParameters(
            folder,
            "codec",
            "tiny",
            tmp_path / "run",
            set=[*SHORT, "training.steps=100000"],
            max_minutes=1e-4,
            quiet=True,
        )
    )
    assert loading.load(str(tmp_path / "run")).contexts is None


def test_damaged_contexts_are_refused(folder, tmp_path):
    train(TrainParameters(folder, "codec", "tiny", tmp_path / "run", set=[*SHORT, "training.steps=2"], quiet=True))
    model = ModelFolder(tmp_path / "run")
    tensors = model.tensors(CONTEXTS_FILE)
    replace_tensors(model, CONTEXTS_FILE, {name: table for name, table in tensors.items() if name != "mix"})
    with pytest.raises(
        BadModel, match=r"contexts\.safetensors cannot be used \(The tables mix are missing\); copy the model again"
    ):
        _ = loading.load(str(tmp_path / "run")).contexts


def test_a_codec_starts_from_another(exported, folder, tmp_path):
    base = exported.runtime.folder
    recipe = fine_tuning(base)
    assert dataclasses.replace(recipe.model, unquantised_steps=1_500, adversarial_from=0, encoder_from=0) == TINY
    codec = CodecNetwork(recipe.model)
    state = {name: torch.from_numpy(array) for name, array in initial_weights(base, recipe.model).items()}
    codec.inference_module().load_state_dict(state)
    wave = torch.from_numpy(sound(20 * TINY.hop_length)[None])
    module = codec.autoencoder.eval()
    expected = exported.module.encode(wave)
    assert torch.equal(module.encode(wave), expected)
    torch.testing.assert_close(module.decode(expected), exported.module.decode(expected))
    before = state["quantizer.quantizers.0.codebook"].clone()
    data = prepared(folder, tmp_path)
    batch = {name: torch.as_tensor(array) for name, array in data.batches(0).items()}
    losses = codec.train().turns(0)[0][1](batch)
    assert float(losses["vq/commitment"].detach()) > 0  # codes are used from the first step on
    assert not torch.equal(module.quantizer.quantizers[0].codebook, before)


def test_a_run_starts_from_the_weights_of_a_model(exported, folder, tmp_path):
    base = exported.runtime.folder
    settings = [*SHORT[1:], "training.steps=2"]
    train(TrainParameters(folder, "codec", "tiny", tmp_path / "run", set=settings, from_=str(base.path), quiet=True))
    before, after = base.weights(), ModelFolder(tmp_path / "run").weights()
    assert before.keys() == after.keys()
    networks = [
        name for name in before if name.startswith(("encoder.encoder.", "decoder.decoder.")) and "/" not in name
    ]
    assert len(networks) > 20
    for name in networks:  # two steps of the warm-up change little
        np.testing.assert_allclose(after[name], before[name], atol=1e-3)


def test_a_larger_encoder_starts_as_the_smaller_one(exported):
    """Further blocks add nothing at first, and further frames of look-ahead have weights of 0."""
    larger = dataclasses.replace(TINY, encoder_blocks=3, encoder_look_ahead=2)
    module = CodecAutoencoder(larger)
    state = initial_weights(exported.runtime.folder, larger)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    wave = torch.from_numpy(sound(30 * TINY.hop_length))[None]
    with torch.no_grad():
        expected, actual = exported.module.latent(wave), module.eval().latent(wave)
    torch.testing.assert_close(
        actual[:, 8:], expected[:, 8:], atol=1e-4, rtol=1e-4
    )  # what comes before the start differs


def test_spectral_distances_of_phase_and_level():
    wave = torch.from_numpy(sound(8_000))[None]
    for estimate, with_phase, without in ((wave, 0, 0), (-wave, 4, 0), (0 * wave, 1, 1), (4 * wave, 1, 1)):
        distances = compressed_distances(wave, estimate, 256, 0.5)  # four times the wave is twice its compressed self
        np.testing.assert_allclose([float(value) for value in distances], [with_phase, without], atol=0.02)


def test_batches_are_a_function_of_the_step_and_use_every_number_of_codebooks(folder, tmp_path):
    data = prepared(folder, tmp_path)
    one, again = data.batches(7), data.batches(7)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert one["wave"].shape == (3, 12 * 320)
    assert one["wave"].dtype == np.float32
    assert {int(n) for step in range(60) for n in data.batches(step)["n_codebooks"]} == {1, 2, 3, 4}
    assert data.evaluated_codebooks == (1, 2, 4)


def test_crops_are_resampled_tilted_and_mixed(tmp_path):
    time = np.arange(32_000) / 16_000
    for number, hz in enumerate((500, 500, 500, 500)):
        soundfile.write(tmp_path / f"{number}.wav", 0.5 * np.sin(2 * np.pi * hz * time), 16_000)
    recipe = CodecRecipe(TINY, CodecDataSettings(crop_frames=50, valid_fraction=0.0), TrainingSettings(batch_size=3))
    entries = scan(tmp_path).entries

    def spectrum(**changes):
        data = dataclasses.replace(recipe.data, gain_range_db=0.0, **changes)
        wave = prepare(dataclasses.replace(recipe, data=data), entries, tmp_path / "cache").batches(1)["wave"]
        assert wave.shape == (3, 50 * 320)
        assert wave.dtype == np.float32
        return np.abs(np.fft.rfft(wave * np.hanning(wave.shape[1])))  # 1 Hz a bin

    plain = spectrum()
    assert (plain.argmax(1) == 500).all()
    assert (spectrum(slowest=1.1, fastest=1.1).argmax(1) == 550).all()
    tilted_db = 20 * np.log10(spectrum(tilt_db=6.0)[:, 500] / plain[:, 500])
    assert np.all(np.abs(tilted_db) < 6.05)  # 500 Hz lies one octave below 1 kHz
    assert np.ptp(tilted_db) > 0.5
    mixed = spectrum(mixed_fraction=1.0)[:, 500] / plain[:, 500]
    assert np.all(np.abs(mixed - 1) < 10 ** (-5 / 20) + 0.01)
    assert not np.allclose(mixed, 1, atol=1e-3)


def test_a_tilt_is_so_many_decibels_an_octave():
    click = np.zeros(1_600, np.float32)
    click[800] = 1
    gain_db = 20 * np.log10(np.abs(np.fft.rfft(tilt_spectrum(click, 3.0, 16_000))))  # 10 Hz a bin
    np.testing.assert_allclose(gain_db[[100, 200, 400, 50, 7, 1]], [0, 3, 6, -3, 3 * np.log2(0.07), -12], atol=0.02)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hop_length": 321}, "hop_length is 321; it must be a multiple of n_subframes"),
        ({"codebook_size": 100}, "codebook_size is 100; it must be a power of 2 from 4 to 4096"),
        ({"quantizer": "finite", "codebook_size": 512}, "with quantizer finite it must be a power of 4"),
        ({"labels": ("a",)}, "A codec has no labels"),
        ({"n_codebooks": 0}, "n_codebooks is 0; it must lie between 1 and 32"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(BadSetting, match=message):
        CodecConfig(**settings)


def test_impossible_variations_are_refused():
    with pytest.raises(BadSetting, match="the slowest speed must not be the larger"):
        CodecDataSettings(slowest=1.2, fastest=1.1)


def test_an_unknown_metric_is_refused():
    with pytest.raises(BadSetting, match=r"metric is 'loss'; a codec is measured by valid/mel, valid/phase \("):
        CodecRecipe(CodecConfig(), CodecDataSettings(), TrainingSettings(metric="loss"))


def test_the_hash_of_codes_is_that_of_the_networks(exported, tmp_path):
    """Other tables of frequencies leave the hash of the codes as it is, and other weights do not."""
    card = exported.runtime.card
    for name, is_same in (
        (CONTEXTS_FILE, True),
        ("frequencies.safetensors", True),
        ("weights.safetensors", False),
        ("encoder.onnx", False),
    ):
        (tmp_path / name).mkdir()
        write_card(tmp_path / name, card.model_copy(update={"files": card.files | {name: "0" * 64}}))
        folder = ModelFolder(tmp_path / name)
        assert folder.hash != exported.runtime.folder.hash
        assert (CodecRuntime(folder).codes_hash == exported.runtime.codes_hash) == is_same
