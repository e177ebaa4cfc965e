"""Nodes of a group in a YAML file, and what each slip in it is called."""

from pathlib import Path

import pytest

from choria_core.errors import ChoriaError, ConfigError, NodesError, WorkError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.yaml_groups import YamlNodes
from packages.playbooks.tests.node_sets.conftest import resolved
from packages.playbooks.tests.rpc.conftest import problems_of

OPTIONS = "{group: web, source: groups.yaml}"


async def test_names_come_in_the_order_of_the_file(lonely_bench: Workbench, tmp_path: Path) -> None:
    text = "db: [d1]\nweb:\n  - w2.example\n  - w1.example\n  - w2.example\n"
    (tmp_path / "groups.yaml").write_text(text)
    found = await resolved(YamlNodes, OPTIONS, lonely_bench)
    assert found == ["w2.example", "w1.example", "w2.example"]


async def test_absolute_names_and_those_of_the_home_folder_work(
    lonely_bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "groups.yaml"
    file.write_text("web: [n1]\n")
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    for source in (str(file), "~/groups.yaml", "own/groups.yaml"):
        found = await resolved(YamlNodes, f"{{group: web, source: {source}}}", lonely_bench)
        assert found == ["n1"]


async def test_a_group_of_none_is_left_to_the_book(lonely_bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text("web: []\n")
    assert await resolved(YamlNodes, OPTIONS, lonely_bench) == []


@pytest.mark.parametrize(
    ("text", "error", "problem"),
    [
        (None, ConfigError, "groups.yaml cannot be read: No such file"),
        ("web: [", WorkError, "groups.yaml"),
        ("", WorkError, "groups.yaml is empty"),
        ("- n1\n", ConfigError, 'has no groups: write "group:"'),
        ("webs: [n1]\n", ConfigError, "has no group 'web'; did you mean webs?"),
        ("db: [n1]\nother: []\n", ConfigError, "has no group 'web'; it has db, other"),
        ("web: n1\n", NodesError, "group 'web' of "),
        ("web: n1\n", NodesError, "is no list"),
        ("web: {n1: n2}\n", NodesError, "is no list"),
        ("web:\n", NodesError, "is no list"),
        ("web: [n1, 5]\n", NodesError, "node 2 is no text; put quotes around it"),
        ("web: [n1, 'a b']\n", NodesError, "gives what are no names of nodes: 'a b'"),
    ],
)
async def test_each_slip_has_words_of_its_own(
    lonely_bench: Workbench,
    tmp_path: Path,
    text: str | None,
    error: type[ChoriaError],
    problem: str,
) -> None:
    if text is not None:
        (tmp_path / "groups.yaml").write_text(text)
    with pytest.raises(error) as caught:
        await resolved(YamlNodes, OPTIONS, lonely_bench)
    assert type(caught.value) is error
    assert problem in str(caught.value)
    assert str(tmp_path / "groups.yaml") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source: a.yaml", "group: is required"),
        ("group: web", "source: is required"),
        ("{group: '', source: a}", "group: is empty"),
        ("{group: a, source: ''}", "source: is empty"),
    ],
)
def test_both_options_are_required(text: str, problem: str) -> None:
    (told,) = problems_of(YamlNodes.Options, text)
    assert problem in told
