"""Read other people's files about assets: every row is read or refused with its line and reason."""
