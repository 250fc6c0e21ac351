"""`dungeon try`: a scenario plays by itself, and its author reads what the model made of it."""
