-- SPDX-License-Identifier: MIT
-- vault.project_create: a project without a key, with the environments
-- development, staging and production.
-- caller:    vault.fcgi
-- arguments: p_name         1..128 bytes
--            p_remote       REMOTE_ADDR
--            p_daily_limit  projects that a network may make in a day; 0 = any
-- result:    outcome        '00000'
--            project_id     the new id
-- raises:    VE029 the limit is reached
-- writes:    creations, projects, environments, audit_log
create or replace function vault.project_create(
	p_name text, p_remote text, p_daily_limit int,
	out outcome char(5), out project_id uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_id uuid := gen_random_uuid();
begin
	perform vault.project_limit(p_remote, p_daily_limit);
	insert into vault.projects (id, name) values (v_id, p_name);
	insert into vault.environments (project_id, name)
	values (v_id, 'development'), (v_id, 'staging'), (v_id, 'production');
	project_id := v_id;
	outcome := '00000';
	perform vault.audit(v_id, 'project/create', outcome, null, null, null,
		p_remote);
end
$$;
