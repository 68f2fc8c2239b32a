"""Keeps request and reply in step on one link.

None of the protocols here numbers its messages. If a reply comes after its time was over, it looks like the
reply to the next request, and the temperature of one channel could pass for that of another. So after any
failed exchange the instrument has to identify itself before it is believed again: instruments answer in
order, and an identity looks like nothing else. After several failures in a row the link is opened again,
which cures adapters and gateways that have lost their way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from amfdaq.clock import NS, Clock
from amfdaq.errors import InstrumentRefused, LinkError, ReplyError
from drivers.link import CONNECT_TIMEOUT, Link

# Single damaged frames are known on these lines, and opening again after three (docs/instruments.md).
REOPEN_AFTER: Final = 3  # failures in a row
# After so long without a byte, nothing that belongs to an older reply is expected to be on its way.
_QUIET: Final = 0.03  # s


class Session:
    """The dialogue with one instrument.

    Args:
        link: not open yet.
        clock: the wall clock, for pauses between messages.
        identify: asks the instrument who it is and raises when the answer is not the expected one; it uses
            `exchange`.
    """

    def __init__(self, link: Link, clock: Clock, identify: Callable[[], None]) -> None:
        self.link = link
        self._clock = clock
        self._identify = identify
        self._failures = 0
        self._in_step = False
        self._opening = 0  # which opening of the link the instrument has identified itself on
        self._not_before_ns = 0

    def ready(self, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        """Open the link and get back into step, where needed.

        Raises:
            LinkError, ReplyError, WrongInstrument, InstrumentRefused: the instrument cannot be talked to.
        """
        if not self.link.is_open or self._failures >= REOPEN_AFTER:
            self.link.reopen(connect_timeout)
            self._failures = 0
        if not self._in_step or self._opening != self.link.openings:
            self._resynchronise()

    @contextmanager
    def exchange(self) -> Iterator[Link]:
        """One request and its reply: waits its turn, throws stale input away, and notes whether it worked."""
        self._clock.wait_until(self._not_before_ns)
        in_step, self._in_step = self._in_step, False  # also when something quite different breaks in between
        try:
            self.link.flush_input()
            yield self.link
        except (LinkError, ReplyError):
            self._failures += 1
            raise
        except InstrumentRefused:
            self._in_step = in_step  # a refusal is a proper reply
            raise
        self._in_step = in_step
        self._failures = 0

    def pause(self, seconds: float) -> None:
        """Let the next exchange begin no earlier than this long from now."""
        self._not_before_ns = self._clock.now_ns() + round(seconds * NS)

    def _resynchronise(self) -> None:
        """Ask twice where the first answer is damaged or strange: it may belong to an older request."""
        self._in_step = False
        self.link.flush_input(_QUIET)
        try:
            self._identify()
        except ReplyError:
            self.link.flush_input(_QUIET)
            self._identify()
        self._in_step = True
        self._opening = self.link.openings
