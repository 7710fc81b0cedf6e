"""How labels become counts, and counts the values of samples; nobody's API."""
