"""Frozen values and pure rules, one module a noun, in the order in which data moves."""
