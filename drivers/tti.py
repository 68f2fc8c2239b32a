"""The dialect that TTi (Aim-TTi, Thurlby Thandar) instruments share.

From docs/instruments.md:

============  ==========================================================================================  ====
host ends     CR LF. The manual asks for LF and ignores white space, so the CR that public code sends     A, B
              and that is proven on hardware, is harmless: CR LF satisfies both
device ends   CR LF                                                                                       A
joined        commands with ``;``; used for ``AMPUNIT VPP;AMPL`` only, as in the public code              A, B
pause         the public code waits 70 ms after every command, then reads what has come, or asks          B
              ``EER?`` when nothing has. After a command that sets something that pause is kept. After
              a query the reply itself says when the instrument is ready: reading it up to its CR LF
              learns the same, earlier
``EER?``      execution error register, 0 is none, reading clears it                                      A, B
``*IDN?``     identity; also asked to get back into step after a failure (see `drivers.session`)          A, B
XON/XOFF      used by the instrument; taken out of replies, never obeyed (see `drivers.transports`)       A
============  ==========================================================================================  ====
"""

from __future__ import annotations

import re
from typing import Final

from amfdaq.clock import Clock
from amfdaq.errors import InstrumentRefused, ReplyError, WrongInstrument
from drivers.link import Link, show
from drivers.session import Session

LAN_PORT: Final = 9221  # TCP, raw socket (B)
MAKER: Final = "THURLBY THANDAR"
END: Final = b"\r\n"
NR2: Final = r"[+-]?\d{1,4}(?:\.\d{1,6})?"  # a decimal number, as IEEE 488.2 calls it
INTEGER: Final = re.compile(r"\d{1,5}")

_FLOW_CONTROL: Final = bytes((0x11, 0x13))
_EER_TEXT: Final = {  # grade B, partly A (docs/instruments.md)
    100: "the value is out of range",
    101: "a stored set-up could not be used",
    102: "a stored set-up could not be used",
    103: "the output is not available",
    104: "not allowed while the output is on",
    119: "the value is out of range",
    200: "the interface may not control: release its lock, or close the other program that controls it",
}


class TtiInstrument:
    """One TTi instrument at the end of a link.

    Args:
        link: not open yet.
        clock: the wall clock.
        pace: pause after a set command, s.
    """

    identity_shape: re.Pattern[str] = re.compile(
        r".*[A-Za-z]{2}.*"
    )  # no other reply has two letters side by side

    def __init__(self, link: Link, clock: Clock, pace: float) -> None:
        self.link = link
        self.identity = ""
        self._pace = pace
        self._session = Session(link, clock, self._identify)

    @property
    def who(self) -> str:
        """Name and address, for messages."""
        return f"{self.link.name} ({self.link.address})"

    def open(self) -> str:
        """Open the link and ask ``*IDN?``.

        Returns:
            the identity.

        Raises:
            LinkError, ReplyError: nobody answers, or not with an identity.
            WrongInstrument: somebody else answers.
        """
        self._session.ready()
        return self.identity

    def query(self, command: str, pattern: re.Pattern[str]) -> re.Match[str]:
        """Send a query; its reply must match the pattern from the first to the last character.

        Raises:
            LinkError: no reply.
            ReplyError: another reply.
        """
        self._session.ready()
        return self._ask(command, pattern)

    def set(self, command: str) -> None:
        """Send a set command, pause, and ask the error register whether it was carried out.

        Raises:
            LinkError, ReplyError: it is not known whether it was.
            InstrumentRefused: it was not.
        """
        self._session.ready()
        with self._session.exchange() as link:
            link.write(command.encode("ascii") + END)
        self._session.pause(self._pace)
        self.check(command)

    def check(self, command: str) -> None:
        """Ask the error register (``EER?``) about a command; reading clears it.

        Raises:
            InstrumentRefused: it is not 0.
        """
        code = self.error_register()
        if code != 0:
            meaning = _EER_TEXT.get(code, "see the manual of the instrument")
            raise InstrumentRefused(f'{self.who} refused "{command}": error {code}, {meaning}')

    def error_register(self) -> int:
        """``EER?``: 0 when nothing has gone wrong since it was read last."""
        return int(self.query("EER?", INTEGER)[0])

    def shout(self, command: str) -> None:
        """Send a command at once: no pause before it and nothing asked after it. For switching off.

        Raises:
            LinkTimeout: the wire did not take it.
            LinkLost: the link is gone, or not open.
        """
        self.link.flush_input()
        fragment_end = END if self.link.torn else b""
        self.link.write(fragment_end + command.encode("ascii") + END)
        self._session.pause(self._pace)

    def close(self) -> None:
        """Close the link; sends nothing."""
        self.link.close()

    def accept(self, identity: str) -> None:
        """Decide whether this is the right instrument.

        Raises:
            WrongInstrument: it is not.
        """

    def _ask(self, command: str, pattern: re.Pattern[str]) -> re.Match[str]:
        with self._session.exchange() as link:
            link.write(command.encode("ascii") + END)
            return matched(link.read_until(b"\n"), pattern, f'{self.who}, "{command}"')

    def _identify(self) -> None:
        found = self._ask("*IDN?", self.identity_shape)[0]
        if not self.identity:
            again = self._ask("*IDN?", self.identity_shape)[0]
            if again != found:  # no checksum protects it, and everything later is compared with it
                raise ReplyError(
                    f'{self.who} says it is "{found}", then "{again}": check cable and serial settings'
                )
            self.accept(found)
        elif found != self.identity:
            raise WrongInstrument(
                f'{self.who} was "{self.identity}" and is now "{found}": connect the instrument that the run '
                "began with"
            )
        self.identity = found


def matched(reply: bytes, pattern: re.Pattern[str], where: str) -> re.Match[str]:
    """A reply line as a match of a pattern.

    Args:
        reply: without its LF; a CR before it and flow-control bytes around it are taken off.
        pattern: must match all of it.
        where: instrument and command, for the message.

    Raises:
        ReplyError: it does not match.
    """
    text = reply.translate(None, _FLOW_CONTROL).removesuffix(b"\r").decode("latin-1").strip(" ")
    match = pattern.fullmatch(text) if text.isascii() else None
    if match is None:
        raise ReplyError(
            f"{where}: the reply {show(reply)} is not what the manual says; if it happens often, check the "
            "cable"
        )
    return match
