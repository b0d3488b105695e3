-- SPDX-License-Identifier: MIT
-- vault.request_check: refuses a read whose signature was used on another path.
-- caller:    functions
-- arguments: p_project  the project
--            p_digest   the signature, 32 bytes
--            p_path     path on the wire without /api/v1/
-- result:    none
-- raises:    VE091 the signature belongs to another path
-- writes:    nothing: reads may repeat (two pollers in one millisecond sign
--            the same bytes)
create or replace function vault.request_check(
	p_project uuid, p_digest bytea, p_path text)
returns void
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	perform from vault.requests r
	where r.project_id = p_project and r.digest = p_digest
		and r.path <> p_path;
	if found then
		raise exception 'Signature already used for another request'
			using errcode = 'VE091';
	end if;
end
$$;
