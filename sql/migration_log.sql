-- SPDX-License-Identifier: Apache-2.0
-- What `violet-bigcommerce migrate` notes about itself. Applied at every run; harmless to repeat.

create schema if not exists violet_migration;
comment on schema violet_migration is 'Which migrations and function files the database has.';

create table if not exists violet_migration.applied (
    number integer primary key,
    path text not null unique,
    sha256 text not null,
    applied_at timestamptz not null default now(),
    applied_by text not null default session_user,
    program text not null
);
comment on table violet_migration.applied is 'Migrations, once each, in the order of their numbers.';

create table if not exists violet_migration.source (
    single boolean primary key default true check (single),
    sha256 text not null,
    applied_at timestamptz not null default now(),
    program text not null
);
comment on table violet_migration.source is 'Functions and views as applied last: one hash over all their files.';
