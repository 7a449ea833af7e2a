"""How a network learns: recipes, the loop, what a run begins with, what it gives."""
