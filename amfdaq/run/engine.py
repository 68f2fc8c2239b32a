"""The engine: does one planned run.

One thread decides: it takes readings, guard messages and stop requests from a single inbox, writes them to the journal, feeds the
guard's heartbeat and walks through the steps. Everything that can hang or fail is elsewhere (reading threads, guard, recorder);
whatever ends a run, switching off comes first and each part of the clean-up on its own.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from amfdaq.clock import NS
from amfdaq.errors import (
    AmfdaqError,
    InstrumentError,
    InterlockTripped,
    OffNotConfirmed,
    Refused,
    RunAborted,
    StoreError,
)
from amfdaq.field import CoilLine
from amfdaq.reading import Reading
from amfdaq.recipe import PlannedStep
from amfdaq.run import messages
from amfdaq.run.crew import NOT_OFF, Crew
from amfdaq.run.guard_link import GuardDied, GuardSaid
from amfdaq.run.live import LiveCurve, Observer, Progress
from amfdaq.run.outcome import RunOutcome, StopRequest
from amfdaq.run.probes import LinkChanged, ReadingsArrived, ThreadFailed
from amfdaq.run.setup import RunSetup

BEAT_S = 0.1  # real seconds between heartbeats
LOOK_S = 0.25  # real seconds between two looks of the observer
ESTIMATE_S = 1.0  # real seconds between two live estimates
GUARD_ANSWER_S = 10.0  # real seconds the guard may take to connect, arm or switch
DRIFT_WINDOW_S = 30.0


class Engine:
    """Does one run; construct, `run`, throw away.

    Args:
        setup: what to do, and with what.
        observer: called a few times per second with a `Progress`; must return quickly.
    """

    def __init__(self, setup: RunSetup, observer: Observer | None = None) -> None:
        self.setup = setup
        self.clock = setup.clock
        self._observer = observer
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._live = LiveCurve(setup.origin_ns, setup.core)
        self._thermal = None if setup.sample.blank else setup.sample.thermal()
        self._crew = Crew(setup, self._inbox)
        self._fresh: list[Reading] = []
        self._guard_said: dict[str, Any] | None = None
        self._off_unconfirmed = False
        self._field_on = False
        self._step: tuple[int, PlannedStep] | None = None
        self._step_began_ns = 0
        self._next_beat = self._next_look = self._next_estimate = 0.0
        self._estimate: tuple[tuple[float, float], tuple[float, float] | None] | None = None

    # ---------------------------------------------------------------- from outside

    def abort(self, reason: str) -> None:
        """Field off now and close the file; may be called from any thread and from a signal handler."""
        self._inbox.put(StopRequest(reason))

    def emergency_off(self) -> None:
        """Tell the guard to switch off, past everything that waits; may be called from a signal handler."""
        if self._crew.guard is not None:
            self._crew.guard.off("emergency off")
        self._inbox.put(StopRequest("emergency off"))

    def run(self) -> RunOutcome:
        """Do the run.

        Returns:
            how it ended; errors of instruments, limits and people are in it, not raised.

        Raises:
            AmfdaqError: the run could not begin (no instrument, no file); nothing was switched on.
        """
        self._begin()
        status, reason = "finished", ""
        error: AmfdaqError | None = None
        try:
            for number, step in enumerate(self.setup.plan.steps, start=1):
                self._do(number, step)
        except Refused as stopped:
            status, reason, error = "aborted", str(stopped), stopped
        except AmfdaqError as failed:
            status, reason, error = "failed", str(failed), failed
        except BaseException as bug:
            self._end("failed", f"error in amfdaq: {type(bug).__name__}: {bug}")
            raise
        late = self._end(status, reason)
        off = not isinstance(late, OffNotConfirmed)
        if late is not None and error is None:
            status, reason, error = "failed", str(late), late
        missed = self._crew.missed
        return RunOutcome(self.setup.file, status, reason, error, missed, off, self.setup.plan.label)

    # ---------------------------------------------------------------- beginning and ending

    def _begin(self) -> None:
        self.setup.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            identities = self._crew.open_thermometers()
            if self._crew.hire_guard():
                identities[self._crew.supply_name] = self._ask_guard("opened")["identity"]
            self._crew.begin_record(identities)
        except BaseException:
            if self._crew.journal is None:
                self._crew.abandon()
            else:
                self._end("failed", "the run could not begin")
            raise

    def _end(self, status: str, reason: str) -> AmfdaqError | None:
        return self._crew.end(status, reason, field_on=self._field_on, unconfirmed=self._off_unconfirmed)

    # ---------------------------------------------------------------- the steps

    def _do(self, number: int, step: PlannedStep) -> None:
        self._step, self._step_began_ns = (number, step), self.clock.now_ns()
        self._event(
            "step", f"{step.kind} ({number} of {len(self.setup.plan.steps)})", step=step.kind, number=number
        )
        if step.kind == "equilibrate":
            self._equilibrate(step)
        elif step.kind == "heat":
            self._heat(step)
        else:
            self._hold(step, lambda: step.until is not None and self._live.last <= step.until)

    def _equilibrate(self, step: PlannedStep) -> None:
        self._hold(step, lambda: False)
        if step.drift is None:
            return
        limit = step.drift
        give_up = self._step_began_ns + round((step.timeout or step.duration) * NS)
        window = min(DRIFT_WINDOW_S, step.duration)
        while (drift := self._live.drift(window)) is None or abs(drift) > limit:
            if self.clock.now_ns() >= give_up:
                shown = "unknown" if drift is None else f"{drift * 1e3:.2f} mK/s"
                text = (
                    f"the drift is still {shown} (limit {limit * 1e3:g} mK/s) at the end of the time allowed"
                )
                self._event("not-settled", text)
                self._look(message=text)
                return
            self._pump_for(window / 10)

    def _heat(self, step: PlannedStep) -> None:
        if self._crew.guard is None or step.frequency is None or step.field is None:
            raise Refused("a heat step needs a supply, a field and a frequency")
        line, current = self._current_for(step.field, step.frequency)
        self._crew.guard.arm(step.frequency, current, line)
        self._ask_guard("armed")
        self._field_on = True  # from now on it may be, whatever the guard answers
        self._crew.guard.on()
        self._ask_guard("on")
        self._hold(step, lambda: step.until is not None and self._live.last >= step.until)
        self._crew.guard.off("the heat step is over")
        self._ask_guard("off")
        self._event("field", "field off confirmed by the guard")

    def _current_for(self, field: float, frequency: float) -> tuple[CoilLine | None, float]:
        coil = self.setup.calibrations.coil
        if coil is None:
            raise Refused(
                'the rig has no coil certificate, so a field cannot be set: add coil = "coil.toml" to [supply]'
            )
        line = coil.line(frequency)
        return line, line.current(field)

    def _hold(self, step: PlannedStep, done: Callable[[], bool]) -> None:
        until = self._step_began_ns + round(step.duration * NS)
        if step.kind == "heat":  # the time on counts from the switch, not from the arming
            until = self.clock.now_ns() + round(step.duration * NS)
        while self.clock.now_ns() < until and not done():
            self._pump(until)

    def _pump_for(self, seconds: float) -> None:
        until = self.clock.now_ns() + round(seconds * NS)
        while self.clock.now_ns() < until:
            self._pump(until)

    # ---------------------------------------------------------------- the heart

    def _pump(self, until_ns: int) -> None:
        """Take what has arrived (waiting a moment for it), keep it, and feed guard, recorder and observer."""
        wait = self.clock.to_wall_seconds((until_ns - self.clock.now_ns()) / NS)
        with suppress(queue.Empty):
            item = self._inbox.get(timeout=max(0.0, min(wait, self._next_beat - time.monotonic(), BEAT_S)))
            while True:
                self._take(item)
                item = self._inbox.get_nowait()
        if self._field_on and self._crew.guard is not None and self._crew.guard.hung:
            self._crew.guard.kill()
            self._guard_died()
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            if self._crew.guard is not None:
                self._crew.guard.beat(self._fresh)
                self._fresh.clear()
        if now >= self._next_look:
            self._next_look = now + LOOK_S
            self._keep_recorder()
            self._look()

    def _take(self, item: Any) -> None:
        if isinstance(item, ReadingsArrived):
            self._keep(item.readings)
            self._fresh.extend(item.readings)
        elif isinstance(item, GuardSaid):
            self._hear(item.message)
        elif isinstance(item, GuardDied):
            self._guard_died()
        elif isinstance(item, LinkChanged):
            self._event("link-up" if item.up else "link-down", item.text, instrument=item.instrument)
            self._look(message=item.text)
        elif isinstance(item, ThreadFailed):
            raise InstrumentError(
                f"{item.instrument}: reading stopped by an error in the driver: {item.text}"
            )
        elif isinstance(item, StopRequest):
            raise RunAborted(item.reason)

    def _keep(self, readings: tuple[Reading, ...]) -> None:
        if self._crew.journal is not None:
            self._crew.journal.append(readings)
        for reading in readings:
            self._live.feed(reading)

    def _event(self, kind: str, text: str, **data: Any) -> None:
        if self._crew.journal is not None:
            self._crew.journal.event(kind, text, time_ns=self.clock.now_ns(), **data)

    def _keep_recorder(self) -> None:
        if self._crew.recorder is not None and (text := self._crew.recorder.keep_alive()) is not None:
            self._event("recorder-restarted", text)
            self._look(message=text)

    # ---------------------------------------------------------------- the guard

    def _ask_guard(self, answer: str) -> dict[str, Any]:
        """Wait for an answer of the guard while everything else goes on.

        Raises:
            Refused: the guard refused.
            InstrumentError: it does not answer.
        """
        until = time.monotonic() + GUARD_ANSWER_S
        while time.monotonic() < until:
            self._pump(self.clock.now_ns() + round(BEAT_S / (self.clock.to_wall_seconds(1.0) or 1.0) * NS))
            said, self._guard_said = self._guard_said, None
            if said is not None and said["kind"] == answer:
                return said
            if said is not None and said["kind"] == "refused":
                self._field_on = False
                raise (InstrumentError if said["verb"] in {"open", "start"} else Refused)(said["reason"])
        raise InstrumentError(f'the guard did not answer "{answer}" within {GUARD_ANSWER_S:g} s')

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "supply":
            for reading in messages.unpack(message["readings"]):  # the guard has them in its own journal
                self._live.feed(reading)
            return
        if kind == "alarm":  # the guard goes on trying while the run fails
            self._off_unconfirmed = True
            self._look(message=message["reason"])
            raise OffNotConfirmed(message["reason"])
        if kind == "on":
            self._field_on = True
            self._live.switched(message["time_ns"], on=True)
            self._guard_said = message
        elif kind in {"off", "tripped", "engine-lost"}:
            self._field_on = False
            self._off_unconfirmed = not message["confirmed"]
            self._live.switched(message["time_ns"], on=False)
            if not message["confirmed"]:
                raise OffNotConfirmed(NOT_OFF)
            if message["interlock"] == "journal":  # not the sample but the disk: the run has failed
                raise StoreError(f"{message['reason']}; the field is off")
            if kind == "tripped":
                raise InterlockTripped(f"interlock tripped: {message['reason']}; the field is off")
            self._guard_said = message
        elif kind == "closed":  # nobody here asked it to
            if not message["safe"]:
                raise OffNotConfirmed(NOT_OFF)
            raise RunAborted(f"{message['reason']}; the field is off")
        else:
            self._guard_said = message

    def _guard_died(self) -> None:
        if self._crew.guard is None:
            return
        report = self._crew.guard.take_over()
        self._field_on = False
        self._off_unconfirmed = not report.confirmed
        parts = "; ".join(report.parts)
        self._event("guard-died", f"the guard process ended unexpectedly; the engine switched off: {parts}")
        if not report.confirmed:
            raise OffNotConfirmed(
                f"the guard died and THE SUPPLY DOES NOT CONFIRM THAT IT IS OFF: use the hardware stop ({parts})"
            )
        raise InstrumentError("the guard process ended unexpectedly; the engine has switched the supply off")

    # ---------------------------------------------------------------- looking

    def _look(self, message: str = "") -> None:
        if self._observer is None or self._step is None:
            return
        now = time.monotonic()
        if now >= self._next_estimate:
            self._next_estimate = now + ESTIMATE_S
            self._estimate = self._live.estimate(self._thermal)
        number, step = self._step
        elapsed = (self.clock.now_ns() - self.setup.origin_ns) / NS
        in_step = (self.clock.now_ns() - self._step_began_ns) / NS
        later = sum(s.duration for s in self.setup.plan.steps[number:])
        rate, sar = self._estimate or (None, None)
        self._observer(
            Progress(
                self.setup.plan.label,
                step.kind,
                number,
                len(self.setup.plan.steps),
                elapsed,
                self.clock.to_wall_seconds(max(0.0, step.duration - in_step) + later),
                self._live.last,
                self._live.last_field,
                self._field_on,
                sar,
                rate,
                message,
            )
        )
