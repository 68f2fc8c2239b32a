"""Doing an experiment: schedule, engine, guard, interlocks."""
