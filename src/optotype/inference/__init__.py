"""Running trained models."""
