"""What the pages of recommendations show beyond a table: people, a run as a whole, a basket."""
