"""Flight: pure planning of where the camera must be."""
