// Runs the micro-benchmarks, after printing machine, version and settings.
#include <benchmark/benchmark.h>
#include <sys/utsname.h>

#include <string>
#include <thread>

int main(int argc, char** argv) {
    utsname system{};
    uname(&system);
    benchmark::AddCustomContext("machine", std::string(system.nodename) + ", " + system.sysname +
                                               " " + system.release + " " + system.machine);
    benchmark::AddCustomContext("processors", std::to_string(std::thread::hardware_concurrency()));
    benchmark::AddCustomContext("commit", MAILSLOT_COMMIT);
    benchmark::AddCustomContext("settings",
                                "compiler " __VERSION__ ", flags " MAILSLOT_BUILD_FLAGS);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
