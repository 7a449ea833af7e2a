"""Rule files (YAML) and their layers (GeoJSON): data, no code."""
