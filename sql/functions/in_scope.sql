-- SPDX-License-Identifier: MIT
-- vault.in_scope: does a device's scope have this environment?
-- caller:    functions
-- arguments: p_environments  of the scope: names, or exactly '*'
--            p_environment   a name
-- result:    true or false
-- raises:    nothing
-- writes:    nothing
-- Neither security definer nor a search_path: it reads no table, and so the
-- planner may put it in line.
create or replace function vault.in_scope(
	p_environments text[], p_environment text)
returns boolean
language sql immutable
as $$
	select p_environments = '{*}' or p_environment = any(p_environments)
$$;
