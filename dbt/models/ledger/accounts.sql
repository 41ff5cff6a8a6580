-- The chart of accounts, opened as accounts are used. Its rows come from `publish`, in one transaction with all of the batch.

{{ no_rows() }}
