-- SPDX-License-Identifier: Apache-2.0
-- A ticket is given to every connection that may be the merchant's (api.connection_ticket).
alter table violet.connection drop constraint connection_ticket_hash_key;
