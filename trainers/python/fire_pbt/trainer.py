"""The trainer's process: `fire-pbt-trainer my_task.py`.

Nothing that it imports loads NumPy: `main` sets first how many threads NumPy and others compute with.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import inspect
import json
import os
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

from .task import Task

#: The default of the SDK is 0.8 of the heartbeat timeout: too long to wait for a cancellation, and too long if the
#: server misses one.
THROTTLE = timedelta(seconds=1)


class UserError(Exception):
    """An error that the user can act on."""


def main() -> None:
    """Serve a task queue until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="fire-pbt-trainer",
        description="Trains the tasks of a Python file for the runs of a task queue until SIGINT or SIGTERM.",
        epilog="Temporal: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the other variables of the Temporal SDK's "
        "environment configuration. S3: the environment variables and profiles of the AWS SDK.",
    )
    parser.add_argument("file", type=Path, help="Python file with one class or more that derive from fire_pbt.Task")
    parser.add_argument(
        "--task-queue", default="fire-pbt-trainers", help="the specification's `trainers` (fire-pbt-trainers)"
    )
    parser.add_argument(
        "--stack", type=Path, metavar="DIRECTORY", help="folder of a running local stack (.local, .fire-pbt) to use"
    )
    parser.add_argument(
        "--threads", type=_whole_number, default=1, help="threads to compute with (1); other runs are refused"
    )
    parser.add_argument(
        "--hang-after",
        type=_whole_number,
        default=1800,
        metavar="SECONDS",
        help="time without progress, in one step, measurement, check, save or restore, after which the trainer ends (1800)",
    )
    options = parser.parse_args()
    # Libraries read these when they are loaded: now, before the user's file and the activities, which load NumPy.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    try:
        if options.stack is not None:
            use_stack(options.stack)
        asyncio.run(_serve(load_tasks(options.file), options))
    except UserError as error:
        print(error, file=sys.stderr, flush=True)
        # Temporal's core may have threads that end badly with Python.
        os._exit(1)


def use_stack(directory: Path) -> None:
    """Set the environment so that clients find the servers of the local stack in a folder.

    The servers that are the user's own stay as the environment names them. Raises UserError if no stack runs there.
    """
    try:
        record = json.loads((directory / "state" / "stack.json").read_text())
    except OSError as error:
        raise UserError(f"Cannot find a running stack in {directory}: {error.strerror} ({error.filename})") from error
    temporal, s3 = record["temporal"], record["s3"]
    if not temporal["own"]:
        _replace("TEMPORAL_", {"TEMPORAL_ADDRESS": temporal["address"], "TEMPORAL_NAMESPACE": temporal["namespace"]})
    if not s3["own"]:
        named = {"AWS_ENDPOINT_URL_S3": s3["endpoint"], "AWS_SHARED_CREDENTIALS_FILE": s3["credentialsFile"]}
        _replace("AWS_", {**named, "AWS_REGION": "us-east-1"})


def _replace(prefix: str, variables: dict[str, str]) -> None:
    """Set environment variables, and remove all others with the prefix: they are about another server."""
    for name in [name for name in os.environ if name.startswith(prefix)]:
        del os.environ[name]
    os.environ.update(variables)


def load_tasks(file: Path) -> list[type[Task]]:
    """Return the tasks that a file defines.

    Raises UserError if there is no such file, it has no task, or two tasks are of one kind.
    """
    if not file.is_file():
        raise UserError(f"Cannot read {file}: there is no such file")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise UserError(f"Cannot read {file}: it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    sys.path.insert(0, str(file.parent.resolve()))
    spec.loader.exec_module(module)
    tasks = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Task) and one is not Task and getattr(one, "kind", None)
    ]
    if not tasks:
        raise UserError(f"Cannot use {file}: no class derives from fire_pbt.Task and has a `kind`")
    kinds = [task.kind for task in tasks]
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if twice is not None:
        raise UserError(f"Cannot use {file}: two tasks are of kind {twice}")
    return tasks


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got `{text}`")
    return int(text)


async def _serve(tasks: list[type[Task]], options: argparse.Namespace) -> None:
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    try:
        client = await Client.connect(**config)
    except RuntimeError as error:
        raise UserError(
            f"Cannot connect to Temporal at {config['target_host']}: {error} (set TEMPORAL_ADDRESS)"
        ) from error
    from .activities import TrainerActivities

    stopped, hung = asyncio.Event(), asyncio.Event()

    def end() -> None:
        hung.set()
        stopped.set()

    activities = TrainerActivities(tasks, options.threads, options.hang_after, end)
    worker = Worker(
        client,
        task_queue=options.task_queue,
        identity=f"python-trainer {socket.gethostname()} {os.getpid()}",
        activities=[activities.describe, activities.train, activities.report],
        max_concurrent_activities=1,
        max_heartbeat_throttle_interval=THROTTLE,
        default_heartbeat_throttle_interval=THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=10),
    )
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    kinds = ", ".join(task.kind for task in tasks)
    print(f"Trains {kinds} for task queue {options.task_queue}", flush=True)
    async with worker:
        await stopped.wait()
    # A step that takes long is not waited for: another trainer has its round already.
    sys.stdout.flush()
    os._exit(1 if hung.is_set() else 0)


if __name__ == "__main__":
    main()
