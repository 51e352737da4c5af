"""Enhancement: streams of a denoiser, files, folders, and sound on standard input."""

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_families import trained

from wavewright import models
from wavewright.audio import clip
from wavewright.audio.clip import Clip
from wavewright.audio.pcm import to_pcm
from wavewright.audio.sound_file import read_origin
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.contracts.enhancement import AttenuationLimit, EnhancementSettings
from wavewright.data.folder import scan
from wavewright.dsp.wpe import dereverberate
from wavewright.families import loading
from wavewright.inference.enhancement.files import Enhancement
from wavewright.inference.enhancement.sound import model_for
from wavewright.plots import read_png_title
from wavewright.tasks.edit import edit
from wavewright.tasks.enhance import enhance, enhance_stream, enhancement_of

pytestmark = pytest.mark.uses("denoiser")


@pytest.fixture(scope="module")
def folder():
    return trained("denoiser").out


@pytest.fixture(scope="module")
def model(folder):
    return loading.load_enhancer(folder)


def noisy(n_samples, n_channels=1, seed=0, level=0.1):
    rng = np.random.default_rng(seed)
    tone = np.sin(2 * np.pi * 0.01 * np.arange(n_samples))
    return (level * (tone + rng.standard_normal((n_channels, n_samples)))).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 192_000])
def test_a_denoiser_is_bundled_for_every_rate(sample_rate):
    assert (models.BUNDLED_FOLDER / model_for(sample_rate)).is_dir()


