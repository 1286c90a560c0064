"""Bills of a site, and what they rest on."""
