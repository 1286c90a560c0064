"""Templates and parts shared by portal and console."""
