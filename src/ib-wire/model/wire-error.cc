// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/result.h"

namespace ibwire
{

const char* ToString(WireError error)
{
    switch (error)
    {
    case WireError::kTruncated:
        return "truncated";
    case WireError::kOversized:
        return "longer than the message";
    case WireError::kFieldRange:
        return "value too wide for its field";
    case WireError::kBadVersion:
        return "unsupported version";
    case WireError::kBadClass:
        return "wrong management class";
    case WireError::kBadMethod:
        return "method not allowed here";
    case WireError::kUnknownAttribute:
        return "unknown attribute";
    case WireError::kBadText:
        return "malformed text";
    case WireError::kUnsupported:
        return "unsupported kind of packet";
    }
    return "unknown error";
}

} // namespace ibwire
