"""Inputs of a book, and arguments of named lists, which are written alike.  Pure."""

from collections.abc import Mapping
from typing import Final

from choria_core.config.problems import key_path
from choria_core.config.schema import fields_of
from choria_core.config.value import nearest
from choria_core.config.yaml_nodes import Entry, MapNode, ScalarNode, plain
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.looking import split_entries
from choria_playbooks.book.model import ABSENT, Input, InputType, StoreSpec
from choria_playbooks.book.names import check_name, split_path
from choria_playbooks.book.reading_locks import unknown_fix
from choria_playbooks.book.words import ArgumentWords, InputWords, StrictInputWords
from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.types import SPELLINGS, type_named, typed
from choria_playbooks.inputs.validators import validator_of

_KEYS: Final = frozenset(item.key for item in fields_of(InputWords))
_NEW_KEYS: Final = frozenset(item.key for item in fields_of(StrictInputWords)) - _KEYS
_NEW_TYPES: Final = frozenset((InputType.SECRET, InputType.HASH, InputType.ANY))


def read_inputs(
    findings: Findings, entry: Entry, stores: Mapping[str, StoreSpec]
) -> Mapping[str, Input]:
    """The block ``inputs``.

    Args:
        findings: is told what is wrong.
        entry: the block under its name.
        stores: of the book, by name.
    """
    inputs: dict[str, Input] = {}
    for item in findings.entries(entry, entry.key):
        key = key_path(entry.key, item.key)
        inputs[item.key] = _input(findings, item, key)
        _check_source(findings, inputs[item.key], item, key, stores)
    return inputs


def read_arguments(findings: Findings, entry: Entry, key: str) -> Mapping[str, Input]:
    """The block ``arguments`` of a named list, at ``key``."""
    arguments: dict[str, Input] = {}
    for item in findings.entries(entry, key):
        inner = key_path(key, item.key)
        check_name(findings, item.key, item.location, inner)
        node = _block(findings, item, inner)
        words = findings.record(ArgumentWords, node, inner, item.location) or ArgumentWords()
        kind = _type(findings, words.type, node, inner) or InputType.ANY
        validation = _validation(findings, words.validation, node, inner)
        arguments[item.key] = Input(
            name=item.key,
            description=words.description,
            type=kind,
            required=words.required,
            validation=validation,
            default=_default(findings, node, kind, validation, inner),
            location=item.location,
        )
    return arguments


def _input(findings: Findings, item: Entry, key: str) -> Input:
    check_name(findings, item.key, item.location, key)
    node = _without_new(findings, _block(findings, item, key), key)
    kind_of_words = StrictInputWords if findings.is_strict else InputWords
    words = findings.record(kind_of_words, node, key, item.location) or kind_of_words()
    kind = _type(findings, words.type, node, key)
    if kind is None and not words.type and not words.dynamic:
        fix = "write type: String, or what it is"
        findings.tolerate(item.location, key, "has no type, so it takes anything", fix)
    kind = kind or InputType.ANY
    validation = _validation(findings, words.validation, node, key)
    new = isinstance(words, StrictInputWords)
    if new and kind is not InputType.SECRET:
        _refuse_secret_words(findings, node, key)
    return Input(
        name=item.key,
        description=words.description,
        type=kind,
        required=words.required,
        validation=validation,
        default=_default(findings, node, kind, validation, key),
        data=words.data,
        dynamic=words.dynamic,
        save=words.save,
        environment=words.environment if isinstance(words, StrictInputWords) else "",
        file=words.file if isinstance(words, StrictInputWords) else "",
        location=item.location,
    )


def _block(findings: Findings, item: Entry, key: str) -> MapNode:
    """What is said of an input; nothing where it says nothing."""
    if isinstance(item.value, MapNode):
        return item.value
    if isinstance(item.value, ScalarNode) and item.value.kind == "null":
        return MapNode((), item.location)
    return MapNode(findings.entries(item, key), item.location)


