// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/options.h"

namespace ibcm
{

std::string Options::Problem() const
{
    if (!redirect || ibwire::Fits(*redirect))
    {
        return {};
    }
    const auto tooLarge = [](const char* field, std::uint32_t value, unsigned bits)
    {
        return std::string("the redirection's ") + field + " is " + std::to_string(value) +
               ", expected at most " + std::to_string((1U << bits) - 1);
    };
    if (redirect->redirectQpn >> 24 != 0)
    {
        return tooLarge("RedirectQP", redirect->redirectQpn, 24);
    }
    if (redirect->redirectSl >> 4 != 0)
    {
        return tooLarge("RedirectSL", redirect->redirectSl, 4);
    }
    if (redirect->redirectFlowLabel >> 20 != 0)
    {
        return tooLarge("RedirectFL", redirect->redirectFlowLabel, 20);
    }
    return "a field of the redirection's ClassPortInfo does not fit";
}

} // namespace ibcm
