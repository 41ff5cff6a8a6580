"""What the files of our partners must be: the rules, their reasons and their words.

    codes.py   every answer a partner can get, in Indonesian and English
    sales.py   the rules of a sales file, one expectation each

Nothing else decides about a line. A rule is one query: Great Expectations asks it whether
lines fail, and the same query writes the failing lines to the rejects.
"""
