"""Partial checkpoints of one worker's round, as activities/training/partials.ts has them.

Those that no attempt can ask for any more are deleted while the round goes on. The next attempt asks for the one that
the server knows. That need not be the one told last, for the SDK holds heartbeats back: an older one stays until a newer
one has been told for as long as the heartbeat timeout.
"""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any, Callable


class Partials:
    """What is stored of a round. `partial` is what the last heartbeat of an earlier attempt told, if any did."""

    def __init__(
        self, delete: Callable[[str], None], partial: dict[str, Any] | None, heartbeat_timeout: timedelta | None
    ):
        self._delete = delete
        # Without a timeout nothing says when a heartbeat must have arrived.
        self._timeout = math.inf if heartbeat_timeout is None else heartbeat_timeout.total_seconds()
        known = [*partial["superseded"], partial["checkpoint"]["key"]] if partial else []
        #: Key and time of each that is stored, oldest first.
        self._stored = [(key, -math.inf) for key in known]

    @property
    def keys(self) -> list[str]:
        """Keys of those that are stored, oldest first."""
        return [key for key, _ in self._stored]

    def told(self, key: str) -> None:
        """Take note of one that was just stored and told, and delete those that it leaves superseded."""
        now = time.monotonic()
        older = [one for one in self._stored if one[0] != key]
        self._stored = [*older, (key, now)]
        known = max((index for index, (_, at) in enumerate(older) if now - at >= self._timeout), default=0)
        try:
            for superseded in self.keys[:known]:
                self._delete(superseded)
                self._stored = self._stored[1:]
        except Exception:
            # They are tried again with the next one, and go with the round at last: no reason to disturb the training.
            pass
