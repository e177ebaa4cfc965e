"""The description of the agents that only emulated nodes have, for clients.  Pure.

Its timeout is that of the original's description, which is longer than what a node allows itself.
"""

from typing import Final

from choria_core.ddl.document import ActionDdl, Ddl, InputDdl, Metadata, OutputDdl

TIMEOUT_SECONDS: Final = 120

_GENERATE: Final = ActionDdl(
    action="generate",
    description="Generates random data of a given size",
    display="failed",
    input={
        "size": InputDdl(
            prompt="Size",
            description="Amount of text to generate",
            type="integer",
            optional=True,
            default=20,
        )
    },
    output={"message": OutputDdl(description="Generated Message", display_as="Message")},
)


def emulated_ddl(name: str) -> Ddl:
    """The description of ``name``, which is ``emulated0`` or one of its brothers."""
    return Ddl(
        Metadata(
            name=name,
            description="Emulated Agent",
            author="The Choria toolkit in Python",
            license="Apache-2.0",
            version="0.0.1",
            url="https://choria.io",
            timeout=TIMEOUT_SECONDS,
        ),
        (_GENERATE,),
    )
