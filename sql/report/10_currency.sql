-- SPDX-License-Identifier: Apache-2.0

create or replace view report.currencies as
    select code as currency, digits
    from (values
        (0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
        (3, 'BHD IQD JOD KWD LYD OMR TND'),
        (4, 'CLF UYW')
    ) as unusual (digits, codes)
    cross join unnest(string_to_array(codes, ' ')) as code;
comment on view report.currencies is 'Currencies whose minor unit is not a hundredth (ISO 4217). All others have 2 digits.';
comment on column report.currencies.currency is 'ISO 4217 code.';
comment on column report.currencies.digits is 'Decimals of an amount.';
grant select on report.currencies to violet_report;
