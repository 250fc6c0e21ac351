"""The story itself, as pure values: standard library only, no screen, no model, no disk."""
