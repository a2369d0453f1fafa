// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_WORLD_H
#define TEST_INTERLEAVE_WORLD_H

#include "interleave/helper/digest-observer.h"
#include "interleave/model/engine.h"
#include "interleave/model/schedule-point.h"
#include "interleave/model/virtual-time.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

/** For tests whose program has a race on purpose, which ThreadSanitizer would report first. */
#ifdef INTERLEAVE_TSAN
#define SKIP_UNDER_TSAN() GTEST_SKIP() << "a race on purpose"
#else
#define SKIP_UNDER_TSAN()
#endif

namespace interleave::test
{

/** An engine on its own time. */
struct World
{
    explicit World(EngineOptions options = {})
        : engine(time, options)
    {
    }

    /** Ready for the next run. */
    void Reset()
    {
        engine.Reset();
        time.Clear();
    }

    VirtualTime time;
    Engine engine;
};

/** Chooses by the words "PLACE #n", 0 where nothing is said; remembers every place and option. */
class ScriptedChooser final : public Chooser
{
  public:
    /** At the n-th coming up of a place ("task #2 lock m:1"), the option with this text. */
    std::map<std::string, std::string> script;
    /** "place: option | option | …", for every choice with more than one option. */
    std::vector<std::string> seen;
    /** The places of the script that came up. */
    std::set<std::string> came;

    std::uint32_t Choose(ChoicePoint& point) override
    {
        const std::string name = point.Place().Name();
        const std::string place = point.Place().WithOccurrence(++m_counts[name]);
        if (point.Count() > 1)
        {
            std::string line = place + ":";
            for (std::uint32_t option = 0; option < point.Count(); ++option)
            {
                line += (option == 0 ? " " : " | ") + point.OptionText(option);
            }
            seen.push_back(line);
        }
        const auto found = script.find(place);
        if (found == script.end())
        {
            return 0;
        }
        came.insert(place);
        return point.FindOption(found->second).value();
    }

  private:
    std::map<std::string, std::uint32_t> m_counts;
};

/** Walks through all sequences of choices, depth first. */
class ExhaustiveChooser final : public Chooser
{
  public:
    std::uint32_t Choose(ChoicePoint& point) override
    {
        if (point.Count() == 1)
        {
            return 0;
        }
        if (m_depth == m_path.size())
        {
            m_path.push_back({0, point.Count()});
        }
        return m_path[m_depth++].choice;
    }

    /** Goes to the next sequence; false when there is none left. */
    bool Next()
    {
        m_depth = 0;
        while (!m_path.empty() && m_path.back().choice + 1 == m_path.back().count)
        {
            m_path.pop_back();
        }
        if (m_path.empty())
        {
            return false;
        }
        ++m_path.back().choice;
        return true;
    }

  private:
    struct Branch
    {
        std::uint32_t choice;
        std::uint32_t count;
    };

    std::vector<Branch> m_path;
    std::size_t m_depth = 0;
};

/** Writes down every operation: "task kind object". */
class OpWriter final : public Observer
{
  public:
    std::vector<std::string> lines;

    void OnOp(const OpEvent& event) override
    {
        std::string line = event.task.Name() + " " + OpKindText(event.op.kind);
        if (event.op.object.type != 0)
        {
            line += " " + event.engine.ObjectText(event.op.object);
        }
        lines.push_back(line);
    }
};

/** Adds to a list that tasks share without a lock: the test's own business, not a race to report.
 */
template <typename List, typename Value>
void NoteDown(List& list, Value&& value)
{
    const EngineScope scope;
    list.push_back(std::forward<Value>(value));
}

/** An event that runs a function once; must outlive the run. */
class Event
{
  public:
    Event(EventQueue& queue, std::int64_t delayNs, EventLabel label, std::function<void()> function)
        : m_function(std::move(function))
    {
        m_id = queue.Schedule(
            delayNs, [](void* self) { static_cast<Event*>(self)->m_function(); }, this, label);
    }

    Event(EventQueue& queue, std::int64_t delayNs, std::function<void()> function)
        : Event(queue, delayNs, EventLabel{}, std::move(function))
    {
    }

    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    TimerId Id() const
    {
        return m_id;
    }

  private:
    std::function<void()> m_function;
    TimerId m_id;
};

} // namespace interleave::test

#endif // TEST_INTERLEAVE_WORLD_H
