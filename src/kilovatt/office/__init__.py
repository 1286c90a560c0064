"""What is remembered, and who sees it: the Django wing."""
