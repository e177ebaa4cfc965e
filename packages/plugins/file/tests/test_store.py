"""The file store."""

import asyncio
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from choria_core.config.record import RecordReader
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError, KeyMissingError, WorkError
from choria_core.network_config.client_config import ClientConfig
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_plugin_file import data_file
from choria_plugin_file.store import FileOptions, FileStore
from choria_testing.datastore import DataStoreConformance

FORMATS = ("json", "yaml")

WRITER = """
import asyncio, sys
from pathlib import Path
from choria_core.playbook.workbench import Workbench
from choria_core.plugins import Plugins
from choria_plugin_file.store import FileOptions, FileStore

async def main(path, form, name, count):
    bench = Workbench(plugins=Plugins(), load_config=None, folder=Path.cwd())
    store = FileStore("pb", FileOptions(file=path, format=form), bench)
    await store.open()
    sys.stdin.read(1)
    for number in range(count):
        await store.write(f"{name}{number}", number)
    await store.close()

asyncio.run(main(*sys.argv[1:4], int(sys.argv[4])))
"""


class _FileStore(DataStoreConformance):
    form: Any = "json"

    def write_answers(self, value: object) -> object:
        return value

    @pytest.fixture
    def make_store(self, bench: Workbench) -> Callable[[], DataStore]:
        options = FileOptions(file="data", format=self.form, create=True)
        return lambda: FileStore("pb", options, bench)


class TestJsonFile(_FileStore):
    form = "json"


class TestYamlFile(_FileStore):
    form = "yaml"


def _no_config() -> ClientConfig:
    raise AssertionError("nobody wants it")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _store(folder: Path, form: Any = "json", **options: Any) -> FileStore:
    bench = Workbench(
        plugins=Plugins(),
        load_config=_no_config,
        environment={"HOME": str(folder / "home")},
        folder=folder,
    )
    return FileStore("pb", FileOptions(file="data", format=form, **options), bench)


def _read_options(text: str) -> tuple[object, list[str]]:
    document = read_yaml(text)
    reader = RecordReader(FileOptions, unknown="warn")
    assert document.root is not None
    options = reader.record(FileOptions, document.root, "", document.root.location)
    return options, [str(problem) for problem in reader.problems]


def test_a_book_says_file_and_format() -> None:
    options, problems = _read_options("file: ~/x\nformat: yaml\ncreate: true\ntimeout: 20\n")

    assert not problems
    assert options == FileOptions(file="~/x", format="yaml", create=True, timeout=20)


def test_both_are_required_and_the_format_is_one_of_two() -> None:
    _, problems = _read_options("format: xml\n")

    assert len(problems) == 2
    assert any("file" in text and "required" in text for text in problems)
    assert any("json" in text and "yaml" in text for text in problems)


async def test_a_missing_file_is_refused_with_what_helps(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"data store 'pb': .*data does not exist; .*create"):
        await _store(folder).open()


async def test_a_file_is_made_for_its_owner_alone(folder: Path) -> None:
    await _store(folder, create=True).open()

    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o600
    assert (folder / "data").read_bytes() == b""


async def test_a_file_that_cannot_be_made_is_refused(folder: Path) -> None:
    bench = Workbench(plugins=Plugins(), load_config=_no_config, folder=folder)
    options = FileOptions(file="no/such/folder", format="json", create=True)

    with pytest.raises(ConfigError, match="cannot be made"):
        await FileStore("pb", options, bench).open()


async def test_a_folder_is_no_data_file(folder: Path) -> None:
    (folder / "data").mkdir()

    with pytest.raises(ConfigError, match="is no file"):
        await _store(folder).open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
@pytest.mark.parametrize(("mode", "word"), [(0o200, "readable"), (0o400, "writable")])
async def test_a_file_must_be_readable_and_writable(folder: Path, mode: int, word: str) -> None:
    (folder / "data").touch(mode)

    with pytest.raises(ConfigError, match=f"is not {word}"):
        await _store(folder).open()


@pytest.mark.parametrize("word", ["readable", "writable"])
async def test_what_we_may_not_do_is_said(
    folder: Path, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data").touch()
    denied = os.R_OK if word == "readable" else os.W_OK
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != denied)

    with pytest.raises(ConfigError, match=f"is not {word}"):
        await _store(folder).open()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", "[1]"),
        ("json", "{"),
        ("json", '{"a": NaN}'),
        ("json", "null"),
        ("json", "[" * 100_000),
        ("yaml", "- 1"),
        ("yaml", "a: b: c"),
        ("yaml", "a: 1\na: 2"),
        ("yaml", "a: !!python/object:os.system {}"),
    ],
)
async def test_what_is_no_block_of_names_is_refused(folder: Path, form: str, text: str) -> None:
    (folder / "data").write_text(text)

    with pytest.raises(ConfigError, match="data"):
        await _store(folder, form).open()


