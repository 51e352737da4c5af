"""Sentences of values that are not allowed: in our own words, with their limits, and validators' own as they are."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from wavewright.base.validation import SENTENCES, fault_of


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: tuple[int, ...] = ()


class Kind(enum.Enum):
    ONE = "one"


def refused(value):
    raise ValueError(f"{value} has {{braces}}")


CASES = (
    (Annotated[int, Field(ge=1)], 0, "it must be at least 1"),
    (Annotated[float, Field(gt=0)], 0.0, "it must be more than 0"),
    (Annotated[float, Field(le=1.5)], 2, "it must be at most 1.5"),
    (Annotated[float, Field(lt=60)], 60, "it must be less than 60"),
    (Annotated[tuple[int, ...], Field(min_length=2)], (1,), "it must have at least 2, and has 1"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "it must have at most 1"),
    (Annotated[str, Field(min_length=1)], "", "it must have at least 1 characters"),
    (Annotated[str, Field(max_length=1)], "ab", "it must have at most 1 characters"),
    (Literal["wav", "flac"], "mp4", "it must be 'wav' or 'flac'"),
    (Kind, "two", "it must be 'one'"),
    (Annotated[float, Field(allow_inf_nan=False)], float("nan"), "it must be a finite number"),
    (int, [], "it must be a whole number"),
    (int, "many", "it must be a whole number"),
    (int, 1.5, "it must be a whole number"),
    (float, [], "it must be a number"),
    (float, "many", "it must be a number"),
    (bool, [], "it must be true or false"),
    (bool, "many", "it must be true or false"),
    (tuple[int, ...], 1, "it must be a list"),
    (list[int], 1, "it must be a list"),
    (dict[str, int], 1, "it must be a table"),
    (Closed, 1, "it must be a table"),
    (str, 1, "it must be text"),
    (Closed, {"outer": 1}, "there is no such key"),
    (Annotated[str, AfterValidator(refused)], "{x} of it", "{x} of it has {braces}"),
)


def fault(kind, value):
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(value)
    return fault_of(refusal.value)


@pytest.mark.parametrize(("kind", "value", "message"), CASES)
def test_what_is_allowed_is_named(kind, value, message):
    assert fault(kind, value).message == message


def test_every_sentence_has_a_case():
    assert {fault(kind, value).kind for kind, value, _ in CASES} >= {*SENTENCES} - {"model_type"}


def test_the_position_is_that_of_the_value():
    first = fault(dict[str, Closed], {"a": {"inner": (1, "x")}})
    assert (first.position, first.value) == ("a.inner.1", "x")
