"""Scenarios and stories in the forms of other tools, so that nobody is locked in."""
