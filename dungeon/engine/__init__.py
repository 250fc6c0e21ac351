"""Text generation: a contract, and the engines that keep it."""
