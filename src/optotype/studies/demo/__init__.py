"""The tour on the embedded world: models with declared faults, explained, so that the explanation can be judged."""
