"""How often a round is tried whose trainers die, and what ends a trainer that hangs."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

from stand_ins import MemoryStore, Sum, activities, attempt, train_request
from temporalio.exceptions import ApplicationError


def told(number, deaths, step=0, began_at=0, ended=False, death=None):
    """Return what the last heartbeat of an attempt told."""
    before = {"number": number, "beganAtStep": began_at, "deaths": deaths, "ended": ended, "death": death}
    return {"step": step, "attempt": before, "partial": None}


async def deaths_of(number, before):
    """Return the deaths that an attempt counts; its trainer has 100 steps and lives."""
    environment, heartbeats = attempt(number, before)
    await environment.run(activities().train, train_request(100))
    return heartbeats[0][0]["attempt"]["deaths"]


class Deaths(unittest.IsolatedAsyncioTestCase):
    async def test_counts_the_trainers_that_died_in_a_row_at_one_step(self):
        self.assertEqual(await deaths_of(1, None), 0)
        self.assertEqual(await deaths_of(3, None), 2)
        self.assertEqual(await deaths_of(4, told(3, 2)), 3)
        self.assertEqual(await deaths_of(5, told(3, 2)), 4)

    async def test_begins_anew_after_an_attempt_that_ended_or_got_on_and_after_a_reset(self):
        self.assertEqual(await deaths_of(9, told(8, 4, ended=True)), 0)
        self.assertEqual(await deaths_of(9, told(8, 4, began_at=40)), 0)
        self.assertEqual(await deaths_of(1, told(8, 4)), 0)

    async def test_fails_for_good_after_five_deaths(self):
        environment, _ = attempt(6, told(5, 4, step=30, death="hung (it made no progress for 1800 s)"))
        with self.assertRaises(ApplicationError) as raised:
            await environment.run(activities().train, train_request(100))
        self.assertEqual((raised.exception.type, raised.exception.non_retryable), ("TrainerKilled", True))
        self.assertEqual(
            raised.exception.message,
            "Cannot finish P1/member-0's round: 5 trainers in a row were killed, or sent no heartbeat for 6 s, the last "
            "at step 30 or later; the last hung (it made no progress for 1800 s); look in their logs and the kernel's "
            "for what kills them, such as too little memory or a crash in native code",
        )

    async def test_says_of_a_retryable_failure_that_no_trainer_died(self):
        class Disconnected(Sum):
            def train(self, step, hyperparameters):
                raise ConnectionResetError

        environment, heartbeats = attempt()
        with self.assertRaises(ConnectionResetError):
            await environment.run(activities(Disconnected).train, train_request())
        self.assertTrue(heartbeats[-1][0]["attempt"]["ended"])


class Hangs(unittest.IsolatedAsyncioTestCase):
    @mock.patch("fire_pbt.activities.HEARTBEAT_EVERY", 0.01)
    async def test_ends_no_trainer_whose_transfer_goes_on(self):
        class SlowStore(MemoryStore):
            def telling(self, transferred):
                self.transferred = transferred
                return self

            def put(self, bucket, key, body):
                for _ in range(20):
                    time.sleep(0.05)
                    self.transferred()
                super().put(bucket, key, body)

        environment, _ = attempt()
        made = activities(hang_after=0.5, hung=self.fail)
        made._checkpoints = SlowStore()
        with mock.patch("fire_pbt.activities.faulthandler"):
            await environment.run(made.train, train_request())

    async def test_describes_while_a_step_that_was_abandoned_goes_on(self):
        released = threading.Event()
        made = activities()
        made._computing.submit(released.wait, 60)
        environment, _ = attempt()
        request = {"task": {"kind": "sum"}, "threads": 1}
        described = await asyncio.wait_for(environment.run(made.describe, request), 30)
        released.set()
        self.assertEqual(described["label"], "sum")

    @mock.patch("fire_pbt.activities.HEARTBEAT_EVERY", 0.01)
    async def test_ends_a_trainer_in_which_nothing_moves_and_says_so(self):
        released = threading.Event()

        class Hanging(Sum):
            def train(self, step, hyperparameters):
                released.wait(60)

        ended = []
        environment, heartbeats = attempt()
        made = activities(Hanging, hang_after=0.05, hung=lambda: ended.append(True))
        with self.assertRaises(ApplicationError) as raised, mock.patch("fire_pbt.activities.faulthandler"):
            await environment.run(made.train, train_request())
        released.set()
        self.assertEqual(ended, [True])
        self.assertEqual((raised.exception.type, raised.exception.non_retryable), ("ComputingEnded", False))
        self.assertRegex(
            raised.exception.message,
            r"^Cannot finish P1/member-0's round: its trainer hung \(it made no progress for \d+ s\) while \w+ after "
            "step 0$",
        )
        last = heartbeats[-1][0]["attempt"]
        self.assertFalse(last["ended"])
        self.assertRegex(last["death"], r"^hung \(it made no progress for \d+ s\)$")

    def test_ends_a_trainer_whose_step_holds_the_lock_of_the_interpreter(self):
        script = """
import asyncio, ctypes
from stand_ins import MemoryStore, Sum, activities, attempt, train_request
class Hanging(Sum):
    def train(self, step, hyperparameters):
        ctypes.PyDLL(None).sleep(60)
asyncio.run(attempt()[0].run(activities(Hanging, hang_after=0.05).train, train_request()))
"""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", script]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("Timeout", ended.stderr)