@pytest.mark.parametrize(
    ("form", "text"),
    [("json", ""), ("json", "{}"), ("yaml", ""), ("yaml", "# nothing\n"), ("yaml", "---\n")],
)
async def test_an_empty_file_holds_nothing(folder: Path, form: str, text: str) -> None:
    (folder / "data").write_text(text)
    store = _store(folder, form)
    await store.open()

    with pytest.raises(KeyMissingError):
        await store.read("a")
    await store.write("a", 1)

    assert await store.read("a") == 1


async def test_yaml_is_read_as_books_are(folder: Path) -> None:
    (folder / "data").write_text("a: yes\nb: 010\nc: 2024-01-01\n10: [x, {y: ~}]\n")
    store = _store(folder, "yaml")
    await store.open()

    assert [await store.read(key) for key in "abc"] == [True, 8, "2024-01-01"]
    assert await store.read("10") == ["x", {"y": None}]


async def test_yaml_texts_stay_texts_for_every_reader(folder: Path) -> None:
    import yaml

    odd = ["y", "no", "on", "010", "1:30", "2024-01-01", "~", "", "1e3", "=", "<<", "# x", "- a"]
    store = _store(folder, "yaml", create=True)
    await store.open()
    for text in odd:
        await store.write(text, text)

    again = _store(folder, "yaml")
    await again.open()

    assert [await again.read(text) for text in odd] == odd
    assert list(yaml.safe_load((folder / "data").read_text()).values()) == odd


async def test_json_is_for_people_too(folder: Path) -> None:
    store = _store(folder, create=True)
    await store.open()
    await store.write("größe", {"a": [1, 2]})
    await store.write("b", [])
    text = (folder / "data").read_text()
    await store.delete("größe")
    await store.delete("b")

    assert (
        text == json.dumps({"größe": {"a": [1, 2]}, "b": []}, indent=2, ensure_ascii=False) + "\n"
    )
    assert (folder / "data").read_text() == "{}\n"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), object, {1, 2}, b"x", "\ud800", ["\udfff"]], ids=repr
)
async def test_what_json_cannot_hold_is_refused(folder: Path, form: str, value: object) -> None:
    store = _store(folder, form, create=True)
    await store.open()
    await store.write("a", "before")

    with pytest.raises(WorkError):
        await store.write("a", value)

    assert await store.read("a") == "before"


async def test_a_key_without_characters_is_refused(folder: Path) -> None:
    store = _store(folder, create=True)
    await store.open()

    with pytest.raises(WorkError, match="no character"):
        await store.write("\ud800", 1)


@pytest.mark.parametrize("form", FORMATS)
async def test_the_mode_is_kept(folder: Path, form: str) -> None:
    path = folder / "data"
    path.touch()
    path.chmod(0o664)
    store = _store(folder, form)
    await store.open()

    await store.write("a", 1)

    assert stat.S_IMODE(path.stat().st_mode) == 0o664


async def test_a_link_is_followed_and_stays_a_link(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "file").touch()
    (folder / "data").symlink_to("real/file")
    store = _store(folder)
    await store.open()

    await store.write("a", 1)

    assert (folder / "data").is_symlink()
    assert json.loads((folder / "real" / "file").read_text()) == {"a": 1}
    assert _names(folder / "real") == ["file"]


async def test_a_tilde_is_the_home_of_the_run(folder: Path) -> None:
    (folder / "home").mkdir()
    environment = {"HOME": str(folder / "home")}
    bench = Workbench(
        plugins=Plugins(), load_config=_no_config, environment=environment, folder=folder
    )
    store = FileStore("pb", FileOptions(file="~/data", format="json", create=True), bench)
    await store.open()
    await store.write("a", 1)

    assert json.loads((folder / "home" / "data").read_text()) == {"a": 1}


@pytest.mark.parametrize("form", FORMATS)
async def test_what_another_program_wrote_is_read(folder: Path, form: str) -> None:
    path = folder / "data"
    path.write_text('{"a": 1}')
    store = _store(folder, form)
    await store.open()
    before = await store.read("a")
    path.write_text('{"a": 2}')  # as long as before, and soon after
    between = await store.read("a")
    path.write_text('{"a": 3, "b": 4}')
    await store.write("c", 5)

    assert (before, between) == (1, 2)
    assert [await store.read(key) for key in "abc"] == [3, 4, 5]


