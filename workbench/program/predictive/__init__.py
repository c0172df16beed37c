"""The outcomes of a program: their elements, their entries in `log_lik`, and how they are replicated."""
