-- SPDX-License-Identifier: Apache-2.0
-- A ticket is kept once, with its store and channel: anybody may begin connections that name the store, so it was written to as
-- many of the newest as seemed enough, and a crowd of strangers pushed the merchant's out of these.
create table violet.ticket (
    store_hash violet.store_hash not null references violet.store,
    channel_id bigint not null references violet.channel,
    ticket_hash bytea not null check (length(ticket_hash) = 32),
    user_id bigint not null,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (store_hash, channel_id)
);
comment on table violet.ticket is
    'Tickets that the embedded app made: the newest of a store and channel, gone once spent. Good in a browser whose '
    'connection named that store before.';
comment on column violet.ticket.ticket_hash is 'SHA-256 of the ticket.';
comment on column violet.ticket.user_id is 'Who pressed "Finish connecting".';
alter table violet.connection drop column ticket_hash, drop column ticket_expires_at;
