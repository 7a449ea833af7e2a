"""Readers of labelled images, training chips, and rendered surfaces with known truth."""
