-- SPDX-License-Identifier: MIT
-- vault.project_limit: counts one more project of a network, and refuses it
-- if that is more than a network may make in 24 hours, which begin with the
-- first. Projects that are gone again count, or nobody would have to stop.
-- caller:    functions
-- arguments: p_remote       REMOTE_ADDR
--            p_daily_limit  projects that a network may make; 0 = any
-- result:    none
-- raises:    VE029 the limit is reached
-- writes:    creations
-- The limit is exact: creations of one network queue at its row, those of
-- others do not.
create or replace function vault.project_limit(
	p_remote text, p_daily_limit int)
returns void
language plpgsql
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_projects bigint;
begin
	if p_daily_limit < 1 then
		return;
	end if;
	insert into vault.creations as c (network, began_at, projects)
	values (vault.address_network(p_remote), v_now, 1)
	on conflict on constraint creations_pkey do update
	set began_at = case when c.began_at > v_now - interval '24 hours'
			then c.began_at else v_now end,
		projects = case when c.began_at > v_now - interval '24 hours'
			then c.projects + 1 else 1 end
	returning c.projects into v_projects;
	if v_projects > p_daily_limit then
		raise exception 'Too many projects created today'
			using errcode = 'VE029';
	end if;
end
$$;
