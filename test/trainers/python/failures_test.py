"""Which failures of a task are retried, and what the others say."""

import errno
import unittest
import urllib.error
import urllib.request

from stand_ins import Sum, activities, attempt, train_request
from temporalio.exceptions import ApplicationError


class UnidentifiedImageError(OSError):
    """As Pillow declares it."""


def network_error():
    """Return an error of urllib: an OSError without a number, raised while one of the system is handled."""
    try:
        urllib.request.urlopen("http://127.0.0.1:1", timeout=5)
    except urllib.error.URLError as error:
        return error


class Failures(unittest.IsolatedAsyncioTestCase):
    async def _raised(self, error):
        class Failing(Sum):
            def train(self, step, hyperparameters):
                raise error

        environment, _ = attempt()
        with self.assertRaises(BaseException) as raised:
            await environment.run(activities(Failing).train, train_request())
        return raised.exception

    async def test_retries_trouble_of_the_machine_and_the_network(self):
        for error in (
            OSError(errno.ENOSPC, "No space left on device"),
            OSError(errno.EIO, "Input/output error"),
            ConnectionResetError(),
            TimeoutError(),
            network_error(),
        ):
            with self.subTest(repr(error)):
                self.assertIs(type(await self._raised(error)), type(error))

    async def test_holds_with_file_and_line_if_a_file_is_missing_or_closed(self):
        class Reading(Sum):
            def train(self, step, hyperparameters):
                open("/nowhere/measurements.csv")

        environment, _ = attempt()
        with self.assertRaises(ApplicationError) as raised:
            await environment.run(activities(Reading).train, train_request())
        self.assertEqual((raised.exception.type, raised.exception.non_retryable), ("DataSetUnusable", True))
        self.assertRegex(
            raised.exception.message,
            r"^Cannot use a file of the task: .*No such file or directory: '/nowhere/measurements\.csv' "
            r"\(.*failures_test\.py:\d+\)$",
        )
        closed = await self._raised(PermissionError(errno.EACCES, "Permission denied", "a.csv"))
        self.assertEqual(closed.type, "DataSetUnusable")

    async def test_holds_if_the_code_of_the_task_raises(self):
        for error, said in (
            (UnidentifiedImageError("cannot identify image file 'a.png'"), "UnidentifiedImageError: cannot identify"),
            (OSError("cannot read", "a.png"), "OSError: "),
            (RuntimeError("CUDA out of memory"), "RuntimeError: CUDA out of memory"),
            (StopIteration(), "StopIteration: "),
            (SystemExit(3), "SystemExit: 3"),
        ):
            with self.subTest(repr(error)):
                found = await self._raised(error)
                self.assertEqual((found.type, found.non_retryable), ("TaskFailed", True))
                self.assertIn(said, found.message)

    async def test_names_the_line_of_the_author_that_called_a_package(self):
        import numpy as np

        class Reading(Sum):
            def train(self, step, hyperparameters):
                np.loadtxt(["1,2", "1"], delimiter=",")

        environment, _ = attempt()
        with self.assertRaises(ApplicationError) as raised:
            await environment.run(activities(Reading).train, train_request())
        self.assertRegex(raised.exception.message, r"\(.*failures_test\.py:\d+\)$")
