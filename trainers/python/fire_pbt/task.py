"""The class that a task derives from."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from .hyperparameters import Definition

if TYPE_CHECKING:
    import numpy as np

State = dict[str, "np.ndarray"]


class Refused(Exception):
    """Settings that a task refuses: each complaint has a path inside the settings and the rule that it breaks."""

    def __init__(self, *complaints: tuple[str, str]):
        super().__init__("; ".join(f"{path}: {rule}" for path, rule in complaints))
        self.complaints = complaints


class Task:
    """One network in training. The trainer makes an instance per round and throws it away after the round.

    Derive from this class: set `kind`, `score`, `settings` and `hyperparameters`, and write `initialise`, `save`,
    `restore`, `train` and `measure`. Everything random comes from `self.random(...)`, so that a round which is tried
    again gives the same checkpoint.
    """

    #: Name of the task in specifications: `"task": {"kind": "faults"}`.
    kind: str
    #: What the score is called. Higher is better.
    score: str = "score"
    #: The settings with their defaults. A specification may set these and no others, with values of the same type.
    settings: dict[str, Any] = {}
    #: What can be searched: `number`, `integer` and `category`.
    hyperparameters: list[Definition] = []

    def __init__(self, settings: dict[str, Any], seed: int, worker: str):
        """Take the settings with all defaults, the run's seed and who trains, such as `P1/member-3`."""
        self.options = settings
        self.seed = seed
        self.worker = worker

    @classmethod
    def check(cls, settings: dict[str, Any]) -> None:
        """Raise `Refused` for settings of the right types that the task cannot use."""

    @classmethod
    def label(cls, settings: dict[str, Any]) -> str:
        """Return what distinguishes these settings, for people: the name of a data set."""
        return ""

    @classmethod
    def checkpoint_bytes(cls, settings: dict[str, Any]) -> int | None:
        """Return an estimate of a checkpoint's size in bytes, or None."""
        return None

    def initialise(self) -> None:
        """Make a network that has not been trained."""
        raise NotImplementedError

    def save(self) -> State:
        """Return everything that training needs to go on: weights and the optimiser's state, as NumPy arrays."""
        raise NotImplementedError

    def restore(self, state: State) -> None:
        """Go on from what `save` returned. Raise KeyError or ValueError if it is of something else."""
        raise NotImplementedError

    def train(self, step: int, hyperparameters: dict[str, Any]) -> None:
        """Train one step, counted from 0."""
        raise NotImplementedError

    def measure(self) -> float:
        """Return the score on data that is not trained on."""
        raise NotImplementedError

    def test(self) -> float:
        """Return the score on data that no decision has seen; by default the score."""
        return self.measure()

    def weights(self) -> State:
        """Return what others use of the network; by default all that `save` returns."""
        return self.save()

    def effective_hyperparameters(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the values in the optimiser, for tasks whose optimiser keeps its own.

        The trainer asks after the first step that it trains, and holds the worker if one is neither what was asked nor
        its float32.
        """
        return asked

    def random(self, *names: str | int) -> np.random.Generator:
        """Return a stream of random numbers that depends on the seed, the worker and the names alone.

        `self.random("order", epoch)` gives the same numbers in every attempt, on every machine.
        """
        # Loaded here: this module is imported before the trainer sets how many threads NumPy computes with.
        import numpy as np

        text = "\0".join([str(self.seed), self.worker, *map(str, names)])
        words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
        return np.random.default_rng([int(word) for word in words])
