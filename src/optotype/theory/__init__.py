"""Textbook definitions in plain NumPy (float64), readable first: what the training code is tested against.

- ``information``: entropy, cross-entropy, divergence; in nats, bits or decimal digits (``units``)
- ``softmax``, ``losses``: what a classifier minimises, each loss with its gradient
- ``network``, ``descent``, ``initialise``, ``batch_norm``: a network trained by hand
- ``convolution``, ``pooling``, ``detectors``, ``cells``: convolution by hand, in words, and printed cell by cell
- ``shapes``, ``chain``, ``layers``: output sizes, parameters, multiply-accumulates, receptive fields
"""