class TestStream:
    @pytest.mark.parametrize("settings", [EnhancementSettings(), EnhancementSettings(True, 12, 0.7, is_linked=False)])
    def test_chunks_of_any_sizes_give_the_same_samples(self, model, settings):
        wave, rng = noisy(9_001, 2), np.random.default_rng(3)
        whole = model.enhance(wave, settings)
        for largest in (1, 7, 300, 6_000):
            stream, parts, position = model.stream(2, settings), [], 0
            while position < wave.shape[1]:
                chunk = wave[:, position : position + int(rng.integers(0 if largest > 1 else 1, largest + 1))]
                parts.append(stream.push(chunk))
                assert parts[-1].shape == chunk.shape
                position += chunk.shape[1]
            parts.append(stream.finish())
            assert np.array_equal(np.concatenate(parts, axis=1)[:, stream.latency_samples :], whole)

    def test_a_restored_stream_continues_with_the_same_samples(self, model):
        wave = noisy(5_000)
        stream, other = model.stream(), model.stream()
        stream.push(wave[:, :1_777])
        state = stream.state()
        other.restore(state)
        expected = stream.push(wave[:, 1_777:])
        assert np.array_equal(other.push(wave[:, 1_777:]), expected)
        other.restore(state)  # which the stream did not change
        assert np.array_equal(other.push(wave[:, 1_777:]), expected)

    def test_a_state_that_does_not_fit_is_refused(self, model):
        stream = model.stream(2)
        for state in ({}, model.stream(1).state(), {**stream.state(), "filling": np.zeros((2, 10**6), np.float32)}):
            with pytest.raises(BadSetting, match="does not belong to a stream of this model"):
                stream.restore(state)

    def test_reset_is_a_new_stream(self, model):
        wave, stream = noisy(3_000), model.stream()
        first = stream.push(wave)
        stream.reset()
        assert np.array_equal(stream.push(wave), first)
        stream.finish()
        assert np.array_equal(stream.push(wave), first)

    def test_a_chunk_that_is_refused_leaves_the_stream_as_it_was(self, model):
        wave, stream = noisy(3_000), model.stream()
        expected = model.stream().push(wave)
        begun = stream.push(wave[:, :1_000])
        for bad in (
            wave[:, :10] * np.nan,
            np.zeros((2, 5), np.float32),
            np.zeros(5, np.float32),
            np.zeros((1, 4), int),
        ):
            with pytest.raises(BadAudio, match="has shape"):
                stream.push(bad)
        assert np.array_equal(np.concatenate([begun, stream.push(wave[:, 1_000:])], axis=1), expected)

    @pytest.mark.parametrize("settings", [EnhancementSettings(mix=0), EnhancementSettings(max_attenuation_db=0)])
    @pytest.mark.parametrize("n_samples", [1, 127, 128, 4_099])
    def test_without_enhancement_the_sound_comes_back_in_time(self, model, settings, n_samples):
        wave = noisy(n_samples, 2)
        np.testing.assert_allclose(model.enhance(wave, settings), wave, atol=1e-6)

    def test_mix_is_linear(self, model):
        wave = noisy(4_000)
        full, half = model.enhance(wave), model.enhance(wave, EnhancementSettings(mix=0.5))
        np.testing.assert_allclose(half, (full + wave) / 2, atol=1e-5)

    def test_linked_channels_keep_their_image(self, model):
        wave = noisy(6_000)
        stereo = np.concatenate([wave, -0.3 * wave])
        left, right = model.enhance(stereo)
        np.testing.assert_allclose(right, -0.3 * left, atol=1e-5)

    def test_separate_channels_do_not_depend_on_each_other(self, model):
        wave = noisy(4_000, 2)
        separate = model.enhance(wave, EnhancementSettings(is_linked=False))
        np.testing.assert_allclose(separate[1], model.enhance(wave[1]), atol=1e-5)

    def test_the_level_changes_nothing(self, model):
        wave = noisy(6_000, level=0.3)
        quiet = model.enhance(0.001 * wave)
        np.testing.assert_allclose(1_000 * quiet, model.enhance(wave), atol=2e-3)

    @pytest.mark.parametrize("wave", [np.zeros(3_000, np.float32), np.full(3_000, 0.5, np.float32)])
    def test_silence_and_dc_are_finite(self, model, wave):
        assert np.isfinite(model.enhance(wave)).all()

    @pytest.mark.parametrize(("ratio_db", "limit_db"), [(-5, 40.0), (10, 40.0), (19, 32.0), (23, 24.0), (60, 24.0)])
    def test_noise_is_attenuated_the_more_the_louder_it_is(self, ratio_db, limit_db):
        speech, noise = np.tile([1e-3] * 60 + [1e-9] * 40, (2, 20)), 1e-3 * 10 ** (-ratio_db / 10)
        removed = np.full(speech.shape, noise)
        limit = AttenuationLimit(EnhancementSettings(), 2, 0.016)
        halves = [
            limit.fractions(part, gone)
            for part, gone in zip(np.split(speech, 2, 1), np.split(removed, 2, 1), strict=True)
        ]
        attenuation_db = -20 * np.log10(1 - halves[1])
        np.testing.assert_allclose(attenuation_db, limit_db, atol=0.5)
        whole = AttenuationLimit(EnhancementSettings(), 2, 0.016).fractions(1e-4 * speech, 1e-4 * removed)
        np.testing.assert_allclose(np.concatenate(halves, 1), whole, atol=1e-6)

    def test_a_limit_of_its_own_is_kept_in_every_frame(self):
        limit = AttenuationLimit(EnhancementSettings(max_attenuation_db=12.0, mix=0.5), 1, 0.016)
        np.testing.assert_allclose(limit.fixed, 0.5 * (1 - 10 ** (-12 / 20)))
        assert AttenuationLimit(EnhancementSettings(max_attenuation_db=120.0), 1, 0.016).fixed == 1.0
        assert AttenuationLimit(EnhancementSettings(), 1, 0.016).fixed is None

    @pytest.mark.parametrize("arguments", [{"mix": 1.5}, {"mix": np.nan}, {"max_attenuation_db": -1.0}])
    def test_settings_out_of_range_are_refused(self, arguments):
        with pytest.raises(BadSetting, match="must lie between"):
            EnhancementSettings(**arguments)


