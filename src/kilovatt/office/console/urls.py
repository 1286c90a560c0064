"""Addresses of the operator's pages."""

from django.urls import path

from kilovatt.office.console import views

urlpatterns = [
    path("meters/", views.board, name="board"),
    path("meters/<int:meter_id>/", views.meter, name="meter"),
    path("meters/<int:meter_id>/reading/", views.read_now, name="read-now"),
    path("meters/<int:meter_id>/reading/<str:key>/", views.asked_reading_part, name="asked-reading"),
    path("lines/", views.lines, name="lines"),
    path("events/", views.events, name="events"),
]
