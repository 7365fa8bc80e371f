-- SPDX-License-Identifier: Apache-2.0
-- The report views belong to a role that may read what they show and nothing else: no sealed value, hash, e-mail address, typed
-- text or webhook body. So a mistake in a view fails here, instead of showing a secret. The files after this one run as that role.

grant usage on schema violet to violet_reader;
grant usage, create on schema report to violet_reader;

grant select (channel_id, slug, name, app_id, enabled, created_at) on violet.channel to violet_reader;
grant select (store_hash, name, domain, currency, first_installed_at, installed_at, uninstalled_at, token_refused_at,
    hooks_checked_at, hooks_result, fuse_tripped_at) on violet.store to violet_reader;
grant select (store_hash, merchant_id, first_seen_at, last_seen_at) on violet.store_merchant to violet_reader;
grant select (store_hash, link_id, channel_id, made_how, linked_at, ending_at, ended_at, end_reason)
    on violet.link to violet_reader;
grant select (connection_id, channel_id, store_hash, proof, created_at, expires_at, outcome, ended_at)
    on violet.connection to violet_reader;
grant select (store_hash, received_at, event_id, scope, order_id, signature, problem) on violet.event to violet_reader;
grant select (store_hash, order_id, state, violet_order_id, bag_id, channel_id, merchant_id, currency, total_minor,
    order_currency, order_total_minor, order_status, order_made_at, owed_minor, paid_minor, frozen, overpaid_at, reopened_at,
    looked_at) on violet.bag to violet_reader;
grant select (store_hash, order_id, source, source_id, state, amount_minor, currency, channel_id, made_at, found_by, sent_at,
    violet_refund_id, review_code, review_reason, proposed_minor, created_at, changed_at, done_at)
    on violet.refund to violet_reader;
grant select on violet.refund_day to violet_reader;

set local role violet_reader;