def _without_new(findings: Findings, node: MapNode, key: str) -> MapNode:
    if findings.is_strict:
        return node
    new, rest = split_entries(node, _NEW_KEYS)
    for entry in new.entries:
        findings.needs_schema(entry, key_path(key, entry.key))
    return rest


def _type(findings: Findings, spelling: str, node: MapNode, key: str) -> InputType | None:
    """The type that is meant; None where there is none, or none known, which is refused."""
    given = next((entry for entry in node.entries if entry.key == "type"), None)
    if not spelling or given is None:
        return None
    kind = type_named(spelling)
    key = key_path(key, "type")
    if kind is None:
        names = [one.value for one in InputType if findings.is_strict or one not in _NEW_TYPES]
        meant = nearest(spelling.removeprefix(":"), SPELLINGS)
        found = type_named(meant) if meant else None
        fix = f"did you mean {found.value}?" if found else f"known: {', '.join(names)}"
        findings.refuse(given.value.location, key, f"{spelling} is no type of inputs", fix)
    elif kind in _NEW_TYPES and not findings.is_strict:
        findings.needs_schema(given, key)
    return kind


def _validation(findings: Findings, validation: str, node: MapNode, key: str) -> str:
    """The rule as written; one that is none is told of, and fails all values in a run."""
    try:
        validator_of(validation)
    except InputError as error:
        given = node.get("validation") or node
        inner = key_path(key, "validation")
        findings.tolerate(given.location, inner, error.problem, error.fix)
    return validation


def _default(
    findings: Findings, node: MapNode, kind: InputType, validation: str, key: str
) -> object:
    """The default; one that does not fit is odd in old books, which never looked."""
    given = node.get("default")
    if given is None:
        return ABSENT
    value = plain(given)
    inner = key_path(key, "default")
    if value is None:
        return None
    if kind is InputType.SECRET:
        text = "a secret stands in the book for all to read"
        fix = "remove it; take the secret from environment, file or data"
        findings.refuse(given.location, inner, text, fix)
        return ABSENT
    wrong = unfit(kind, validation, value)
    if wrong:
        findings.tolerate(given.location, inner, *wrong)
    return value


def unfit(kind: InputType, validation: str, value: object) -> tuple[str, str] | None:
    """What is wrong with a value, and the fix; None where it fits.

    Args:
        kind: what the input takes.
        validation: the input's rule; one that is none is passed over.
        value: as the book says it.
    """
    try:
        value = typed(kind, value)
    except InputError as error:
        return error.problem, error.fix
    try:
        problem = validator_of(validation)(value)
    except InputError:
        return None
    return (problem, f"the rule is {validation}") if problem else None


def _refuse_secret_words(findings: Findings, node: MapNode, key: str) -> None:
    for entry in node.entries:
        if entry.key in _NEW_KEYS:
            text = "is for inputs of type Secret"
            findings.refuse(entry.location, key_path(key, entry.key), text, "write type: Secret")


def _check_source(
    findings: Findings, item: Input, entry: Entry, key: str, stores: Mapping[str, StoreSpec]
) -> None:
    """Whether the input can come from where it says."""
    if not item.data:
        if item.dynamic and item.default is ABSENT:
            text = "can neither be given nor read, so it never has a value"
            findings.tolerate(item.location, key, text, "add data: store/key")
        if item.save:
            text = "save does nothing without data"
            findings.tolerate(item.location, key, text, "add data: store/key")
        return
    given = entry.value.get("data") if isinstance(entry.value, MapNode) else None
    where = given.location if given else item.location
    key = key_path(key, "data")
    tell = findings.refuse if item.default is ABSENT or findings.is_strict else findings.warn
    path = split_path(item.data)
    if path is None:
        tell(where, key, f"{item.data} is no path into a data store", "write store/key")
    elif path[0] not in stores:
        text = f"the book has no data store {path[0]}"
        tell(where, key, text, unknown_fix(path[0], stores, "data_stores"))
