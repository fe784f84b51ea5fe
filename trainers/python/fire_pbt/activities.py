"""The activities of a trainer, as Temporal sees them: docs/trainer-contract.md.

They answer Temporal from the event loop, and compute in a thread. So heartbeats, cancellation and shutdown do not wait
for a step, as long as it does not hold Python's interpreter lock: NumPy and PyTorch release it.
"""

from __future__ import annotations

import asyncio
import faulthandler
import inspect
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Callable

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from . import rounds
from .attempts import MOST_DEATHS, trainer_killed
from .checkpoints import Checkpoints
from .describing import complaints_of, describe
from .failures import failure, of_task, passes
from .task import Task

HEARTBEAT_EVERY = 1.0
#: How long a round may take to save itself when it is interrupted. A step that takes longer is not waited for.
SAVE_WITHIN = 8.0

_Work = Callable[[], dict[str, Any]]
_Compute = Callable[[type[Task], dict[str, Any], rounds.Progress, Checkpoints], dict[str, Any]]


class TrainerActivities:
    """`describe`, `train` and `report` for some tasks, with a number of threads that the requests must have.

    `hung` is called if nothing moves for `hang_after` seconds. Its process must end: nothing ends a thread.
    """

    def __init__(self, tasks: list[type[Task]], threads: int, hang_after: float, hung: Callable[[], None]):
        self._tasks = {task.kind: task for task in tasks}
        self._threads = threads
        self._hang_after = hang_after
        self._hung = hung
        self._checkpoints = Checkpoints()
        # One thread: a round that was abandoned in a long step ends before the next begins.
        self._computing = ThreadPoolExecutor(1, "computing")
        # Another one: a run that is planned does not wait for that step.
        self._describing = ThreadPoolExecutor(1, "describing")

    @activity.defn
    async def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer what a task is, or refuse it with every error."""
        progress = rounds.Progress(request, None, activity.info().attempt)
        work = lambda: describe(self._tasks, self._threads, request)
        return await self._answer(request, progress, work, self._describing)

    @activity.defn
    async def train(self, request: dict[str, Any]) -> dict[str, Any]:
        """Train one worker's whole round."""
        return await self._compute(rounds.train, request)

    @activity.defn
    async def report(self, request: dict[str, Any]) -> dict[str, Any]:
        """Measure and export the winner's checkpoint."""
        return await self._compute(rounds.report, request)

    async def _compute(self, compute: _Compute, request: dict[str, Any]) -> dict[str, Any]:
        if request["threads"] != self._threads:
            message = f"Cannot train with {request['threads']} threads: this trainer has {self._threads}"
            raise failure("ThreadCountMismatch", message)
        info = activity.info()
        told = info.heartbeat_details[0] if info.heartbeat_details else None
        progress = rounds.Progress(request, told, info.attempt, info.heartbeat_timeout)
        if progress.attempt["deaths"] >= MOST_DEATHS:
            raise trainer_killed(progress.title, progress.attempt, told, info.heartbeat_timeout)

        def work() -> dict[str, Any]:
            # It may have waited for a step that was abandoned.
            progress.goes_on()
            complaints = complaints_of(self._tasks, self._threads, request)
            if complaints:
                raise failure("InvalidTask", f"Cannot train this task: {complaints}")
            checkpoints = self._checkpoints.telling(progress.goes_on)
            return compute(self._tasks[request["task"]["kind"]], request, progress, checkpoints)

        return await self._answer(request, progress, work, self._computing)

    async def _answer(
        self, request: dict[str, Any], progress: rounds.Progress, work: _Work, threads: ThreadPoolExecutor
    ) -> dict[str, Any]:
        kind = self._tasks.get(request["task"]["kind"])
        # What comes next may kill the process, or stop everything in it; the heartbeat is sent before.
        self._beat(progress)
        await asyncio.sleep(0)
        running = asyncio.get_running_loop().run_in_executor(threads, _computed, work, kind)
        try:
            return await self._heartbeating(running, progress)
        except asyncio.CancelledError:
            await self._interrupt(running, progress)
            raise
        except Exception:
            _end(progress)
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()

    async def _heartbeating(self, work: asyncio.Future[Any], progress: rounds.Progress) -> dict[str, Any]:
        shutdown = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        try:
            while True:
                done, _ = await asyncio.wait({work, shutdown}, timeout=HEARTBEAT_EVERY, return_when="FIRST_COMPLETED")
                if work in done:
                    return work.result()
                if shutdown in done:
                    await self._interrupt(work, progress, saves=True)
                    raise ApplicationError(
                        f"Cannot {progress.title}: its trainer shuts down",
                        type="WorkerShutdown",
                        next_retry_delay=timedelta(milliseconds=1),
                        category=ApplicationErrorCategory.BENIGN,
                    )
                self._beat(progress)
                if progress.idle_seconds() >= self._hang_after:
                    raise self._hang(progress)
        finally:
            shutdown.cancel()

    async def _interrupt(self, work: asyncio.Future[Any], progress: rounds.Progress, saves: bool = False) -> None:
        details = activity.cancellation_details()
        progress.saves = saves or bool(details and (details.paused or details.worker_shutdown))
        progress.stop.set()
        for _ in range(round(SAVE_WITHIN / HEARTBEAT_EVERY)):
            await asyncio.wait({work}, timeout=HEARTBEAT_EVERY)
            if work.done():
                # It ended as it was told to; whatever it raised matters to nobody any more.
                work.exception()
                break
            self._beat(progress)
        _end(progress)

    def _beat(self, progress: rounds.Progress) -> None:
        activity.heartbeat(*progress.details())
        # Ends the process if a step holds the interpreter's lock, so that nothing goes on here any more.
        faulthandler.dump_traceback_later(self._hang_after + HEARTBEAT_EVERY, exit=True, file=sys.__stderr__)

    def _hang(self, progress: rounds.Progress) -> ApplicationError:
        """Say that nothing moves, and where, and have the process ended."""
        death = f"hung (it made no progress for {progress.idle_seconds():.0f} s)"
        progress.attempt = {**progress.attempt, "death": death}
        message = f"Cannot {progress.title}: its trainer {death} while {progress.doing} after step {progress.step}"
        print(f"{message}. This trainer ends", file=sys.__stderr__, flush=True)
        faulthandler.dump_traceback(file=sys.__stderr__)
        self._hung()
        return ApplicationError(message, type="ComputingEnded")


def _end(progress: rounds.Progress) -> None:
    """Tell the next attempt that this one ended by itself, unless its trainer dies."""
    progress.attempt = {**progress.attempt, "ended": progress.attempt["death"] is None}
    activity.heartbeat(*progress.details())


def _computed(work: _Work, kind: type[Task] | None) -> dict[str, Any]:
    try:
        return work()
    except (ApplicationError, rounds.Interrupted):
        raise
    except (Exception, SystemExit) as error:
        if kind is None or passes(error):
            raise
        # The task's own code: every attempt would repeat it.
        traceback.print_exc()
        raise of_task(error, inspect.getfile(kind)) from None
