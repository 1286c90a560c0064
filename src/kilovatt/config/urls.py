"""Addresses of pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("kilovatt.office.pages.urls")),
    path("", include("kilovatt.office.portal.urls")),
    path("console/", include("kilovatt.office.console.urls")),
]

handler403 = "kilovatt.office.pages.views.forbidden"
handler404 = "kilovatt.office.pages.views.not_found"
handler500 = "kilovatt.office.pages.views.broken"
