"""Whether the machinery works for a model: data sets simulated from it, and what fits of them find."""
