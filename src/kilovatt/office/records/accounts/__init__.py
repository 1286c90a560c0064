"""Accounts: what is billed and paid."""
