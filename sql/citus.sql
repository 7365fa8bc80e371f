-- SPDX-License-Identifier: Apache-2.0
-- Turns an ordinary database of violet-bigcommerce into one that is spread over machines by store, with Citus 11.3 or newer
-- (the first to distribute tables with identity columns). Run once, as a superuser, on the coordinator:
--
--   psql -v ON_ERROR_STOP=1 -f citus.sql "$DATABASE_URL"
--
-- Before: the database is migrated, Citus is installed on every machine and in shared_preload_libraries, the workers are added
-- (citus_add_node), and no web or worker process runs. Existing rows move to their shards. A migration that adds a table of
-- stores adds a line here.
--
-- Debian has no Citus, so this file has been tried with stand-ins for Citus's functions only (tests/sql/test_citus.py), which
-- check that each table is distributed once, after those it points to, and by the column that its keys begin with.

begin;

create extension if not exists citus;

-- Nodes talk to each other as the owner of what they run, so the owner must be able to log in: by pg_dist_authinfo, a client
-- certificate, or whatever pg_hba.conf of the nodes says. Never with a password from outside.
alter role violet_owner login;

-- Belong to no store, are small, and rarely written: a copy on every machine.
select create_reference_table('violet.instance');
select create_reference_table('violet.refund_move');
select create_reference_table('violet.channel');
select create_reference_table('violet.connection');

-- Everything of one store is on one machine: joins, keys and transactions of a store stay there.
select create_distributed_table('violet.store', 'store_hash');
select create_distributed_table('violet.store_merchant', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.store_user', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.link', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.ticket', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.event', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.job', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.bag', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.refund', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.refund_attempt', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.refund_history', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.refund_day', 'store_hash', colocate_with => 'violet.store');
select create_distributed_table('violet.discount', 'store_hash', colocate_with => 'violet.store');

commit;

-- The rows that moved are still in the local tables, unseen: give their space back.
select truncate_local_data_after_distributing_table(logicalrelid)
from pg_dist_partition
where logicalrelid::text like 'violet.%';
