// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_ASCII_H
#define LAB_ASCII_H

#include <string>
#include <string_view>

namespace lab
{

/**
 * A drawing for a terminal without Unicode, with the same columns: each character beyond ASCII
 * becomes one that resembles it, or '?'.
 */
std::string AsciiOf(std::string_view text);

} // namespace lab

#endif /* LAB_ASCII_H */
