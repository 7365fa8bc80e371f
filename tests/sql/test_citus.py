# SPDX-License-Identifier: Apache-2.0
"""sql/citus.sql with stand-ins for Citus, which Debian does not have: every table of the schema is distributed once, after
those that it points to, by the column that its primary key begins with."""
import re

from harness.product import ROOT

STAND_INS = """
    create table public.distributed (at serial, name text, by_column text, beside text);
    create table public.pg_dist_partition (logicalrelid regclass);
    create function public.create_reference_table(what regclass) returns void language sql as
        $$ insert into public.distributed (name) values (what::text) $$;
    create function public.create_distributed_table(what regclass, by_column text, colocate_with text default 'default')
        returns void language sql as
        $$ insert into public.distributed (name, by_column, beside) values (what::text, by_column, colocate_with::regclass) $$;
    create function public.truncate_local_data_after_distributing_table(what regclass) returns void language sql as '';
"""


def test_every_table_is_distributed_by_store(database):
    script = (ROOT / "sql/citus.sql").read_text()
    assert "create extension if not exists citus;" in script
    database.rows(STAND_INS.replace("colocate_with::regclass", "nullif(colocate_with, 'default')::regclass::text"))
    database.rows(re.sub(r"(?m)^(create extension|alter role) .*$", "", script))
    told = {name: (at, column, beside) for at, name, column, beside in
            database.rows("select at, name, by_column, beside from public.distributed")}
    assert len(told) == database.value("select count(*) from public.distributed"), "a table is named twice"

    tables = database.rows("""
        select c.oid::regclass::text, (
            select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = c.oid and i.indisprimary)
        from pg_class c
        where c.relnamespace = 'violet'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition""")
    assert set(told) == {name for name, _ in tables}
    for name, first_of_key in tables:
        at, column, beside = told[name]
        assert (column == "store_hash") == (first_of_key == "store_hash"), name
        assert beside == ("violet.store" if column and name != "violet.store" else None), name

    for name, target in database.rows("""
            select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
            where contype = 'f' and connamespace = 'violet'::regnamespace and conparentid = 0"""):
        assert told[name][0] > told[target][0], f"{name} points to {target}, which comes later"
