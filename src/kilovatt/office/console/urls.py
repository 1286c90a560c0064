"""Addresses of the operator's pages."""

from django.urls import path

from kilovatt.office.console import held_views, line_views, order_list_views, order_views, plan_views, views

urlpatterns = [
    path("meters/", views.board, name="board"),
    path("meters/<int:meter_id>/", views.meter, name="meter"),
    path("meters/<int:meter_id>/reading/", views.read_now, name="read-now"),
    path("meters/<int:meter_id>/reading/<str:key>/", views.asked_reading_part, name="asked-reading"),
    path("meters/<int:meter_id>/voltage/", views.voltage_part, name="voltage"),
    path("meters/<int:meter_id>/held/", held_views.held, name="held"),
    path("meters/<int:meter_id>/held/decision/", held_views.decide, name="held-decision"),
    path("meters/<int:meter_id>/orders/", order_views.meter_orders, name="meter-orders"),
    path("meters/<int:meter_id>/orders/new/<str:kind>/", order_views.new_order, name="new-order"),
    path("orders/", order_views.order_list, name="orders"),
    path("orders/lists/new/", order_list_views.new_list, name="new-order-list"),
    path("orders/lists/<uuid:list_id>/", order_list_views.listed, name="order-list"),
    path("orders/lists/<uuid:list_id>/approval/", order_list_views.approve, name="approve-order-list"),
    path("orders/lists/<uuid:list_id>/withdrawal/", order_list_views.withdraw, name="withdraw-order-list"),
    path("orders/<uuid:order_id>/", order_views.order, name="order"),
    path("orders/<uuid:order_id>/frames/", order_views.order_frames, name="order-frames"),
    path("orders/<uuid:order_id>/approval/", order_views.approve_order, name="approve-order"),
    path("orders/<uuid:order_id>/withdrawal/", order_views.withdraw_order, name="withdraw-order"),
    path("lines/", views.lines, name="lines"),
    path("lines/new/", line_views.new_line, name="new-line"),
    path("lines/<int:line_id>/", line_views.line, name="line"),
    path("lines/<int:line_id>/change/", line_views.change_line, name="change-line"),
    path("lines/<int:line_id>/search/", line_views.new_scan, name="new-scan"),
    path("lines/<int:line_id>/search/estimate/", line_views.scan_estimate, name="scan-estimate"),
    path("lines/<int:line_id>/meters/new/", line_views.new_meter, name="new-meter"),
    path("plans/", plan_views.plans, name="plans"),
    path("plans/<int:plan_id>/", plan_views.plan, name="plan"),
    path("plans/new/<int:organisation_id>/", plan_views.new_plan, name="new-plan"),
    path("plans/new/<int:organisation_id>/consequence/", plan_views.plan_consequence, name="plan-consequence"),
    path("searches/<uuid:scan_id>/", line_views.scan, name="scan"),
    path("searches/<uuid:scan_id>/stop/", line_views.stop_scan, name="stop-scan"),
    path("events/", views.events, name="events"),
]
