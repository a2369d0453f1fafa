// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/schedule-coverage.h"

#include "interleave/model/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace interleave
{

namespace
{

constexpr std::size_t kInitialSlots = 1024;

// Odd, and without a pattern: what an operation follows and the number of its object are multiplied
// by one each, so that the parts need no mixing before they are added, and the sum is mixed once.
constexpr std::uint64_t kOfTask = 0x9e37'79b9'7f4a'7c15ULL;
constexpr std::uint64_t kOfOrdinal = 0xd6e8'feb8'6659'fd93ULL;
constexpr std::uint64_t kOfPast = 0xc2b2'ae3d'27d4'eb4fULL;

} // namespace

void TraceHashObserver::Clear()
{
    m_tasks.clear();
    m_sum = 0;
    m_operations = 0;
    if (++m_epoch == 0)
    {
        m_objects.clear();
        m_epoch = 1;
    }
}

TraceHashObserver::Past& TraceHashObserver::Of(ObjectId object)
{
    if (object.type >= m_objects.size())
    {
        m_objects.resize(object.type + 1);
    }
    std::vector<Past>& ofClass = m_objects[object.type];
    if (object.ordinal >= ofClass.size())
    {
        ofClass.resize(object.ordinal + 1);
    }
    Past& past = ofClass[object.ordinal];
    if (past.epoch != m_epoch)
    {
        past = {0, 0, m_epoch};
    }
    return past;
}

void TraceHashObserver::OnOp(const OpEvent& event)
{
    const Op& op = event.op;
    const std::uint32_t task = event.task.Ordinal();
    if (task >= m_tasks.size())
    {
        m_tasks.resize(task + 1, 0);
    }
    const std::uint64_t what = (static_cast<std::uint64_t>(task) << 32) |
                               (static_cast<std::uint64_t>(op.kind) << 1) |
                               static_cast<std::uint64_t>(op.write);
    std::uint64_t sum = m_tasks[task] * kOfTask + what;
    Past* past = op.object.type == 0 ? nullptr : &Of(op.object);
    if (past != nullptr)
    {
        sum += event.engine.ClassHash(op.object.type) + op.object.ordinal * kOfOrdinal +
               (op.write ? past->write + past->reads : past->write) * kOfPast;
    }
    const std::uint64_t hash = MixBits(sum);
    if (past != nullptr && op.write)
    {
        past->write = hash;
        past->reads = 0;
    }
    else if (past != nullptr)
    {
        past->reads += hash;
    }
    m_tasks[task] = hash;
    m_sum += hash;
    ++m_operations;
}

bool ScheduleCoverage::Add(std::uint64_t value, std::uint32_t times)
{
    m_runs += times;
    if ((m_used + 1) * 2 > m_slots.size() && m_used < kDistinctLimit)
    {
        Grow();
    }
    const std::size_t mask = m_slots.size() - 1;
    for (std::size_t index = MixBits(value) & mask;; index = (index + 1) & mask)
    {
        auto& [known, count] = m_slots[index];
        if (count == 0)
        {
            if (m_used >= kDistinctLimit)
            {
                m_runs -= times; // an estimate must not take these runs for known ones
                return true;
            }
            known = value;
            count = times;
            ++m_used;
            m_singletons += times == 1 ? 1 : 0;
            return true;
        }
        if (known == value)
        {
            m_singletons -= count == 1 ? 1 : 0;
            count = times > std::numeric_limits<std::uint32_t>::max() - count
                        ? std::numeric_limits<std::uint32_t>::max()
                        : count + times;
            return false;
        }
    }
}

void ScheduleCoverage::Merge(const ScheduleCoverage& other)
{
    for (const auto& [value, count] : other.Counts())
    {
        Add(value, count);
    }
}

double ScheduleCoverage::UnseenMass() const
{
    return m_runs == 0 ? 1.0 : static_cast<double>(m_singletons) / static_cast<double>(m_runs);
}

std::vector<ScheduleCoverage::Count> ScheduleCoverage::Counts() const
{
    std::vector<Count> counts;
    counts.reserve(m_used);
    std::ranges::copy_if(
        m_slots, std::back_inserter(counts), [](const Count& slot) { return slot.second != 0; });
    std::ranges::sort(counts);
    return counts;
}

void ScheduleCoverage::Grow()
{
    std::vector<Count> old(std::max(kInitialSlots, m_slots.size() * 2));
    old.swap(m_slots);
    const std::size_t mask = m_slots.size() - 1;
    for (const Count& slot : old)
    {
        if (slot.second == 0)
        {
            continue;
        }
        std::size_t index = MixBits(slot.first) & mask;
        while (m_slots[index].second != 0)
        {
            index = (index + 1) & mask;
        }
        m_slots[index] = slot;
    }
}

double PctMissBound(std::uint64_t tasks,
                    std::uint64_t steps,
                    std::uint32_t depth,
                    std::uint64_t runs)
{
    if (tasks == 0 || depth == 0)
    {
        return 1.0;
    }
    const double hit = 1.0 / (static_cast<double>(tasks) *
                              std::pow(static_cast<double>(steps), static_cast<double>(depth - 1)));
    return hit >= 1.0 ? (runs == 0 ? 1.0 : 0.0)
                      : std::exp(static_cast<double>(runs) * std::log1p(-hit));
}

std::string PctMissText(std::uint64_t tasks,
                        std::uint64_t steps,
                        std::uint32_t depth,
                        std::uint64_t runs)
{
    return fmt::format("a bug of depth {} was missed with a chance of at most {:.2g} "
                       "({} tasks, {} operations, {} runs)",
                       depth,
                       PctMissBound(tasks, steps, depth, runs),
                       tasks,
                       steps,
                       runs);
}

} // namespace interleave
