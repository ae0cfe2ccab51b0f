"""The embedded procedural street: images with exact truth for all four tasks, at any size, offline."""
