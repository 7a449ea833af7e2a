"""How good a model is: scores on labelled images, thresholds, cards, pages."""
