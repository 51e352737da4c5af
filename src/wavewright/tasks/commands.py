"""All commands by name: the function of each, which the command line and the server call."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PACKAGE = __package__.split(".")[0]


@dataclass(frozen=True)
class Group:
    """Commands by name, each a further group or ``module:function`` of a task, and the default command."""

    help: str
    commands: dict[str, str | Group]
    default: str | None = None


COMMANDS = Group(
    "Train generative audio models on your own recordings and put them to use.",
    {
        "speak": "tasks.speak:speak",
        "generate": "tasks.generate:generate",
        "morph": "tasks.morph:morph",
        "vary": "tasks.vary:vary",
        "adjust": "tasks.adjust:adjust",
        "map": "tasks.map_clips:map_clips",
        "similar": "tasks.similar:similar",
        "edit": "tasks.edit:edit",
        "split": "tasks.split:split",
        "mix": "tasks.mix:mix",
        "layer": "tasks.layer:layer",
        "synthesise": "tasks.synthesise:synthesise",
        "compose": "tasks.compose:compose",
        "accompany": "tasks.accompany:accompany",
        "transcribe": "tasks.transcribe:transcribe",
        "render": "tasks.render:render",
        "recognise": "tasks.recognise:recognise",
        "enhance": "tasks.enhance:enhance",
        "cancel-echo": "tasks.cancel_echo:cancel_echo",
        "encode": "tasks.encode:encode",
        "decode": "tasks.decode:decode",
        "soundfont": "tasks.soundfont:soundfont",
        "phonemes": "tasks.phonemes:phonemes",
        "demo": "tasks.demo:demo",
        "serve": "server.serve:serve",
        "models": Group(
            "List the models, or show one.",
            {"list": "cli.models:list_models", "show": "cli.models:show_model"},
            default="list",
        ),
        "train": "tasks.train:train",
        "pretrain": "tasks.pretrain:pretrain",
        "check-settings": "tasks.check_settings:check_settings",
        "tune": "tasks.tune:tune",
        "runs": "tasks.runs:runs",
        "evaluate": "tasks.evaluate:evaluate",
        "data": Group("Look at recordings before training on them.", {"inspect": "tasks.inspect:inspect"}),
        "analyse": "tasks.analyse:analyse",
        "detect": "tasks.detect:detect",
        "plot": "tasks.plot:plot",
        "bench": Group("Measure speed on this machine.", {"wavenet": "tasks.bench:bench_wavenet"}),
    },
)


def function_of(entry: str) -> Callable[..., object]:
    """Import the function of an entry ``module:function``."""
    module, name = entry.split(":")
    function: Callable[..., object] = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)
    return function


def all_commands(group: Group = COMMANDS) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words of each command, such as ``("data", "inspect")``, and its entry ``module:function``."""
    for name, entry in group.commands.items():
        if isinstance(entry, str):
            yield (name,), entry
        else:
            yield from (((name, *words), inner) for words, inner in all_commands(entry))
