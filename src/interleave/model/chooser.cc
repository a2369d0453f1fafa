// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/chooser.h"

#include "interleave/model/digest.h"

#include <fmt/format.h>

namespace interleave
{

PlaceKey PlaceKeyOf(ChoiceKind kind, std::string_view text)
{
    const std::uint64_t hash = HashText(text);
    return MakePlaceKey(kind, MixBits(hash ^ text.size()), hash);
}

std::string PlaceText::WithOccurrence(std::uint64_t n) const
{
    return fmt::format(
        "{}{}#{}{}{}", before, before.empty() ? "" : " ", n, after.empty() ? "" : " ", after);
}

std::string PlaceText::Name() const
{
    return before.empty() || after.empty() ? before + after : before + " " + after;
}

std::optional<std::uint32_t> ChoicePoint::FindOption(std::string_view text)
{
    for (std::uint32_t option = 0; option < m_count; ++option)
    {
        if (OptionText(option) == text)
        {
            return option;
        }
    }
    return std::nullopt;
}

} // namespace interleave
