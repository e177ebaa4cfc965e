"""Where books keep data: what a kind of store implements.

A whole plugin::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        folder: Annotated[str, Setting("where the files are")]

    class FolderStore(DataStore):
        Options = Options

        def __init__(self, name, options, bench):
            self._folder = bench.folder / options.folder

        async def read(self, key):
            ...

Stores with locks implement :class:`choria_core.playbook.lock.LockingStore` as well; the tests of
``choria_testing.datastore`` hold a store to all of it.
"""

from typing import Any, ClassVar, Protocol

from choria_core.playbook.workbench import Workbench


class DataStore(Protocol):
    """A store of one run.

    Attributes:
        Options: a frozen dataclass; what the book may say of the store.
        holds_text: what it gives are texts, which become what inputs want when they are read.
            Other values it is given it writes as :func:`stored_text
            <choria_core.playbook.stored_text.stored_text>` does, or refuses.
        is_passive: reading starts no program, so that ``--check --resolve`` may read.
        ends_with_run: what it holds is gone when the run is; a run that is resumed puts it there
            again.
    """

    Options: ClassVar[type]
    holds_text: ClassVar[bool] = False
    is_passive: ClassVar[bool] = True
    ends_with_run: ClassVar[bool] = False

    def __init__(self, name: str, options: Any, bench: Workbench) -> None:
        """Make it, and do nothing yet.

        Args:
            name: what the book calls it.
            options: an instance of ``Options``.
            bench: what the run lends.
        """

    async def open(self) -> None:
        """Make ready, and check what can be checked before anything is done.

        Raises:
            ConfigError: the options cannot work: a file that is not there.
            TransportError: the store cannot be reached.
        """

    async def close(self) -> None:
        """Let go of everything; called once, whatever happened."""

    async def read(self, key: str) -> object:
        """A value: what JSON can hold, and the caller's own to change.

        Raises:
            KeyMissingError: there is none.
            WorkError: the store cannot have such a key, or is damaged.
            TransportError: it cannot be reached.
        """

    async def write(self, key: str, value: object) -> object:
        """Keep a value.

        Returns:
            What the store has to say of it; most say nothing, the file store what it kept.

        Raises:
            WorkError: it cannot hold such a key or value.
            TransportError: it cannot be reached.
        """

    async def delete(self, key: str) -> object:
        """Forget a value; one that is not there is no error.

        Returns:
            As for :meth:`write`.
        """
