"""Standards as versioned data: YAML files and the loaders that check them."""