class TestFiles:
    @pytest.mark.parametrize(
        ("rate", "n_channels", "n_samples"), [(8_000, 1, 3_001), (44_100, 2, 22_057), (16_000, 3, 5)]
    )
    def test_rate_channels_and_length_stay(self, folder, tmp_path, rate, n_channels, n_samples):
        path = tmp_path / "in.wav"
        Clip(noisy(n_samples, n_channels), rate).write(path, "PCM_24")
        result = enhance(path, tmp_path / "out.wav", model=str(folder), quiet=True)
        clip = Clip.read(tmp_path / "out.wav")
        assert (clip.sample_rate, clip.wave.shape) == (rate, (n_channels, n_samples))
        assert result.is_new
        assert result.by == f"tiny ({loading.load(folder).folder.hash})"
        assert ("lost" in str(result)) == (rate > 16_000)

    @pytest.mark.parametrize("rate", [8_000, 44_100])
    def test_a_resampled_sound_stays_in_time(self, folder, tmp_path, rate):
        wave = np.zeros((1, rate), np.float32)
        wave[:, rate // 2] = 0.9
        Clip(wave, rate).write(tmp_path / "in.wav", "FLOAT")
        enhance(tmp_path / "in.wav", tmp_path / "out.wav", mix=0, model=str(folder), quiet=True)
        assert np.abs(Clip.read(tmp_path / "out.wav").wave).argmax() == rate // 2

    def test_wpe_keeps_length_and_needs_no_model(self, tmp_path):
        Clip(noisy(33_333, 2), 22_050).write(tmp_path / "in.flac")
        result = enhance(tmp_path / "in.flac", tmp_path / "out.flac", dereverb=True, quiet=True)
        assert Clip.read(tmp_path / "out.flac").n_samples == 33_333
        assert result.by == "WPE (weighted prediction error)"

    def test_long_recordings_are_written_as_rf64(self, folder, tmp_path, monkeypatch):
        Clip(noisy(8_000), 16_000).write(tmp_path / "in.wav")
        monkeypatch.setattr(clip, "MAX_CHUNK_FILE_BYTES", 10_000)
        result = enhance(tmp_path / "in.wav", model=str(folder), quiet=True)
        assert result.out.read_bytes()[:4] == b"RF64"
        assert Clip.read(result.out).n_samples == 8_000

    @pytest.mark.parametrize(("mix", "limit_db"), [(1.0, None), (0.6, None), (0.6, 30.0)])
    def test_dereverberation_with_the_model_is_wpe_and_then_the_model(self, folder, tmp_path, mix, limit_db):
        wave = noisy(40_000, 2)
        Clip(wave, 16_000).write(tmp_path / "in.wav", "FLOAT")
        options = {"denoise": True, "dereverb": True, "mix": mix, "max_attenuation_db": limit_db, "model": str(folder)}
        result = enhance(tmp_path / "in.wav", tmp_path / "out.wav", quiet=True, **options)
        settings = EnhancementSettings(dereverb=True, max_attenuation_db=12.0 if limit_db is None else limit_db)
        both = loading.load_enhancer(str(folder)).enhance(dereverberate(wave, 16_000), settings)
        np.testing.assert_allclose(Clip.read(result.out).wave, mix * both + (1 - mix) * wave, atol=1e-5)
        assert result.by.startswith("WPE and ")

    @pytest.mark.parametrize("asked", [{"denoise": True}, {"max_attenuation_db": 12.0}, {"model": "denoise-16k"}])
    def test_a_limit_or_a_model_asks_for_the_model_as_denoise_does(self, asked):
        alone = enhancement_of(dereverb=True)
        assert (alone.uses_wpe, alone.uses_model) == (True, False)
        for is_stream in (False, True):
            both = enhancement_of(dereverb=True, is_stream=is_stream, **asked)
            assert both == replace(enhancement_of(True, True, is_stream=is_stream), model=asked.get("model"))

    def test_refuses(self, folder, tmp_path):
        path = tmp_path / "in.wav"
        Clip(noisy(100), 16_000).write(path)
        for out, kwargs, error, match in (
            (path, {}, BadSetting, "never replaced"),
            (tmp_path / "none" / "out.wav", {}, BadFolder, "does not exist"),
            ("-", {}, BadSetting, "not from .*in.wav to -; name two files"),
            (tmp_path / "o.wav", {"mix": 2}, BadSetting, "mix is 2"),
        ):
            with pytest.raises(error, match=match):
                enhance(path, out, model=str(folder), quiet=True, **kwargs)
        assert path.stat().st_size
        assert not (tmp_path / "o.wav").exists()


class TestVideo:
    def video(self, path, codec, seconds=2.0, rate=44_100):
        av = pytest.importorskip("av")
        with av.open(str(path), "w") as container:
            picture = container.add_stream(codec, rate=25)
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
            sound = container.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=48_000, layout="stereo")
            for number in range(round(25 * seconds)):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number * 4, np.uint8), format="rgb24")
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
            wave = np.ascontiguousarray(noisy(round(48_000 * seconds), 2))
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
            frame.rate = 48_000
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))

    def packets(self, path):
        import av

        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]

    @pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mpeg4"), ("a.mkv", "mpeg4"), ("a.webm", "libvpx")])
    def test_the_picture_is_copied_and_the_sound_replaced(self, folder, tmp_path, name, codec):
        source, out = tmp_path / name, tmp_path / f"out-{name}"
        self.video(source, codec)
        before = Clip.read(source)
        enhance(source, out, mix=0, model=str(folder), quiet=True)
        assert self.packets(out) == self.packets(source)
        after = Clip.read(out)
        assert abs(after.seconds - before.seconds) < 0.1
        assert after.n_channels == 2
        enhance(source, tmp_path / "sound.wav", model=str(folder), quiet=True)
        assert Clip.read(tmp_path / "sound.wav").n_channels == 2

    def test_another_ending_is_refused(self, folder, tmp_path):
        self.video(tmp_path / "a.mp4", "mpeg4")
        with pytest.raises(BadSetting, match=r"give --out the ending \.mp4"):
            enhance(tmp_path / "a.mp4", tmp_path / "b.mkv", model=str(folder), quiet=True)
        assert not (tmp_path / "b.mkv").exists()


