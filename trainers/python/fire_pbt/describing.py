"""What a trainer says of a task: its description, or everything that is wrong with a request."""

from __future__ import annotations

import json
from typing import Any

from temporalio.exceptions import ApplicationError

from . import rounds
from .task import Refused, Task

Request = dict[str, Any]
Tasks = dict[str, type[Task]]


def describe(tasks: Tasks, threads: int, request: Request) -> dict[str, Any]:
    """Return the description of a task; `threads` are those of this trainer.

    Raises ApplicationError of type InvalidTask, not retryable, with every error.
    """
    complaints = complaints_of(tasks, threads, request)
    if complaints:
        text = "; ".join(f"`{'.'.join(one['path'])}` must be {one['rule']}" for one in complaints)
        raise ApplicationError(f"Cannot train this task: {text}", complaints, type="InvalidTask", non_retryable=True)
    kind = tasks[request["task"]["kind"]]
    settings = rounds.settings_of(kind, request["task"])
    label = kind.label(settings)
    description = {
        "task": {"kind": kind.kind, **settings},
        "label": f"{kind.kind}/{label}" if label else kind.kind,
        "hyperparameters": kind.hyperparameters,
        "checkpointBytes": kind.checkpoint_bytes(settings),
        "score": kind.score,
    }
    # What is no JSON fails here, for good, and not in the SDK, which would have it tried again.
    json.dumps(description)
    return description


def complaints_of(tasks: Tasks, threads: int, request: Request) -> list[dict[str, Any]]:
    """Return what is wrong with a request's task and threads; empty if nothing is."""
    task = request["task"]
    kind = tasks.get(task["kind"])
    complaints: list[dict[str, Any]] = []
    if request["threads"] != threads:
        rule = f"{threads}, those of the trainer"
        complaints.append({"path": ["threads"], "rule": rule, "got": str(request["threads"])})
    if kind is None:
        known = ", ".join(f"`{name}`" for name in sorted(tasks))
        return [*complaints, {"path": ["task", "kind"], "rule": f"one of {known}"}]
    wrong = [(name, _rule_of(kind, name)) for name, value in task.items() if not _fits(kind, name, value)]
    if not wrong:
        try:
            kind.check(rounds.settings_of(kind, task))
        except Refused as refused:
            wrong = list(refused.complaints)
    return complaints + [{"path": ["task", *path.split(".")], "rule": rule} for path, rule in wrong]


def _fits(kind: type[Task], name: str, value: Any) -> bool:
    if name == "kind":
        return True
    if name not in kind.settings:
        return False
    default = kind.settings[name]
    if isinstance(default, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)


def _rule_of(kind: type[Task], name: str) -> str:
    if name not in kind.settings:
        known = ", ".join(f"`{one}`" for one in kind.settings)
        return f"absent (known: {known})" if known else "absent"
    words = {bool: "true or false", int: "an integer", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return words.get(type(kind.settings[name]), "of another type")