async def test_a_file_damaged_meanwhile_is_an_error_and_stays_as_it_is(folder: Path) -> None:
    path = folder / "data"
    store = _store(folder, create=True)
    await store.open()
    path.write_text("{broken")

    with pytest.raises(WorkError, match="damaged"):
        await store.read("a")
    with pytest.raises(WorkError, match="damaged"):
        await store.write("a", 1)

    assert path.read_text() == "{broken"


async def test_a_file_that_is_gone_is_an_error(folder: Path) -> None:
    store = _store(folder, create=True)
    await store.open()
    (folder / "data").unlink()

    with pytest.raises(WorkError, match="data: it cannot be read"):
        await store.read("a")
    with pytest.raises(WorkError, match="data: it cannot be opened"):
        await store.write("a", 1)
    await store.close()


async def test_bytes_that_are_no_text_are_an_error(folder: Path) -> None:
    store = _store(folder, create=True)
    await store.open()
    (folder / "data").write_bytes(b'{"a": "\xff"}')

    with pytest.raises(WorkError, match="byte 7 is not UTF-8"):
        await store.read("a")


@pytest.mark.parametrize("way", ["exchange", "replace"])
@pytest.mark.parametrize("form", FORMATS)
async def test_a_failed_write_leaves_everything_as_it_was(
    folder: Path, form: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store(folder, form, create=True, sync=way == "replace")
    await store.open()
    await store.write("a", "before")

    def fail(_one: Path, _other: Path) -> bool:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        patched.setattr(data_file, "exchange", fail)
        with pytest.raises(WorkError, match="No space left"):
            await store.write("a", "after")

    assert await store.read("a") == "before"
    await store.write("b", "other")
    assert await store.read("a") == "before"
    assert _names(folder) == ["data"]


async def test_who_waits_for_a_lock_too_long_fails(folder: Path) -> None:
    import fcntl

    store = _store(folder, create=True, timeout=0.05)
    await store.open()
    with (folder / "data").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(WorkError, match=r"another process had it locked for 0.05 s"):
            await store.write("a", 1)
        with pytest.raises(KeyMissingError):  # reading waits for nobody
            await store.read("a")


async def test_who_waits_for_a_lock_gets_it(folder: Path) -> None:
    store, other = _store(folder, create=True), _store(folder)
    await store.open()
    await other.open()
    async with data_file.DataFile(folder / "data", sync=False).locked(timeout_seconds=1):
        waiting = [
            asyncio.create_task(one.write(f"{number}", number))
            for number in range(5)
            for one in (store, other)
        ]
        done, _ = await asyncio.wait(waiting, timeout=0.05)
        assert not done
    await asyncio.gather(*waiting)

    assert json.loads((folder / "data").read_text()) == {str(n): n for n in range(5)}


async def test_where_names_cannot_be_exchanged_a_write_replaces(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on file systems other than those of Linux."""
    asked: list[Path] = []

    def unable(one: Path, _other: Path) -> bool:
        asked.append(one)
        return False

    monkeypatch.setattr(data_file, "exchange", unable)
    store = _store(folder, "yaml", create=True)
    await store.open()
    await store.write("a", "one")
    await store.write("b", "two")

    assert (folder / "data").read_text() == "a: one\nb: two\n"
    assert _names(folder) == ["data"]
    assert len(asked) == 1


async def test_a_reader_has_the_old_file_or_the_new_one(folder: Path) -> None:
    store = _store(folder, "yaml", create=True)
    await store.open()
    await store.write("a", "one")

    with (folder / "data").open() as reader:
        await store.write("a", "two")

        assert reader.read() == "a: one\n"
    assert (folder / "data").read_text() == "a: two\n"
    assert _names(folder) == ["data"]


@pytest.mark.parametrize("form", FORMATS)
async def test_writers_in_two_processes_lose_nothing(folder: Path, form: str) -> None:
    (folder / "data").touch()
    count = 150
    programs = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, str(folder / "data"), form, name, str(count)),
            stdin=asyncio.subprocess.PIPE,
        )
        for name in "ab"
    ]

    await asyncio.gather(*(program.communicate(b"x") for program in programs))

    assert [program.returncode for program in programs] == [0, 0]
    store = _store(folder, form)
    await store.open()
    for name in "ab":
        assert [await store.read(f"{name}{n}") for n in range(count)] == list(range(count))
    assert _names(folder) == ["data"]


async def test_a_synced_write_is_on_the_disk_and_others_are_at_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    at_once, later = _store(folder, create=True, sync=True), _store(folder)
    await at_once.open()
    await at_once.write("a", 1)
    after_write = len(synced)
    await at_once.close()
    after_close = len(synced)
    await later.open()
    await later.write("a", 2)
    after_other_write = len(synced)
    await later.close()

    assert after_write == after_close == after_other_write == 2
    assert len(synced) == 4
