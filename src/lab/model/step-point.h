// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_STEP_POINT_H
#define LAB_STEP_POINT_H

#include "interleave/model/chooser.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lab
{

/** Whether a step or a reaction that may be left out is: `step client/churn destroy #1 -> skip`. */
class StepPoint final : public interleave::ChoicePoint
{
  public:
    static constexpr std::uint32_t kDo = 0;
    static constexpr std::uint32_t kSkip = 1;

    /** @param place "step client/churn destroy", the same in every run. */
    explicit StepPoint(std::string place)
        : ChoicePoint(interleave::ChoiceKind::kValue,
                      interleave::PlaceKeyOf(interleave::ChoiceKind::kValue, place),
                      kSkip + 1),
          m_place(std::move(place))
    {
    }

    interleave::PlaceText Place() const override
    {
        return {m_place, ""};
    }

    std::string OptionText(std::uint32_t option) const override
    {
        return option == kDo ? "do" : "skip";
    }

    std::optional<std::uint32_t> FindOption(std::string_view text) override
    {
        return text == "do"     ? std::optional(kDo)
               : text == "skip" ? std::optional(kSkip)
                                : std::nullopt;
    }

  private:
    const std::string m_place;
};

} // namespace lab

#endif /* LAB_STEP_POINT_H */
