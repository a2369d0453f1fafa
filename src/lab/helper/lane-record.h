// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LANE_RECORD_H
#define LAB_LANE_RECORD_H

#include "interleave/model/engine.h"
#include "lab/model/run-record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lab
{

/** An operation of a run, as a row of a lane diagram. */
struct LaneStep
{
    std::uint64_t step{0};
    std::int64_t timeNs{0};
    std::string task;
    interleave::OpKind kind{interleave::OpKind::kSync};
    std::string text;     ///< "lock cm_id:1 (send-rej)"
    std::string decision; ///< the decision by which it came to this, as the log writes it
    std::string peer;     ///< of a message: the host at the other end
};

/** Writes down every operation of a run, and the decisions between them. */
class LaneRecorder final : public interleave::Observer
{
  public:
    void OnOp(const interleave::OpEvent& event) override;
    void OnChoice(interleave::ChoicePoint& point, std::uint32_t chosen) override;

    std::vector<LaneStep> Take()
    {
        return std::move(m_steps);
    }

  private:
    std::vector<LaneStep> m_steps;
    std::string m_decision;
};

/** "server" of "server/worker1"; empty for a task of no host. */
std::string HostOfTask(const std::string& task);

/** Says of each operation that sends or receives a MAD which one it is. */
void NameMessages(std::vector<LaneStep>& steps, const std::vector<MadRecord>& messages);

} // namespace lab

#endif /* LAB_LANE_RECORD_H */
