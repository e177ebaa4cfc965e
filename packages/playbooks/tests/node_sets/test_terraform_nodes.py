"""Node sets that Terraform lists.

A script stands in for ``terraform``, which cannot be had in tests: it notes its arguments, one
on each line, and prints what a test says.
"""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError, NodesError, WorkError
from choria_core.playbook.workbench import Workbench
from choria_playbooks.book.exposure import exposed_options
from choria_playbooks.node_sets.terraform import TerraformNodes, TerraformNodesOptions
from packages.playbooks.tests.node_sets.conftest import resolved
from packages.playbooks.tests.rpc.conftest import problems_of

TERRAFORM = """#!/bin/sh
printf '%s\\n' "$@" > "$NOTES"
cat "$SAYS"
echo 'Warning: a newer version is there' >&2
exit "${CODE:-0}"
"""

HOSTS = ["b.example", "a.example"]

Ask = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def ask(tmp_path: Path, lonely_bench: Workbench) -> Ask:
    """Resolve a set where Terraform says something: a program in PATH, beside a state."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(TERRAFORM)
    program.chmod(0o700)
    (tmp_path / "web.tfstate").write_text("{}")
    lonely_bench.environment.update(
        {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "NOTES": str(tmp_path / "notes"),
            "SAYS": str(tmp_path / "says"),
        }
    )

    async def found(says: str, text: str = "{statefile: web.tfstate, output: web}") -> list[str]:
        (tmp_path / "says").write_text(says)
        return await resolved(TerraformNodes, text, lonely_bench)

    return found


async def test_terraform_is_asked_for_one_output(ask: Ask, tmp_path: Path) -> None:
    assert await ask(json.dumps(HOSTS)) == HOSTS

    state = str(tmp_path / "web.tfstate")
    notes = (tmp_path / "notes").read_text().splitlines()
    assert notes == ["output", "-state", state, "-json", "web"]


@pytest.mark.parametrize(
    "document",
    [
        HOSTS,
        {"sensitive": False, "type": "list", "value": HOSTS},
        {"sensitive": False, "type": ["list", "string"], "value": HOSTS},
        {"type": ["tuple", ["string", "string"]], "value": HOSTS},
        {"type": ["set", "string"], "value": HOSTS},
    ],
)
async def test_the_forms_of_all_versions_are_known(ask: Ask, document: object) -> None:
    assert await ask(json.dumps(document, indent=2)) == HOSTS


async def test_an_empty_list_is_nobody(ask: Ask) -> None:
    assert await ask("[]") == []


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        ("", r"output web of .*web\.tfstate is no JSON"),
        ("a.example", "is no JSON"),
        ("[" * 5000, "is no JSON"),
        ('"a.example"', "is no list of texts"),
        ('{"a": "b"}', "is no list of texts"),
        ("[1]", "is no list of texts"),
        ('{"type": "string", "value": ["a"]}', "is no list of texts"),
        ('{"type": "list", "value": "a"}', "is no list of texts"),
        ('{"type": [], "value": ["a"]}', "is no list of texts"),
        ('{"type": "list"}', "is no list of texts"),
    ],
)
async def test_what_is_no_list_is_an_error(ask: Ask, says: str, problem: str) -> None:
    with pytest.raises(WorkError, match=problem):
        await ask(says)


async def test_what_is_no_host_is_an_error(ask: Ask) -> None:
    with pytest.raises(NodesError, match=r"output web of .* gives what are no names of nodes"):
        await ask('["a.example", "b c"]')


async def test_where_terraform_fails_it_says_why(ask: Ask, lonely_bench: Workbench) -> None:
    lonely_bench.environment["CODE"] = "1"
    with pytest.raises(WorkError, match=r"^terraform ended with code 1: Warning: a newer"):
        await ask(json.dumps(HOSTS))


async def test_terraform_may_be_elsewhere(ask: Ask, tmp_path: Path) -> None:
    other = tmp_path / "my terraform; id"
    (tmp_path / "bin" / "terraform").rename(other)
    for name in ("./my terraform; id", other):
        text = f"{{statefile: web.tfstate, output: web, terraform: '{name}'}}"
        assert await ask(json.dumps(HOSTS), text) == HOSTS


async def test_terraform_may_be_missing(ask: Ask) -> None:
    text = "{statefile: web.tfstate, output: web, terraform: no-such-terraform}"
    with pytest.raises(WorkError, match=r"^no-such-terraform ended with code 127"):
        await ask("[]", text)


async def test_no_shell_reads_what_the_book_says(ask: Ask, tmp_path: Path) -> None:
    state = tmp_path / "a; touch made"
    state.write_text("{}")
    assert await ask("[]", "{statefile: 'a; touch made', output: web}") == []
    assert str(state) in (tmp_path / "notes").read_text().splitlines()
    assert not (tmp_path / "made").exists()


async def test_a_state_that_cannot_be_read_is_named(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{tmp_path}/none\.tfstate cannot be read"):
        await ask("[]", "{statefile: none.tfstate, output: web}")
    assert not (tmp_path / "notes").exists()


async def test_terraform_is_ended_where_it_takes_too_long(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "bin" / "terraform").write_text("#!/bin/sh\nexec sleep 600\n")
    with pytest.raises(WorkError, match=r"^terraform took more than 0\.3 s and was ended"):
        await ask("[]", "{statefile: web.tfstate, output: web, timeout: 0.3}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{output: a}", "statefile: is required but missing"),
        ("{statefile: a}", "output: is required but missing"),
        ("{statefile: '', output: a}", "statefile: names no file"),
        ("{statefile: a, output: a, terraform: ''}", "terraform: names no file"),
        ("{statefile: a, output: -help}", "output: is no name of an output: '-help'"),
        ("{statefile: a, output: 'a b'}", "output: is no name of an output"),
        ("{statefile: a, output: b, timeout: 0}", "timeout: must be at least"),
    ],
)
def test_what_cannot_work_is_refused(text: str, problem: str) -> None:
    (found,) = problems_of(TerraformNodesOptions, text)
    assert problem in found


def test_its_words_are_seen_by_others_and_a_program_is_started() -> None:
    document = read_yaml("{statefile: a, output: b, terraform: c, timeout: 1}")
    assert document.root is not None
    assert [key for key, _ in exposed_options(TerraformNodesOptions, document.root)] == [
        "statefile",
        "output",
        "terraform",
    ]
    assert not TerraformNodes.is_passive
