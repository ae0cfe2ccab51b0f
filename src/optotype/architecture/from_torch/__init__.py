"""The layer table of a torch module, by watching one forward pass."""
