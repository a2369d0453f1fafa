// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_EXACT_TIME_H
#define LAB_EXACT_TIME_H

#include <cstdint>
#include <string>

namespace lab
{

/** Nanoseconds as a text that ParseTime reads back unchanged: "50ms", "1500us", "7ns". */
std::string ExactTime(std::int64_t ns);

} // namespace lab

#endif /* LAB_EXACT_TIME_H */
