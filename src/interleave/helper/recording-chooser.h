// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_RECORDING_CHOOSER_H
#define INTERLEAVE_RECORDING_CHOOSER_H

#include "interleave/model/decision-log.h"
#include "interleave/model/operation.h"
#include "interleave/model/place-counter.h"

#include <cstdint>
#include <string>
#include <vector>

namespace interleave
{

/**
 * Passes every choice on to another chooser and keeps the non-zero answers for a decision log.
 * While the run goes on it only appends to a buffer; occurrences are counted, and text is made,
 * when the log is asked for.
 */
class RecordingChooser final : public Chooser
{
  public:
    /** @param inner who decides; not owned. */
    explicit RecordingChooser(Chooser& inner);

    /** The decisions of the run so far; call it before Engine::Reset(). No headers. */
    DecisionLog Log();

    bool Passive() const override
    {
        return m_inner.Passive();
    }

    void BeginRun(const Engine& engine) override;
    std::uint32_t Choose(ChoicePoint& point) override;

    void EndRun(const RunResult& result) override
    {
        m_inner.EndRun(result);
    }

  private:
    /** How many choices are kept before those with answer 0 are boiled down to their count. */
    static constexpr std::size_t kBuffered = 1U << 14;

    enum class Where : std::uint8_t
    {
        kRunning,  //!< before an operation of a task that runs
        kDispatch, //!< no task runs
        kOther,    //!< not about tasks
    };

    /** A choice, in the form that is quickest to write. */
    struct Entry
    {
        ObjectId object;
        std::uint32_t subject; //!< the task that the place is about; kOther: index into m_keys
        std::uint32_t target;  //!< the task let go on, 0: events; kOther: index into m_texts
        std::uint32_t choice;
        OpKind kind;
        Where where;
    };

    /** Of a choice that is not about tasks, and not 0. */
    struct Texts
    {
        PlaceText place;
        std::string option;
    };

    struct Kept
    {
        Entry entry;
        std::uint64_t n;
        PlaceKey key;
    };

    void AppendOther(ChoicePoint& point, std::uint32_t choice);
    void Fold();

    Chooser& m_inner;
    const Engine* m_engine = nullptr;
    std::vector<Entry> m_buffer;
    Entry* m_next;
    Entry* m_end;
    std::vector<Kept> m_kept;
    std::vector<PlaceKey> m_keys; // until Fold()
    std::vector<Texts> m_texts;
    PlaceCounter m_counter;
};

} // namespace interleave

#endif // INTERLEAVE_RECORDING_CHOOSER_H
