"""What plugins promise, looked at where the engine relies on it.  Pure."""

from collections.abc import Mapping, Sequence

from choria_core.errors import WorkError
from choria_core.playbook.outcome import HostResult, Outcome


def sound_outcome(found: object, kind: str) -> Outcome:
    """What a task of a kind gave.

    Raises:
        WorkError: it is no outcome; the kind's plugin has a bug.
    """
    fault = _fault(found)
    if fault or not isinstance(found, Outcome):
        text = f"the task {kind}, of a plugin, gave no outcome as it should: {fault}"
        raise WorkError(text)
    return found


def sound_names(found: object) -> Sequence[str]:
    """The names that a node set gave.

    Raises:
        WorkError: they are none; the kind's plugin has a bug.
    """
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        raise WorkError(f"it gave no list of names but {_words(found)}")
    for one in found:
        if not isinstance(one, str):
            raise WorkError(f"it gave no list of names but one with {_words(one)}")
    return found


def error_words(error: BaseException) -> str:
    """What a foreign error says, with its class."""
    words = str(error)
    kind = type(error).__name__
    return f"{kind}: {words}" if words else kind


def _fault(found: object) -> str:
    if not isinstance(found, Outcome):
        return f"it is {_words(found)}"
    message, data, results = _parts(found)
    if not isinstance(message, str):
        return f"its message is {_words(message)}"
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        return f"its data is {_words(data)}"
    if not isinstance(results, Mapping):
        return f"its results are {_words(results)}"
    strange = next((one for one in results.items() if not _is_sound(*one)), None)
    if strange is not None:
        return f"its result of {strange[0]} is {_words(strange[1])}"
    return ""


def _parts(found: Outcome) -> tuple[object, object, object]:
    """What may be anything, whatever it is declared to be."""
    return found.message, found.data, found.results


def _is_sound(node: object, result: object) -> bool:
    if not isinstance(result, HostResult) or not isinstance(node, str):
        return False
    if result.is_ok is True and result.error == result.kind == "" and not result.details:
        return True  # as most are, in large fleets
    return (
        isinstance(result.error, str)
        and isinstance(result.kind, str)
        and isinstance(result.details, Mapping)
    )


def _words(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:60]}…"
