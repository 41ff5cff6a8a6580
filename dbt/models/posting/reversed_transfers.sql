-- The mirror of each transfer of the batches that are taken back.

select
    transfers.transfer_no as reverses_transfer_no,
    transfers.transaction_no,
    cast(case concat(transfers.rule, transfers.leg)
        when 'opening1' then 1
        when 'opening2' then 2
        when 'merge1' then 3
        when 'merge2' then 4
        when 'merge3' then 5
        when 'merge4' then 6
        when 'repay_arrears2' then 7
    end as smallint) as leg,
    {{ floor_div('transfers.credit_account', '8') }} as advocate_no,
    {{ floor_div('transfers.debit_account', '8') }} as credit_advocate_no,
    transfers.amount,
    transfers.lot_no
from {{ ref('batch_reversals') }} as reversals
inner join {{ ref('transfers') }} as transfers on reversals.batch_no = transfers.batch_no
where reversals.code is null
