"""The language of the product: nouns, rules and the road that data takes."""

__version__ = "0.1.0"
