"""The guard: a small process that owns the coil supply and switches it off when anything goes quiet.

Run as ``python -P -m amfdaq.run.guard``; the engine starts it, speaks to it over its standard input and output
(`amfdaq.run.messages`) and is itself never trusted: end of file, silence longer than the heartbeat, a stale or lost probe and
every limit of the rig end with the field off. The guard keeps a journal of its own, so that the switch-off is on record even when
the engine is dead. It ends after safe-off and never leaves the supply to chance.

Times on the grid of the run come from the run's clock; heartbeat and retries are real seconds, whatever the clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from amfdaq.clock import NS, SystemClock, make_clock
from amfdaq.errors import AmfdaqError, InstrumentError, Refused, StoreError
from amfdaq.field import CoilLine
from amfdaq.instruments import OffReport, Setpoint, Supply, SupplyState, restore_driver
from amfdaq.limits import Limits
from amfdaq.reading import NAN, Reading, Sample, Status
from amfdaq.run import messages
from amfdaq.run.guard_pipes import Outbox, read_engine
from amfdaq.run.guard_registry import forget, owners_of, register
from amfdaq.run.interlocks import Interlocks, Trip
from amfdaq.run.schedule import Grid
from amfdaq.run.status import status_of
from amfdaq.run.supply_readings import CHANNELS, Times, supply_readings
from amfdaq.store.journal import JournalWriter

SIGN_S = 0.5  # between signs of life to the engine
RETRY_S = 0.5  # between attempts to switch off a supply that does not confirm
GIVE_UP_S = (
    60.0  # after that the guard ends with an error; the operator has been told to use the hardware stop
)


class Guard:
    """The guard's state and its reactions; `serve` is the loop.

    Args:
        start: the first message of the engine.
        inbox: messages of the engine, ``None`` for end of file.
        outbox: where messages to the engine go.
        supply: the driver, not yet open.
    """

    def __init__(
        self,
        start: dict[str, Any],
        inbox: queue.SimpleQueue[dict[str, Any] | None],
        outbox: Outbox,
        supply: Supply,
    ) -> None:
        self.limits = Limits.from_json(start["limits"])
        self.clock = make_clock(float(start["speed"]), int(start["clock_origin_ns"]))
        self.journal: JournalWriter | None = JournalWriter(
            Path(start["journal"]), origin_ns=int(start["origin_ns"])
        )
        self.journal.declare(CHANNELS, instrument=start["supply_name"])
        self.inbox = inbox
        self.outbox = outbox
        self.supply = supply
        self.interlocks = Interlocks(self.limits, tuple(start["probes"]), self.clock.now_ns())
        self.grid = Grid(int(start["origin_ns"]), float(start["rate"]))
        self.line: CoilLine | None = None
        self.setpoint: Setpoint | None = None
        self.is_on = False
        self.safe = True  # nothing is known to be on
        self.reason = ""
        self.last_beat = time.monotonic()
        self.next_sign = 0.0
        self.engine_alive = True
        self.stop_signal = False

    # ---------------------------------------------------------------- the loop

    def serve(self) -> int:
        """Serve the engine until `finish`, end of file or a signal; returns the exit code."""
        try:
            if not self._open():
                return 3
            next_slot = self.grid.take(self.clock.now_ns())
            while True:
                wait = self.clock.to_wall_seconds((next_slot - self.clock.now_ns()) / NS)
                silence = self.last_beat + self.limits.heartbeat - time.monotonic()
                if not self._receive(max(0.0, min(wait, silence if self.is_on else wait, 0.1))):
                    break
                self._watch()
                self._live()
                if self.clock.now_ns() >= next_slot:
                    self._poll(next_slot)
                    next_slot = self.grid.take(self.clock.now_ns())
        finally:
            # Whatever ended the loop, an error of our own included: the field goes off before anything else.
            if not self.safe:
                self._switch_off(self.reason or "the guard is ending", "off")
        return self._close()

    def _receive(self, timeout: float) -> bool:
        """Handle every waiting message; False when the guard should end."""
        try:
            message = self.inbox.get(timeout=timeout)
            while True:
                if self.stop_signal:
                    return self._ending("the guard was told to stop by a signal")
                if message is None:
                    self.engine_alive = False
                    return self._ending(
                        "the acquisition process ended without switching off (killed or crashed)"
                    )
                if not self._handle(message):
                    return False
                message = self.inbox.get_nowait()
        except queue.Empty:
            return True if not self.stop_signal else self._ending("the guard was told to stop by a signal")

    def _ending(self, reason: str) -> bool:
        self.reason = reason
        if not self.safe:
            self._switch_off(reason, "engine-lost" if not self.engine_alive else "off")
        return False

    def _handle(self, message: dict[str, Any]) -> bool:
        kind = message["kind"]
        if kind == "beat":
            # The engine's own stamp counts, not ours: beats that waited in the pipe while it hung are old.
            self.last_beat = max(self.last_beat, int(message["wall_ns"]) / NS)
            for reading in messages.unpack(message["readings"]):
                trip = self.interlocks.feed(reading)
                if trip is not None and self.is_on:
                    self._trip(trip)
        elif kind == "arm":
            self._arm(message)
        elif kind == "on":
            self._on()
        elif kind == "off":
            self._switch_off(str(message.get("reason", "the recipe says so")), "off")
        elif kind == "finish":
            return False
        return True

    def _live(self) -> None:
        """Let the engine know that the guard does not hang."""
        now = time.monotonic()
        if now >= self.next_sign:
            self.next_sign = now + SIGN_S
            self._say("alive")

    def _watch(self) -> None:
        if not self.is_on:
            return
        trip = self.interlocks.check(self.clock.now_ns())
        if trip is not None:
            self._trip(trip)
            return
        silent = time.monotonic() - self.last_beat
        if silent > self.limits.heartbeat:
            self._trip(
                Trip(
                    "heartbeat",
                    f"no heartbeat from the acquisition for {silent:.2f} s (limit {self.limits.heartbeat:g} s)",
                )
            )

    # ---------------------------------------------------------------- verbs

    def _open(self) -> bool:
        try:
            identity = self.supply.open()
            state = self.supply.read()
        except AmfdaqError as error:
            self._say("refused", verb="open", reason=str(error))
            self._end("failed", str(error))
            self.supply.close()
            return False
        if state.output:
            self.safe = False
            self._switch_off("the output was already on when amfdaq connected", "off")
            reason = (
                "the supply was already on before the run: it has been switched off; find out who left it on"
            )
            self._say("refused", verb="open", reason=reason)
            self._end("failed", reason)
            self.supply.close()
            return False
        self._event("supply-opened", identity.text or identity.model, identity=identity.to_json())
        self._say("opened", identity=identity.to_json())
        return True

    def _arm(self, message: dict[str, Any]) -> None:
        if self.is_on:
            self._say(
                "refused", verb="arm", reason="the field is on: switch it off before changing the set-point"
            )
            return
        line = CoilLine.from_json(message["line"]) if message.get("line") else None
        setpoint = Setpoint(float(message["frequency"]), float(message["current"]))
        planned = Interlocks(self.limits, (), self.clock.now_ns())
        planned.field_on(self.clock.now_ns(), line, setpoint.frequency)
        asked = SupplyState(None, Sample(setpoint.current), Sample(NAN, Status.NO_REPLY), setpoint.frequency)
        trip = planned.supply(asked)
        if trip is not None:
            self._say("refused", verb="arm", reason=f"set-point refused: {trip.reason}")
            return
        try:
            state = self.supply.read()
            if state.output:
                self.safe = False
                self._switch_off("the output is on before arming", "off")
                self._say(
                    "refused", verb="arm", reason="the supply was on before arming: it has been switched off"
                )
                return
            self.supply.configure(setpoint)
        except AmfdaqError as error:
            self._say("refused", verb="arm", reason=str(error))
            return
        self.line, self.setpoint = line, setpoint
        self._event("armed", f"{setpoint.current:.3f} A at {setpoint.frequency / 1e3:.3f} kHz")
        self._say("armed")

    def _on(self) -> None:
        if self.setpoint is None:
            self._say("refused", verb="on", reason="the supply is not armed")
            return
        trip = self.interlocks.ready(self.clock.now_ns())
        if trip is not None:
            self._say("refused", verb="on", reason=f"the field stays off: {trip.reason}")
            return
        before = self.clock.now_ns()
        self.safe = False
        self.is_on = True
        self.interlocks.field_on(before, self.line, self.setpoint.frequency)
        try:
            self.supply.on()
        except AmfdaqError as error:
            self._switch_off(f"switching on failed: {error}", "off")
            self._say(
                "refused", verb="on", reason=f"switching on failed, the supply was switched off: {error}"
            )
            return
        after = self.clock.now_ns()
        middle = (before + after) // 2
        self._event(
            "field-on",
            "the supply confirmed that it is on",
            time_ns=middle,
            sent_ns=before,
            confirmed_ns=after,
        )
        self._say("on", time_ns=middle)

    def _trip(self, trip: Trip) -> None:
        if self.is_on:
            self._switch_off(trip.reason, "tripped", trip.kind)

    def _switch_off(self, reason: str, message: str, kind: str = "") -> None:
        """Off, retried until the supply confirms, and only then the bookkeeping."""
        sent = self.clock.now_ns()
        report = self.supply.off()
        was_on, self.is_on, self.setpoint = self.is_on, False, None
        self.interlocks.field_off()
        if was_on:
            data = {"interlock": kind, "confirmed": report.confirmed, "parts": list(report.parts)}
            self._event("field-off", reason, time_ns=sent, **data)
        if kind:
            self._event("interlock", reason, time_ns=sent, interlock=kind)
        if not report.confirmed:
            self._insist(report)
        else:
            self.safe = True
        self._say(message, reason=reason, interlock=kind, time_ns=sent, confirmed=self.safe)

    def _insist(self, report: OffReport) -> None:
        text = (
            "THE SUPPLY DOES NOT CONFIRM THAT IT IS OFF: use the hardware stop now ("
            + "; ".join(report.parts)
            + "). amfdaq keeps trying."
        )
        self._event("off-not-confirmed", text)
        self._say("alarm", reason=text)
        _shout(text)
        wall = SystemClock()
        until = time.monotonic() + GIVE_UP_S
        while not report.confirmed and time.monotonic() < until:
            self._live()
            wall.wait_until(wall.now_ns() + round(RETRY_S * NS))
            report = self.supply.off()
        self.safe = report.confirmed
        if self.safe:
            self._event("off-confirmed", "the supply has confirmed that it is off")
            _shout("The supply has now confirmed that it is off.")

    # ---------------------------------------------------------------- the supply's readings

    def _poll(self, slot_ns: int) -> None:
        sent = self.clock.now_ns()
        state: SupplyState | None = None
        status = Status.OK
        try:
            state = self.supply.read()
        except InstrumentError as error:
            status = status_of(error)
        received = self.clock.now_ns()
        readings = supply_readings(state, status, Times(slot_ns, sent, received), self.line)
        self._journal(readings)
        self._say("supply", readings=messages.pack(readings), output=None if state is None else state.output)
        if self.is_on and (trip := self.interlocks.supply(state)) is not None:
            self._trip(trip)
        elif not self.is_on and state is not None and state.output:
            self.safe = False
            self._switch_off("the supply is on although it was not told so", "tripped", "unexpected-on")

    # ---------------------------------------------------------------- telling and keeping

    def _say(self, kind: str, **fields: Any) -> None:
        if self.engine_alive:
            self.outbox.send(messages.encode(kind, **fields))

    def _journal(self, readings: list[Reading]) -> None:
        if self.journal is None:
            return
        try:
            self.journal.append(readings)
        except StoreError as error:
            self._journal_failed(error)

    def _event(self, kind: str, text: str, time_ns: int | None = None, **data: Any) -> None:
        if self.journal is None:
            return
        try:
            self.journal.event(
                kind, text, time_ns=self.clock.now_ns() if time_ns is None else time_ns, **data
            )
        except StoreError as error:
            self._journal_failed(error)

    def _journal_failed(self, error: StoreError) -> None:
        self.journal = None  # first, so that switching off does not come back here
        self.reason = f"the guard's journal failed: {error}"
        if not self.safe:
            self._switch_off(self.reason, "tripped", "journal")

    def _end(self, status: str, reason: str) -> None:
        if self.journal is not None:
            try:
                self.journal.end(status, reason, time_ns=self.clock.now_ns())
                self.journal.close()
            except StoreError as error:
                _shout(str(error))

    def _close(self) -> int:
        self._end("finished" if self.safe else "failed", self.reason or "the supply is off")
        self._say("closed", safe=self.safe, reason=self.reason)
        self.supply.close()
        self.outbox.close()
        return 0 if self.safe else 3


def _shout(text: str) -> None:
    """Say it on the terminal too: the engine may be dead."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"\namfdaq guard: {text}\n")
        sys.stderr.flush()


