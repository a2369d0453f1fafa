// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_CALLER_H
#define IBCM_VERBS_CALLER_H

#include "ibcm-verbs/helper/call-statistics.h"
#include "ibcm-verbs/helper/cm-host.h"
#include "ibcm-verbs/helper/data-mode.h"
#include "ibcm-verbs/helper/session.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cmverbs
{

struct CallerOptions
{
    ibcm::IpAddress destination;
    std::optional<ibcm::IpAddress> source;
    std::uint16_t servicePort{0};
    DataModeOptions data; ///< peer kUdaddy: datagrams, by service id resolution
    std::uint32_t connections{1};
    std::uint32_t parallel{1}; ///< connections at one time, 1 or more
    /** Connections without a queue pair: made-up numbers; no data. */
    bool pretend{false};
    /** How long a connection without data stands; nothing: until the peer ends it, or Stop. */
    std::optional<std::chrono::milliseconds> hold{std::chrono::milliseconds{0}};
    std::vector<std::uint8_t> privateData;       ///< of the consumer
    std::uint8_t responseTimeout{20};            ///< exponent, of both sides
    std::uint8_t retries{15};                    ///< of CM messages
    std::function<void(const std::string&)> say; ///< told what happens, for a person; may be null
};

/**
 * Connects to a service, once or many times, does with each connection what its options say, and
 * disconnects. Run is for one thread; all else for any.
 */
class Caller final : public ibcm::EventHandler, private SessionOwner
{
  public:
    /** @param host and @param loop outlive this. */
    Caller(CmHost& host, CompletionLoop& loop, CallerOptions options);
    ~Caller() override;

    /**
     * Returns when all connections have ended, or when after Stop all that were begun have. Their
     * ids have been destroyed then.
     */
    CallStatistics Run(const Route& route);
    /** Begins no more, and ends those that stand. */
    void Stop();

  private:
    struct Call
    {
        std::uint32_t number{0};
        ibcm::Handle id{ibcm::Handle::kNone};
        std::shared_ptr<Session> session; ///< null: pretended
        std::uint32_t psn{0};
        ibcm::Instant started{0};
        std::optional<ibcm::Instant> established;
        std::optional<ibcm::Instant> closing; ///< this side has sent the DREQ
        std::string broken;                   ///< why it is of no use any more
        bool ended{false};                    ///< it has been counted, or is just being
    };
    using CallPtr = std::shared_ptr<Call>;

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override;
    void OnFinished(Session& session) override;
    void OnBroken(Session& session, const VerbsError& error) override;
    void OnEarlyData(Session& session) override;

    bool Datagrams() const
    {
        return m_options.data.peer == PeerKind::kUdaddy;
    }

    // With the lock held.
    bool MayStart() const;
    bool Done() const;

    void Start(const Route& route);
    VerbsStatus Begin(Call& call, const Route& route);
    VerbsStatus Request(const Call& call, const Route& route);
    VerbsStatus RequestDatagrams(const Call& call, const Route& route);
    void OnRep(const CallPtr& call);
    void OnSidrRep(const CallPtr& call, const ibcm::SidrRepReceived& answer);
    void OnDreq(const CallPtr& call);
    /** The connection stands. */
    void Stands(const CallPtr& call);
    void Disconnect(const CallPtr& call);
    /** Counts it and leaves its id to Run's thread. @param cause empty: it went well. */
    void End(const CallPtr& call, const std::string& cause);

    CallPtr Find(ibcm::Handle id);
    void DisconnectOverdue();
    void DestroyLeftovers();
    void Say(const Call& call, const std::string& what) const;

    CmHost& m_host;
    CompletionLoop& m_loop;
    const CallerOptions m_options;
    std::uint32_t m_nextQpn;
    ibcm::Path m_path;

    ibcm::OsMutex m_lock; ///< of all below, and of what a Call holds beside id and session
    ibcm::OsCondition m_changed;
    bool m_stopping{false};
    std::uint32_t m_started{0};
    std::map<ibcm::Handle, CallPtr> m_calls;
    std::vector<ibcm::Handle> m_leftovers; ///< to be destroyed by Run's thread
    CallStatistics m_statistics;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_CALLER_H */
