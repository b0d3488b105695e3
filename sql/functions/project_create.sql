-- SPDX-License-Identifier: MIT
-- vault.project_create: a project without a key, with the environments
-- development, staging and production.
-- caller:    vault.fcgi
-- arguments: p_name         1..128 bytes
--            p_remote       REMOTE_ADDR
--            p_daily_limit  projects that may be created in 24 hours; 0 = any
-- result:    outcome        '00000'
--            project_id     the new id
-- raises:    VE029 the limit is reached
-- writes:    projects, environments, audit_log
-- The limit is exact: with one set, creations queue at the row of server_key,
-- the one row that all servers share.
create or replace function vault.project_create(
	p_name text, p_remote text, p_daily_limit int,
	out outcome char(5), out project_id uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_recent bigint;
	v_id uuid := gen_random_uuid();
begin
	if p_daily_limit > 0 then
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
	end if;

	insert into vault.projects (id, name) values (v_id, p_name);
	insert into vault.environments (project_id, name)
	values (v_id, 'development'), (v_id, 'staging'), (v_id, 'production');
	project_id := v_id;
	outcome := '00000';
	perform vault.audit(v_id, 'project/create', outcome, null, null, null,
		p_remote);
end
$$;
