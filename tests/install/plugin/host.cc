// usage: host PLUGIN WHAT
// Loads the plugin, calls it, and unloads it, again and again. Then ends by exit().
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>

int main(int, char** argv) {
    for (int i = 0; i < 10; ++i) {
        void* const plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (plugin == nullptr) {
            std::fprintf(stderr, "%s\n", dlerror());
            return 2;
        }
        reinterpret_cast<void (*)(const char*)>(dlsym(plugin, "work"))(argv[2]);
        dlclose(plugin);
        // A thread whose code is gone ends the process when it wakes, within 1 ms.
        usleep(i % 2 == 0 ? 0 : 5000);
    }
    return 0;
}
