-- SPDX-License-Identifier: Apache-2.0
-- Leases are counted by their end: while anybody holds a snapshot, those that ended since stay in an index by store.
drop index violet.job_leased;
create index job_leased on violet.job (lease_until, store_hash) where lease_until is not null;
