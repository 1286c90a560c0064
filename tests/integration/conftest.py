"""What the tests with databases and files share."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from kilovatt.config.data_directory import DataDirectory


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Settings) -> DataDirectory:
    """Give every test a data directory of its own: keys and lake."""
    directory = DataDirectory(tmp_path / "data")
    directory.path.mkdir()
    settings.DATA = directory
    return directory


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite's records in a file, as a site does: threads that share records in memory do not wait their turn."""
    del django_db_modify_db_settings_parallel_suffix
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("records") / "records.sqlite3")
