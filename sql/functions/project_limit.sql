-- SPDX-License-Identifier: MIT
-- vault.project_limit: refuses one more project than may be created in a day.
-- The limit is exact: with one set, creations queue at the row of server_key,
-- the one row that all servers share.
-- caller:    functions
-- arguments: p_daily_limit  projects that may be created in 24 hours; 0 = any
-- result:    none
-- raises:    VE029 the limit is reached
-- writes:    nothing (locks the row)
create or replace function vault.project_limit(p_daily_limit int)
returns void
language plpgsql
as $$
declare
	v_recent bigint;
begin
	if p_daily_limit < 1 then
		return;
	end if;
	perform from vault.server_key k where k.single
	for no key update;
	select count(*) into v_recent from (
		select from vault.projects p
		where p.created_at > now() - interval '24 hours'
		limit p_daily_limit
	) as recent;
	if v_recent >= p_daily_limit then
		raise exception 'Too many projects created today'
			using errcode = 'VE029';
	end if;
end
$$;
