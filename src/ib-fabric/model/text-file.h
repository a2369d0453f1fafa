// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TEXT_FILE_H
#define IB_TEXT_FILE_H

#include <tl/expected.hpp>

#include <string>

namespace ns3
{

/**
 * \ingroup infiniband
 * \param path a file name
 * \returns the whole content of the file, or the operating system's reason why not
 */
tl::expected<std::string, std::string> ReadTextFile(const std::string& path);

} // namespace ns3

#endif // IB_TEXT_FILE_H
