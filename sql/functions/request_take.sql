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
--            frozen      true: nothing is to change in the project any more
--            moved_to    where it goes on, or NULL
-- raises:    as request_check
-- writes:    requests (by request_bind)
create or replace function vault.request_take(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_path text,
	out replayed boolean, out version bigint, out frozen boolean,
	out moved_to uuid)
language plpgsql
as $$
begin
	select b.replayed, b.version into replayed, version
	from vault.request_bind(p_project, p_digest, p_path) b;
	select c.frozen, c.moved_to into frozen, moved_to
	from vault.request_check(p_project, p_auth_key, p_digest, p_path) c;
end
$$;
