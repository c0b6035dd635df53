"""What the tests of pictures share."""

from browser import chromium, look

__all__ = ["chromium", "look"]
