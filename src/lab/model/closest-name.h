// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CLOSEST_NAME_H
#define LAB_CLOSEST_NAME_H

#include <span>
#include <string>
#include <string_view>

namespace lab
{

/**
 * The name that a mistyped word probably means: few letters differ (a letter more, less, other or
 * two exchanged), whatever their case.
 * @return empty if nothing is close enough to be worth proposing; the first of equals otherwise
 */
std::string_view ClosestName(std::string_view word, std::span<const std::string_view> names);

/** " (did you mean 'service'?)", or nothing if no name is close. */
std::string DidYouMean(std::string_view word, std::span<const std::string_view> names);

/** "a", "a or b", "a, b or c". */
std::string JoinNames(std::span<const std::string_view> names);

} // namespace lab

#endif /* LAB_CLOSEST_NAME_H */
