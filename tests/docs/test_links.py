"""Links within the documents lead somewhere."""

import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "packages/**/README.md")
    for page in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|(?:src|href)=\"(?P<attribute>[^\"]+)\"")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [target for target in _targets(page) if not _leads_somewhere(page, target)]

    assert broken == []


def test_every_page_of_the_documentation_is_reached_from_its_index() -> None:
    index = ROOT / "docs" / "README.md"
    seen = {index}
    waiting = [index]
    while waiting:
        page = waiting.pop()
        linked = {(page.parent / target.partition("#")[0]).resolve() for target in _targets(page)}
        new = {path for path in linked if path.suffix == ".md" and path.exists()} - seen
        seen |= new
        waiting += new

    assert sorted(set((ROOT / "docs").rglob("*.md")) - seen) == []


def _targets(page: Path) -> list[str]:
    """Relative link targets of ``page``, outside code."""
    text = CODE.sub("", FENCE.sub("", page.read_text()))
    targets = [found["target"] or found["attribute"] for found in LINK.finditer(text)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text()), re.MULTILINE)
    return {_slug(heading) for heading in headings}


def _slug(heading: str) -> str:
    """How code hosts name a heading: lower case, words joined by hyphens."""
    plain = unicodedata.normalize("NFC", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
