"""The data stores of a run, as tasks and node sets see them."""

from typing import Protocol


class Stores(Protocol):
    """All stores of a book, by paths: ``store/key``, where the key may hold slashes."""

    async def read(self, path: str) -> object:
        """A value.

        Raises:
            KeyMissingError: there is none.
            ConfigError: the book has no such store, or the path is none.
            ChoriaError: as of the store.
        """

    async def write(self, path: str, value: object) -> object:
        """Keep a value; what the store says of it."""

    async def delete(self, path: str) -> object:
        """Forget a value; what the store says of it."""
