-- SPDX-License-Identifier: MIT
-- vault.request_take: binds a signature to its path, first of all that a state
-- change does. A second request with the same signature waits here until the
-- first has committed, and then learns what it stored.
-- caller:    functions
-- arguments: p_project   the project
--            p_auth_key  that verified the signature, as sealed
--            p_digest    the signature, 32 bytes
--            p_path      path on the wire without /api/v1/
-- result:    replayed    true: this signature was used on this path before
--            version     what the first use stored, or NULL
-- raises:    as request_check
-- writes:    requests
create or replace function vault.request_take(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_path text,
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

	perform vault.request_check(p_project, p_auth_key, p_digest, p_path);
end
$$;
