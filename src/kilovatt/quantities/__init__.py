"""Energy, money and time, exact and with their units: what every other package counts in."""
