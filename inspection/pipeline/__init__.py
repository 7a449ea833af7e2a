"""Use cases, one verb a file: they marry pixels, rows and rules."""
