"""Settings, addresses of pages, command line, and the wiring of the wings."""
