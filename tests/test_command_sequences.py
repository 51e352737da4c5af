"""Random sequences of commands on outputs of other commands: nothing of our own is refused, nothing raises."""

from __future__ import annotations

import shlex

import command_sequences
import pytest


@pytest.mark.uses(
    "drums", "en", "vocoder", "morph-drums", "drum-classifier", "speech-codec", "folk-tunes", "denoise-16k"
)
@pytest.mark.parametrize("number", range(4))
def test_commands_take_the_files_of_others(tmp_path, number):
    sequence, results = command_sequences.run_sequence(number, tmp_path)
    for command, (code, message) in zip(sequence.commands, results, strict=True):
        assert command_sequences.is_right(command, code, message), f"{shlex.join(command)}: {code}, {message}"


@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_a_kind_without_signatures_may_be_refused(verb):
    message = "wavewright: files/5.m4a is of a kind that cannot be signed; convert it to wav or flac first."
    assert command_sequences.is_right([verb, "files/5.m4a"], 2, message)
    assert not command_sequences.is_right([verb, "files/5.m4a"], 2, "wavewright: files/5.m4a is empty.")
