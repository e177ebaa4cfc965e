"""The reference of the options says what the command has."""

from pathlib import Path

from choria_emulator.options_reference import page

ROOT = Path(__file__).resolve().parents[3]


def test_the_reference_of_the_options_is_up_to_date() -> None:
    """`make docs ARGS=--write` renews it."""
    assert (ROOT / "docs" / "reference" / "emulate-options.md").read_text() == page()


def test_every_way_to_write_an_option_is_told() -> None:
    assert "| `--instances NUMBER`, `-i NUMBER` |  | Nodes to run. |" in page()
    assert "| `--http-port NUMBER`, `-p NUMBER` | `8080` |" in page()
