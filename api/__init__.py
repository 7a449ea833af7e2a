"""Face: the HTTP service and the review web application."""
