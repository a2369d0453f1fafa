// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_APPLICATION_H
#define LAB_APPLICATION_H

#include "ibcm/model/event.h"
#include "interleave/model/completion.h"
#include "lab/model/host.h"
#include "lab/model/run-record.h"
#include "lab/model/scenario.h"
#include "lab/model/waiter-list.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab
{

class Application;

/** One connection as both applications of a scenario share it; single-threaded by the engine. */
struct Session
{
    Session(interleave::Engine& engine, const ConnectSpec& connectSpec)
        : spec(connectSpec),
          settled(engine, "session"),
          delivered(engine, "session"),
          passiveGone(engine, "session"),
          ended(engine, "session")
    {
    }

    /** Nobody is to wait for it any more. */
    void GiveUp()
    {
        settled.CompleteAll();
        passiveGone.CompleteAll();
        ended.CompleteAll();
    }

    const ConnectSpec& spec;
    bool lost{false};                           ///< a host of it has crashed
    std::size_t connecting{Host::kNoOperation}; ///< EndsCheck's name for it
    std::size_t disconnecting{Host::kNoOperation};
    std::int64_t boundNs{0}; ///< what a request and its repetitions may take
    std::size_t record{0};   ///< index in RunRecord::connects
    std::unique_ptr<DataPath> activePath;
    std::unique_ptr<DataPath> passivePath;
    std::uint32_t peerQpn{0}; ///< of the passive side, as the REP named it
    ibcm::Handle active{ibcm::Handle::kNone};
    ibcm::Handle passive{ibcm::Handle::kNone};
    interleave::Completion settled;     ///< established, or failed
    interleave::Completion delivered;   ///< the passive side has the message
    interleave::Completion passiveGone; ///< the passive side's id is gone
    interleave::Completion ended;       ///< the active side's id is gone
};

/** What all applications of a run share. */
struct Stage
{
    interleave::Engine& engine;
    Recorder& recorder;
    RunRecord& record;
    /** By the active side's (CA GUID, QPN), as a REQ names it. */
    std::map<std::pair<std::uint64_t, std::uint32_t>, Session*> byPeer;
    std::vector<std::unique_ptr<Session>> sessions;
    /** How many connections of each [[connect]] are over, in the order of the scenario. */
    std::vector<unsigned> finished;
    std::int64_t beganNs{0}; ///< simulated time at which the hosts were up
    WaiterList wire{};       ///< threads that wait for a message on the wire
    bool over{false};        ///< the scenario is being taken down: nothing begins any more

    // The record outlives the run's memory: these write it, whoever calls.

    /** @return its index. */
    std::size_t AddConnect(const ConnectSpec& spec);
    void SetOutcome(ConnectRecord& connect, std::string_view outcome) const;
    void Violated(std::string_view kind, std::string_view text);
};

/** What a host's consumers of connection management do in a scenario. */
class Application final : public ibcm::EventHandler
{
  public:
    Application(Stage& stage, Host& host);

    /** In a task. @return what was wrong, or empty. */
    std::string Listen(const ListenSpec& spec);
    /** In a task of its own: connects @p spec.count times, one after the other; @p finished counts
     * those that are over, also in an earlier life of the host. */
    void Connect(const ConnectSpec& spec, const Attachment& to, unsigned& finished);
    /** In a task: destroys what is left. */
    void Stop();
    /** Its host has crashed: whoever waits for it is told, and it begins nothing any more. */
    void Abandon();

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override;

  private:
    void ConnectOnce(const ConnectSpec& spec, const Attachment& to);
    void RunConnection(Session& session);
    std::string SendReq(Session& session, const ibcm::Path& path);

    ibcm::Disposition OnReq(ibcm::Handle id, const ibcm::Event& event);
    std::string Accept(ibcm::Handle id,
                       const ibcm::ReqReceived& req,
                       Session* session,
                       const ListenSpec& spec);
    std::string SendRep(ibcm::Handle id, const ibcm::RepParameters& parameters);
    ibcm::Disposition OnRep(ibcm::Handle id, Session* session, const ibcm::RepReceived& rep);
    ibcm::Disposition OnRepFailed(ibcm::Handle id, Session* session, const std::string& error);
    ibcm::Disposition OnEstablished(ibcm::Handle id, Session* session);
    ibcm::Disposition OnDreq(ibcm::Handle id, Session* session);
    ibcm::Disposition OnRej(ibcm::Handle id, Session* session, const ibcm::RejReceived& rej);
    ibcm::Disposition OnTimeout(ibcm::Handle id, Session* session);
    ibcm::Disposition Ended(ibcm::Handle id, Session* session);

    bool Going() const
    {
        return !m_stage.over && m_host.Up();
    }
    void BeganConnect(Session& session, const ibcm::Path& path);
    void SendMessage(Session& session);
    void FailedMessage(Session& session, const std::string& error);
    void Disconnect(Session& session, bool active);
    void SettleActive(Session& session, const char* outcome, unsigned rejectReason = 0);
    std::string Apply(DataPath& path, ibcm::Handle id, ibcm::QpTarget target);
    Session* SessionOf(ibcm::Handle id) const;
    bool IsActive(const Session& session, ibcm::Handle id) const;
    ConnectRecord& RecordOf(const Session& session);
    void Failed(const std::string& what, const std::string& why);

    Stage& m_stage;
    Host& m_host;
    std::map<ibcm::Handle, const ListenSpec*> m_listeners;
    std::map<ibcm::Handle, Session*>
        m_ids; ///< null: a request that no connect of the scenario made
};

} // namespace lab

#endif /* LAB_APPLICATION_H */
