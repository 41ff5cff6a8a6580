"""What is measured, and against what.

To add a benchmark, write a module with a docstring that says what it compares and why, and a
function `run() -> Report`; then name it in `BENCHMARKS` of `__main__.py`.
"""
