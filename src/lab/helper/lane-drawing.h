// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LANE_DRAWING_H
#define LAB_LANE_DRAWING_H

#include "lab/helper/lane-rows.h"
#include "lab/helper/text-row.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lab
{

/**
 * Lanes, one a task, grouped by host; a line an operation, with a dot in the lane of who does it
 * and the operation in words on the right. What two hosts send each other are arrows into and out
 * of the gap between them.
 */
class LaneDrawing
{
  public:
    /** @param steps, @param rows outlive the drawing. */
    LaneDrawing(const std::vector<LaneStep>& steps,
                const std::vector<LaneRow>& rows,
                std::size_t width,
                bool colour);

    std::string Text();

  private:
    struct Lane
    {
        std::string task;
        std::string host;
        std::size_t column{0};
        std::size_t first{0}; ///< rows between which the lane is drawn
        std::size_t last{0};
    };

    void FindLanes();
    void Place();
    std::size_t LaneOf(const std::string& task) const;
    /** The lane nearest to @p lane of host @p peer; nothing if it has none. */
    std::optional<std::size_t> Towards(std::size_t lane, const std::string& peer) const;
    void Heading();
    void DrawLanes(TextRow& row, std::size_t at, const char* glyph) const;
    void DrawGap(const LaneRow& row, std::size_t at);
    void DrawStep(const LaneRow& row, std::size_t at);
    void DrawArrow(TextRow& line, std::size_t lane, const LaneStep& step) const;
    void Put(TextRow& row);

    const std::vector<LaneStep>& m_steps;
    const std::vector<LaneRow>& m_rows;
    std::size_t m_width;
    bool m_colour;
    std::vector<Lane> m_lanes; ///< from left to right
    std::size_t m_textColumn{0};
    std::string m_text;
};

} // namespace lab

#endif /* LAB_LANE_DRAWING_H */
