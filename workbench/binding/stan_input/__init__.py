"""What Stan reads: data files in JSON, and the order in which it takes arrays of tuples."""
