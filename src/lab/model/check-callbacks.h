// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CHECK_CALLBACKS_H
#define LAB_CHECK_CALLBACKS_H

#include "ibcm/model/event.h"
#include "ibcm/model/protocol.h"
#include "interleave/model/check/key-table.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lab
{

/**
 * What a consumer is promised about its events: each message or time-out that changes the state is
 * told, one at a time for an id, in an order that makes sense (12.9.7: nothing but TIMEWAIT_EXIT
 * after the connection has ended, nothing after that), and none once the id is destroyed.
 */
class CallbackCheck
{
  public:
    explicit CallbackCheck(interleave::Engine& engine)
        : m_engine(engine)
    {
    }

    /** Before the consumer's handler is called. */
    void Enters(std::uint32_t host, const std::string& name, ibcm::Handle id, ibcm::EventType type);
    /** After it has returned. */
    void Leaves(std::uint32_t host, ibcm::Handle id, ibcm::Disposition disposition);
    /** Destroy() has returned. */
    void Destroyed(std::uint32_t host, ibcm::Handle id);
    /** The id begins anew: a call has taken it out of IDLE. What it was to be told before that may
     * still come, but not after an event of the new life. */
    void Begins(std::uint32_t host, ibcm::Handle id);
    /** Something has changed the id's state or that of its alternate path: see EventOf(). */
    void Changed(std::uint32_t host, ibcm::Handle id, ibcm::Input input);
    /** The host has lost its memory: it tells nothing more. */
    void Restarted(std::uint32_t host);

    /** Nothing is under way any more, and what has happened must have been told.
     * @param nameOf the name of the host with a number. @return whether something was found. */
    bool CheckTold(const std::function<const std::string&(std::uint32_t host)>& nameOf);

    void Clear()
    {
        m_ids.Clear();
        m_untold.clear();
    }

    /** What is told of an input that changes a state; kNone: nothing. */
    static ibcm::EventType EventOf(ibcm::Input input);

    /** Whether an id that was told @p before may be told @p next; kNone: was told nothing yet. */
    static bool MayFollow(ibcm::EventType before, ibcm::EventType next);

  private:
    static constexpr std::uint32_t kNothing = 1U << 31; ///< among events: none yet

    struct Id
    {
        ibcm::EventType latest{ibcm::EventType::kNone}; ///< since the id began
        /** What its latest event may be, bits: one told in time is of the present life, one that
         * was still to be told when the id began anew is of a former life. */
        std::uint32_t present{kNothing};
        std::uint32_t former{0};
        std::uint32_t inside{0}; ///< handlers
        std::uint32_t task{0};   ///< that runs the latest
        bool begun{false};
        bool dying{false}; ///< is being destroyed: is told nothing new
        bool destroyed{false};
    };

    struct Untold
    {
        std::uint32_t host{0};
        ibcm::Handle id{};
        ibcm::EventType event{};
    };

    void Forget(std::uint32_t host, ibcm::Handle id);
    static bool MayFollowAny(std::uint32_t before, ibcm::EventType next);
    /** @return whether it may be told that. */
    static bool Tell(Id& id, ibcm::EventType type);
    void Violated(std::string text, std::string subject);

    interleave::Engine& m_engine;
    interleave::KeyTable<Id> m_ids; ///< by host and handle
    std::vector<Untold> m_untold;   ///< that are due, in the order of what they tell of
};

} // namespace lab

#endif /* LAB_CHECK_CALLBACKS_H */
