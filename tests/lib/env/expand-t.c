/* SPDX-License-Identifier: MIT */
/*
 * ${NAME} as python-dotenv has it (its answers are written down here), and
 * which names run code.
 */
#include "config.h"

#include "env/env.h"
#include "sentence.h"
#include "tap.h"

static struct vaultenv_list *
list_of(const char *const *pairs)
{
	struct vaultenv_list *list = NULL;

	if (vaultenv_list_new(&list) != 0)
		exit(1);
	for (; *pairs != NULL; pairs += 2)
		vaultenv_list_set(list, pairs[0], pairs[1], strlen(pairs[1]));
	return list;
}

static void
test_values(void)
{
	/* T_SET is "env" in the environment, T_EMPTY "", A is before. */
	static const struct {
		const char *text;
		const char *want;
		const char *override; /* NULL: the same */
	} rows[] = {
		{ "", "", NULL },
		{ "plain", "plain", NULL },
		{ "${A}", "1", NULL },
		{ "x${A}y${A}z", "x1y1z", NULL },
		{ "${T_SET}", "env", "list" },
		{ "${T_EMPTY}", "", NULL },
		{ "${T_EMPTY:-d}", "", NULL },
		{ "${T_NO}", "", NULL },
		{ "${T_NO:-d}", "d", NULL },
		{ "${T_NO:-}", "", NULL },
		{ "${T_NO:-a:-b}", "a:-b", NULL },
		{ "${T_NO:-${A}}", "${A}", NULL },
		{ "${A:-d}", "1", NULL },
		{ "${LATER}", "", NULL },
		{ "$A $T_SET ${", "$A $T_SET ${", NULL },
		{ "${A", "${A", NULL },
		{ "${A:", "${A:", NULL },
		{ "${A:-", "${A:-", NULL },
		{ "${A:-d", "${A:-d", NULL },
		{ "${A:}", "${A:}", NULL },
		{ "${A:x}", "${A:x}", NULL },
		{ "${A:x}${A}", "${A:x}1", NULL },
		{ "${A-d}", "", NULL },
		{ "${}", "", NULL },
		{ "${:-d}", "d", NULL },
		{ "${ A }", "", NULL },
		{ "${A${A}", "", NULL },
		{ "$${A}", "$1", NULL },
		{ "\\${A}", "\\1", NULL },
		{ "{A}", "{A}", NULL },
		{ "}${A}{", "}1{", NULL },
		{ "${T_NO:-a\nb}", "a\nb", NULL },
		{ "${T_TRICK=x}", "", NULL },
		{ "${SELF}", "", NULL },
		{ "${REF}", "${A}", NULL },
	};
	struct vaultenv_list *list;
	struct vaultenv_error err;

	setenv("T_SET", "env", 1);
	setenv("T_EMPTY", "", 1);
	setenv("T_TRICK", "x=y", 1);
	setenv("REF", "${A}", 1);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const int override = (int)(i % 2);
		const char *pairs[] = { "A", "1", "T_SET", "list", "SELF",
			rows[i / 2].text, "LATER", "no", NULL };
		const char *want = rows[i / 2].want;

		if (override && rows[i / 2].override != NULL)
			want = rows[i / 2].override;
		list = list_of(pairs);
		is_int(vaultenv_list_expand(list, override, &err), 0,
		    rows[i / 2].text);
		is_str(vaultenv_list_find(list, "SELF")->value, want,
		    override ? "file first" : "environment first");
		is_int(vaultenv_list_len(list), 4, "nothing is added");
		vaultenv_list_free(&list);
	}
}

static void
test_chain(void)
{
	static const char *const pairs[] = { "USER_", "u", "HOST", "${USER_}@h",
		"URL", "pg://${HOST}/${DB:-${USER_}}", "DB", "late", NULL };
	struct vaultenv_list *list = list_of(pairs);

	is_int(vaultenv_list_expand(list, 0, NULL), 0, "a chain");
	is_str(vaultenv_list_at(list, 2)->value, "pg://u@h/${USER_}",
	    "each sees the ones before, expanded");
	is_str(vaultenv_list_at(list, 3)->name, "DB", "in their order");
	vaultenv_list_free(&list);
}

