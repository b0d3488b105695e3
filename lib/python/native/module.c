/* SPDX-License-Identifier: MIT */
/*
 * module.c: vaultdotenv._native: a function for each thing that __init__.py
 * cannot do itself. No defaults and no decisions here, and nothing touches the
 * environment. Whatever waits for disk or network does so without the GIL.
 */
#include "native.h"

#include <stdlib.h>
#include <string.h>

/* load(place, cached, no_cache, override, allow, mirror) */
static PyObject *
load(PyObject *self, PyObject *args)
{
	struct vaultenv_load_options how = { .no_cache = 0 };
	struct vaultenv_loaded *loaded = NULL;
	PyObject *values = NULL, *left_out = NULL, *result = NULL, *allow;
	struct place place = { NULL };
	struct vaultenv_error err;
	const char **names;
	int cached, r;

	if (!PyArg_ParseTuple(args, PLACE_FORMAT "pppO!z:load",
		PLACE_ARGS(place), &cached, &how.no_cache, &how.override,
		&PyTuple_Type, &allow, &how.mirror))
		return NULL;
	if ((how.allow = names = names_borrow(allow)) == NULL) {
		place_reset(&place);
		return NULL;
	}
	place_fill(&place);
	Py_BEGIN_ALLOW_THREADS
	r = cached ? vaultenv_load_cached(&place.options, &how, &loaded, &err)
		   : vaultenv_load(&place.options, &how, &loaded, &err);
	Py_END_ALLOW_THREADS
	if (r != 0)
		error_raise(&err);
	else if ((values = list_dict(loaded->variables)) != NULL &&
		 (left_out = list_names(loaded->left_out)) != NULL)
		result = Py_BuildValue("iLLOO", (int)loaded->source,
		    (long long)loaded->version, (long long)loaded->cache_age_s,
		    values, left_out);
	Py_XDECREF(values);
	Py_XDECREF(left_out);
	vaultenv_loaded_free(&loaded);
	PyMem_Free(names);
	place_reset(&place);
	return result;
}

/* pull(place, version): (values, version) */
static PyObject *
pull(PyObject *self, PyObject *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_list *list = NULL;
	struct place place = { NULL };
	struct vaultenv_error err;
	long long version;
	int64_t out_version = 0;
	PyObject *values, *result = NULL;
	int r;

	if (!PyArg_ParseTuple(
		args, PLACE_FORMAT "L:pull", PLACE_ARGS(place), &version))
		return NULL;
	place_fill(&place);
	Py_BEGIN_ALLOW_THREADS
	if ((r = vaultenv_client_open(&place.options, &client, &err)) == 0)
		r = vaultenv_secrets_pull(
		    client, version, &list, &out_version, &err);
	if (r == VAULTENV_ERR_NO_SECRETS)
		vaultenv_environments_explain(client, &err);
	vaultenv_client_free(&client);
	Py_END_ALLOW_THREADS
	if (r != 0)
		error_raise(&err);
	else if ((values = list_dict(list)) != NULL)
		result = Py_BuildValue("NL", values, (long long)out_version);
	vaultenv_list_free(&list);
	place_reset(&place);
	return result;
}

static int
push_list(const struct vaultenv_options *options,
    const struct vaultenv_change_options *how, int64_t *version,
    struct vaultenv_error *err)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_changed *changed = NULL;
	int r;

	if ((r = vaultenv_client_open(options, &client, err)) != 0)
		return r;
	if (how->list == NULL)
		r = vaultenv_envfile_push(
		    client, options->file, how, &changed, err);
	else
		r = vaultenv_secrets_change(client, how, &changed, err);
	if (r == 0)
		*version = changed->version;
	vaultenv_changed_free(&changed);
	vaultenv_client_free(&client);
	return r;
}

/* push(place, values or None for the file's, base_version or -1, ours, theirs,
 * replace, merge): version */
static PyObject *
push(PyObject *self, PyObject *args)
{
	struct vaultenv_change_options how = { .tries = 0 };
	struct vaultenv_list *list = NULL;
	struct place place = { NULL };
	struct vaultenv_error err;
	PyObject *values, *result = NULL;
	int64_t version = 0;
	long long base;
	int r;

	if (!PyArg_ParseTuple(args, PLACE_FORMAT "OLpppp:push",
		PLACE_ARGS(place), &values, &base, &how.ours, &how.theirs,
		&how.replace, &how.merge))
		return NULL;
	place_fill(&place);
	if (values == Py_None || dict_list(values, &list)) {
		how.list = list;
		how.base_version = base;
		Py_BEGIN_ALLOW_THREADS
		r = push_list(&place.options, &how, &version, &err);
		Py_END_ALLOW_THREADS
		result =
		    r != 0 ? error_raise(&err) : PyLong_FromLongLong(version);
	}
	vaultenv_list_free(&list);
	place_reset(&place);
	return result;
}

/* check_version(place): version */
static PyObject *
check_version(PyObject *self, PyObject *args)
{
	struct vaultenv_client *client = NULL;
	struct place place = { NULL };
	struct vaultenv_error err;
	int64_t version = 0;
	int r;

	if (!PyArg_ParseTuple(
		args, PLACE_FORMAT ":check_version", PLACE_ARGS(place)))
		return NULL;
	place_fill(&place);
	Py_BEGIN_ALLOW_THREADS
	if ((r = vaultenv_client_open(&place.options, &client, &err)) == 0)
		r = vaultenv_secrets_current_version(
		    client, &version, NULL, &err);
	vaultenv_client_free(&client);
	Py_END_ALLOW_THREADS
	place_reset(&place);
	return r != 0 ? error_raise(&err) : PyLong_FromLongLong(version);
}

static PyMethodDef methods[] = {
	{ "load", load, METH_VARARGS, NULL },
	{ "pull", pull, METH_VARARGS, NULL },
	{ "push", push, METH_VARARGS, NULL },
	{ "check_version", check_version, METH_VARARGS, NULL },
	{ "file_read", file_read, METH_VARARGS, NULL },
	{ "file_from", file_from, METH_VARARGS, NULL },
	{ "file_values", file_values, METH_O, NULL },
	{ "watch_start", watch_start, METH_VARARGS, NULL },
	{ "watch_stop", watch_stop, METH_VARARGS, NULL },
	{ "watch_forget", watch_forget, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_native",
	.m_size = -1, /* one interpreter: callbacks come by PyGILState_Ensure */
	.m_methods = methods,
};

PyMODINIT_FUNC
PyInit__native(void)
{
	PyObject *module = PyModule_Create(&definition);

	if (module != NULL && PyModule_AddStringConstant(
				  module, "VERSION", vaultenv_version()) != 0)
		Py_CLEAR(module);
	return module;
}
