"""The configurations shown in the documents are read without a complaint."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from choria_replicator.settings.file import load_settings

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```yaml[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def _shown() -> Iterator[tuple[str, str]]:
    """Every whole configuration on a page, and where it stands."""
    for page in PAGES:
        text = page.read_text()
        for found in BLOCK.finditer(text):
            if re.search(r"^(streams|topics):", found["text"], re.MULTILINE):
                line = text.count("\n", 0, found.start()) + 1
                yield f"{page.relative_to(ROOT)}:{line}", found["text"]


@pytest.mark.parametrize(("place", "text"), list(_shown()))
def test_a_configuration_shown_is_right(place: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(text)

    loaded = load_settings(file)

    assert list(loaded.warnings) == [], place
