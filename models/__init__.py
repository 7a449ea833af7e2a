"""The detector and its weights: registry, training, judgement, export."""
