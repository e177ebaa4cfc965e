"""Every package is complete: what installs, documents, types and tests it."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any


def test_every_package_has_its_readme_and_its_tests(projects: list[Path]) -> None:
    for project in projects:
        assert (project / "README.md").read_text().startswith(f"# {_project(project)['name']}\n")
        assert list(project.glob("tests/**/test_*.py")), f"{project.name} has no tests"


def test_every_import_package_is_marked_as_typed(projects: list[Path]) -> None:
    for project in projects:
        packages = [path.parent for path in project.glob("src/*/__init__.py")]
        assert packages
        assert all((package / "py.typed").exists() for package in packages)


def test_all_packages_share_version_licence_and_python(projects: list[Path]) -> None:
    shared = {
        (table["version"], table["license"], table["requires-python"])
        for table in map(_project, projects)
    }

    assert shared == {("0.1.0", "Apache-2.0", ">=3.11")}


def test_every_declared_entry_point_is_installed_and_loads(projects: list[Path]) -> None:
    """A typo in an entry point breaks this test, not a user."""
    for group, name, value in _declared_entry_points(projects):
        installed = list(entry_points(group=group, name=name))

        assert [point.value for point in installed] == [value]
        assert installed[0].load() is not None


def _project(folder: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return table


def _declared_entry_points(projects: list[Path]) -> list[tuple[str, str, str]]:
    return [
        (group, name, value)
        for table in map(_project, projects)
        for group, points in _groups(table).items()
        for name, value in points.items()
    ]


def _groups(table: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Entry points by group; programs are the group ``console_scripts``."""
    groups: dict[str, dict[str, str]] = table.get("entry-points", {})
    return groups | {"console_scripts": table.get("scripts", {})}
