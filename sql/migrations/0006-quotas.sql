-- SPDX-License-Identifier: MIT
-- 0006-quotas: what strangers may use of a server.

-- The projects that each network made since began_at, removed ones included.
-- Not a project's: on shards it stays with the coordinator.
create table vault.creations (
	network text not null,
	began_at timestamptz not null,
	projects bigint not null,
	constraint creations_pkey primary key (network)
) with (fillfactor = 80);

create index creations_began_at_idx on vault.creations (began_at);

-- It was for the daily limit alone.
drop index vault.projects_created_at_idx;
