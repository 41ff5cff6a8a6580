-- What validation found in a file.

select line_no, outcome, code, field, seen, amount from read_parquet($path) order by line_no, code
