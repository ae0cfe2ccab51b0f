"""Multi-object tracking: boxes with identities in sequences."""