def test_the_comment_of_the_source_is_kept_in_that_of_the_result(folder, tmp_path):
    Clip(noisy(16_000, 1), 16_000).write(tmp_path / "in.wav", metadata={"comment": "take 3, window open"})
    for name, is_new in (("out.wav", True), ("out.wav", False)):
        result = enhance(tmp_path / "in.wav", tmp_path / name, model=str(folder), quiet=True)
        assert result.is_new == is_new
        assert read_origin(tmp_path / name)["source_comment"] == "take 3, window open"


class TestReport:
    def test_levels_and_plot(self, folder, tmp_path):
        wave = np.concatenate([np.full(16_000, 0.01), np.full(16_000, 0.5)]).astype(np.float32)
        Clip((wave * np.sign(np.sin(np.arange(32_000))))[None], 16_000).write(tmp_path / "in.wav", "FLOAT")
        result = enhance(tmp_path / "in.wav", tmp_path / "out.wav", mix=0, model=str(folder), report=True, quiet=True)
        for levels in (result.files[0].details["report"].before, result.files[0].details["report"].after):
            assert abs(levels.background_db + 40) < 0.2
            assert abs(levels.foreground_db + 6) < 0.2
        assert read_png_title(result.files[0].details["report"].plot) == "before: in.wav | after: out.wav"
        assert "pauses -40.0 -> -40.0 dB" in str(result)

    def test_a_stream_has_none(self, folder, monkeypatch):
        monkeypatch.setattr("wavewright.tasks.enhance.is_stream", lambda source, out: True)
        with pytest.raises(BadSetting, match="leave report out"):
            enhance("-", report=True, model=str(folder))


