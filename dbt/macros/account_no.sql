{# The number of an account, by arithmetic: no look-up is needed.

   programme   its code                              below 1,000
   merchant    1,000 + 8 x partner_no + its code     below 8,000: partners are numbered to 800
   advocate    8 x advocate_no + its code            from 8,008: advocates are numbered from 1,001
#}
{% macro account_no(scope, code, advocate_no, partner_no) -%}
    case {{ scope }}
        when 'programme' then {{ code }}
        when 'merchant' then 1000 + 8 * {{ partner_no }} + {{ code }}
        when 'advocate' then 8 * {{ advocate_no }} + {{ code }}
    end
{%- endmacro %}
