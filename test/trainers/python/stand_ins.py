"""Stand-ins for tests: a task that adds its learning rate, a store in memory, and an activity without a server."""

import os

os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_REGION="us-east-1")

import dataclasses
from datetime import timedelta

import numpy as np
from temporalio.testing import ActivityEnvironment

from fire_pbt import Task, number
from fire_pbt.activities import TrainerActivities
from fire_pbt.checkpoints import encode
from safetensors.numpy import load

HEARTBEAT_TIMEOUT = timedelta(seconds=6)


class Sum(Task):
    """Adds the learning rate in each step."""

    kind = "sum"
    settings = {"file": ""}
    hyperparameters = [number("learningRate", above=0)]

    def initialise(self):
        self.w = np.zeros(3)

    def save(self):
        return {"w": self.w}

    def restore(self, state):
        self.w = state["w"]

    def train(self, step, hyperparameters):
        self.w = self.w + hyperparameters["learningRate"]

    def measure(self):
        return self.w[0]


class MemoryStore:
    """Checkpoints in memory."""

    def __init__(self):
        self.objects = {}

    def telling(self, transferred):
        return self

    def put(self, bucket, key, body):
        self.objects[key] = body

    def delete(self, bucket, key):
        del self.objects[key]

    def put_state(self, storage, folder, state, metadata):
        body = encode(state, metadata)
        key = f"{storage['folder']}/{folder}/{metadata['step']}.safetensors"
        self.put(storage["bucket"], key, body)
        return {"key": key, "sha256": "", "sizeBytes": len(body), "step": int(metadata["step"])}

    def get_state(self, bucket, reference):
        return load(self.objects[reference["key"]])


def train_request(to_step=4, **settings):
    """Return a request for one measurement at the end of a round from step 0."""
    return {
        "storage": {"bucket": "b", "folder": "f"},
        "task": {"kind": "sum", **settings},
        "seed": 1,
        "threads": 1,
        "worker": {"subPopulation": 1, "kind": "member", "index": 0},
        "checkpoint": None,
        "fromStep": 0,
        "toStep": to_step,
        "evalEvery": to_step,
        "hyperparameters": {"learningRate": 0.1},
    }


def activities(task=Sum, hang_after=600, hung=lambda: None):
    """Return the activities of a trainer of a task, with a store in memory."""
    made = TrainerActivities([task], 1, hang_after, hung)
    made._checkpoints = MemoryStore()
    return made


def attempt(number=1, told=None):
    """Return an attempt at an activity, and the list that gets the details of its heartbeats."""
    environment = ActivityEnvironment()
    heartbeats = []
    environment.on_heartbeat = lambda *details: heartbeats.append(details)
    environment.info = dataclasses.replace(
        environment.info,
        attempt=number,
        heartbeat_details=[] if told is None else [told],
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
    )
    return environment, heartbeats
