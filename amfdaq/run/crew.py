"""The crew of a run: reading threads, guard, journal and recorder; begun together, ended each on its own."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from amfdaq.clock import SystemClock
from amfdaq.config import to_json
from amfdaq.errors import AmfdaqError, OffNotConfirmed, Refused
from amfdaq.instruments import make_driver
from amfdaq.run.guard_link import GuardLink, GuardOrder
from amfdaq.run.probes import ProbeReader, ReadingsArrived
from amfdaq.run.recorder_link import RecorderLink
from amfdaq.run.setup import RunSetup, describe
from amfdaq.store.journal import JournalWriter
from amfdaq.store.records import ChannelSpec

GUARD_END_S = 90.0  # real seconds: the guard insists for a minute when the supply does not confirm
GUARD_LOOK_S = 0.2
RECORDER_END_S = 120.0  # real seconds to turn the journals of a long run into its file
NOT_OFF = "THE SUPPLY DID NOT CONFIRM THAT IT IS OFF: use the hardware stop now"


class Crew:
    """Everything that works for one run beside the engine's own thread.

    Args:
        setup: the run.
        inbox: where reading threads and guard report.

    Attributes:
        readers: one per thermometer.
        guard: of the supply; None before `hire_guard`, and in a rig without a supply.
        journal: None before `begin_record`.
        recorder: None before `begin_record`.
    """

    def __init__(self, setup: RunSetup, inbox: queue.SimpleQueue[Any]) -> None:
        self._setup = setup
        self._inbox = inbox
        self.readers: list[ProbeReader] = []
        self.guard: GuardLink | None = None
        self.journal: JournalWriter | None = None
        self.recorder: RecorderLink | None = None

    @property
    def missed(self) -> int:
        """Slots missed so far, over all thermometers."""
        return sum(reader.grid.missed for reader in self.readers)

    @property
    def supply_name(self) -> str:
        """Name of the supply in the rig, or ""."""
        supply = self._setup.rig.supply
        return supply.name if supply is not None else ""

    def open_thermometers(self) -> dict[str, dict[str, str]]:
        """Open every thermometer; returns what each says it is, by its name in the rig.

        Raises:
            InstrumentError: one of them does not answer, or is another.
        """
        setup, identities = self._setup, {}
        for item in setup.rig.thermometers:
            driver = make_driver(item.driver, item.options, SystemClock())
            names = {probe.channel: name for name, probe in item.probes.items()}
            channels = tuple(names.get(channel) for channel in driver.channels)
            reader = ProbeReader(
                item.name, driver, channels, item.rate.value, setup.clock, setup.origin_ns, self._inbox
            )
            self.readers.append(reader)
            identities[item.name] = reader.open().to_json()
        return identities

    def hire_guard(self) -> bool:
        """Start the guard of the supply, which will say ``opened``; False in a rig without a supply.

        Raises:
            Refused: the plan heats and there is no supply.
        """
        rig, supply = self._setup.rig, self._setup.rig.supply
        if supply is None:
            if self._setup.plan.heat is not None:
                raise Refused(
                    "the recipe heats, but the rig has no [supply]: add one, or use a recipe without heat steps"
                )
            return False
        order = GuardOrder(
            supply_name=supply.name,
            driver=supply.driver,
            options=json.dumps(to_json(supply.options)),
            limits=rig.limits,
            probes=tuple(rig.probes),
            rate=supply.rate.value,
            speed=rig.speed,
            clock_origin_ns=self._setup.clock_origin_ns,
            origin_ns=self._setup.origin_ns,
            journal=self._setup.guard_journal,
        )
        self.guard = GuardLink(order, self._inbox)
        return True

    def begin_record(self, identities: dict[str, dict[str, str]]) -> None:
        """Open the journal with everything that is known of the run, start the recorder and the reading threads.

        Raises:
            StoreError: the journal cannot be written.
        """
        setup = self._setup
        self.journal = JournalWriter(setup.journal, origin_ns=setup.origin_ns)
        self.journal.meta(describe(setup, identities))
        for item in setup.rig.thermometers:
            specs = [ChannelSpec(name, "degC", f"temperature {name}", "temperature") for name in item.probes]
            self.journal.declare(specs, instrument=item.name)
        self.recorder = RecorderLink(setup.journal, setup.guard_journal, setup.file)
        for reader in self.readers:
            reader.start()

    def abandon(self) -> None:
        """The run never began: release everything and leave no file behind."""
        for reader in self.readers:
            reader.driver.close()
        if self.guard is not None:
            self.guard.finish()
            self.guard.wait(5.0)
        self._setup.guard_journal.unlink(missing_ok=True)

    def end(self, status: str, reason: str, *, field_on: bool, unconfirmed: bool) -> AmfdaqError | None:
        """Off first, then the rest, each on its own.

        Args:
            status: ``finished``, ``aborted`` or ``failed``.
            reason: why.
            field_on: the field is on as far as the engine knows.
            unconfirmed: the supply has not confirmed that it is off.

        Returns:
            the first thing that went wrong on the way, or None.
        """
        problems: list[AmfdaqError] = []
        parts: tuple[Callable[[], None], ...] = (
            partial(self._end_guard, reason, field_on=field_on, unconfirmed=unconfirmed),
            self._end_readers,
            partial(self._end_journal, status, reason, problems),
            self._end_recorder,
        )
        for part in parts:
            try:
                part()
            except AmfdaqError as problem:
                problems.append(problem)
        return problems[0] if problems else None

    def _end_guard(self, reason: str, *, field_on: bool, unconfirmed: bool) -> None:
        if self.guard is None:
            return
        if field_on:
            self.guard.off(reason)
        self.guard.finish()
        code = self._wait_for(self.guard)
        if code != 0 or unconfirmed:
            report = self.guard.take_over()
            if not report.confirmed:
                raise OffNotConfirmed(f"{NOT_OFF} ({'; '.join(report.parts)})")

    @staticmethod
    def _wait_for(guard: GuardLink) -> int | None:
        """Exit code of the guard; one that hangs is killed, so that the engine can take its supply."""
        for _ in range(round(GUARD_END_S / GUARD_LOOK_S)):
            code = guard.wait(GUARD_LOOK_S)
            if code is not None:
                return code
            if guard.hung:
                guard.kill()
        return guard.wait(GUARD_LOOK_S)

    def _end_readers(self) -> None:
        for reader in self.readers:
            reader.stop()
        with suppress(queue.Empty):  # readings that arrived while the guard ended belong to the run too
            while True:
                item = self._inbox.get_nowait()
                if isinstance(item, ReadingsArrived) and self.journal is not None:
                    self.journal.append(item.readings)

    def _end_journal(self, status: str, reason: str, problems: list[AmfdaqError]) -> None:
        if self.journal is None:
            return
        if problems:
            status, reason = "failed", "; ".join(filter(None, [reason, *map(str, problems)]))
        now = self._setup.clock.now_ns()
        for reader in self.readers:
            missed = reader.grid.missed
            if missed:
                text = f"{reader.name}: {missed} slots missed"
                self.journal.event("missed-slots", text, time_ns=now, instrument=reader.name, missed=missed)
        self.journal.end(status, reason, time_ns=now)
        self.journal.close()

    def _end_recorder(self) -> None:
        if self.recorder is not None:
            self.recorder.finish(RECORDER_END_S)
