-- Valuations of outstanding points. Its rows come from `publish`, in one transaction with all of the batch.

{{ no_rows() }}
