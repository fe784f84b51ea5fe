"""Logistic regression on two classes of points, written with NumPy: a task in forty lines."""

import numpy as np

from fire_pbt import Task, number


class LogisticRegression(Task):
    kind = "logistic-regression"
    score = "accuracy"
    settings = {"rows": 2000, "columns": 20, "batchSize": 16}
    hyperparameters = [
        number("learningRate", above=0, description="Step size of gradient descent."),
        number("decay", minimum=0, default=0.0, description="Weight decay."),
    ]

    def __init__(self, settings, seed, worker):
        super().__init__(settings, seed, worker)
        # The data is the same for all workers, so it does not come from self.random.
        random = np.random.default_rng(0)
        x = random.normal(size=(settings["rows"], settings["columns"]))
        y = x @ random.normal(size=settings["columns"]) + random.normal(size=settings["rows"]) > 0
        half = settings["rows"] // 2
        self.training, self.measured = (x[:half], y[:half]), (x[half:], y[half:])

    def initialise(self):
        self.w = self.random("weights").normal(size=self.options["columns"]) / 100

    def save(self):
        return {"w": self.w}

    def restore(self, state):
        self.w = state["w"]

    def train(self, step, hyperparameters):
        x, y = self.training
        rows = self.random("batch", step).integers(len(x), size=self.options["batchSize"])
        error = 1 / (1 + np.exp(-x[rows] @ self.w)) - y[rows]
        gradient = error @ x[rows] / len(rows) + hyperparameters["decay"] * self.w
        self.w = self.w - hyperparameters["learningRate"] * gradient

    def measure(self):
        x, y = self.measured
        return np.mean((x @ self.w > 0) == y)
