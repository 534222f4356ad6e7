"""Reads all streams into DuckDB twice with PyAirbyte, the second time with the state of
the first, and prints what came.

Usage: pyairbyte.py EXECUTABLE CONFIG FOLDER
"""

import json
import os
import sys

os.environ["AIRBYTE_OFFLINE_MODE"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

import airbyte  # noqa: E402
from airbyte.caches import DuckDBCache  # noqa: E402

executable, config, folder = sys.argv[1:]
os.chdir(folder)
with open(config) as file:
    settings = json.load(file)
source = airbyte.get_source("source-100ms", config=settings, local_executable=executable, install_if_missing=False)
source.check()
source.select_all_streams()
cache = DuckDBCache(db_path="records.duckdb", schema_name="main")
runs = []
for _ in range(2):
    result = source.read(cache=cache)
    runs.append({"records": result.processed_records, "tables": {name: len(data) for name, data in result.streams.items()}})
print(json.dumps(runs))
