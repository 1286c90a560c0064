"""Addresses of the operator's pages."""

from django.urls import path

from kilovatt.office.console import held_views, order_views, views

urlpatterns = [
    path("meters/", views.board, name="board"),
    path("meters/<int:meter_id>/", views.meter, name="meter"),
    path("meters/<int:meter_id>/reading/", views.read_now, name="read-now"),
    path("meters/<int:meter_id>/reading/<str:key>/", views.asked_reading_part, name="asked-reading"),
    path("meters/<int:meter_id>/held/", held_views.held, name="held"),
    path("meters/<int:meter_id>/held/decision/", held_views.decide, name="held-decision"),
    path("meters/<int:meter_id>/orders/", order_views.meter_orders, name="meter-orders"),
    path("meters/<int:meter_id>/orders/new/<str:kind>/", order_views.new_order, name="new-order"),
    path("orders/", order_views.order_list, name="orders"),
    path("orders/<uuid:order_id>/", order_views.order, name="order"),
    path("orders/<uuid:order_id>/approval/", order_views.approve_order, name="approve-order"),
    path("orders/<uuid:order_id>/withdrawal/", order_views.withdraw_order, name="withdraw-order"),
    path("lines/", views.lines, name="lines"),
    path("events/", views.events, name="events"),
]
