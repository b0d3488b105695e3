-- SPDX-License-Identifier: MIT
-- vault.project_room: whether a project may store so much more.
-- caller:    functions
-- arguments: p_project    the project
--            p_bytes      what is to be stored
--            p_max_bytes  what it may have in all; below 1: any
-- result:    true or false
-- raises:    nothing
-- writes:    nothing
-- No lock is taken: pushes to several environments of a project that come
-- together may pass the limit by a version each.
create or replace function vault.project_room(
	p_project uuid, p_bytes bigint, p_max_bytes bigint)
returns boolean
language plpgsql
as $$
begin
	return p_max_bytes < 1 or p_bytes <= p_max_bytes
		- (select coalesce(sum(e.bytes), 0) from vault.environments e
			where e.project_id = p_project)
		- (select coalesce(sum(h.bytes), 0) from vault.heads h
			where h.project_id = p_project);
end
$$;
