-- Law 4: the reversal of a batch is the mirror of each of its transfers, once.

with

reversed as (

    select batch_no from {{ ref('batch_reversals') }} where code is null

),

mirrors as (

    select
        reverses_transfer_no,
        debit_account,
        credit_account,
        amount
    from {{ ref('proposed_transfers') }}
    where rule = 'reverse'

),

originals as (

    select transfers.*
    from {{ ref('transfers') }} as transfers
    inner join reversed on transfers.batch_no = reversed.batch_no

)

select
    originals.transfer_no,
    mirrors.reverses_transfer_no,
    mirrors.amount
from originals
full join mirrors on originals.transfer_no = mirrors.reverses_transfer_no
where
    originals.transfer_no is null
    or mirrors.reverses_transfer_no is null
    or originals.debit_account <> mirrors.credit_account
    or originals.credit_account <> mirrors.debit_account
    or originals.amount <> mirrors.amount
