"""One round: what it answers, and what it saves."""

import itertools
import unittest
from datetime import timedelta
from unittest import mock

import numpy as np
from stand_ins import MemoryStore, Sum, train_request
from fire_pbt import rounds
from temporalio.exceptions import ApplicationError


class Optimiser(Sum):
    """Keeps its learning rate in an optimiser, which begins with another one."""

    def initialise(self):
        super().initialise()
        self.rate = 0.5

    def restore(self, state):
        super().restore(state)
        self.rate = 0.5

    def train(self, step, hyperparameters):
        self.rate = np.float32(hyperparameters["learningRate"])
        super().train(step, hyperparameters)

    def effective_hyperparameters(self, asked):
        return {"learningRate": float(self.rate)}


class Deaf(Optimiser):
    """Does not set the learning rate."""

    def train(self, step, hyperparameters):
        pass


def train(task, request, told=None, store=None):
    progress = rounds.Progress(request, told, 1)
    return rounds.train(task, request, progress, store or MemoryStore())


class Rounds(unittest.TestCase):
    def test_accepts_the_values_of_the_optimiser_after_its_first_step_rounded_to_float32(self):
        self.assertEqual(train(Optimiser, train_request())["effectiveHyperparameters"], {"learningRate": 0.1})

    def test_fails_for_good_if_the_optimiser_has_other_values(self):
        with self.assertRaises(ApplicationError) as raised:
            train(Deaf, train_request())
        self.assertEqual((raised.exception.type, raised.exception.non_retryable), ("HyperparametersNotInEffect", True))
        self.assertEqual(
            raised.exception.message,
            "Expected `learningRate` of P1/member-0 to be 0.1 in the optimiser at step 0, got `0.5`",
        )

    def test_asks_for_no_values_if_no_step_is_left(self):
        request = train_request(4)
        store = MemoryStore()
        reference = store.put_state(request["storage"], "partials/4", {"w": np.ones(3)}, {"step": "4"})
        digest = rounds.request_digest(request)
        partial = {"checkpoint": reference, "scores": [1.0], "requestSha256": digest, "superseded": []}
        self.assertEqual(train(Optimiser, request, {"partial": partial}, store)["scores"], [1.0])

    def test_saves_the_first_partial_checkpoint_sooner_for_each_trainer_that_died(self):
        # A clock that says how often it was asked: a round of four steps asks it fewer than 100 times.
        for deaths, saves in [(0, False), (3, True)]:
            store = MemoryStore()
            progress = rounds.Progress(train_request(4), None, deaths + 1)
            self.assertEqual(progress.attempt["deaths"], deaths)
            with mock.patch("fire_pbt.rounds.time.monotonic", itertools.count().__next__):
                with mock.patch("fire_pbt.rounds.PARTIAL_EVERY", 200):
                    rounds.train(Sum, train_request(4), progress, store)
            self.assertEqual(any("partials" in key for key in store.objects), saves)

    @mock.patch("fire_pbt.rounds.PARTIAL_EVERY", 0)
    def test_deletes_partial_checkpoints_that_nobody_can_ask_for(self):
        store = MemoryStore()
        request = train_request(4)
        progress = rounds.Progress(request, None, 1, timedelta(0))
        rounds.train(Sum, request, progress, store)
        left = [key for key in store.objects if "partials" in key]
        self.assertEqual(left, ["f/partials/4/3.safetensors", "f/partials/4/4.safetensors"])
        self.assertEqual(progress.partial["superseded"], ["f/partials/4/2.safetensors", "f/partials/4/3.safetensors"])
