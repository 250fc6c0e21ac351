"""How long scenario files take to be looked over."""
