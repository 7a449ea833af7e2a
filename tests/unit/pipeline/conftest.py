"""Fixtures that several tests of the road share."""

from tests.support.conducted import photographed, site

__all__ = ["photographed", "site"]
