"""Teaching a model: from texts to an adapter, or to new weights. Importing this loads no torch."""
