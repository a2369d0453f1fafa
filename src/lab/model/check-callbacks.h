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
 * told, nothing else, in the order of the changes, one at a time for an id, and none once the id is
 * destroyed. Whether the changes themselves are right is TransitionCheck's to say.
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

  private:
    /** What has changed an id, who did that, and when. */
    struct Change
    {
        ibcm::Input input{};
        std::uint32_t task{0};
        std::int64_t atNs{0};

        friend bool operator==(const Change&, const Change&) = default;
    };

    struct Id
    {
        Change change;                                  ///< the latest
        ibcm::EventType latest{ibcm::EventType::kNone}; ///< that it was told
        std::uint32_t inside{0};                        ///< handlers
        std::uint32_t task{0};                          ///< that runs the latest
        bool dying{false};                              ///< is being destroyed: is told nothing new
        bool destroyed{false};
    };

    struct Untold
    {
        std::uint32_t host{0};
        ibcm::Handle id{};
        ibcm::EventType event{};
        bool answered{false}; ///< the consumer may know of it by the answer to a call instead
    };

    void Forget(std::uint32_t host, ibcm::Handle id);
    /** What the id is due to be told first, taken off the list if it is @p told; kNone: nothing. */
    ibcm::EventType TakeDue(std::uint32_t host, ibcm::Handle id, ibcm::EventType told);
    void Violated(std::string text, std::string subject);

    interleave::Engine& m_engine;
    interleave::KeyTable<Id> m_ids; ///< by host and handle
    std::vector<Untold> m_untold;   ///< that are due, in the order of what they tell of
};

} // namespace lab

#endif /* LAB_CHECK_CALLBACKS_H */
