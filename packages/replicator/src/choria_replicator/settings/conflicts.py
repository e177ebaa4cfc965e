"""What two entries cannot have together.  Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from choria_replicator.settings.model import ReplicatorSettings, StreamSettings, are_one_cluster


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two entries, or one with itself, that would be in each other's way.

    Attributes:
        first, second: indexes of the entries in the settings, in their order.
        keys: the settings of the second one to show, the best place first.
        text: what is wrong; ``{first}`` stands for the place of the first one.
        fix: what to do about it.
    """

    first: int
    second: int
    keys: tuple[str, ...]
    text: str
    fix: str


def conflicts(settings: ReplicatorSettings) -> Iterator[Conflict]:
    """Everything wrong between the entries, in their order."""
    for index, stream in enumerate(settings.streams):
        if _is_onto_itself(stream):
            yield Conflict(
                index,
                index,
                ("target_url",),
                "copies the stream onto itself",
                "name another target",
            )
    for (first, one), (second, other) in combinations(enumerate(settings.streams), 2):
        if _share_name(one, other):
            yield _same_name(first, second, other)
        elif settings.state_dir is not None and _share_state(one, other):
            yield _same_state(first, second, other)
        if _share_target(one, other):
            yield _same_target(first, second, other)


def _is_onto_itself(stream: StreamSettings) -> bool:
    if not are_one_cluster(stream.source, stream.target):
        return False
    if stream.dialect == "topics":
        return True
    return stream.source_stream == stream.target_stream


def _share_name(one: StreamSettings, other: StreamSettings) -> bool:
    """Names tell state files and metrics apart, in the older dialect by themselves."""
    if one.worker != other.worker:
        return False
    return one.dialect == "topics" or one.source_stream == other.source_stream


def _same_name(first: int, second: int, other: StreamSettings) -> Conflict:
    what = f"{other.worker} is already the name of "
    what += "another topic" if other.dialect == "topics" else "another copy of this stream"
    return Conflict(first, second, ("name", ""), what + ", {first}", "give each a name of its own")


def _share_state(one: StreamSettings, other: StreamSettings) -> bool:
    """Names may be told apart, and not what the state files are called by both of them."""
    if one.dialect == "topics" or one.sampling is None or other.sampling is None:
        return False
    return f"{one.source_stream}_{one.worker}" == f"{other.source_stream}_{other.worker}"


def _same_state(first: int, second: int, other: StreamSettings) -> Conflict:
    file = f"{other.source_stream}_{other.worker}.json"
    text = f"the file of its sampling state, {file}, is already taken" + ", {first}"
    return Conflict(first, second, ("name", ""), text, "give one of them another name")


def _share_target(one: StreamSettings, other: StreamSettings) -> bool:
    if not are_one_cluster(one.target, other.target):
        return False
    if one.dialect == "topics":
        return one.filter_subject == other.filter_subject
    return one.target_stream == other.target_stream


def _same_target(first: int, second: int, other: StreamSettings) -> Conflict:
    if other.dialect == "topics":
        text = f"{other.filter_subject} is already written to the same target"
        return Conflict(first, second, ("topic",), text + ", {first}", "copy it once")
    return Conflict(
        first,
        second,
        ("target_stream", "stream"),
        f"the target stream {other.target_stream} is already written" + ", {first}",
        "set another target_stream: sharing one comes in a later release",
    )
