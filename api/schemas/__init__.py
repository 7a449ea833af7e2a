"""Shapes of the JSON at the edge; pydantic lives here, the domain never sees it."""
