"""Files of facts and classes as other programs leave them."""

import dataclasses
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from choria_core.network_config.settings import DEFAULT, Value
from choria_core.server.inventory_files import ClassFile, FactFiles
from choria_core.server.service import Server
from choria_testing.serving import core_plugins
from packages.core.tests.server.conftest import WriteConfig

PUPPET = """\
--- !ruby/object:Puppet::Node::Facts
name: node1.example
country: mt
environment: !ruby/sym production
sshkey: !!binary |
  AAECAw==
started: 2026-11-23 10:00:00 +01:00
country: de
---
country: uk
"""


def test_odd_facts_are_read_with_one_warning(tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(PUPPET)
    facts = FactFiles([file])

    with capture_logs() as logs:
        first = facts()
        assert facts() is first

    assert first == {
        "name": "node1.example",
        "country": "de",
        "environment": "production",
        "sshkey": "AAECAw==",
        "started": "2026-11-23 10:00:00 +01:00",
    }
    [warning] = logs
    assert warning["log_level"] == "warning"
    for place in (":1:5: ", ":4:14: environment", ":8:1: country: is given twice", ":9:4: "):
        assert f"{file}{place}" in warning["cause"]


def test_of_many_oddities_a_few_are_told(tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text("a: 1\n" * 1000)

    with capture_logs() as logs:
        assert FactFiles([file])() == {"a": 1}

    [warning] = logs
    assert warning["cause"].endswith("; and 994 more")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"a: b: c", "facts.yaml:1:5: this is not YAML"),
        (b"- a\n", "it holds no map of facts"),
        (b"a: \xff\n", "it is not UTF-8"),
        (b"#" * (1 << 20) + b"\na: 1\n", "it has more than 1048576 bytes"),
    ],
)
def test_facts_that_cannot_be_read_leave_what_was(
    content: bytes, cause: str, tmp_path: Path
) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text("a: 2\n")
    facts = FactFiles([file])
    before = facts()
    file.write_bytes(content)

    with capture_logs() as logs:
        assert facts() is before

    [warning] = logs
    assert cause in warning["cause"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "~\n"])
def test_a_file_that_says_nothing_has_no_facts(text: str, tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(text)

    with capture_logs() as logs:
        assert FactFiles([file])() == {}

    assert logs == []


def test_facts_are_not_read_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "facts.json"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    try:
        with capture_logs() as logs:
            assert FactFiles([pipe])() == {}
    finally:
        os.close(held)

    assert "it is a pipe and no file" in logs[0]["cause"]


def test_a_class_file_is_missed_where_somebody_named_it(tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert ClassFile(tmp_path / "absent", may_be_absent=True)() == ()
        assert logs == []
        assert ClassFile(tmp_path / "absent")() == ()

    assert [entry["cause"] for entry in logs] == ["No such file or directory"]


def test_a_class_file_that_goes_away_is_missed(tmp_path: Path) -> None:
    file = tmp_path / "classes.txt"
    file.write_text("apache\n")
    classes = ClassFile(file, may_be_absent=True)
    assert classes() == ("apache",)
    file.unlink()

    with capture_logs() as logs:
        assert classes() == ("apache",)

    assert len(logs) == 1


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_server_misses_the_class_file_that_its_configuration_names(
    configure: WriteConfig, tmp_path: Path, *, is_named: bool
) -> None:
    config = configure(f"classesfile = {tmp_path / 'absent'}")
    if not is_named:
        values = dict(config.settings.values)
        values["classesfile"] = Value(config.class_file, (DEFAULT,))
        settings = dataclasses.replace(config.settings, values=values)
        config = dataclasses.replace(config, settings=settings)
    server = Server(config, core_plugins())

    with capture_logs() as logs:
        assert server.node.classes() == ()

    assert len(logs) == is_named
