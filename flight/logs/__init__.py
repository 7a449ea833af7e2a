"""Logs of a flight: where and when the camera was released."""
