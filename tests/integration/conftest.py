"""What the tests with databases and files share."""

from pathlib import Path

import pytest
from pytest_django.fixtures import SettingsWrapper

from kilovatt.config.data_directory import DataDirectory


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: SettingsWrapper) -> DataDirectory:
    """Give every test a data directory of its own: keys and lake."""
    directory = DataDirectory(tmp_path / "data")
    directory.path.mkdir()
    settings.DATA = directory
    return directory
