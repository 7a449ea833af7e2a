"""Commands ``tenken privacy``: what must not be seen in public pictures."""
