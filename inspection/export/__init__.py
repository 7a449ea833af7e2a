"""Work lists and records out."""
