// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SEQUENCE_DRAWING_H
#define LAB_SEQUENCE_DRAWING_H

#include "lab/helper/text-row.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lab
{

/** A message from one host to another. */
struct Arrow
{
    enum class End
    {
        kArrives,
        kTwice, ///< two copies arrive
        kLate,  ///< arrives in a later row
        kLost,
    };

    std::string from;
    std::string to;
    bool again{false}; ///< sent before
    std::string title;
    std::vector<std::string>
        details;        ///< the most telling first: those for which there is room are shown
    std::string remark; ///< at its head
    std::string line{"─"};
    Ink ink{Ink::kMessage};
    End end{End::kArrives};
};

/**
 * Lifelines with arrows between them. Two hosts have the room between them for what the messages
 * say and their states on the outside; three to eight have short arrows and the rest on the right;
 * more are a list.
 */
class SequenceDrawing
{
  public:
    SequenceDrawing(std::vector<std::string> hosts,
                    std::size_t timeWidth,
                    std::size_t width,
                    bool colour);

    void Heading(const std::string& timeUnit);
    /** Time passes. */
    void Pause(const std::string& length);

    /** Begins a row; what is drawn until End() goes into it. */
    void Begin(const std::string& time);
    void Draw(const Arrow& arrow);
    void Remark(const std::string& host, const std::string& text);
    void State(const std::string& host, const std::string& state);
    void End();

    const std::string& Text() const
    {
        return m_text;
    }

  private:
    bool Wide() const
    {
        return m_lanes.size() == 2;
    }

    /** Where a host's lifeline is; nothing in a list or for an unknown host. */
    std::optional<std::size_t> LaneOf(const std::string& host) const;
    void DrawLanes(TextRow& row, const char* glyph) const;
    void DrawArrow(std::size_t from, std::size_t to, const Arrow& arrow, std::string label);
    /** Title and as many details as fit. */
    static std::string Label(const Arrow& arrow, std::size_t room);
    /** More text for the column on the right of the lanes. */
    void Say(const std::string& text, Ink ink);

    std::vector<std::string> m_hosts;
    std::vector<std::size_t> m_lanes;
    std::size_t m_timeWidth;
    std::size_t m_width;
    std::size_t m_textColumn{0};
    bool m_colour;
    TextRow m_row;
    std::size_t m_said{0}; ///< where the text of the row has come to
    std::string m_text;
};

} // namespace lab

#endif /* LAB_SEQUENCE_DRAWING_H */
