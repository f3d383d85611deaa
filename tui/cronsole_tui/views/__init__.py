"""What the console shows, as pure functions of what it knows: rows, filters, orders, pictures in text."""
