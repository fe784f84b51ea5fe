"""How a description fails, and that it goes on while it takes long."""

import errno
import threading
import unittest
from unittest import mock

import numpy as np
from fire_pbt import Refused
from stand_ins import Sum, activities, attempt
from temporalio.exceptions import ApplicationError

REQUEST = {"task": {"kind": "sum"}, "threads": 1}


def task_with(name, raised=None, value=None):
    """Return a task whose class method raises an error or answers a value."""

    def answer(cls, settings):
        if raised is not None:
            raise raised
        return value

    return type("Described", (Sum,), {name: classmethod(answer), "__module__": Sum.__module__})


class Describing(unittest.IsolatedAsyncioTestCase):
    async def _failure(self, task):
        environment, _ = attempt()
        with self.assertRaises(Exception) as raised:
            await environment.run(activities(task).describe, REQUEST)
        return raised.exception

    async def test_fails_for_good_if_the_code_of_the_task_raises(self):
        for name in ("check", "label", "checkpoint_bytes"):
            with self.subTest(name):
                failure = await self._failure(task_with(name, KeyError("data")))
                self.assertEqual((failure.type, failure.non_retryable), ("TaskFailed", True))
                self.assertRegex(failure.message, r"^KeyError: 'data' \(.*describing_test\.py:\d+\)$")
        failure = await self._failure(task_with("checkpoint_bytes", value=np.int64(3)))
        self.assertEqual((failure.type, failure.non_retryable), ("TaskFailed", True))

    async def test_is_retried_if_the_machine_is_in_trouble(self):
        failure = await self._failure(task_with("check", OSError(errno.EIO, "Input/output error")))
        self.assertIsInstance(failure, OSError)

    async def test_is_refused_with_every_complaint(self):
        failure = await self._failure(task_with("check", Refused(("file", "a CSV file"), ("a.b", "even"))))
        self.assertIsInstance(failure, ApplicationError)
        self.assertEqual((failure.type, failure.non_retryable), ("InvalidTask", True))
        expected = [{"path": ["task", "file"], "rule": "a CSV file"}, {"path": ["task", "a", "b"], "rule": "even"}]
        self.assertEqual(failure.details[0], expected)

    @mock.patch("fire_pbt.activities.HEARTBEAT_EVERY", 0.01)
    async def test_sends_heartbeats_without_details_while_a_check_takes_long(self):
        environment, heartbeats = attempt()
        enough = threading.Event()

        class Slow(Sum):
            @classmethod
            def check(cls, settings):
                if not enough.wait(60):
                    raise TimeoutError

        def heard(*details):
            heartbeats.append(details)
            if len(heartbeats) == 3:
                enough.set()

        environment.on_heartbeat = heard
        description = await environment.run(activities(Slow).describe, REQUEST)
        self.assertEqual(description["label"], "sum")
        self.assertEqual(set(heartbeats), {()})
