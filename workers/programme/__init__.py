"""Commands of ``tenken programme``, one a module."""