def main() -> int:
    """Entry point of the process; returns its exit code."""
    for name in ("SIGINT", "SIGHUP", "SIGPIPE"):  # the terminal's signals are for the engine; we see it end
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    first = sys.stdin.buffer.readline()
    if not first:
        return 0
    inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    outbox = Outbox()
    try:
        start = messages.decode(first)
        others = owners_of(json.loads(start["options"]))
        if others:
            raise Refused(
                f"another run (its guard is process {others[0]}) is using this supply: wait for its end, or stop it"
            )
        supply: Supply = restore_driver(start["driver"], start["options"], SystemClock())
        guard = Guard(start, inbox, outbox, supply)
    except (AmfdaqError, ValueError, OSError) as error:
        outbox.send(messages.encode("refused", verb="start", reason=f"the guard could not start: {error}"))
        outbox.close()
        return 3

    def on_signal(number: int, frame: object) -> None:
        del number, frame
        guard.stop_signal = True
        inbox.put({"kind": "wake"})

    signal.signal(signal.SIGTERM, on_signal)
    threading.Thread(target=read_engine, args=(inbox,), name="engine", daemon=True).start()
    note = register(json.loads(start["options"]))
    try:
        return guard.serve()
    except Exception as error:  # noqa: BLE001 the field is off by now (`serve`); what is left is to say so without a traceback
        _shout(f"error in amfdaq: {type(error).__name__}: {error}; the supply was told to switch off")
        return 3
    finally:
        forget(note)


if __name__ == "__main__":
    code = main()
    # The thread that reads the engine may still wait in a read; it must not keep the process from ending.
    sys.stderr.flush()
    os._exit(code)
