"""Keys of meters and of the site, as operators deal with them."""
