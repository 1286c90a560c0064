"""The association whose pages are looked at."""

import pytest
from django.test import Client
from pytest_django import Settings

from looked_at import Town, live_at, put_town_on_record
from on_record import NOW


@pytest.fixture
def town(db: None, settings: Settings) -> Town:
    live_at(settings, NOW)
    # Four logins are made for each test; none of them is guessed at.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return put_town_on_record()


@pytest.fixture
def owner(town: Town) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(town.owner)
    return client


@pytest.fixture
def operator(town: Town) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(town.operator)
    return client
