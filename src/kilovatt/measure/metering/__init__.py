"""The vocabulary of metering: models, registers, meter-days, events, and why there is no data."""
