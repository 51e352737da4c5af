"""Tags and other metadata through every pair of kinds of files: equal, or named in the line of what is left out."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from tests.foreign_files import encode
from wavewright.audio import metadata_file
from wavewright.audio.clip import FORMATS, Clip, write_blocks
from wavewright.audio.file_formats.metadata import AUTOMATIC, TAGS, SoundMetadata, plain, with_qualifiers
from wavewright.audio.sound_file import SoundFormat, open_sound
from wavewright.outputs.carried_metadata import carried

ENDINGS = ("wav", "aiff", "flac", "ogg", "opus", "mp3", "m4a")
PAIRS = [*itertools.product(ENDINGS, ENDINGS)]
RATE = 48_000
SOUND = Clip((0.1 * np.sin(np.arange(RATE // 10) / 20)).astype(np.float32)[None], RATE)
NAMES = (
    *("title", "artist", "album", "albumartist", "composer", "conductor", "genre", "date", "copyright", "isrc", "bpm"),
    *("tracknumber", "tracktotal", "discnumber", "disctotal", "compilation", "lyrics", "lyrics:deu:", "lyrics:eng:two"),
    *("comment:eng:mood", "performer", "performer:flute", "performer:first violin", "involvedpeople:tea", "producer"),
    *("mixer", "engineer", "organization", "language", "purl", "MusicBrainz Album Id", "key", "icms", "tit4", "woar"),
    *("media_type", "description", "a name of its own", "Künstler", "name=sign"),
)
WORDS = (
    "Ann",
    "Bob",
    "3",
    "3/12",
    "0",
    "120",
    "2019-12-27",
    "Ж",
    "音",
    "a; b",
    "a/b",
    "(17)",
    "1",
    "eng",
    "Ann (flute)",
)
WORDS += ("line\nline", " space ", "é" * 300, "http://example.org/a?b=c")


def random_fields(source):
    """Return some tags with one to three texts."""
    fields = []
    for name in source.sample(NAMES, source.randint(1, 5)):
        n_texts = 1 if name.startswith(("comment", "lyrics")) else source.choice((1, 1, 2, 3))
        fields += [(name, text) for text in source.sample(WORDS, n_texts)]
    return tuple(fields)


def written(path, metadata):
    """Write metadata and return what is read again, and what is named."""
    left_out = []
    write_blocks(path, [SOUND], None, metadata, left_out=left_out)
    return open_sound(path).metadata, left_out


def unlike(before, after):
    """Return the plain names of tags that differ."""
    texts, texts_after = before.values, after.values
    number = {"tracktotal": "tracknumber", "disctotal": "discnumber"}
    named = [name for name in texts if sorted(texts[name]) != sorted(texts_after.get(name, []))]
    exact = {(name.lower(), text) for name, text in itertools.starmap(with_qualifiers, after.fields)}
    wanted = [with_qualifiers(*field) for field in before.fields]
    named += [plain(*field)[0].lower() for field in wanted if (field[0].lower(), field[1]) not in exact]
    joined = {
        name: f"{(texts.get(name) or [''])[0]}/{texts[total][0]}" for total, name in number.items() if total in texts
    }
    is_joined = [name for name, text in joined.items() if texts_after.get(name) == [text]]
    return {number.get(name, name) for name in named} - {*is_joined}


@pytest.mark.parametrize("seed", range(3))
def test_random_tags_are_equal_or_named(tmp_path, seed):
    source = random.Random(seed)
    for number in range(250):
        first, second = PAIRS[number % len(PAIRS)] if seed else source.choice(PAIRS)
        if not seed and number > 60:
            break
        fields = random_fields(source)
        before, named = written(tmp_path / f"a.{first}", SoundMetadata(fields))
        missing = {
            name for name in unlike(SoundMetadata(fields), before) if not any(repr(name) in each for each in named)
        }
        assert not missing, (first, fields, before.fields, named)
        unchanged = SoundFormat(RATE, 1, SOUND.seconds)
        kept = carried(before, (), (unchanged,))
        after, named = written(tmp_path / f"b.{second}", kept.metadata)
        named += kept.left_out
        missing = {name for name in unlike(before, after) if not any(repr(name) in each for each in named)}
        assert not missing - {*AUTOMATIC}, (first, second, before.fields, after.fields, named)


@pytest.mark.parametrize("ending", [each for each in FORMATS if not each.startswith(".m4")])  # those are read again
def test_tags_of_every_format_are_held_by_every_format(tmp_path, ending):
    source = random.Random(ending)
    for _ in range(20):
        names = source.sample([name for name in TAGS if name != "genre"], 5)
        fields = tuple(
            (name, "".join(source.choices('ab 3/0é:,;=\n\r\t"[]<>日\x01ÿ𝄞', k=8)).strip() or "a") for name in names
        )
        metadata = SoundMetadata(fields)
        assert metadata.is_of_every_format
        assert metadata_file.losses(metadata, written(tmp_path / f"a{ending}", metadata)[0], SOUND.seconds) == []
    for metadata in (
        SoundMetadata((("genre", "2"),)),
        SoundMetadata((("title", "a "),)),
        SoundMetadata((("title", "a"), ("title", "b"))),
    ):
        assert not metadata.is_of_every_format


@pytest.mark.parametrize(("ending", "codec", "encoding"), [("wma", "wmav2", "utf-16-le"), ("mka", "flac", "utf-8")])
@pytest.mark.parametrize("to", ["flac", "wav", "mp3"])
def test_tags_of_a_container_have_all_their_texts(tmp_path, ending, codec, encoding, to):
    """FFmpeg writes each name once: the names of one letter more are made equal in its file."""
    source = random.Random(ending + to)
    for number in range(8):
        path = tmp_path / f"{number}.{ending}"
        names = source.sample(("GENRE", "COMPOSER", "MOOD", "CONDUCTOR", "LANGUAGE"), 3)
        wanted = {name: source.sample(("Ann", "Bob", "Ж", "a; b", "3"), source.randint(1, 4)) for name in names}
        tags = {
            f"{'WM/' * (ending == 'wma')}{name[:-1]}{index}": text
            for name, texts in wanted.items()
            for index, text in enumerate(texts)
        }
        kind = "asf" if ending == "wma" else "matroska"
        encode(path, codec, SOUND.wave, RATE, format=kind, tags=tags, options={"b": "96000"})
        content = path.read_bytes()
        for name, texts in wanted.items():
            for index in range(len(texts)):
                content = content.replace(f"{name[:-1]}{index}".encode(encoding), name.encode(encoding))
        path.write_bytes(content)
        read = open_sound(path).metadata
        assert {name: read.values[name.lower()] for name in wanted} == wanted
        again, left_out = written(tmp_path / f"{number}.{to}", read)
        named = " ".join(left_out)
        assert all(again.values.get(name.lower()) == texts or name.lower() in named for name, texts in wanted.items())
