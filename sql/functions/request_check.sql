-- SPDX-License-Identifier: MIT
-- vault.request_check: refuses a request whose signature was verified with a
-- key that is the project's no more (the server keeps keys in memory), or was
-- used on another path.
-- caller:    functions
-- arguments: p_project   the project
--            p_auth_key  that verified the signature, as sealed
--            p_digest    the signature, 32 bytes
--            p_path      path on the wire without /api/v1/
-- result:    frozen      true: nothing is to change in the project any more
--            moved_to    where it goes on, or NULL
-- raises:    VE040 no such project; VE054 auth key replaced; VE091 the
--            signature belongs to another path
-- writes:    nothing: reads may repeat (two pollers in one millisecond sign
--            the same bytes)
-- The same checks for many at once are in secret_current_version() and
-- secret_pull().
create or replace function vault.request_check(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_path text,
	out frozen boolean, out moved_to uuid)
language plpgsql stable
as $$
declare
	v_current boolean;
	v_elsewhere boolean;
begin
	select p.auth_key is not distinct from p_auth_key,
		exists (select from vault.requests r
			where r.project_id = p_project and r.digest = p_digest
				and r.path <> p_path),
		p.frozen, p.moved_to
	into v_current, v_elsewhere, frozen, moved_to
	from vault.projects p
	where p.id = p_project;

	if v_current is null then
		raise exception 'Project not found' using errcode = 'VE040';
	elsif not v_current then
		raise exception 'Auth key replaced' using errcode = 'VE054';
	elsif v_elsewhere then
		raise exception 'Signature already used for another request'
			using errcode = 'VE091';
	end if;
end
$$;
