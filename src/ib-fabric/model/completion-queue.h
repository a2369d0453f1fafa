// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_COMPLETION_QUEUE_H
#define IB_COMPLETION_QUEUE_H

#include "ib-fabric/model/verbs-types.h"

#include <ns3/object.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

namespace ns3
{

/**
 * \ingroup infiniband
 * Where the completions of any number of queue pairs end up, in the order in which they happened.
 */
class IbCompletionQueue : public Object
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    /** \returns the oldest completion, which leaves the queue; nothing if there is none */
    std::optional<IbWorkCompletion> Poll();

    /** \returns how many completions wait */
    std::size_t GetCount() const;

    /** \returns true if completions were lost because nobody polled */
    bool HasOverrun() const;

    /**
     * \param handler called in an event of its own after a completion was added to an empty
     *        queue; should poll until nothing is left
     */
    void SetHandler(std::function<void()> handler);

    /** Called by queue pairs. \param completion appended to the queue */
    void Push(IbWorkCompletion completion);

  protected:
    void DoDispose() override;

  private:
    void Notify();

    std::deque<IbWorkCompletion> m_completions;
    std::function<void()> m_handler;
    std::uint32_t m_depth{0};
    bool m_notifying{false};
    bool m_overrun{false};
};

} // namespace ns3

#endif // IB_COMPLETION_QUEUE_H
