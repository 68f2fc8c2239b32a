"""The control port: how a test looks behind the instruments and breaks them.

One JSON object per line each way, over TCP. A request that makes no sense is answered ``{"error": ...}``.

    {"cmd": "state"}                                   everything that is true now
    {"cmd": "truth"}                                   of the last working point with the field on
    {"cmd": "truth", "current": A, "frequency": Hz}    of any working point
    {"cmd": "fault", "device": D, "kind": K}           until cleared; optional "seconds", "count", "delay" (s)
    {"cmd": "faults"}                                  what is broken, by device
    {"cmd": "clear", "device": D}                      end its faults; without a device, all
    {"cmd": "force", "temperature_C": 37.25}           null ends it; optional "channel", "status"
    {"cmd": "power", "device": D, "on": false}         mains of an instrument
    {"cmd": "addresses"}                               links; they change when a pseudo-terminal was unplugged
    {"cmd": "quit"}
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mocks.errors import RequestError
from mocks.faults import FaultBox
from mocks.osensa import CHANNELS
from mocks.wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.bench import Bench

    Request = dict[str, Any]

LONGEST_LINE = 65536


class JsonLines:
    """Cuts a stream at line feeds."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return complete lines."""
        *lines, rest = (self._buffer + chunk).split(b"\n")
        self._buffer = rest[:LONGEST_LINE]
        return [line for line in lines if line.strip()]


class Control:
    """The control port as a device of the bench, one that does not break.

    Args:
        bench: What it looks into.
        stop: Ends the bench.
    """

    name = "control"

    def __init__(self, bench: Bench, stop: Callable[[], None]) -> None:
        self._bench = bench
        self._stop = stop
        self.powered = True
        self.faults = FaultBox(self.name, (), bench.laboratory.clock.now_ns)
        self._commands: dict[str, Callable[[Request], dict[str, Any]]] = {
            "state": self._state,
            "truth": self._truth,
            "fault": self._fault,
            "faults": self._faults,
            "clear": self._clear,
            "force": self._force,
            "power": self._power,
            "addresses": self._addresses,
            "quit": self._quit,
        }

    def framer(self) -> JsonLines:
        """A framer for a new connection."""
        return JsonLines()

    def session_closed(self, session: int) -> None:
        """Nothing is kept per connection."""

    def handle(self, request: bytes, session: int, *, refuse: bool) -> Reply:
        """Answer one line with one line."""
        del session, refuse
        quitting = False
        try:
            command, fields = self._parse(request)
            document = self._commands[command](fields)
            quitting = command == "quit"
        except RequestError as error:
            document = {"error": str(error)}
        return Reply(json.dumps(document).encode() + b"\n", then=self._stop if quitting else None)

    def _parse(self, line: bytes) -> tuple[str, Request]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RequestError(f"this line is not JSON: {error}.") from error
        command = request.get("cmd") if isinstance(request, dict) else None
        if not isinstance(command, str) or command not in self._commands:
            raise RequestError(f"unknown cmd {command!r}; known are {', '.join(self._commands)}.")
        return command, request

    def _state(self, _: Request) -> dict[str, Any]:
        devices = self._bench.devices
        return self._bench.laboratory.state() | {
            "commands": {name: device.commands for name, device in devices.items()},
            "powered": {name: device.powered for name, device in devices.items()},
        }

    def _truth(self, request: Request) -> dict[str, Any]:
        current = _number(request, "current", low=0.0)
        return self._bench.laboratory.truth(current, _number(request, "frequency", low=0.0))

    def _fault(self, request: Request) -> dict[str, Any]:
        kind = request.get("kind")
        if not isinstance(kind, str):
            raise RequestError("a fault needs a kind, a text.")
        count = _number(request, "count", low=1.0)
        delay = _number(request, "delay", low=0.0)
        self._bench.inject(
            self._device_name(request),
            kind,
            seconds=_number(request, "seconds", low=0.0),
            count=None if count is None else int(count),
            delay_s=1.0 if delay is None else delay,
        )
        return {"ok": True}

    def _faults(self, _: Request) -> dict[str, Any]:
        return {name: device.faults.documents() for name, device in self._bench.devices.items()}

    def _clear(self, request: Request) -> dict[str, Any]:
        names = [self._device_name(request)] if "device" in request else list(self._bench.devices)
        for name in names:
            self._bench.clear(name)
        return {"ok": True}

    def _force(self, request: Request) -> dict[str, Any]:
        channel, status = request.get("channel", "A"), _number(request, "status", low=0.0, high=9.0)
        if channel not in tuple(CHANNELS):
            raise RequestError(f"unknown channel {channel!r}; channels are {', '.join(CHANNELS)}.")
        temperature = _number(request, "temperature_C", low=-273.0)
        self._bench.osensa.force(channel, temperature, int(status or 0))
        return {"ok": True}

    def _power(self, request: Request) -> dict[str, Any]:
        if not isinstance(request.get("on"), bool):
            raise RequestError('power needs "on", true or false.')
        self._bench.devices[self._device_name(request)].set_power(on=request["on"])
        return {"ok": True}

    def _addresses(self, _: Request) -> dict[str, Any]:
        return self._bench.addresses()

    def _quit(self, _: Request) -> dict[str, Any]:
        return {"ok": True}

    def _device_name(self, request: Request) -> str:
        name = request.get("device")
        if not isinstance(name, str) or name not in self._bench.devices:
            raise RequestError(f"unknown device {name!r}; devices are {', '.join(self._bench.devices)}.")
        return name


def _number(request: Request, key: str, low: float, high: float = 1e9) -> float | None:
    """A number of a request in [low, high], None where it is absent or null."""
    value = request.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(f"{key} must be a number from {low:g} to {high:g}, not {value!r}.")
    return float(value)
