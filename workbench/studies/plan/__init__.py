"""What a study asks: axes, points, decisions, and other forms of priors."""
