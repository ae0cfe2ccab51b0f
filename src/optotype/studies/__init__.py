"""The wiring: data, training, judging and reports put together."""
