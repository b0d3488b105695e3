-- SPDX-License-Identifier: MIT
-- vault.project_create_v2: a project of protocol v2: its id is the client's
-- choice, its log begins with the root, its first device is the root's.
-- caller:    vault.fcgi
-- arguments: p_project       the project
--            p_key           the request id, 16 bytes
--            p_digest        the MAC, 32 bytes
--            p_remote        REMOTE_ADDR
--            p_name          1..128 bytes
--            p_sealed        the request key, sealed by the server, 60 bytes
--            p_key_id        fingerprint of the server key that sealed it
--            p_entry         the root: statement and signatures
--            p_hash          its hash, 32 bytes
--            p_join          the public key of VAULT_KEY
--            p_device, p_device_name, p_sign, p_box  the root's device
--            p_registration  of that device: statement and signatures
--            p_daily_limit   projects that a network may make in a day; 0 = any
-- result:    outcome         '00000', also when it was made from this root
--                            before; VE09A there is or was another of this id
--            device_id, log_count
-- raises:    VE029 the limit is reached; VE053 the server key in force is
--            another
-- writes:    requests, creations, projects, log, members, member_keys, audit_log
create or replace function vault.project_create_v2(
	p_project uuid, p_key bytea, p_digest bytea, p_remote text,
	p_name text, p_sealed bytea, p_key_id bytea, p_entry bytea,
	p_hash bytea, p_join bytea, p_device uuid, p_device_name text,
	p_sign bytea, p_box bytea, p_registration bytea, p_daily_limit int,
	out outcome char(5), out device_id uuid, out log_count bigint)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
begin
	perform vault.request_bind(p_project, p_digest, 'project/create');
	outcome := '00000';
	device_id := p_device;
	log_count := 1;

	perform from vault.projects p where p.id = p_project;
	if not found then
		perform vault.project_limit(p_remote, p_daily_limit);
	end if;
	perform vault.server_key_hold(p_key_id);

	insert into vault.projects (id, name, protocol, log_count, log_hash,
		joins)
	values (p_project, p_name, 2, 1, p_hash, array[p_join])
	on conflict on constraint projects_pkey do nothing;
	if found then
		insert into vault.log (project_id, seq, entry, hash, kind,
			device_id)
		values (p_project, 0, p_entry, p_hash, 1, p_device);
		insert into vault.members (project_id, id, name, sign_public,
			box_public, status, role, environments, registration,
			remote, created_at, admitted_at)
		values (p_project, p_device, p_device_name, p_sign, p_box,
			'approved', 3, '{*}', p_registration,
			left(p_remote, 64), v_now, v_now);
		perform vault.member_key_store(p_project, p_key, p_device,
			p_sealed, 0);
	else
		perform from vault.log l
		where l.project_id = p_project and l.seq = 0
			and l.hash = p_hash;
		if found then
			return;
		end if;
		outcome := 'VE09A';
	end if;
	perform vault.request_settle(p_project, p_digest, 'project/create',
		outcome, null, 1, p_device, null, null, p_remote);
end
$$;
