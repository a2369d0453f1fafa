// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Runs a fuzzer's function over files, without libFuzzer and with any compiler: the committed
// corpus as an ordinary test. Usage: PROGRAM FILE-OR-FOLDER...
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace
{

namespace fs = std::filesystem;

constexpr int kUsage = 2;

/** The file that is running, for the signal handler. */
const char* g_current = "";

void Announce(int signal)
{
    // Only what a signal handler may call.
    const char text[] = "weft fuzz: stopped in ";
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)!write(STDERR_FILENO, g_current, std::strlen(g_current));
    (void)!write(STDERR_FILENO, "\n", 1);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

bool Run(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad())
    {
        std::fprintf(stderr, "weft fuzz: cannot read %s\n", path.c_str());
        return false;
    }
    g_current = path.c_str();
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    g_current = "";
    return true;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2)
    {
        std::fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argv[0]);
        return kUsage;
    }
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS})
    {
        std::signal(signal, Announce);
    }
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i)
    {
        std::error_code ignored;
        if (!fs::is_directory(argv[i], ignored))
        {
            files.emplace_back(argv[i]);
            continue;
        }
        for (const auto& entry : fs::directory_iterator(argv[i]))
        {
            files.push_back(entry.path().string());
        }
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files)
    {
        if (!Run(file))
        {
            return kUsage;
        }
    }
    std::printf("%zu inputs, no violation\n", files.size());
    return 0;
}
