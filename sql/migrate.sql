-- SPDX-License-Identifier: MIT
-- Included by install.sql, once a migration: applies the file that the psql
-- variable `migration` names, unless vault.migrations says it was applied.
select not exists (
	select from vault.migrations m
	where m.number = left(:'migration', 4)::int
) as missing \gset
\if :missing
\ir migrations/:migration.sql
insert into vault.migrations (number, name)
values (left(:'migration', 4)::int, :'migration');
\set upgraded true
\endif