class TestFolder:
    @pytest.mark.parametrize("table", ["metadata.csv", "manifest.jsonl"])
    def test_texts_and_speakers_of_a_folder_go_with_it(self, folder, tmp_path, table):
        source, out = tmp_path / "takes", tmp_path / "clean"
        source.mkdir()
        for name in ("a.wav", "b.wav", "c.wav"):
            Clip(noisy(2_000), 16_000).write(source / name)
        texts = {"a": "One, two.", "b": "Three|four"}
        if table == "metadata.csv":
            texts["b"] = "Three four"
            (source / table).write_text("".join(f"{name}|{text}\n" for name, text in texts.items()))
        else:
            rows = [{"audio_filepath": f"{name}.wav", "text": text, "speaker": "ann"} for name, text in texts.items()]
            (source / table).write_text("".join(json.dumps(row) + "\n" for row in rows))
        result = enhance(source, out, model=str(folder), workers=1, quiet=True)
        assert result.notes == (("metadata.csv is read as name|text.",) if table == "metadata.csv" else ())
        scanned = scan(out, manifest=out / "manifest.jsonl")
        found = {entry.path.stem: (entry.text, entry.speaker) for entry in scanned.entries}
        speaker = None if table == "metadata.csv" else "ann"
        assert found == {"a": (texts["a"], speaker), "b": (texts["b"], speaker), "c": (None, None)}
        edited = edit(out, do="gain -3dB", out=tmp_path / "edited", workers=1, quiet=True)
        again = scan(tmp_path / "edited", manifest=edited.details["manifest"])
        assert {entry.path.stem: entry.text for entry in again.entries} == texts | {"c": None}

    @pytest.mark.parametrize(
        ("name", "table", "note"),
        [
            ("metadata.csv", "file_name,transcription,speaker\na.wav,One,ann\nb.wav,Two,\n", "transcription as text"),
            ("metadata.csv", "\ufeffpath;sentence;mood\na.wav;One;glad\nb.wav;Two;sad\n", "not used: mood"),
            ("metadata.jsonl", '{"file_name": "a.wav", "text": "One"}\n{"file_name": "b.wav", "text": "Two"}\n', ""),
            ("manifest.jsonl", '{"audio_filepath": "a.wav", "text": "One", "offset": 0, "duration": 0.125}\n', ""),
        ],
    )
    def test_tables_with_headers_go_with_a_folder(self, folder, tmp_path, name, table, note):
        for each in ("a.wav", "b.wav"):
            Clip(noisy(2_000), 16_000).write(tmp_path / each)
        (tmp_path / name).write_text(table, encoding="utf-8")
        result = enhance(tmp_path, tmp_path / "out", model=str(folder), workers=1, quiet=True)
        texts = {
            entry.path.stem: entry.text for entry in scan(tmp_path / "out", manifest=result.details["manifest"]).entries
        }
        assert texts == {"a": "One", "b": "Two" if "Two" in table else None}
        assert "Not copied" not in str(result)
        assert note in " ".join(result.notes)

    @pytest.mark.parametrize("times", [{"offset": 0.05}, {"duration": 0.01}, {"offset": 0.01, "end": 0.02}])
    def test_the_text_of_a_part_is_not_that_of_the_whole(self, folder, tmp_path, times):
        Clip(noisy(4_000), 16_000).write(tmp_path / "a.wav")
        Clip(noisy(4_000), 16_000).write(tmp_path / "b.wav")
        rows = [{"audio_filepath": "a.wav", "text": "One", **times}, {"audio_filepath": "b.wav", "text": "Two"}]
        (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        result = enhance(tmp_path, tmp_path / "out", model=str(folder), workers=1, quiet=True)
        entries = scan(tmp_path / "out", manifest=result.details["manifest"]).entries
        assert {entry.path.stem: entry.text for entry in entries} == {"a": None, "b": "Two"}
        assert "manifest.jsonl: 1 of its clips are parts of recordings" in " ".join(result.notes)

    def test_a_bad_line_of_a_table_is_named_and_stops_nothing(self, folder, tmp_path):
        Clip(noisy(2_000), 16_000).write(tmp_path / "a.wav")
        (tmp_path / "metadata.csv").write_text("file,text,split\na.wav,One,sometimes\n")
        result = enhance(tmp_path, tmp_path / "out", model=str(folder), workers=1, quiet=True)
        assert (len(result.files), result.exit_code) == (1, 0)
        assert "line 2: split is 'sometimes'; it must be train, valid or test" in result.notes[0]
        assert result.notes[1:] == ("Not copied: metadata.csv.",)

    @pytest.mark.parametrize(
        ("name", "table", "named"),
        [
            ("metadata.csv", "file,text,split\na.wav,One,train\nb.wav,Two,sometimes\n", "line 3: split is"),
            ("metadata.csv", "file,speaker,text\na.wav,x,One\nb.wav,x,y,Two\n", "line 3: there are more values"),
            ("metadata.csv", "a|One\nb\nc|Three\n", "line 2: this is not name|text"),
            ("metadata.csv", "file,text\na.wav,One\ngone.wav,Two\n", "gone.wav does not exist"),
            (
                "manifest.jsonl",
                '{"audio_filepath": "a.wav", "text": "One"}\n{"audio_filepath": "b.wav"\n',
                "line 2: this is not",
            ),
            (
                "manifest.jsonl",
                '{"audio_filepath": "a.wav", "text": "One"}\n{"audio_filepath": "b.wav", "pitch": "high"}\n',
                "line 2: pitch is",
            ),
        ],
    )
    def test_a_bad_line_of_a_table_leaves_out_no_other(self, folder, tmp_path, name, table, named):
        for each in ("a.wav", "b.wav", "c.wav"):
            Clip(noisy(2_000), 16_000).write(tmp_path / each)
        (tmp_path / name).write_text(table, encoding="utf-8")
        result = enhance(tmp_path, tmp_path / "out", model=str(folder), workers=1, quiet=True)
        texts = {
            entry.path.stem: entry.text for entry in scan(tmp_path / "out", manifest=result.details["manifest"]).entries
        }
        assert texts == {"a": "One", "b": None, "c": "Three" if "Three" in table else None}
        (note,) = [note for note in result.notes if "cannot be used" in note]
        assert note.startswith(f"{name}: 1 of its lines cannot be used: ")
        assert named in note
        assert "Not copied" not in str(result)

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_folder_is_enhanced_once(self, folder, tmp_path, workers):
        source, out = tmp_path / "talks", tmp_path / "clean"
        (source / "day one").mkdir(parents=True)
        for name, seed in (("a.wav", 0), ("day one/b.flac", 1)):
            Clip(noisy(2_000, seed=seed), 16_000).write(source / name)
        for name in ("b.txt", "c.txt", "day one/a.csv", "metadata.csv", "z.txt"):
            (source / name).write_text("no sound")
        (source / "broken.wav").write_bytes(b"RIFF....")
        result = enhance(source, out, model=str(folder), workers=workers, quiet=True)
        assert [(str(file.path.relative_to(out)), file.is_new) for file in result.files] == [
            ("a.wav", True),
            ("day one/b.flac", True),
        ]
        assert [Path(each.what).name for each in result.failed] == ["broken.wav"]
        assert (result.exit_code, result.details["n_ignored"]) == (2, 5)
        assert result.notes == ("Not copied: b.txt, c.txt, metadata.csv, z.txt and 1 more.",)
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        assert [line["audio_filepath"] for line in lines] == ["a.wav", "day one/b.flac"]
        again = enhance(source, out, model=str(folder), workers=1, quiet=True)
        assert [file.is_new for file in again.files] == [False, False]
        Clip(noisy(2_000, seed=5), 16_000).write(source / "a.wav")
        changed = enhance(source, out, model=str(folder), workers=1, quiet=True)
        assert [file.is_new for file in changed.files] == [True, False]
        other = enhance(source, out, mix=0.5, model=str(folder), workers=1, quiet=True)
        assert all(file.is_new for file in other.files)

    @pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
    def test_links_are_followed_once_and_broken_ones_are_named(self, folder, tmp_path):
        source, elsewhere = tmp_path / "talks", tmp_path / "disk"
        for path in (source / "a.wav", elsewhere / "b.wav", source / ".trash" / "c.wav"):
            path.parent.mkdir(exist_ok=True)
            Clip(noisy(500), 16_000).write(path)
        (source / "day two").symlink_to(elsewhere)
        (source / "loop").symlink_to(source)
        (source / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
        result = enhance(source, tmp_path / "clean", model=str(folder), workers=1, quiet=True)
        assert [file.path.relative_to(tmp_path / "clean").as_posix() for file in result.files] == [
            "a.wav",
            "day two/b.wav",
        ]
        assert [str(each) for each in result.failed] == [f"{source / 'gone.wav'} does not exist; check the path."]

    def test_results_inside_the_folder_are_no_recordings(self, folder, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Clip(noisy(500), 16_000).write(tmp_path / "a.wav")
        for _ in range(2):
            result = enhance(tmp_path, "clean", model=str(folder), workers=1, quiet=True)
            assert [file.path.name for file in result.files] == ["a.wav"]

    def test_the_folder_itself_is_refused(self, folder, tmp_path):
        Clip(noisy(100), 16_000).write(tmp_path / "a.wav")
        with pytest.raises(BadFolder, match="never replaced"):
            enhance(tmp_path, tmp_path, model=str(folder))

    def test_a_folder_without_sound_is_refused(self, folder, tmp_path):
        with pytest.raises(BadFolder, match="contains no sound file"):
            enhance(tmp_path, tmp_path / "out", model=str(folder))


class TestStandardInput:
    @pytest.mark.parametrize("rate", [16_000, 22_050])
    def test_a_stream_is_the_file(self, folder, tmp_path, rate):
        wave = noisy(7_003, 2)
        Clip(wave, rate).write(tmp_path / "in.wav", "PCM_16")
        sink = io.BytesIO()
        enhance_stream(io.BytesIO((tmp_path / "in.wav").read_bytes()), sink, Enhancement(str(folder)))
        enhance(tmp_path / "in.wav", tmp_path / "out.wav", model=str(folder), quiet=True)
        samples = np.frombuffer(sink.getvalue()[44:], "<i2").reshape(-1, 2).T
        expected = Clip.read(tmp_path / "out.wav").wave
        assert np.abs(samples / 32_768 - expected).max() <= 1.01 / 32_768

    def test_raw_samples_are_mono_at_16_khz(self, folder):
        sink = io.BytesIO()
        enhance_stream(io.BytesIO(to_pcm(noisy(1_000))), sink, Enhancement(str(folder)))
        assert len(sink.getvalue()) == 2_000
