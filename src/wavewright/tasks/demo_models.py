"""The clips of a demo: those of each model, and those of tools."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from .. import models
from ..audio.clip import Clip
from ..base.errors import BadModel
from ..base.names import file_stem, inside
from ..base.whole_file import scratch_folder, whole_folder
from ..contracts.family import Capability
from ..dsp.rooms import Room
from ..inference.recognition.results import RecognisedFiles
from ..models.folder import ModelFolder
from ..music.timbre_path import TIMBRE_SEPARATOR
from ..outputs.made import Made
from ..outputs.manifest_file import MANIFEST_FILE, manifest_lines
from ..speech.voice import DEFAULT_VOCODER
from ..speech.voice_names import find_voice, language_of_voice, voices_of_model
from .cancel_echo import cancel_echo
from .compose import compose
from .compose_by_rule import compose_by_rule
from .decode import decode
from .demo_jobs import DemoJob, capabilities_of, generates
from .demo_page.page import ModelSection, Player, PlayerRow, Section
from .demo_tools import (
    AUDIO_FOLDER,
    PIECE_BARS,
    PROCEDURE_SEED,
    RULE_BARS,
    SEEDS,
    TEXTS,
    TOOL_SECONDS,
    TUNE,
    TUNE_NAME,
    ToolClips,
    texts_in,
)
from .encode import encode
from .enhance import enhance
from .generate import generate
from .morph import morph
from .recognise import recognise
from .render import render
from .revise import revise
from .separate import separate
from .similar import similar
from .speak import speak
from .synthesise import synthesise
from .transcribe import transcribe

FORMAT: Final = "flac"  # every browser plays it, and nothing is lost
NOISE_SEED = 3
VOICES_RULE = "progression"  # of a piece whose voices a transcriber finds
NOISE_LEVEL, NOISE_POLE, HUM_HZ = 0.02, 0.9, 100.0  # of the noise before a denoiser: a hiss without highs, and a hum
ROOM_METRES, ROOM_T60 = np.array([4.0, 5.0, 2.6]), 0.3
ECHO_FRACTION = 0.5  # peak of the echo over that of the far end
CLIPS_PER_LABEL = 3
TOP_LABELS = 3  # of a recognised clip
INTERPOLATED_LABELS = 2
SIMILAR_CLIPS = 5
STEPS = 8  # clips of an interpolation
TEXTURE_SECONDS = 2.0
BITRATES_KBPS = (5.0, 3.0, 1.6)
MORPHED = ("footsteps", "rain")
TIMBRES = ("piano", "flute", "violin")  # of an instrument that has them; else its first labels


def write_job(out: Path, folders: Sequence[ModelFolder], job: DemoJob) -> list[Section]:
    """Write the clips of a job into the folder of a page, all or none, and return their sections.

    - ``folders``: all models of the page.
    """
    with whole_folder(out, MANIFEST_FILE, partial(_merge_manifest, out)) as hidden:
        clips = ModelClips(hidden, folders)
        sections: list[Section] = [clips.section(folder) for folder in job.folders]
        tool = clips.tool(job.tool) if job.tool else None
        return [clips.compressed(section) for section in (*sections, *([tool] if tool else []))]


def _merge_manifest(out: Path, hidden: Path) -> None:
    """Add the lines of a folder's manifest before those of a hidden one, which replaces it."""
    old, new = (folder / AUDIO_FOLDER / MANIFEST_FILE for folder in (out, hidden))
    if added := dict(manifest_lines(new)):
        kept = [line for file, line in manifest_lines(old) if file not in added]
        new.write_text("".join([*kept, *added.values()]), encoding="utf-8")


