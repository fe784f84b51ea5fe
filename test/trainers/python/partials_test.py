"""Which partial checkpoints of a round are deleted while it goes on."""

import unittest
from datetime import timedelta
from unittest import mock

from fire_pbt.partials import Partials

TIMEOUT = timedelta(seconds=6)


class Superseded(unittest.TestCase):
    def setUp(self):
        self.deleted = []
        self.now = 1000.0
        clock = mock.patch("time.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def _tell(self, partials, key, after):
        self.now += after
        partials.told(key)

    def test_keeps_the_newest_that_the_server_must_know_and_those_after_it(self):
        partials = Partials(self.deleted.append, None, TIMEOUT)
        self._tell(partials, "a", 0)
        self._tell(partials, "b", 60)
        self.assertEqual(self.deleted, [])
        self._tell(partials, "c", 60)
        self.assertEqual((self.deleted, partials.keys), (["a"], ["b", "c"]))
        # Two seconds later the server may know no newer one than b.
        self._tell(partials, "d", 2)
        self.assertEqual((self.deleted, partials.keys), (["a"], ["b", "c", "d"]))
        self._tell(partials, "e", 60)
        self.assertEqual((self.deleted, partials.keys), (["a", "b", "c"], ["d", "e"]))

    def test_deletes_what_earlier_attempts_have_left(self):
        left = {"superseded": ["a", "b"], "checkpoint": {"key": "c"}}
        partials = Partials(self.deleted.append, left, TIMEOUT)
        self._tell(partials, "d", 0)
        self.assertEqual((self.deleted, partials.keys), (["a", "b"], ["c", "d"]))

    def test_tries_again_what_could_not_be_deleted(self):
        refused = mock.Mock(side_effect=[OSError("no"), None, None])
        partials = Partials(refused, {"superseded": ["a"], "checkpoint": {"key": "b"}}, TIMEOUT)
        self._tell(partials, "c", 0)
        self.assertEqual(partials.keys, ["a", "b", "c"])
        self._tell(partials, "d", 60)
        self.assertEqual([call.args[0] for call in refused.call_args_list], ["a", "a", "b"])
        self.assertEqual(partials.keys, ["c", "d"])

    def test_deletes_nothing_without_a_heartbeat_timeout(self):
        partials = Partials(self.deleted.append, None, None)
        for key in "abc":
            self._tell(partials, key, 1000)
        self.assertEqual(self.deleted, [])
