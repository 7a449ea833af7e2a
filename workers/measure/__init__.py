"""Commands of ``tenken measure``, one a module."""
