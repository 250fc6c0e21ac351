"""How well stories are told: recipes side by side on the same model. See ../README.md."""
