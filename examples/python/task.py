"""Logistic regression on a CSV file, written with NumPy: tells by eight measurements whether a part is faulty."""

import numpy as np
from fire_pbt import Task, number


class Faults(Task):
    kind = "faults"
    score = "accuracy"
    settings = {"file": "measurements.csv", "batchSize": 16}
    hyperparameters = [number("learningRate", above=0, description="Step size of gradient descent.")]

    def __init__(self, settings, seed, worker):
        super().__init__(settings, seed, worker)
        rows = np.loadtxt(settings["file"], delimiter=",", skiprows=1)
        # A third each: to train on, to decide by, and for the report.
        self.training, self.objective, self.tested = np.array_split(rows, 3)

    def initialise(self):
        self.w = self.random("weights").normal(size=self.training.shape[1] - 1) / 100

    def save(self):
        return {"w": self.w}

    def restore(self, state):
        self.w = state["w"]

    def train(self, step, hyperparameters):
        rows = self.random("batch", step).choice(self.training, self.options["batchSize"])
        error = 1 / (1 + np.exp(-rows[:, :-1] @ self.w)) - rows[:, -1]
        self.w = self.w - hyperparameters["learningRate"] * error @ rows[:, :-1] / len(rows)

    def measure(self, rows=None):
        rows = self.objective if rows is None else rows
        return np.mean((rows[:, :-1] @ self.w > 0) == rows[:, -1])

    def test(self):
        return self.measure(self.tested)
