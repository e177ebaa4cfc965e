"""The inputs of a run."""

import asyncio
import copy
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.problems import InvalidConfigError, Location
from choria_core.errors import ConnectError, KeyMissingError, TransportError, WorkError
from choria_core.playbook.data_store import DataStore
from choria_core.playbook.stored_text import stored_text
from choria_core.telemetry.redaction import HIDDEN
from choria_playbooks.engine.stores import BookStores, OpenStore
from choria_playbooks.inputs.command_line import (
    help_of,
    is_repeatable,
    option_of,
    secret_options_of,
)
from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.given import Sources
from choria_playbooks.inputs.input import ABSENT, Input, InputType
from choria_playbooks.inputs.secret_files import MOST_BYTES, read_secret, secret_reader
from choria_playbooks.inputs.values import InputValues
from choria_playbooks.templates.dialect import LEGACY, STRICT


class Shelf(DataStore):
    """A store in one file, as a third party writes one."""

    Options: ClassVar[type] = object

    def __init__(self, *, holds_text: bool = False) -> None:
        self.holds_text = holds_text  # type: ignore[misc]  # of the class in the protocol
        self.kept: dict[str, object] = {}
        self.reads = 0
        self.is_away = False

    async def open(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is left."""

    async def read(self, key: str) -> object:
        self.reads += 1
        if self.is_away:
            raise ConnectError("nobody is there")
        if key not in self.kept:
            raise KeyMissingError(f"no key {key}")
        return copy.deepcopy(self.kept[key])

    async def write(self, key: str, value: object) -> object:
        self.kept[key] = stored_text(value) if self.holds_text else value
        return None

    async def delete(self, key: str) -> object:
        return self.kept.pop(key, None)


class Inputs:
    """Inputs with a store, and what was said of them."""

    def __init__(
        self,
        *inputs: Input,
        dialect: int = LEGACY,
        shelf: Shelf | None = None,
        sources: Sources | None = None,
        **given: Any,
    ) -> None:
        self.shelf = shelf or Shelf()
        self.warnings: list[str] = []
        self.values = InputValues(
            {one.name: one for one in inputs},
            given,
            dialect=dialect,
            sources=sources,
            warn=self.warnings.append,
        )
        store = OpenStore(name="kv", type="shelf", options=None, store=self.shelf)
        self.values.use(BookStores({"kv": store}, before_change=lambda: None))

    def value(self, name: str = "x") -> Any:
        return asyncio.run(self.values.value(name))

    def save(self) -> tuple[str, ...]:
        return asyncio.run(self.values.save())


def one(name: str = "x", **words: Any) -> Input:
    words.setdefault("location", Location("book.yaml", 7, 3))
    return Input(name=name, **words)


def test_a_given_value_is_static() -> None:
    inputs = Inputs(one(data="kv/x", default="d"), x="given")
    inputs.shelf.kept["x"] = "stored"

    assert inputs.value() == "given"
    assert inputs.shelf.reads == 0
    assert inputs.values.shown == {"x": "given"}
    assert inputs.values.dynamic == ()


def test_a_value_that_is_not_given_is_read_anew_each_time() -> None:
    inputs = Inputs(one(data="kv/a/b", default="alpha"))

    assert inputs.value() == "alpha"
    assert inputs.warnings == [
        "input x could not be had from kv/a/b: KeyMissingError: no key a/b; its default is used"
    ]
    inputs.shelf.kept["a/b"] = "bravo"
    assert inputs.value() == "bravo"
    inputs.shelf.kept["a/b"] = "charlie"
    assert inputs.value() == "charlie"
    assert inputs.shelf.reads == 3
    assert inputs.values.dynamic == ("x",)
    assert inputs.values.shown == {}


def test_a_dynamic_input_cannot_be_given() -> None:
    inputs = Inputs(one(data="kv/x", dynamic=True), one("y", dynamic=True, default=1), x="a", y=2)
    inputs.shelf.kept["x"] = "stored"

    assert inputs.value() == "stored"
    assert inputs.value("y") == 1
    assert inputs.values.dynamic == ("x", "y")
    assert inputs.warnings == [
        "input x is dynamic: the given value is not used",
        "input y is dynamic: the given value is not used",
    ]


def test_failures_of_stores_without_a_default_keep_their_kind() -> None:
    inputs = Inputs(one(data="kv/x"), one("y", data="none/y"), one("z", data="z"))

    with pytest.raises(KeyMissingError, match="input x could not be had from kv/x: KeyMissing"):
        inputs.value()
    with pytest.raises(InputError, match="no data store 'none'"):
        inputs.value("y")
    with pytest.raises(InputError, match="no path to data"):
        inputs.value("z")
    inputs.shelf.is_away = True
    with pytest.raises(TransportError, match="ConnectError: nobody is there"):
        inputs.value()


def test_any_failure_of_a_store_is_covered_by_a_default() -> None:
    inputs = Inputs(one(data="kv/x", default=None), one("y", data="none/y", default=[1]))
    inputs.shelf.is_away = True

    assert inputs.value() is None
    assert inputs.value("y") == [1]
    assert len(inputs.warnings) == 2


def test_a_stored_value_that_breaks_the_rule_is_a_failure() -> None:
    rule = {"data": "kv/x", "validation": ":shellsafe"}
    inputs = Inputs(one(**rule), one("y", **rule, default="; never checked"))
    inputs.shelf.kept["x"] = "a; b"

    with pytest.raises(InputError, match="kv/x: InputError: 'a; b' must not contain ;"):
        inputs.value()
    assert inputs.value("y") == "; never checked"
    inputs.shelf.kept["x"] = "fine"
    assert inputs.value() == "fine"


@pytest.mark.parametrize("dialect", [LEGACY, STRICT])
def test_texts_of_stores_are_converted_before_they_are_checked(dialect: int) -> None:
    shelf = Shelf(holds_text=True)
    shelf.kept = {"n": "10", "l": '["1.2.3.4", "::1"]', "b": "no"}
    inputs = Inputs(
        one("n", type=InputType.INTEGER, data="kv/n", validation=":integer"),
        one("l", type=InputType.ARRAY, data="kv/l", validation=":ipaddress"),
        one("b", type=InputType.BOOLEAN, data="kv/b", validation=":boolean"),
        dialect=dialect,
        shelf=shelf,
    )

    assert [inputs.value(name) for name in "nlb"] == [10, ["1.2.3.4", "::1"], False]


def test_types_of_stored_values_bind_strict_books_only() -> None:
    shelf = Shelf()
    shelf.kept = {"n": "ten", "s": 5}
    wanted = (
        one("n", type=InputType.INTEGER, data="kv/n"),
        one("s", type=InputType.STRING, data="kv/s"),
    )

    old = Inputs(*wanted, shelf=shelf)
    assert [old.value("n"), old.value("s")] == ["ten", 5]
    new = Inputs(*wanted, shelf=shelf, dialect=STRICT)
    with pytest.raises(InputError, match="'ten' is not a whole number"):
        new.value("n")
    with pytest.raises(InputError, match="must be a text, not a whole number"):
        new.value("s")


def test_types_of_given_values_bind_strict_books_only() -> None:
    wanted = one(type=InputType.STRING)

    old = Inputs(wanted, x=5)
    assert old.value() == 5
    assert old.warnings == ["input x must be a text, not a whole number; it is used as it is"]
    with pytest.raises(InvalidConfigError, match=r"book.yaml:7:3: inputs\.x: must be a text"):
        Inputs(wanted, x=5, dialect=STRICT)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidConfigError) as error:
        Inputs(
            one("a", location=Location("b.yaml", 4, 3), description="where to"),
            one("bee", location=Location("b.yaml", 5, 3), validation="/^[a-z]+$/"),
            one("c", location=Location("b.yaml", 6, 3), type=InputType.SECRET, environment="C"),
            one("d", location=Location("b.yaml", 7, 3), dynamic=True),
            one("e", location=Location("b.yaml", 8, 3), default=0),
            one("f", location=Location("b.yaml", 9, 3), required=False),
            one("g", location=Location("b.yaml", 9, 3), data="kv/g"),
            bee="B",
            bea=1,
        )

    missing = "is required and has no value"
    assert str(error.value).splitlines() == [
        "b.yaml: the book has no input 'bea'; did you mean bee?",
        f"b.yaml:4:3: inputs.a: {missing}; give --a VALUE: where to",
        "b.yaml:5:3: inputs.bee: 'B' does not match ^[a-z]+$",
        f"b.yaml:6:3: inputs.c: {missing}; {SECRET_ADVICE}",
        f"b.yaml:7:3: inputs.d: {missing}; a dynamic input needs data or a default",
    ]


SECRET_ADVICE = "set the variable C or give --c-file FILE or --c-env NAME"


@pytest.mark.parametrize("value", [False, 0, "", [], {}])
def test_a_required_input_may_be_given_any_value_but_null(value: object) -> None:
    assert Inputs(one(), x=value).value() == value
    with pytest.raises(InvalidConfigError, match="is required"):
        Inputs(one(), x=None)


def test_an_input_without_any_value_is_an_error_when_it_is_asked_for() -> None:
    inputs = Inputs(one(required=False), one("y", default="d"))

    with pytest.raises(InputError, match="input x has no value and no default"):
        inputs.value()
    with pytest.raises(InputError, match="there is no input z; define it under inputs"):
        inputs.value("z")
    assert inputs.values.shown == {"y": "d"}
    assert inputs.values.known("x") is ABSENT


def test_dynamic_inputs_cannot_be_read_before_there_are_stores() -> None:
    values = InputValues({"x": one(data="kv/x")}, {}, dialect=LEGACY)

    with pytest.raises(InputError, match="the data stores are not open yet"):
        asyncio.run(values.value("x"))
    assert values.known("x") is ABSENT


def test_values_belong_to_those_who_ask() -> None:
    given = {"a": [1]}
    inputs = Inputs(one(), one("y", default=[1]), x=given)

    inputs.value()["a"].append(2)
    inputs.value("y").append(2)
    given["a"].append(3)

    assert inputs.value() == {"a": [1]}
    assert inputs.value("y") == [1]


@pytest.mark.parametrize(("dialect", "saves_false"), [(LEGACY, False), (STRICT, True)])
def test_given_values_are_saved_where_the_book_says_so(dialect: int, *, saves_false: bool) -> None:
    names: dict[str, Any] = {"a": "v", "b": False, "c": "v", "d": 0, "e": ""}
    inputs = Inputs(
        *(one(name, data=f"kv/{name}", save=name != "c", required=False) for name in "abcdef"),
        one("g", save=True, default=1),
        dialect=dialect,
        **names,
    )

    saved = inputs.save()

    assert inputs.shelf.kept == {key: names[key] for key in saved}
    assert saved == (("a", "b", "d", "e") if saves_false else ("a", "d", "e"))


def test_saved_values_are_texts_where_stores_hold_texts() -> None:
    inputs = Inputs(
        one(type=InputType.ARRAY, data="kv/x", save=True), shelf=Shelf(holds_text=True), x=["a", 1]
    )

    assert inputs.save() == ("x",)
    assert inputs.shelf.kept == {"x": '["a",1]'}


SECRET: dict[str, Any] = {"type": InputType.SECRET, "environment": "TOKEN", "file": "token"}


def test_a_secret_comes_from_where_it_is_given_or_kept(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of a file\n")
    sources = Sources(environment={"TOKEN": "of a variable"}, read_file=secret_reader(tmp_path))
    files = Sources(read_file=secret_reader(tmp_path))
    wanted = one(**SECRET, data="kv/x", default="of the book")
    shelf = Shelf()
    shelf.kept["x"] = "of a store"

    assert Inputs(wanted, sources=sources, shelf=shelf, x="given").value() == "given"
    assert Inputs(wanted, sources=sources, shelf=shelf).value() == "of a variable"
    assert Inputs(wanted, sources=files, shelf=shelf).value() == "of a file"
    assert Inputs(wanted, shelf=shelf).value() == "of a store"
    assert Inputs(wanted).value() == "of the book"


def test_secrets_are_known_and_never_shown() -> None:
    inputs = Inputs(
        one(**SECRET, validation=":shellsafe"),
        one("y", type=InputType.SECRET, data="kv/y", default="z"),
        one("n"),
        x="hunter2",
        n="open",
    )
    assert inputs.values.secret_values() == {"hunter2", "z"}
    inputs.shelf.kept["y"] = {"user": "u", "pins": [1234, True, None, "p"]}
    inputs.value("y")

    assert inputs.values.secret_values() == {"hunter2", "z", "u", "1234", "p"}
    assert inputs.values.shown == {"x": HIDDEN, "n": "open"}


@pytest.mark.parametrize("rule", [":shellsafe", "/^x/", ":integer", ":ipv4address", ":nothing"])
def test_a_refused_secret_is_not_in_the_message(rule: str) -> None:
    with pytest.raises(InvalidConfigError) as given:
        Inputs(one(**SECRET, validation=rule), x="hunter2;", dialect=STRICT)
    inputs = Inputs(one(type=InputType.SECRET, data="kv/x", validation=rule))
    inputs.shelf.kept["x"] = "hunter2;"
    with pytest.raises(InputError) as read:
        inputs.value()

    assert "hunter2" not in f"{given.value} {read.value}"


def test_files_of_secrets_are_read_with_care(tmp_path: Path) -> None:
    files = {"crlf": b"a\r\n", "two": b"a\n\n", "none": b"", "bin": b"\xff", "big": b"a" * 70_000}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    read = secret_reader(tmp_path)

    assert [read(name) for name in ("crlf", "two", "none", "no")] == ["a", "a\n", "", None]
    for name, problem in (
        ("bin", "no text"),
        ("big", f"more than {MOST_BYTES}"),
        (".", "director"),
    ):
        with pytest.raises(InputError, match=problem):
            read_secret(tmp_path / name)
    with pytest.raises(InputError, match="null"):
        read("a\0b")
    with pytest.raises(InvalidConfigError, match=r"inputs\.x: cannot be read from .*no text"):
        Inputs(one(type=InputType.SECRET, file="bin"), sources=Sources(read_file=read))


def test_a_variable_is_converted_to_the_type_of_the_input() -> None:
    sources = Sources(environment={"N": "0x10"})

    assert Inputs(one(type=InputType.INTEGER, environment="N"), sources=sources).value() == 16
    with pytest.raises(InvalidConfigError, match="'0x10' is not true or false"):
        Inputs(one(type=InputType.BOOLEAN, environment="N"), sources=sources)


def test_options_of_the_command_line() -> None:
    size = one("BatchSize", type=InputType.INTEGER, description="How many", default=5)
    hosts = one(type=InputType.ARRAY, default=["a", "b"])
    token = one("t", type=InputType.SECRET, description="Token", default="hush")

    assert option_of(size) == "--batchsize"
    assert help_of(size) == "How many (Integer) default: 5"
    assert help_of(hosts) == "(Array) default: a, b"
    assert help_of(token) == "Token (Secret)"
    assert help_of(one("f", type=InputType.BOOLEAN, default=False)) == "(Boolean)"
    assert secret_options_of(token) == ("--t-file", "--t-env")
    assert [is_repeatable(hosts), is_repeatable(size)] == [True, False]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
INPUTS = st.builds(
    one,
    type=st.sampled_from(InputType),
    required=st.booleans(),
    validation=st.sampled_from(["", ":string", ":shellsafe", ":integer", "/^a/", "b", ":unknown"]),
    default=st.just(ABSENT) | JSON,
    data=st.sampled_from(["", "kv/x", "no", "no/x"]),
    dynamic=st.booleans(),
    save=st.booleans(),
)


@given(INPUTS, JSON, JSON, st.booleans(), st.sampled_from([LEGACY, STRICT]))
def test_whatever_is_given_or_kept_becomes_a_value_or_an_error(
    wanted: Input,
    given_value: object,
    kept: object,
    holds_text: object,
    dialect: int,
) -> None:
    shelf = Shelf(holds_text=bool(holds_text))
    shelf.kept["x"] = str(kept) if holds_text else kept
    try:
        inputs = Inputs(wanted, dialect=dialect, shelf=shelf, x=given_value)
    except InvalidConfigError as error:
        assert "book.yaml:7:3: inputs.x: " in str(error)  # noqa: PT017 - either is fine
        return
    try:
        value = inputs.value()
    except (InputError, WorkError):
        assert wanted.default is ABSENT
        return
    is_given = given_value is not None and not wanted.dynamic
    if is_given:
        assert value == given_value
    elif not wanted.data:
        assert value == wanted.default
