"""The reference page of the configuration."""

from pathlib import Path

import pytest
import yaml

from choria_core.config.yaml_text import read_yaml
from choria_replicator.settings.file import settings_of
from choria_replicator.settings.reference import page

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "replicate-configuration.md"

STREAM_KEYS = [
    "stream",
    "name",
    "filter_subject",
    "target_stream",
    "target_subject_prefix",
    "target_subject_remove",
    "source_url",
    "target_url",
    "no_target_create",
    "ephemeral",
    "target_initiated",
    "start_sequence",
    "start_time",
    "start_delta",
    "start_at_end",
    "tls",
    "source_tls",
    "target_tls",
    "choria",
    "source_choria",
    "target_choria",
    "max_age",
    "inspect_field",
    "inspect_force_field",
    "inspect_header",
    "inspect_subject_token",
    "inspect_duration",
    "warn_duration",
    "size_trigger",
    "leader_election_name",
    "advisory",
]
TOP_KEYS = [
    "name",
    "streams",
    "state_store",
    "tls",
    "choria",
    "monitor_port",
    "profiling",
    "logfile",
    "loglevel",
    "heartbeats",
]
TOPIC_KEYS = [
    "topic",
    "source_url",
    "source_cluster_id",
    "target_url",
    "target_cluster_id",
    "workers",
    "queued",
    "queue_group",
    "inspect",
    "update_flag",
    "age",
    "name",
    "monitor",
    "advisory",
    "tls",
    "disable_target_tls",
    "disable_source_tls",
]
TOPICS_TOP_KEYS = ["debug", "verbose", "logfile", "state_dir", "tls", "topics"]


def test_the_committed_page_is_what_the_code_says() -> None:
    """Renew it with ``python -m choria_replicator.settings.reference``."""
    assert PAGE.read_text() == page()


@pytest.mark.parametrize(
    "key",
    [
        *TOP_KEYS,
        *TOPICS_TOP_KEYS,
        *(f"streams[].{key}" for key in STREAM_KEYS),
        *(f"topics.<name>.{key}" for key in TOPIC_KEYS),
    ],
)
def test_every_key_of_both_originals_is_on_it(key: str) -> None:
    assert f"\n| `{key}` |" in page()


def test_the_examples_on_it_are_read_without_a_warning() -> None:
    examples = [part.partition("```")[0] for part in page().split("```yaml\n")[1:]]

    loaded = [settings_of(read_yaml(example)) for example in examples]

    assert len(loaded) == 2
    assert [one.warnings for one in loaded] == [(), ()]
    assert all(yaml.safe_load(example) for example in examples)
