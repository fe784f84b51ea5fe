"""Attempts at a round or a report, and the trainers that died of it: as activities/training/attempts.ts has it.

The heartbeats of each attempt say at which step it began and whether it ended by itself. So the next one can count the
trainers that died. A killed trainer is usually trouble of the machine. But a task that kills every trainer would be
tried for ever: after a few deaths in a row from the same step, the activity fails for good.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError

from .failures import failure

#: Deaths in a row from one step after which an activity fails for good.
MOST_DEATHS = 5

Attempt = dict[str, Any]


def begun(number: int, told: dict[str, Any] | None, began_at: int) -> Attempt:
    """Return the attempt with a number, which begins at a step. `told` is what the last heartbeat before it told."""
    deaths = _deaths_before(number, (told or {}).get("attempt"), began_at)
    return {"number": number, "beganAtStep": began_at, "deaths": deaths, "ended": False, "death": None}


def trainer_killed(
    title: str, attempt: Attempt, told: dict[str, Any] | None, timeout: timedelta | None
) -> ApplicationError:
    """Return the failure of an activity whose last trainers all died. The title completes `Cannot …`."""
    reached = (told or {}).get("step")
    where = "" if reached in (None, attempt["beganAtStep"]) else f", the last at step {reached} or later"
    silence = "" if timeout is None else f", or sent no heartbeat for {timeout.total_seconds():g} s"
    death = ((told or {}).get("attempt") or {}).get("death")
    how = "" if death is None else f"; the last {death}"
    return failure(
        "TrainerKilled",
        f"Cannot {title}: {attempt['deaths']} trainers in a row were killed{silence}{where}{how}; look in their logs and "
        "the kernel's for what kills them, such as too little memory or a crash in native code",
    )


def _deaths_before(number: int, before: Attempt | None, began_at: int) -> int:
    """Count back to the last attempt that began elsewhere or ended by itself. One without a heartbeat counts too."""
    if before is None:
        return number - 1
    # An operator reset the activity.
    if before["number"] >= number:
        return 0
    silent = number - before["number"] - 1
    if before["ended"] or before["beganAtStep"] != began_at:
        return silent
    return before["deaths"] + 1 + silent
