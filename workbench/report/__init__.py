"""The report room: a fit made into a document, and documents shown as HTML or in a terminal. It runs nothing.

Modules are imported one by one: a document needs none of the libraries that draw its figures.
"""
