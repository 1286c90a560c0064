"""The account pages of those who use and pay."""
