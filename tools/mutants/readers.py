"""Mutants of what reads bytes from elsewhere: scenarios, settings, saves, models."""

from tools.mutants.runner import Mutant

MUTANTS: tuple[Mutant, ...] = ()
