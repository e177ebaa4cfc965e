"""A book as an outline and as a picture."""

from xml.etree import ElementTree as ET

from choria_core.config.problems import Location
from choria_core.config.yaml_nodes import Entry, MapNode, ScalarNode
from choria_playbooks.book.model import (
    LEGACY,
    BlockSpec,
    Book,
    Control,
    Hook,
    LockSpec,
    Metadata,
    NodeSetSpec,
    Share,
    StoreSpec,
    TaskSpec,
)
from choria_playbooks.drawing.outline import outline, text_of
from choria_playbooks.drawing.picture import picture
from choria_playbooks.inputs.input import Input, InputType

HERE = Location("book.yaml", 1, 1)
NOTHING = MapNode((), HERE)


def task(number: int, command: str, control: Control | None = None) -> TaskSpec:
    """A task that runs a command."""
    text = ScalarNode(command, "text", quoted=False, location=HERE)
    options = MapNode((Entry("command", text, HERE),), HERE)
    return TaskSpec(
        id=f"tasks[{number}]",
        type="shell",
        control=control or Control(),
        options=options,
        location=HERE,
    )


BOOK = Book(
    file="book.yaml",
    digest="d",
    schema=LEGACY,
    metadata=Metadata(name="deploy", version="1.0.0", author="a", description="Deploys <it>"),
    inputs={
        "cluster": Input(name="cluster", type=InputType.STRING, data="kv/c", location=HERE),
        "key": Input(name="key", type=InputType.SECRET, default="s3cret", location=HERE),
    },
    data_stores={"kv": StoreSpec(name="kv", type="consul", options=NOTHING, location=HERE)},
    locks=(LockSpec(store="kv", key="choria/locks/playbook/deploy", location=HERE),),
    nodes={
        "web": NodeSetSpec(
            name="web", type="choria", limit=Share(percent=10), options=NOTHING, location=HERE
        )
    },
    tasks=(
        task(0, "/bin/first"),
        BlockSpec(
            id="tasks[1]",
            steps=(task(2, "/bin/second", Control(description="Second", tries=3)),),
            rescue=(task(3, "/bin/mend"),),
            serial=(Share(count=1), Share(percent=50)),
            location=HERE,
        ),
    ),
    hooks={Hook.POST_BOOK: (task(4, "/bin/last"),)},
)


def test_an_outline_says_what_happens_in_its_order() -> None:
    assert text_of(outline(BOOK)) == (
        "deploy 1.0.0: Deploys <it>\n"
        "inputs\n"
        "  cluster  String, from kv/c\n"
        "  key  Secret, default hidden\n"
        "data stores\n"
        "  kv  consul\n"
        "locks\n"
        "  kv/choria/locks/playbook/deploy\n"
        "nodes\n"
        "  web  choria, the first 10%, at least 1\n"
        "tasks\n"
        "  shell  /bin/first\n"
        "  block  1, 50% nodes at a time\n"
        "    shell  Second, 3 tries\n"
        "  rescue\n"
        "    shell  /bin/mend\n"
        "post_book: in the end\n"
        "  shell  /bin/last\n"
    )


def test_a_picture_is_well_formed_and_shows_every_row() -> None:
    rows = outline(BOOK)
    drawn = picture(rows)
    root = ET.fromstring(drawn)

    words = "".join(root.itertext())
    assert all(row.name in words for row in rows)
    assert "Deploys <it>" in words
    assert "s3cret" not in words
    joins = [path for path in root if path.tag.endswith("path")]
    assert len(joins) == 2, "the tasks with the block, and that with its rescue"
