-- SPDX-License-Identifier: MIT
-- 0005-protocol-v2: the tables of protocol v2, beside those of v1. A project is
-- of one or of the other for ever. No foreign keys: all rows of a project are
-- written and removed by functions that lock what they depend on.

-- log_count, log_hash: length and head of the log. joins: the public keys that
-- VAULT_KEY has had, by generation, the newest last. frozen, moved_to: a v1
-- project whose team goes on in another. deleted_at: nothing but id, protocol
-- and this is left of it.
alter table vault.projects
	add column protocol int not null default 1,
	add column frozen boolean not null default false,
	add column moved_to uuid,
	add column deleted_at timestamptz,
	add column log_count bigint not null default 0,
	add column log_hash bytea,
	add column joins bytea[],
	add constraint projects_protocol_check check (protocol in (1, 2)),
	add constraint projects_log_hash_check
		check (octet_length(log_hash) = 32);

drop index vault.projects_unclaimed_idx;
create index projects_unclaimed_idx on vault.projects (created_at)
	where auth_key is null and protocol = 1;

-- entry: statement and signatures, as signed. kind and device_id are of its
-- statement: to find the entry that proves a refusal.
create table vault.log (
	project_id uuid not null,
	seq bigint not null,
	entry bytea not null,
	hash bytea not null,
	kind int not null,
	device_id uuid,
	at timestamptz not null default clock_timestamp(),
	constraint log_pkey primary key (project_id, seq),
	constraint log_hash_check check (octet_length(hash) = 32),
	constraint log_kind_check check (kind between 1 and 5)
);
alter table vault.log alter column entry set storage external;

-- What follows from the log for each device, and what is known of those that
-- wait. A scope is only set once the log has the device.
create table vault.members (
	project_id uuid not null,
	id uuid not null,
	name text not null,
	sign_public bytea not null,
	box_public bytea not null,
	status text not null,
	role int not null default 0,
	environments text[] not null default '{}',
	expires_at timestamptz,
	registration bytea,
	remote text,
	created_at timestamptz not null default clock_timestamp(),
	admitted_at timestamptz,
	revoked_at timestamptz,
	last_seen_at timestamptz,
	constraint members_pkey primary key (project_id, id),
	constraint members_name_check
		check (octet_length(name) between 1 and 128),
	constraint members_sign_public_check
		check (octet_length(sign_public) = 32),
	constraint members_box_public_check
		check (octet_length(box_public) = 32),
	constraint members_status_check
		check (status in ('pending', 'approved', 'revoked')),
	constraint members_role_check check (role between 0 and 3)
) with (fillfactor = 80);

create index members_pending_idx on vault.members (created_at)
	where status = 'pending';

-- key_id: the request id. sealed: iv 12 | tag 16 | ciphertext 32, under the key
-- that auth_key is sealed under. generation: of the VAULT_KEY it is made of.
create table vault.member_keys (
	project_id uuid not null,
	key_id bytea not null,
	member_id uuid not null,
	sealed bytea not null,
	generation int not null,
	retired boolean not null default false,
	created_at timestamptz not null default clock_timestamp(),
	used_at timestamptz not null default clock_timestamp(),
	constraint member_keys_pkey primary key (project_id, key_id),
	constraint member_keys_key_id_check check (octet_length(key_id) = 16),
	constraint member_keys_sealed_check check (octet_length(sealed) = 60)
) with (fillfactor = 80);

create index member_keys_member_idx
	on vault.member_keys (project_id, member_id);

-- The newest version of each environment, and the lock under which the next is
-- made. cut_seq, cut_version: of the last cut; 0: there is none. blobs: how many
-- pushes and rollbacks still have theirs.
create table vault.heads (
	project_id uuid not null,
	environment text not null,
	version bigint not null,
	hash bytea not null,
	key_id bytea not null,
	cut_seq bigint not null default 0,
	cut_version bigint not null default 0,
	blobs bigint not null default 0,
	updated_at timestamptz not null,
	constraint heads_pkey primary key (project_id, environment),
	constraint heads_environment_check
		check (environment ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
	constraint heads_version_check
		check (version between 1 and 9007199254740991),
	constraint heads_hash_check check (octet_length(hash) = 32),
	constraint heads_key_id_check check (octet_length(key_id) = 32)
) with (fillfactor = 80);

-- record: statement and signature; it stays when its blob goes. op, log_seq and
-- author are of its statement.
create table vault.records (
	project_id uuid not null,
	environment text not null,
	version bigint not null,
	record bytea not null,
	hash bytea not null,
	key_id bytea not null,
	op int not null,
	log_seq bigint not null,
	author uuid not null,
	blob bytea,
	created_at timestamptz not null default clock_timestamp(),
	constraint records_pkey
		primary key (project_id, environment, version),
	constraint records_hash_check check (octet_length(hash) = 32),
	constraint records_key_id_check check (octet_length(key_id) = 32),
	constraint records_op_check check (op between 0 and 2),
	constraint records_blob_check check (octet_length(blob) >= 28)
);
alter table vault.records alter column blob set storage external;
alter table vault.records alter column record set storage external;

-- For "never used", and for those versions that still have their blob.
create index records_key_id_idx
	on vault.records (project_id, environment, key_id);
create index records_kept_idx
	on vault.records (project_id, environment, version)
	where blob is not null;

-- wrap: a data key for one device; generation: of the VAULT_KEY in force when
-- it was stored. Never overwritten.
create table vault.wraps (
	project_id uuid not null,
	environment text not null,
	key_id bytea not null,
	member_id uuid not null,
	generation int not null,
	wrap bytea not null,
	constraint wraps_pkey
		primary key (project_id, environment, key_id, member_id),
	constraint wraps_key_id_check check (octet_length(key_id) = 32),
	constraint wraps_wrap_check check (octet_length(wrap) = 80)
);
alter table vault.wraps alter column wrap set storage external;
