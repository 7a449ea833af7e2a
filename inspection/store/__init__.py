"""Rows and blobs: the only place that talks to a database or a blob store."""
