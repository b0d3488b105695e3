-- SPDX-License-Identifier: MIT
-- vault.request_bind: notes that a signature or MAC was used for a change. A
-- second request with the same waits here until the first has committed, and
-- then learns what it stored.
-- caller:    functions
-- arguments: p_project  the project
--            p_digest   the signature or MAC, 32 bytes
--            p_path     path on the wire without /api/v1/ or /api/v2/
-- result:    replayed   true: it was used before
--            version    what the first use stored, or NULL
-- raises:    nothing
-- writes:    requests
create or replace function vault.request_bind(
	p_project uuid, p_digest bytea, p_path text,
	out replayed boolean, out version bigint)
language plpgsql
as $$
begin
	-- Twice round only if the row is purged between insert and select.
	loop
		insert into vault.requests (project_id, digest, path)
		values (p_project, p_digest, p_path)
		on conflict on constraint requests_pkey do nothing;
		replayed := not found;
		exit when not replayed;

		select r.version into version
		from vault.requests r
		where r.project_id = p_project and r.digest = p_digest;
		exit when found;
	end loop;
end
$$;
