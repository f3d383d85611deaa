"""Dialects: the words of other systems, turned into ours and back."""
