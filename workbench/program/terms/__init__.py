"""The terms of a program: every contribution to ``target``, with its role, its density and its constants."""
