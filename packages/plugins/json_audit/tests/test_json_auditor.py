"""The auditor ``choria`` on a real server."""

import json
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from structlog.testing import capture_logs

from choria_plugin_json_audit import hooks
from choria_testing import vectors
from choria_testing.auditor import AuditorConformance, Kept
from choria_testing.fixtures import MakeBroker


class TestJsonAuditor(AuditorConformance):
    provider = "choria"

    @pytest.fixture
    def auditor_hooks(self) -> ModuleType:
        return hooks

    def kept(self, file: Path) -> list[Kept]:
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line["time"] = datetime.fromisoformat(line.pop("timestamp")).timestamp()
        return [Kept(**line) for line in lines]

    async def test_a_line_has_the_keys_of_the_recorded_ones(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
            await audited.call("get_fact", fact="country")

            [line] = audited.file.read_text().splitlines()
        ours = json.loads(line)
        recorded = [
            text
            for text in vectors.path("audit.jsonl").read_text().splitlines()
            if json.loads(text)["action"] == "get_fact"
        ]
        assert recorded
        for text in recorded:
            theirs = json.loads(text)
            assert list(ours) == list(theirs)
            assert {key: type(value) for key, value in ours.items()} == {
                key: type(value) for key, value in theirs.items()
            }
            assert len(line.partition(",")[0]) == len(text.partition(",")[0])

    async def test_without_a_file_the_server_warns_and_keeps_nothing(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        with capture_logs() as logs:
            async with self.audited(
                make_broker, tmp_path, auditor_hooks, has_file=False
            ) as audited:
                reply = await audited.call("ping")

                assert audited.node.server.figures.lost_audits == 0
        assert reply["statuscode"] == 0
        assert not audited.file.exists()
        told = [line["event"] for line in logs if "audits nothing" in line["event"]]
        assert len(told) == 1
        assert "set plugin.rpcaudit.logfile" in told[0]

    async def test_it_is_the_one_that_is_used_without_a_name(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        async with self.audited(make_broker, tmp_path, auditor_hooks, is_named=False) as audited:
            await audited.call("ping")

            assert len(self.kept(audited.file)) == 1
