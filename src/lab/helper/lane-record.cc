// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/lane-record.h"

#include <utility>

namespace lab
{

void LaneRecorder::OnOp(const interleave::OpEvent& event)
{
    LaneStep& step = m_steps.emplace_back();
    step.step = event.step;
    step.timeNs = event.TimeNs();
    step.task = event.task.Name();
    step.kind = event.op.kind;
    step.text = interleave::OpKindText(event.op.kind);
    if (event.op.object.type != 0)
    {
        step.text += " " + event.engine.ObjectText(event.op.object);
    }
    if (event.op.kind == interleave::OpKind::kAccess)
    {
        step.text += event.op.write ? " write" : " read";
    }
    if (event.op.site != nullptr && step.text != event.op.site)
    {
        step.text += " (" + std::string(event.op.site) + ")";
    }
    step.decision = std::exchange(m_decision, {});
}

void LaneRecorder::OnChoice(interleave::ChoicePoint& point, std::uint32_t chosen)
{
    if (chosen == 0)
    {
        return;
    }
    // Several may come before the next operation: a lost message, then who goes on.
    m_decision +=
        (m_decision.empty() ? "" : "; ") + point.Place().Name() + " -> " + point.OptionText(chosen);
}

std::string HostOfTask(const std::string& task)
{
    const std::size_t slash = task.find('/');
    return slash == std::string::npos ? std::string() : task.substr(0, slash);
}

void NameMessages(std::vector<LaneStep>& steps, const std::vector<MadRecord>& messages)
{
    using interleave::OpKind;
    std::vector<bool> sent(messages.size());
    std::vector<bool> received(messages.size());
    for (LaneStep& step : steps)
    {
        if (step.kind != OpKind::kSend && step.kind != OpKind::kReceive)
        {
            continue;
        }
        const bool sends = step.kind == OpKind::kSend;
        const std::string host = HostOfTask(step.task);
        for (std::size_t i = 0; i < messages.size(); ++i)
        {
            const MadRecord& mad = messages[i];
            const bool open = sends
                                  ? !sent[i] && mad.from == host && mad.sentStep >= step.step
                                  : !received[i] && mad.to == host && mad.receivedStep >= step.step;
            if (!open)
            {
                continue;
            }
            (sends ? sent : received)[i] = true;
            step.peer = sends ? mad.to : mad.from;
            step.text = sends ? "send " + mad.kind + " to " + mad.to
                              : "receive " + mad.kind + " of " + mad.from;
            if (sends && !mad.fate.empty())
            {
                step.text += ": " + mad.fate;
            }
            break;
        }
    }
}

} // namespace lab
