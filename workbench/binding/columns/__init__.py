"""Columns of the table: which of them each variable takes, and how they become its value."""
