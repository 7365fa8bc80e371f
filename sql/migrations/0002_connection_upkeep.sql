-- SPDX-License-Identifier: Apache-2.0
-- Anybody may begin connections, naming any store: they are found by store and channel without reading them all, and those
-- that are over are found for api.connections_upkeep.
drop index violet.connection_typed;
create index connection_typed on violet.connection (typed_hash, channel_id, connection_id) where ended_at is null;
create index connection_expiry on violet.connection (expires_at) where ended_at is null;
create index connection_unlinked on violet.connection (ended_at) where outcome <> 'linked';
