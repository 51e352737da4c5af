"""Wavewright trains generative audio models on your own recordings; it generates, speaks, edits and encodes sound."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from .base.version import __version__

# ONNX Runtime's Linux wheel connects to its maker's host 45 s after its import unless this is set before the import.
# See SECURITY.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_MODULES = {
    "Chain": "effects.editing.chain",
    "Clip": "audio.clip",
    "EnhancementSettings": "contracts.enhancement",
    "Pauses": "speech.pauses",
    "Prosody": "speech.prosody",
    "Recording": "data.recording",
    "Score": "music.score",
    "TrainingStep": "training.training_step",
    "Voice": "speech.voice",
    "WavewrightError": "base.errors",
    "accompany": "tasks.accompany",
    "adjust": "tasks.adjust",
    "align": "tasks.align",
    "analyse": "tasks.analyse",
    "audit": "tasks.audit",
    "batch": "apps.batch_jobs.batch",
    "calibrate_recogniser": "tasks.false_alarms",
    "cancel_echo": "tasks.cancel_echo",
    "check_settings": "tasks.check_settings",
    "collect_alarms": "tasks.false_alarms",
    "compose": "tasks.compose",
    "compose_by_rule": "tasks.compose_by_rule",
    "decode": "tasks.decode",
    "demo": "tasks.demo",
    "detect": "tasks.detect",
    "edit": "tasks.edit",
    "encode": "tasks.encode",
    "enhance": "tasks.enhance",
    "enhanced_blocks": "inference.enhancement.sound",
    "evaluate": "tasks.evaluate",
    "generate": "tasks.generate",
    "inspect": "tasks.inspect_data",
    "layer": "tasks.layer",
    "list_effects": "tasks.list_effects",
    "live": "apps.live.command",
    "load": "families.loading",
    "load_acoustic_model": "families.loading",
    "load_autoencoder": "families.loading",
    "load_classifier": "families.loading",
    "load_codec": "families.loading",
    "load_echo_canceller": "families.loading",
    "load_encoder": "families.loading",
    "load_enhancer": "families.loading",
    "load_generator": "families.loading",
    "load_vocoder": "families.loading",
    "map_clips": "tasks.map_clips",
    "mix": "tasks.mix",
    "morph": "tasks.morph",
    "caption": "tasks.caption",
    "dub": "tasks.dub",
    "narrate": "tasks.narrate",
    "new_key": "tasks.keys",
    "phonemes": "tasks.phonemes",
    "play": "apps.live.command",
    "plot": "tasks.plot",
    "podcast": "tasks.podcast",
    "pretrain": "tasks.pretrain",
    "read_score": "music.formats.formats",
    "read_tunes": "music.formats.formats",
    "recognise": "tasks.recognise",
    "render": "tasks.render",
    "runs": "tasks.runs",
    "separate": "tasks.separate",
    "sign": "tasks.sign",
    "similar": "tasks.similar",
    "slice_recording": "tasks.slice_recording",
    "speak": "tasks.speak",
    "speak_lines": "tasks.speak_lines",
    "split": "tasks.split",
    "synthesise": "tasks.synthesise",
    "train": "tasks.train",
    "transcribe": "tasks.transcribe",
    "tune": "tasks.tune",
    "vary": "tasks.vary",
    "verify": "tasks.verify",
    "write_score": "music.formats.formats",
}
"""Module of each public name, imported when the name is first used, so that importing Wavewright stays quick."""

__all__ = [
    "Chain",
    "Clip",
    "EnhancementSettings",
    "Pauses",
    "Prosody",
    "Recording",
    "Score",
    "TrainingStep",
    "Voice",
    "WavewrightError",
    "__version__",
    "accompany",
    "adjust",
    "align",
    "analyse",
    "audit",
    "batch",
    "calibrate_recogniser",
    "cancel_echo",
    "caption",
    "check_settings",
    "collect_alarms",
    "compose",
    "compose_by_rule",
    "decode",
    "demo",
    "detect",
    "dub",
    "edit",
    "encode",
    "enhance",
    "enhanced_blocks",
    "evaluate",
    "generate",
    "inspect",
    "layer",
    "list_effects",
    "live",
    "load",
    "load_acoustic_model",
    "load_autoencoder",
    "load_classifier",
    "load_codec",
    "load_echo_canceller",
    "load_encoder",
    "load_enhancer",
    "load_generator",
    "load_vocoder",
    "map_clips",
    "mix",
    "morph",
    "narrate",
    "new_key",
    "phonemes",
    "play",
    "plot",
    "podcast",
    "pretrain",
    "read_score",
    "read_tunes",
    "recognise",
    "render",
    "runs",
    "separate",
    "sign",
    "similar",
    "slice_recording",
    "speak",
    "speak_lines",
    "split",
    "synthesise",
    "train",
    "transcribe",
    "tune",
    "vary",
    "verify",
    "write_score",
]

if TYPE_CHECKING:  # the same names for editors and type checkers
    from .apps.batch_jobs.batch import batch
    from .apps.live.command import live, play
    from .audio.clip import Clip
    from .base.errors import WavewrightError
    from .contracts.enhancement import EnhancementSettings
    from .data.recording import Recording
    from .effects.editing.chain import Chain
    from .families.loading import (
        load,
        load_acoustic_model,
        load_autoencoder,
        load_classifier,
        load_codec,
        load_echo_canceller,
        load_encoder,
        load_enhancer,
        load_generator,
        load_vocoder,
    )
    from .inference.enhancement.sound import enhanced_blocks
    from .music.formats.formats import read_score, read_tunes, write_score
    from .music.score import Score
    from .speech.pauses import Pauses
    from .speech.prosody import Prosody
    from .speech.voice import Voice
    from .tasks.accompany import accompany
    from .tasks.adjust import adjust
    from .tasks.align import align
    from .tasks.analyse import analyse
    from .tasks.audit import audit
    from .tasks.cancel_echo import cancel_echo
    from .tasks.caption import caption
    from .tasks.check_settings import check_settings
    from .tasks.compose import compose
    from .tasks.compose_by_rule import compose_by_rule
    from .tasks.decode import decode
    from .tasks.demo import demo
    from .tasks.detect import detect
    from .tasks.dub import dub
    from .tasks.edit import edit
    from .tasks.encode import encode
    from .tasks.enhance import enhance
    from .tasks.evaluate import evaluate
    from .tasks.false_alarms import calibrate_recogniser, collect_alarms
    from .tasks.generate import generate
    from .tasks.inspect_data import inspect
    from .tasks.keys import new_key
    from .tasks.layer import layer
    from .tasks.list_effects import list_effects
    from .tasks.map_clips import map_clips
    from .tasks.mix import mix
    from .tasks.morph import morph
    from .tasks.narrate import narrate
    from .tasks.phonemes import phonemes
    from .tasks.plot import plot
    from .tasks.podcast import podcast
    from .tasks.pretrain import pretrain
    from .tasks.recognise import recognise
    from .tasks.render import render
    from .tasks.runs import runs
    from .tasks.separate import separate
    from .tasks.sign import sign
    from .tasks.similar import similar
    from .tasks.slice_recording import slice_recording
    from .tasks.speak import speak
    from .tasks.speak_lines import speak_lines
    from .tasks.split import split
    from .tasks.synthesise import synthesise
    from .tasks.train import train
    from .tasks.transcribe import transcribe
    from .tasks.tune import tune
    from .tasks.vary import vary
    from .tasks.verify import verify
    from .training.training_step import TrainingStep
else:  # hidden from type checkers, which would accept any name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
