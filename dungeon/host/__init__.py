"""One model for many players: an engine of this process behind the completions protocol."""
