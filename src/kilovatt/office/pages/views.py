"""Logging in and out, the language, the way home, and pages for what went wrong."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, override
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from kilovatt.office.operations.access import places, works_for_someone
from kilovatt.office.operations.languages import remember_language
from kilovatt.office.pages.parts import htmx_of
from kilovatt.office.records.models import User

_YEAR_S = 365 * 24 * 3600


class Login(LoginView):
    """The page to log in; who has chosen a language before is spoken to in it."""

    template_name = "pages/login.html"
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Show the page. A part of a page that finds its user logged out gives way to it as a whole."""
        if htmx_of(request):
            return HttpResponseClientRedirect(request.get_full_path())
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let the user in. A language chosen on this page is remembered, else the remembered one is spoken."""
        response = super().form_valid(form)
        user = form.get_user()
        assert isinstance(user, User)
        chosen = self.request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if chosen in dict(settings.LANGUAGES):
            remember_language(user, chosen)
        else:
            _speak(response, user.language)
        return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on, and go back to the page."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES) and check_for_language(code):
        if isinstance(request.user, User):
            remember_language(request.user, code)
        _speak(response, code)
    return response


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send everyone where their first question is answered."""
    assert isinstance(request.user, User)
    if works_for_someone(request.user):
        return redirect("board")
    mine = places(request.user)
    return redirect("account", mine[0].key) if len(mine) == 1 else redirect("accounts")


def _speak(response: HttpResponseBase, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=_YEAR_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page, or none for this user."""
    said = str(exception.args[0]) if exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "pages/not_found.html", {"said": said}, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that this may not be done."""
    del exception
    return render(request, "pages/forbidden.html", status=403)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was sent without the mark that it came from our page."""
    del reason
    return render(request, "pages/form_expired.html", status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """Say that we failed. It asks nothing of the database, which may be what failed."""
    with override(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) or settings.LANGUAGE_CODE):
        return render(None, "pages/broken.html", status=500)
