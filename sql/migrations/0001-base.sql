-- SPDX-License-Identifier: MIT
-- 0001-base: the tables of protocol v1. project_id leads every key, so that a
-- sharding engine can keep a project's rows together; no sequence, no trigger.
-- Nothing but the functions of this schema reads or writes these tables.

-- auth_key: iv 12 | tag 16 | ciphertext 32, sealed by the server under a key
-- that is not in this database. NULL until the first project/set-key.
create table vault.projects (
	id uuid not null default gen_random_uuid(),
	name text not null,
	auth_key bytea,
	created_at timestamptz not null default clock_timestamp(),
	constraint projects_pkey primary key (id),
	constraint projects_name_check
		check (octet_length(name) between 1 and 128),
	constraint projects_auth_key_check check (octet_length(auth_key) = 60)
);

-- For the daily limit, and for the removal of projects nobody claimed.
create index projects_created_at_idx on vault.projects (created_at);
create index projects_unclaimed_idx on vault.projects (created_at)
	where auth_key is null;

-- One row: the fingerprint of the server key that sealed every auth_key.
create table vault.server_key (
	single boolean not null default true,
	key_id bytea not null,
	created_at timestamptz not null default clock_timestamp(),
	constraint server_key_pkey primary key (single),
	constraint server_key_single_check check (single),
	constraint server_key_key_id_check check (octet_length(key_id) = 16)
);

-- hash: SHA-256 of the device hash as received (64 hex characters), so that
-- a copy of this table cannot be presented as a device. Rows are never
-- deleted: "the first device ever" must stay decidable.
create table vault.devices (
	project_id uuid not null,
	id uuid not null default gen_random_uuid(),
	name text not null,
	hash bytea not null,
	status text not null,
	created_at timestamptz not null default clock_timestamp(),
	approved_at timestamptz,
	revoked_at timestamptz,
	last_seen_at timestamptz,
	constraint devices_pkey primary key (project_id, id),
	constraint devices_hash_key unique (project_id, hash),
	constraint devices_project_fkey foreign key (project_id)
		references vault.projects (id),
	constraint devices_name_check
		check (octet_length(name) between 1 and 128),
	constraint devices_hash_check check (octet_length(hash) = 32),
	constraint devices_status_check
		check (status in ('pending', 'approved', 'revoked'))
) with (fillfactor = 80);

-- version: the newest version, 0 when nothing was pushed yet. This row is the
-- lock under which versions are numbered. updated_at is NULL until then.
create table vault.environments (
	project_id uuid not null,
	name text not null,
	version bigint not null default 0,
	created_at timestamptz not null default clock_timestamp(),
	updated_at timestamptz,
	constraint environments_pkey primary key (project_id, name),
	constraint environments_project_fkey foreign key (project_id)
		references vault.projects (id) on delete cascade,
	constraint environments_name_check
		check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
	constraint environments_version_check
		check (version between 0 and 9007199254740991)
) with (fillfactor = 80);

-- blob is opaque here; changed_keys is the text of a JSON array. device_id has
-- no foreign key: devices are never deleted, and the check would lock the
-- device row once a push.
create table vault.secret_versions (
	project_id uuid not null,
	environment text not null,
	version bigint not null,
	blob bytea not null,
	changed_keys text,
	key_count int,
	device_id uuid,
	created_at timestamptz not null default clock_timestamp(),
	constraint secret_versions_pkey
		primary key (project_id, environment, version),
	constraint secret_versions_environment_fkey
		foreign key (project_id, environment)
		references vault.environments (project_id, name),
	constraint secret_versions_version_check check (version > 0),
	constraint secret_versions_blob_check check (octet_length(blob) >= 28),
	constraint secret_versions_key_count_check check (key_count >= 0)
);

-- Ciphertext does not compress: do not let PostgreSQL try.
alter table vault.secret_versions alter column blob set storage external;

-- Signatures already used by a state change: a digest belongs to its first
-- path, and a repeat on that path gets the first answer. Short-lived, and
-- without a foreign key: it would lock the project row once a push.
create table vault.requests (
	project_id uuid not null,
	digest bytea not null,
	path text not null,
	version bigint,
	at timestamptz not null default clock_timestamp(),
	constraint requests_pkey primary key (project_id, digest),
	constraint requests_digest_check check (octet_length(digest) = 32)
) with (fillfactor = 80);

create index requests_at_idx on vault.requests (at);

-- Append only. Monthly partitions are made by vault.audit_partitions(); the
-- default one takes what fits no other, so that an insert cannot fail for want
-- of a partition. action is the wire's path, outcome the answer's code.
create table vault.audit_log (
	project_id uuid not null,
	at timestamptz not null default clock_timestamp(),
	id uuid not null default gen_random_uuid(),
	action text not null,
	outcome text not null,
	device_id uuid,
	environment text,
	version bigint,
	remote text,
	constraint audit_log_pkey primary key (project_id, at, id)
) partition by range (at);

create table vault.audit_log_default
	partition of vault.audit_log default;
