"""Any network as a layer table: of torch by tracing, of ONNX by reading the file."""
