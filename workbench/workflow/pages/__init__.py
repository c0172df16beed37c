"""What commands print, as documents: one builder for each; `report/terminal.py` prints them."""
