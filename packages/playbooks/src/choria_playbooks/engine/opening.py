"""Makes the data stores of a book, opens them, and closes them; foreign errors become ours."""

from dataclasses import replace

from choria_core.config.problems import key_path
from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, WorkError
from choria_playbooks.book.model import StoreSpec
from choria_playbooks.engine.events import Level
from choria_playbooks.engine.frame import BookContext
from choria_playbooks.engine.promises import error_words
from choria_playbooks.engine.scope import BookScope
from choria_playbooks.engine.session import Session, read_options, refuse_exposed
from choria_playbooks.engine.stores import OpenStore
from choria_playbooks.templates.filling import fill


async def made_store(spec: StoreSpec, context: BookContext) -> tuple[OpenStore, bool]:
    """A store, not open yet, and whether a rehearsal keeps it from making what it stands for.

    Raises:
        InvalidConfigError: its options are wrong, or a marker has no value.
        ChoriaError: it cannot be made.
    """
    session = context.session
    kind = session.store_class(spec.type)
    node = await fill(spec.options, BookScope(context))
    assert isinstance(node, MapNode), "it was one"
    options = read_options(kind.Options, node, key_path("data_stores", spec.name))
    refuse_exposed(options, session.masking)
    is_to_be_made = session.is_rehearsal and getattr(options, "create", False) is True
    if is_to_be_made:
        options = replace(options, create=False)
    try:
        store = kind(spec.name, options, session.bench)
    except ChoriaError:
        raise
    except Exception as error:  # whatever a foreign store raises
        raise _broken(spec.name, spec.type, error) from error
    return OpenStore(name=spec.name, type=spec.type, options=options, store=store), is_to_be_made


async def open_store(made: OpenStore) -> None:
    """Open it.

    Raises:
        ConfigError: its options cannot work.
        ChoriaError: it cannot be reached, or broke.
    """
    try:
        await made.store.open()
    except ChoriaError:
        raise
    except Exception as error:  # whatever a foreign store raises
        raise _broken(made.name, made.type, error) from error


async def close_store(made: OpenStore, session: Session) -> None:
    """Close it; where that fails people are told, and no more."""
    try:
        await made.store.close()
    except Exception as error:  # noqa: BLE001 - the work is done
        words = str(error) or type(error).__name__
        session.teller.line(Level.WARN, "post", f"Could not close data store {made.name}: {words}")


def _broken(name: str, kind: str, error: Exception) -> WorkError:
    return WorkError(f"data store {name} ({kind}): {error_words(error)}")
