"""What the tests with databases and files share."""

from pathlib import Path

import pytest
from pytest_django import Settings

from kilovatt.config.data_directory import DataDirectory


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Settings) -> DataDirectory:
    """Give every test a data directory of its own: keys and lake."""
    directory = DataDirectory(tmp_path / "data")
    directory.path.mkdir()
    settings.DATA = directory
    return directory
