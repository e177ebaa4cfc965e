"""The README names modules that there are."""

import importlib
import re
from pathlib import Path


def test_every_module_of_the_table_can_be_imported() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text()
    cells = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)]

    assert "nats.wire" in names
    for name in names:
        importlib.import_module(f"choria_core.{name}")
