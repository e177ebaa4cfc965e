"""Programs are found in the cache first, and a missing one is never passed over in CI."""

from pathlib import Path

import pytest

from choria_testing.peers import find_peer, peers_folder, require_peer


def install(folder: Path, name: str, version: str) -> Path:
    program = folder / f"{name}-{version}" / "bin" / name
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    return program


def test_the_newest_version_in_the_cache_is_taken(tmp_path: Path) -> None:
    install(tmp_path, "thing", "2.9.0")
    newest = install(tmp_path, "thing", "2.10.1")

    assert find_peer("thing", {"CHORIA_PEERS_DIR": str(tmp_path)}) == newest


def test_a_file_that_is_no_program_is_passed_over(tmp_path: Path) -> None:
    older = install(tmp_path, "thing", "1.0")
    install(tmp_path, "thing", "2.0").chmod(0o644)

    assert find_peer("thing", {"CHORIA_PEERS_DIR": str(tmp_path)}) == older


def test_without_a_cache_the_program_beside_python_is_taken(tmp_path: Path) -> None:
    found = find_peer("nats-server", {"CHORIA_PEERS_DIR": str(tmp_path)})

    assert found is not None
    assert found.name == "nats-server"


def test_the_cache_is_in_the_users_cache_folder() -> None:
    assert peers_folder({"XDG_CACHE_HOME": "/caches"}) == Path("/caches/choria-peers")
    assert peers_folder({}) == Path.home() / ".cache" / "choria-peers"


def test_a_missing_program_skips_on_a_users_machine(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="nox -s peers -- no-such-thing"):
        require_peer("no-such-thing", {"CHORIA_PEERS_DIR": str(tmp_path)})


def test_a_missing_program_fails_in_ci(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="no-such-thing"):
        require_peer("no-such-thing", {"CHORIA_PEERS_DIR": str(tmp_path), "CI": "true"})
