#include "direct_method.h"

#include <structmember.h>

namespace mailslot::python {
namespace {

struct DirectMethod {
    PyObject_HEAD vectorcallfunc call;
    DirectWay direct;
    PyObject* general;
};

PyObject* call_method(PyObject* callable, PyObject* const* values, std::size_t count,
                      PyObject* names) {
    auto* const self = reinterpret_cast<DirectMethod*>(callable);
    const auto positional = static_cast<std::size_t>(PyVectorcall_NARGS(count));
    if (const Answer done = self->direct({values, positional, names})) return *done;
    return PyObject_Vectorcall(self->general, values, count, names);
}

PyObject* bind_method(PyObject* self, PyObject* instance, PyObject*) {
    if (instance != nullptr && instance != Py_None) return PyMethod_New(self, instance);
    Py_INCREF(self);
    return self;
}

// Name, documentation and so on are those of the general way.
PyObject* attribute_of_general(PyObject* self, void* name) {
    return PyObject_GetAttrString(reinterpret_cast<DirectMethod*>(self)->general,
                                  static_cast<const char*>(name));
}

PyObject* repr_of_method(PyObject* self) {
    return PyUnicode_FromFormat("<direct %R>", reinterpret_cast<DirectMethod*>(self)->general);
}

int visit_method(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(reinterpret_cast<DirectMethod*>(self)->general);
    return 0;
}

// No tp_clear, because a cleared method would have no general way. Cycles lead through the globals
// of a function, and are broken there.
void free_method(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_DECREF(reinterpret_cast<DirectMethod*>(self)->general);
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* refuse_to_make(PyTypeObject* type, PyObject*, PyObject*) {
    return PyErr_Format(PyExc_TypeError, "cannot create '%s' instances", type->tp_name);
}

PyTypeObject* make_method_type() {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(DirectMethod, call), READONLY, nullptr},
        {"__wrapped__", T_OBJECT, offsetof(DirectMethod, general), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static char names[][16] = {"__name__", "__qualname__", "__doc__", "__module__"};
    static PyGetSetDef attributes[] = {{names[0], attribute_of_general, nullptr, nullptr, names[0]},
                                       {names[1], attribute_of_general, nullptr, nullptr, names[1]},
                                       {names[2], attribute_of_general, nullptr, nullptr, names[2]},
                                       {names[3], attribute_of_general, nullptr, nullptr, names[3]},
                                       {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(refuse_to_make)},
                                  {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                  {Py_tp_descr_get, reinterpret_cast<void*>(bind_method)},
                                  {Py_tp_repr, reinterpret_cast<void*>(repr_of_method)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(visit_method)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(free_method)},
                                  {Py_tp_members, members},
                                  {Py_tp_getset, attributes},
                                  {0, nullptr}};
    // A method descriptor, so that `object.put(...)` makes no bound method for each call.
    static PyType_Spec spec = {"mailslot._mailslot.DirectMethod", sizeof(DirectMethod), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                                   Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
                               slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

PyObject* make_method(PyObject* general, DirectWay direct) {
    static PyTypeObject* const type = make_method_type();
    if (type == nullptr) return nullptr;
    auto* const made = PyObject_GC_New(DirectMethod, type);
    if (made == nullptr) return nullptr;
    Py_INCREF(general);
    made->call = call_method;
    made->direct = direct;
    made->general = general;
    PyObject_GC_Track(made);
    return reinterpret_cast<PyObject*>(made);
}

}  // namespace mailslot::python
