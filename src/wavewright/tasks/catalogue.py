"""All tasks that turn files and texts into files and data, by name, and what each of their parameters is."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..base.errors import BadSetting, collected_warnings
from ..base.json_text import JsonValue
from ..base.names import nearest_names, quoted
from ..base.parameters import PYTHON_ONLY, TRAINS, Settled, WritesSounds
from ..base.task_parameters import Role, TaskParameter, check_together, checked, parameters_of
from .json_results import as_json

if TYPE_CHECKING:
    pass

PACKAGE = __package__.split(".")[0]

PROCESSING = {
    "speak": "tasks.speak:speak",
    "narrate": "tasks.narrate:narrate",
    "speak-lines": "tasks.speak_lines:speak_lines",
    "dub": "tasks.dub:dub",
    "generate": "tasks.generate:generate",
    "morph": "tasks.morph:morph",
    "vary": "tasks.vary:vary",
    "adjust": "tasks.adjust:adjust",
    "map": "tasks.map_clips:map_clips",
    "similar": "tasks.similar:similar",
    "edit": "tasks.edit:edit",
    "effects": "tasks.list_effects:list_effects",
    "split": "tasks.split:split",
    "slice": "tasks.slice_recording:slice_recording",
    "mix": "tasks.mix:mix",
    "layer": "tasks.layer:layer",
    "synthesise": "tasks.synthesise:synthesise",
    "compose": "tasks.compose:compose",
    "revise": "tasks.revise:revise",
    "compose-by-rule": "tasks.compose_by_rule:compose_by_rule",
    "accompany": "tasks.accompany:accompany",
    "caption": "tasks.caption:caption",
    "transcribe": "tasks.transcribe:transcribe",
    "align": "tasks.align:align",
    "render": "tasks.render:render",
    "recognise": "tasks.recognise:recognise",
    "enhance": "tasks.enhance:enhance",
    "cancel-echo": "tasks.cancel_echo:cancel_echo",
    "separate": "tasks.separate:separate",
    "podcast": "tasks.podcast:podcast",
    "encode": "tasks.encode:encode",
    "decode": "tasks.decode:decode",
    "soundfont": "tasks.soundfont:soundfont",
    "phonemes": "tasks.phonemes:phonemes",
    "analyse": "tasks.analyse:analyse",
    "detect": "tasks.detect:detect",
    "verify": "tasks.verify:verify",
    "plot": "tasks.plot:plot",
}
"""Name on the command line, and ``module:function`` below the package, of every such task."""

Task: TypeAlias = Callable[..., object]


@dataclass(frozen=True)
class TaskOutput:
    """What a call of a task came to, as data for other programs.

    Attributes
    ----------
    result
        The result as JSON, see `json_results.SHAPE`.
    text
        The result as text.
    warnings
        Warnings for users, each once.
    sounds
        The sound files that can be signed.
    """

    result: JsonValue
    text: str
    warnings: list[str]
    sounds: tuple[Path, ...]


@dataclass(frozen=True)
class TaskDescription:
    """A task by name.

    Attributes
    ----------
    name
        Its name on the command line.
    function
        The task.
    parameters
        Its parameters by their keys.
    """

    name: str
    function: Task
    parameters: dict[str, TaskParameter]

    @property
    def summary(self) -> str:
        """The first paragraph of its documentation."""
        return (inspect.getdoc(self.function) or "").split("\n\n")[0]

    @property
    def main_input(self) -> TaskParameter | None:
        """The parameter with the file to work on: the one called ``file``, else the first argument that is a path."""
        inputs = [parameter for parameter in self.parameters.values() if parameter.role == "input"]
        named = [parameter for parameter in inputs if parameter.name == "file"]
        return next(iter([*named, *(parameter for parameter in inputs if parameter.is_argument)]), None)

    def of_role(self, role: Role) -> list[TaskParameter]:
        """Return all parameters of a role."""
        return [parameter for parameter in self.parameters.values() if parameter.role == role]

    def parameter(self, key: str) -> TaskParameter:
        """Return a parameter by its key, with - or _; raise BadSetting if the task has none of that name."""
        found = self.parameters.get(key.replace("-", "_"))
        if found is None:
            raise BadSetting(f"{self.name} has no parameter {quoted(key)}; {_nearest(key, self.parameters)}.")
        return found

    @property
    def settled(self) -> dict[str, object]:
        """Values that a batch gives itself, by the names of their parameters."""
        marked = [(each.name, marker) for each in self.parameters.values() for marker in each.markers]
        return {name: marker.value for name, marker in marked if isinstance(marker, Settled)}

    @property
    def trains(self) -> bool:
        """Whether it is a training, or a part of one."""
        return any(TRAINS in parameter.markers for parameter in self.parameters.values())

    @property
    def signs(self) -> bool:
        """Whether it writes sound files that can be signed."""
        return any(isinstance(parameter.writes, WritesSounds) for parameter in self.parameters.values())

    def check_together(self, values: Mapping[str, object]) -> None:
        """Raise BadSetting for values, by the names of Python, that need another or exclude each other."""
        check_together(self.function, values, {each.name: each.key for each in self.parameters.values()})

    def call(self, **values: object) -> object:
        """Call the task with values by the names of Python; messages name parameters by their keys."""
        names = {parameter.name: parameter.key for parameter in self.parameters.values()}
        return checked(self.function, names)(**values)

    def run(self, values: Mapping[str, object]) -> TaskOutput:
        """Call the task for another program, which has no use for objects and does not show warnings."""
        from ..outputs.made import Made  # which help does without

        with collected_warnings() as sentences:
            result = self.call(**values)
        text = "" if result is None else str(result)
        sounds = result.sound_files if self.signs and isinstance(result, Made) else ()
        return TaskOutput(as_json(result), text, [*sentences], sounds)


@cache
def describe(name: str) -> TaskDescription:
    """Return the description of a task of `PROCESSING`, whose module is imported.

    Raises BadSetting if there is no such task.

    Parameters
    ----------
    name : str
        Name of the task, with - or _.
    """
    entry = PROCESSING.get(name.replace("_", "-"))
    if entry is None:
        raise BadSetting(f"There is no task {quoted(name)}; {_nearest(name, PROCESSING)}.")
    return describe_function(name.replace("_", "-"), function_of(entry))


def function_of(entry: str) -> Task:
    """Import the function of an entry ``module:function``."""
    module, name = entry.split(":")
    function: Task = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)
    return function


def describe_function(name: str, function: Task) -> TaskDescription:
    """Return the description of a function as a task with a name, without the parameters that Python alone has."""
    known = parameters_of(function).values()
    return TaskDescription(name, function, {each.key: each for each in known if PYTHON_ONLY not in each.markers})


def _nearest(name: str, known: typing.Iterable[str]) -> str:
    """Return the advice for a name that is not known."""
    names = list(known)
    nearest = nearest_names(name, names, 1)
    return f"the nearest is {nearest[0]}" if nearest else f"give one of {', '.join(names)}"
