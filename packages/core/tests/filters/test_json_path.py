"""Paths of facts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choria_core.filters.json_path import find
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.path_query import MISSING

FACTS = {
    "a.b": {"c": 1},
    "os": {"name": "Linux", "family": "Debian"},
    "net": {"lo": {"up": True}, "eth1": {"up": False}, "eth0": {"up": True}},
    "disks": [
        {"name": "sda", "size": 100, "ssd": True},
        {"name": "sdb", "size": 200, "ssd": False},
        {"name": "nvme0", "size": 50.5, "ssd": True, "label": None},
    ],
    "tags": ["web", "prod"],
    "matrix": [[1, 2], [3]],
    "nothing": None,
    "x|y": "bar",
}


def _found(path: str) -> object:
    return find(FACTS, path, Meter())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("os.name", "Linux"),
        ("nothing", None),
        ("tags.0", "web"),
        ("tags.#", 2),
        ("tags.01", "prod"),
        (r"a\.b.c", 1),
        (r"x\|y", "bar"),
        ("o*.name", "Linux"),
        ("o?.fam*", "Debian"),
        ("net.eth*.up", True),
        ("net.*.up", True),
        ("disks.#.name", ["sda", "sdb", "nvme0"]),
        ("disks.#.label", [None]),
        ("disks.#.missing", []),
        ("matrix.#.0", [1, 3]),
        ("matrix.#.#", [2, 1]),
        ("disks.#(size>100).name", "sdb"),
        ("disks.#(size>=100)#.name", ["sda", "sdb"]),
        ('disks.#(name=="nvme0").size', 50.5),
        ('disks.#(name%"sd*")#.size', [100, 200]),
        ('disks.#(name!%"sd*").name', "nvme0"),
        ("disks.#(ssd==true)#|#", 2),
        ("disks.#(ssd==~false).name", "sdb"),
        ("disks.#(label==~null)#.name", ["sda", "sdb", "nvme0"]),
        ("disks.#(label).name", "nvme0"),
        ("disks.#(size>1000)#", []),
        ('tags.#(=="prod")', "prod"),
        ('tags.#(!="prod")#', ["web"]),
        ("matrix.#(0==3).0", 3),
        ("disks.#.size|0", 100),
        ("disks|1|name", "sdb"),
    ],
)
def test_what_a_path_finds(path: str, value: object) -> None:
    assert _found(path) == value


@pytest.mark.parametrize(
    "path",
    [
        *("", "missing", "os.missing", "os.name.x", "tags.2", "tags.-1", "tags.x", "nothing.x"),
        *("disks.#(size>1000)", "disks.#(size>1000)#|0", "tags.#x", "a.b.c", "os.#", "tags.²"),
    ],
)
def test_what_no_path_finds(path: str) -> None:
    assert _found(path) is MISSING


@pytest.mark.parametrize(
    "path", ["@reverse", "os.@keys", "[os,net]", "{os}", "os|[name]", '!"x"', "..0", "a" * 513]
)
def test_what_is_not_supported_is_refused(path: str) -> None:
    with pytest.raises(FilterError):
        _found(path)


def test_wildcards_take_keys_in_the_order_of_the_alphabet() -> None:
    assert find({"b": 2, "a": 1}, "*", Meter()) == 1


def test_visited_elements_are_counted() -> None:
    facts = {"list": [{"x": [0] * 100}] * 200}

    with pytest.raises(FilterError, match="steps"):
        find(facts, "list.#.x.#(==1)", Meter())


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "ab", "#", "a.b"]), inner, max_size=4)
    ),
)


@settings(deadline=None)
@given(_JSON, st.text(alphabet='ab.*?|#()[]\\0"=!<>%~@ ', max_size=20))
def test_any_path_finds_something_or_nothing_or_is_refused(facts: object, path: str) -> None:
    try:
        find(facts, path, Meter())
    except FilterError:
        return


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.integers(), min_size=1), st.data())
def test_an_escaped_key_is_found(facts: dict[str, int], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(facts)))
    path = "outer." + "".join(f"\\{one}" for one in key)

    if len(path) > 512:
        return
    assert find({"outer": facts}, path, Meter()) == facts[key]
