-- SPDX-License-Identifier: MIT
-- 0007-stored-bytes: what each environment's versions take, for the quota of
-- its project. bytes of a v1 environment is null until its first push after
-- this: to count what is there now would hold up requests.
alter table vault.environments
	add column bytes bigint,
	add constraint environments_bytes_check check (bytes >= 0);
alter table vault.heads
	add column bytes bigint not null default 0,
	add constraint heads_bytes_check check (bytes >= 0);
