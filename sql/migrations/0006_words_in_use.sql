-- SPDX-License-Identifier: Apache-2.0
-- Words that nothing writes are taken away, so that a report's reader does not look for them.
alter table violet.connection drop constraint connection_outcome_check,
    add constraint connection_outcome_check check (outcome in ('linked', 'declined', 'locked', 'replaced', 'expired'));
alter table violet.link drop constraint link_end_reason_check,
    add constraint link_end_reason_check check (end_reason in ('merchant', 'uninstall'));
alter table violet.refund drop constraint refund_found_by_check,
    add constraint refund_found_by_check check (found_by in ('webhook', 'sweep'));
comment on column violet.refund_attempt.outcome is
    'accepted, failed, not_sent, refused, lines_refused, unknown, absent; found: a refund of Violet''s that answered without a send of '
    'ours, kept so that it never answers again; null while under way.';
