"""The clips of a demo that need no model of their own: sounds by rules, music, edits of a sentence, an audit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..audio.clip import Clip
from ..audio.sound_file import open_sound
from ..auditing.report import Recitation
from ..base.errors import BadModel, MissingExtra
from ..base.names import file_stem, inside
from ..base.units import db_to_gain, seconds_to_samples
from ..base.whole_file import scratch_folder
from ..families import loading
from ..models.folder import ModelFolder
from ..music.engraving import engrave
from ..music.formats import read_score
from ..music.theory import pitch_name
from ..outputs.manifest_file import MANIFEST_FILE
from ..speech.voice import DEFAULT_VOICE
from ..speech.voice_names import find_voice, language_of, languages_of, voices_of
from ..synth.procedural import PROCEDURES
from .accompany import CHORALE, accompany
from .audit import PAIR_KINDS, audit
from .compose_by_rule import compose_by_rule
from .demo_jobs import generates
from .demo_page.page import Player, PlayerRow, Section, ToolSection
from .dub import dub
from .edit import edit
from .generate import generate
from .layer import layer
from .podcast import podcast
from .render import render
from .speak import speak
from .spoken_scene import spoken_scene
from .synthesise import synthesise
from .transcribe import transcribe

AUDIO_FOLDER = "audio"
AUDITED_LABELS = 3
SEEDS = (7, 9)
TOOL_SECONDS = 3.0
PIECE_BARS = 4  # of composers
RULE_BARS = 8  # of pieces by rules, whose sections have 4 or more
PIECE_FORM = "AB"
PROCEDURE_SEED = 3
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
TEXTS_IN = {
    "de": (
        "Guten Tag. Ich bin eine der Stimmen von Wavewright.",
        "Es ist zehn nach sechs, der Kessel steht auf dem Herd, und am 3. Mai fährt das Schiff um zwölf Uhr ab.",
        "Hast du die Geige aufgenommen, oder war das Frau Dr. Grün?",
    )
}
"""Texts for voices of other languages than English."""

TALK_LEVELS_DB, TALK_NOISE, TALK_PAUSE_SECONDS = (-24.0, -6.0), 0.003, 2.5
SCENE_GAP_SECONDS, SCENE_MUSIC_DB = 0.6, -18.0  # between the lines of a scene; of the music under it


def texts_in(language: str) -> tuple[str, ...]:
    """Return the sentences for the voices of a language."""
    return TEXTS_IN.get(language.partition("-")[0], TEXTS)


class ToolClips:
    """Writes clips into the folder of a page; a voice speaks where speech is needed."""

    def __init__(self, out: Path, folders: Sequence[ModelFolder]) -> None:
        self.out = out
        self.folders = folders
        self.audio = out / AUDIO_FOLDER
        self.audio.mkdir()

    @cached_property
    def voice(self) -> str | None:
        """Voice for models that need speech: an English one of the page, else the default voice, if it exists."""
        speaking = [
            str(folder.path)
            for folder in self.folders
            if loading.speakers_of(folder.card) is not None and texts_in(language_of(str(folder.path))) is TEXTS
        ]
        if speaking:
            return min(speaking, key=lambda path: len(languages_of(path)))
        try:
            find_voice(DEFAULT_VOICE)
        except BadModel:
            return None
        return DEFAULT_VOICE

    def tool(self, name: str) -> ToolSection | None:
        """Return the clips of a tool; None where it needs a voice or a model and there is none."""
        description, rows_of = {
            "sounds by rules": ("Sounds synthesised without a model or a recording.", self._synthesise_all),
            "backgrounds": (
                "Textures and randomised sounds in layers, of any length.",
                lambda: [self._layer(preset) for preset in BACKGROUNDS],
            ),
            "music": ("A tune in ABC notation, rendered to sound.", lambda: [self._render()]),
            "pieces by rules": ("Pieces composed by rules.", lambda: [self._compose_by_rules()]),
            "transcription": (
                "A melody as a recording, its notes, and an accompaniment of the recording.",
                lambda: [self._transcribe()],
            ),
            "synthesiser": ("Single notes of patches, and a wave from a formula.", lambda: [self._render_notes()]),
            "audit": (
                "Clips of a model that are found again in a folder of recordings: here it has clips of the model.",
                self._audits,
            ),
            "editing": ("A sentence of a voice before and after chains of effects.", lambda: self._spoken(self._edit)),
            "podcast": (
                "Two recordings, one of them soft, as an episode: without noise, equally loud, with short pauses.",
                lambda: self._spoken(self._podcast),
            ),
            "dubbing": (
                "A scene in German with music, dubbed into English by a table of its lines, each in its time.",
                lambda: [self._dub(german, self.voice) for german in voices_of("de")[:1] if self.voice],
            ),
        }[name]
        rows = [row for row in rows_of() if row.players]
        return ToolSection(name, description, rows) if rows else None

    def compressed(self, section: Section) -> Section:
        """Return a section with its clips as FLAC of 16 bits, with their tags."""
        return replace(section, rows=[self._compressed_row(row) for row in section.rows])

    def _compressed_row(self, row: PlayerRow) -> PlayerRow:
        command = row.command
        for path in (self.out / player.file for player in row.players):
            flac = Clip.read(path).write(path.with_suffix(".flac"), metadata=open_sound(path).tags)
            if path != flac:
                path.unlink()
            command = command.replace(path.name, flac.name)
        players = [replace(each, file=Path(each.file).with_suffix(".flac").as_posix()) for each in row.players]
        return replace(row, command=command, players=players)

    def _spoken(self, row_of: Callable[[str], PlayerRow]) -> list[PlayerRow]:
        return [] if self.voice is None else [row_of(self.voice)]

    def _synthesise_all(self) -> list[PlayerRow]:
        textures = [name for name, procedure in PROCEDURES.items() if procedure.is_texture]
        one_shots = [name for name in PROCEDURES if name not in textures]
        return [self._synthesise("textures", textures, TOOL_SECONDS), self._synthesise("one-shots", one_shots, None)]

    def _audits(self) -> list[PlayerRow]:
        labelled = [folder for folder in self.folders if generates(folder) and len(folder.card.labels) > 1]
        one_shot_models = [folder for folder in labelled if "n_samples" in folder.card.config]  # soonest audited
        return [self._audit(folder) for folder in (one_shot_models or labelled)[:1]]

    def _dub(self, speaker: str, voice: str) -> PlayerRow:
        """Write a scene of a few lines over music, and its dub by a table of what is said in two languages."""
        scene, dubbed = self.audio / "scene.wav", self.audio / "scene-en.wav"
        spoken = spoken_scene(TEXTS_IN["de"], SCENE_GAP_SECONDS, speaker)
        with scratch_folder() as folder:
            compose_by_rule("band", folder / "music.wav", bars=RULE_BARS, seed=PROCEDURE_SEED, quiet=True)
            music = Clip.read(folder / "music.wav").mono().resample(spoken.clip.sample_rate)
            bed = np.resize(music.wave, spoken.clip.wave.shape)
            bed *= np.minimum(1, np.arange(bed.shape[1]) / spoken.clip.sample_rate)  # it rises for a second
            Clip(spoken.clip.wave + db_to_gain(SCENE_MUSIC_DB) * bed, spoken.clip.sample_rate).write(scene)
            lines = (f"{german}\t{english}\n" for german, english in zip(TEXTS_IN["de"], TEXTS, strict=True))
            (folder / "lines.csv").write_text("".join(lines), encoding="utf-8")
            table = f"table:{folder / 'lines.csv'}"
            dub(scene, to="en", from_="de", out=dubbed, recogniser=table, translator=table, voice=voice, quiet=True)
        table = "table:scene.csv"
        command = (
            f"wavewright dub scene.wav --from de --to en --recogniser {table} --translator {table} --out {dubbed.name}"
        )
        players = [self._player(scene, "German", TEXTS_IN["de"][0]), self._player(dubbed, "English", TEXTS[0])]
        return PlayerRow("a scene", command, players)

    def _podcast(self, voice: str) -> PlayerRow:
        """Write two recordings of a talk with noise, and the episode."""
        paths = [self.audio / f"{name}.wav" for name in ("talk-1", "talk-2", "episode")]
        rng = np.random.default_rng(PROCEDURE_SEED)
        turns = []
        for path, text in zip(paths, TEXTS[1:], strict=False):
            speak(text, voice=voice, out=path)
            turns.append(Clip.read(path))
        n_first = turns[0].n_samples + seconds_to_samples(TALK_PAUSE_SECONDS, turns[0].sample_rate)
        n_samples = n_first + turns[1].n_samples
        for path, clip, start, gain_db in zip(paths, turns, (0, n_first), TALK_LEVELS_DB, strict=False):
            wave = np.pad(clip.wave[0], (start, n_samples - start - clip.n_samples))
            noisy = db_to_gain(gain_db) * (wave + TALK_NOISE * rng.standard_normal(n_samples))
            Clip(noisy[None], clip.sample_rate).write(path)
        podcast(tuple(paths[:2]), out=paths[2], quiet=True)
        command = f"wavewright podcast {paths[0].name} {paths[1].name} --out episode.mp3"
        labels = ("first recording", "second recording", "episode")
        return PlayerRow("an episode", command, [self._player(*pair) for pair in zip(paths, labels, strict=True)])

    def _audit(self, folder: ModelFolder) -> PlayerRow:
        """Audit a model as if it had learned from clips of its own, which must be found, and from other sounds."""
        recordings, pairs = self.out / "recordings", inside(self.audio, file_stem(folder.card.name, "pairs"))
        for label in folder.card.labels[:AUDITED_LABELS]:
            generate(str(folder.path), label, 1, SEEDS[0], out=recordings)
        (recordings / MANIFEST_FILE).unlink()  # which says that the clips are no recordings
        for name in (name for name, procedure in PROCEDURES.items() if not procedure.is_texture):
            synthesise(name, recordings / f"{name}.wav", seed=PROCEDURE_SEED, quiet=True)
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
        render(tune, paths[1], instrument=TUNE_PATCH, quiet=True)
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
        render(tune, paths[0], instrument=TRANSCRIBED_PATCH, quiet=True)
        transcribed = transcribe(paths[0], notes, metre=TUNE_METRE, quiet=True)
        render(notes, paths[1], quiet=True)
        accompany(paths[0], paths[2], style=TUNE_STYLE, quiet=True)
        names = " ".join(pitch_name(note.pitch) for note in transcribed.details["notes"])
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
            render(Path(NOTE), path, name, seconds=NOTE_SECONDS, quiet=True)
            players.append(self._player(path, name))
        path = self.audio / "formula.wav"
        render(Path(NOTE), path, FORMULA, seconds=NOTE_SECONDS, quiet=True)
        players.append(self._player(path, FORMULA))
        command = (
            f"wavewright render {NOTE} --instrument {PATCHES[0]} --seconds {NOTE_SECONDS:g} --out {PATCHES[0]}.wav"
        )
        return PlayerRow("notes", command, players)

    def _compose_by_rules(self) -> PlayerRow:
        """Write a piece of each of a few rules."""
        players = []
        for rule in RULES:
            path = self.audio / f"{rule}.wav"
            compose_by_rule(rule, out=path, bars=RULE_BARS, form=PIECE_FORM, seed=PROCEDURE_SEED, quiet=True)
            players.append(self._player(path, rule))
        options = f"--bars {RULE_BARS} --form {PIECE_FORM} --seed {PROCEDURE_SEED} --out {RULES[0]}.wav"
        return PlayerRow("pieces by rules", f"wavewright compose-by-rule {RULES[0]} {options}", players)

    def _edit(self, voice: str) -> PlayerRow:
        """Write a sentence before and after a few chains."""
        before = self.audio / "edit-before.wav"
        speak(TEXTS[0], voice=voice, out=before)
        players = [self._player(before, "before", TEXTS[0])]
        for number, (title, chain) in enumerate(CHAINS, 1):
            path = self.audio / f"edit-{number}.wav"
            edit(before, path, chain, quiet=True)
            players.append(self._player(path, title, chain))
        command = f'wavewright edit {before.name} --do "{CHAINS[0][1]}" --out after.wav'
        return PlayerRow("before and after", command, players)

    def _sentence(self, voice: str, text: str, sample_rate: int) -> Clip:
        """Return a sentence of a voice at a sample rate."""
        path = self.out / "sentence.wav"
        speak(text, voice=voice, out=path)
        clip = Clip.read(path).resample(sample_rate)
        path.unlink()
        return clip

    def _player(self, path: Path, name: str, text: str = "") -> Player:
        return Player.of(path.relative_to(self.out).as_posix(), name, Clip.read(path), text)
