"""What every meter of DLMS/COSEM is asked the same way, whoever's dialect it has."""
