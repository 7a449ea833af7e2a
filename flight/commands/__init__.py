"""Commands of ``tenken flight``, one a module."""
