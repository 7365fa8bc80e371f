# SPDX-License-Identifier: Apache-2.0
"""Connections that strangers begin: what they may not cost."""


def blocks(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_a_crowd_that_names_one_store_does_not_slow_its_page(database):
    database.rows("select api.channel_add('acme', 'Acme', '', null, null, 'https://acme.example', 1, 's', now()), "
                  "api.channel_add('bloom', 'Bloom', '', null, null, 'https://bloom.example', 2, 's', now())")
    database.rows("insert into violet.connection (cookie_hash, channel_id, typed_hash, created_at, expires_at) "
                  "select sha256(n::text::bytea), channel_id, 'abc123', now(), now() + case when slug = 'acme' then '1 day' else '0' end "
                  "::interval from violet.channel, generate_series(1, 10000) as n")
    database.rows("analyze violet.connection, violet.channel")
    waiting = "select slug from violet.connections_waiting('abc123', now())"
    assert [row[0] for row in database.rows(waiting)] == ["acme"]
    plan = database.value(f"explain (analyze, buffers, format json) {waiting}")[0]["Plan"]
    assert blocks(plan) < 50, plan


def test_a_crowd_that_names_one_store_does_not_hold_up_a_wrong_code(database):
    """It is counted against the newest of each channel: so many that nobody begins them while a merchant walks through."""
    database.rows("select api.channel_add('acme', 'Acme', '', null, null, 'https://acme.example', 1, 's', now()), "
                  "api.channel_add('bloom', 'Bloom', '', null, null, 'https://bloom.example', 2, 's', now())")
    database.rows("select api.store_install('abc123', 'sealed', '{}', 1, null, null, 1, null, now())")
    database.rows("insert into violet.connection (cookie_hash, channel_id, typed_hash, created_at, expires_at) "
                  "select sha256(n::text::bytea), channel_id, 'abc123', now(), now() + interval '1 day' "
                  "from violet.channel, generate_series(1, 3000) as n")
    wrong = "select answer from api.connection_code('abc123', 1, sha256('wrong'), false, now())"
    assert [database.value(wrong) for _ in range(5)] == ["wrong"] * 4 + ["locked"]
    counted = "select count(*) from violet.connection where outcome = 'locked' group by channel_id"
    assert [row[0] for row in database.rows(counted)] == [1000, 1000]
    assert database.value("select count(*) from violet.connection where code_failures > 0 and outcome is null") == 0


def test_a_crowd_that_names_one_store_does_not_keep_the_ticket_from_its_merchant(database):
    database.rows("select api.channel_add('acme', 'Acme', '', null, null, 'https://acme.example', 1, 's', now())")
    database.rows("select api.store_install('abc123', 'sealed', '{}', 1, null, null, 1, null, now())")
    begin = ("select api.connection_start(sha256(n::text::bytea), 1, null, '', 'abc123', null, null, now() + interval '1 day', now()) "
             "from generate_series(%d, %d) as n")
    database.rows(begin % (0, 0))
    database.rows(begin % (1, 1500))
    database.rows("select api.connection_ticket(max(connection_id), 'abc123', 1, sha256('t'), now() + interval '600 s', now()) "
                  "from violet.connection")
    database.rows(begin % (1501, 1501))
    status = "select status from api.connection_find(sha256('%d'), 1, sha256('t'), now())"
    assert [database.value(status % n) for n in (0, 1501)] == ["proven", "ticket"], "only what began before the press"
    link = "select outcome from api.link_make(sha256('%d'), 1, 'abc123', sha256('t'), now())"
    assert [database.value(link % n) for n in (1501, 0, 1500)] == ["ticket", "linked", "ticket"], "and once"
