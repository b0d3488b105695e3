-- SPDX-License-Identifier: MIT
-- vault.member_register: a device that asks to join, or one more request key of
-- a device that is known.
-- caller:    vault.fcgi
-- arguments: p_project       the project
--            p_key           the request id, 16 bytes
--            p_digest        the MAC, 32 bytes
--            p_remote        REMOTE_ADDR
--            p_sealed        the request key, sealed by the server, 60 bytes
--            p_key_id        fingerprint of the server key that sealed it
--            p_join          the join key that signed the registration
--            p_device, p_name, p_sign, p_box  of the registration
--            p_registration  statement and signatures
-- result:    outcome         '00000'; VE000 bad statement; VE011 signed by an
--                            older VAULT_KEY; VE040 no such project; VE095 too
--                            many devices wait; VE09C it is one of protocol v1
--            code            with VE000: register_join, register_request_key
--            device_id, status
--            generation      of the VAULT_KEY that signed, with VE011
-- raises:    VE053 the server key in force is another
-- writes:    requests, members (one that waits for an approval may go),
--            member_keys, audit_log
-- A hundred may wait, twenty from one address: then the oldest from there goes.
create or replace function vault.member_register(
	p_project uuid, p_key bytea, p_digest bytea, p_remote text,
	p_sealed bytea, p_key_id bytea, p_join bytea, p_device uuid,
	p_name text, p_sign bytea, p_box bytea, p_registration bytea,
	out outcome char(5), out code text, out device_id uuid,
	out status text, out generation int)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_remote text := left(p_remote, 64);
	v_joins bytea[];
	v_owner uuid;
	v_oldest uuid;
	v_all bigint;
	v_here bigint;
begin
	perform vault.request_bind(p_project, p_digest, 'devices/register');
	perform vault.server_key_hold(p_key_id);
	device_id := p_device;

	select m.status into status from vault.members m
	where m.project_id = p_project and m.id = p_device;
	-- Rotations wait, and those who would be one more than may wait.
	if found then
		perform from vault.projects p where p.id = p_project for share;
	else
		perform from vault.projects p where p.id = p_project
		for no key update;
		select m.status into status from vault.members m
		where m.project_id = p_project and m.id = p_device;
	end if;

	select case
		when p.protocol = 1 then 'VE09C'
		when p.joins[cardinality(p.joins)] = p_join then '00000'
		when p_join = any(p.joins) then 'VE011'
		else 'VE000' end, p.joins,
		array_position(p.joins, p_join) - 1
	into outcome, v_joins, generation
	from vault.projects p
	where p.id = p_project and p.deleted_at is null;
	outcome := coalesce(outcome, 'VE040');
	if outcome = 'VE000' then
		code := 'register_join';
	end if;

	select k.member_id into v_owner from vault.member_keys k
	where k.project_id = p_project and k.key_id = p_key;
	if outcome = '00000' and v_owner <> p_device then
		outcome := 'VE000';
		code := 'register_request_key';
	end if;

	if outcome = '00000' and status is null then
		select count(*), count(*) filter (where m.remote = v_remote)
		into v_all, v_here
		from vault.members m
		where m.project_id = p_project and m.status = 'pending';
		if v_here >= 20 or (v_all >= 100 and v_here > 0) then
			select m.id into v_oldest from vault.members m
			where m.project_id = p_project
				and m.status = 'pending'
				and m.remote = v_remote
			order by m.created_at, m.id limit 1;
			delete from vault.member_keys k
			where k.project_id = p_project
				and k.member_id = v_oldest;
			delete from vault.members m
			where m.project_id = p_project and m.id = v_oldest;
		elsif v_all >= 100 then
			outcome := 'VE095';
		end if;
	end if;

	if outcome = '00000' then
		if status is null then
			status := 'pending';
			insert into vault.members (project_id, id, name,
				sign_public, box_public, status, registration,
				remote)
			values (p_project, p_device, p_name, p_sign, p_box,
				member_register.status, p_registration,
				v_remote);
		end if;
		perform vault.member_key_store(p_project, p_key, p_device,
			p_sealed, cardinality(v_joins) - 1);
	end if;
	if outcome in ('VE040', 'VE09C') then
		delete from vault.requests r
		where r.project_id = p_project and r.digest = p_digest;
	else
		perform vault.request_settle(p_project, p_digest,
			'devices/register', outcome, code, 0, p_device, null,
			null, p_remote);
	end if;
end
$$;
