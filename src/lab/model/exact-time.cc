// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/exact-time.h"

namespace lab
{

std::string ExactTime(std::int64_t ns)
{
    struct Unit
    {
        std::int64_t ns;
        const char* name;
    };

    constexpr Unit kUnits[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}};
    for (const Unit& unit : kUnits)
    {
        if (ns % unit.ns == 0)
        {
            return std::to_string(ns / unit.ns) + unit.name;
        }
    }
    return std::to_string(ns) + "ns";
}

} // namespace lab
