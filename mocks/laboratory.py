"""The one physical model behind all instruments, on the lab clock.

Instruments change the drive and ask for readings; each such call first brings the physics to the present
instant, so that a switch of the field takes effect at the very nanosecond its command was carried out.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Any

from mocks import heating, tank, thermal
from mocks.clock import LabClock
from mocks.config import BenchTables
from mocks.probe import Channel
from mocks.supply import OperatingPoint, Supply
from mocks.truth import draw, stream, truth_document

_DRIFT_STEP_S = 0.5  # lab time between two looks at a resonance that drifts


@dataclass(frozen=True, slots=True)
class Drive:
    """What the generator puts out: frequency in Hz, and whether that drives the inverter."""

    frequency_Hz: float = 0.0
    driven: bool = False


class Laboratory:
    """Supply, tank, sample, vessel, environment and probes as one system; safe to use from several threads.

    Args:
        nominal: The bench file.
        seed: Draws true values and noise; 0 keeps the values nominal.
        clock: Lab time.

    Attributes:
        lock: Held while anything is read or changed; an instrument holds it over a whole command.
        supply: The DC supply as hardware; change it only between `advance` and `settle`, see `change_supply`.
    """

    def __init__(self, nominal: BenchTables, seed: int, clock: LabClock) -> None:
        self.nominal = nominal
        self.true = draw(nominal, seed)
        self.clock = clock
        self.lock = threading.RLock()
        self.supply = Supply(self.true.supply)
        self.drive = Drive()
        self.resonance_Hz = self.true.tank.resonance_Hz
        phase = 2.0 * math.pi * stream(seed, "wander phase").random()
        self._thermal = thermal.ThermalModel(self.true, phase)
        self._state = self._thermal.start()
        self._time_s = 0.0
        self._channels = {name: Channel(self.true.probe, stream(seed, f"noise {name}")) for name in "ABC"}
        self._conversion = -1
        self._readings: dict[str, float] = {}
        self._field_on = False
        self._on_count = 0
        self._last_on_ns: int | None = None
        self._last_off_ns: int | None = None
        self._last_setpoint: tuple[float, float] | None = None
        self.advance()

    def advance(self) -> int:
        """Bring the physics to the present; returns that instant in monotonic ns."""
        with self.lock:
            now_ns = self.clock.now_ns()
            target = self.clock.lab_seconds(now_ns)
            interval = self.true.probe.update_interval_s
            conversion = math.floor(target / interval)
            if conversion > self._conversion:
                self._move_to(conversion * interval)
                self._convert(conversion)
            self._move_to(target)
            return now_ns

    def set_drive(self, drive: Drive) -> None:
        """The generator changes its output, now."""
        with self.lock:
            now_ns = self.advance()
            self.drive = drive
            self._settle(now_ns)

    def change_supply(self, **settings: Any) -> OperatingPoint:
        """Change attributes of the supply, now; returns the operating point it comes to."""
        with self.lock:
            now_ns = self.advance()
            for name, value in settings.items():
                setattr(self.supply, name, value)
            return self._settle(now_ns)

    def trip_supply(self, kind: str) -> None:
        """A protection of the supply acts by itself, now: ``ovp`` or ``ocp``."""
        with self.lock:
            now_ns = self.advance()
            self.supply.trip(kind)
            self._settle(now_ns)

    def power_supply_off(self) -> None:
        """The mains of the supply fail, now."""
        with self.lock:
            now_ns = self.advance()
            self.supply.lose_power()
            self._settle(now_ns)

    def take_supply_events(self) -> set[str]:
        """Limit events of the supply since this was last called."""
        with self.lock:
            self.advance()
            events, self.supply.events = self.supply.events, set()
            return events

    def readings(self) -> dict[str, float]:
        """Latest conversion of channels A (probe), B (environment), C (vessel), degree Celsius."""
        with self.lock:
            self.advance()
            return dict(self._readings)

    def temperatures(self) -> dict[str, float]:
        """True temperatures now, degree Celsius."""
        with self.lock:
            self.advance()
            return {
                "sample": float(self._state[thermal.SAMPLE]),
                "vessel": float(self._state[thermal.VESSEL]),
                "environment": self._thermal.environment_at(self._state),
                "probe": float(self._state[thermal.PROBE]),
            }

    def state(self) -> dict[str, Any]:
        """Everything that is true now, for the control port; field peak A/m, current A, energies J."""
        with self.lock:
            now_ns = self.advance()
            current = self.supply.point.current_A
            return {
                "lab_time_s": self._time_s,
                "monotonic_ns": now_ns,
                "field_A_per_m": heating.peak_field(self.true.tank, current),
                "current_A": current,
                "voltage_V": self.supply.point.voltage_V,
                "mode": self.supply.point.mode,
                "frequency_Hz": self.drive.frequency_Hz,
                "resonance_Hz": self.resonance_Hz,
                "output_on": self._field_on,
                "psu_on": self.supply.closed,
                "generator_on": self.drive.driven,
                "temperatures": self.temperatures(),
                "energy_J": {
                    "delivered": float(self._state[thermal.HEAT_IN]),
                    "stored": self._thermal.stored_heat(self._state),
                    "lost": float(self._state[thermal.HEAT_LOST]),
                },
                "last_on_ns": self._last_on_ns,
                "last_off_ns": self._last_off_ns,
                "on_count": self._on_count,
            }

    def truth(self, current_A: float | None = None, frequency_Hz: float | None = None) -> dict[str, Any]:
        """Truth document at a working point; by default the last with the field on, else the nominal."""
        with self.lock:
            setpoint = self.nominal.setpoint
            last = self._last_setpoint or (setpoint.current_A, setpoint.frequency_Hz)
            current = last[0] if current_A is None else current_A
            return truth_document(self.true, current, last[1] if frequency_Hz is None else frequency_Hz)

    def _settle(self, now_ns: int) -> OperatingPoint:
        """Let supply and tank come to rest, and note a transition of the field."""
        load = tank.load_resistance(
            self.true.tank, self.drive.frequency_Hz, self.resonance_Hz, driven=self.drive.driven
        )
        point = self.supply.settle(load)
        on = self.drive.driven and point.current_A > 0.0
        if on:
            self._last_setpoint = (point.current_A, self.drive.frequency_Hz)
        if on and not self._field_on:
            self._on_count += 1
            self._last_on_ns = now_ns
        elif self._field_on and not on:
            self._last_off_ns = now_ns
        self._field_on = on
        return point

    def _move_to(self, target_s: float) -> None:
        """Integrate to lab time ``target_s``; in steps on a fixed grid where the resonance drifts."""
        drift = self.true.tank.resonance_drift_Hz_per_s
        while drift != 0.0 and self._field_on:
            step_end = (math.floor(self._time_s / _DRIFT_STEP_S + 1e-9) + 1) * _DRIFT_STEP_S
            if step_end > target_s:
                break
            self.resonance_Hz += drift * (step_end - self._time_s)
            self._integrate(step_end)
            self._settle(self.clock.start_ns + round(step_end / self.clock.speed * 1e9))
        if drift != 0.0 and self._field_on:
            self.resonance_Hz += drift * max(0.0, target_s - self._time_s)
        self._integrate(target_s)

    def _integrate(self, target_s: float) -> None:
        seconds = target_s - self._time_s
        if seconds <= 0.0:
            return
        power, warming = self._heat()
        self._state = self._thermal.advance(self._state, seconds, power, warming)
        self._time_s = target_s

    def _heat(self) -> tuple[float, float]:
        """Power in the sample in W and warming of the environment in K/s, at the present drive."""
        if not self._field_on:
            return 0.0, 0.0
        current, frequency = self.supply.point.current_A, self.drive.frequency_Hz
        field = heating.peak_field(self.true.tank, current)
        power = heating.sar(self.true.sample, field, frequency) * heating.basis_mass(self.true.sample)
        setpoint = self.true.setpoint
        power += heating.direct_heating(self.true.sample, setpoint, current, frequency)
        warming = self.true.environment.coil_warming_K_per_s * (current / setpoint.current_A) ** 2
        return power, warming

    def _convert(self, conversion: int) -> None:
        """The transmitter takes a new value of each channel; the state is that of the conversion instant."""
        sources = {
            "A": self._state[thermal.PROBE],
            "B": self._thermal.environment_at(self._state),
            "C": self._state[thermal.VESSEL],
        }
        for name, channel in self._channels.items():
            self._readings[name] = channel.convert(conversion, float(sources[name]))
        self._conversion = conversion
