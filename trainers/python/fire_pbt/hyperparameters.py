"""Hyperparameters of a task: what each may be, and whether the values of a request fit."""

from __future__ import annotations

import math
import struct
from typing import Any

Definition = dict[str, Any]

_BOUNDS = ("minimum", "above", "maximum", "below")


def number(
    name: str, *, description: str = "", default: float | None = None, optional: bool = False, **bounds: float
) -> Definition:
    """Return a real number. It may have bounds: `minimum` or `above`, `maximum` or `below`.

    Without a default it must be given, unless it is optional.
    """
    unknown = set(bounds) - set(_BOUNDS)
    if unknown:
        raise TypeError(f"Expected the bounds of {name} to be {', '.join(_BOUNDS)}, got {', '.join(unknown)}")
    return _definition("number", name, description, default, optional, bounds)


def integer(
    name: str, minimum: int, maximum: int, *, description: str = "", default: int | None = None, optional: bool = False
) -> Definition:
    """Return a whole number; both bounds are included."""
    return _definition("integer", name, description, default, optional, {"minimum": minimum, "maximum": maximum})


def category(
    name: str, choices: list[str], *, description: str = "", default: str | None = None, optional: bool = False
) -> Definition:
    """Return one of several names, without an order."""
    return _definition("category", name, description, default, optional, {"choices": choices})


def complete(definitions: list[Definition], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the task's defaults.

    Raises ValueError if one is unknown, missing or out of range.
    """
    names = [one["name"] for one in definitions]
    for name in values:
        if name not in names:
            raise ValueError(f"Expected `hyperparameters.{name}` to be absent (known: {', '.join(names)})")
    completed = {}
    for definition in definitions:
        name = definition["name"]
        value = values.get(name, definition.get("default"))
        if value is None and definition.get("optional"):
            continue
        if not _allows(definition, value):
            raise ValueError(f"Expected `hyperparameters.{name}` to be {_rule(definition)}, got `{value}`")
        completed[name] = value
    return completed


def difference(asked: dict[str, Any], effective: dict[str, Any]) -> str | None:
    """Return the name of a value that is neither what was asked nor its float32; None if all are."""
    for name in {**asked, **effective}:
        value, found = asked.get(name), effective.get(name)
        if found != value and (not isinstance(value, (int, float)) or found != _single(value)):
            return name
    return None


def _allows(definition: Definition, value: Any) -> bool:
    if definition["kind"] == "category":
        return value in definition["choices"]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if definition["kind"] == "integer":
        return float(value).is_integer() and definition["minimum"] <= value <= definition["maximum"]
    # Most tasks compute in single precision, so the bounds must hold there too.
    return all(_within(definition, value, rounded) for rounded in (float, _single))


def _within(definition: Definition, value: float, rounded: Any) -> bool:
    one = rounded(value)
    return (
        math.isfinite(one)
        and ("minimum" not in definition or one >= rounded(definition["minimum"]))
        and ("above" not in definition or one > rounded(definition["above"]))
        and ("maximum" not in definition or one <= rounded(definition["maximum"]))
        and ("below" not in definition or one < rounded(definition["below"]))
    )


def _single(value: float) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.inf


def _rule(definition: Definition) -> str:
    if definition["kind"] == "category":
        return "one of " + ", ".join(definition["choices"])
    if definition["kind"] == "integer":
        return f"an integer from {definition['minimum']} to {definition['maximum']}"
    words = {"minimum": "at least", "above": "above", "maximum": "at most", "below": "below"}
    bounds = [f"{word} {definition[name]}" for name, word in words.items() if name in definition]
    return "a number " + (" and ".join(bounds) if bounds else "that is finite")


def _definition(
    kind: str, name: str, description: str, default: Any, optional: bool, rules: dict[str, Any]
) -> Definition:
    definition = {"kind": kind, "name": name, "description": description, **rules}
    if default is not None:
        definition["default"] = default
    if optional:
        definition["optional"] = True
    return definition
