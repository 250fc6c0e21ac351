"""How fast the engine is, what it needs, and what its shortcuts cost. See ../README.md."""
