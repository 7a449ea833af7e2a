"""Geotags: photos matched to the triggers of a log, and their copies with position and pose."""
