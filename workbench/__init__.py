"""workbench: point estimates, full posteriors, and an honest account of both."""
