"""The page of draws: every quantity's draws inside one file, to be looked at in a browser."""
