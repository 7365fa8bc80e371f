-- SPDX-License-Identifier: Apache-2.0
-- It answers more columns, which "create or replace" refuses.
drop function if exists api.sweep_begin(text, bigint);
