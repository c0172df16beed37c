"""Values of variables, wherever they come from, and what their declarations demand of them."""
