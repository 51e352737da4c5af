"""Removal of echo: the delay search, the Kalman filter, streams, and the command."""

import numpy as np
import pytest
from scipy.fft import rfft
from scipy.signal import lfilter, resample_poly

from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.dsp.echo import DelaySearch, EchoSettings, LinearEchoCanceller
from wavewright.dsp.echo_kernels import adapt, filtered
from wavewright.inference.enhancement.echo import CHECK_RATE, LinearCanceller, echo_delay
from wavewright.tasks.cancel_echo import cancel_echo

RATE = 16_000


def speech(seconds, seed):
    """Return noise with the spectrum and the pauses of speech, ``(time,)``."""
    rng = np.random.default_rng(seed)
    n_samples = round(seconds * RATE)
    coloured = lfilter([1], [1, -0.9], rng.standard_normal(n_samples))
    syllables = np.repeat(rng.random(n_samples // 2_000 + 1) > 0.3, 2_000)[:n_samples]
    return (0.02 * coloured * syllables).astype(np.float32)


def path(seed, delay_seconds=0.0):
    """Return the impulse response of a room after a delay, ``(time,)``."""
    rng = np.random.default_rng([seed, 1])
    response = rng.standard_normal(1_600) * 10 ** (-3 * np.arange(1_600) / (0.15 * RATE))
    return np.concatenate([np.zeros(round(delay_seconds * RATE)), 0.5 * response / np.linalg.norm(response)])


def echo_of(far, response):
    return np.convolve(far, response)[: len(far)].astype(np.float32)


def erle_db(echo, left, start, end):
    seconds = slice(round(start * RATE), round(end * RATE))
    return 10 * np.log10(np.mean(echo[seconds] ** 2) / np.mean(left[seconds] ** 2))


def linear(microphone, far):
    stream = LinearCanceller(RATE).stream()
    return np.concatenate([*stream.process_blocks([np.stack([microphone, far])])], axis=1)[0], stream


def later(wave, samples):
    """Return a wave that comes some samples later, or earlier if they are negative."""
    return np.pad(wave, (max(samples, 0), max(-samples, 0)))[max(-samples, 0) :][: len(wave)]


def drifting(wave, ppm):
    """Return a wave that gets later by some samples in a million, interpolated at four times its rate."""
    position = np.arange(len(wave)) * (1 - 1e-6 * ppm)
    return np.interp(4 * position, np.arange(4 * len(wave)), resample_poly(wave, 4, 1)).astype(np.float32)


def blocks(wave, block_length=256):
    return wave[: len(wave) // block_length * block_length].reshape(-1, block_length)


def frame_spectra(wave):
    """Return the spectrum of each block after the one before it."""
    padded = np.concatenate([np.zeros((1, 256), np.float32), blocks(wave)])
    return rfft(np.concatenate([padded[:-1], padded[1:]], axis=1))


class TestLinearCanceller:
    @pytest.mark.parametrize("delay_seconds", [0.0, 0.1, 0.5])
    def test_the_echo_of_any_delay_is_removed(self, delay_seconds):
        far = speech(8, 0)
        echo = echo_of(far, path(0, delay_seconds))
        left, _ = linear(echo, far)
        assert erle_db(echo, left, 5, 8) > 20

    def test_the_delay_is_found_to_a_block(self):
        far, stream = speech(4, 1), LinearCanceller(RATE).stream()
        assert stream.delay_seconds is None
        stream.push(np.stack([echo_of(far, path(1, 0.3)), far]))
        assert abs(stream.delay_seconds - 0.3) < 3 * 256 / RATE

    def test_a_near_end_without_echo_passes(self):
        near, far = speech(12, 2), speech(12, 3)
        left, _ = linear(near, far)
        assert np.sum((near - left)[2 * RATE :] ** 2) < 1e-3 * np.sum(near[2 * RATE :] ** 2)
        unchanged, _ = linear(near, np.zeros_like(near))
        np.testing.assert_allclose(unchanged, near, atol=1e-6)

    def test_double_talk_leaves_the_near_end(self):
        near, far = speech(12, 4), speech(12, 5)
        near[: 5 * RATE] = 0
        echo = echo_of(far, path(5, 0.05))
        left, _ = linear(near + echo, far)
        assert erle_db(echo, left - near, 8, 12) > 12

    @pytest.mark.parametrize("other", [path(7, 0.02), path(6, 0.35)])
    def test_another_path_is_learned(self, other):
        far = speech(16, 6)
        echo = echo_of(far, path(6, 0.02))
        echo[5 * RATE :] = echo_of(far, other)[5 * RATE :]
        left, _ = linear(echo, far)
        assert erle_db(echo, left, 3, 5) > 20
        assert erle_db(echo, left, 13, 16) > 18

    @pytest.mark.parametrize("samples", [1_920, -700, 80, 5_000])
    def test_after_a_jump_in_double_talk_the_path_continues_at_once(self, samples):
        near, far = 0.5 * speech(8, 17), speech(8, 18)
        near[: 5 * RATE] = 0
        echo = echo_of(far, path(19, 0.06))
        jump = 6 * RATE
        echo[jump:] = later(echo, samples)[jump:]
        left, _ = linear(near + echo, far)
        assert erle_db(echo, left - near, 5, 6) > 10
        assert erle_db(echo, left - near, 6.6, 8) > 10

    @pytest.mark.parametrize("ppm", [-100, 0, 60])
    def test_a_drift_of_the_delay_is_followed(self, ppm):
        near, far = 0.5 * speech(14, 20), speech(14, 21)
        near[: 10 * RATE] = 0
        microphone = drifting(echo_of(far, path(22, 0.06)), ppm)
        canceller = LinearEchoCanceller(RATE)
        pairs = zip(blocks(microphone + near), blocks(far), strict=True)
        left = np.concatenate([canceller.process(*pair)[0] for pair in pairs])
        assert abs(canceller.drift_ppm - ppm) < 10
        assert erle_db(microphone, left - near[: len(left)], 8, 10) > 20
        assert erle_db(microphone, left - near[: len(left)], 11, 13.9) > 15

    @pytest.mark.parametrize("max_delay_blocks", [0, 1, 3])
    def test_the_delay_stays_within_its_limit(self, max_delay_blocks):
        far = speech(6, 27)
        echo = echo_of(far, path(28, 0.1))
        echo[4 * RATE :] = later(echo, 2_000)[4 * RATE :]
        canceller = LinearEchoCanceller(RATE, EchoSettings(max_delay_blocks=max_delay_blocks))
        for pair in zip(blocks(echo), blocks(far), strict=True):
            assert np.isfinite(canceller.process(*pair)[0]).all()
        assert (canceller.delay_seconds or 0) <= max_delay_blocks * 256 / RATE

    def test_blocks_of_another_length_are_refused(self):
        with pytest.raises(BadSetting, match=r"both must be \(256,\)"):
            LinearEchoCanceller(RATE).process(np.zeros(100, np.float32), np.zeros(256, np.float32))

    def test_settings_have_ranges(self):
        with pytest.raises(BadSetting, match="block_length"):
            EchoSettings(block_length=0)


class TestDelaySearch:
    @pytest.mark.parametrize("samples", [0, 1_000, -333, 80])
    def test_a_jump_is_found_to_a_sample(self, samples):
        far, response = speech(2, 23), path(24).astype(np.float32)
        spectra = rfft(np.pad(blocks(np.pad(response, (0, 7 * 256 - len(response)))), ((0, 0), (0, 256))))
        echo = later(echo_of(far, response), 1_024)
        echo[RATE:] = later(echo, samples)[RATE:]
        microphone = echo + 0.3 * speech(2, 25)
        search = DelaySearch(41, 7, 256, RATE / 256)
        far_spectra, found = frame_spectra(far), []
        history = np.zeros((41, 257), np.complex64)
        for spectrum, microphone_spectrum in zip(far_spectra, frame_spectra(microphone), strict=True):
            history = np.concatenate([spectrum[None], history[:-1]])
            search.update(microphone_spectrum, history)
            found.append(search.jump(spectra, 4, history))
        assert set(found) == {0, samples}


class TestKernels:
    def test_the_update_is_that_of_its_formula(self):
        rng = np.random.default_rng(26)

        def complex_normal(*shape):
            return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)

        far, weights, error = complex_normal(3, 9), complex_normal(3, 9), complex_normal(9)
        uncertainty, noise = rng.random((3, 9)).astype(np.float32), rng.random(9).astype(np.float32)
        echo = np.zeros(9, np.complex64)
        filtered(far, weights, echo)
        np.testing.assert_allclose(echo, (far * weights).sum(0), rtol=1e-5)

        step = uncertainty / ((uncertainty * np.abs(far) ** 2).sum(0) + 2 * noise + 0.1)
        moved = 0.9 * (weights + step * far.conj() * error) * np.exp(-1j * 0.05 * np.pi * np.arange(9) / 8)
        power = np.abs(weights) ** 2
        partition_power = power.mean(1, keepdims=True)
        partition_power[:-1] += 0.05 * power.mean(1, keepdims=True)[1:]
        variance = 0.81 * (1 - step * np.abs(far) ** 2 / 2) * uncertainty + 0.2 * power + 0.3 * partition_power
        adapt(
            far,
            error,
            noise,
            *np.array([0.1, 0.9, 0.2, 0.3, 0.05], np.float32),
            weights,
            uncertainty,
            np.zeros(9, np.float32),
            echo,
            np.zeros(4, np.float32),
        )
        np.testing.assert_allclose(weights, moved, rtol=1e-5)
        np.testing.assert_allclose(uncertainty, variance, rtol=1e-5)


class TestStream:
    def test_chunks_of_any_sizes_give_the_same_samples(self):
        far = speech(2, 8)
        waves = np.stack([echo_of(far, path(8, 0.05)), far])
        whole, _ = linear(*waves)
        rng = np.random.default_rng(0)
        for largest in (1, 100, 5_000):
            stream, parts, position, end = LinearCanceller(RATE).stream(), [], 0, 3_000 if largest == 1 else len(far)
            while position < end:
                length = int(rng.integers(1, largest + 1))
                parts.append(stream.push(waves[:, position : min(position + length, end)])[0])
                position += length
            got = np.concatenate(parts)[stream.latency_samples :]
            assert np.array_equal(got, whole[: len(got)])

    def test_a_restored_stream_continues_with_the_same_samples(self):
        far = speech(3, 9)
        microphone = drifting(echo_of(far, path(9, 0.4)), 100)
        microphone[2 * RATE :] = later(microphone, 300)[2 * RATE :]
        stream, other = LinearCanceller(RATE).stream(), LinearCanceller(RATE).stream()
        first, second = np.split(np.stack([microphone, far]), [33_001], axis=1)
        stream.push(first)
        other.restore(stream.state())
        assert np.array_equal(other.push(second), stream.push(second))
        assert other.delay_seconds == stream.delay_seconds

    def test_a_microphone_alone_is_refused(self):
        with pytest.raises(BadAudio, match=r"it must be \(2, time\)"):
            LinearCanceller(RATE).stream().push(np.zeros((1, 5), np.float32))


class TestDelayCheck:
    @pytest.mark.parametrize("delay_seconds", [-2.0, 0.0, 0.25, 4.0])
    def test_the_delay_is_that_of_the_echo(self, delay_seconds):
        far = speech(12, 10)
        n_shift = round(abs(delay_seconds) * CHECK_RATE)
        later, earlier = far[: len(far) - n_shift], far[n_shift:]
        microphone, reference = (0.5 * later, earlier) if delay_seconds < 0 else (0.5 * earlier, later)
        found = echo_delay(microphone, reference) if delay_seconds < 0 else echo_delay(reference, microphone)
        assert abs(abs(found) - abs(delay_seconds)) < 0.01

    def test_recordings_that_do_not_belong_together_have_none(self):
        assert echo_delay(speech(10, 11), speech(10, 12)) is None


class TestCommand:
    def recordings(self, folder, delay_seconds=0.1, rate=RATE):
        far = speech(8, 13)
        microphone = echo_of(far, path(13, delay_seconds))
        for name, wave in (("mic.wav", microphone), ("far.wav", far)):
            clip = Clip(wave[None], RATE)
            (clip if rate == RATE else clip.resample(rate)).write(folder / name)
        return folder / "mic.wav", folder / "far.wav"

    @pytest.mark.parametrize("rate", [RATE, 22_050])
    def test_the_echo_is_removed(self, tmp_path, rate):
        mic, far = self.recordings(tmp_path, rate=rate)
        result = cancel_echo(mic, far, tmp_path / "out.wav", linear=True, quiet=True)
        before, after = Clip.read(mic), Clip.read(tmp_path / "out.wav")
        assert after.wave.shape == before.wave.shape
        assert after.sample_rate == rate
        late = slice(5 * rate, None)
        assert np.mean(after.wave[:, late] ** 2) < 0.02 * np.mean(before.wave[:, late] ** 2)
        assert ("lost" in str(result)) == (rate > RATE)

    def test_each_channel_has_an_echo_of_its_own(self, tmp_path):
        far = speech(6, 14)
        microphone = np.stack([echo_of(far, path(14, 0.05)), echo_of(far, path(15, 0.2))])
        Clip(microphone, RATE).write(tmp_path / "mic.wav")
        Clip(np.stack([far, far]), RATE).write(tmp_path / "far.wav")
        cancel_echo(tmp_path / "mic.wav", tmp_path / "far.wav", tmp_path / "out.wav", linear=True, quiet=True)
        left = Clip.read(tmp_path / "out.wav").wave
        assert all(erle_db(microphone[channel], left[channel], 4, 6) > 15 for channel in range(2))

    def test_what_the_file_holds_beside_its_sound_is_kept_and_a_file_that_is_up_to_date(self, tmp_path):
        mic, far = self.recordings(tmp_path)
        Clip.read(mic).write(mic, "PCM_24", {"title": "Call", "comment": "of Monday"})
        out = tmp_path / "out.wav"
        assert cancel_echo(mic, far, out, linear=True, quiet=True).is_new
        sound, written = open_sound(out), out.stat().st_mtime_ns
        assert (sound.tags["title"], sound.header.subtype) == ("Call", "PCM_24")
        known = {"model": "linear", "source": mic.name, "far_hash": open_sound(far).hash, "source_comment": "of Monday"}
        assert known.items() <= sound.origin.items()
        again = cancel_echo(mic, far, out, linear=True, quiet=True)
        assert not again.is_new
        assert "kept, it is up to date" in str(again)
        assert out.stat().st_mtime_ns == written
        Clip.read(far).write(far, "PCM_24")
        assert cancel_echo(mic, far, out, linear=True, quiet=True).is_new

    @pytest.mark.parametrize("factor", [0.4, 2])
    def test_a_far_end_of_another_length_is_cut_or_silent(self, tmp_path, factor):
        mic, far = self.recordings(tmp_path)
        clip = Clip.read(far)
        n_samples = round(factor * clip.n_samples)
        wave = np.pad(clip.wave, ((0, 0), (0, max(n_samples - clip.n_samples, 0))))[:, :n_samples]
        Clip(wave, RATE).write(far)
        cancel_echo(mic, far, tmp_path / "out.wav", linear=True, quiet=True)
        assert Clip.read(tmp_path / "out.wav").n_samples == Clip.read(mic).n_samples

    def test_what_is_wrong_is_said_in_words(self, tmp_path):
        mic, far = self.recordings(tmp_path, delay_seconds=0.3)
        other = tmp_path / "other.wav"
        Clip(speech(8, 16)[None], RATE).write(other)
        late = tmp_path / "late.wav"
        Clip(np.pad(Clip.read(mic).wave, ((0, 0), (RATE, 0))), RATE).write(late)
        for arguments, match in (
            ((far, mic), "the files are swapped"),
            ((mic, other), "do not belong together"),
            ((late, far), r"comes 1\.30. s after .* are searched; put 1\.2 s of silence before"),
        ):
            with pytest.raises(BadAudio, match=match):
                cancel_echo(*arguments, tmp_path / "out.wav", linear=True, quiet=True)
        assert not (tmp_path / "out.wav").exists()
        cancel_echo(mic, other, tmp_path / "out.wav", linear=True, unchecked=True, quiet=True)

    def test_a_silent_far_end_changes_nothing(self, tmp_path):
        mic, far = self.recordings(tmp_path)
        Clip(np.zeros((1, 500), np.float32), RATE).write(far)
        result = cancel_echo(mic, far, tmp_path / "out.wav", linear=True, quiet=True)
        assert "far.wav is silent" in str(result)
        np.testing.assert_allclose(Clip.read(tmp_path / "out.wav").wave, Clip.read(mic).wave, atol=1e-4)

    def test_refuses(self, tmp_path):
        mic, far = self.recordings(tmp_path)
        with pytest.raises(BadSetting, match="never replaced"):
            cancel_echo(mic, far, mic, linear=True)
        with pytest.raises(BadModel):
            cancel_echo(mic, far, tmp_path / "out.wav", model="no-such-model")
