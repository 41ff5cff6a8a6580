"""Tembaga turns distributors' sales files into rewards that everyone can trust."""
