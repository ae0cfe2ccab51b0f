"""Data sets: decoding, checking, duplicates, splitting."""
