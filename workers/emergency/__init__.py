"""Commands of ``tenken emergency``."""
