"""Drums: real one-shots whose licences permit training a model that is given away.

Sources, each a folder on this machine:

- ``--packs``: one-shots as ``<kind>/<kit>_<name>.flac`` from the public repository oramics/sampled (drum machines
  CR-78, LM-2 and MRK-2, acoustic AVL kits).
- ``--hydrogen``: the folder ``usr/share/hydrogen/data/drumkits`` of the Debian package hydrogen-drumkits.
- ``--sonic-pi``: the folder ``etc/samples`` of the public repository sonic-pi-net/sonic-pi (late 2024 or later), which
  has more hats than the Debian package sonic-pi-samples.
- ``--fluid`` (left out without): ``usr/share/sounds/sf2/FluidR3_GM.sf2`` of the Debian package fluid-soundfont-gm.

The Debian packages need no installing: ``apt-get download hydrogen-drumkits fluid-soundfont-gm``, then
``dpkg -x FILE FOLDER``.

    python recipes/corpora drums --packs PACK --hydrogen DRUMKITS --sonic-pi SAMPLES --fluid FluidR3_GM.sf2 \\
        --out corpora/drums

writes 44.1 kHz mono 24-bit FLAC of at most 2 s, ``manifest.jsonl`` (label, kit, group, split, licence, credit) and
``sources.json``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from corpus import Gathered, checked_folder, print_left_out, write_clips, write_lists
from soundfont import KeyedSample, SoundFont

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder
from wavewright.base.result import Failed

SAMPLE_RATE = 44_100
MAX_SECONDS = 2.0
FADE_SECONDS = 0.01
KINDS = ("kick", "snare", "hat", "tom", "cymbal", "clap", "rim", "percussion")


@dataclass(frozen=True)
class Source:
    """One kit: its origin, licence, credit and split."""

    kit: str
    split: str
    licence: str
    credit: str
    origin: str


@dataclass(frozen=True)
class Drum(Gathered):
    """One recording of a drum: its kind, and its group within the kit, the same for all velocity layers.

    ``samples`` are the sample numbers of its channels if the file is a SoundFont, ``stem`` is the name of the
    written file.
    """

    label: str
    group: str
    source: Source
    stem: str
    samples: tuple[int, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.label}/{self.source.kit}_{self.stem.replace(' ', '_')}.flac"

    @property
    def fields(self) -> dict[str, str]:
        return {
            "label": self.label,
            "kit": self.source.kit,
            "group": self.group,
            "split": self.source.split,
            "licence": self.source.licence,
            "credit": self.source.credit,
            "source": self.source.origin,
        }


_PACK = "github.com/oramics/sampled"
_HYDROGEN = "Debian package hydrogen-drumkits"
PACK_SOURCES = {
    "cr-78": Source("cr-78", "train", "Public domain", "CR-78 samples", _PACK),
    "mrk-2": Source("mrk-2", "train", "Public domain", "MRK-2 samples", _PACK),
    "lm-2": Source("lm-2", "valid", "Public domain", "LM-2 samples", _PACK),
    "avl": Source(
        "avl", "train", "CC-BY-SA-3.0", "AVL Drumkits 1.1 (Black Pearl, Red Zeppelin), Glen MacArthur, 2015", _PACK
    ),
}
HYDROGEN_SOURCES = {
    "rumpf_kit_z01_h2": Source("rumpf", "train", "CC-BY-3.0", "rumpf_kit_z01, Emanuel Rumpf", _HYDROGEN),
    "BJA_Pacific": Source(
        "bja-pacific", "train", "CC-BY-SA-3.0-US", "BJA_Pacific, Luc Tanguay and B. J. Anderson", _HYDROGEN
    ),
    "circAfrique v4": Source("circafrique", "test", "CC-BY-SA-3.0", "circAfrique v4, Jim Harney", _HYDROGEN),
    "Audiophob": Source("audiophob", "test", "CC0-1.0", "Audiophob, soundcloud.com/audiophobdubstep", _HYDROGEN),
}
SONIC_PI_SOURCE = Source(
    "sonic-pi", "train", "CC0-1.0", "Sonic Pi samples, from freesound.org", "github.com/sonic-pi-net/sonic-pi"
)
FLUID_SOURCE = Source(
    "fluid", "train", "MIT", "Fluid (R3), Frank Wen and contributors", "Debian package fluid-soundfont-gm"
)

# The pack files some drums under the wrong kind; the name is right.
PACK_KINDS = [
    (r"RotoTom", "tom"),
    (r"(Crash|Ride)Choke", "cymbal"),
    (r"Paiste2002", "cymbal"),
    (r"HatSwish", "hat"),
]
# One drum struck in different places or ways, or one sampled sound at different pitches and lengths, is one drum.
PACK_SAME_DRUM = [
    (r"^\d+-", ""),
    (r"-\d+$", ""),
    (r"(Edge|Bell|Shank|Choke)$", ""),
    (r"Hat(Closed|Pedal|SemiOpen|Swish)$", "Hat"),
    (r"-(accent|long|short|alt|closed|open|closed-long|closed-short|h|hh|m|l|ll|lll)$", ""),
]
HYDROGEN_KINDS = [
    (r"roll|snare dry", None),  # several strokes; with the snares off it is like a tom
    (r"kick|bass ?drum|^bd", "kick"),
    (r"snare|^sd", "snare"),
    (r"\bhh\b|\bhat\b|hi[- ]?hat", "hat"),
    (r"\btom\b|^tomhi\d", "tom"),
    (r"crash|ride|splash|china|cymbal", "cymbal"),
    (r"stick|rim", "rim"),
    (r"clap", "clap"),
    (r"cowbell|djembe|bell|shaker|conga|bongo|tambourine", "percussion"),
    (r"(sangban|dununba|kenkeni)\d head", "tom"),
]
HYDROGEN_SAME_DRUM = [
    (r"^[a-g]#?\d - ", ""),
    (r"^Hi Hat .*", "Hi Hat"),
    (r"^Ride Bell$", "Ride"),
    (r" (Head|Bell)( Hit| Mute)?$", r" \1"),
    (r" (Slap|Tone|Bass)$", ""),
]
SONIC_PI_KINDS = [
    (r"^bd_|^drum_bass_|^drum_heavy_kick|^elec_(soft|hollow)_kick", "kick"),
    (r"^sn_|^drum_snare_|^elec_(\w+_)?snare", "snare"),
    (r"^drum_cymbal_(closed|open|pedal)|^hat_", "hat"),
    (r"^drum_tom_|^elec_fuzz_tom", "tom"),
    (r"^drum_cymbal_(hard|soft)|^drum_splash_|^elec_cymbal|^ride_", "cymbal"),
    (r"^drum_cowbell", "percussion"),
]
SONIC_PI_SAME_DRUM = [(r"^drum_cymbal_(closed|open|pedal)$", "drum_hat"), (r"_(hard|soft)$", "")]
FLUID_KINDS = [
    (r"kick|bass drum", "kick"),
    (r"snr|snare|piccolo|rmpwr", "snare"),
    (r"hi-hat|closed hat|open hat", "hat"),
    (r"tom|studio", "tom"),
    (r"crsh|ride|china|splash", "cymbal"),
]
# Velocity layers of a snare, articulations of a pair of hats, a kick in several rooms, a circuit at several pitches.
FLUID_SAME_DRUM = [
    (r"^Hi-Hat .*", "Hi-Hat"),
    (r"^808 (Open|Closed) Hat$", "808 Hat"),
    (r"^808 Tom \d$", "808 Tom"),
    (r"^(Power|Room) Kick.*", "Power Kick"),
    (r"^Std Kick$", "Std Kick 1"),
    (r"^RmPwr .*", "RmPwr"),
    (r"(\d)-\d$", r"\1"),
]

# Recordings of the training kits whose spectrograms do not match their names.
UNLIKE_ITS_NAME = {
    "cr-78_hihat-metal": "three ringing tones, not a hat",
    "beats_06-25": "a rattle, not a snare",
    "beats_06-30": "a dull thump, not a cymbal",
    "beats_06-40": "a dull thump, not a ride",
    "beats_06-43": "a train of clicks, not a crash",
    "beats_08-20": "a low thump, not a cymbal",
    "elec_filt_snare": "a long filter sweep, not a snare",
    "elec_fuzz_tom": "a burst of noise, not a tom",
}


def first_kind(name: str, rules: list[tuple[str, str | None]]) -> str | None:
    """Return the kind of the first rule that matches ``name``, or None."""
    return next((kind for pattern, kind in rules if re.search(pattern, name, re.IGNORECASE)), None)


def drum_identity(name: str, rules: list[tuple[str, str]]) -> str:
    """Return ``name`` without its layer and articulation."""
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name.strip() or "drum"


def from_pack(folder: Path) -> Iterator[Drum | Failed]:
    """Yield the one-shots of a ``<kind>/<kit>_<name>.flac`` folder."""
    for path in sorted(folder.glob("*/*.flac")):
        kit, _, name = path.stem.partition("_")
        source = PACK_SOURCES.get(kit)
        label = first_kind(name, PACK_KINDS) or path.parent.name
        if source is None or label not in KINDS:
            yield Failed(path, "a kit or kind that the recipe does not know")
        else:
            yield Drum(path, label, f"{kit}/{drum_identity(name, PACK_SAME_DRUM)}", source, name)


def from_hydrogen(folder: Path, sources: Mapping[str, Source]) -> Iterator[Drum | Failed]:
    """Yield the one-shots of the Hydrogen drum kits in ``sources``, labelled by their instrument names."""
    for kit_name, source in sources.items():
        path = folder / kit_name / "drumkit.xml"
        if not path.is_file():
            raise BadFolder(
                f"{path} does not exist; give the folder drumkits of the unpacked package hydrogen-drumkits."
            )
        drumkit = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        for element in drumkit.iter():
            element.tag = element.tag.rpartition("}")[2]
        for instrument in drumkit.iter("instrument"):
            name = (instrument.findtext("name") or "").strip()
            label = first_kind(name, HYDROGEN_KINDS)
            group = f"{source.kit}/{drum_identity(name, HYDROGEN_SAME_DRUM)}"
            for file_name in instrument.iter("filename"):
                path = folder / kit_name / (file_name.text or "")
                if label is None:
                    yield Failed(path, f"instrument {name!r} is none of the kinds")
                else:
                    yield Drum(path, label, group, source, path.stem)


def from_sonic_pi(folder: Path) -> Iterator[Drum | Failed]:
    """Yield the drum one-shots among Sonic Pi's samples."""
    for path in sorted(folder.glob("*.flac")):
        label = first_kind(path.stem, SONIC_PI_KINDS)
        if label is None:
            yield Failed(path, "not a drum one-shot by its name")
        else:
            group = f"sonic-pi/{drum_identity(path.stem, SONIC_PI_SAME_DRUM)}"
            yield Drum(path, label, group, SONIC_PI_SOURCE, path.stem)


