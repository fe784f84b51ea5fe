"""One round of one worker, and the report: what is computed, in a thread of its own."""

from __future__ import annotations

import hashlib
import json
import math
import threading
import time
from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError

from .attempts import begun
from .checkpoints import Checkpoints, encode
from .failures import failure
from .hyperparameters import complete, difference
from .partials import Partials
from .task import Task

#: Seconds of training after which a partial checkpoint is saved.
PARTIAL_EVERY = 60.0
#: By which factor the first one is saved sooner, for each trainer that died of the round.
SOONER_AFTER_DEATH = 4


class Interrupted(Exception):
    """The round was told to stop. What was to be saved is saved."""


class Progress:
    """What heartbeats tell of a round, a report or a description, and how it is told to stop. Used by two threads."""

    def __init__(
        self,
        request: dict[str, Any],
        told: dict[str, Any] | None,
        attempt: int,
        heartbeat_timeout: timedelta | None = None,
    ):
        digest = request_digest(request)
        partial = (told or {}).get("partial")
        #: What an earlier attempt at the same request saved.
        self.partial = partial if partial and partial.get("requestSha256") == digest else None
        self.digest = digest
        self.step = self.partial["checkpoint"]["step"] if self.partial else request.get("fromStep", 0)
        self.to_step = request.get("toStep")
        self.worker = worker_name(request["worker"]) if "worker" in request else None
        self._describes = "checkpoint" not in request
        #: What is done; completes `Cannot …`.
        self.title = _title(request, self.worker)
        self.scores: list[float | str] = list(self.partial["scores"]) if self.partial else []
        self.doing = "opening"
        self.attempt = begun(attempt, told, self.step)
        self.heartbeat_timeout = heartbeat_timeout
        self.stop = threading.Event()
        self.saves = False
        self._moved_at = time.monotonic()
        self._began: tuple[float, int] | None = None

    def moved(self, doing: str, step: int) -> None:
        """Note what begins now, and how many steps are done."""
        self.doing, self.step, self._moved_at = doing, step, time.monotonic()
        if doing == "training" and self._began is None:
            self._began = (self._moved_at, step)

    def goes_on(self) -> None:
        """Note that what was begun goes on."""
        self._moved_at = time.monotonic()

    def idle_seconds(self) -> float:
        """Return for how long nothing has begun, gone on or ended."""
        return time.monotonic() - self._moved_at

    def details(self) -> list[dict[str, Any]]:
        """Return the details of a heartbeat: none of a description."""
        if self._describes:
            return []
        since, first = self._began or (time.monotonic(), self.step)
        elapsed = self._moved_at - since
        told = {
            "step": self.step,
            "doing": self.doing,
            "forSeconds": int(self.idle_seconds()),
            "attempt": self.attempt,
        }
        if self.worker is None:
            return [told]
        round_told = {
            "worker": self.worker,
            "toStep": self.to_step,
            "score": self.scores[-1] if self.scores else None,
            "stepsPerSecond": round((self.step - first) / elapsed) if elapsed > 0 else 0,
            "partial": self.partial,
        }
        return [{**told, **round_told}]


def train(kind: type[Task], request: dict[str, Any], progress: Progress, checkpoints: Checkpoints) -> dict[str, Any]:
    """Train one worker's whole round, from checkpoint to checkpoint."""
    began = time.monotonic()
    try:
        hyperparameters = complete(kind.hyperparameters, request["hyperparameters"])
    except ValueError as error:
        raise failure("InvalidHyperparameters", f"{progress.worker}: {error}") from None
    task = kind(settings_of(kind, request["task"]), request["seed"], progress.worker or "")
    _begin(task, request, progress, checkpoints)
    partials = Partials(
        lambda key: checkpoints.delete(request["storage"]["bucket"], key), progress.partial, progress.heartbeat_timeout
    )
    began_at = progress.step
    saved_at = time.monotonic()
    save_after = PARTIAL_EVERY / SOONER_AFTER_DEATH ** progress.attempt["deaths"]
    while progress.step < request["toStep"] and "diverged" not in progress.scores:
        step = progress.step
        progress.moved("training", step)
        task.train(step, hyperparameters)
        if step == began_at:
            _verify(task, hyperparameters, progress)
        step += 1
        if (step - request["fromStep"]) % request["evalEvery"] == 0:
            progress.moved("measuring", step)
            progress.scores.append(_score(task.measure()))
        progress.moved("training", step)
        # Asked once: it may be told to stop between two lines.
        stops = progress.stop.is_set()
        if progress.saves if stops else time.monotonic() - saved_at >= save_after:
            _save_partial(task, request, progress, checkpoints, partials)
            saved_at = time.monotonic()
            save_after = min(PARTIAL_EVERY, save_after * SOONER_AFTER_DEATH)
        if stops:
            raise Interrupted
    # A network that diverged trains no further.
    measurements = (request["toStep"] - request["fromStep"]) // request["evalEvery"]
    scores = progress.scores + ["diverged"] * (measurements - len(progress.scores))
    progress.moved("storing", request["toStep"])
    reference = checkpoints.put_state(
        request["storage"], "checkpoints", task.save(), _metadata(kind, request["toStep"])
    )
    return {
        "checkpoint": reference,
        "scores": scores,
        "effectiveHyperparameters": hyperparameters,
        "trainerSeconds": time.monotonic() - began,
    }


