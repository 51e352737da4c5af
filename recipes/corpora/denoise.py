"""Speech, noise and music that denoisers are trained on.

    python recipes/corpora denoise --speech corpora/speech corpora/synthetic --esc10 PACK --zero-ad AUDIO \\
        --megaglest DATA --wake-words WORDS --blanket BLANKET --warzone ALBUMS --out corpora/denoise

``--speech`` are corpora of the commands ``speech`` and ``synthetic``, without tests; steady noise is removed from them.
``--esc10`` is the pack of the command ``ambience``: fold 4 is split ``valid``, fold 5 is left out for tests.
``--zero-ad`` is the folder ``audio`` of ``public.zip`` in the Debian package 0ad-data: its ambience, effects, music,
and voices. ``--megaglest`` is the folder ``usr/share/games/megaglest`` of the Debian package megaglest-data.
``--wake-words`` is the public repository Picovoice/wake-word-benchmark (more than 50 speakers of six key words, whom
the files do not name), ``--blanket`` the public repository rafaelmardojai/blanket (ambiences, each with its author and
licence). ``--warzone`` is the folder ``usr/share/games/warzone2100/music/albums`` of the Debian package
warzone2100-music, of which two albums by LupusMechanicus are used.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import ambience
from corpus import Recording, Source, checked_folder, gather
from games import MEGAGLEST, ZERO_AD
from hiss import without_hiss

from wavewright.audio.clip import Clip
from wavewright.base.result import Failed

SPEECH, NOISE, MUSIC = "speech", "noise", "music"
EFFECTS = (
    "ambient/**/*.ogg",
    "actor/fauna/*.ogg",
    "actor/ship/*.ogg",
    "actor/mounted/*.ogg",
    "actor/gate/*.ogg",
    "attack/**/*.ogg",
    "resource/**/*.ogg",
    "actor/singlesteps/**/*.ogg",
    "interface/select/**/*.ogg",
    "interface/complete/**/*.ogg",
)
MEGAGLEST_EFFECTS = (
    "tilesets/*/sounds/*.ogg",
    "data/core/water_sounds/*.*",
    "techs/megapack/commondata/sounds/*_hit*.wav",
    "techs/megapack/commondata/sounds/*_walk*.wav",
    "techs/megapack/commondata/sounds/air_*.wav",
    "techs/megapack/commondata/sounds/orni_*.wav",
    "techs/megapack/commondata/sounds/tech_*.wav",
    "techs/megapack/commondata/sounds/tower_*.wav",
    "techs/megapack/commondata/sounds/worker_[bhmw]*.wav",
    "techs/megapack/commondata/sounds/anvil*.wav",
    "techs/megapack/factions/tech/units/*/sounds/*.*",
    "techs/megapack/factions/persian/units/flying_carpet/sounds/*.*",
)
HUMAN = ("voice", "human", "laugh", "crowd")  # in names of effects that are left out
WAKE_WORDS = Source(
    *("wake-word-benchmark", "Apache-2.0", "Wake word benchmark, Picovoice Inc."),
    *("github.com/Picovoice/wake-word-benchmark", "mixed to mono, resampled, steady noise removed"),
)
WARZONE = Source(
    *("Warzone 2100 soundtracks", "CC-BY-SA-3.0", "Legacy and Aftermath Soundtrack, LupusMechanicus"),
    *("Debian package warzone2100-music", "mixed to mono"),
)
WARZONE_ALBUMS = ("legacy_soundtrack", "aftermath_soundtrack")
OTHER_LICENCE = "track3_enhanced"  # of the GPL alone

AMBIENCES = {
    "birds": ("kvgarlic", "CC0-1.0", "freesound.org/people/kvgarlic/sounds/156826"),
    "boat": ("Falcet", "CC0-1.0", "freesound.org/people/Falcet/sounds/439365"),
    "city": ("gezortenplotz", "CC-BY-3.0", "freesound.org/people/gezortenplotz/sounds/44796"),
    "coffee-shop": ("stephan", "public domain", "soundbible.com/1664-Restaurant-Ambiance.html"),
    "fireplace": ("ezwa", "public domain", "soundbible.com/1543-Fireplace.html"),
    "rain": ("alex36917", "CC-BY-3.0", "freesound.org/people/alex36917/sounds/524605"),
    "storm": ("Digifish music", "CC-BY-3.0", "freesound.org/people/digifishmusic/sounds/41739"),
    "stream": ("gluckose", "CC0-1.0", "freesound.org/people/gluckose/sounds/333987"),
    "summer-night": ("Lisa Redfern", "public domain", "soundbible.com/2083-Crickets-Chirping-At-Night.html"),
    "train": ("SDLx", "CC-BY-3.0", "freesound.org/people/SDLx/sounds/259988"),
    "waves": ("Luftrum", "CC-BY-3.0", "freesound.org/people/Luftrum/sounds/48412"),
    "wind": ("felix.blume", "CC0-1.0", "freesound.org/people/felix.blume/sounds/217506"),
}
"""Author, licence and origin of each ambience; not the two of coloured noise, which is drawn anew instead."""
HELD_OUT_AMBIENCES = ("boat", "city", "coffee-shop", "train")  # kinds of noise that no training recording has

VALID_OF = 12  # one of so many effects and pieces of music is held out


def find(
    speech: Sequence[Path],
    esc10: Path,
    zero_ad: Path,
    megaglest: Path | None,
    wake_words: Path | None,
    blanket: Path | None,
    warzone: Path | None,
) -> Iterator[Recording | Failed]:
    """Yield speech, noise and music, each with its kind as label."""
    for corpus in speech:
        yield from _speech(corpus)
    yield from _esc10(esc10)
    yield from _zero_ad(checked_folder(zero_ad, "the sound of 0 A.D."))
    if megaglest:
        yield from _megaglest(checked_folder(megaglest, "tilesets, data and techs of MegaGlest"))
    if wake_words:
        yield from _wake_words(wake_words)
    if blanket:
        yield from _ambiences(blanket)
    if warzone:
        yield from _soundtracks(checked_folder(warzone, "the albums of Warzone 2100"))


def _esc10(pack: Path) -> Iterator[Recording | Failed]:
    for item in ambience.find(pack):
        if isinstance(item, Failed):
            yield item
        else:
            facts = {"label": NOISE, "group": f"esc10/{item.facts['group']}"}
            yield replace(item, target=f"{NOISE}/esc10/{item.target}", facts=facts)


def _zero_ad(audio: Path) -> Iterator[Recording]:
    """Yield voices, effects without people, and music."""
    effects = sorted({path for pattern in EFFECTS for path in audio.glob(pattern)})
    yield from _voices(audio)
    for kind, paths in ((NOISE, effects), (MUSIC, sorted((audio / "music").glob("*.ogg")))):
        for path in paths:
            name = path.relative_to(audio).with_suffix("").as_posix()
            if kind == NOISE and any(word in name for word in HUMAN):
                continue
            split = "train" if zlib.crc32(path.name.encode()) % VALID_OF else "valid"
            yield Recording(path, f"{kind}/0ad/{name}", split, ZERO_AD, {"label": kind, "group": f"0ad/{name}"})


def _voices(audio: Path) -> Iterator[Recording]:
    """Yield the answers of the people of each civilisation, a speaker for women and men of each."""
    for path in sorted((audio / "voice").glob("*/civ/*.ogg")):
        sex = "female" if "female" in path.stem else "male"
        speaker = f"0ad-{path.parts[-3]}-{sex}"
        name = f"{SPEECH}/0ad/{path.parts[-3]}/{path.stem}"
        yield Recording(path, name, "train", ZERO_AD, {"label": SPEECH, "speaker": speaker, "group": speaker})


def _megaglest(data: Path) -> Iterator[Recording]:
    """Yield each effect once, since tilesets share some."""
    seen = set()
    for path in sorted({path for pattern in MEGAGLEST_EFFECTS for path in data.glob(pattern)}):
        name = path.relative_to(data).with_suffix("").as_posix().replace("/sounds/", "/")
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        is_voice = any(word in name for word in (*HUMAN, "technician", "_ack", "_select", "_die"))
        if path.suffix not in (".ogg", ".wav") or content in seen or is_voice:
            continue
        seen.add(content)
        split = "train" if zlib.crc32(path.name.encode()) % VALID_OF else "valid"
        facts = {"label": NOISE, "group": f"megaglest/{path.stem}"}
        yield Recording(path, f"{NOISE}/megaglest/{name}", split, MEGAGLEST, facts)


def _wake_words(folder: Path) -> Iterator[Recording]:
    """Yield each key word, for training, as of one speaker: they are not named, and single words must not outweigh."""
    audio = checked_folder(folder / "audio", "the key words")
    for path in sorted(path for path in audio.glob("*/*") if path.suffix in (".flac", ".wav")):
        name = f"{SPEECH}/wake-words/{path.parent.name.replace(' ', '-')}/{path.stem}"
        facts = {"label": SPEECH, "speaker": "wake-words", "group": name}
        yield Recording(path, name, "train", WAKE_WORDS, facts)


def _ambiences(folder: Path) -> Iterator[Recording]:
    """Yield the ambiences that are there; the kinds that are held out are split ``valid``."""
    sounds = checked_folder(folder / "data" / "resources" / "sounds", "the sounds of Blanket")
    for name, (author, licence, origin) in AMBIENCES.items():
        path = sounds / f"{name}.ogg"
        if path.is_file():
            source = Source(f"{author} ({licence})", licence, f"{author}, via Blanket", origin, "mixed to mono")
            split = "valid" if name in HELD_OUT_AMBIENCES else "train"
            facts = {"label": NOISE, "group": f"blanket/{name}"}
            yield Recording(path, f"{NOISE}/blanket/{name}", split, source, facts)


def _soundtracks(albums: Path) -> Iterator[Recording]:
    """Yield the pieces of the albums whose licence permits it."""
    for path in sorted(path for album in WARZONE_ALBUMS for path in (albums / album).glob("*.opus")):
        if path.stem != OTHER_LICENCE:
            name = f"{path.parent.name.removesuffix('_soundtrack')}-{path.stem}"
            split = "train" if zlib.crc32(name.encode()) % VALID_OF else "valid"
            facts = {"label": MUSIC, "group": f"warzone/{name}"}
            yield Recording(path, f"{MUSIC}/warzone/{name}", split, WARZONE, facts)


def _speech(corpus: Path) -> Iterator[Recording]:
    sources = {
        (source["origin"], source["credit"], source["licence"]): Source(
            source["name"], source["licence"], source["credit"], source["origin"], source["changes"]
        )
        for source in json.loads((corpus / "sources.json").read_text(encoding="utf-8"))
    }
    for line in (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == "test":
            continue
        path = corpus / row["audio_filepath"]
        facts = {"label": SPEECH} | {name: row[name] for name in ("speaker", "group") if row.get(name)}
        source = sources[row["source"], row["credit"], row["licence"]]
        target = Path(row["audio_filepath"]).with_suffix("").as_posix()
        yield Recording(path, f"{SPEECH}/{target}", row["split"], source, facts)


def _read(max_rate: int, recording: Recording) -> Clip:
    clip = Clip.read(recording.path).mono()
    if clip.sample_rate > max_rate:
        clip = clip.resample(max_rate)
    return without_hiss(clip) if recording.facts["label"] == SPEECH else clip


def gather_denoise(
    speech: Sequence[Path],
    esc10: Path,
    zero_ad: Path,
    megaglest: Path | None,
    out: Path,
    max_rate: int,
    wake_words: Path | None = None,
    blanket: Path | None = None,
    warzone: Path | None = None,
) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out; raise BadFolder without a source."""
    return gather(find(speech, esc10, zero_ad, megaglest, wake_words, blanket, warzone), out, partial(_read, max_rate))