def from_fluid(path: Path) -> Iterator[Drum | Failed]:
    """Yield the samples of Fluid's percussion kits, labelled by name, without the SoundFont's filters and envelopes."""
    if not path.is_file():
        raise BadFolder(f"{path} does not exist; give FluidR3_GM.sf2 of the unpacked package fluid-soundfont-gm.")
    channels: dict[str, dict[str, KeyedSample]] = {}
    for sample in SoundFont(path).percussion():
        channels.setdefault(re.sub(r"\s*\(?[LR]\)?$|\(L?$", "", sample.name), {}).setdefault(sample.name, sample)
    for name, sides in sorted(channels.items()):
        label = first_kind(name, FLUID_KINDS)
        stem = re.sub(r"\W+", "_", name)
        if label is None:
            yield Failed(path / stem, f"sample {name!r} is none of the kinds")
        else:
            group = f"fluid/{drum_identity(name, FLUID_SAME_DRUM)}"
            yield Drum(path, label, group, FLUID_SOURCE, stem, tuple(side.number for side in sides.values()))


def recorded(drum: Drum) -> Clip:
    """Read the recording from its file."""
    if not drum.samples:
        return Clip.read(drum.path)
    font = SoundFont(drum.path)
    sides = [font.clip(number) for number in drum.samples]
    shortest = min(side.wave.shape[1] for side in sides)
    return Clip(np.concatenate([side.wave[:, :shortest] for side in sides]), sides[0].sample_rate)


