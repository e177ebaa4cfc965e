"""The two dialects of books.  Pure."""

from typing import Final

LEGACY: Final = 0
"""The dialect of books without ``schema``: checked as release 0.6.0 did, and more leniently."""

STRICT: Final = 1
"""The dialect of ``schema: 1``."""
