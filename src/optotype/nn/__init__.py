"""Torch models, weights, checkpoints, and the hardware they run on."""
