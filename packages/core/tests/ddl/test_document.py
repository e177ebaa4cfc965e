"""Descriptions of agents are read as they are found, and written as the schema wants them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.ddl.document import (
    INPUT_TYPES,
    ActionDdl,
    AggregateDdl,
    Ddl,
    InputDdl,
    Metadata,
    OutputDdl,
    decode_ddl,
    encode_ddl,
)
from choria_core.errors import ConfigError

DOCUMENT = b"""{
  "$schema": "https://choria.io/schemas/mcorpc/ddl/v1/agent.json",
  "metadata": {"name": "weather", "description": "Weather", "author": "J. Doe", "license": "MIT",
    "version": "1.0.0", "url": "https://example.net", "timeout": 5, "provider": "ruby"},
  "actions": [
    {"action": "read", "description": "Read", "display": "always",
     "input": {"place": {"prompt": "Place", "description": "Where", "type": "string",
       "optional": true, "default": null, "validation": "^.+$", "maxlength": 40.0}},
     "output": {"degrees": {"description": "Heat", "display_as": "Degrees", "default": 0}},
     "aggregate": [{"function": "average", "args": ["degrees", {"format": "%.1f"}]}]},
    {"action": "stop", "description": "Stop", "input": {}, "output": {}, "aggregate": null}
  ]
}"""

texts = st.text(min_size=1, max_size=12)
names = st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True)
inputs = st.builds(
    InputDdl,
    prompt=texts,
    description=texts,
    type=st.sampled_from(sorted(INPUT_TYPES - {"string", "list"})),
    optional=st.booleans(),
    default=st.none() | st.integers(-(2**63), 2**63) | texts,
) | st.builds(
    InputDdl,
    prompt=texts,
    description=texts,
    type=st.just("string"),
    validation=st.text(max_size=12),
    maxlength=st.integers(0, 1000),
)
outputs = st.builds(OutputDdl, description=texts, display_as=texts, type=texts)
actions = st.builds(
    ActionDdl,
    action=names,
    description=texts,
    input=st.dictionaries(names, inputs, max_size=3),
    output=st.dictionaries(names, outputs, max_size=3),
    display=st.sampled_from(["ok", "failed", "always"]),
    aggregate=st.tuples(st.builds(AggregateDdl, texts, st.tuples(names))),
)
ddls = st.builds(
    Ddl,
    st.builds(Metadata, name=names, description=texts, service=st.booleans()),
    st.lists(actions, max_size=3).map(tuple),
)


def test_a_description_is_read_with_its_defaults() -> None:
    ddl = decode_ddl(DOCUMENT, source="weather.json")

    read, stop = ddl.actions
    assert (ddl.metadata.name, ddl.metadata.timeout, ddl.metadata.provider) == (
        "weather",
        5,
        "ruby",
    )
    assert read.input["place"].maxlength == 40
    assert read.input["place"].default is None
    assert read.output["degrees"] == OutputDdl(
        description="Heat", display_as="Degrees", type="", default=0
    )
    assert read.aggregate == (AggregateDdl("average", ("degrees", {"format": "%.1f"})),)
    assert (stop.display, stop.aggregate) == ("failed", ())
    assert ddl.action("read") is read
    assert ddl.action("write") is None


@given(ddls)
def test_what_was_written_is_read_as_it_was(ddl: Ddl) -> None:
    assert decode_ddl(encode_ddl(ddl), source="here") == ddl


def test_what_the_schema_asks_of_a_type_is_written_and_no_more() -> None:
    kinds = {kind: InputDdl(prompt="P", description="D", type=kind) for kind in INPUT_TYPES}
    ddl = Ddl(Metadata(name="x"), (ActionDdl(action="y", input=kinds),))

    written = json.loads(encode_ddl(ddl))["actions"][0]["input"]

    common = {"prompt", "description", "type", "optional"}
    assert set(written["string"]) == common | {"validation", "maxlength"}
    assert set(written["list"]) == common | {"list"}
    assert set(written["integer"]) == common


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b"[]", "weather.json is no description of an agent"),
        (b"{", "weather.json is no description of an agent"),
        (b'{"metadata": {"name": "\xff"}}', "weather.json is no description of an agent"),
        (b"[" * 100_000, "weather.json is no description of an agent"),
        (
            DOCUMENT.replace(b'"string"', b'"text"'),
            "input place of action read has the type 'text'",
        ),
        (DOCUMENT.replace(b'"always"', b'"never"'), "display of action read is 'never'"),
    ],
)
def test_what_is_no_description_is_explained(broken: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        decode_ddl(broken, source="weather.json")
