-- Lots and subjects: a subject's lot bears its number. Its rows come from `publish`, in one transaction with all of the batch.

{{ no_rows() }}
