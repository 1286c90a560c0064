"""Pages that are asked for in parts, by htmx."""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def htmx_of(request: HttpRequest) -> HtmxDetails:
    """Return what htmx says of a request: false for any that it did not make. The middleware has put it there."""
    return cast("HtmxDetails", request.htmx)  # type: ignore[attr-defined]
