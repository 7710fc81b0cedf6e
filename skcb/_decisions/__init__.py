"""Nobody's API: how out-of-fold probabilities become one number per class that a score wants."""
