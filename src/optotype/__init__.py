"""An eye exam for vision models: train them, measure them exactly, and find out why they fail."""
