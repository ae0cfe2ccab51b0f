"""The layer table of an ONNX file, read without running it; needs neither torch nor onnxruntime."""
