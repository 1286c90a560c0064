"""From the intake to the lake, and back from both."""
