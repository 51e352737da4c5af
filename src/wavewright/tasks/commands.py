"""All commands by name: the function of each, which the command line and the server call."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from .catalogue import PACKAGE, PROCESSING, Task


@dataclass(frozen=True)
class Group:
    """Commands by name, each a further group or ``module:function`` of a task, and the default command.

    Those of ``local`` are no jobs of a server: servers, lists of jobs whose files are paths, measurements of this
    machine, and signing, which uses the private key of whoever runs the server.
    """

    help: str
    commands: dict[str, str | Group]
    default: str | None = None
    local: frozenset[str] = frozenset()


COMMANDS = Group(
    "Train generative audio models on your own recordings and put them to use.",
    {
        **PROCESSING,
        "batch": "apps.batch_jobs.batch:batch",
        "demo": "tasks.demo:demo",
        "serve": "apps.server.serve:serve",
        "studio": "apps.studio.command:studio",
        "models": Group(
            "List the models, or show one.",
            {"list": "apps.cli.models:list_models", "show": "apps.cli.models:show_model"},
            default="list",
        ),
        "train": "tasks.train:train",
        "pretrain": "tasks.pretrain:pretrain",
        "check-settings": "tasks.check_settings:check_settings",
        "tune": "tasks.tune:tune",
        "runs": "tasks.runs:runs",
        "evaluate": "tasks.evaluate:evaluate",
        "audit": "tasks.audit:audit",
        "data": Group("Look at recordings before training on them.", {"inspect": "tasks.inspect:inspect"}),
        "sign": "tasks.sign:sign",
        "keys": Group(
            "Make the key that signs sound files, or show it.",
            {"show": "tasks.keys:show_key", "new": "tasks.keys:new_key"},
            default="show",
        ),
        "bench": Group("Measure speed on this machine.", {"wavenet": "tasks.bench:bench_wavenet"}),
    },
    local=frozenset({"serve", "studio", "batch", "bench", "sign", "keys"}),
)


def function_of(entry: str) -> Task:
    """Import the function of an entry ``module:function``."""
    module, name = entry.split(":")
    function: Task = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)
    return function


def all_commands(group: Group = COMMANDS) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words of each command, such as ``("data", "inspect")``, and its entry ``module:function``."""
    for name, entry in group.commands.items():
        if isinstance(entry, str):
            yield (name,), entry
        else:
            yield from (((name, *words), inner) for words, inner in all_commands(entry))
