"""The tasks of the workspace, one session each; ``make help`` tells what they are for.

Sessions use the tools of the environment that runs nox: ``make`` has installed
every pinned dependency there, so nothing is installed twice.
"""

import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "layers", "tests", "docs"]

PROJECTS = sorted(path.parent for path in Path("packages").rglob("pyproject.toml"))
BENCHES = sorted(path.stem for path in Path("bench").glob("[a-z]*.py"))
SCRIPTS = ["noxfile.py", "conftest.py", "tasks", *(["bench"] if BENCHES else [])]

# Much of the suite waits for brokers; a file's tests share what its fixtures started.
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile"]

# After a Ctrl-C, for programs to end the brokers that they started.
CLEANUP_SECONDS = 30.0


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test; ``-- core -k wire`` takes packages by name and pytest's own options."""
    chosen = [narrowed(word) for word in session.posargs]
    run_python(session, "-m", "pytest", *(chosen or SIDE_BY_SIDE))


@nox.session
def faults(session: nox.Session) -> None:
    """Run only the tests that kill, cut and restart, with large fleets."""
    session.env["CHORIA_LARGE_FLEETS"] = "1"
    run_python(session, "-m", "pytest", "-m", "faults", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check ruff's rules and format; changes nothing."""
    run_python(session, "-m", "ruff", "check", *session.posargs)
    run_python(session, "-m", "ruff", "format", "--check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check types of the packages, then of everything around them, strictly."""
    folders = [str(project / "src") for project in PROJECTS]
    run_python(session, "-m", "mypy", *folders, *session.posargs)
    around = [str(project / "tests") for project in PROJECTS if any(project.glob("tests/*.py"))]
    run_python(session, "-m", "mypy", *SCRIPTS, "tests", *around, *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """Check who imports whom; the contracts are in pyproject.toml."""
    run_program(session, "lint-imports", "--no-logo", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure: ``-- NAME [--quick]`` runs bench/NAME.py."""
    if not session.posargs or session.posargs[0] not in BENCHES:
        session.error(f"name a bench: {', '.join(BENCHES) or 'there is none yet'}")
    name, *options = session.posargs
    run_python(session, "-m", f"bench.{name}", *options)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Read a million broken messages, 10,000 broken playbooks; ``-- COUNT --seed N`` for others."""
    for module in ("tasks.fuzz", "tasks.fuzz_books"):
        run_python(session, "-m", module, *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Show the whole path, from nodes that register to the copy in the centre."""
    run_program(session, "choria", "demo", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the documented examples, check links and the reference; ``-- --write`` renews it."""
    options = list(session.posargs)
    if "--write" in options:
        options.remove("--write")
        run_python(session, "tasks/reference.py", "--write")
    run_python(session, "-m", "pytest", "tests/docs", *options)


@nox.session
def peers(session: nox.Session) -> None:
    """Get the real programs that tests run against, or ``-- NAME``; peers.toml pins them."""
    run_python(session, "tasks/peers.py", *session.posargs)


@nox.session
def pin(session: nox.Session) -> None:
    """Write constraints.txt anew; ``-- --upgrade`` moves every pin to its newest release."""
    options = ["--universal", "--generate-hashes", "--python-version", "3.11", "--quiet"]
    silence = ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
    own = [f"--no-emit-package={name}" for name in map(distribution_of, PROJECTS)]
    files = [str(project / "pyproject.toml") for project in PROJECTS]
    sources = [*files, "--all-extras", "--group", "dev", "--output-file", "constraints.txt"]
    words = [*options, *silence, *own, *sources, *session.posargs]
    run_program(session, "uv", "pip", "compile", *words)


def run_python(session: nox.Session, *words: str) -> None:
    """Run this interpreter, with the environment's programs first on PATH."""
    path = {"PATH": tools_first()}
    session.run(sys.executable, *words, env=path, interrupt_timeout=CLEANUP_SECONDS)


def run_program(session: nox.Session, name: str, *words: str) -> None:
    """Run a program of the environment."""
    session.run(
        str(bin_folder() / name),
        *words,
        env={"PATH": tools_first()},
        interrupt_timeout=CLEANUP_SECONDS,
    )


def bin_folder() -> Path:
    return Path(sys.executable).parent


def tools_first() -> str:
    return os.pathsep.join([str(bin_folder()), os.environ.get("PATH", os.defpath)])


def narrowed(word: str) -> str:
    """The folder of a package called by name; any other word as it is."""
    named = [str(project) for project in PROJECTS if project.name == word]
    return named[0] if named else word


def distribution_of(project: Path) -> str:
    """The name under which a package is installed."""
    name: str = nox.project.load_toml(project / "pyproject.toml")["project"]["name"]
    return name
