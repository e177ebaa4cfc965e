"""The auditor ``logfile`` on a real server."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from choria_core.audit.text_lines import read_text_line
from choria_core.protocol.messages import NANOSECONDS
from choria_plugin_logfile_audit import hooks
from choria_plugin_logfile_audit.auditor import DEFAULT, TextAuditor
from choria_testing.auditor import ALICE, AuditorConformance, Kept
from choria_testing.callers import SENDER
from choria_testing.fixtures import MakeBroker


class TestTextAuditor(AuditorConformance):
    provider = "logfile"

    @pytest.fixture
    def auditor_hooks(self) -> ModuleType:
        return hooks

    def kept(self, file: Path) -> list[Kept]:
        entries = [read_text_line(line) for line in file.read_bytes().splitlines()]
        return [
            Kept(
                one.time_ns / NANOSECONDS,
                one.request_id,
                one.request_time,
                one.caller,
                one.sender,
                one.agent,
                one.action,
                json.loads(bytes(one.data)),
            )
            for one in entries
        ]

    async def test_a_line_looks_as_mcollective_wrote_it(
        self, make_broker: MakeBroker, tmp_path: Path, auditor_hooks: ModuleType
    ) -> None:
        async with self.audited(make_broker, tmp_path, auditor_hooks) as audited:
            await audited.call("get_fact", fact="os\nfamily")

            [line] = audited.file.read_text().splitlines()
        [entry] = self.kept(audited.file)
        stamp, _, rest = line.partition("] ")
        assert stamp.startswith("[20")
        assert stamp.endswith(" UTC")
        assert rest == (
            f"reqid={entry.request_id}: reqtime={entry.request_time} "
            f"caller={ALICE.name}@{SENDER} agent=rpcutil action=get_fact "
            'data={:fact=>"os\\nfamily"}'
        )

    async def test_without_a_file_it_is_where_mcollective_kept_it(
        self, make_broker: MakeBroker, tmp_path: Path
    ) -> None:
        broker = await make_broker(jetstream=False)
        config = self.configured(tmp_path, broker, "rpcauditprovider = logfile")

        assert "rpcaudit" not in {warning.key for warning in config.warnings}
        assert TextAuditor(config)._file.path == DEFAULT
