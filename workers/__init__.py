"""Hands: Celery workers and the command line roots that need a detector."""
