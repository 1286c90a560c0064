"""Users, persons and access to accounts."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


def site_language() -> str:
    """The language of the site: what a login is spoken to in until its user chooses."""
    return settings.LANGUAGE_CODE


class User(AbstractUser):
    """A login. The language is the one pages and letters speak to this user."""

    language = models.CharField(_("language"), max_length=5, default=site_language)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")


class Person(models.Model):
    """A human being who owns, rents or represents. Names and addresses live here and nowhere else."""

    full_name = models.CharField(_("full name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    user = models.OneToOneField(
        User, verbose_name=_("user"), null=True, blank=True, on_delete=models.SET_NULL, related_name="person"
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.full_name


class AccountAccess(models.Model):
    """A user may see an account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="account_access")
    account = models.ForeignKey("records.Account", on_delete=models.CASCADE, related_name="access")

    class Meta:
        verbose_name = _("access to an account")
        verbose_name_plural = _("access to accounts")
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="one_access_per_user_and_account")]

    def __str__(self) -> str:
        return f"{self.user} → {self.account}"
