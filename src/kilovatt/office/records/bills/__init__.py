"""Bills, their lines, and the readings the lines stand on."""
