"""The trackers: detections of sequences into tracks."""
