"""The ledger: transfers between two accounts, never edited."""