def one_shot(drum: Drum) -> Clip:
    """Read the recording at 44.1 kHz: mono, at most 2 s, scaled only where mixing or resampling exceeds full scale."""
    wave = recorded(drum).mono().resample(SAMPLE_RATE).wave
    n_samples = int(MAX_SECONDS * SAMPLE_RATE)
    if wave.shape[1] > n_samples:
        wave = wave[:, :n_samples].copy()
        n_fade = int(FADE_SECONDS * SAMPLE_RATE)
        wave[:, -n_fade:] *= np.linspace(1, 0, n_fade, dtype=np.float32)
    peak = float(np.abs(wave).max())
    if peak == 0:
        raise BadAudio(f"{drum.path}, {drum.stem}, is silent; remove it.")
    return Clip(wave / max(peak, 1.0), SAMPLE_RATE)


def gather_drums(
    packs: Path, hydrogen: Path, sonic_pi: Path, fluid: Path | None, out: Path
) -> tuple[list[Drum], list[Failed]]:
    """Write the corpus to ``out``; return its drums and the files left out. Raise BadFolder if a source is missing."""
    for folder in (packs, hydrogen, sonic_pi):
        checked_folder(folder, "the unpacked source")
    hydrogen_drums = from_hydrogen(hydrogen, HYDROGEN_SOURCES)
    fluid_drums = () if fluid is None else from_fluid(fluid)
    return gather_one_shots((*from_pack(packs), *hydrogen_drums, *from_sonic_pi(sonic_pi), *fluid_drums), out)


