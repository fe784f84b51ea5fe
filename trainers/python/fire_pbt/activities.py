"""The activities of a trainer, as Temporal sees them: docs/trainer-contract.md.

They answer Temporal from the event loop, and compute in a thread. So heartbeats, cancellation and shutdown do not wait
for a step, as long as it does not hold Python's interpreter lock: NumPy and PyTorch release it.
"""

from __future__ import annotations

import asyncio
import inspect
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from . import rounds
from .checkpoints import Checkpoints
from .failures import failure, of_task, passes
from .task import Refused, Task

HEARTBEAT_EVERY = 1.0
#: How long a round may take to save itself when it is interrupted. A step that takes longer is not waited for.
SAVE_WITHIN = 8.0

_Compute = Callable[[type[Task], dict[str, Any], rounds.Progress, Checkpoints], dict[str, Any]]


class TrainerActivities:
    """`describe`, `train` and `report` for some tasks, with a number of threads that the requests must have."""

    def __init__(self, tasks: list[type[Task]], threads: int):
        self._tasks = {task.kind: task for task in tasks}
        self._threads = threads
        self._checkpoints = Checkpoints()
        # One thread: a round that was abandoned in a long step ends before the next begins.
        self._computing = ThreadPoolExecutor(1, "computing")

    @activity.defn
    async def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer what a task is, or refuse it with every error."""
        complaints = self._complaints(request)
        if complaints:
            text = "; ".join(f"`{'.'.join(one['path'])}` must be {one['rule']}" for one in complaints)
            raise ApplicationError(f"Cannot train this task: {text}", complaints, type="InvalidTask", non_retryable=True)
        kind = self._tasks[request["task"]["kind"]]
        settings = rounds.settings_of(kind, request["task"])
        label = kind.label(settings)
        return {
            "task": {"kind": kind.kind, **settings},
            "label": f"{kind.kind}/{label}" if label else kind.kind,
            "hyperparameters": kind.hyperparameters,
            "checkpointBytes": kind.checkpoint_bytes(settings),
            "score": kind.score,
        }

    @activity.defn
    async def train(self, request: dict[str, Any]) -> dict[str, Any]:
        """Train one worker's whole round."""
        return await self._compute(rounds.train, request)

    @activity.defn
    async def report(self, request: dict[str, Any]) -> dict[str, Any]:
        """Measure and export the winner's checkpoint."""
        return await self._compute(rounds.report, request)

    def _complaints(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        task = request["task"]
        kind = self._tasks.get(task["kind"])
        complaints: list[dict[str, Any]] = []
        if request["threads"] != self._threads:
            rule = f"{self._threads}, those of the trainer"
            complaints.append({"path": ["threads"], "rule": rule, "got": str(request["threads"])})
        if kind is None:
            known = ", ".join(f"`{name}`" for name in sorted(self._tasks))
            return [*complaints, {"path": ["task", "kind"], "rule": f"one of {known}"}]
        wrong = [(name, _rule_of(kind, name)) for name, value in task.items() if not _fits(kind, name, value)]
        if not wrong:
            try:
                kind.check(rounds.settings_of(kind, task))
            except Refused as refused:
                wrong = list(refused.complaints)
        return complaints + [{"path": ["task", *path.split(".")], "rule": rule} for path, rule in wrong]

    async def _compute(self, compute: _Compute, request: dict[str, Any]) -> dict[str, Any]:
        if request["threads"] != self._threads:
            message = f"Cannot train with {request['threads']} threads: this trainer has {self._threads}"
            raise failure("ThreadCountMismatch", message)
        complaints = self._complaints(request)
        if complaints:
            raise failure("InvalidTask", f"Cannot train this task: {complaints}")
        info = activity.info()
        told = info.heartbeat_details[0] if info.heartbeat_details else None
        progress = rounds.Progress(request, told, info.attempt)
        kind = self._tasks[request["task"]["kind"]]
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._computing, _computed, compute, kind, request, progress, self._checkpoints)
        try:
            return await self._heartbeating(work, progress)
        except asyncio.CancelledError:
            await self._interrupt(work, progress)
            raise

    async def _heartbeating(self, work: asyncio.Future[Any], progress: rounds.Progress) -> dict[str, Any]:
        shutdown = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        try:
            while True:
                activity.heartbeat(progress.details())
                done, _ = await asyncio.wait({work, shutdown}, timeout=HEARTBEAT_EVERY, return_when="FIRST_COMPLETED")
                if work in done:
                    return work.result()
                if shutdown in done:
                    await self._interrupt(work, progress, saves=True)
                    raise ApplicationError(
                        f"Cannot finish {progress.worker}'s round: its trainer shuts down",
                        type="WorkerShutdown",
                        next_retry_delay=timedelta(milliseconds=1),
                        category=ApplicationErrorCategory.BENIGN,
                    )
        finally:
            shutdown.cancel()

    async def _interrupt(self, work: asyncio.Future[Any], progress: rounds.Progress, saves: bool = False) -> None:
        details = activity.cancellation_details()
        progress.saves = saves or bool(details and (details.paused or details.worker_shutdown))
        progress.stop.set()
        await asyncio.wait({work}, timeout=SAVE_WITHIN)
        if work.done():
            # It ended as it was told to; whatever it raised matters to nobody any more.
            work.exception()
        progress.attempt = {**progress.attempt, "ended": True}
        activity.heartbeat(progress.details())


def _computed(
    compute: _Compute, kind: type[Task], request: dict[str, Any], progress: rounds.Progress, checkpoints: Checkpoints
) -> dict[str, Any]:
    try:
        return compute(kind, request, progress, checkpoints)
    except (ApplicationError, rounds.Interrupted):
        raise
    except (Exception, SystemExit) as error:
        if passes(error):
            raise
        # The task's own code: every attempt would repeat it.
        traceback.print_exc()
        raise of_task(error, inspect.getfile(kind)) from None


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
