"""One model for many players: an engine of this process behind the completions protocol."""

LOCAL = ("127.0.0.1", "localhost", "::1")
"""Addresses that other machines do not reach."""
