"""Writing the world into folders of the usual formats: one file a format, each of which reads back exactly."""
