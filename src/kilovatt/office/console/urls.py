"""Addresses of the operator's pages."""

from django.urls import path

from kilovatt.office.console import views

urlpatterns = [
    path("meters/", views.board, name="board"),
    path("meters/<int:meter_id>/", views.meter, name="meter"),
    path("events/", views.events, name="events"),
]
