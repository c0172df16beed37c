"""What a study finds: outcomes at each point, slopes, tipping points, and the conclusion."""
