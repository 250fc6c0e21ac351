"""What fills the terminal at a time: title, setup, play, and what opens over them."""
