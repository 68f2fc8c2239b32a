"""The errors of the simulated bench: each is one sentence for the person who started it.

BenchError
    ConfigError     the bench description is wrong      (exit code 2)
    StartError      a port or a file is not available   (exit code 3)
    RequestError    a control request makes no sense    (answered, the bench goes on)
"""


class BenchError(Exception):
    """Base of all errors the bench reports."""


class ConfigError(BenchError):
    """A bench file cannot be read, or a key in it is unknown, missing or out of range."""


class StartError(BenchError):
    """The bench cannot start: a port is taken, a log file cannot be opened."""


class RequestError(BenchError):
    """A request on the control port is not understood or not possible."""