def gather_one_shots(items: Iterable[Drum | Failed], out: Path) -> tuple[list[Drum], list[Failed]]:
    """Write one-shots to ``out``; return those written and the files left out."""
    gathered, left_out, records = write_clips(_without_misnamed(items), out, one_shot, "PCM_24")
    write_lists(out, records, _summary(gathered))
    return gathered, left_out


def _without_misnamed(items: Iterable[Drum | Failed]) -> Iterator[Drum | Failed]:
    """Yield the items, with a problem for each recording that does not match its name."""
    for item in items:
        if isinstance(item, Failed):
            yield item
            continue
        reason = UNLIKE_ITS_NAME.get(item.path.stem) or UNLIKE_ITS_NAME.get(item.stem)
        yield Failed(item.path.with_name(item.stem), reason) if reason else item


def _summary(gathered: list[Drum]) -> list[dict[str, str | float]]:
    clips = Counter(drum.source for drum in gathered)
    changes = "mixed to mono, resampled to 44.1 kHz, cut to at most 2 s"
    return [{**asdict(source), "clips": count, "changes": changes} for source, count in clips.items()]


def print_table(gathered: list[Drum], left_out: list[Failed]) -> None:
    """Print how many clips there are of each kind in each kit, and what was left out."""
    counts = Counter((drum.source, drum.label) for drum in gathered)
    print(f"{'kit':14}{'split':7}" + "".join(f"{kind:>11}" for kind in KINDS))
    for source in dict.fromkeys(drum.source for drum in gathered):
        print(f"{source.kit:14}{source.split:7}" + "".join(f"{counts[source, kind]:11}" for kind in KINDS))
    for split in ("train", "valid", "test"):
        of_kind = Counter(drum.label for drum in gathered if drum.source.split == split)
        print(f"{'all':14}{split:7}" + "".join(f"{of_kind[kind]:11}" for kind in KINDS))
    print_left_out(len(gathered), left_out)
