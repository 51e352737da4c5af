"""All commands by name: the function of each, which the command line and the server call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .catalogue import PROCESSING


class Local(str):
    """``module:function`` of a command that is no job of a server.

    They are servers, lists of jobs whose files are paths, sound devices and measurements of this machine, changes of
    installed models, and signing, which uses the private key of whoever runs the server.
    """

    __slots__ = ()


@dataclass(frozen=True)
class Group:
    """Commands by name, each a further group or ``module:function`` of a task, and the default command."""

    help: str
    commands: dict[str, str | Group]
    default: str | None = None


COMMANDS = Group(
    "Train generative audio models on your own recordings and put them to use.",
    {
        **PROCESSING,
        "batch": Local("apps.batch_jobs.batch:batch"),
        "demo": "tasks.demo:demo",
        "serve": Local("apps.server.serve:serve"),
        "speechd": Local("apps.speechd.command:speechd"),
        "studio": Local("apps.studio.command:studio"),
        "play": Local("apps.live.command:play"),
        "live": Local("apps.live.command:live"),
        "models": Group(
            "List the models, or show one.",
            {"list": "apps.cli.models:list_models", "show": "apps.cli.models:show_model"},
            default="list",
        ),
        "train": "tasks.train:train",
        "pretrain": "tasks.pretrain:pretrain",
        "check-settings": "tasks.check_settings:check_settings",
        "tune": "tasks.tune:tune",
        "calibrate-recogniser": Local("tasks.recognise:calibrate_recogniser"),
        "collect-alarms": "tasks.recognise:collect_alarms",
        "runs": "tasks.runs:runs",
        "evaluate": "tasks.evaluate:evaluate",
        "audit": "tasks.audit:audit",
        "data": Group("Look at recordings before training on them.", {"inspect": "tasks.inspect_data:inspect"}),
        "sign": Local("tasks.sign:sign"),
        "keys": Group(
            "Make the key that signs sound files, or show it.",
            {"show": Local("tasks.keys:show_key"), "new": Local("tasks.keys:new_key")},
            default="show",
        ),
        "bench": Group("Measure speed on this machine.", {"wavenet": Local("tasks.bench:bench_wavenet")}),
    },
)


def all_commands(group: Group = COMMANDS) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words of each command, such as ``("data", "inspect")``, and its entry ``module:function``."""
    for name, entry in group.commands.items():
        if isinstance(entry, str):
            yield (name,), entry
        else:
            yield from (((name, *words), inner) for words, inner in all_commands(entry))
