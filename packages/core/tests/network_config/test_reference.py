"""The reference page of the configuration."""

from pathlib import Path

import pytest

from choria_core.network_config.keys import Key
from choria_core.network_config.lines import read_lines
from choria_core.network_config.reference import page
from choria_core.network_config.table import KEYS, find

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "network-configuration.md"


def test_the_committed_page_is_what_the_code_says() -> None:
    """Renew it with ``python -m choria_core.network_config.reference``."""
    assert PAGE.read_text() == page()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_on_it_once(key: Key) -> None:
    assert page().count(f"\n| `{key.name}` |") == 1


def test_its_example_is_read() -> None:
    example = page().split("```ini\n")[1].partition("```")[0]

    lines = read_lines(example, file="example")

    assert len(lines.settings) == 2
    assert all(find(line.key) for line in lines.settings)
    assert lines.warnings == ()
