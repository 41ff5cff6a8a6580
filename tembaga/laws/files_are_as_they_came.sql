-- Law 6: of each posted file the landing still has the bytes that the register digested, and the
-- register and the ledger agree which batch posted it.
-- Looks at: register_files

select
    coalesce(known.file_no, files.file_no) as file_no,
    known.name,
    known.sha256,
    known.landed_sha256,
    known.batch_no as registered_batch_no,
    files.batch_no
from register_files as known
full join ledger.files as files on known.file_no = files.file_no
where
    known.file_no is null
    or coalesce(known.batch_no, 0) <> coalesce(files.batch_no, 0)
    or (
        files.batch_no is not null
        and (
            coalesce(known.sha256 <> known.landed_sha256, true)
            or (
                known.rows_sha256 is not null
                and coalesce(known.rows_sha256 <> known.landed_rows_sha256, true)
            )
        )
    )
