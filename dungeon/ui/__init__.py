"""The screen: everything that knows of Textual, and nothing that knows of a model."""
