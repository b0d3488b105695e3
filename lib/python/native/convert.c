/* SPDX-License-Identifier: MIT */
/*
 * convert.c: lists, errors and options of vaultenv.h from and to Python
 * objects. Bytes that are not UTF-8 become what os.environ makes of them
 * (surrogateescape), and go back the same way.
 */
#include "native.h"

#include <string.h>

#define ERRORS_MODULE "vaultdotenv._errors"

PyObject *
text_object(const char *text, size_t len)
{
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)len, "surrogateescape");
}

PyObject *
list_dict(const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;
	PyObject *dict = PyDict_New(), *name, *value;
	bool good = dict != NULL;
	size_t i;

	for (i = 0; good && (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		name = text_object(pair->name, strlen(pair->name));
		value = text_object(pair->value, pair->value_len);
		good = name != NULL && value != NULL &&
		       PyDict_SetItem(dict, name, value) == 0;
		Py_XDECREF(name);
		Py_XDECREF(value);
	}
	if (!good)
		Py_CLEAR(dict);
	return dict;
}

PyObject *
list_names(const struct vaultenv_list *list)
{
	const size_t n = vaultenv_list_len(list);
	PyObject *names = PyTuple_New((Py_ssize_t)n), *name;
	const char *text;
	size_t i;

	for (i = 0; names != NULL && i < n; i++) {
		text = vaultenv_list_at(list, i)->name;
		if ((name = text_object(text, strlen(text))) == NULL)
			Py_CLEAR(names);
		else
			PyTuple_SET_ITEM(names, (Py_ssize_t)i, name);
	}
	return names;
}

const char **
names_borrow(PyObject *tuple)
{
	const Py_ssize_t n = PyTuple_GET_SIZE(tuple);
	const char **names = PyMem_Calloc((size_t)n + 1, sizeof(*names));

	if (names == NULL)
		PyErr_NoMemory();
	for (Py_ssize_t i = 0; names != NULL && i < n; i++)
		if ((names[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(tuple, i))) ==
		    NULL) {
			PyMem_Free(names);
			return NULL;
		}
	return names;
}

static int
list_put(struct vaultenv_list *list, PyObject *name, PyObject *value)
{
	PyObject *n = NULL, *v = NULL;
	int r = VAULTENV_ERR_INVALID;

	n = PyUnicode_AsEncodedString(name, "utf-8", "surrogateescape");
	if (n == NULL)
		return r;
	v = PyUnicode_AsEncodedString(value, "utf-8", "surrogateescape");
	if (v != NULL &&
	    strlen(PyBytes_AS_STRING(n)) == (size_t)PyBytes_GET_SIZE(n))
		r = vaultenv_list_set(list, PyBytes_AS_STRING(n),
		    PyBytes_AS_STRING(v), (size_t)PyBytes_GET_SIZE(v));
	Py_DECREF(n);
	Py_XDECREF(v);
	return r;
}

bool
dict_list(PyObject *dict, struct vaultenv_list **out)
{
	struct vaultenv_list *list = NULL;
	PyObject *name, *value;
	Py_ssize_t pos = 0;
	int r;

	if (vaultenv_list_new(&list) != 0) {
		PyErr_NoMemory();
		return false;
	}
	while (PyDict_Next(dict, &pos, &name, &value)) {
		if (!PyUnicode_Check(name) || !PyUnicode_Check(value)) {
			PyErr_SetString(
			    PyExc_TypeError, "names and values must be str");
			goto fail;
		}
		if ((r = list_put(list, name, value)) == 0)
			continue;
		if (r == VAULTENV_ERR_NOMEM)
			PyErr_NoMemory();
		else if (!PyErr_Occurred())
			PyErr_Format(PyExc_ValueError,
			    "%R cannot be a variable's name, or its value is "
			    "too large",
			    name);
		goto fail;
	}
	*out = list;
	return true;
fail:
	vaultenv_list_free(&list);
	return false;
}

PyObject *
error_object(const struct vaultenv_error *err)
{
	PyObject *module, *error = NULL, *text, *hint;

	text = text_object(err->text, strlen(err->text));
	hint = text_object(err->hint, strlen(err->hint));
	if (text != NULL && hint != NULL &&
	    (module = PyImport_ImportModule(ERRORS_MODULE)) != NULL) {
		error = PyObject_CallMethod(module, "make", "iOOsL", err->code,
		    text, hint, err->reason, (long long)err->current_version);
		Py_DECREF(module);
	}
	Py_XDECREF(text);
	Py_XDECREF(hint);
	return error;
}

PyObject *
error_raise(const struct vaultenv_error *err)
{
	PyObject *error = error_object(err);

	if (error != NULL) {
		PyErr_SetObject((PyObject *)Py_TYPE(error), error);
		Py_DECREF(error);
	}
	return NULL;
}

void
notice_call(void *callable, const char *text)
{
	const PyGILState_STATE gil = PyGILState_Ensure();
	PyObject *object = text_object(text, strlen(text)), *result = NULL;

	if (object != NULL)
		result = PyObject_CallFunctionObjArgs(callable, object, NULL);
	if (result == NULL)
		PyErr_WriteUnraisable(callable);
	Py_XDECREF(result);
	Py_XDECREF(object);
	PyGILState_Release(gil);
}

void
place_fill(struct place *p)
{
	p->options.path = PyBytes_AS_STRING(p->path);
	p->options.environment = p->environment;
	p->options.url = p->url;
	p->options.ca_variable = "REQUESTS_CA_BUNDLE"; /* as requests has it */
	p->options.file = file_of(p->file);
	p->options.notice = notice_call;
	p->options.notice_arg = p->notice;
}

void
place_reset(struct place *p)
{
	Py_CLEAR(p->path);
}
