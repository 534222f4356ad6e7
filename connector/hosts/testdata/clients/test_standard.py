"""Airbyte's standard tests, held against an executable.

EXECUTABLE is the executable, CONFIG and BAD_CONFIG are configurations of which the second
is refused.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from airbyte_cdk.models import AirbyteMessageSerializer, ConnectorSpecification, Type
from airbyte_cdk.sources import Source
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests.source_base import SourceTestSuiteBase
from airbyte_cdk.utils.traced_exception import AirbyteTracedException


class Executable(Source):
    """A source whose every verb is a run of the executable."""

    check_config_against_spec = False  # the executable says what is wrong

    def run_verb(self, verb, **files):
        with tempfile.TemporaryDirectory() as folder:
            args = [os.environ["EXECUTABLE"], verb]
            for name, content in files.items():
                path = Path(folder, name + ".json")
                path.write_text(json.dumps(content))
                args += ["--" + name, str(path)]
            run = subprocess.run(args, stdout=subprocess.PIPE, encoding="utf-8")
        messages = [AirbyteMessageSerializer.load(json.loads(line)) for line in run.stdout.split("\n") if line]
        failures = [m.trace.error for m in messages if m.type == Type.TRACE and m.trace.error]
        assert bool(failures) == (run.returncode != 0), f"exit {run.returncode} with {failures}"
        return messages, failures

    def one(self, verb, kind, **files):
        messages, failures = self.run_verb(verb, **files)
        if failures:
            raise AirbyteTracedException(message=failures[0].message, failure_type=failures[0].failure_type)
        (found,) = [m for m in messages if m.type == kind]
        return found

    def spec(self, logger) -> ConnectorSpecification:
        return self.one("spec", Type.SPEC).spec

    def check(self, logger, config):
        return self.one("check", Type.CONNECTION_STATUS, config=dict(config)).connectionStatus

    def discover(self, logger, config):
        return self.one("discover", Type.CATALOG, config=dict(config)).catalog

    def read(self, logger, config, catalog, state=None):
        from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer

        messages, failures = self.run_verb("read", config=dict(config), catalog=ConfiguredAirbyteCatalogSerializer.dump(catalog), state=[])
        yield from messages
        if failures:
            raise AirbyteTracedException(message=failures[0].message, failure_type=failures[0].failure_type)


class TestSuite(SourceTestSuiteBase):
    connector = Executable

    @classmethod
    def get_scenarios(cls):
        return [
            ConnectorTestScenario(config_path=Path(os.environ["CONFIG"]), status="succeed"),
            ConnectorTestScenario(config_path=Path(os.environ["BAD_CONFIG"]), status="failed"),
        ]

    @classmethod
    def get_connector_root_dir(cls):
        return Path(__file__).parent


def pytest_generate_tests(metafunc):
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", TestSuite.get_scenarios(), ids=["live", "refused"])
