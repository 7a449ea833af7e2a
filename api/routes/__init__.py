"""Addresses of the service, one module a noun."""
