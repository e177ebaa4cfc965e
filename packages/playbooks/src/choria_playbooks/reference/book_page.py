"""The reference page of the playbook file, made from its records."""

from typing import Final

from choria_playbooks.book.model import Hook
from choria_playbooks.book.reading_control import NEW_TASK_KEYS
from choria_playbooks.book.words import (
    ArgumentWords,
    BlockWords,
    BookCallWords,
    InputWords,
    ListCallWords,
    ListWords,
    LockWords,
    NodeSetWords,
    StoreWords,
    StrictInputWords,
    StrictNodeSetWords,
    StrictTaskWords,
    TaskWords,
)
from choria_playbooks.inputs.input import InputType
from choria_playbooks.reference.tables import names, words_table

_TOP: Final = """\
# The playbook file

<!-- Made by tasks/reference.py from the records that read it; a test holds it to the code. -->

A playbook is a YAML file. With `schema: 1` at its top it is strict: what is not known is
refused, and everything on this page can be said. Without that line it is an old book, checked
as release 0.6.0 of the original did, and more forgiving ([which differences there
are](playbook-compatibility.md)). The columns "old books" say what an old book can hold.

`choria playbook check FILE` says everything that is wrong, with line and column, and does
nothing. `choria playbook schema` prints the JSON schema for editors, `--legacy` that of old
books. YAML is read as Ruby reads it: `yes`, `no`, `on` and `off` are true and false, and
aliases and merge keys (`<<: *name`) work.

Words of each kind: [tasks](playbook-tasks.md), [data stores](playbook-stores.md),
[node sets](playbook-node-sets.md).

## Top level

| key | value | old books |
|---|---|---|
| `schema` | `1`; without it, an old book | no |
| `name` | text, required; at most 64 letters, digits, `-` and `_` with `schema: 1` | yes |
| `version` | text, required; three numbers and what may follow them with `schema: 1` | yes |
| `author`, `description` | text, required | yes |
| `run_as` | as `choria=deployer`; told, never enforced | yes |
| `loglevel` | `debug`, `info` (default), `warn`, `error` or `fatal` | yes |
| `tags` | list of labels for people; they choose nothing | yes |
| `on_fail` | `fail`; another value never did anything | yes |
| `uses` | range of versions of each agent: `~1.0.0`, `>=1.2.0 <2.0.0`, `1.x` | yes |
| `inputs` | block of [inputs](#inputs) | yes |
| `data_stores` | block of [data stores](#data-stores) | yes |
| `locks` | list of [locks](#locks) | yes |
| `nodes` | block of [node sets](#node-sets) | yes |
| `tasks` | list of [steps](#steps) | yes |
| `hooks` | block of lists of steps: [hooks](#hooks) | yes |
| `task_lists` | block of [named lists](#named-lists) | no |
| `macros` | anything; a place for YAML anchors | yes |
| `$schema` | anything; for editors | yes |

Prepared are, in this order: inputs, data stores, locks, values to `save`, `uses`, node sets,
tasks.

"""
_INPUTS: Final = """\
## Inputs

`inputs.NAME` has these words. Names hold letters, digits, `-` and `_`.

%(table)s
Types are
%(types)s;
the last three need `schema: 1`. `Fixnum` is Integer, `Bool` is Boolean, case does not matter,
and a colon before the name is allowed.

A value is looked for in this order: the command line, `environment` and `file` of a secret, the
data store, the default. A default satisfies `required`. An input with `data` that was not given
is read anew each time a template or a condition names it.

`validation` is `:shellsafe`, `:string`, `:integer`, `:float`, `:number`, `:boolean`, `:hash`,
`:ipaddress`, `:ipv4address`, `:ipv6address`, `:bolt_task_name`, or a pattern as `/^[a-z]+$/`,
where `^` and `$` mean the whole text. Each value of a list must pass by itself. `:shellsafe`
refuses backticks, `$`, `;`, `|`, `&`, `<`, `>` and line ends.

"""
_STORES: Final = """\
## Data stores

`data_stores.NAME` has a `type`, and the [words of that type](playbook-stores.md). Templates in
them may name inputs that are given, and metadata.

%(table)s
A path is `store/key`; the key may hold slashes.

## Locks

An item of `locks` is `store/key`; a store alone is the lock `choria/locks/playbook/` and the
book's name in it. Locks are taken in their order and given back in reverse. With `schema: 1` an
item, and `lock` of a step, may be a block:

%(locks)s
Templates are filled in in the `lock` of a step, and not in `locks`.

## Node sets

`nodes.NAME` has these words beside the [words of its type](playbook-node-sets.md).

%(nodes)s
A set without nodes ends the run unless `empty_ok` says that this is fine. Then `limit` is
applied, then `at_least`.

"""
_STEPS: Final = """\
## Steps

An item of a list of steps is a block with one key: the kind of a [task](playbook-tasks.md), or
with `schema: 1` `block`, `parallel`, `tasks` or `playbook`. In old books an item with several
kinds is several tasks.

### Words of all tasks

%(task)s
Around one task the order is: tags, `--step`, `loop`, `when`, `lock`, hook `pre_task`,
`pre_sleep`, the tries with their `timeout`, `fail_ok`, `register`, hook `post_task`, unlock.
Templates are filled in in the words of the kind, in `description`, `loop` and `lock`; words for
the control of tries take none.

### block, parallel

`block` does its steps one after the other, `parallel` side by side. Of the words of tasks
they take %(step)s.
A list alone is the `tasks` of a block. Beside that they have these words:

%(block)s
`parallel` has no `nodes`, `serial` and `max_fail`. With `serial`, the steps are done for one
batch after the other, and `{{ batch }}` is the list of its nodes. A percentage of `serial` is of
the whole set, rounded up; one of `max_fail` is rounded down, and is counted over all batches.
A node that failed is left out of the steps that follow. Without `max_fail` a task that failed
ends the block. In `rescue` and `always`, `{{ batch }}` are the nodes of all batches that began.

Where all steps of `rescue` did their work, so did the block. A failure in `always` is one of the
block. `always` runs after a signal too, and not after the loss of a lock. All branches of
`parallel` come to their end, whatever becomes of the others.

### tasks

The call of a named list. Its name alone may stand for it: `- tasks: restart`.

%(call)s
### playbook

The run of another book. Its file alone may stand for it: `- playbook: audit.yaml`.

%(book)s
"""
_LISTS: Final = """\
## Hooks

%(hooks)s. A list stops at the first task that fails.

| event | what follows |
|---|---|
| inputs, stores, locks or nodes cannot be had | the book has failed; no task, no hook |
| `pre_book` fails | the book has failed; no task, no `on_fail`, no `post_book` |
| a task fails | the rest is left out; `on_fail` and `post_book` run, the book has failed |
| all tasks did their work | `on_success` and `post_book` run |
| `on_success` or `post_book` fails | the book has failed |
| a signal stops the run | what runs is ended; `on_fail`, `always` and `post_book` still run |
| a lock is lost | nothing more runs, no hook either |

`pre_task` and `post_task` run around each task of `tasks`, not around those of hooks.
`post_task` also runs after a task that failed.

## Named lists

`task_lists.NAME` is a list of steps, or a block:

%(list)s
`arguments.NAME` is described as an input is:

%(arguments)s
In the list, `{{ arguments.NAME }}` is the value. It knows inputs, node sets and what was
registered, but neither the loop nor the batch around its call: hand those on as arguments.

"""
_TEMPLATES: Final = """\
## Templates

Two or three braces stand around a marker. A value that is one marker and nothing else keeps its
type: a list stays a list. Within a longer text a list is joined by commas, a hash is JSON, true
and false are `true` and `false`, and null is empty. Results are not expanded again, and keys are
not filled in.

| marker | value | old books |
|---|---|---|
| `{{ inputs.NAME }}`, `{{ input.NAME }}` | value of an input, read now | yes |
| `{{ nodes.NAME }}` | list of the set's nodes | yes |
| `{{ metadata.NAME }}` | `name`, `version` and the others above `uses` | yes |
| `{{ previous_task.NAME }}` | of the task before, as below | yes |
| `{{ date(%F) }}`, `{{ utc_date(%F) }}` | time now, by a format of strftime | yes |
| `{{ elapsed_time }}` | seconds since the start | yes |
| `{{ uuid }}` | a new one | yes |
| `{{ inputs.NAME.KEY.0 }}` | a part of a value, of others too | no |
| `{{ registered.NAME.KEY }}` | what a step left under `register` | no |
| `{{ item }}` | of the innermost loop | no |
| `{{ arguments.NAME }}` | in a named list | no |
| `{{ batch }}` | nodes of this batch of the innermost block with `serial` | no |
| `{{ lock.token }}` | fencing token of the innermost lock that is held | no |

What looks like a marker and has none of these forms stays as it is, so that `{{ .Name }}` gets
through to other programs; `check` warns of it.

`previous_task` has `success`, `description`, `msg`, `message`, `data` and `runtime`. What is
registered has the same, and `skipped`, `results` (for each node
`success`, `value`, `error` and `kind`: `failed`, `silent`, `assert` or `unasked`) and, of a loop,
`items`, one for each item.

## Conditions

`when` of a step and `assert` of RPC tasks have one grammar: `key=value`, `!=`, `<`, `<=`, `>`,
`>=`, `=~ /pattern/`, `and`, `or`, `not` (`!`), parentheses. `and` binds tighter than `or`. Paths
go into values by dots, into lists by numbers.

In `when`, paths begin with `inputs.`, `registered.`, `previous_task.`, `item` or `arguments.`
and stand without braces. In `assert`, paths are of the data of each reply. A path in a condition
that leads nowhere is an error in `when`, and makes the reply fail in `assert`.

## Ids of steps

Each step has an id by where it stands: `tasks[2]`, `hooks.on_fail[0]`, `tasks[3].tasks[0]` in a
block; items of a loop and batches follow it, as `tasks[2]#1`. Reports, JSON lines and
`--start-at` use it.
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = (_TOP, _inputs(), _places(), _steps(), _lists(), _TEMPLATES)
    return "".join(parts)


def _inputs() -> str:
    types = names(kind.value for kind in InputType)
    return _INPUTS % {"table": words_table(StrictInputWords, InputWords), "types": types}


def _places() -> str:
    return _STORES % {
        "table": words_table(StoreWords, StoreWords),
        "locks": words_table(LockWords),
        "nodes": words_table(StrictNodeSetWords, NodeSetWords),
    }


def _steps() -> str:
    common = ("description", "fail_ok", *sorted(NEW_TASK_KEYS - _TRIES))
    return _STEPS % {
        "task": words_table(StrictTaskWords, TaskWords),
        "step": names(common),
        "block": _own(BlockWords),
        "call": _own(ListCallWords),
        "book": _own(BookCallWords),
    }


def _lists() -> str:
    return _LISTS % {
        "hooks": names(Hook),
        "list": words_table(ListWords),
        "arguments": words_table(ArgumentWords),
    }


_TRIES: Final = frozenset(("backoff", "max_try_sleep", "timeout"))


def _own(record: type) -> str:
    """The table of a record without the words that all steps have."""
    common = {f"| `{word}` " for word in ("description", "fail_ok", *NEW_TASK_KEYS)}
    lines = words_table(record).splitlines(keepends=True)
    return "".join(line for line in lines if not any(line.startswith(word) for word in common))
