"""Storing runs: journals, the run file, recovery, reading, and tables of other loggers."""