class ModelClips(ToolClips):
    """Writes the clips of each model, too."""

    def __init__(self, out: Path, folders: Sequence[ModelFolder]) -> None:
        super().__init__(out, folders)
        self._generated: dict[tuple[str, str | None], Made] = {}

    def _clips_of(self, folder: ModelFolder, label: str | None) -> Made:
        """Return a few clips of a label, which are generated once."""
        key = folder.hash, label
        if key not in self._generated:
            self._generated[key] = generate(
                str(folder.path),
                label,
                CLIPS_PER_LABEL,
                SEEDS[0],
                seconds=_seconds(folder),
                out=self.audio,
                format=FORMAT,
            )
        return self._generated[key]

    def section(self, folder: ModelFolder) -> ModelSection:
        """Return the clips of a model, or the reason why it has none."""
        capabilities = capabilities_of(folder)
        needs_voice = {
            Capability.VOCODE: self._vocode,
            Capability.CODE: self._encode_and_decode,
            Capability.ENHANCE: self._enhance,
            Capability.SEPARATE: self._separate,
            Capability.CANCEL_ECHO: self._cancel_echo,
        }
        rows: list[PlayerRow] = []
        reason = ""
        if Capability.SPEAK in capabilities:
            rows = self._speak(folder)
        elif folder.card.config.get("latent") == "frames":  # a VAE for clips of any length
            rows = [self._morph_over_time(folder)]
        elif Capability.PERFORM in capabilities:
            rows = [self._perform(folder)]
        elif Capability.GENERATE in capabilities:
            rows = self._generate(folder, Capability.INTERPOLATE in capabilities)
        elif writers := [write for capability, write in needs_voice.items() if capability in capabilities]:
            rows, reason = self._with_voice(writers[0], folder)
        elif Capability.COMPOSE in capabilities:
            rows = self._compose(folder)
        elif Capability.TRANSCRIBE in capabilities:
            rows = [self._transcribe_voices(folder)]
        elif Capability.CLASSIFY in capabilities:
            rows, reason = self._recognise(folder)
        elif Capability.EMBED in capabilities:
            rows, reason = self._search(folder)
        else:
            reason = f"A {folder.card.family} does not generate audio."
        return ModelSection(folder.card, folder.hash, rows, reason)

    def _with_voice(
        self, rows_of: Callable[[ModelFolder, str], list[PlayerRow]], folder: ModelFolder
    ) -> tuple[list[PlayerRow], str]:
        """Return the rows of a model that needs a voice, or the reason why there are none."""
        if self.voice is None:
            return [], "It needs speech as its input, and there is no voice."
        try:
            return rows_of(folder, self.voice), ""
        except BadModel as error:  # a vocoder whose mel frames differ from the voice's
            return [], str(error)

    def _generate(self, folder: ModelFolder, can_interpolate: bool) -> list[PlayerRow]:
        """Write a few clips of each label, and interpolations between two of them."""
        labels: list[str | None] = [*folder.card.labels] or [None]
        rows = []
        for label in labels:
            generated = self._clips_of(folder, label)
            options = "" if _seconds(folder) is None else f" --seconds {_seconds(folder):g}"
            command = _command(folder, label, f"--count {CLIPS_PER_LABEL} --seed {SEEDS[0]}{options}")
            rows.append(PlayerRow(label or "clips", command, self._players(generated, label or "clip")))
        for label in labels[:INTERPOLATED_LABELS] if can_interpolate else []:
            generated = generate(str(folder.path), label, interpolate=SEEDS, count=STEPS, out=self.audio, format=FORMAT)
            command = _command(folder, label, f"--interpolate {SEEDS[0]} {SEEDS[1]} --count {STEPS}")
            rows.append(PlayerRow(f"from one {label or 'clip'} to another", command, self._players(generated, "step")))
        return rows

    def _morph_over_time(self, folder: ModelFolder) -> PlayerRow:
        """Write a sound that changes into another one, and one with its rhythm and the sound of the other."""
        name = file_stem(folder.card.name)
        ends = [self.audio / f"{name}-{procedure}.wav" for procedure in MORPHED]
        for procedure, path in zip(MORPHED, ends, strict=True):
            synthesise(procedure, path, TOOL_SECONDS, seed=PROCEDURE_SEED, quiet=True)
        players = [self._player(path, procedure) for path, procedure in zip(ends, MORPHED, strict=True)]
        changing = morph(ends[0], ends[1], over_time=True, model=str(folder.path), out=self.audio, format=FORMAT)
        rhythm = morph(ends[0], ends[1], transfer=True, model=str(folder.path), out=self.audio, format=FORMAT)
        players += [
            self._player(changing.files[0].path, "from the one to the other"),
            self._player(rhythm.files[0].path, "rhythm of the one, sound of the other"),
        ]
        command = f"wavewright morph {ends[0].name} {ends[1].name} --over-time --model {folder.card.name}"
        return PlayerRow(" and ".join(MORPHED), command, players)

    def _recognise(self, folder: ModelFolder) -> tuple[list[PlayerRow], str]:
        """Write a clip of each label by a model that has the labels, too, and recognise it."""
        labels = [label for label in folder.card.labels if label]
        generators = [each for each in self.folders if generates(each) and set(labels) <= set(each.card.labels)]
        if not labels or not generators:
            return [], f"A {folder.card.family} recognises audio, and no model of the page generates its labels."
        players = []
        for label in labels:
            made = generate(str(generators[0].path), label, 1, SEEDS[1], out=self.audio, format=FORMAT)
            path = made.files[0].path
            result = recognise(str(folder.path), path, top=TOP_LABELS, quiet=True)
            assert isinstance(result, RecognisedFiles)
            text = ", ".join(f"{each.label} {each.confidence:.2f}" for each in result.sounds[0].labels)
            players.append(self._player(path, label, text))
        command = f"wavewright recognise {folder.card.name} {path.name} --top {TOP_LABELS}"
        return [PlayerRow(f"labels of clips by {generators[0].card.name}", command, players)], ""

    def _search(self, folder: ModelFolder) -> tuple[list[PlayerRow], str]:
        """Write clips by a model that has labels, and find those that are most similar to one of them."""
        generators = [each for each in self.folders if generates(each) and len(each.card.labels) > 1]
        if not generators:
            return [], "It compares recordings, and no model of the page generates any."
        with scratch_folder() as clips:
            for label in generators[0].card.labels:
                made = self._clips_of(generators[0], label)
                for path in made.sound_files:
                    shutil.copy(path, clips)
            query = made.files[0].path
            result = similar(clips / query.name, clips, SIMILAR_CLIPS, embedding=str(folder.path), quiet=True)
        players = [self._player(query, query.stem)]
        for each in result.clips:
            path = self.audio / each.file
            players.append(self._player(path, f"{path.stem}, distance {each.distance:.2f}"))
        command = f"wavewright similar {query.name} --folder . --embedding {folder.card.name}"
        return [PlayerRow(f"clips by {generators[0].card.name} similar to one of them", command, players)], ""

    def _perform(self, folder: ModelFolder) -> PlayerRow:
        """Render a tune by a few timbres of an instrument, and by a timbre that moves between them."""
        name, tune = file_stem(folder.card.name), self.out / "tune.abc"
        tune.write_text(TUNE, encoding="utf-8")
        labels = [label for label in TIMBRES if label in folder.card.labels] or folder.card.labels[: len(TIMBRES)]
        path_of_all = [TIMBRE_SEPARATOR.join(labels)] if len(labels) > 1 else []
        timbres: list[str | None] = [*labels, *path_of_all] or [None]
        players = []
        for number, timbre in enumerate(timbres, 1):
            path = self.audio / f"{name}-{number}.wav"
            render(tune, path, instrument=str(folder.path), timbre=timbre, quiet=True)
            players.append(self._player(path, timbre or name))
        tune.unlink()
        words = ["wavewright", "render", f"{TUNE_NAME}.abc", "--instrument", folder.card.name]
        words += ["--timbre", timbres[-1]] if timbres[-1] else []
        return PlayerRow(TUNE_NAME, shlex.join(words), players)

    def _speak(self, folder: ModelFolder) -> list[PlayerRow]:
        """Write a few sentences by each voice of a model."""
        rows, own = [], folder.card.name
        model = own if models.search(own) == folder.path else str(folder.path)
        for voice in voices_of_model(model) or (model,):
            name, speaker = voice.replace(str(folder.path), own), find_voice(voice)[1]
            texts, players = texts_in(language_of_voice(voice)), []
            for number, text in enumerate(texts, start=1):
                path = inside(self.audio, f"{file_stem(name, str(number))}.wav")
                speak(text, voice=voice, out=path)
                players.append(self._player(path, f"{speaker or name} {number}", text))
            rows.append(PlayerRow(name, shlex.join(["wavewright", "speak", texts[0], "--voice", name]), players))
        return rows

    def _vocode(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a sentence of a voice through this vocoder."""
        path = inside(self.audio, f"{file_stem(folder.card.name, 'speech')}.wav")
        speak(TEXTS[1], voice=voice, vocoder=str(folder.path), out=path)
        words = ["wavewright", "speak", TEXTS[1]]
        words += ["--vocoder", folder.card.name] if folder.card.name != DEFAULT_VOCODER else []
        return [PlayerRow("a voice through it", shlex.join(words), [self._player(path, "sentence", TEXTS[1])])]

    def _encode_and_decode(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a sentence before and after the codec, at a few bitrates."""
        name = file_stem(folder.card.name)
        before = self.audio / f"{name}-before.wav"
        speak(TEXTS[1], voice=voice, out=before)
        kilobytes = before.stat().st_size / 1e3
        players = [self._player(before, f"before: {kilobytes:.0f} kB", TEXTS[1])]
        for kbps in BITRATES_KBPS:
            after = self.audio / f"{name}-{kbps:g}kbps.wav"
            codes = self.out / "codes.wwc"
            encode(before, kbps, codes, str(folder.path), quiet=True)
            decode(codes, after, str(folder.path), quiet=True)
            players.append(self._player(after, f"{kbps:g} kbps: {codes.stat().st_size / 1e3:.1f} kB", TEXTS[1]))
            codes.unlink()
        command = (
            f"wavewright encode {before.name} --kbps 3 --out talk.wwc && wavewright decode talk.wwc --out again.wav"
        )
        return [PlayerRow("before and after", command, players)]

    def _enhance(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a sentence in noise before and after a denoiser."""
        from scipy.signal import lfilter  # slow to import

        name, rng = file_stem(folder.card.name), np.random.default_rng(NOISE_SEED)
        before, after = self.audio / f"{name}-before.wav", self.audio / f"{name}-after.wav"
        clip = self._sentence(voice, TEXTS[1], folder.card.sample_rate)
        hum = np.sin(2 * np.pi * HUM_HZ / clip.sample_rate * np.arange(clip.n_samples))
        noise = lfilter([1.0], [1.0, -NOISE_POLE], rng.standard_normal(clip.n_samples))
        noisy = clip.wave + NOISE_LEVEL * (noise * np.sqrt(1 - NOISE_POLE**2) + hum)
        Clip(noisy, clip.sample_rate).write(before)
        enhance(before, after, model=str(folder.path), quiet=True)
        command = f"wavewright enhance {before.name} --model {folder.card.name} --out after.wav"
        players = [self._player(before, "before", TEXTS[1]), self._player(after, "after", TEXTS[1])]
        return [PlayerRow("noise", command, players)]

    def _separate(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a sentence over music, and both apart again."""
        name, sample_rate = file_stem(folder.card.name), folder.card.sample_rate
        mixture, song = self.audio / f"{name}-mixture.wav", self.audio / f"{name}-music.wav"
        speech = self._sentence(voice, TEXTS[1], sample_rate).wave
        compose_by_rule("band", song, bars=RULE_BARS, seed=PROCEDURE_SEED, quiet=True)
        music = np.resize(Clip.read(song).mono().resample(sample_rate).wave, speech.shape)
        mixed = speech + music * np.sqrt(np.mean(speech**2) / np.mean(music**2))
        Clip(mixed / max(1.0, np.abs(mixed).max()), sample_rate).write(mixture)
        song.unlink()
        stems = separate(mixture, self.audio, model=str(folder.path), quiet=True).sound_files
        command = f"wavewright separate {mixture.name} --model {folder.card.name}"
        labels = ("mixture", "speech", "background")
        return [
            PlayerRow(
                "dialogue", command, [self._player(*pair) for pair in zip((mixture, *stems), labels, strict=True)]
            )
        ]

    def _cancel_echo(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a call, one sentence over the echo of others, before and after the removal of the echo."""
        from scipy.signal import oaconvolve  # slow to import

        name, sample_rate = file_stem(folder.card.name), folder.card.sample_rate
        paths = [self.audio / f"{name}-{suffix}.wav" for suffix in ("far", "before", "after")]
        far = self._sentence(voice, " ".join((TEXTS[1], TEXTS[0], TEXTS[2])), sample_rate).wave[0]
        near = self._sentence(voice, TEXTS[2], sample_rate).wave[0]
        rng = np.random.default_rng(NOISE_SEED)
        echo = oaconvolve(far, Room(ROOM_METRES, ROOM_T60).response(rng, sample_rate))[: len(far)]
        echo *= ECHO_FRACTION * np.abs(far).max() / np.abs(echo).max()
        microphone = echo + np.pad(near, (max(len(far) - len(near), 0), 0))[: len(far)]
        for path, wave in zip(paths, (far, microphone), strict=False):
            Clip(wave[None] / max(1.0, np.abs(wave).max()), sample_rate).write(path)
        cancel_echo(paths[1], paths[0], paths[2], model=str(folder.path), quiet=True)
        command = f"wavewright cancel-echo {paths[1].name} {paths[0].name} --model {folder.card.name} --out after.wav"
        labels = ("loudspeaker", "microphone before", "microphone after")
        return [PlayerRow("echo", command, [self._player(*pair) for pair in zip(paths, labels, strict=True)])]

    def _compose(self, folder: ModelFolder) -> list[PlayerRow]:
        """Write two pieces of a composer, and other versions of the first."""
        name, model = file_stem(folder.card.name), str(folder.path)
        first = self.out / f"{name}.mid"
        compose(model, first, bars=PIECE_BARS, seed=SEEDS[0])
        pieces = []
        for seed in SEEDS:
            path = self.audio / f"{name}-{seed}.wav"
            compose(model, path, bars=PIECE_BARS, seed=seed, quiet=True)
            pieces.append(self._player(path, f"seed {seed}"))
        changed = self.audio / f"{name}-filled.wav", self.audio / f"{name}-varied.wav"
        revise(model, first, changed[0], infill=f"{PIECE_BARS // 2 + 1}:{PIECE_BARS}", seed=SEEDS[1], quiet=True)
        revise(model, first, changed[1], vary=0.4, seed=SEEDS[1], quiet=True)
        others = [self._player(*pair) for pair in zip(changed, ("second half anew", "variation"), strict=True)]
        first.unlink()
        command = f"wavewright compose {folder.card.name} --bars {PIECE_BARS} --seed {SEEDS[0]} --out {name}.mid"
        other = f"wavewright revise {folder.card.name} {name}.mid --vary 0.4 --seed {SEEDS[1]} --out other.wav"
        return [PlayerRow("pieces", command, pieces), PlayerRow(f"seed {SEEDS[0]} changed", other, others)]

    def _transcribe_voices(self, folder: ModelFolder) -> PlayerRow:
        """Render a piece of several voices, find its notes, and render these."""
        name = file_stem(folder.card.name)
        paths = [self.audio / f"{name}-{part}.wav" for part in ("recording", "notes")]
        notes = self.out / f"{name}.mid"
        compose_by_rule(VOICES_RULE, paths[0], bars=PIECE_BARS, seed=SEEDS[0], quiet=True)
        transcribed = transcribe(paths[0], notes, polyphonic=True, model=str(folder.path), quiet=True)
        render(notes, paths[1], quiet=True)
        notes.unlink()
        labels = "recording", f"its {len(transcribed.details['notes'])} notes by a piano"
        command = f"wavewright transcribe {paths[0].name} --polyphonic --out notes.mid"
        return PlayerRow("several voices", command, [self._player(*pair) for pair in zip(paths, labels, strict=True)])

    def _players(self, generated: Made, name: str) -> list[Player]:
        paths = list(generated.sound_files)
        return [self._player(path, f"{name} {number}") for number, path in enumerate(paths, start=1)]


def _seconds(folder: ModelFolder) -> float | None:
    """Return the length of the clips of a model without end, None for any other."""
    return TEXTURE_SECONDS if folder.card.config.get("duration") == "endless" else None


def _command(folder: ModelFolder, label: str | None, options: str) -> str:
    """Return the command that generates the clips of a row."""
    words = ["wavewright", "generate", folder.card.name, *([] if label is None else ["--label", label])]
    return f"{shlex.join(words)} {options} --format {FORMAT}"
