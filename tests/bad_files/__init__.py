"""Bad files, each named for its fault, and what must become of it.

`E_FILE_…__fault`: the file is refused with that code. `E_…__fault`: its second line of goods is
rejected with that code, and the others are accepted. `READ__oddity`: it only looks bad, and is
read to the last cell. A module for each format gives its cases; dropping one in adds a test.
"""
