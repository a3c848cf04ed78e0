"""Finished layouts as files: pictures at output size, and layered documents whose text can be edited.

A writer is a module with `write(page) -> bytes`. The same page gives the same bytes: files are named by content.
"""