def report(kind: type[Task], request: dict[str, Any], progress: Progress, checkpoints: Checkpoints) -> dict[str, Any]:
    """Measure one checkpoint on data that no decision has seen, and write its weights for others to use."""
    storage, reference = request["storage"], request["checkpoint"]
    task = kind(settings_of(kind, request["task"]), request["seed"], "report")
    _restore(task, checkpoints, storage["bucket"], reference)
    progress.moved("reporting", reference["step"])
    score = _score(task.test())
    metadata = {**_metadata(kind, reference["step"]), "format": "fire-pbt-weights/1"}
    key = f"{storage['folder']}/result/best.safetensors"
    checkpoints.put(storage["bucket"], key, encode(task.weights(), metadata))
    return {"testScore": score, "files": [key]}


def _begin(task: Task, request: dict[str, Any], progress: Progress, checkpoints: Checkpoints) -> None:
    bucket = request["storage"]["bucket"]
    if progress.partial:
        try:
            _restore(task, checkpoints, bucket, progress.partial["checkpoint"])
            return
        except ApplicationError:
            # It is gone or damaged: that costs time, not the round.
            progress.partial, progress.scores = None, []
            progress.moved("opening", request["fromStep"])
    if request["checkpoint"]:
        _restore(task, checkpoints, bucket, request["checkpoint"])
    else:
        task.initialise()


def _verify(task: Task, asked: dict[str, Any], progress: Progress) -> None:
    effective = task.effective_hyperparameters(asked)
    name = difference(asked, effective)
    if name is not None:
        raise failure(
            "HyperparametersNotInEffect",
            f"Expected `{name}` of {progress.worker} to be {asked.get(name)} in the optimiser at step {progress.step}, "
            f"got `{effective.get(name)}`",
        )


def _restore(task: Task, checkpoints: Checkpoints, bucket: str, reference: dict[str, Any]) -> None:
    state = checkpoints.get_state(bucket, reference)
    try:
        task.restore(state)
    except (KeyError, ValueError, TypeError) as error:
        raise failure("CheckpointUnusable", f"Cannot continue from {reference['key']}: {error!r}") from None


def _save_partial(
    task: Task, request: dict[str, Any], progress: Progress, checkpoints: Checkpoints, partials: Partials
) -> None:
    step = progress.step
    progress.moved("storing", step)
    folder = f"partials/{request['toStep']}"
    reference = checkpoints.put_state(request["storage"], folder, task.save(), _metadata(type(task), step))
    progress.partial = {
        "checkpoint": reference,
        "scores": list(progress.scores),
        "requestSha256": progress.digest,
        "superseded": partials.keys,
    }
    partials.told(reference["key"])
    progress.moved("training", step)


def _title(request: dict[str, Any], worker: str | None) -> str:
    if worker is not None:
        return f"finish {worker}'s round"
    if "checkpoint" in request:
        return f"report on checkpoint {request['checkpoint']['key']}"
    return f"describe task {request['task']['kind']}"


def _metadata(kind: type[Task], step: int) -> dict[str, str]:
    return {"format": "fire-pbt-checkpoint/1", "task": kind.kind, "step": str(step)}


def _score(value: float) -> float | str:
    score = float(value)
    return score if math.isfinite(score) else "diverged"


def settings_of(kind: type[Task], task: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a task with their defaults."""
    return {**kind.settings, **{name: value for name, value in task.items() if name != "kind"}}


def request_digest(request: dict[str, Any]) -> str:
    """Return the SHA-256 of a request."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def worker_name(worker: dict[str, Any]) -> str:
    """Return the name of a worker, as runs call it: `P1/member-3`."""
    return f"P{worker['subPopulation']}/{worker['kind']}-{worker['index']}"
