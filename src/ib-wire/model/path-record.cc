// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/path-record.h"

namespace ibwire
{

const char* ToString(Selector selector)
{
    switch (selector)
    {
    case Selector::kGreaterThan:
        return ">";
    case Selector::kLessThan:
        return "<";
    case Selector::kExactly:
        return "exactly";
    case Selector::kBestAvailable:
        return "best available";
    }
    return "reserved";
}

} // namespace ibwire
