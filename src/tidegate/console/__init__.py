"""A door: the page for people under pressure, and the API that it uses."""

from tidegate.console.serve import serve

__all__ = ["serve"]
