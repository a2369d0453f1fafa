// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SESSION_H
#define IBCM_VERBS_SESSION_H

#include "ibcm-verbs/helper/cm-host.h"
#include "ibcm-verbs/helper/data-mode.h"
#include "ibcm-verbs/model/completion-loop.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace cmverbs
{

class Session;

/** Who has sessions. Told on the loop's thread or on that of a call to the session; no lock is
 * held.
 */
class SessionOwner
{
  public:
    virtual ~SessionOwner() = default;
    /** Everything has been exchanged; once. */
    virtual void OnFinished(Session& session) = 0;
    /** Data cannot go on; once, and not after Close. */
    virtual void OnBroken(Session& session, const VerbsError& error) = 0;
    /** Data has come before the session was told that the connection stands; once. */
    virtual void OnEarlyData(Session& session) = 0;
};

/** The queue pair of one connection and what is done with it. Thread-safe. */
class Session final : public CompletionSink, public std::enable_shared_from_this<Session>
{
  public:
    /**
     * Makes the queue pair. @param loop and @param host outlive it. @param owner outlives it.
     * @param mode null: no data is moved.
     */
    static VerbsResult<std::shared_ptr<Session>> Make(CmHost& host,
                                                      CompletionLoop& loop,
                                                      std::unique_ptr<DataMode> mode,
                                                      bool datagram,
                                                      SessionOwner& owner);
    ~Session() override;

    std::uint32_t Qpn() const;
    /** Names it to its owner, before it can tell anything. */
    void SetId(ibcm::Handle id);
    ibcm::Handle Id() const;

    /**
     * Moves the queue pair through INIT and RTR to RTS, with receives posted on the way.
     * @param psn what this side expects first, as it announces or has announced.
     */
    VerbsStatus Connect(std::uint32_t psn);
    /** Posts receives: a datagram QP is ready by itself. */
    VerbsStatus PrepareDatagrams();
    /** Of a datagram service, before Established, on the side that asked. */
    VerbsStatus SetPeer(const ibcm::Path& path, std::uint32_t qpn, std::uint32_t qkey);
    /** The connection stands: data may go. Does nothing when called again. */
    void Established();
    /** Nothing more is told or sent; the queue pair goes to the error state. */
    void Close();

    bool Finished() const;
    /** The mode ends the connection itself when it has finished. */
    bool Disconnects() const;
    std::uint64_t Messages() const;

    void OnCompletions() override;

  private:
    Session(CmHost& host,
            CompletionLoop& loop,
            std::unique_ptr<DataMode> mode,
            SessionOwner& owner);

    /** What the owner is to be told once the lock is let go. */
    struct News
    {
        bool finished{false};
        bool early{false};
        std::optional<VerbsError> broken;
    };

    VerbsStatus MakePair(bool datagram);
    // With the lock held.
    void Take(const Completion& completion, News& news);
    void Conclude(const VerbsStatus& status, News& news);

    void Tell(const News& news);

    CmHost& m_host;
    CompletionLoop& m_loop;
    SessionOwner& m_owner;
    std::uintptr_t m_name{0};
    std::atomic<ibcm::Handle> m_id{ibcm::Handle::kNone};
    mutable ibcm::OsMutex m_lock; ///< of all below
    std::unique_ptr<DataMode> m_mode;
    bool m_established{false};
    bool m_earlyTold{false};
    bool m_finishedTold{false};
    bool m_closed{false};
    std::unique_ptr<VerbsQp> m_pair; ///< the pointer does not change
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SESSION_H */
