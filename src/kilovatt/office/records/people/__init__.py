"""People: who they are, how they log in, whose accounts they may see."""
