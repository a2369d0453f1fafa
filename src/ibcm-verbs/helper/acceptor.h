// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_ACCEPTOR_H
#define IBCM_VERBS_ACCEPTOR_H

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

struct AcceptorOptions
{
    std::uint16_t servicePort{0};
    DataModeOptions data;                  ///< peer kUdaddy: datagrams, by service id resolution
    bool pretend{false};                   ///< without queue pairs: made-up numbers; no data
    bool reject{false};                    ///< refuse whoever asks
    std::vector<std::uint8_t> privateData; ///< of the REP, or of the REJ
    std::optional<std::uint32_t> count;    ///< how many are served; nothing: until Stop
    std::function<void(const std::string&)> say; ///< told what happens, for a person; may be null
};

/**
 * Listens to a port of the RDMA IP CM service and serves all who come. Run is for one thread; all
 * else for any.
 */
class Acceptor final : public ibcm::EventHandler, private SessionOwner
{
  public:
    /** @param host and @param loop outlive this. */
    Acceptor(CmHost& host, CompletionLoop& loop, AcceptorOptions options);
    ~Acceptor() override;

    /** @return code EADDRINUSE if somebody listens already. */
    VerbsStatus Listen();
    /**
     * Returns when so many have been served and none is left, TIMEWAIT with it, so that a peer
     * whose last message was lost is answered; or after Stop. All ids have been destroyed then.
     */
    CallStatistics Run();
    /** Accepts no more and disconnects who is there. */
    void Stop();

  private:
    class AcceptWork;

    struct Client
    {
        std::uint32_t number{0};
        ibcm::Handle id{ibcm::Handle::kNone};
        std::string name; ///< its address
        ibcm::ReqReceived request;
        std::uint32_t psn{0};
        std::shared_ptr<Session> session; ///< null: pretended, or not accepted yet
        ibcm::Instant started{0};
        std::optional<ibcm::Instant> established;
        std::optional<ibcm::Instant> closing;
        std::string broken;
        bool counted{false};
    };
    using ClientPtr = std::shared_ptr<Client>;

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override;
    void OnFinished(Session& session) override;
    void OnBroken(Session& session, const VerbsError& error) override;
    void OnEarlyData(Session& session) override;

    void OnClient(const ClientPtr& client, const ibcm::Event& event);
    void OnReq(ibcm::Handle id, const ibcm::Event& event);
    void OnSidrReq(ibcm::Handle id, const ibcm::Event& event);
    void OnEnd(const ClientPtr& client, const ibcm::Event& event);
    VerbsStatus ServeDatagrams(Client& client);
    /** On a thread of the pool, as to make a queue pair takes long. */
    void Accept(const ClientPtr& client);
    VerbsStatus Answer(Client& client);
    void Stands(const ClientPtr& client);
    void Disconnect(const ClientPtr& client);
    /** Counts it, once. @param cause empty: it went well. */
    void Count(Client& client, const std::string& cause);
    /** Takes it off the list and leaves its id to Run's thread. */
    void Forget(const ClientPtr& client);
    /** An id that Run's thread destroys, so that no handler is left when Run returns. */
    void Leave(ibcm::Handle id);
    void DestroyLeftovers();

    ClientPtr Add(ibcm::Handle id, const std::string& name);
    ClientPtr Find(ibcm::Handle id);
    std::shared_ptr<Session> SessionOf(const Client& client);
    bool Full();
    /** With the lock held: so many have been served, or it was stopped, and none is left. */
    bool Done() const;
    void Say(const Client& client, const std::string& what) const;

    CmHost& m_host;
    CompletionLoop& m_loop;
    const AcceptorOptions m_options;
    std::unique_ptr<ibcm::WorkQueue> m_pool;
    ibcm::Handle m_listener{ibcm::Handle::kNone};

    ibcm::OsMutex m_lock; ///< of all below, and of what a Client holds beside id and session
    ibcm::OsCondition m_changed;
    bool m_stopping{false};
    std::uint32_t m_accepted{0}; ///< clients that were taken
    std::uint32_t m_nextQpn;
    std::map<ibcm::Handle, ClientPtr> m_clients;
    std::vector<ibcm::Handle> m_leftovers;
    CallStatistics m_statistics;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_ACCEPTOR_H */
