"""TTi QPX1200SP DC supply: the commands of docs/instruments.md.

The error and event registers belong to the instrument, not to a connection: what one client reads is
cleared for the others too. The limit-event register has the layout of the QPX600D manual; a bit is
set when a limit is entered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks import tti
from mocks.faults import BAD_CRC, WIRE_FAULTS, FaultBox
from mocks.supply import OperatingPoint
from mocks.wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.laboratory import Laboratory

TRIP_OVP, TRIP_OCP, STUCK_ON = "trip-ovp", "trip-ocp", "stuck-on"

IDENTITY = "THURLBY THANDAR, QPX1200SP, 100001, 1.00-1.00"
LIMIT_BITS = {"cv": 1, "cc": 2, "unregulated": 4, "ovp": 8, "ocp": 16}
VERIFY_TIMEOUT_S = 5.0  # the manual names the time-out, not its length
VERIFY_SHARE = 0.05
OVP_MAX_V, OCP_MAX_A = 65.0, 55.0  # the factory levels


class TtiPsu:
    """The supply of the tank on the wire.

    Args:
        laboratory: Whose supply this is.
    """

    name = "psu"

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._supply = laboratory.supply
        self.commands = 0
        self.powered = True
        kinds = WIRE_FAULTS - {BAD_CRC} | {TRIP_OVP, TRIP_OCP, STUCK_ON}
        self.faults = FaultBox(self.name, kinds, laboratory.clock.now_ns)
        self._locked_by: int | None = None
        self._session = 0
        self._refuse = False
        self._delay_s = 0.0
        self._clear_registers()
        self._events = tti.POWER_ON
        self._table = tti.CommandTable(
            self._queries() | self._settings(), bare=("TRIPRST", "IFLOCK", "LOCAL")
        )

    def framer(self) -> tti.LineFramer:
        """A framer for a new connection."""
        return tti.LineFramer()

    def session_closed(self, session: int) -> None:
        """A client that is gone holds no lock."""
        with self._laboratory.lock:
            if self._locked_by == session:
                self._locked_by = None

    def set_power(self, *, on: bool) -> None:
        """Mains of the supply; it comes back in the factory state, output off."""
        with self._laboratory.lock:
            self._laboratory.power_supply_off()
            self._clear_registers()
            self._events = tti.POWER_ON
            self._locked_by = None
            self.powered = on

    def tick(self) -> None:
        """Let the output switch stick or come free, and a protection act, as the faults say."""
        with self._laboratory.lock:
            for kind in (TRIP_OVP, TRIP_OCP):
                if self.faults.take(frozenset({kind})):
                    self._laboratory.trip_supply(kind.removeprefix("trip-"))
            stuck = self.faults.has(STUCK_ON)
            if stuck != self._supply.stuck:
                self._laboratory.change_supply(stuck=stuck)

    def handle(self, request: bytes, session: int, *, refuse: bool) -> Reply:
        """Carry out one line."""
        replies = []
        with self._laboratory.lock:
            self.tick()
            self._session, self._refuse, self._delay_s = session, refuse, 0.0
            for command in tti.commands(request):
                self.commands += 1
                try:
                    answer = self._table.run(command)
                except tti.SyntaxFault:
                    self._events |= tti.COMMAND_ERROR
                except tti.ExecutionFault as fault:
                    self._error = fault.code
                    self._events |= tti.EXECUTION_ERROR
                else:
                    if answer is not None:
                        replies.append(answer)
            return Reply(tti.answers(replies), self._delay_s)

    def _queries(self) -> dict[str, Callable[[str], str | None]]:
        supply = self._supply
        return {
            "*IDN?": lambda _: IDENTITY,
            "*OPC?": lambda _: "1",
            "*ESR?": self._take_events,
            "EER?": self._take_error,
            "QER?": lambda _: "0",  # queries are never left unread or interrupted here
            "LSR1?": self._take_limits,
            "V1?": lambda _: f"V1 {supply.voltage_V:.3f}",
            "I1?": lambda _: f"I1 {supply.current_A:.3f}",
            "OVP1?": lambda _: f"VP1 {supply.ovp_V:.1f}",
            "OCP1?": lambda _: f"CP1 {supply.ocp_A:.1f}",
            "OP1?": lambda _: "1" if supply.commanded else "0",
            "V1O?": lambda _: f"{self._measured().voltage_V:.3f}V",
            "I1O?": lambda _: f"{self._measured().current_A:.3f}A",
            "IFLOCK": self._lock_interface,
        }

    def _settings(self) -> dict[str, Callable[[str], str | None]]:
        limits = self._supply.table
        return {
            "V1": self._setter("voltage_V", 0.0, limits.voltage_max_V),
            "V1V": self._verified_voltage,
            "I1": self._setter("current_A", 0.0, limits.current_max_A),
            "OVP1": self._setter("ovp_V", 0.0, OVP_MAX_V),
            "OCP1": self._setter("ocp_A", 0.0, OCP_MAX_A),
            "OP1": self._output,
            "OPALL": self._output,
            "TRIPRST": self._reset_trips,
            "LOCAL": self._local,
            "*RST": self._reset,
            "*CLS": self._clear_status,
        }

    def _measured(self) -> OperatingPoint:
        self._laboratory.advance()
        return self._supply.point

    def _check_privilege(self) -> None:
        locked_out = self._locked_by not in (None, self._session)
        if self._refuse or locked_out:
            raise tti.ExecutionFault(tti.NO_PRIVILEGE)

    def _change(self, **settings: Any) -> OperatingPoint:
        return self._laboratory.change_supply(**settings)

    def _setter(self, name: str, low: float, high: float) -> Callable[[str], None]:
        def run(argument: str) -> None:
            self._check_privilege()
            self._change(**{name: tti.number(argument, low, high)})

        return run

    def _verified_voltage(self, argument: str) -> None:
        """Set and wait: with the output on, what follows is answered late if the volts are not reached."""
        self._check_privilege()
        volts = tti.number(argument, 0.0, self._supply.table.voltage_max_V)
        point = self._change(voltage_V=volts)
        if self._supply.closed and abs(point.voltage_V - volts) > VERIFY_SHARE * volts:
            self._events |= tti.VERIFY_TIMEOUT
            self._delay_s += VERIFY_TIMEOUT_S

    def _output(self, argument: str) -> None:
        self._check_privilege()
        on = tti.choice(argument, ("0", "1")) == "1"
        if on and self._supply.tripped:
            raise tti.ExecutionFault(tti.NOT_AVAILABLE)
        self._change(commanded=on)

    def _reset_trips(self, _: str) -> None:
        self._check_privilege()
        self._change(tripped="")

    def _reset(self, _: str) -> None:
        self._check_privilege()
        with self._laboratory.lock:
            self._laboratory.advance()
            self._supply.factory()
            self._change()

    def _clear_registers(self) -> None:
        self._error = 0
        self._events = 0

    def _clear_status(self, _: str) -> None:
        self._laboratory.take_supply_events()
        self._clear_registers()

    def _take_events(self, _: str) -> str:
        events, self._events = self._events, 0
        return str(events)

    def _take_error(self, _: str) -> str:
        code, self._error = self._error, 0
        return str(code)

    def _take_limits(self, _: str) -> str:
        return str(sum(LIMIT_BITS[event] for event in self._laboratory.take_supply_events()))

    def _lock_interface(self, _: str) -> str:
        """One connection only may change settings; no document tells the answer, here it is 1."""
        self._check_privilege()
        self._locked_by = self._session
        return "1"

    def _local(self, _: str) -> None:
        self._check_privilege()
        self._locked_by = None