static void
test_bytes(void)
{
	static const char *const pairs[] = { "A", "1", NULL };
	struct vaultenv_list *list = list_of(pairs);
	const struct vaultenv_pair *pair;

	vaultenv_list_set(list, "N", "\0${A}\0${A\0}", 11);
	is_int(vaultenv_list_expand(list, 0, NULL), 0, "NUL bytes");
	pair = vaultenv_list_find(list, "N");
	ok(pair->value_len == 3 && memcmp(pair->value, "\0001\0", 3) == 0,
	    "stay, and none is in a name");
	vaultenv_list_free(&list);
}

static void
test_limit(void)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;
	char name[16], value[32];

	vaultenv_list_new(&list);
	vaultenv_list_set(list, "L0", "0123456789abcdef", 16);
	for (int i = 1; i < 40; i++) {
		snprintf(name, sizeof(name), "L%d", i);
		snprintf(value, sizeof(value), "${L%d}${L%d}", i - 1, i - 1);
		vaultenv_list_set(list, name, value, strlen(value));
	}
	is_int(vaultenv_list_expand(list, 0, &err), VAULTENV_ERR_INVALID,
	    "forty doublings");
	is_str(sentence(&err),
	    "The values would be larger than 16 MiB with their ${...} "
	    "replaced. Use fewer of them",
	    "are refused");
	is_str(vaultenv_list_find(list, "L2")->value, "${L1}${L1}",
	    "and the list is as it was");
	vaultenv_list_free(&list);
}

static void
test_runs_code(void)
{
	static const char *const yes[] = { "LD_PRELOAD", "LD_LIBRARY_PATH",
		"LD_AUDIT", "LD_", "DYLD_INSERT_LIBRARIES", "GCONV_PATH",
		"GLIBC_TUNABLES", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS",
		"PS4", "PROMPT_COMMAND", "BASH_FUNC_ls%%", "BASH_FUNC_x()",
		"NODE_OPTIONS", "PERL5OPT", "PERL5DB", "PYTHONPATH",
		"PYTHONSTARTUP", "RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS",
		"_JAVA_OPTIONS", "GIT_SSH_COMMAND", "GIT_CONFIG_KEY_0", "PATH",
		"PS0", "PS1", "PS2", "OPENSSL_CONF", "LESSOPEN" };
	static const char *const no[] = { "", "LD", "LDFLAGS", "ld_preload",
		"ENVIRONMENT", "ENV_", "NODE_ENV", "BASH", "BASH_ENV2", "PATH2",
		"NODE_OPTIONS_", "PS3", "BASH_FUNC", "MY_LD_PRELOAD", "DYLD",
		"PYTHONUNBUFFERED", "GITHUB_TOKEN", "GIT", "path" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ok(vaultenv_name_runs_code(yes[i]), "%s runs code", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ok(!vaultenv_name_runs_code(no[i]), "'%s' does not", no[i]);
	ok(name_runs_code_in_file("PATH"), "nor from a file");
	ok(!name_runs_code_in_file("ENV"), "but ENV is a program's own there");
}

static void
test_left_out_text(void)
{
	static const char lead[] = "Left out, because programs run other code "
				   "by them (allow each by its name to have "
				   "it): ";
	struct vaultenv_list *list = NULL;
	char name[300], *text;

	vaultenv_list_new(&list);
	ok(vaultenv_left_out_text(list) == NULL, "none left out, no text");
	vaultenv_list_set(list, "LD_A", "", 0);
	vaultenv_list_set(list, "BASH_FUNC_\033[2J", "", 0);
	text = vaultenv_left_out_text(list);
	ok(text != NULL && strncmp(text, lead, sizeof(lead) - 1) == 0,
	    "one that says why");
	is_str(text + sizeof(lead) - 1, "LD_A, BASH_FUNC_?[2J",
	    "and names them, fit for a terminal");
	free(text);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "LD_%d%0290d", i, 0);
		vaultenv_list_set(list, name, "", 0);
	}
	text = vaultenv_left_out_text(list);
	is_int(
	    (intmax_t)strlen(text), VAULTENV_ERROR_TEXT - 1, "as many as fit");
	free(text);
	vaultenv_list_free(&list);
}

int
main(void)
{
	test_values();
	test_chain();
	test_bytes();
	test_limit();
	test_runs_code();
	test_left_out_text();
	return tap_done();
}
