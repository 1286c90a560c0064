"""Addresses of the owner's pages."""

from django.urls import path

from kilovatt.office.portal import bill_views, views

urlpatterns = [
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<str:key>/", views.account, name="account"),
    path("accounts/<str:key>/profile.json", views.profile, name="profile"),
    path("accounts/<str:key>/profile/", views.profile_table, name="profile_table"),
    path("bills/<str:number>/", bill_views.bill, name="bill"),
    path("bills/<str:number>/pdf/", bill_views.bill_paper, name="bill_pdf"),
    path("bills/<str:number>/code.svg", bill_views.bill_code, name="bill_code"),
    path("bills/<str:number>/lines/<int:position>/", bill_views.bill_line, name="bill_line"),
    path("frames/<uuid:session_id>/<int:exchange>/", bill_views.frame, name="frame"),
]
