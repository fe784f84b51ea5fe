"""The process of a trainer."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

THREADS = """
import numpy
from threadpoolctl import threadpool_info
print("threads", sorted({one["num_threads"] for one in threadpool_info()}))
"""


def run(source):
    """Run a trainer of a file, which has no task, and return what the file prints."""
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "task.py")
        file.write_text(source)
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
        command = [sys.executable, "-m", "fire_pbt", str(file)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60).stdout


class Trainer(unittest.TestCase):
    def test_computes_in_numpy_with_as_many_threads_as_it_is_told(self):
        self.assertEqual(run(THREADS), "threads [1]\n")
