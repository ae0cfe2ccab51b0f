"""Finding out why a model fails, and which of several is better."""
