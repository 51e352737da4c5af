"""Generate audio with every bundled model, and a page to play it."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from .. import loading
from ..auditing.report import Recitation
from ..clip import Clip
from ..contracts.family import Capability
from ..demo_page.page import GENERATOR, ModelSection, Player, PlayerRow, ToolSection, render_page
from ..dsp.rooms import Room
from ..errors import BadFolder, BadModel, MissingExtra
from ..families import FAMILIES
from ..manifest_file import MANIFEST_FILE
from ..models import bundled, find
from ..models.folder import ModelFolder
from ..music.engraving import engrave
from ..music.formats import read_score
from ..music.theory import pitch_name
from ..music.timbre_path import TIMBRE_SEPARATOR
from ..names import file_stem, inside
from ..parameters import OutputFolder, Quiet
from ..procedural import PROCEDURES
from ..progress_bar import progress_bar
from ..recognition.results import RecognisedFiles
from ..speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE
from ..speech.voice_names import find_voice
from ..transcription.files import TranscribedMelody
from ..whole_file import whole_folder
from . import checked
from .accompany import CHORALE, accompany
from .audit import PAIR_KINDS, audit
from .cancel_echo import cancel_echo
from .compose import compose
from .decode import decode
from .edit import edit
from .encode import encode
from .enhance import enhance
from .generate import Generated, generate
from .layer import layer
from .morph import morph
from .recognise import recognise
from .render import render
from .similar import similar
from .speak import speak
from .synthesise import synthesise
from .transcribe import transcribe

PAGE_FILE = "index.html"
NOISE_SEED = 3
NOISE_LEVEL, NOISE_POLE, HUM_HZ = 0.02, 0.9, 100.0  # of the noise before a denoiser: a hiss without highs, and a hum
ROOM_METRES, ROOM_T60 = np.array([4.0, 5.0, 2.6]), 0.3
ECHO_FRACTION = 0.5  # peak of the echo over that of the far end
AUDIO_FOLDER = "audio"
CLIPS_PER_LABEL = 4
TOP_LABELS = 3  # of a recognised clip
INTERPOLATED_LABELS = 2
SIMILAR_CLIPS = 5
AUDITED_LABELS = 3
STEPS = 8  # clips of an interpolation
SEEDS = (7, 9)
BITRATES_KBPS = (5.0, 3.0, 1.6)
TOOL_SECONDS = 5.0
PIECE_BARS = 8
PIECE_FORM = "AB"
PROCEDURE_SEED = 3
MORPHED = ("footsteps", "rain")
PATCHES = ("super-saw", "warm-pad", "electric-piano", "nylon-guitar", "choir-aah", "drawbar-organ")
FORMULA = "sin(2*pi*f*t) + 0.3*saw(2*f*t)"
NOTE, NOTE_SECONDS = "A3", 2.0
BACKGROUNDS = ("rain-and-thunder", "campfire")
RULES = ("folk-tune", "counterpoint-3", "band")
TUNE = """X:1
T:Scarborough Fair
M:3/4
L:1/4
Q:1/4=108
K:Ddor
D2 D|A2 A|E3/2 F/ E|D3|z A c|d2 c|A B G|A3|]
"""
TUNE_NAME = "scarborough-fair"
TUNE_STYLE = "waltz"
TUNE_METRE = "3/4"
TUNE_PATCH = "harp"
TIMBRES = ("piano", "flute", "violin")  # of an instrument that has them; else its first labels
TRANSCRIBED_PATCH = "nylon-guitar"
CHAINS = (
    ("in a hall", "reverb 2s mix=40% tail=1s"),
    ("slower", "stretch 1.3"),
    ("four semitones lower", "pitch -4st"),
    ("on a telephone", "highpass 300Hz; lowpass 3.4kHz; saturate 18dB; loudness -18LUFS"),
)
TEXTS = (
    "Hello. I am one of the voices of Wavewright.",
    "It is ten past six, the kettle is on, and on 3 May the ferry leaves at noon.",
    "Did you record the violin, or was it Dr. Green who did?",
)


@dataclass(frozen=True)
class Demo:
    """The page of a demo, the number of its clips, and the skipped models, each with the reason."""

    page: Path
    n_clips: int
    seconds: float
    skipped: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.n_clips} clips in {self.seconds:.1f} s. Open {self.page} in a browser to play them."]
        return "\n".join([*lines, *(f"Skipped: {name}. {reason}" for name, reason in self.skipped.items())])


@checked
def demo(
    out: OutputFolder = Path("wavewright-demo"),
    models: Annotated[tuple[str, ...], Field(description="Models to run; default: every bundled one.")] = (),
    quiet: Quiet = False,
) -> Demo:
    """Generate audio with every bundled model and without a model, and a page to play it in a browser.

    The page contains its images, style and script; the sound files lie beside it. Models that generate no audio are
    listed with the reason.

    Returns
    -------
    Demo
        The page, and the skipped models.

    Raises
    ------
    BadModel
        If no model generates audio.
    BadFolder
        If the folder has another page of that name.
    """
    begin = time.perf_counter()
    folders = [ModelFolder(find(name)) for name in models or bundled()]
    _refuse_to_replace(out / PAGE_FILE)
    with whole_folder(out, last=PAGE_FILE) as hidden:
        writer = _ClipWriter(hidden, folders)
        with progress_bar("demo", len(folders) + (not models), quiet, unit="parts") as show:
            sections = []
            for n_done, folder in enumerate(folders, start=1):
                sections.append(writer.section(folder))
                show(n_done)
            if not any(section.rows for section in sections):
                raise BadModel(_no_audio_message(models))
            tools = [] if models else writer.tools()
        sections.sort(key=_sort_key)
        (hidden / PAGE_FILE).write_text(render_page(sections, tools), encoding="utf-8")
    rows = [row for section in sections for row in section.rows] + [row for tool in tools for row in tool.rows]
    skipped = {section.card.name: section.reason for section in sections if not section.rows}
    n_clips = sum(len(row.players) for row in rows)
    return Demo(out / PAGE_FILE, n_clips, time.perf_counter() - begin, skipped)


def _sort_key(section: ModelSection) -> tuple[bool, bool]:
    """Sort voices first, models without clips last."""
    return not section.rows, Capability.SPEAK not in FAMILIES[section.card.family].capabilities


def _no_audio_message(models: Sequence[str]) -> str:
    if models:
        return f"{', '.join(models)} cannot generate audio; `wavewright models` lists all models."
    return "This installation has no bundled model that generates audio; name one of your own with --models."


def _refuse_to_replace(path: Path) -> None:
    """Raise BadFolder if a file that is not the page of a demo exists."""
    if path.exists() and not (path.is_file() and GENERATOR.encode() in path.read_bytes()):
        raise BadFolder(f"{path} exists and is not the page of a demo; choose another folder with --out.")


class _ClipWriter:
    """Writes the clips of each model into the folder of the page; a voice speaks for models that need speech."""

    def __init__(self, out: Path, folders: Sequence[ModelFolder]) -> None:
        self.out = out
        self.folders = folders
        self.audio = out / AUDIO_FOLDER
        self.audio.mkdir()

    def section(self, folder: ModelFolder) -> ModelSection:
        """Return the clips of a model, or the reason why it has none."""
        capabilities = loading.family_of(folder.card, folder.path).capabilities_of(folder.card.config)
        needs_voice = {
            Capability.VOCODE: self._vocode,
            Capability.CODE: self._encode_and_decode,
            Capability.ENHANCE: self._enhance,
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
        elif Capability.CLASSIFY in capabilities:
            rows, reason = self._recognise(folder)
        elif Capability.EMBED in capabilities:
            rows, reason = self._search(folder)
        else:
            reason = f"A {folder.card.family} does not generate audio."
        return ModelSection(folder.card, folder.hash, rows, reason)

    @cached_property
    def voice(self) -> str | None:
        """Voice for models that need speech: the first one of the page, else the default voice if it exists."""
        speaking = [folder for folder in self.folders if loading.speakers_of(folder.card) is not None]
        if speaking:
            return str(speaking[0].path)
        try:
            find_voice(DEFAULT_VOICE)
        except BadModel:
            return None
        return DEFAULT_VOICE

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
            generated = generate(str(folder.path), label, CLIPS_PER_LABEL, SEEDS[0], out=self.audio)
            command = _command(folder, label, f"--count {CLIPS_PER_LABEL} --seed {SEEDS[0]}")
            rows.append(PlayerRow(label or "clips", command, self._players(generated, label or "clip")))
        for label in labels[:INTERPOLATED_LABELS] if can_interpolate else []:
            generated = generate(str(folder.path), label, interpolate=SEEDS, count=STEPS, out=self.audio)
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
        changing = morph(ends[0], ends[1], over_time=True, model=str(folder.path), out=self.audio)
        rhythm = morph(ends[0], ends[1], transfer=True, model=str(folder.path), out=self.audio)
        players += [
            self._player(self.audio / changing.clips[0].file, "from the one to the other"),
            self._player(self.audio / rhythm.clips[0].file, "rhythm of the one, sound of the other"),
        ]
        command = f"wavewright morph {ends[0].name} {ends[1].name} --over-time --model {folder.card.name}"
        return PlayerRow(" and ".join(MORPHED), command, players)

    def _recognise(self, folder: ModelFolder) -> tuple[list[PlayerRow], str]:
        """Write a clip of each label by a model that has the labels, too, and recognise it."""
        labels = [label for label in folder.card.labels if label]
        generators = [each for each in self.folders if self._generates(each) and set(labels) <= set(each.card.labels)]
        if not labels or not generators:
            return [], f"A {folder.card.family} recognises audio, and no model of the page generates its labels."
        players = []
        for label in labels:
            made = generate(str(generators[0].path), label, 1, SEEDS[1], out=self.audio)
            path = made.out / made.clips[0].file
            result = recognise(str(folder.path), path, top=TOP_LABELS, quiet=True)
            assert isinstance(result, RecognisedFiles)
            text = ", ".join(f"{each.label} {each.confidence:.2f}" for each in result.files[0].labels)
            players.append(self._player(path, label, text))
        command = f"wavewright recognise {folder.card.name} {path.name} --top {TOP_LABELS}"
        return [PlayerRow(f"labels of clips by {generators[0].card.name}", command, players)], ""

    def _search(self, folder: ModelFolder) -> tuple[list[PlayerRow], str]:
        """Write clips by a model that has labels, and find those that are most similar to one of them."""
        generators = [each for each in self.folders if self._generates(each) and len(each.card.labels) > 1]
        if not generators:
            return [], "It compares recordings, and no model of the page generates any."
        clips = inside(self.audio, file_stem(folder.card.name, "clips"))
        for label in generators[0].card.labels:
            made = generate(str(generators[0].path), label, CLIPS_PER_LABEL, SEEDS[0], out=clips)
        query = clips / made.clips[0].file
        result = similar(query, clips, SIMILAR_CLIPS, embedding=str(folder.path), quiet=True)
        players = [self._player(query, query.stem)]
        for each in result.clips:
            players.append(self._player(clips / each.file, f"{Path(each.file).stem}, distance {each.distance:.2f}"))
        command = f"wavewright similar {query.name} --folder {clips.name} --embedding {folder.card.name}"
        return [PlayerRow(f"clips by {generators[0].card.name} similar to one of them", command, players)], ""

    @staticmethod
    def _generates(folder: ModelFolder) -> bool:
        capabilities = loading.family_of(folder.card, folder.path).capabilities_of(folder.card.config)
        return Capability.GENERATE in capabilities and folder.card.config.get("latent") != "frames"

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
        rows = []
        for speaker in loading.speakers_of(folder.card) or (None,):
            name = folder.card.name if speaker is None else f"{folder.card.name}-{speaker}"
            voice = str(folder.path) if speaker is None else f"{folder.path}-{speaker}"
            players = []
            for number, text in enumerate(TEXTS, start=1):
                path = inside(self.audio, f"{file_stem(name, str(number))}.wav")
                speak(text, voice, out=path)
                players.append(self._player(path, f"{speaker or name} {number}", text))
            rows.append(PlayerRow(name, shlex.join(["wavewright", "speak", TEXTS[0], "--voice", name]), players))
        return rows

    def _vocode(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a sentence of a voice through this vocoder."""
        path = inside(self.audio, f"{file_stem(folder.card.name, 'speech')}.wav")
        speak(TEXTS[1], voice, str(folder.path), out=path)
        words = ["wavewright", "speak", TEXTS[1]]
        words += ["--vocoder", folder.card.name] if folder.card.name != DEFAULT_VOCODER else []
        return [PlayerRow("a voice through it", shlex.join(words), [self._player(path, "sentence", TEXTS[1])])]

    def _encode_and_decode(self, folder: ModelFolder, voice: str) -> list[PlayerRow]:
        """Write a sentence before and after the codec, at a few bitrates."""
        name = file_stem(folder.card.name)
        before = self.audio / f"{name}-before.wav"
        speak(TEXTS[1], voice, out=before)
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

    def tools(self) -> list[ToolSection]:
        """Return the clips of commands without a model: audio by rules, backgrounds, and edits of a sentence."""
        textures = [name for name, procedure in PROCEDURES.items() if procedure.is_texture]
        one_shots = [name for name, procedure in PROCEDURES.items() if not procedure.is_texture]
        sections = [
            ToolSection(
                "sounds by rules",
                "Sounds synthesised without a model or a recording.",
                [self._synthesise("textures", textures, TOOL_SECONDS), self._synthesise("one-shots", one_shots, None)],
            ),
            ToolSection(
                "backgrounds",
                "Textures and randomised sounds in layers, of any length.",
                [self._layer(preset) for preset in BACKGROUNDS],
            ),
        ]
        rows = [self._render(), self._compose_by_rules()]
        sections.append(ToolSection("music", "A tune in ABC notation, rendered to sound; pieces by rules.", rows))
        title = "A melody as a recording, its notes, and an accompaniment of the recording."
        sections.append(ToolSection("transcription", title, [self._transcribe()]))
        rows = [self._render_notes()]
        sections.append(ToolSection("synthesiser", "Single notes of patches, and a wave from a formula.", rows))
        labelled = [folder for folder in self.folders if self._generates(folder) and len(folder.card.labels) > 1]
        row = self._audit(labelled[0], one_shots) if labelled else None
        if row is not None and row.players:
            title = "Clips of a model that are found again in a folder of recordings: here it has clips of the model."
            sections.append(ToolSection("audit", title, [row]))
        if self.voice is not None:
            rows = [self._edit(self.voice)]
            sections.append(ToolSection("editing", "A sentence of a voice before and after chains of effects.", rows))
        return sections

    def _audit(self, folder: ModelFolder, others: Sequence[str]) -> PlayerRow:
        """Audit a model as if it had learned from clips of its own, which must be found, and from other sounds."""
        recordings, pairs = self.out / "recordings", inside(self.audio, file_stem(folder.card.name, "pairs"))
        for label in folder.card.labels[:AUDITED_LABELS]:
            generate(str(folder.path), label, 1, SEEDS[0], out=recordings)
        (recordings / MANIFEST_FILE).unlink()  # which says that the clips are no recordings
        for name in others:
            shutil.copy(self.audio / f"{name}.wav", recordings)
        found = audit(str(folder.path), recordings, count=1, seed=SEEDS[0], pairs=pairs, quiet=True)
        shutil.rmtree(recordings)
        assert isinstance(found.recitation, Recitation)
        players = []
        for number, pair in enumerate(found.recitation.recited, 1):
            text = f"{pair.distance_db:.1f} dB from each other"
            players += [
                self._player(pairs / f"{number:02d}-{kind}.wav", f"{kind} {number}", text) for kind in PAIR_KINDS
            ]
        command = f"wavewright audit {folder.card.name} {recordings.name} --pairs {pairs.name}"
        return PlayerRow(f"clips of {folder.card.name} and recordings", command, players)

    def _synthesise(self, title: str, names: Sequence[str], seconds: float | None) -> PlayerRow:
        """Write a sound of each procedure."""
        players = []
        for name in names:
            path = self.audio / f"{name}.wav"
            synthesise(name, path, seconds, seed=PROCEDURE_SEED, quiet=True)
            players.append(self._player(path, name))
        options = f"{'' if seconds is None else f'--seconds {seconds:g} '}--seed {PROCEDURE_SEED}"
        return PlayerRow(title, f"wavewright synthesise {names[0]} {options} --out {names[0]}.wav", players)

    def _layer(self, preset: str) -> PlayerRow:
        """Write a background."""
        path = self.audio / f"{preset}.wav"
        layer(preset, TOOL_SECONDS, PROCEDURE_SEED, path, quiet=True)
        command = f"wavewright layer {preset} --seconds {TOOL_SECONDS:g} --seed {PROCEDURE_SEED} --out {path.name}"
        return PlayerRow(preset, command, [self._player(path, preset)])

    def _render(self) -> PlayerRow:
        """Render a tune by the bundled bank, by a patch, with an accompaniment, and in four voices."""
        tune = self.audio / f"{TUNE_NAME}.abc"
        tune.write_text(TUNE, encoding="utf-8")
        paths = [self.audio / f"{TUNE_NAME}-{name}.wav" for name in ("bank", "patch", "accompanied", "chorale")]
        render(tune, paths[0], quiet=True)
        render(tune, paths[1], patch=TUNE_PATCH, quiet=True)
        accompany(tune, paths[2], style=TUNE_STYLE, quiet=True)
        accompany(tune, paths[3], style=CHORALE, quiet=True)
        labels = (
            "by the bundled instruments",
            f"by the patch {TUNE_PATCH}",
            f"accompanied: {TUNE_STYLE}",
            "in four voices",
        )
        command = f"wavewright render {tune.name} --out {paths[0].name}"
        players = [self._player(*pair) for pair in zip(paths, labels, strict=True)]
        return PlayerRow(TUNE_NAME, command, players, self._notation_of_chorale(tune))

    def _notation_of_chorale(self, tune: Path) -> bytes:
        """Return the tune in four voices as notation in SVG; nothing where Verovio is not installed."""
        score, image = self.out / "chorale.mid", self.out / "chorale.svg"
        accompany(tune, score, style=CHORALE, quiet=True)
        try:
            engrave(read_score(score), image)
        except MissingExtra:
            return b""
        finally:
            score.unlink()
        contents = image.read_bytes()
        image.unlink()
        return contents

    def _transcribe(self) -> PlayerRow:
        """Transcribe a tune that a patch plays, render its notes, and accompany the recording."""
        tune, notes = self.out / "tune.abc", self.out / "notes.mid"
        tune.write_text(TUNE, encoding="utf-8")
        paths = [self.audio / f"{TRANSCRIBED_PATCH}-{name}.wav" for name in ("recording", "notes", "accompanied")]
        render(tune, paths[0], patch=TRANSCRIBED_PATCH, quiet=True)
        transcribed = transcribe(paths[0], notes, metre=TUNE_METRE, quiet=True)
        render(notes, paths[1], quiet=True)
        accompany(paths[0], paths[2], style=TUNE_STYLE, quiet=True)
        assert isinstance(transcribed, TranscribedMelody)
        names = " ".join(pitch_name(note.pitch) for note in transcribed.notes)
        labels = ("recording", "its notes by a piano", f"the recording, accompanied: {TUNE_STYLE}")
        players = [self._player(*pair, names) for pair in zip(paths, labels, strict=True)]
        tune.unlink()
        notes.unlink()
        command = f"wavewright transcribe {paths[0].name} --out notes.mid --metre {TUNE_METRE}"
        return PlayerRow(f"notes of the patch {TRANSCRIBED_PATCH}", command, players)

    def _render_notes(self) -> PlayerRow:
        """Render a note by several patches and by a formula."""
        players = []
        for name in PATCHES:
            path = self.audio / f"{name}.wav"
            render(patch=name, note=NOTE, seconds=NOTE_SECONDS, out=path, quiet=True)
            players.append(self._player(path, name))
        path = self.audio / "formula.wav"
        render(wave=FORMULA, note=NOTE, seconds=NOTE_SECONDS, out=path, quiet=True)
        players.append(self._player(path, FORMULA))
        command = (
            f"wavewright render --patch {PATCHES[0]} --note {NOTE} --seconds {NOTE_SECONDS:g} --out {PATCHES[0]}.wav"
        )
        return PlayerRow("notes", command, players)

    def _compose_by_rules(self) -> PlayerRow:
        """Write a piece of each of a few rules."""
        players = []
        for rule in RULES:
            path = self.audio / f"{rule}.wav"
            compose(rule=rule, out=path, bars=PIECE_BARS, form=PIECE_FORM, seed=PROCEDURE_SEED, quiet=True)
            players.append(self._player(path, rule))
        options = f"--bars {PIECE_BARS} --form {PIECE_FORM} --seed {PROCEDURE_SEED} --out {RULES[0]}.wav"
        return PlayerRow("pieces by rules", f"wavewright compose --rule {RULES[0]} {options}", players)

    def _edit(self, voice: str) -> PlayerRow:
        """Write a sentence before and after a few chains."""
        before = self.audio / "edit-before.wav"
        speak(TEXTS[0], voice, out=before)
        players = [self._player(before, "before", TEXTS[0])]
        for number, (title, chain) in enumerate(CHAINS, 1):
            path = self.audio / f"edit-{number}.wav"
            edit(before, path, chain, quiet=True)
            players.append(self._player(path, title, chain))
        command = f'wavewright edit {before.name} --do "{CHAINS[0][1]}" --out after.wav'
        return PlayerRow("before and after", command, players)

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
        compose(model, changed[0], score=first, infill=f"{PIECE_BARS // 2 + 1}:{PIECE_BARS}", seed=SEEDS[1], quiet=True)
        compose(model, changed[1], score=first, vary=0.4, seed=SEEDS[1], quiet=True)
        others = [self._player(*pair) for pair in zip(changed, ("second half anew", "variation"), strict=True)]
        first.unlink()
        command = f"wavewright compose {folder.card.name} --bars {PIECE_BARS} --seed {SEEDS[0]} --out {name}.mid"
        other = f"wavewright compose {folder.card.name} --score {name}.mid --vary 0.4 --seed {SEEDS[1]} --out other.wav"
        return [PlayerRow("pieces", command, pieces), PlayerRow(f"seed {SEEDS[0]} changed", other, others)]

    def _sentence(self, voice: str, text: str, sample_rate: int) -> Clip:
        """Return a sentence of a voice at a sample rate."""
        path = self.out / "sentence.wav"
        speak(text, voice, out=path)
        clip = Clip.read(path).resample(sample_rate)
        path.unlink()
        return clip

    def _players(self, generated: Generated, name: str) -> list[Player]:
        paths = [generated.out / clip.file for clip in generated.clips]
        return [self._player(path, f"{name} {number}") for number, path in enumerate(paths, start=1)]

    def _player(self, path: Path, name: str, text: str = "") -> Player:
        return Player(path.relative_to(self.out).as_posix(), name, Clip.read(path), text)


def _command(folder: ModelFolder, label: str | None, options: str) -> str:
    """Return the command that generates the clips of a row."""
    words = ["wavewright", "generate", folder.card.name, *([] if label is None else ["--label", label])]
    return f"{shlex.join(words)} {options}"
