"""The language a user is spoken to in."""

from kilovatt.office.records.models import User


def remember_language(user: User, language: str) -> None:
    """Remember the language a user chose; pages and letters keep to it."""
    User.objects.filter(pk=user.pk).update(language=language)
