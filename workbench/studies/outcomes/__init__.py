"""What a study finds: rows for each point, slopes, tipping points, and the conclusion."""
