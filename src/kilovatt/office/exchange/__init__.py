"""Files in and out: what other systems write, read strictly, with the number of each row that is wrong."""
