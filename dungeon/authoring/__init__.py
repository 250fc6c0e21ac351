"""Scenario files in and out: reading with positions, checking, listing."""
