"""The commands ``tenken models``, one a module; ``models.cli`` gathers them."""
