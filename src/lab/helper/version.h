// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_VERSION_H
#define LAB_VERSION_H

namespace lab
{

/** The version of Weft, the same as in the wscript. */
inline constexpr const char* kVersion = "0.3.0";

} // namespace lab

#endif /* LAB_VERSION_H */
