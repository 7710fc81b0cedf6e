"""What the built pages are held to: the files by themselves, and every page in a browser."""
