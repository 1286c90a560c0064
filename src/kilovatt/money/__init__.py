"""What energy costs: prices with their dates, charges, bills, and a ledger that adds up. Exact integers only."""
