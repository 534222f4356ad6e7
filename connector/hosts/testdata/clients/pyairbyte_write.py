"""Writes the rooms of rooms_source.py with PyAirbyte twice, and prints what it counted.

Usage: pyairbyte_write.py DESTINATION CONFIG SOURCE FOLDER
"""

import json
import os
import sys

os.environ["AIRBYTE_OFFLINE_MODE"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

import airbyte  # noqa: E402

executable, config, rooms, folder = sys.argv[1:]
os.chdir(folder)
with open(config) as file:
    settings = json.load(file)
source = airbyte.get_source("source-rooms", config={}, local_executable=rooms, install_if_missing=False)
source.select_all_streams()
destination = airbyte.get_destination("destination-100ms", config=settings, local_executable=executable, install_if_missing=False)
destination.check()
runs = []
for _ in range(2):
    result = destination.write(source, cache=False, state_cache=False)
    runs.append(result.processed_records)
print(json.dumps(runs))
