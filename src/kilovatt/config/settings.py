"""Django's settings. Everything a site may change comes from the environment, all names begin with KILOVATT_.

KILOVATT_DATA       the data directory (default: ./kilovatt-data)
KILOVATT_DATABASE   postgresql://USER:PASSWORD@HOST:PORT/NAME, or empty for SQLite in the data directory
KILOVATT_HOSTS      names under which the pages are served, separated by commas
KILOVATT_TRUSTED_ORIGINS  origins of forms, such as https://lk.example.ru, when a proxy stands before
KILOVATT_CLOCK_AHEAD_S  seconds by which a demonstration lives ahead of the machine's clock (negative: behind)
KILOVATT_READ_EVERY_MIN  how often meters are read whose organisation has no reading plan; 30
KILOVATT_LINE_LEASE_S  after so many seconds of silence a head-end process's lines are another's; 45
KILOVATT_FRAMES_KEPT_DAYS  how long frames are kept that carried only load profile and what flowed; 90
KILOVATT_PROOFS_KEPT_DAYS  how long frames are kept that prove registers and events: as long as bills are disputed; 1096
KILOVATT_LANGUAGE   the language of the site, ru (the default) or en: of visitors whose browser asks for neither, and of
                    logins whose users have not chosen
KILOVATT_LOG        from which level on the log is written, to standard error; WARNING
KILOVATT_LOG_FORMAT  text (the default), or json: a line of JSON per event
KILOVATT_SECURE     1 when the pages are behind TLS: cookies are then sent over TLS only
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from kilovatt.config.data_directory import DataDirectory
from kilovatt.config.logs import logging_settings

PACKAGE = Path(__file__).resolve().parent.parent
DATA = DataDirectory(Path(os.environ.get("KILOVATT_DATA") or "kilovatt-data").resolve())

READ_EVERY_MINUTES = int(os.environ.get("KILOVATT_READ_EVERY_MIN") or 30)
LINE_LEASE_S = float(os.environ.get("KILOVATT_LINE_LEASE_S") or 45)
FRAMES_KEPT_DAYS = int(os.environ.get("KILOVATT_FRAMES_KEPT_DAYS") or 90)
PROOFS_KEPT_DAYS = int(os.environ.get("KILOVATT_PROOFS_KEPT_DAYS") or 1096)
CLOCK_AHEAD = timedelta(seconds=float(os.environ.get("KILOVATT_CLOCK_AHEAD_S") or 0))

SECRET_KEY = DATA.key("pages.key").hex() if DATA.path.exists() else "no-pages-without-a-data-directory"
DEBUG = False
ALLOWED_HOSTS = [name for name in os.environ.get("KILOVATT_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if name]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("KILOVATT_TRUSTED_ORIGINS", "").split(",") if origin]


_NOTICED_DEAD = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=20000",
}
"""A network that is away is noticed at both ends within half a minute. Else a process would wait for an answer for a
quarter of an hour, and the server keep what it had locked for two hours: nobody could take over its lines."""


def _database() -> dict[str, object]:
    address = os.environ.get("KILOVATT_DATABASE", "")
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(DATA.database),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(address)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            gettext_noop("KILOVATT_DATABASE should look like postgresql://USER:PASSWORD@HOST:PORT/NAME.")
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _NOTICED_DEAD,
    }


DATABASES = {"default": _database()}

INSTALLED_APPS = [
    "kilovatt.office.records",
    "kilovatt.office.pages",
    "kilovatt.office.portal",
    "kilovatt.office.console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "kilovatt.config.urls"
WSGI_APPLICATION = "kilovatt.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kilovatt.office.pages.context.bar",
            ],
        },
    }
]

SCAN_FORESIGHT = "kilovatt.config.scan_scope.foreseen"
"""How long a search over a line takes: only the wire knows, which the office does not."""
METER_ADDRESS_RULE = "kilovatt.wire.drivers.addresses.address_rule"
"""Which addresses a model can have on its line."""

AUTH_USER_MODEL = "records.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "kilovatt.office.pages.views.form_expired"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en" if os.environ.get("KILOVATT_LANGUAGE", "").lower().startswith("en") else "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("KILOVATT_SECURE") == "1"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOG_FORMAT = os.environ.get("KILOVATT_LOG_FORMAT") or "text"
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured(gettext_noop("KILOVATT_LOG_FORMAT is text or json."))
LOGGING = logging_settings(level=os.environ.get("KILOVATT_LOG", "WARNING"), is_json=LOG_FORMAT == "json")
