"""What an attempt tells Temporal while it computes, and how it ends."""

import asyncio
import threading
import unittest
from unittest import mock

from stand_ins import Sum, activities, attempt, train_request
from temporalio.exceptions import ApplicationError


class Activities(unittest.IsolatedAsyncioTestCase):
    @mock.patch("fire_pbt.activities.HEARTBEAT_EVERY", 0.01)
    async def test_sends_heartbeats_while_it_saves_what_a_shutdown_interrupts(self):
        environment, heartbeats = attempt()
        made = activities()
        saving, saved = threading.Event(), threading.Event()
        put = made._checkpoints.put

        def put_slowly(*what):
            saving.set()
            if saved.wait(60):
                put(*what)

        made._checkpoints.put = put_slowly
        since = []

        def heard(*details):
            heartbeats.append(details)
            if saving.is_set():
                since.append(details)
            if len(since) == 3:
                saved.set()

        environment.on_heartbeat = heard
        running = asyncio.ensure_future(environment.run(made.train, train_request(10**9)))
        while not (heartbeats and heartbeats[-1][0]["step"] > 0):
            await asyncio.sleep(0.001)
        environment.worker_shutdown()
        with self.assertRaises(ApplicationError) as raised:
            await running
        self.assertEqual(raised.exception.type, "WorkerShutdown")
        self.assertEqual(raised.exception.message, "Cannot finish P1/member-0's round: its trainer shuts down")
        (last,) = heartbeats[-1]
        self.assertGreaterEqual(len(since), 3)
        self.assertTrue(last["attempt"]["ended"])
        self.assertEqual(last["partial"]["checkpoint"]["step"], last["step"])
